//! A getStats report out of what Python has: JSON, or dicts.

use crate::arrays::class_of;
use crate::convert;
use crate::error::{invalid, to_py, work};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyList, PyString, PyTuple};
use streamgauge::webrtc::{Member, ObjectMut, Report};
use streamgauge::{Error, ErrorKind};

/// How deep dicts may be nested.
const MAX_DEPTH: usize = 64;

/// A report: JSON as text or bytes, a list of dicts, or a dict of dicts by id.
pub(super) fn report(given: &Bound<'_, PyAny>, time_us: i64) -> PyResult<Report> {
    let py = given.py();
    if let Ok(text) = given.cast::<PyString>() {
        let text = text.to_cow().map_err(|_| invalid(py, "report is no valid Unicode"))?;
        return work(py, || Report::from_json(text.as_bytes(), time_us));
    }
    let mut report = Report::new(time_us);
    if let Ok(objects) = given.cast::<PyDict>() {
        for (id, object) in objects.items().iter().map(pair) {
            if let Ok(object) = object.cast::<PyDict>() {
                add(&mut report, Some(&id), object)?;
            } else if is_list(&object) && text(&id) == "stats" {
                add_all(&mut report, &object)?;
            }
        }
    } else if is_list(given) {
        add_all(&mut report, given)?;
    } else {
        let bytes = convert::bytes("report", given).map_err(|_| {
            let class = class_of(given);
            PyTypeError::new_err(format!(
                "report is {class}: expected JSON, a list of dicts or a dict of them"
            ))
        })?;
        report = work(py, || Report::from_json(&bytes, time_us))?;
    }
    Ok(report)
}

fn is_list(given: &Bound<'_, PyAny>) -> bool {
    given.is_instance_of::<PyList>() || given.is_instance_of::<PyTuple>()
}

/// Both parts of an item of a dict.
fn pair(item: Bound<'_, PyAny>) -> (Bound<'_, PyAny>, Bound<'_, PyAny>) {
    item.extract().expect("an item of a dict is a pair")
}

/// Adds the dicts of a list, or of pairs of an id and a dict.
fn add_all(report: &mut Report, objects: &Bound<'_, PyAny>) -> PyResult<()> {
    for object in objects.try_iter()? {
        let object = object?;
        if let Ok(object) = object.cast::<PyDict>() {
            add(report, None, object)?;
            continue;
        }
        let parts = if is_list(&object) { object.try_iter()?.collect::<PyResult<Vec<_>>>()? } else { vec![] };
        match parts.as_slice() {
            [id, object] if object.is_instance_of::<PyDict>() => add(report, Some(id), object.cast()?)?,
            _ => report.count_unidentified(),
        }
    }
    Ok(())
}

/// Adds an object by its members; without `id`, its own.
fn add(report: &mut Report, id: Option<&Bound<'_, PyAny>>, object: &Bound<'_, PyDict>) -> PyResult<()> {
    let member = |name| Ok::<_, PyErr>(object.get_item(name)?.as_ref().map(text).unwrap_or_default());
    let id = id.map_or_else(|| member("id"), |id| Ok(text(id)))?;
    let Some(mut filled) = report.push_named(&member("type")?, &id) else { return Ok(()) };
    for (name, value) in object.items().iter().map(pair) {
        set(&mut filled, &text(&name), &value, 0)?;
    }
    Ok(())
}

/// A text; empty for anything else.
fn text(given: &Bound<'_, PyAny>) -> String {
    given.cast::<PyString>().ok().and_then(|text| text.to_cow().ok()).unwrap_or_default().into_owned()
}

/// Sets a member; those of a nested dict have a dot in their name. Lists are left out.
fn set(object: &mut ObjectMut<'_>, name: &str, value: &Bound<'_, PyAny>, depth: usize) -> PyResult<()> {
    if let Ok(nested) = value.cast::<PyDict>() {
        if depth >= MAX_DEPTH {
            let message = format!("report nested deeper than {MAX_DEPTH}");
            return Err(to_py(value.py(), &Error::new(ErrorKind::Malformed, message)));
        }
        for (inner, value) in nested.items().iter().map(pair) {
            set(object, &format!("{name}.{}", text(&inner)), &value, depth + 1)?;
        }
        return Ok(());
    }
    // No number, which the report counts, for what is nothing that JSON has.
    let other = Member::Number(f64::INFINITY);
    if value.is_none() {
        object.set(name, Member::Null);
    } else if let Ok(flag) = value.cast::<PyBool>() {
        object.set(name, Member::Bool(flag.is_true()));
    } else if let Ok(text) = value.cast::<PyString>() {
        let text = text.to_cow();
        object.set(name, text.as_ref().map_or(other, |text| Member::Text(text)));
    } else if !is_list(value) {
        object.set(name, value.extract().map_or(other, Member::Number));
    }
    Ok(())
}
