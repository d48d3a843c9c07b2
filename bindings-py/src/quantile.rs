//! `quantile` of an array.

use crate::arrays::items;
use crate::error::{to_py, work};
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
    let values = items::<f64>("values", values)?;
    let values = values.as_slice();
    work(py, || quantile_checked(&values, q, method))
}
