//! The floating-point environment: hosts set flush-to-zero, other rounding modes or traps on their threads, and every
//! one of them would change results.
//!
//! ```text
//! saved = the control and status register
//! set the default: to nearest, no trap, no flush to zero, no exception flag
//! work
//! restore saved, whatever the work's outcome: the caller's flags do not change either
//! ```

use std::cell::Cell;

/// Runs `work` in the default floating-point environment.
pub(crate) fn with_default_environment<R>(work: impl FnOnce() -> R) -> R {
    let _restore = Environment::replace();
    out_of_line(work)
}

/// Runs the host's code, called from within [`with_default_environment`] on the same thread, in the host's environment;
/// whatever it leaves behind, the default is there again afterwards.
pub(super) fn with_callers_environment<R>(work: impl FnOnce() -> R) -> R {
    let callers = CALLERS.get();
    write(callers);
    let result = out_of_line(work);
    write(DEFAULT);
    CALLERS.set(callers);
    result
}

thread_local! {
    /// What the thread had before the library's code.
    static CALLERS: Cell<Register> = const { Cell::new(DEFAULT) };
}

/// Not inlined, so that none of the work's arithmetic moves across the change of the register.
#[inline(never)]
fn out_of_line<R>(work: impl FnOnce() -> R) -> R {
    work()
}

/// The caller's environment, restored on drop.
struct Environment {
    callers: Register,
    outer: Register,
}

impl Environment {
    fn replace() -> Self {
        let callers = read();
        if !is_default_but_for_flags(callers) {
            write(DEFAULT);
        }
        Environment { callers, outer: CALLERS.replace(callers) }
    }
}

impl Drop for Environment {
    fn drop(&mut self) {
        CALLERS.set(self.outer);
        // The work may have raised flags.
        if read() != self.callers {
            write(self.callers);
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod register {
    use std::arch::asm;

    /// MXCSR.
    pub(super) type Register = u32;

    /// Every exception masked, to nearest, no flag.
    pub(super) const DEFAULT: Register = 0x1f80;

    /// Flags tell what happened; they change no result.
    pub(super) fn is_default_but_for_flags(value: Register) -> bool {
        const FLAGS: Register = 0x3f;
        value & !FLAGS == DEFAULT
    }

    #[inline(always)]
    pub(super) fn read() -> Register {
        let mut value: Register = 0;
        // SAFETY: stores four bytes where it is told to.
        unsafe { asm!("stmxcsr [{}]", in(reg) &mut value, options(nostack, preserves_flags)) };
        value
    }

    #[inline(always)]
    pub(super) fn write(value: Register) {
        // SAFETY: the value is DEFAULT or was read from the register, so no reserved bit is set.
        unsafe { asm!("ldmxcsr [{}]", in(reg) &value, options(nostack, preserves_flags)) };
    }
}

#[cfg(target_arch = "aarch64")]
mod register {
    use std::arch::asm;

    /// FPCR and FPSR.
    pub(super) type Register = (u64, u64);

    /// To nearest, no flush to zero, no trap, no flag.
    pub(super) const DEFAULT: Register = (0, 0);

    /// Flags tell what happened; they change no result.
    pub(super) fn is_default_but_for_flags((control, _): Register) -> bool {
        control == DEFAULT.0
    }

    #[inline(always)]
    pub(super) fn read() -> Register {
        let (control, status): (u64, u64);
        // SAFETY: reads two registers that every program may read.
        unsafe { asm!("mrs {}, fpcr", "mrs {}, fpsr", out(reg) control, out(reg) status, options(nostack)) };
        (control, status)
    }

    #[inline(always)]
    pub(super) fn write((control, status): Register) {
        // SAFETY: the values are DEFAULT or were read from these registers.
        unsafe { asm!("msr fpcr, {}", "msr fpsr, {}", in(reg) control, in(reg) status, options(nostack)) };
    }
}

/// Other processors: the environment is taken as it is.
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
mod register {
    pub(super) type Register = ();
    pub(super) const DEFAULT: Register = ();

    pub(super) fn is_default_but_for_flags((): Register) -> bool {
        true
    }

    pub(super) fn read() -> Register {}

    pub(super) fn write((): Register) {}
}

use register::{DEFAULT, Register, is_default_but_for_flags, read, write};

#[cfg(all(test, any(target_arch = "x86_64", target_arch = "aarch64")))]
mod tests {
    use std::hint::black_box;

    use super::*;

    #[cfg(target_arch = "x86_64")]
    const FLUSH_TO_ZERO: Register = DEFAULT | 1 << 15 | 1 << 6;
    #[cfg(target_arch = "aarch64")]
    const FLUSH_TO_ZERO: Register = (1 << 24, DEFAULT.1);

    #[test]
    fn work_sees_the_default_and_the_caller_its_own() {
        let before = read();
        write(FLUSH_TO_ZERO);
        let subnormal = with_default_environment(|| black_box(f32::MIN_POSITIVE) * black_box(0.5));
        let after = read();
        write(before);
        assert_eq!(subnormal.to_bits(), 0x0040_0000);
        assert_eq!(after, FLUSH_TO_ZERO);
    }

    #[test]
    fn flags_raised_by_the_work_do_not_reach_the_caller() {
        let before = read();
        write(DEFAULT);
        with_default_environment(|| black_box(black_box(1.0f32) / black_box(0.0)));
        let after = read();
        write(before);
        assert_eq!(after, DEFAULT);
    }

    #[test]
    fn a_panic_restores_it_too() {
        let before = read();
        write(FLUSH_TO_ZERO);
        let outcome = std::panic::catch_unwind(|| with_default_environment(|| std::panic::resume_unwind(Box::new(()))));
        let after = read();
        write(before);
        assert!(outcome.is_err());
        assert_eq!(after, FLUSH_TO_ZERO);
    }
}
