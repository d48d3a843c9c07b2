//! The native module `streamgauge._native`: conversions between Python and the core, nothing else.
//! What Python sees is documented in `python/streamgauge/_native.pyi`.

mod arrays;
mod arrow;
mod audience;
mod capture;
mod columns;
mod compare;
mod convert;
mod counter;
mod error;
mod packets;
mod quantile;
mod ring;
mod rtp;
mod run;
mod series;
mod simulate;
mod table;
mod telemetry;
mod webrtc;

use pyo3::prelude::*;

#[pymodule(gil_used = false)]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add_class::<run::PyRun>()?;
    module.add_class::<table::PyTable>()?;
    module.add_class::<table::PyFrames>()?;
    module.add_class::<table::PySeries>()?;
    module.add_class::<table::PyLatency>()?;
    module.add_class::<table::PyGaps>()?;
    module.add_class::<table::PyFreezes>()?;
    module.add_class::<table::PyBuckets>()?;
    module.add_class::<ring::PyChunkRing>()?;
    module.add_class::<ring::PyCursor>()?;
    module.add_class::<ring::PyRead>()?;
    module.add_class::<ring::PyChunk>()?;
    module.add_class::<counter::PyCounter>()?;
    module.add_class::<rtp::PyRtpStats>()?;
    module.add_class::<rtp::PyRtpReader>()?;
    module.add_class::<rtp::PyRtcpStats>()?;
    module.add_class::<telemetry::PyTelemetry>()?;
    module.add_class::<telemetry::PyTrack>()?;
    module.add_class::<telemetry::PyReport>()?;
    module.add_class::<audience::PyAudience>()?;
    module.add_class::<audience::PySummary>()?;
    module.add_class::<audience::PyStreams>()?;
    module.add_class::<audience::PyCdn>()?;
    module.add_class::<series::PyWindow>()?;
    module.add_class::<series::PySketch>()?;
    module.add_class::<series::PyRollup>()?;
    module.add_class::<webrtc::PyMonitor>()?;
    module.add_class::<webrtc::PyMonitorTrack>()?;
    module.add_class::<webrtc::PyTrackDelta>()?;
    module.add_class::<webrtc::PyDump>()?;
    module.add_class::<webrtc::PyConnection>()?;
    module.add_function(wrap_pyfunction!(webrtc::read_dump, module)?)?;
    module.add_function(wrap_pyfunction!(webrtc::_row_flags, module)?)?;
    module.add_function(wrap_pyfunction!(series::downsample, module)?)?;
    module.add_function(wrap_pyfunction!(counter::rate, module)?)?;
    module.add_function(wrap_pyfunction!(counter::_step_kinds, module)?)?;
    module.add_function(wrap_pyfunction!(packets::parse_packet, module)?)?;
    module.add_function(wrap_pyfunction!(packets::_packet_dtype, module)?)?;
    module.add_function(wrap_pyfunction!(rtp::fraction_lost, module)?)?;
    module.add_function(wrap_pyfunction!(rtp::clamp_lost, module)?)?;
    module.add_function(wrap_pyfunction!(quantile::quantile, module)?)?;
    module.add_function(wrap_pyfunction!(convert::keys, module)?)?;
    module.add_function(wrap_pyfunction!(compare::_compare, module)?)?;
    module.add_function(wrap_pyfunction!(compare::_sweep, module)?)?;
    module.add_function(wrap_pyfunction!(compare::_check_gate, module)?)?;
    module.add_function(wrap_pyfunction!(compare::_gate, module)?)?;
    module.add_function(wrap_pyfunction!(simulate::_simulate, module)?)?;
    module.add_function(wrap_pyfunction!(simulate::profiles, module)?)?;
    module.add_function(wrap_pyfunction!(capture::read_capture, module)?)?;
    module.add_function(wrap_pyfunction!(run::_decode, module)?)?;
    module.add_function(wrap_pyfunction!(table::_restore, module)?)?;
    module.add_function(wrap_pyfunction!(error::_raise, module)?)?;
    module.add_function(wrap_pyfunction!(error::_error_kinds, module)?)
}
