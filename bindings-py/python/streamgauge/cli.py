"""The command ``streamgauge``."""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from . import _dump, _extras, _rollup, _rtp, _text
from ._compare import Comparison, compare, sweep
from ._native import Run, __version__, _check_gate, profiles
from ._progress import each, working
from ._simulate import simulate
from .errors import InvalidArgumentError, StreamgaugeError

EXIT_OK, EXIT_GATE, EXIT_INPUT = 0, 1, 2

_EXIT_CODES = "exit codes: 0 done; 1 a gate failed or could not be evaluated; 2 bad input or usage"

_FIXES = {
    "not_found": "check the path; a run is a directory with frames.csv, prom.tsv, events.csv, meta.env",
    "io": "check that the file can be read",
    "malformed": "correct the file at that place",
    "internal": "please report this with the input that led to it",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command and returns its exit code."""
    args = _parser().parse_args(argv)
    try:
        code: int = args.command(args)
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        # The reader of our output has gone: nothing is left to say, also not while exiting.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_OK
    except StreamgaugeError as error:
        # Without a place it is no file but, say, a key that is not found.
        fixes = {**_FIXES, **args.fixes}
        fix = fixes.get(error.code) if error.file or error.code == "internal" else None
        return _fail(str(error), fix)
    except ImportError as error:
        if error.name is not None and error.name.startswith("streamgauge"):
            raise
        return _fail(str(error), None)
    except OSError as error:
        return _fail(f"{error.filename}: {error.strerror}" if error.filename else str(error), None)
    except KeyboardInterrupt:
        return 130


def _fail(message: str, fix: str | None) -> int:
    print(f"error: {message}", file=sys.stderr)
    if fix is not None:
        print(f"fix: {fix}", file=sys.stderr)
    return EXIT_INPUT


def _report(args: argparse.Namespace) -> int:
    plot = _extras.plot()
    from . import _html, _view

    runs = _read(args, args.run)
    labels = _view.distinct_labels(runs)
    script = [run.summary("plot_fec") for run in runs]
    for run, summary in zip(runs, script):
        if summary["frames_received"] == 0:
            print(f"warning: no frames recorded for {run.path}", file=sys.stderr)
    out = Path(args.out)
    out.mkdir(parents=True, exist_ok=True)
    with working("comparing"):
        compared = compare(runs[0], runs[1], seed=args.seed) if len(runs) == 2 else None
    png, html, summaries = out / "fec_report.png", out / "fec_report.html", out / "summary.json"
    with working("drawing"):
        plot.report_figure(runs).savefig(png, dpi=140)
        _html.write_report(html, runs, compared)
    found = {
        "report": str(png),
        "html": str(html),
        "summary": str(summaries),
        "runs": [
            {**_entry(run, path, "exact"), "label": label, "plot_fec": _finite(summary)}
            for run, path, label, summary in zip(runs, args.run, labels, script)
        ],
        "comparison": compared.to_dict() if compared is not None else None,
    }
    summaries.write_text(_json(found) + "\n", encoding="utf-8")
    if args.json:
        print(_json(found))
        return EXIT_OK
    print(f"report: {png}\n\n{_text.script_table(labels, script)}")
    print(f"also written: {html}, {summaries}", file=sys.stderr)
    if compared is not None:
        print(_evidence(compared), file=sys.stderr)
    return EXIT_OK


def _evidence(compared: Comparison) -> str:
    """What the intervals say, beside the script's verdict, which looks at two counts alone."""
    said = (f"{key} {compared[key].effect}" for key in ("loss_ratio", "latency_p95_ms", "freeze_total_ms"))
    return f"by 95 % bootstrap intervals: {', '.join(said)} (streamgauge compare says more)"


def _summary(args: argparse.Namespace) -> int:
    runs = _read(args, args.run)
    if args.json:
        print(_json([_entry(run, path, args.mode) for run, path in zip(runs, args.run)]))
        return EXIT_OK
    from ._view import distinct_labels

    print(_text.summaries(distinct_labels(runs), [run.summary(args.mode) for run in runs]))
    for run in runs:
        for file, found in run.problems.items():
            for line in _problem_lines(found):
                print(f"problem: {run.path}/{file}: {line}")
    return EXIT_OK


def _problem_lines(found: dict[str, Any]) -> list[str]:
    lines = ["missing"] if found["missing"] else []
    for what, reasons in (("not used", found["dropped"]), ("used in part", found["kept"])):
        for reason, count in reasons.items():
            first = next((p["line"] for p in found["first"] if p["reason"] == reason), None)
            place = f", first at line {first}" if first else ""
            lines.append(f"{reason}: {count} {'row' if count == 1 else 'rows'} {what}{place}")
    return lines


def _compare(args: argparse.Namespace) -> int:
    a, b = args.a or [], args.b or []
    if args.runs and (a or b or len(args.runs) != 2):
        args.usage("give two runs, A and B, or repeats of each with --a and --b")
    if args.runs:
        a, b = args.runs[:1], args.runs[1:]
    if not a or not b:
        args.usage("two sides are needed: compare A B, or compare --a A ... --b B ...")
    for condition in args.fail_if:
        _check_gate(condition)
    runs = _read(args, [*a, *b])
    with working("comparing"):
        compared = compare(
            runs[: len(a)], runs[len(a) :], mode=args.mode, seed=args.seed, resamples=args.resamples
        )
    gates = [compared.gate(condition) for condition in args.fail_if]
    failed = any(gate.outcome != "passed" for gate in gates)
    if args.json:
        print(_json({**compared.to_dict(), "gates": [gate._asdict() for gate in gates], "failed": failed}))
    else:
        print(_text.comparison(compared, everything=args.all))
        if gates:
            print("\n" + "\n".join(map(_text.gate, gates)))
    return EXIT_GATE if failed else EXIT_OK


def _sweep(args: argparse.Namespace) -> int:
    plot = _extras.plot() if args.out else None
    with working("reading and comparing"):
        found = sweep(
            args.directory,
            names=_names(args),
            threads=args.threads,
            mode=args.mode,
            seed=args.seed,
            resamples=args.resamples,
        )
    if plot is not None:
        out = Path(args.out)
        out.mkdir(parents=True, exist_ok=True)
        plot.sweep_figure(found).savefig(out / "sweep.png", dpi=140)
        (out / "sweep.json").write_text(found.to_json(indent=1) + "\n", encoding="utf-8")
        print(f"written: {out / 'sweep.png'}, {out / 'sweep.json'}", file=sys.stderr)
    print(found.to_json(indent=1) if args.json else _text.sweep(found.to_dict()))
    return EXIT_OK


def _simulate(args: argparse.Namespace) -> int:
    options = {name: getattr(args, name) for name in _SIMULATE_OPTIONS}
    with working("simulating"):
        made = simulate(args.profile, **options)
        made.write(args.out)
    truth = made.truth
    if args.json:
        print(_json({"run": args.out, "truth": truth}))
        return EXIT_OK
    known = ("frames_received", "frames_expected", "frames_lost", "fec_recovered")
    counts = ", ".join(f"{key} {truth['summary'][key]}" for key in known if key in truth["summary"])
    print(f"{args.out}: profile {truth['profile']}, seed {truth['seed']}; in truth {counts}")
    return EXIT_OK


def _export(args: argparse.Namespace) -> int:
    from . import _export as export

    export.check(args.format)
    run = _read(args, [args.run])[0]
    out = Path(args.out)
    out.mkdir(parents=True, exist_ok=True)
    written = []
    for name in each("writing", args.table or ["frames", "samples"]):
        table = export.TABLES[name](run)
        path = out / f"{name}.{args.format}"
        export.write(table, path, args.format)
        written.append({"table": name, "path": str(path), "rows": len(table), "columns": table.keys()})
    if args.json:
        print(_json(written))
    else:
        print("\n".join(f"{file['path']}: {file['rows']} rows" for file in written))
    return EXIT_OK


#: Options of ``simulate``: type and help.
_SIMULATE_OPTIONS: dict[str, tuple[Any, str]] = {
    "seed": (int, "seed: the same options give the same bytes (default 1)"),
    "start_us": (int, "start of the window, microseconds since 1970 (default 1781700000000000)"),
    "duration_s": (float, "length in seconds (default 60)"),
    "fps": (float, "frames per second (default 30)"),
    "packets_per_frame": (int, "mean media packets a frame (default 4)"),
    "base_loss": (float, "packet loss outside bursts, 0 to 0.5 (default 0.02)"),
    "burst_loss": (float, "packet loss in bursts, 0 to 0.5 (default 0.25)"),
    "burst_every_s": (float, "seconds from burst to burst (default 15)"),
    "burst_len_s": (float, "length of a burst in seconds (default 3)"),
    "fec_rate": (int, "FEC packets in percent of a frame's media packets (default 30)"),
    "fec_mask": (str, "which packets FEC protects: bursty (default) or random"),
    "rtt_ms": (int, "round-trip time in ms (default 40)"),
}


def _read(args: argparse.Namespace, paths: Sequence[str]) -> list[Run]:
    names = _names(args)
    return [Run(path, names=names, threads=args.threads) for path in each("reading", paths)]


def _names(args: argparse.Namespace) -> dict[str, Any]:
    names: dict[str, Any] = {}
    if args.names is not None:
        try:
            given = json.loads(Path(args.names).read_text(encoding="utf-8"))
        except ValueError as error:
            line = error.lineno if isinstance(error, json.JSONDecodeError) else None
            raise InvalidArgumentError(f"no JSON: {error}", file=args.names, line=line) from None
        if not isinstance(given, dict):
            raise InvalidArgumentError(
                'expected an object such as {"nack": "sfu_nacks_total"}', file=args.names
            )
        names.update(given)
    for text in args.name:
        field, equals, value = text.partition("=")
        if not equals:
            raise InvalidArgumentError(f"--name {text}: expected NAME=METRIC, such as nack=sfu_nacks_total")
        if field == "signed":
            names.setdefault("signed", []).append(value)
        else:
            names[field] = value
    return names


def _entry(run: Run, path: str, mode: Any) -> dict[str, Any]:
    return {"run": path, "mode": mode, "summary": _finite(run.summary(mode)), "problems": run.problems}


def _finite(summary: dict[str, Any]) -> dict[str, Any]:
    """JSON has no NaN: null stands for it."""
    return {
        key: None if isinstance(value, float) and not math.isfinite(value) else value
        for key, value in summary.items()
    }


def _json(value: Any) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(EXIT_INPUT, f"error: {message}\nfix: {self.prog} --help shows the usage\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="streamgauge",
        description="Statistics of media-server test runs. A run is a directory with frames.csv, prom.tsv,\n"
        "events.csv and meta.env; each may be missing or end in .gz.",
        epilog="examples:\n"
        "  streamgauge report --run runs/baseline --run runs/fec --out report\n"
        "  streamgauge summary runs/fec\n"
        "  streamgauge compare runs/baseline runs/fec --fail-if 'frames_lost > 1%'\n"
        "  streamgauge export runs/fec --out tables --format parquet\n"
        "  streamgauge rtp call.pcapng\n"
        "  streamgauge webrtc rtcstats_dump.txt --plot call.png\n"
        "  streamgauge rollup latency.parquet --time t_us --value latency_ms --every 1m\n\n"
        "streamgauge COMMAND --help says more. Every command takes --json.\n" + _EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"streamgauge {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def command(name: str, run: Any, text: str, epilog: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(
            name,
            help=text,
            description=text[0].upper() + text[1:] + ".",
            epilog=epilog + "\n\n" + _EXIT_CODES,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        sub.set_defaults(command=run, usage=sub.error, fixes={})
        sub.add_argument("--json", action="store_true", help="print JSON instead of text")
        return sub

    report = command(
        "report",
        _report,
        "draw runs over one another, and sum them up",
        "Writes fec_report.png, fec_report.html (interactive, one file, opens offline) and summary.json.\n"
        "Prints the table of the plotting script plot_fec.py, to the digit; what the intervals of the\n"
        "exact definitions say of two runs goes to stderr.\n\n"
        "examples:\n"
        "  streamgauge report --run runs/baseline --run runs/fec --out report\n"
        "  streamgauge report --run a/fec --run b/fec --run c/fec --out report   (told apart as a/fec, ...)",
    )
    report.add_argument("--run", action="append", required=True, metavar="DIR", help="a run; repeat for more")
    report.add_argument(
        "--out", required=True, metavar="DIR", help="where to write; made if it does not exist"
    )
    report.add_argument("--seed", type=int, default=1, help="seed of the resampling (default 1)")
    _reading(report)

    summary = command(
        "summary",
        _summary,
        "sum up runs side by side",
        "What was not measured is '-' (null in JSON), never 0. The keys, their units and formulas:\n"
        "python -c 'import streamgauge; [print(*key) for key in streamgauge.keys()]'\n\n"
        "examples:\n"
        "  streamgauge summary runs/baseline runs/fec\n"
        "  streamgauge summary --json runs/* | jq '.[].summary.frames_lost'\n"
        "  streamgauge summary --mode plot_fec runs/fec   (the 16 numbers of the plotting script)",
    )
    summary.add_argument("run", nargs="+", metavar="DIR", help="a run")
    _mode(summary)
    _reading(summary)

    compare_ = command(
        "compare",
        _compare,
        "compare runs A with runs B, and fail on a condition",
        "Says better or worse only where the 95 % bootstrap interval of B - A excludes 0. Repeats of each\n"
        "side make the intervals honest.\n\n"
        "conditions: KEY OP NUMBER speaks of B, delta(KEY) OP NUMBER of the change from A. OP is one of\n"
        "> >= < <= == !=. A percentage is a share of the key's denominator; for delta, of A's value.\n\n"
        "examples:\n"
        "  streamgauge compare runs/baseline runs/fec\n"
        "  streamgauge compare --a runs/base-1 runs/base-2 --b runs/fec-1 runs/fec-2\n"
        "  streamgauge compare old new --fail-if 'frames_lost > 1%' --fail-if 'delta(latency_p95_ms) > 50'",
    )
    compare_.add_argument("runs", nargs="*", metavar="DIR", help="two runs, A and B")
    compare_.add_argument("--a", nargs="+", action="extend", metavar="DIR", help="runs of side A")
    compare_.add_argument("--b", nargs="+", action="extend", metavar="DIR", help="runs of side B")
    compare_.add_argument(
        "--fail-if",
        action="append",
        default=[],
        metavar="CONDITION",
        help="exit with 1 where this holds or cannot be told; repeat for more",
    )
    compare_.add_argument("--all", action="store_true", help="show every key")
    _mode(compare_)
    _resampling(compare_)
    _reading(compare_)

    sweep_ = command(
        "sweep",
        _sweep,
        "compare every cell of a sweep with its baseline",
        "Reads manifest.tsv (columns leaf, mode, loss, fec_rate, fec_mask) and the runs it names. Every\n"
        "combination is a cell: missing ones are shown.\n\n"
        "examples:\n"
        "  streamgauge sweep sweeps/today\n"
        "  streamgauge sweep sweeps/today --out report   (also writes sweep.png and sweep.json)",
    )
    sweep_.add_argument("directory", metavar="DIR", help="the directory of manifest.tsv")
    sweep_.add_argument("--out", metavar="DIR", help="also write sweep.png and sweep.json there")
    _mode(sweep_)
    _resampling(sweep_)
    _reading(sweep_)

    simulate_ = command(
        "simulate",
        _simulate,
        "make a run: a lossy channel with bursts, FEC and retransmission",
        "Writes the files of a run and truth.json, which is counted in the channel itself.\n\n"
        f"profiles: {', '.join(profiles()[:2])} are plain; the others are odd shapes that real files have:\n"
        f"{_wrapped(profiles()[2:])}\n\n"
        "examples:\n"
        "  streamgauge simulate --profile baseline --out runs/baseline\n"
        "  streamgauge simulate --profile fec --out runs/fec --seed 7 --burst-loss 0.4",
    )
    simulate_.add_argument("--out", required=True, metavar="DIR", help="where to write; made if need be")
    simulate_.add_argument(
        "--profile", choices=profiles(), default="fec", metavar="NAME", help="shape of the run (default fec)"
    )
    for name, (kind, text) in _SIMULATE_OPTIONS.items():
        flag = "--" + name.replace("_", "-")
        simulate_.add_argument(flag, type=kind, metavar=kind.__name__.upper(), help=text)

    export = command(
        "export",
        _export,
        "write the tables of a run as Parquet, CSV or Arrow files",
        "Parquet and Arrow need pyarrow: pip install 'streamgauge[parquet]'. Times are microseconds since\n"
        "the Unix epoch; null is an empty field in CSV.\n\n"
        "examples:\n"
        "  streamgauge export runs/fec --out tables\n"
        "  streamgauge export runs/fec --out tables --format csv --table latency --table gaps",
    )
    export.add_argument("run", metavar="DIR", help="the run")
    export.add_argument(
        "--out", required=True, metavar="DIR", help="where to write; made if it does not exist"
    )
    export.add_argument(
        "--format", choices=["parquet", "csv", "arrow"], default="parquet", help="(default parquet)"
    )
    export.add_argument(
        "--table",
        action="append",
        choices=["frames", "samples", "latency", "gaps", "freezes", "fps"],
        help="a table; repeat for more (default frames and samples)",
    )
    _reading(export)

    _rtp.arguments(command("rtp", _rtp.run, _rtp.HELP, _rtp.EPILOG))
    _dump.arguments(command("webrtc", _dump.run, _dump.HELP, _dump.EPILOG))
    _rollup.rollup_arguments(command("rollup", _rollup.rollup, _rollup.ROLLUP_HELP, _rollup.ROLLUP_EPILOG))
    _rollup.quantile_arguments(
        command("quantile", _rollup.quantiles, _rollup.QUANTILE_HELP, _rollup.QUANTILE_EPILOG)
    )
    return parser


def _wrapped(words: Sequence[str]) -> str:
    return textwrap.fill(", ".join(words), 90, initial_indent="  ", subsequent_indent="  ")


def _mode(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--mode",
        choices=["exact", "plot_fec"],
        default="exact",
        help="exact: right by the documented definitions (default); plot_fec: what the plotting script gives",
    )


def _resampling(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seed", type=int, default=1, help="seed of the resampling (default 1)")
    parser.add_argument(
        "--resamples", type=int, default=2000, help="how many; 0: no intervals (default 2000)"
    )


def _reading(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("reading")
    group.add_argument("--names", metavar="FILE", help="JSON object of metric names, as --name")
    group.add_argument(
        "--name",
        action="append",
        default=[],
        metavar="NAME=METRIC",
        help="a metric's name where the SFU has another: fec_packets, fec_state_label, fec_packets_new, "
        "nack, packet_loss, out_of_order, packets; signed=SELECTOR for counters that may fall",
    )
    group.add_argument("--threads", type=int, default=0, help="0: what the machine has (default)")


if __name__ == "__main__":
    sys.exit(main())
