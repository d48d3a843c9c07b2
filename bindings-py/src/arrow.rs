//! The Arrow C data and stream interfaces: a table's columns handed over without copying.
//!
//! Structures and rules: <https://arrow.apache.org/docs/format/CDataInterface.html>,
//! `CStreamInterface.html` and `CDataInterface/PyCapsuleInterface.html`.

use crate::columns::{Column, Data};
use pyo3::prelude::*;
use pyo3::types::PyCapsule;
use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::ptr::null_mut;
use std::sync::Arc;

#[repr(C)]
struct ArrowSchema {
    format: *const c_char,
    name: *const c_char,
    metadata: *const c_char,
    flags: i64,
    n_children: i64,
    children: *mut *mut ArrowSchema,
    dictionary: *mut ArrowSchema,
    release: Option<unsafe extern "C" fn(*mut ArrowSchema)>,
    private_data: *mut c_void,
}

#[repr(C)]
struct ArrowArray {
    length: i64,
    null_count: i64,
    offset: i64,
    n_buffers: i64,
    n_children: i64,
    buffers: *mut *const c_void,
    children: *mut *mut ArrowArray,
    dictionary: *mut ArrowArray,
    release: Option<unsafe extern "C" fn(*mut ArrowArray)>,
    private_data: *mut c_void,
}

#[repr(C)]
struct ArrowArrayStream {
    get_schema: Option<unsafe extern "C" fn(*mut ArrowArrayStream, *mut ArrowSchema) -> c_int>,
    get_next: Option<unsafe extern "C" fn(*mut ArrowArrayStream, *mut ArrowArray) -> c_int>,
    get_last_error: Option<unsafe extern "C" fn(*mut ArrowArrayStream) -> *const c_char>,
    release: Option<unsafe extern "C" fn(*mut ArrowArrayStream)>,
    private_data: *mut c_void,
}

const FLAG_NULLABLE: i64 = 2;

/// What a schema points to.
struct SchemaParts {
    format: CString,
    name: CString,
    children: Vec<*mut ArrowSchema>,
    dictionary: Option<Box<ArrowSchema>>,
}

/// What an array points to.
struct ArrayParts {
    /// Keeps the buffers alive.
    _column: Option<Column>,
    buffers: Vec<*const c_void>,
    children: Vec<*mut ArrowArray>,
    dictionary: Option<Box<ArrowArray>>,
}

impl ArrowSchema {
    fn new(
        format: &CStr,
        name: &str,
        flags: i64,
        children: Vec<ArrowSchema>,
        dictionary: Option<ArrowSchema>,
    ) -> ArrowSchema {
        // A name in C ends at its first NUL.
        let name = CString::new(name.replace('\0', "\u{fffd}")).expect("no NUL is left");
        let children = children.into_iter().map(|child| Box::into_raw(Box::new(child))).collect();
        let dictionary = dictionary.map(Box::new);
        let mut parts = Box::new(SchemaParts { format: format.to_owned(), name, children, dictionary });
        ArrowSchema {
            format: parts.format.as_ptr(),
            name: parts.name.as_ptr(),
            metadata: std::ptr::null(),
            flags,
            n_children: parts.children.len() as i64,
            children: parts.children.as_mut_ptr(),
            dictionary: parts.dictionary.as_deref_mut().map_or(null_mut(), std::ptr::from_mut),
            release: Some(release_schema),
            private_data: Box::into_raw(parts).cast(),
        }
    }

    fn of_column(column: &Column) -> ArrowSchema {
        let dictionary =
            matches!(column.data, Data::Text(..)).then(|| ArrowSchema::new(c"u", "", 0, vec![], None));
        let format = match column.data {
            Data::I64(_) => c"l",
            Data::I32(_) | Data::Text(..) => c"i",
            Data::U16(_) => c"S",
            Data::F64(_) => c"g",
        };
        ArrowSchema::new(format, &column.name, FLAG_NULLABLE, vec![], dictionary)
    }

    fn of_table(columns: &[Column]) -> ArrowSchema {
        ArrowSchema::new(c"+s", "", 0, columns.iter().map(ArrowSchema::of_column).collect(), None)
    }
}

/// The release callback of [`ArrowSchema`].
unsafe extern "C" fn release_schema(schema: *mut ArrowSchema) {
    // SAFETY: the consumer calls this once with a schema that `ArrowSchema::new` filled; children and
    // dictionary that the consumer moved out have no release callback any more.
    unsafe {
        let parts = Box::from_raw((*schema).private_data.cast::<SchemaParts>());
        for child in parts.children {
            drop(Box::from_raw(child));
        }
        (*schema).release = None;
    }
}

impl Drop for ArrowSchema {
    fn drop(&mut self) {
        if let Some(release) = self.release {
            // SAFETY: a schema that still has its callback was not released.
            unsafe { release(self) }
        }
    }
}

impl ArrowArray {
    fn new(
        length: usize,
        nulls: usize,
        buffers: Vec<*const c_void>,
        children: Vec<ArrowArray>,
        dictionary: Option<ArrowArray>,
        column: Option<Column>,
    ) -> ArrowArray {
        let children = children.into_iter().map(|child| Box::into_raw(Box::new(child))).collect();
        let dictionary = dictionary.map(Box::new);
        let mut parts = Box::new(ArrayParts { _column: column, buffers, children, dictionary });
        ArrowArray {
            length: length as i64,
            null_count: nulls as i64,
            offset: 0,
            n_buffers: parts.buffers.len() as i64,
            n_children: parts.children.len() as i64,
            buffers: parts.buffers.as_mut_ptr(),
            children: parts.children.as_mut_ptr(),
            dictionary: parts.dictionary.as_deref_mut().map_or(null_mut(), std::ptr::from_mut),
            release: Some(release_array),
            private_data: Box::into_raw(parts).cast(),
        }
    }

