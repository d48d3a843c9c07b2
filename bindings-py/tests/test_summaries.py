"""Every value of the shared runs, to the bit: JavaScript compares its own with the same file.

With STREAMGAUGE_UPDATE set the file is written instead.
"""

import json
import os
import pathlib

import streamgauge as sg

DATA = pathlib.Path(__file__).parents[2] / "tests/data"
FILE = DATA / "summaries.json"


def summaries():
    runs = sorted(path.parent for path in DATA.glob("runs*/*/frames.csv"))
    # `run` is the path as given.
    return {
        str(run.relative_to(DATA)): {
            mode: {key: value for key, value in sg.Run(run).summary(mode).items() if key != "run"}
            for mode in ("exact", "plot_fec")
        }
        for run in runs
    }


def test_summaries_are_those_of_every_language():
    text = json.dumps(summaries(), indent=1, allow_nan=True) + "\n"
    if os.environ.get("STREAMGAUGE_UPDATE"):
        FILE.write_text(text, encoding="utf-8")
    assert text == FILE.read_text(encoding="utf-8")
    assert text.count('"exact"') == 12
