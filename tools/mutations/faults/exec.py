"""Faults in what runs the work: threads, the floating-point environment, panics."""

from __future__ import annotations

from fault import Fault

HOST = "src/exec/host.rs"

EXEC = (
    Fault(
        name="ranges-lost",
        what="the range that the first task found is not merged",
        file="src/ranges.rs",
        old="for index in 0..plan.pieces() * count {",
        new="for index in count..plan.pieces() * count {",
        test="executor.avx2",
    ),
    Fault(
        name="pool-lost-task",
        what="the pool does not run the first task",
        file="src/exec/pool.rs",
        old="next: AtomicUsize::new(0), is_defect",
        new="next: AtomicUsize::new(1), is_defect",
        test="executor.avx2",
    ),
    Fault(
        name="pool-endless",
        what="the last worker at a pass does not tell the caller, who waits for ever",
        file="src/exec/pool.rs",
        old="            if board.at_work == 0 {\n                self.finished.notify_one();",
        new="            if board.at_work == usize::MAX {\n                self.finished.notify_one();",
        test="executor.avx2",
    ),
    Fault(
        name="pool-defect",
        what="a task that panicked on the pool is not told of",
        file="src/exec/pool.rs",
        old="if panics::catch(|| (self.task)(index)).is_err() {",
        new="if panics::catch(|| (self.task)(index)).is_err() && self.count == 0 {",
        test="src exec::tests",
    ),
    Fault(
        name="host-defect",
        what="a task that panicked on a host's thread counts as one that was skipped",
        file=HOST,
        old="Err(_) => self.is_defect.store(true, Ordering::Relaxed),",
        new="Err(_) => {}",
        test="src exec::tests",
    ),
    Fault(
        name="host-skipped",
        what="a host that skipped tasks is believed",
        file=HOST,
        old="if finished != self.count {",
        new="if finished > self.count {",
        test="executor.avx2",
    ),
    Fault(
        name="host-repeated",
        what="a task that a host runs twice is run twice",
        file=HOST,
        old="index < self.count && self.claimed[index / 64].fetch_or(bit, Ordering::Relaxed) & bit == 0",
        new="index < self.count && self.claimed[index / 64].fetch_or(bit, Ordering::Relaxed) & bit <= bit",
        test="tests/executors.rs f32::hosts_that_fail",
    ),
    Fault(
        name="host-environment",
        what="the host's parallel_for runs in the library's floating-point environment",
        file="src/exec/panics.rs",
        old="let result = callers.again(work);",
        new="let result = work();",
        test="tests/executors.rs f32::the_environment",
    ),
    Fault(
        name="environment-not-set",
        what="the library computes in the caller's floating-point environment",
        file="src/exec/fpenv.rs",
        old="        if !is_default_but_for_flags(callers) {\n            write(DEFAULT);\n        }",
        new="        let _ = is_default_but_for_flags(callers);",
        test="fenv.avx2",
    ),
    Fault(
        name="environment-not-restored",
        what="the caller finds the library's floating-point environment afterwards",
        file="src/exec/panics.rs",
        old="    callers.restore();\n",
        new="",
        test="fenv.avx2",
    ),
    Fault(
        name="panic-not-caught",
        what="a panic leaves the library",
        file="src/exec/panics.rs",
        old="let outcome = panic::catch_unwind(AssertUnwindSafe(|| out_of_line(work)));",
        new="let outcome: thread::Result<R> = Ok(out_of_line(AssertUnwindSafe(work).0));",
        test="src guard::tests",
    ),
)
