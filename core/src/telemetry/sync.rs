//! Locks and atomics: the standard library's, or loom's when it checks every interleaving.

#[cfg(loom)]
pub(super) use loom::sync::atomic::{AtomicBool, AtomicU64};
#[cfg(loom)]
pub(super) use loom::sync::{Mutex, MutexGuard};
#[cfg(not(loom))]
pub(super) use std::sync::atomic::{AtomicBool, AtomicU64};
#[cfg(not(loom))]
pub(super) use std::sync::{Mutex, MutexGuard};
