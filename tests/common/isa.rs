//! Every instruction set is tested by running the whole test binary again: the library chooses its kernels once.

use std::ffi::CStr;
use std::process::Command;

/// The variable that makes the library choose its kernels.
const ISA: &str = "QDQ_ISA";
/// Set in a child: the kernels that its parent asked for. A child never has children.
const EXPECTED: &str = "QDQ_TEST_EXPECT_ISA";
/// What runs a test binary that this system cannot run by itself, such as "qemu-aarch64 -L /usr/aarch64-linux-gnu".
const RUNNER: &str = "QDQ_TEST_RUNNER";
/// The name of the test that has the children.
const PARENT: &str = "every_isa";

/// Defines the tests that run the test binary again on each instruction set that the processor has.
///
/// To be used once, at the top of a test binary.
#[macro_export]
macro_rules! every_isa {
    () => {
        #[test]
        fn every_isa() {
            $crate::common::isa::run_on_every_other();
        }

        #[test]
        fn the_isa_is_the_one_asked_for() {
            $crate::common::isa::check_expected();
        }
    };
}

/// Runs this binary's other tests in a child for each instruction set but the one in use. Panics with the output of a
/// child that fails.
pub fn run_on_every_other() {
    if std::env::var_os(EXPECTED).is_some() {
        return;
    }
    for isa in available().into_iter().filter(|&isa| isa != in_use()) {
        let output = child(isa).output().expect("the test binary runs again");
        let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{ISA}={isa}: {}\n{stdout}\n{stderr}", output.status);
        // Were the binary to be run with a filter that matches nothing, success would mean nothing.
        assert!(!stdout.contains(" 0 passed"), "{ISA}={isa} ran no tests:\n{stdout}");
    }
}

/// Panics when a child does not run on what its parent asked for.
pub fn check_expected() {
    if let Ok(expected) = std::env::var(EXPECTED) {
        assert_eq!(in_use(), expected);
    }
    assert!(available().contains(&in_use()), "{} is not among {:?}", in_use(), available());
}

/// Whether a vector has several lanes: with one there are no ends of vectors to look at, and large tensors take long.
pub fn has_vectors() -> bool {
    in_use() != "scalar"
}

/// The instruction set whose kernels this process uses.
fn in_use() -> &'static str {
    // SAFETY: the library returns a static, NUL-terminated string.
    unsafe { CStr::from_ptr(qdq::capi::qdq_isa()) }.to_str().expect("ASCII")
}

/// The instruction sets for which there are kernels and that the processor has.
fn available() -> Vec<&'static str> {
    #[cfg(target_arch = "x86_64")]
    {
        let avx2 = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("f16c");
        let avx512 = avx2
            && is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512vl");
        [("scalar", true), ("avx2", avx2), ("avx512", avx512)]
            .into_iter()
            .filter_map(|(isa, has)| has.then_some(isa))
            .collect()
    }
    #[cfg(target_arch = "aarch64")]
    {
        vec!["scalar", "neon"]
    }
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    {
        vec!["scalar"]
    }
}

/// This binary without the test that has children, on one instruction set.
fn child(isa: &str) -> Command {
    let binary = std::env::current_exe().expect("a test knows its own binary");
    let runner = std::env::var(RUNNER).unwrap_or_default();
    let mut words = runner.split_whitespace();
    let mut command = match words.next() {
        Some(program) => {
            let mut command = Command::new(program);
            command.args(words).arg(binary);
            command
        }
        None => Command::new(binary),
    };
    command.args(["--exact", "--skip", PARENT]).env(ISA, isa).env(EXPECTED, isa);
    command
}
