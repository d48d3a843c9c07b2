//! Names the shared library after its ABI, so that programs linked against one ABI never load another.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=src/version.rs");
    let version = std::fs::read_to_string("src/version.rs").expect("src/version.rs is readable");
    let abi = version
        .lines()
        .find_map(|line| line.strip_prefix("pub const SG_ABI_VERSION: u32 = ")?.strip_suffix(';'))
        .expect("src/version.rs has SG_ABI_VERSION");
    if std::env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("linux") {
        println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libstreamgauge.so.{abi}");
    }
}
