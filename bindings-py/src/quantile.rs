//! `quantile` of an array.

use crate::error::{to_py, work};
use numpy::{PyArrayMethods, PyReadonlyArray1, PyUntypedArray, PyUntypedArrayMethods};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use streamgauge::math::{QuantileMethod, quantile_checked};

#[pyfunction]
#[pyo3(signature = (values, q, /, method = "linear"))]
pub(crate) fn quantile(
    py: Python<'_>,
    values: &Bound<'_, PyAny>,
    q: f64,
    method: &str,
) -> PyResult<Option<f64>> {
    let method: QuantileMethod = method.parse().map_err(|error| to_py(py, &error))?;
    let floats = floats(values)?;
    match &floats {
        Floats::Array(array) => match array.as_slice() {
            Ok(values) => work(py, || quantile_checked(values, q, method)),
            Err(_) => {
                let values = array.as_array().to_vec();
                work(py, || quantile_checked(&values, q, method))
            }
        },
        Floats::List(values) => work(py, || quantile_checked(values, q, method)),
    }
}

enum Floats<'py> {
    Array(PyReadonlyArray1<'py, f64>),
    List(Vec<f64>),
}

/// An array of float64 or a sequence of numbers; an array of another type is refused, not cast.
fn floats<'py>(values: &Bound<'py, PyAny>) -> PyResult<Floats<'py>> {
    let Ok(array) = values.cast::<PyUntypedArray>() else {
        return values.extract().map(Floats::List);
    };
    if array.ndim() != 1 {
        return Err(PyTypeError::new_err(format!("values has {} dimensions: expected 1", array.ndim())));
    }
    match values.cast::<numpy::PyArray1<f64>>() {
        Ok(array) => Ok(Floats::Array(array.readonly())),
        Err(_) => Err(PyTypeError::new_err(format!("values has dtype {}: expected float64", array.dtype()))),
    }
}
