//! Structs that grow at their end: a caller may know fewer fields than this library, or more.

use sg_core::{Error, ErrorKind};

use crate::buf::slice;
use crate::guard::Fault;

/// A struct that a caller fills.
///
/// # Safety
/// Every field may hold any bits; all zero is what an absent field means.
pub(crate) unsafe trait Plain: Copy {}

/// The caller's struct `name`: absent fields are zero, unknown ones must be. NULL with size 0 is all zero.
///
/// # Safety
/// `data` is NULL or points to `size` bytes.
pub(crate) unsafe fn input<T: Plain>(data: *const T, size: usize, name: &str) -> Result<T, Fault> {
    let known = size_of::<T>();
    // SAFETY: the caller's promise; bytes have no alignment.
    let bytes = unsafe { slice(data.cast::<u8>(), size, name) }?;
    if bytes.iter().skip(known).any(|byte| *byte != 0) {
        let message = format!("{name} has {size} bytes of which this library knows {known}");
        return Err(Error::new(ErrorKind::Unsupported, message).into());
    }
    // SAFETY: `Plain` allows zeros and any bits; both sides have at least the bytes that are copied.
    unsafe {
        let mut copy = std::mem::zeroed::<T>();
        std::ptr::copy_nonoverlapping(bytes.as_ptr(), (&raw mut copy).cast::<u8>(), size.min(known));
        Ok(copy)
    }
}

/// Where the caller wants a struct of which it knows `size` bytes.
pub(crate) struct Output<T> {
    out: *mut T,
    size: usize,
}

impl<T: Copy> Output<T> {
    /// A place that must be there.
    pub(crate) fn new(out: *mut T, size: usize, name: &str) -> Result<Output<T>, Fault> {
        if out.is_null() || !out.is_aligned() || size > isize::MAX as usize {
            return Err(Fault::invalid(format!("{name} is NULL or misaligned, or its size is impossible")));
        }
        Ok(Output { out, size })
    }

    /// A place that may be NULL with size 0: the caller does not want to know.
    pub(crate) fn optional(out: *mut T, size: usize, name: &str) -> Result<Output<T>, Fault> {
        if out.is_null() && size == 0 { Ok(Output { out, size }) } else { Output::new(out, size, name) }
    }

    /// A plain place, of a type that never grows, which may be left out as NULL.
    pub(crate) fn maybe(out: *mut T, name: &str) -> Result<Output<T>, Fault> {
        Output::optional(out, if out.is_null() { 0 } else { size_of::<T>() }, name)
    }

    /// Fields that only this library knows are left out, those that only the caller knows are zeroed.
    ///
    /// # Safety
    /// The place given to `new` has as many bytes as was said, and may be written.
    pub(crate) unsafe fn write(self, value: T) {
        let known = size_of::<T>().min(self.size);
        let bytes = self.out.cast::<u8>();
        if known > 0 {
            // SAFETY: the caller's promise; the value has at least `known` bytes.
            unsafe {
                std::ptr::copy_nonoverlapping((&raw const value).cast::<u8>(), bytes, known);
                bytes.add(known).write_bytes(0, self.size - known);
            }
        }
    }
}

/// Writes values to the caller's array `out` of `capacity` elements of `size` bytes; further values are left
/// out. NULL is allowed with capacity 0.
///
/// # Safety
/// `out` has as many bytes as was said, and may be written.
pub(crate) unsafe fn write_array<T: Copy>(
    out: *mut T,
    size: usize,
    capacity: usize,
    values: impl Iterator<Item = T>,
) -> Result<(), Fault> {
    if capacity > 0 && !size.is_multiple_of(align_of::<T>()) {
        return Err(Fault::invalid(format!("out has elements of {size} bytes, which are misaligned")));
    }
    for (index, value) in values.take(capacity).enumerate() {
        let at = out.cast::<u8>().wrapping_add(index.wrapping_mul(size)).cast();
        // SAFETY: the caller's promise, for an element within the array.
        unsafe { Output::new(at, size, "out")?.write(value) };
    }
    Ok(())
}

/// A limit of the caller's, 0 for the default.
pub(crate) fn fitted(value: u64, default: usize, name: &str) -> Result<usize, Fault> {
    match usize::try_from(value) {
        Ok(0) => Ok(default),
        Ok(value) => Ok(value),
        Err(_) => {
            let message = format!("{name} is {value}: too large for this machine");
            Err(Error::new(ErrorKind::OutOfRange, message).into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Copy, Debug, PartialEq)]
    #[repr(C)]
    struct Two(u32, u32);

    // SAFETY: two numbers.
    unsafe impl Plain for Two {}

    #[test]
    fn shorter_and_longer_structs_of_callers_are_understood() {
        let mut place = [7_u32; 3];
        // SAFETY: every size is at most that of the array.
        unsafe {
            assert_eq!(input::<Two>(place.as_ptr().cast(), 4, "two").unwrap(), Two(7, 0));
            assert_eq!(input::<Two>(place.as_ptr().cast(), 8, "two").unwrap(), Two(7, 7));
            assert_eq!(
                input::<Two>(place.as_ptr().cast(), 12, "two").unwrap_err().status,
                crate::SG_UNSUPPORTED
            );
            assert_eq!(input::<Two>(std::ptr::null(), 0, "two").unwrap(), Two(0, 0));
            assert!(input::<Two>(std::ptr::null(), 8, "two").is_err());

            Output::new(place.as_mut_ptr().cast(), 4, "two").unwrap().write(Two(1, 2));
            assert_eq!(place, [1, 7, 7]);
            Output::new(place.as_mut_ptr().cast(), 12, "two").unwrap().write(Two(1, 2));
            assert_eq!(place, [1, 2, 0]);
            Output::<Two>::optional(std::ptr::null_mut(), 0, "two").unwrap().write(Two(1, 2));
            assert!(Output::<Two>::optional(std::ptr::null_mut(), 8, "two").is_err());
            assert!(Output::<Two>::new(std::ptr::null_mut(), 0, "two").is_err());
        }
    }

    #[test]
    fn arrays_keep_the_stride_and_the_capacity_of_callers() {
        let mut place = [7_u32; 7];
        let values = || [Two(1, 2), Two(3, 4), Two(5, 6)].into_iter();
        // SAFETY: the elements of 12 and of 4 bytes lie within the array.
        unsafe {
            write_array(place.as_mut_ptr().cast(), 12, 2, values()).unwrap();
            assert_eq!(place, [1, 2, 0, 3, 4, 0, 7]);
            write_array(place.as_mut_ptr().cast(), 4, 3, values()).unwrap();
            assert_eq!(place, [1, 3, 5, 3, 4, 0, 7]);
            write_array::<Two>(std::ptr::null_mut(), 0, 0, values()).unwrap();
            assert!(write_array::<Two>(std::ptr::null_mut(), 8, 1, values()).is_err());
            assert!(write_array(place.as_mut_ptr().cast::<Two>(), 6, 1, values()).is_err());
        }
        assert_eq!(place[0], 1);
    }

    #[test]
    fn a_limit_of_zero_is_the_default() {
        assert_eq!(fitted(0, 9, "limit").unwrap(), 9);
        assert_eq!(fitted(3, 9, "limit").unwrap(), 3);
    }
}
