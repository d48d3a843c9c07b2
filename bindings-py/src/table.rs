//! Tables of columns as Python sees them.

use crate::arrow;
use crate::columns::{Buffer, Column, Data, Texts};
use crate::error::{invalid, to_py};
use numpy::{PyArray1, PyReadonlyArray1};
use pyo3::exceptions::PyKeyError;
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyDict, PyList, PyTuple, PyType};
use std::sync::Arc;
use streamgauge::run::{Buckets, Freezes, Gaps, Latency, Run, Series};
use streamgauge::{Error, ErrorKind};

/// What pickle hands back: the class, its columns, its attributes.
type Rebuild<'py> = (Bound<'py, PyType>, Bound<'py, PyList>, Bound<'py, PyDict>);

/// Columns of equal length.
#[pyclass(name = "Table", frozen, subclass, module = "streamgauge._native")]
pub(crate) struct PyTable {
    columns: Arc<[Column]>,
}

impl PyTable {
    pub(crate) fn new(columns: Vec<Column>) -> PyTable {
        PyTable { columns: columns.into() }
    }

    fn rows(&self) -> usize {
        self.columns.first().map_or(0, Column::len)
    }

    fn column(&self, name: &str) -> PyResult<&Column> {
        let found = self.columns.iter().find(|column| column.name == name);
        found.ok_or_else(|| PyKeyError::new_err(name.to_owned()))
    }

    fn at<'py>(&self, py: Python<'py>, index: usize) -> PyResult<Bound<'py, PyAny>> {
        self.columns[index].to_numpy(py)
    }
}

#[pymethods]
impl PyTable {
    fn __len__(&self) -> usize {
        self.rows()
    }

    fn keys(&self) -> Vec<&str> {
        self.columns.iter().map(|column| column.name.as_str()).collect()
    }

    fn __getitem__<'py>(&self, py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyAny>> {
        self.column(name)?.to_numpy(py)
    }

    fn __contains__(&self, name: &str) -> bool {
        self.columns.iter().any(|column| column.name == name)
    }

    fn __iter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let lists = self.columns.iter().map(|column| column.masked(py)?.call_method0("tolist"));
        let lists = PyTuple::new(py, lists.collect::<PyResult<Vec<_>>>()?)?;
        py.import("streamgauge._types")?.call_method1("rows", (self.keys(), lists))
    }

    fn valid<'py>(&self, py: Python<'py>, name: &str) -> PyResult<Option<Bound<'py, PyArray1<bool>>>> {
        Ok(self.column(name)?.valid(py))
    }

    #[pyo3(signature = (requested_schema = None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        // A request is a wish that a producer may leave to the consumer's own cast.
        drop(requested_schema);
        arrow::stream_capsule(py, &self.columns)
    }

    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        arrow::schema_capsule(py, &self.columns)
    }

    fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
        let table = slf.get();
        let name = slf.get_type().name()?.to_string();
        Ok(format!("<{name}: {} rows of {}>", table.rows(), table.keys().join(", ")))
    }

    fn _repr_html_<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.py().import("streamgauge._repr")?.call_method1("table_html", (slf,))
    }

    fn __eq__(slf: &Bound<'_, Self>, other: &Bound<'_, PyAny>) -> PyResult<bool> {
        if !slf.get_type().is(other.get_type()) {
            return Ok(false);
        }
        let same = slf.py().import("streamgauge._types")?.getattr("same_table")?;
        same.call1((slf, other))?.extract()
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<(Bound<'py, PyAny>, Rebuild<'py>)> {
        let py = slf.py();
        let columns = PyList::empty(py);
        for column in slf.get().columns.iter() {
            columns.append((&column.name, column.items(py)?, column.valid(py), column.nan))?;
        }
        let attributes = PyDict::new(py);
        for name in ["family", "labels", "last_open", "last_partial", "truncated"] {
            if let Some(value) = slf.getattr_opt(name)? {
                attributes.set_item(name, value)?;
            }
        }
        let restore = py.import("streamgauge._native")?.getattr("_restore")?;
        Ok((restore, (slf.get_type(), columns, attributes)))
    }
}

