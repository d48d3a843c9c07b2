//! Arrays of Python's as slices: borrowed where they are contiguous, copied where they are not.

use crate::convert::out_of_range;
use crate::error::invalid;
use numpy::{
    Element, PyArray1, PyArrayDescrMethods, PyArrayMethods, PyReadonlyArray1, PyUntypedArray,
    PyUntypedArrayMethods,
};
use pyo3::exceptions::{PyOverflowError, PyTypeError};
use pyo3::prelude::*;
use std::borrow::Cow;

/// One-dimensional items.
pub(crate) enum Items<'py, T: Element> {
    /// Of an array.
    Array(PyReadonlyArray1<'py, T>),
    /// Of a sequence of Python numbers.
    List(Vec<T>),
}

impl<T: Element + Copy> Items<'_, T> {
    /// The items, copied only where they do not lie side by side.
    pub(crate) fn as_slice(&self) -> Cow<'_, [T]> {
        match self {
            Items::Array(array) => match array.as_slice() {
                Ok(items) => Cow::Borrowed(items),
                Err(_) => Cow::Owned(array.as_array().to_vec()),
            },
            Items::List(items) => Cow::Borrowed(items),
        }
    }
}

/// An array of `T` or a sequence of numbers; an array of another type is refused, not cast.
pub(crate) fn items<'py, T>(what: &str, given: &Bound<'py, PyAny>) -> PyResult<Items<'py, T>>
where
    T: Element + for<'a> FromPyObject<'a, 'py>,
{
    let expected = || T::get_dtype(given.py());
    let Some(array) = one_dimension(what, given)? else {
        return given.extract().map(Items::List).map_err(|error| {
            if error.is_instance_of::<PyOverflowError>(given.py()) {
                return out_of_range(given.py(), format!("{what} has an item beyond {}", expected()));
            }
            let class = class_of(given);
            PyTypeError::new_err(format!(
                "{what} is {class}: expected an array of {}, or a sequence of numbers",
                expected()
            ))
        });
    };
    match given.cast::<PyArray1<T>>() {
        Ok(array) if array.is_aligned() => Ok(Items::Array(array.readonly())),
        Ok(array) => Ok(Items::Array(array.call_method0("copy")?.cast_into::<PyArray1<T>>()?.readonly())),
        Err(_) => {
            let message = format!("{what} has dtype {}: expected {}", array.dtype(), expected());
            Err(PyTypeError::new_err(message))
        }
    }
}

/// Microseconds: an array of int64 or datetime64[us] without NaT, or a sequence of numbers.
pub(crate) fn times<'py>(what: &str, given: &Bound<'py, PyAny>) -> PyResult<Items<'py, i64>> {
    let py = given.py();
    let Some(array) = one_dimension(what, given)? else { return items(what, given) };
    if array.dtype().kind() != b'M' {
        return items(what, given);
    }
    let text = array.dtype().to_string();
    if text != "datetime64[us]" || array.dtype().is_native_byteorder() != Some(true) {
        let message = format!("{what} has dtype {text}: expected int64 or datetime64[us]");
        return Err(PyTypeError::new_err(message));
    }
    let times = items::<i64>(what, &array.call_method1("view", ("int64",))?)?;
    // NaT is the least integer.
    if let Some(index) = times.as_slice().iter().position(|&at_us| at_us == i64::MIN) {
        return Err(invalid(py, format!("{what}[{index}] is NaT")));
    }
    Ok(times)
}

/// `given` if it is an array, and then of one dimension.
pub(crate) fn one_dimension<'a, 'py>(
    what: &str,
    given: &'a Bound<'py, PyAny>,
) -> PyResult<Option<&'a Bound<'py, PyUntypedArray>>> {
    let Ok(array) = given.cast::<PyUntypedArray>() else { return Ok(None) };
    if array.ndim() != 1 {
        return Err(PyTypeError::new_err(format!("{what} has {} dimensions: expected 1", array.ndim())));
    }
    Ok(Some(array))
}

/// The name of a value's class.
pub(crate) fn class_of(given: &Bound<'_, PyAny>) -> String {
    given.get_type().name().map(|name| name.to_string()).unwrap_or_default()
}
