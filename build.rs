//! Gives the shared library its SONAME (its install name on macOS): the major version, as the dynamic linker expects.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let os = std::env::var("CARGO_CFG_TARGET_OS").expect("cargo sets the target's system");
    let major = std::env::var("CARGO_PKG_VERSION_MAJOR").expect("cargo sets the package's version");
    match os.as_str() {
        "linux" | "android" => {
            println!("cargo::rustc-cdylib-link-arg=-Wl,-soname,libqdq.so.{major}");
            // Thread-local state and kernels' addresses outlive any dlclose.
            println!("cargo::rustc-cdylib-link-arg=-Wl,-z,nodelete");
        }
        "macos" => println!("cargo::rustc-cdylib-link-arg=-Wl,-install_name,@rpath/libqdq.{major}.dylib"),
        _ => {}
    }
}