/// Rebuilds a pickled table.
#[pyfunction]
pub(crate) fn _restore<'py>(
    class: &Bound<'py, PyType>,
    columns: &Bound<'py, PyList>,
    attributes: &Bound<'py, PyDict>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = class.py();
    let mut restored = Vec::new();
    for item in columns {
        type Parts<'py> = (String, Bound<'py, PyAny>, Option<PyReadonlyArray1<'py, bool>>, bool);
        let (name, items, valid, nan): Parts<'_> = item.extract()?;
        let data = if let Ok(items) = items.extract::<PyReadonlyArray1<'_, i64>>() {
            Data::I64(Buffer::from_vec(items.as_slice()?.to_vec()))
        } else if let Ok(items) = items.extract::<PyReadonlyArray1<'_, i32>>() {
            Data::I32(Buffer::from_vec(items.as_slice()?.to_vec()))
        } else if let Ok(items) = items.extract::<PyReadonlyArray1<'_, u16>>() {
            Data::U16(Buffer::from_vec(items.as_slice()?.to_vec()))
        } else if let Ok(items) = items.extract::<PyReadonlyArray1<'_, f64>>() {
            Data::F64(Buffer::from_vec(items.as_slice()?.to_vec()))
        } else {
            let texts: Vec<Option<String>> = items.call_method0("tolist")?.extract()?;
            text_data(py, texts.iter().map(|text| text.as_deref().unwrap_or_default()))?
        };
        let mut column = Column { nan, ..Column::new(name, data) };
        if let Some(valid) = valid {
            set_validity(&mut column, valid.as_slice()?.iter().copied());
        }
        restored.push(column);
    }
    let lengths: Vec<usize> = restored.iter().map(Column::len).collect();
    let counts = (restored.len(), lengths.windows(2).all(|pair| pair[0] == pair[1]));
    let flag = |name: &str| -> PyResult<bool> { attributes.as_any().get_item(name)?.extract() };
    let base = PyClassInitializer::from(PyTable::new(restored));
    let is = |other: Bound<'_, PyType>| class.is(&other);
    if !counts.1 {
        return Err(invalid(py, "the pickled columns differ in length"));
    }
    Ok(if is(py.get_type::<PyFrames>()) && counts.0 == 5 {
        Bound::new(py, base.add_subclass(PyFrames))?.into_any()
    } else if is(py.get_type::<PyLatency>()) && counts.0 == 2 {
        Bound::new(py, base.add_subclass(PyLatency))?.into_any()
    } else if is(py.get_type::<PyGaps>()) && counts.0 == 2 {
        Bound::new(py, base.add_subclass(PyGaps))?.into_any()
    } else if is(py.get_type::<PyFreezes>()) && counts.0 == 2 {
        Bound::new(py, base.add_subclass(PyFreezes { last_open: flag("last_open")? }))?.into_any()
    } else if is(py.get_type::<PyBuckets>()) && counts.0 == 3 {
        let buckets = PyBuckets { last_partial: flag("last_partial")?, truncated: flag("truncated")? };
        Bound::new(py, base.add_subclass(buckets))?.into_any()
    } else if is(py.get_type::<PySeries>()) && counts.0 == 2 {
        let family = attributes.as_any().get_item("family")?.extract()?;
        let labels: Bound<'_, PyDict> = attributes.as_any().get_item("labels")?.cast_into()?;
        let labels = labels
            .iter()
            .map(|(label, value)| Ok((label.extract()?, value.extract()?)))
            .collect::<PyResult<Vec<_>>>()?;
        Bound::new(py, base.add_subclass(PySeries { family, labels }))?.into_any()
    } else if is(py.get_type::<PyTable>()) {
        Bound::new(py, base)?.into_any()
    } else {
        return Err(invalid(py, format!("no table {class} of {} columns", counts.0)));
    })
}

/// A column of numbers, of which some may be absent.
pub(crate) fn nullable<T: Default>(name: &str, values: impl Iterator<Item = Option<T>>) -> Column
where
    Vec<T>: Into<Data>,
{
    let values: Vec<Option<T>> = values.collect();
    let valid: Vec<bool> = values.iter().map(Option::is_some).collect();
    let items: Vec<T> = values.into_iter().map(Option::unwrap_or_default).collect();
    let mut column = Column::new(name, items.into());
    if valid.contains(&false) {
        set_validity(&mut column, valid.into_iter());
    }
    column
}

