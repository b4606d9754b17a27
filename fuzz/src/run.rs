//! A call on each instruction set, and what holds for all calls.

use std::ffi::{CStr, CString};
use std::sync::LazyLock;

use qdq::capi::*;

use crate::element::Element;
use crate::rules::Broken;
use crate::scene::Scene;
use crate::workers::CExecutor;

/// The instruction sets that the processor has, or the one that QDQ_ISA names.
static ISAS: LazyLock<Vec<CString>> = LazyLock::new(|| {
    let wanted = std::env::var("QDQ_ISA").ok();
    let is_wanted = |isa: &CString| wanted.as_ref().is_none_or(|wanted| isa.to_str() == Ok(wanted));
    let isas = [c"scalar", c"avx2", c"avx512", c"neon"].map(CString::from);
    let isas: Vec<CString> = isas.into_iter().filter(|isa| is_wanted(isa) && qdq::switch_isa(isa)).collect();
    assert!(!isas.is_empty(), "this processor has no {wanted:?}");
    isas
});

/// Runs it on each instruction set.
pub fn on_each_isa(mut work: impl FnMut()) {
    for isa in ISAS.iter() {
        assert!(qdq::switch_isa(isa));
        work();
    }
}

/// The name of the instruction set in use.
fn isa() -> &'static str {
    // SAFETY: a static C string.
    unsafe { CStr::from_ptr(qdq_isa()) }.to_str().expect("ASCII")
}

/// Makes a call and checks its status, and that it wrote to its outputs alone, or to nothing if it failed. Tells whether
/// there is a result.
pub fn check(
    scene: &Scene,
    executor: &CExecutor,
    outputs: &[usize],
    broken: Broken,
    call: impl FnOnce() -> qdq_status,
) -> bool {
    let before = scene.snapshot();
    scene.shut();
    let status = call();
    scene.open();
    let was_improper = executor.was_improper();
    let may_write = status == QDQ_STATUS_OK || was_improper;
    scene.check_unchanged(&before, if may_write { outputs } else { &[] });
    check_status(status, broken, was_improper);
    status == QDQ_STATUS_OK
}

/// Panics unless a call may end so.
fn check_status(status: qdq_status, broken: Broken, was_improper: bool) {
    // SAFETY: a C string of this thread.
    let latest = unsafe { CStr::from_ptr(qdq_last_error()) };
    let sentence = (status != QDQ_STATUS_OK).then_some(latest);
    if was_improper {
        assert_eq!(status, QDQ_STATUS_EXECUTOR, "{}: {sentence:?}; the host skipped a task or failed", isa());
    } else {
        assert!(broken.admits(status), "{}: status {status}, {sentence:?}; expected {broken:?}", isa());
    }
    assert_ne!(sentence, Some(c""), "{}: status {status} without a sentence", isa());
}

/// Panics where numbers differ. Any NaN is any other.
pub fn check_numbers<T: Element>(what: &str, got: &[T], expected: &[T]) {
    assert_eq!(got.len(), expected.len());
    let differs = |(got, expected): (&T, &T)| got.bits() != expected.bits() && !(got.is_nan() && expected.is_nan());
    if let Some(index) = got.iter().zip(expected).position(differs) {
        let [got, expected] = [got[index], expected[index]].map(|x| format!("{:e} ({:#x})", x.to_f64(), x.bits()));
        panic!("{}: {what} {index} is {got}; expected {expected}", isa());
    }
}
