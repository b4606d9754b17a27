//! How the library is linked.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_TARGET_OS").is_ok_and(|os| os == "linux") {
        // It holds a copy of libqdq. Where the process has another one, each calls its own.
        println!("cargo::rustc-cdylib-link-arg=-Wl,-Bsymbolic");
        // Thread-local state and kernels' addresses outlive any dlclose.
        println!("cargo::rustc-cdylib-link-arg=-Wl,-z,nodelete");
    }
}