/// A column of numbers, NaN where absent.
pub(crate) fn measured(name: &str, values: Vec<f64>) -> Column {
    let valid: Vec<bool> = values.iter().map(|value| !value.is_nan()).collect();
    let mut column = Column { nan: true, ..Column::new(name, values.into()) };
    if valid.contains(&false) {
        set_validity(&mut column, valid.into_iter());
    }
    column
}

/// Says of each item whether it is valid.
pub(crate) fn set_validity(column: &mut Column, valid: impl Iterator<Item = bool>) {
    let mut bits = streamgauge::run::Bitmap::default();
    valid.for_each(|valid| bits.push(valid));
    column.nulls = bits.count_unset();
    column.validity = Some(Buffer::from_vec(bits.as_bytes().to_vec()));
}

/// A column of texts, each distinct one once.
fn text_data<'a>(py: Python<'_>, texts: impl Iterator<Item = &'a str>) -> PyResult<Data> {
    let mut seen = std::collections::HashMap::new();
    let mut distinct = Vec::new();
    let mut indices = Vec::new();
    for text in texts {
        let next = distinct.len() as i32;
        indices.push(*seen.entry(text).or_insert_with(|| {
            distinct.push(text);
            next
        }));
    }
    Ok(Data::Text(Buffer::from_vec(indices), texts_of(py, distinct.into_iter())?))
}

fn texts_of<'a>(py: Python<'_>, texts: impl Iterator<Item = &'a str>) -> PyResult<Arc<Texts>> {
    let too_long = || Error::new(ErrorKind::CapacityExceeded, "the labels are longer than 2 GiB in all");
    Ok(Arc::new(Texts::new(texts).ok_or_else(|| to_py(py, &too_long()))?))
}

/// Received frames.
#[pyclass(name = "Frames", extends = PyTable, frozen, module = "streamgauge._native")]
pub(crate) struct PyFrames;

#[pymethods]
impl PyFrames {
    #[getter]
    fn recv_us<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.as_super().get().at(slf.py(), 0)
    }

    #[getter]
    fn frame_id<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.as_super().get().at(slf.py(), 1)
    }

    #[getter]
    fn user_timestamp_us<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.as_super().get().at(slf.py(), 2)
    }

    #[getter]
    fn width<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.as_super().get().at(slf.py(), 3)
    }

    #[getter]
    fn height<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.as_super().get().at(slf.py(), 4)
    }
}

/// The frames of a run, over the run's own memory.
pub(crate) fn frames<'py>(py: Python<'py>, run: &Arc<Run>) -> PyResult<Bound<'py, PyFrames>> {
    macro_rules! column {
        ($name:ident, $kind:ident) => {
            Column {
                name: stringify!($name).into(),
                data: Data::$kind(Buffer::part_of(run, |run| &run.frames.$name.values)),
                validity: run.frames.$name.validity.as_ref().map(|_| {
                    Buffer::part_of(run, |run| {
                        run.frames.$name.validity.as_ref().map_or(&[][..], |bits| bits.as_bytes())
                    })
                }),
                nulls: run.frames.$name.null_count(),
                nan: false,
            }
        };
    }
    let table = PyTable::new(vec![
        Column::new("recv_us", Data::I64(Buffer::part_of(run, |run| &run.frames.recv_us))),
        column!(frame_id, I64),
        column!(user_timestamp_us, I64),
        column!(width, I32),
        column!(height, I32),
    ]);
    Bound::new(py, PyClassInitializer::from(table).add_subclass(PyFrames))
}

/// One label set of a family with its samples.
#[pyclass(name = "Series", extends = PyTable, frozen, module = "streamgauge._native")]
pub(crate) struct PySeries {
    #[pyo3(get)]
    family: String,
    labels: Vec<(String, String)>,
}

