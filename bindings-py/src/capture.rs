//! RTP in capture files.

use crate::convert;
use crate::error::{invalid, to_py, work};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};
use std::path::PathBuf;
use streamgauge::rtp::{PayloadMap, capture};

/// Every RTP stream of a capture, given as a path or as bytes.
#[pyfunction]
#[pyo3(signature = (source, /, *, clocks = None))]
pub(crate) fn read_capture<'py>(
    py: Python<'py>,
    source: &Bound<'py, PyAny>,
    clocks: Option<&Bound<'py, PyDict>>,
) -> PyResult<Bound<'py, PyAny>> {
    let mut payloads = PayloadMap::default();
    for (payload_type, clock_hz) in clocks.into_iter().flatten() {
        let (Ok(payload_type), Ok(clock_hz)) = (payload_type.extract(), clock_hz.extract()) else {
            let message = format!(
                "clocks: {payload_type}: {clock_hz}, expected a payload type, 0 to 127, and its rate, 1 to {}",
                PayloadMap::MAX_CLOCK_HZ
            );
            return Err(invalid(py, message));
        };
        payloads.set_clock(payload_type, clock_hz).map_err(|error| to_py(py, &error))?;
    }
    let path = source.is_instance_of::<PyString>() || source.hasattr("__fspath__")?;
    let report = if path {
        let path: PathBuf = source.extract()?;
        work(py, || capture::read_capture_file(&path, &payloads))?
    } else {
        let bytes = convert::bytes("source", source)?;
        work(py, || capture::read_capture(&bytes, &payloads))?
    };
    convert::json(py, &report)
}
