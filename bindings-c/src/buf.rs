//! Text and bytes across the boundary.

use std::ffi::c_char;

use sg_core::{Error, ErrorKind};

use crate::guard::Fault;

/// Text that somebody else owns: UTF-8, not NUL-terminated.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct sg_str {
    /// First byte; NULL when empty.
    pub data: *const c_char,
    /// Number of bytes.
    pub len: usize,
}

impl sg_str {
    pub(crate) fn of(text: &str) -> sg_str {
        sg_str { data: start(text.as_bytes()).cast(), len: text.len() }
    }

    /// # Safety
    /// What it points to must be alive.
    #[cfg(test)]
    pub(crate) unsafe fn text<'a>(self) -> &'a str {
        if self.data.is_null() {
            return "";
        }
        // SAFETY: made by `of` from a str that the caller knows to be alive.
        unsafe { str::from_utf8_unchecked(std::slice::from_raw_parts(self.data.cast(), self.len)) }
    }
}

/// Bytes that belong to the caller until `sg_buf_free`. Not NUL-terminated.
#[repr(C)]
pub struct sg_buf {
    /// First byte; NULL when empty.
    pub data: *mut u8,
    /// Number of bytes.
    pub len: usize,
}

impl sg_buf {
    pub(crate) fn of(bytes: impl Into<Box<[u8]>>) -> sg_buf {
        let bytes = bytes.into();
        if bytes.is_empty() {
            return sg_buf { data: std::ptr::null_mut(), len: 0 };
        }
        let len = bytes.len();
        sg_buf { data: Box::into_raw(bytes).cast(), len }
    }
}

/// Frees what a call wrote into `*buf` and empties it, so that a second call does nothing. NULL and an
/// empty buffer are allowed. May be called from any thread.
///
/// # Safety
/// `*buf` was written by this library, or is empty.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_buf_free(buf: *mut sg_buf) {
    // SAFETY: `buf` is NULL or points to a buffer, see above.
    let Some(buf) = (unsafe { buf.as_mut() }) else { return };
    if !buf.data.is_null() {
        // SAFETY: data and len came out of a Box<[u8]> in `sg_buf::of`.
        drop(unsafe { Box::from_raw(std::ptr::slice_from_raw_parts_mut(buf.data, buf.len)) });
    }
    *buf = sg_buf { data: std::ptr::null_mut(), len: 0 };
}

/// The caller's array `name`. NULL is the empty array, but only with length 0.
///
/// # Safety
/// `data` is NULL or points to `len` values that stay unchanged during the call.
pub(crate) unsafe fn slice<'a, T>(data: *const T, len: usize, name: &str) -> Result<&'a [T], Fault> {
    if data.is_null() {
        return if len == 0 {
            Ok(&[])
        } else {
            Err(Fault::invalid(format!("{name} is NULL with length {len}")))
        };
    }
    if !data.is_aligned() || len > isize::MAX as usize / size_of::<T>().max(1) {
        return Err(Fault::invalid(format!("{name} is misaligned, or its length {len} is impossible")));
    }
    // SAFETY: not NULL, aligned, of a possible size; the rest is the caller's promise.
    Ok(unsafe { std::slice::from_raw_parts(data, len) })
}

/// The caller's text `name`.
///
/// # Safety
/// As for [`slice`].
pub(crate) unsafe fn text<'a>(data: *const c_char, len: usize, name: &str) -> Result<&'a str, Fault> {
    // SAFETY: the caller's promise, passed on.
    let bytes = unsafe { slice::<u8>(data.cast(), len, name) }?;
    str::from_utf8(bytes).map_err(|e| Fault::invalid(format!("{name} is not UTF-8: {e}")))
}

/// Where an array begins that the caller may read; NULL when it is empty.
pub(crate) fn start<T>(of: &[T]) -> *const T {
    // What Rust has for an empty one is no address, and Go ends a program that finds it in a pointer.
    if of.is_empty() { std::ptr::null() } else { of.as_ptr() }
}

/// Where the caller wants a result.
///
/// # Safety
/// `out` is NULL or points to a `T` that may be written.
pub(crate) unsafe fn output<T>(out: *mut T, name: &str) -> Result<*mut T, Fault> {
    if out.is_null() || !out.is_aligned() {
        return Err(Fault::invalid(format!("{name} is NULL or misaligned")));
    }
    Ok(out)
}

/// A value as JSON.
pub(crate) fn json(value: &impl serde::Serialize) -> Result<sg_buf, Fault> {
    let bytes = serde_json::to_vec(value).map_err(|e| Error::new(ErrorKind::Unsupported, e.to_string()))?;
    Ok(sg_buf::of(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_is_freed_once() {
        let mut buf = sg_buf::of("text".as_bytes());
        assert_eq!(buf.len, 4);
        // SAFETY: made above; the second call and NULL find nothing.
        unsafe {
            sg_buf_free(&mut buf);
            sg_buf_free(&mut buf);
            sg_buf_free(std::ptr::null_mut());
        }
        assert!(buf.data.is_null());
        assert!(sg_buf::of(Vec::new()).data.is_null() && sg_str::of("").data.is_null());
    }

    #[test]
    fn null_is_the_empty_array_only() {
        // SAFETY: NULL is never read; the text is alive.
        unsafe {
            assert_eq!(slice::<f64>(std::ptr::null(), 0, "values").unwrap(), &[] as &[f64]);
            assert!(slice::<f64>(std::ptr::null(), 3, "values").is_err());
            assert!(slice::<f64>(std::ptr::without_provenance(1), 3, "values").is_err());
            assert!(slice::<f64>(std::ptr::without_provenance(8), usize::MAX, "values").is_err());
            assert!(text(b"\xff".as_ptr().cast(), 1, "path").is_err());
            assert!(output::<f64>(std::ptr::null_mut(), "out").is_err());
        }
    }
}
