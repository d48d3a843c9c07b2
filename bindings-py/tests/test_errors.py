"""Errors: every kind has its class, and says where."""

import pickle
import subprocess
import sys
from pathlib import Path

import pytest
import streamgauge
from streamgauge import _native, errors

BUILT_IN = {
    "invalid_argument": ValueError,
    "out_of_range": ValueError,
    "malformed": ValueError,
    "io": OSError,
    "not_found": LookupError,
    "timed_out": TimeoutError,
}


@pytest.mark.parametrize(("code", "number"), _native._error_kinds())
def test_every_kind_of_the_core_has_its_class(code, number):
    with pytest.raises(errors.StreamgaugeError) as caught:
        _native._raise(code, "runs/a/frames.csv", 7)
    error = caught.value
    assert type(error) is errors.BY_CODE[code]
    # Handles that are in use on another thread do not exist in Python.
    assert error.code == ("internal" if code == "busy" else code)
    assert (error.message, error.file, error.line) == ("a sentence", "runs/a/frames.csv", 7)
    assert str(error) == "runs/a/frames.csv:7: a sentence"
    assert isinstance(error, BUILT_IN.get(code, errors.StreamgaugeError))
    back = pickle.loads(pickle.dumps(error))
    assert (type(back), str(back), back.file, back.line) == (type(error), str(error), error.file, error.line)


def test_numbers_are_those_of_every_language():
    assert [number for _, number in _native._error_kinds()] == list(range(1, 19))
    assert {code for code, _ in _native._error_kinds()} | {"internal"} == set(errors.BY_CODE)


@pytest.mark.parametrize(
    ("place", "shown"),
    [((None, None), "a sentence"), (("f", None), "f: a sentence"), ((None, 3), "line 3: a sentence")],
)
def test_text_names_the_place(place, shown):
    with pytest.raises(errors.MalformedError) as caught:
        _native._raise("malformed", *place)
    assert str(caught.value) == shown


def test_opening(tmp_path):
    with pytest.raises(errors.NotFoundError) as caught:
        streamgauge.Run(tmp_path / "none")
    assert caught.value.file == str(tmp_path / "none")
    (tmp_path / "file").touch()
    with pytest.raises(errors.InvalidArgumentError, match="is a file"):
        streamgauge.Run(tmp_path / "file")
    (tmp_path / "run" / "frames.csv").mkdir(parents=True)
    with pytest.raises(errors.StreamgaugeIOError, match=r"frames\.csv"):
        streamgauge.Run(tmp_path / "run")
    with pytest.raises(errors.InvalidArgumentError, match="exactly"):
        streamgauge.Run.from_bytes().summary("exactly")


GIL = """
import threading, sys, time
import streamgauge
frames = b"recv_wall_us,frame_id\\n" + b"".join(b"%d,%d\\n" % (n * 1000, n) for n in range(400_000))
turns, done = 0, threading.Event()
def count():
    global turns
    while not done.is_set():
        turns += 1
        time.sleep(0.0005)
counter = threading.Thread(target=count)
counter.start()
begun = turns
run = streamgauge.Run.from_bytes(frames=frames)
streamgauge.compare(run, run, resamples=200)
moved = turns - begun
many = [threading.Thread(target=lambda: [run.summary() for _ in range(3)]) for _ in range(4)]
many.append(threading.Thread(target=lambda: run.add_expositions([(n, b"up 1") for n in range(2000)])))
[thread.start() for thread in many]
[thread.join() for thread in many]
done.set(); counter.join()
sys.exit(0 if moved >= 10 and len(run.series("up")[0]) == 2000 else 1)
"""


def test_the_interpreter_is_free_during_work_and_nothing_deadlocks():
    assert subprocess.run([sys.executable, "-c", GIL], timeout=100, check=False).returncode == 0


def test_numpy_is_loaded_only_when_needed():
    code = "import sys, streamgauge; streamgauge.keys(); sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], timeout=60, check=False).returncode == 0


def test_version_is_the_packages():
    from importlib.metadata import version

    assert streamgauge.__version__ == version("streamgauge")
    assert set(streamgauge.__all__) <= set(dir(streamgauge))
    assert Path(streamgauge.__file__).with_name("py.typed").exists()
