//! What stands behind an opaque handle.

use std::mem::ManuallyDrop;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, TryLockError};

use sg_core::{Error, ErrorKind};

use crate::guard::{Fault, guard};

/// A value of the core, and whether a panic left it in an unknown state.
///
/// Debug builds keep the memory of a freed handle, emptied and marked, so that using it again is an
/// error rather than undefined; release builds free it.
pub(crate) struct Handle<T> {
    magic: AtomicU64,
    poisoned: AtomicBool,
    value: ManuallyDrop<T>,
}

impl<T> Handle<T> {
    pub(crate) fn new(value: T) -> Handle<T> {
        Handle {
            magic: AtomicU64::new(ALIVE),
            poisoned: AtomicBool::new(false),
            value: ManuallyDrop::new(value),
        }
    }

    /// `body` on the value; a panic in it poisons the handle.
    pub(crate) fn call<R>(&self, body: impl FnOnce(&T) -> Result<R, Fault>) -> Result<R, Fault> {
        let value = self.get()?;
        let fuse = Fuse(&self.poisoned);
        let result = body(value);
        std::mem::forget(fuse);
        result
    }

    /// The value, for a call that reads several handles and changes none: a panic in it leaves them whole.
    pub(crate) fn get(&self) -> Result<&T, Fault> {
        if self.magic.load(Ordering::Relaxed) != ALIVE {
            return Err(Fault::invalid("the handle was freed, or is none".to_string()));
        }
        if self.poisoned.load(Ordering::Relaxed) {
            return Err(Fault::poisoned());
        }
        Ok(&self.value)
    }
}

impl<T> Handle<Mutex<T>> {
    /// As [`Handle::call`], for one thread at a time; others are told so instead of waiting.
    pub(crate) fn exclusive<R>(&self, body: impl FnOnce(&mut T) -> Result<R, Fault>) -> Result<R, Fault> {
        self.call(|value| match value.try_lock() {
            Ok(mut value) => body(&mut value),
            Err(TryLockError::WouldBlock) => {
                Err(Error::new(ErrorKind::Busy, "the handle is in use on another thread").into())
            }
            Err(TryLockError::Poisoned(_)) => Err(Fault::poisoned()),
        })
    }

    /// As [`Handle::call`], for any number of threads, which take turns.
    pub(crate) fn in_turn<R>(&self, body: impl FnOnce(&mut T) -> Result<R, Fault>) -> Result<R, Fault> {
        self.call(|value| body(&mut *value.lock().map_err(|_| Fault::poisoned())?))
    }

    /// A copy of the value, for a call that needs two: no two locks are held at once.
    pub(crate) fn copied(&self) -> Result<T, Fault>
    where
        T: Clone,
    {
        self.in_turn(|value| Ok(value.clone()))
    }
}

/// As [`free`], for an exported function that tells nobody of a panic while the value is dropped.
///
/// # Safety
/// As for [`free`].
pub(crate) unsafe fn free_guarded<T>(boxed: *mut Handle<T>) {
    // SAFETY: NULL asks for no error object; the rest is the caller's promise.
    let status = unsafe {
        guard(std::ptr::null_mut(), || {
            free(boxed);
            Ok(())
        })
    };
    debug_assert_eq!(status, crate::SG_OK);
}

/// Frees the handle `boxed`; NULL does nothing.
///
/// # Safety
/// `boxed` is NULL, or came from [`Box::into_raw`] and was not freed.
pub(crate) unsafe fn free<T>(boxed: *mut Handle<T>) {
    // SAFETY: NULL or alive, see above.
    let Some(handle) = (unsafe { boxed.as_mut() }) else { return };
    if handle.magic.swap(FREED, Ordering::Relaxed) != ALIVE {
        debug_assert!(false, "a handle was freed twice, or is none");
        return;
    }
    // SAFETY: only this call saw the magic word alive, so the value is dropped once.
    unsafe { ManuallyDrop::drop(&mut handle.value) };
    if !cfg!(debug_assertions) {
        // SAFETY: came from Box::into_raw; ManuallyDrop does not drop the value again.
        drop(unsafe { Box::from_raw(boxed) });
    }
}

/// Frees what debug builds keep of a freed handle, so that tests leave nothing behind.
///
/// # Safety
/// `boxed` was freed, once, and is not used again.
#[cfg(test)]
pub(crate) unsafe fn reclaim<T>(boxed: *mut Handle<T>) {
    if cfg!(debug_assertions) {
        // SAFETY: came from Box::into_raw; ManuallyDrop does not drop the value again.
        drop(unsafe { Box::from_raw(boxed) });
    }
}

struct Fuse<'a>(&'a AtomicBool);

impl Drop for Fuse<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

const ALIVE: u64 = 0x7367_616c_6976_6521;
const FREED: u64 = 0x7367_6672_6565_6421;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{SG_BUSY, SG_OK, SG_PANIC, SG_POISONED};

    #[test]
    fn a_panic_poisons_the_handle_and_only_it() {
        let (one, two) = (Handle::new(1), Handle::new(2));
        let null = std::ptr::null_mut();
        let read = |handle: &Handle<i32>| {
            // SAFETY: NULL asks for no error object.
            unsafe { guard(null, || handle.call(|v| if *v > 0 { Ok(()) } else { Err(Fault::poisoned()) })) }
        };
        assert_eq!(read(&one), SG_OK);
        // SAFETY: NULL asks for no error object.
        let status = unsafe { guard(null, || one.call(|_| -> Result<(), Fault> { panic!("broken") })) };
        assert_eq!(status, SG_PANIC);
        assert_eq!(read(&one), SG_POISONED);
        assert_eq!(read(&two), SG_OK);
    }

    #[test]
    fn a_second_user_at_a_time_is_told_so() {
        let handle = Handle::new(Mutex::new(1));
        let within = handle.exclusive(|_| Ok(handle.exclusive(|_| Ok(())).unwrap_err().status));
        assert_eq!(within.unwrap(), SG_BUSY);
        assert_eq!(handle.exclusive(|value| Ok(*value)).unwrap(), 1);
    }

    #[test]
    fn threads_take_turns() {
        let handle = Handle::new(Mutex::new(0_u64));
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..100 {
                        let step = |value: &mut u64| {
                            *value += 1;
                            Ok(())
                        };
                        handle.in_turn(step).unwrap();
                    }
                });
            }
        });
        assert_eq!(handle.copied().unwrap(), 400);
    }

    #[test]
    fn the_value_is_dropped_once_and_a_freed_handle_is_refused() {
        let value = std::rc::Rc::new(());
        let handle = Box::into_raw(Box::new(Handle::new(value.clone())));
        // SAFETY: freed once; debug builds, which tests are, keep the emptied memory.
        unsafe {
            free(handle);
            assert_eq!(std::rc::Rc::strong_count(&value), 1);
            if cfg!(debug_assertions) {
                assert!((*handle).call(|_| Ok(())).is_err());
            }
            reclaim(handle);
            free::<()>(std::ptr::null_mut());
        }
    }
}
