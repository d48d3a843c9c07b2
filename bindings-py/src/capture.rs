//! RTP in capture files.

use crate::convert;
use crate::error::work;
use pyo3::prelude::*;
use pyo3::types::{PyMapping, PyString};
use std::path::PathBuf;
use streamgauge::rtp::capture;

/// Every RTP stream of a capture, given as a path or as bytes.
#[pyfunction]
#[pyo3(signature = (source, /, *, clocks = None))]
pub(crate) fn read_capture<'py>(
    py: Python<'py>,
    source: &Bound<'py, PyAny>,
    clocks: Option<&Bound<'py, PyMapping>>,
) -> PyResult<Bound<'py, PyAny>> {
    let payloads = convert::payloads(py, clocks)?;
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
