//! Values between Python and the core.

use crate::arrays::class_of;
use crate::error::{invalid, to_py};
use pyo3::IntoPyObjectExt;
use pyo3::call::PyCallArgs;
use pyo3::exceptions::{PyOverflowError, PyTypeError};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::{PyDict, PyList, PyMapping, PyMemoryView, PyString, PyTuple};
use streamgauge::rtp::{MediaKind, PayloadFormat, PayloadMap};
use streamgauge::run::{Burst, Event, KEYS, MetricNames, Mode, Run, Selector, Summary, Value, Window};
use streamgauge::{Error, ErrorKind};

/// `"exact"` or `"plot_fec"`.
pub(crate) fn mode(py: Python<'_>, mode: &str) -> PyResult<Mode> {
    mode.parse().map_err(|error| to_py(py, &error))
}

/// Bytes of anything with a buffer; only those of `bytes` are not copied.
pub(crate) fn bytes(what: &str, given: &Bound<'_, PyAny>) -> PyResult<PyBackedBytes> {
    if let Ok(bytes) = given.extract() {
        return Ok(bytes);
    }
    let text = given.is_instance_of::<PyString>();
    let view = PyMemoryView::from(given).ok().filter(|_| !text).ok_or_else(|| {
        let class = class_of(given);
        PyTypeError::new_err(format!("{what} is {class}: expected bytes (or another buffer)"))
    })?;
    Ok(view.call_method0("tobytes")?.extract()?)
}

/// A tuple of values of different types.
macro_rules! tuple {
    ($py:expr, $($value:expr),* $(,)?) => {
        pyo3::types::PyTuple::new($py, [$($value.into_bound_py_any($py)?),*])?
    };
}
pub(crate) use tuple;

/// An instance of one of the classes of `streamgauge.<module>`.
pub(crate) fn made<'py>(
    py: Python<'py>,
    module: &str,
    class: &str,
    fields: Bound<'py, PyTuple>,
) -> PyResult<Bound<'py, PyAny>> {
    py.import(format!("streamgauge.{module}"))?.getattr(class)?.call1(fields)
}

/// A whole number that a field can hold.
pub(crate) trait Whole: TryFrom<i128> {
    /// From and up to what.
    const RANGE: (i128, i128);
}

macro_rules! whole {
    ($($kind:ty),*) => {
        $(impl Whole for $kind {
            const RANGE: (i128, i128) = (<$kind>::MIN as i128, <$kind>::MAX as i128);
        })*
    };
}
whole!(u8, u32, u64, usize, i64);

/// `given` as a whole number; out of range where the field cannot hold it.
pub(crate) fn int<T: Whole>(what: &str, given: &Bound<'_, PyAny>) -> PyResult<T> {
    // Most numbers are short, and this is the quick way.
    let value = given.extract::<i64>().map(i128::from).or_else(|_| given.extract::<i128>());
    let value = match value {
        Ok(value) => T::try_from(value).ok(),
        Err(error) if error.is_instance_of::<PyOverflowError>(given.py()) => None,
        Err(_) => {
            let class = class_of(given);
            return Err(PyTypeError::new_err(format!("{what} is {class}: expected an integer")));
        }
    };
    value.ok_or_else(|| {
        let shown = given.repr().map_or_else(|_| "a very large number".to_owned(), |text| text.to_string());
        let (min, max) = T::RANGE;
        out_of_range(given.py(), format!("{what} is {shown}: expected {min} to {max}"))
    })
}

/// An `OutOfRange` exception.
pub(crate) fn out_of_range(py: Python<'_>, message: String) -> PyErr {
    to_py(py, &Error::new(ErrorKind::OutOfRange, message))
}

/// The system's time.
pub(crate) fn system_us(py: Python<'_>) -> PyResult<i64> {
    Ok(py.import("time")?.call_method0("time_ns")?.extract::<i64>()? / 1000)
}

/// The time given as the argument `now_us`, or the system's.
pub(crate) fn now_us(py: Python<'_>, given: Option<&Bound<'_, PyAny>>) -> PyResult<i64> {
    given.map_or_else(|| system_us(py), |given| int("now_us", given))
}

