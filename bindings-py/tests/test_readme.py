"""The examples of the README that need no files run as written, and print what they say."""

import contextlib
import io
import re
from pathlib import Path

import pytest

TEXT = (Path(__file__).parents[1] / "README.md").read_text()
BLOCKS = [block for block in re.findall(r"```python\n(.*?)```", TEXT, re.S) if '"runs/' not in block]


def test_there_are_examples():
    for name in ("ChunkRing", "RtpStats", "Telemetry", "Monitor"):
        assert any(f"streamgauge.{name}(" in block for block in BLOCKS), name


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: re.search(r"streamgauge\.([A-Z]\w+)\(", block)[1])
def test_examples(block):
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(block, "README.md", "exec"), {"__name__": "__main__"})
    lines = printed.getvalue().splitlines()
    assert lines
    told = re.findall(r"^ *print\(.*\)  # (.*)$", block, re.M)
    assert told == [line for line in lines if line in told]
