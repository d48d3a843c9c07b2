"""The example of a fleet on Dask, with fewer runs and nodes."""

import copy
import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("distributed")
FLEET = Path(__file__).parents[2] / "examples" / "fleet" / "fleet.py"


@pytest.fixture(scope="module")
def fleet():
    spec = importlib.util.spec_from_file_location("fleet", FLEET)
    module = importlib.util.module_from_spec(spec)
    # A dataclass looks its module up by name.
    sys.modules["fleet"] = module
    spec.loader.exec_module(module)
    return module


def test_a_tree_of_workers_gives_what_one_process_gives(fleet, tmp_path):
    line = [sys.executable, FLEET, "--data", tmp_path, "--runs", "23", "--nodes", "30", "--check", "--json"]
    done = subprocess.run(line, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    assert "one process gives the same" in done.stderr
    result = json.loads(done.stdout)
    paths = fleet.make(tmp_path, 23, 30)
    parts = [fleet.part_of(path) for path in paths]
    assert (result["runs"], result["nodes"]) == (23, 30)
    assert result["frames_received"] == sum(part.counts.get("frames_received", 0) for part in parts) > 0
    assert result["views"] == 30 * 40
    assert result["peak_viewers"][0] <= 40 <= result["peak_viewers"][1]
    # A cluster that is there already, by its address: the program reaches its workers with the tasks.
    from distributed import LocalCluster

    with LocalCluster(n_workers=1, dashboard_address=None, host="127.0.0.1") as cluster:
        done = subprocess.run(
            [*line, "--address", cluster.scheduler_address],
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == result
    # The order leaves no trace, and what differs is said.
    whole = fleet.merged(parts)
    assert fleet.differences(whole, fleet.merged(parts[::-1])) == []
    other = copy.deepcopy(whole)
    other.counts["frames_lost"] += 1
    other.bitrate_over_time.record(fleet.START_US, 1e9)
    other.rtt_ms.record(1e-3)
    assert {text.split(":")[0] for text in fleet.differences(whole, other)} == {
        "counts",
        "rtt_ms",
        "bitrate_over_time",
    }