/// The default formats of payload types with those of `clocks` instead: a rate in Hz, or a rate with
/// `"audio"` or `"video"`.
pub(crate) fn payloads(py: Python<'_>, clocks: Option<&Bound<'_, PyMapping>>) -> PyResult<PayloadMap> {
    let mut payloads = PayloadMap::default();
    let clocks = clocks.map(|clocks| clocks.items()).transpose()?;
    for item in clocks.into_iter().flatten() {
        let (payload_type, clock): (Bound<'_, PyAny>, Bound<'_, PyAny>) = item.extract()?;
        let kind = |name: &str| match name {
            "audio" => Some(MediaKind::Audio),
            "video" => Some(MediaKind::Video),
            _ => None,
        };
        let parsed = match (payload_type.extract(), clock.extract::<u32>(), clock.extract::<(u32, String)>())
        {
            (Ok(payload_type), Ok(clock_hz), _) => Some(payloads.set_clock(payload_type, clock_hz)),
            (Ok(payload_type), _, Ok((clock_hz, name))) => {
                kind(&name).map(|kind| payloads.set(payload_type, PayloadFormat { clock_hz, kind }))
            }
            _ => None,
        };
        let Some(set) = parsed else {
            let message = format!(
                "clocks: {payload_type}: {clock}, expected a payload type, 0 to 127, and its rate, 1 to {}, \
                 or its rate with \"audio\" or \"video\"",
                PayloadMap::MAX_CLOCK_HZ
            );
            return Err(invalid(py, message));
        };
        set.map_err(|error| to_py(py, &error))?;
    }
    Ok(payloads)
}

/// The default metric names, with those of `given` instead.
pub(crate) fn names(py: Python<'_>, given: Option<&Bound<'_, PyDict>>) -> PyResult<MetricNames> {
    let mut names = MetricNames::default();
    let Some(given) = given else { return Ok(names) };
    for (field, value) in given {
        let field: String = field.extract()?;
        let values: Vec<String> = match value.extract::<String>() {
            Ok(value) => vec![value],
            Err(_) => value.extract().map_err(|_| {
                invalid(py, format!("names[{field:?}]: expected a text, or texts for \"signed\""))
            })?,
        };
        names.set(&field, &values).map_err(|error| to_py(py, &error))?;
    }
    Ok(names)
}

pub(crate) fn names_to_py<'py>(py: Python<'py>, names: &MetricNames) -> PyResult<Bound<'py, PyDict>> {
    let all = PyDict::new(py);
    for (field, value) in names.fields() {
        all.set_item(field, value)?;
    }
    let signed: Vec<String> = names.signed.iter().map(Selector::to_string).collect();
    all.set_item("signed", signed)?;
    Ok(all)
}

/// `family` is a metric name or a selector; `labels` are compared for equality.
pub(crate) fn selector(
    py: Python<'_>,
    family: &str,
    contains: Option<&str>,
    labels: Option<&Bound<'_, PyDict>>,
) -> PyResult<Selector> {
    let mut selector = Selector::parse(family).map_err(|error| to_py(py, &error))?;
    selector.contains = contains.map(str::to_owned);
    for (label, value) in labels.into_iter().flatten() {
        let label: String = label.extract()?;
        let value: String = value.extract().map_err(|_| {
            let class = class_of(&value);
            PyTypeError::new_err(format!(
                "label {label} is {class}: expected a text; for !=, =~ and !~ use a selector such as \
                 'family{{{label}=~\"x.*\"}}' as the first argument"
            ))
        })?;
        selector = selector.equal(label, value);
    }
    Ok(selector)
}

/// An instance of one of the named tuples of `streamgauge._types`.
pub(crate) fn record<'py>(
    py: Python<'py>,
    class: &str,
    fields: impl PyCallArgs<'py>,
) -> PyResult<Bound<'py, PyAny>> {
    py.import("streamgauge._types")?.getattr(class)?.call1(fields)
}

