"""Arrow: consumers read a table's own memory, and keep it alive."""

import gc
from pathlib import Path

import numpy as np
import pytest
from streamgauge import Run

DATA = Path(__file__).parents[2] / "tests" / "data"
pa = pytest.importorskip("pyarrow")


@pytest.fixture
def frames():
    return Run(DATA / "runs" / "partial_ids").frames


def addresses(table, column):
    chunk = table[column].chunk(0)
    return [buffer and buffer.address for buffer in chunk.buffers()]


def test_pyarrow_reads_the_same_memory(frames):
    table = pa.table(frames)
    assert table.column_names == frames.keys()
    table.validate(full=True)
    for name in frames.keys():  # noqa: SIM118, a table iterates over rows
        values = frames[name]
        data = values.data if isinstance(values, np.ma.MaskedArray) else values
        assert addresses(table, name)[1] == data.ctypes.data, name
        assert table[name].to_pylist() == values.tolist()
    assert addresses(table, "frame_id")[0] is not None
    assert addresses(table, "recv_us")[0] is None
    assert table["frame_id"].null_count == np.ma.count_masked(frames.frame_id) > 0
    assert pa.schema(frames) == table.schema


def test_consumers_keep_the_memory_alive():
    table = pa.table(Run(DATA / "runs" / "fec").frames)
    gc.collect()
    again = Run(DATA / "runs" / "fec").frames
    assert table["recv_us"].to_pylist() == again.recv_us.tolist()


def test_an_unused_stream_frees_itself(frames):
    for _ in range(1000):
        frames.__arrow_c_stream__()
        frames.__arrow_c_schema__()


def test_children_that_are_taken_out_outlive_the_rest(frames):
    reader = pa.RecordBatchReader.from_stream(frames)
    column = reader.read_next_batch().column("user_timestamp_us")
    with pytest.raises(StopIteration):
        reader.read_next_batch()
    del reader
    gc.collect()
    assert column.to_pylist() == frames.user_timestamp_us.tolist()


def test_polars_reads_the_same_memory(frames):
    pl = pytest.importorskip("polars")
    df = pl.DataFrame(frames)
    assert df.columns == frames.keys()
    assert df["frame_id"].null_count() == np.ma.count_masked(frames.frame_id)
    assert df["recv_us"].to_numpy(allow_copy=False).ctypes.data == frames.recv_us.ctypes.data
    assert df["frame_id"].to_list() == frames.frame_id.tolist()


def test_pandas(frames):
    pd = pytest.importorskip("pandas")
    made = [pd.DataFrame(frames), pd.DataFrame(dict(frames))]
    if hasattr(pd.DataFrame, "from_arrow"):
        made.append(pd.DataFrame.from_arrow(frames))
    for df in made:
        assert list(df.columns) == frames.keys()
        assert df["recv_us"].tolist() == frames.recv_us.tolist()
        assert df["frame_id"].isna().sum() == np.ma.count_masked(frames.frame_id)


def test_series_and_results(frames):
    run = Run(DATA / "runs" / "odd_labels")
    for series in run.series(run.families[0]):
        table = pa.table(series)
        assert addresses(table, "values")[1] == series.values.ctypes.data
    latency = run.latency()
    assert pa.table(latency)["latency_ms"].to_numpy().ctypes.data == latency.latency_ms.ctypes.data


def test_labels_are_dictionaries():
    run = Run(DATA / "runs" / "odd_labels")
    samples = run.samples()
    table = pa.table(samples)
    table.validate(full=True)
    assert pa.types.is_dictionary(table.schema.field("family").type)
    for name in samples.keys():  # noqa: SIM118
        if name != "value":
            assert table[name].to_pylist() == samples[name].tolist()


def test_tables_without_rows():
    run = Run.from_bytes()
    for table in (run.frames, run.samples(), run.latency(), run.fps()):
        assert pa.table(table).num_rows == len(table) == len(list(table)) == 0
