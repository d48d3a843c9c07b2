//! Columns shared with Python: plain memory with an owner, seen by numpy and by Arrow.

use numpy::ndarray::ArrayView1;
use numpy::{Element, PyArray1, PyArrayMethods};
use pyo3::prelude::*;
use std::any::Any;
use std::sync::Arc;

/// What keeps a buffer's memory alive.
type Owner = Arc<dyn Any + Send + Sync>;

/// Items that stay where they are, unchanged, while the owner lives.
#[derive(Clone)]
pub(crate) struct Buffer<T> {
    start: *const T,
    len: usize,
    owner: Owner,
}

// SAFETY: the items are only read, and the owner is `Send + Sync`.
unsafe impl<T: Sync> Send for Buffer<T> {}
// SAFETY: as above.
unsafe impl<T: Sync> Sync for Buffer<T> {}

impl<T: Send + Sync + 'static> Buffer<T> {
    /// A buffer of its own.
    pub(crate) fn from_vec(items: Vec<T>) -> Buffer<T> {
        Buffer::part_of(&Arc::new(items), Vec::as_slice)
    }

    /// The part of `owner` that `part` names. A value behind an `Arc` is not changed while another
    /// `Arc` of it lives, so the part stays where it is; `owner` has no interior mutability.
    pub(crate) fn part_of<O: Send + Sync + 'static>(
        owner: &Arc<O>,
        part: impl FnOnce(&O) -> &[T],
    ) -> Buffer<T> {
        let items = part(owner);
        Buffer { start: items.as_ptr(), len: items.len(), owner: owner.clone() }
    }

    /// The items.
    pub(crate) fn as_slice(&self) -> &[T] {
        // SAFETY: the owner, alive with self, keeps `len` items at `start`.
        unsafe { std::slice::from_raw_parts(self.start, self.len) }
    }
}

impl<T: Element + Send + Sync + 'static> Buffer<T> {
    /// A read-only numpy array over the same memory, whose base keeps the owner alive.
    pub(crate) fn to_numpy<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyArray1<T>>> {
        let base = Bound::new(py, Memory { _owner: self.owner.clone() })?;
        let view = ArrayView1::from(self.as_slice());
        // SAFETY: the base object holds the owner, which keeps the items where they are.
        let array = unsafe { PyArray1::borrow_from_array(&view, base.into_any()) };
        array.readwrite().make_nonwriteable();
        Ok(array)
    }
}

/// The base object of numpy arrays.
#[pyclass(frozen, module = "streamgauge._native")]
struct Memory {
    _owner: Owner,
}

/// The items of a column.
#[derive(Clone)]
pub(crate) enum Data {
    I64(Buffer<i64>),
    I32(Buffer<i32>),
    U16(Buffer<u16>),
    F64(Buffer<f64>),
    /// Indices into distinct texts.
    Text(Buffer<i32>, Arc<Texts>),
}

/// Distinct texts as Arrow has them: text `i` is `bytes[offsets[i]..offsets[i + 1]]`.
pub(crate) struct Texts {
    pub(crate) offsets: Vec<i32>,
    pub(crate) bytes: Vec<u8>,
}

impl Texts {
    /// The texts in order; `None` where they are longer than 2 GiB in all.
    pub(crate) fn new<'a>(texts: impl Iterator<Item = &'a str>) -> Option<Texts> {
        let mut all = Texts { offsets: vec![0], bytes: Vec::new() };
        for text in texts {
            all.bytes.extend_from_slice(text.as_bytes());
            all.offsets.push(i32::try_from(all.bytes.len()).ok()?);
        }
        Some(all)
    }

    pub(crate) fn len(&self) -> usize {
        self.offsets.len() - 1
    }

    pub(crate) fn get(&self, index: usize) -> &str {
        let range = self.offsets[index] as usize..self.offsets[index + 1] as usize;
        std::str::from_utf8(&self.bytes[range]).expect("made of texts")
    }
}

/// A named column; without a validity bitmap every item is valid.
#[derive(Clone)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) data: Data,
    /// One bit an item, least significant first.
    pub(crate) validity: Option<Buffer<u8>>,
    pub(crate) nulls: usize,
    /// Numbers of which those that are absent are NaN, so that numpy needs no mask.
    pub(crate) nan: bool,
}

impl Column {
    /// A column without nulls.
    pub(crate) fn new(name: impl Into<String>, data: Data) -> Column {
        Column { name: name.into(), data, validity: None, nulls: 0, nan: false }
    }

    pub(crate) fn len(&self) -> usize {
        match &self.data {
            Data::I64(items) => items.len,
            Data::I32(items) | Data::Text(items, _) => items.len,
            Data::U16(items) => items.len,
            Data::F64(items) => items.len,
        }
    }

    fn is_valid(&self, index: usize) -> bool {
        self.validity.as_ref().is_none_or(|bits| bits.as_slice()[index / 8] >> (index % 8) & 1 == 1)
    }

    /// Which items are valid, as a numpy array of bool; `None` where all are.
    pub(crate) fn valid<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyArray1<bool>>> {
        self.validity.as_ref()?;
        Some(PyArray1::from_iter(py, (0..self.len()).map(|index| self.is_valid(index))))
    }

    /// The items as a numpy array over the same memory; the masked kind where there are nulls that are
    /// not NaN. Texts become an array of objects.
    pub(crate) fn to_numpy<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        if self.nan { self.items(py) } else { self.masked(py) }
    }

    /// [`Column::to_numpy`], and of the masked kind wherever there are nulls.
    pub(crate) fn masked<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let items = self.items(py)?;
        let Some(valid) = self.valid(py) else { return Ok(items) };
        let numpy = py.import("numpy")?;
        let mask = numpy.call_method1("logical_not", (valid,))?;
        numpy.getattr("ma")?.call_method1("MaskedArray", (items, mask))
    }

    /// The items without regard to nulls.
    pub(crate) fn items<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        Ok(match &self.data {
            Data::I64(items) => items.to_numpy(py)?.into_any(),
            Data::I32(items) => items.to_numpy(py)?.into_any(),
            Data::U16(items) => items.to_numpy(py)?.into_any(),
            Data::F64(items) => items.to_numpy(py)?.into_any(),
            Data::Text(indices, texts) => {
                let distinct: Vec<&str> = (0..texts.len()).map(|index| texts.get(index)).collect();
                let numpy = py.import("numpy")?;
                let distinct = numpy.call_method1("array", (distinct, "O"))?;
                if texts.len() == 0 {
                    return numpy.call_method1("full", (indices.len, py.None(), "O"));
                }
                distinct.get_item(indices.to_numpy(py)?)?
            }
        })
    }
}

impl From<Vec<i64>> for Data {
    fn from(items: Vec<i64>) -> Data {
        Data::I64(Buffer::from_vec(items))
    }
}

impl From<Vec<f64>> for Data {
    fn from(items: Vec<f64>) -> Data {
        Data::F64(Buffer::from_vec(items))
    }
}

impl From<Vec<u16>> for Data {
    fn from(items: Vec<u16>) -> Data {
        Data::U16(Buffer::from_vec(items))
    }
}