pub(crate) fn events<'py, 'a>(
    py: Python<'py>,
    events: impl Iterator<Item = &'a Event>,
) -> PyResult<Bound<'py, PyList>> {
    let all = events.map(|event| record(py, "Event", (event.t_us, &event.name)));
    PyList::new(py, all.collect::<PyResult<Vec<_>>>()?)
}

pub(crate) fn bursts<'py>(py: Python<'py>, bursts: &[Burst]) -> PyResult<Bound<'py, PyList>> {
    let all = bursts.iter().map(|burst| record(py, "Burst", (burst.start_us, burst.end_us, burst.open)));
    PyList::new(py, all.collect::<PyResult<Vec<_>>>()?)
}

pub(crate) fn window<'py>(py: Python<'py>, window: &Window) -> PyResult<Bound<'py, PyAny>> {
    let Window { interval, end_inclusive, start, end } = window;
    record(py, "Window", (interval.start_us, interval.end_us, *end_inclusive, start.name(), end.name()))
}

/// The registry of keys of the `exact` summary.
#[pyfunction]
pub(crate) fn keys(py: Python<'_>) -> PyResult<Vec<Bound<'_, PyAny>>> {
    let key = |key: &streamgauge::run::Key| {
        let better = key.better.name();
        record(py, "Key", (key.name, key.unit, better, key.formula, key.null_when, key.denominator))
    };
    KEYS.iter().map(key).collect()
}

pub(crate) fn summary<'py>(py: Python<'py>, summary: &Summary) -> PyResult<Bound<'py, PyDict>> {
    let values = PyDict::new(py);
    for (key, value) in &summary.values {
        values.set_item(key, to_python(py, value)?)?;
    }
    Ok(values)
}

fn to_python<'py>(py: Python<'py>, value: &Value) -> PyResult<Bound<'py, PyAny>> {
    match value {
        Value::Null => Ok(py.None().into_bound(py)),
        Value::Int(count) => count.into_bound_py_any(py),
        Value::Float(value) => value.into_bound_py_any(py),
        Value::Bool(flag) => flag.into_bound_py_any(py),
        Value::Text(text) => text.into_bound_py_any(py),
        Value::List(texts) => texts.into_bound_py_any(py),
        Value::Counts(counts) => {
            let all = PyDict::new(py);
            counts.iter().try_for_each(|(name, count)| all.set_item(name, count))?;
            Ok(all.into_any())
        }
    }
}

/// Anything that serialises, as plain Python values.
pub(crate) fn json<'py>(py: Python<'py>, value: &impl serde::Serialize) -> PyResult<Bound<'py, PyAny>> {
    let text = serde_json::to_string(value).map_err(|why| invalid(py, why.to_string()))?;
    py.import("json")?.call_method1("loads", (text,))
}

/// `{"run", "name", "mode", "summary", "problems"}`.
pub(crate) fn run_json(run: &Run, mode: Mode, indent: Option<usize>) -> Result<String, Error> {
    use serde::Serialize;
    #[derive(Serialize)]
    struct Shown<'a> {
        run: &'a str,
        name: &'a str,
        mode: &'static str,
        summary: Summary,
        problems: &'a streamgauge::run::Problems,
    }
    let shown = Shown {
        run: &run.path,
        name: &run.name,
        mode: mode.name(),
        summary: run.summary(mode),
        problems: &run.problems,
    };
    let mut text = Vec::new();
    let spaces = " ".repeat(indent.unwrap_or(0).min(16));
    let wrote = match indent {
        None => serde_json::to_writer(&mut text, &shown),
        Some(_) => {
            let pretty = serde_json::ser::PrettyFormatter::with_indent(spaces.as_bytes());
            shown.serialize(&mut serde_json::Serializer::with_formatter(&mut text, pretty))
        }
    };
    let wrong = |why: String| Error::new(ErrorKind::OutOfRange, why);
    wrote.map_err(|why| wrong(why.to_string()))?;
    String::from_utf8(text).map_err(|why| wrong(why.to_string()))
}
