//! `cargo run -p qdq-header` writes include/qdq.h; `cargo test -p qdq-header` fails when the committed one has drifted.

use std::path::{Path, PathBuf};

fn crate_root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn header_path() -> PathBuf {
    crate_root().join("include/qdq.h")
}

fn generate() -> String {
    let root = crate_root();
    let config = cbindgen::Config::from_file(root.join("cbindgen.toml")).expect("cbindgen.toml is valid");
    let bindings = cbindgen::Builder::new()
        .with_config(config)
        .with_src(root.join("src/capi/types.rs"))
        .with_src(root.join("src/capi/functions.rs"))
        .generate()
        .expect("the C boundary parses");
    let mut text = Vec::new();
    bindings.write(&mut text);
    fold_short_comments(&String::from_utf8(text).expect("the header is UTF-8"))
}

/// Puts a comment of one line on one line: cbindgen always gives it three.
fn fold_short_comments(header: &str) -> String {
    let lines: Vec<&str> = header.lines().collect();
    let mut folded = String::with_capacity(header.len());
    let mut at = 0;
    while at < lines.len() {
        let line = match lines[at..] {
            [open, text, close, ..] if open.trim() == "/**" && close.trim() == "*/" => {
                at += 2;
                let indent = &open[..open.len() - open.trim_start().len()];
                format!("{indent}/** {} */", text.trim().trim_start_matches("* "))
            }
            _ => lines[at].to_owned(),
        };
        folded.push_str(&line);
        folded.push('\n');
        at += 1;
    }
    folded
}

fn main() {
    let path = header_path();
    std::fs::write(&path, generate()).expect("include/qdq.h is writable");
    println!("wrote {}", path.display());
}

#[cfg(test)]
mod tests {
    #[test]
    fn committed_header_is_current() {
        let committed = std::fs::read_to_string(super::header_path()).expect("include/qdq.h is committed");
        assert!(
            committed == super::generate(),
            "include/qdq.h has drifted from src/capi: run `cargo run -p qdq-header`"
        );
    }
}