#[pymethods]
impl PySeries {
    #[getter]
    fn labels<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let labels = PyDict::new(py);
        self.labels.iter().try_for_each(|(label, value)| labels.set_item(label, value))?;
        Ok(labels)
    }

    #[getter]
    fn t_us<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.as_super().get().at(slf.py(), 0)
    }

    #[getter]
    fn values<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.as_super().get().at(slf.py(), 1)
    }

    fn __repr__(slf: &Bound<'_, Self>) -> String {
        let series = slf.get();
        format!(
            "<Series {}: {} samples>",
            metric_text(&series.family, &series.labels),
            slf.as_super().get().rows()
        )
    }
}

/// The series of a run at `index`, over the run's own memory.
pub(crate) fn series<'py>(py: Python<'py>, run: &Arc<Run>, index: usize) -> PyResult<Bound<'py, PySeries>> {
    let table = PyTable::new(vec![
        Column::new("t_us", Data::I64(Buffer::part_of(run, |run| &run.prom.series()[index].t_us))),
        Column::new("values", Data::F64(Buffer::part_of(run, |run| &run.prom.series()[index].values))),
    ]);
    let Series { family, labels, .. } = &run.prom.series()[index];
    let series = PySeries { family: family.clone(), labels: labels.clone() };
    Bound::new(py, PyClassInitializer::from(table).add_subclass(series))
}

fn metric_text(family: &str, labels: &[(String, String)]) -> String {
    let mut selector = streamgauge::run::Selector::new(family);
    for (label, value) in labels {
        selector = selector.equal(label, value);
    }
    selector.to_string()
}

/// More label names than this do not become columns of the table of all samples.
const LABELS_MAX: usize = 100;

/// Every sample of the series at `indices` as one table: time, value, family, the labels as one
/// text, and a column for each label (null where a series does not have it).
pub(crate) fn samples<'py>(py: Python<'py>, run: &Run, indices: &[usize]) -> PyResult<Bound<'py, PyTable>> {
    let all: Vec<&Series> = indices.iter().map(|index| &run.prom.series()[*index]).collect();
    let repeated = |of_series: &dyn Fn(usize) -> i32| -> Buffer<i32> {
        let counted = all.iter().enumerate();
        Buffer::from_vec(
            counted.flat_map(|(at, s)| std::iter::repeat_n(of_series(at), s.t_us.len())).collect(),
        )
    };
    let mut names: Vec<&str> =
        all.iter().flat_map(|s| s.labels.iter().map(|(label, _)| label.as_str())).collect();
    names.sort_unstable();
    names.dedup();
    if names.len() > LABELS_MAX {
        let text = format!(
            "samples have {} label names, more than {LABELS_MAX}: choose a family, such as samples(\"name\")",
            names.len()
        );
        return Err(to_py(py, &Error::new(ErrorKind::CapacityExceeded, text)));
    }
    let text_column = |name: String, texts: Vec<Option<&str>>| -> PyResult<Column> {
        let data = text_data(py, texts.iter().map(|text| text.unwrap_or_default()))?;
        let Data::Text(of_series, distinct) = data else { unreachable!("text_data makes texts") };
        let indices = repeated(&|at| of_series.as_slice()[at]);
        let mut column = Column::new(name, Data::Text(indices, distinct));
        if texts.iter().any(Option::is_none) {
            let valid = all.iter().zip(&texts);
            set_validity(
                &mut column,
                valid.flat_map(|(s, text)| std::iter::repeat_n(text.is_some(), s.t_us.len())),
            );
        }
        Ok(column)
    };
    let metrics: Vec<String> = all.iter().map(|s| metric_text("", &s.labels)).collect();
    let mut columns = vec![
        Column::new("t_us", all.iter().flat_map(|s| s.t_us.iter().copied()).collect::<Vec<_>>().into()),
        Column::new("value", all.iter().flat_map(|s| s.values.iter().copied()).collect::<Vec<_>>().into()),
        text_column("family".into(), all.iter().map(|s| Some(s.family.as_str())).collect())?,
        text_column("labels".into(), metrics.iter().map(|text| Some(text.as_str())).collect())?,
    ];
    for name in names {
        let value = |s: &&Series| s.labels.iter().position(|(label, _)| label == name);
        let texts: Vec<Option<&str>> =
            all.iter().map(|s| value(s).map(|at| s.labels[at].1.as_str())).collect();
        let taken = columns.iter().any(|column| column.name == name);
        let name = if taken { format!("label_{name}") } else { name.to_owned() };
        columns.push(text_column(name, texts)?);
    }
    Bound::new(py, PyTable::new(columns))
}

