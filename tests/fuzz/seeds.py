#!/usr/bin/env python3
"""Seed corpus from the runs of tests/data: `seeds.py CORPUS_DIR`. The beginnings of their files."""

import gzip
import pathlib
import sys

DATA = pathlib.Path(__file__).parents[1] / "data"
TARGETS = {"frames": "frames.csv", "prom": "prom.tsv", "events": "events.csv", "meta": "meta.env"}


def read(path):
    if path.exists():
        return path.read_bytes()
    packed = path.with_name(path.name + ".gz")
    return gzip.decompress(packed.read_bytes()) if packed.exists() else b""


def lines(data, count):
    return b"\n".join(data.split(b"\n")[:count]) + b"\n"


def main(corpus):
    runs = sorted(path.parent for path in DATA.glob("*/*/meta.env*")) + [DATA / "odd" / "only_frames"]
    for run in runs:
        parts = {target: lines(read(run / name), 24) for target, name in TARGETS.items()}
        parts["run"] = b"\x1e".join(parts.values())
        metrics = [line.split(b"\t") for line in parts["prom"].split(b"\n")]
        metrics = [fields for fields in metrics if len(fields) == 3]
        parts["exposition"] = b"\n".join(metric + b" " + value for _, metric, value in metrics)
        parts["labels"] = metrics[0][1] if metrics else b"m"
        for target, data in parts.items():
            folder = pathlib.Path(corpus) / target
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"seed-{run.parent.name}-{run.name}").write_bytes(data)


if __name__ == "__main__":
    main(sys.argv[1])
