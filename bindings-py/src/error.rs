//! The one mapping from core errors to Python exceptions.

use pyo3::prelude::*;
use pyo3::types::PyDict;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use streamgauge::Error;

/// The exception for a core error: the class of its code in `streamgauge.errors`, with file and
/// line.
pub(crate) fn to_py(py: Python<'_>, error: &Error) -> PyErr {
    raise(py, error.kind().code(), error.message(), error.file(), error.line())
}

fn raise(py: Python<'_>, code: &str, message: &str, file: Option<&str>, line: Option<u64>) -> PyErr {
    let make = || -> PyResult<Bound<'_, PyAny>> {
        let class = py.import("streamgauge.errors")?.getattr("BY_CODE")?.get_item(code)?;
        let place = PyDict::new(py);
        place.set_item("file", file)?;
        place.set_item("line", line)?;
        class.call((message,), Some(&place))
    };
    make().map_or_else(|failed| failed, PyErr::from_value)
}

/// Runs `job` without holding the interpreter, and turns its error, or its panic, into an exception.
pub(crate) fn work<T: Send>(py: Python<'_>, job: impl FnOnce() -> Result<T, Error> + Send) -> PyResult<T> {
    match py.detach(|| catch_unwind(AssertUnwindSafe(job))) {
        Ok(done) => done.map_err(|error| to_py(py, &error)),
        Err(panic) => {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("unknown");
            Err(raise(py, "internal", &format!("a fault of streamgauge itself: {text}"), None, None))
        }
    }
}

/// [`work`] that cannot fail.
pub(crate) fn compute<T: Send>(py: Python<'_>, job: impl FnOnce() -> T + Send) -> PyResult<T> {
    work(py, || Ok(job()))
}

/// [`compute`] on what `shared` guards; after a panic in there it is not used any more.
pub(crate) fn locked<S: Send, T: Send>(
    py: Python<'_>,
    shared: &Mutex<S>,
    job: impl FnOnce(&mut S) -> T + Send,
) -> PyResult<T> {
    compute(py, || job(&mut shared.lock().expect("an earlier call failed half-way")))
}

/// An `InvalidArgument` exception.
pub(crate) fn invalid(py: Python<'_>, message: impl Into<String>) -> PyErr {
    to_py(py, &Error::new(streamgauge::ErrorKind::InvalidArgument, message))
}

/// Raises the exception of every kind by its code, for the test over all kinds.
#[pyfunction]
#[pyo3(signature = (code, file = None, line = None))]
pub(crate) fn _raise(py: Python<'_>, code: &str, file: Option<&str>, line: Option<u64>) -> PyResult<()> {
    let kind = streamgauge::ErrorKind::ALL.into_iter().find(|kind| kind.code() == code);
    let Some(kind) = kind else { return Err(raise(py, code, "a boundary error", file, line)) };
    let mut error = Error::new(kind, "a sentence");
    if let Some(file) = file {
        error = error.in_file(file);
    }
    if let Some(line) = line {
        error = error.at_line(line);
    }
    Err(to_py(py, &error))
}

/// `(code, number)` of every kind of error.
#[pyfunction]
pub(crate) fn _error_kinds() -> Vec<(&'static str, i32)> {
    streamgauge::ErrorKind::ALL.iter().map(|kind| (kind.code(), kind.number())).collect()
}