/// One-way latency of frames.
#[pyclass(name = "Latency", extends = PyTable, frozen, module = "streamgauge._native")]
pub(crate) struct PyLatency;

#[pymethods]
impl PyLatency {
    #[getter]
    fn t_us<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.as_super().get().at(slf.py(), 0)
    }

    #[getter]
    fn latency_ms<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.as_super().get().at(slf.py(), 1)
    }
}

pub(crate) fn latency(py: Python<'_>, latency: Latency) -> PyResult<Bound<'_, PyLatency>> {
    let table = PyTable::new(vec![
        Column::new("t_us", latency.t_us.into()),
        Column::new("latency_ms", latency.latency_ms.into()),
    ]);
    Bound::new(py, PyClassInitializer::from(table).add_subclass(PyLatency))
}

/// Places where frames are missing.
#[pyclass(name = "Gaps", extends = PyTable, frozen, module = "streamgauge._native")]
pub(crate) struct PyGaps;

#[pymethods]
impl PyGaps {
    #[getter]
    fn t_us<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.as_super().get().at(slf.py(), 0)
    }

    #[getter]
    fn missing<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.as_super().get().at(slf.py(), 1)
    }
}

pub(crate) fn gaps(py: Python<'_>, gaps: Gaps) -> PyResult<Bound<'_, PyGaps>> {
    let exact = |missing: i128| {
        i64::try_from(missing).map_err(|_| {
            let text = format!("a gap of {missing} frames does not fit 64 bits");
            to_py(py, &Error::new(ErrorKind::OutOfRange, text))
        })
    };
    let missing = gaps.missing.into_iter().map(exact).collect::<PyResult<Vec<i64>>>()?;
    let table =
        PyTable::new(vec![Column::new("t_us", gaps.t_us.into()), Column::new("missing", missing.into())]);
    Bound::new(py, PyClassInitializer::from(table).add_subclass(PyGaps))
}

/// Frozen video.
#[pyclass(name = "Freezes", extends = PyTable, frozen, module = "streamgauge._native")]
pub(crate) struct PyFreezes {
    #[pyo3(get)]
    last_open: bool,
}

#[pymethods]
impl PyFreezes {
    #[getter]
    fn start_us<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.as_super().get().at(slf.py(), 0)
    }

    #[getter]
    fn duration_us<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.as_super().get().at(slf.py(), 1)
    }
}

pub(crate) fn freezes(py: Python<'_>, freezes: Freezes) -> PyResult<Bound<'_, PyFreezes>> {
    let table = PyTable::new(vec![
        Column::new("start_us", freezes.start_us.into()),
        Column::new("duration_us", freezes.duration_us.into()),
    ]);
    let freezes = PyFreezes { last_open: freezes.last_open };
    Bound::new(py, PyClassInitializer::from(table).add_subclass(freezes))
}

/// A rate in buckets of one second.
#[pyclass(name = "Buckets", extends = PyTable, frozen, module = "streamgauge._native")]
pub(crate) struct PyBuckets {
    #[pyo3(get)]
    last_partial: bool,
    #[pyo3(get)]
    truncated: bool,
}

#[pymethods]
impl PyBuckets {
    #[getter]
    fn start_us<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.as_super().get().at(slf.py(), 0)
    }

    #[getter]
    fn per_s<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.as_super().get().at(slf.py(), 1)
    }

    #[getter]
    fn covered_us<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.as_super().get().at(slf.py(), 2)
    }
}

pub(crate) fn buckets(py: Python<'_>, buckets: Buckets) -> PyResult<Bound<'_, PyBuckets>> {
    let table = PyTable::new(vec![
        Column::new("start_us", buckets.start_us.into()),
        Column::new("per_s", buckets.per_s.into()),
        Column::new("covered_us", buckets.covered_us.into()),
    ]);
    let buckets = PyBuckets { last_partial: buckets.last_partial, truncated: buckets.truncated };
    Bound::new(py, PyClassInitializer::from(table).add_subclass(buckets))
}
