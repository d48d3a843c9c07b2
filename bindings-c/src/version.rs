//! Versions that a caller can check, at compile time and at load.

/// Version of the binary interface; raised by every change that breaks a compiled caller.
pub const SG_ABI_VERSION: u32 = 1;

/// The `SG_ABI_VERSION` of the library that was loaded. May be called from any thread.
#[unsafe(no_mangle)]
pub extern "C" fn sg_abi_version() -> u32 {
    SG_ABI_VERSION
}

/// The version of the library that was loaded, as `MAJOR.MINOR.PATCH`; lives for ever. May be called
/// from any thread.
#[unsafe(no_mangle)]
pub extern "C" fn sg_version() -> crate::sg_str {
    crate::sg_str::of(env!("CARGO_PKG_VERSION"))
}
