//! The lock and its companions: the standard library's, or loom's when it checks every interleaving.

#[cfg(all(loom, feature = "sync"))]
pub(super) use loom::sync::Condvar;
#[cfg(loom)]
pub(super) use loom::sync::{Mutex, MutexGuard};
#[cfg(all(not(loom), feature = "sync"))]
pub(super) use std::sync::Condvar;
#[cfg(not(loom))]
pub(super) use std::sync::{Mutex, MutexGuard};