    fn of_column(column: &Column) -> ArrowArray {
        let validity = column.validity.as_ref().map_or(std::ptr::null(), |bits| bits.as_slice().as_ptr());
        let mut dictionary = None;
        let items: *const c_void = match &column.data {
            Data::I64(items) => items.as_slice().as_ptr().cast(),
            Data::F64(items) => items.as_slice().as_ptr().cast(),
            Data::I32(items) => items.as_slice().as_ptr().cast(),
            Data::U16(items) => items.as_slice().as_ptr().cast(),
            Data::Text(indices, texts) => {
                let buffers =
                    vec![std::ptr::null(), texts.offsets.as_ptr().cast(), texts.bytes.as_ptr().cast()];
                dictionary =
                    Some(ArrowArray::new(texts.len(), 0, buffers, vec![], None, Some(column.clone())));
                indices.as_slice().as_ptr().cast()
            }
        };
        let buffers = vec![validity.cast(), items];
        ArrowArray::new(column.len(), column.nulls, buffers, vec![], dictionary, Some(column.clone()))
    }

    fn of_table(columns: &[Column]) -> ArrowArray {
        let rows = columns.first().map_or(0, Column::len);
        let children = columns.iter().map(ArrowArray::of_column).collect();
        ArrowArray::new(rows, 0, vec![std::ptr::null()], children, None, None)
    }

    /// What marks the end of a stream.
    fn released() -> ArrowArray {
        ArrowArray {
            length: 0,
            null_count: 0,
            offset: 0,
            n_buffers: 0,
            n_children: 0,
            buffers: null_mut(),
            children: null_mut(),
            dictionary: null_mut(),
            release: None,
            private_data: null_mut(),
        }
    }
}

/// The release callback of [`ArrowArray`].
unsafe extern "C" fn release_array(array: *mut ArrowArray) {
    // SAFETY: as for `release_schema`.
    unsafe {
        let parts = Box::from_raw((*array).private_data.cast::<ArrayParts>());
        for child in parts.children {
            drop(Box::from_raw(child));
        }
        (*array).release = None;
    }
}

impl Drop for ArrowArray {
    fn drop(&mut self) {
        if let Some(release) = self.release {
            // SAFETY: an array that still has its callback was not released.
            unsafe { release(self) }
        }
    }
}

/// A stream of one batch.
struct StreamParts {
    columns: Arc<[Column]>,
    done: bool,
}

unsafe extern "C" fn stream_schema(stream: *mut ArrowArrayStream, out: *mut ArrowSchema) -> c_int {
    // SAFETY: the consumer passes a live stream of ours and room for a schema.
    unsafe {
        let parts = &*(*stream).private_data.cast::<StreamParts>();
        out.write(ArrowSchema::of_table(&parts.columns));
    }
    0
}

unsafe extern "C" fn stream_next(stream: *mut ArrowArrayStream, out: *mut ArrowArray) -> c_int {
    // SAFETY: the consumer passes a live stream of ours, from one thread at a time, and room for an
    // array.
    unsafe {
        let parts = &mut *(*stream).private_data.cast::<StreamParts>();
        let done = std::mem::replace(&mut parts.done, true);
        out.write(if done { ArrowArray::released() } else { ArrowArray::of_table(&parts.columns) });
    }
    0
}

unsafe extern "C" fn stream_error(_: *mut ArrowArrayStream) -> *const c_char {
    std::ptr::null()
}

unsafe extern "C" fn release_stream(stream: *mut ArrowArrayStream) {
    // SAFETY: the consumer calls this once with a stream of ours.
    unsafe {
        drop(Box::from_raw((*stream).private_data.cast::<StreamParts>()));
        (*stream).release = None;
    }
}

impl Drop for ArrowArrayStream {
    fn drop(&mut self) {
        if let Some(release) = self.release {
            // SAFETY: a stream that still has its callback was not released.
            unsafe { release(self) }
        }
    }
}

// SAFETY: what the structures point to is `Send`, and moves with them.
unsafe impl Send for ArrowSchema {}
// SAFETY: as above.
unsafe impl Send for ArrowArrayStream {}

/// The capsule of `__arrow_c_schema__`.
pub(crate) fn schema_capsule<'py>(py: Python<'py>, columns: &[Column]) -> PyResult<Bound<'py, PyCapsule>> {
    PyCapsule::new_with_value(py, ArrowSchema::of_table(columns), c"arrow_schema")
}

/// The capsule of `__arrow_c_stream__`.
pub(crate) fn stream_capsule<'py>(
    py: Python<'py>,
    columns: &Arc<[Column]>,
) -> PyResult<Bound<'py, PyCapsule>> {
    let parts = Box::new(StreamParts { columns: columns.clone(), done: false });
    let stream = ArrowArrayStream {
        get_schema: Some(stream_schema),
        get_next: Some(stream_next),
        get_last_error: Some(stream_error),
        release: Some(release_stream),
        private_data: Box::into_raw(parts).cast(),
    };
    PyCapsule::new_with_value(py, stream, c"arrow_array_stream")
}
