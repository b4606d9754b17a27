//! The floating-point environment: hosts set flush-to-zero, other rounding modes or traps on their threads, and every
//! one of them would change results.
//!
//! ```text
//! saved = the control and status register
//! set the default: to nearest, no trap, no flush to zero, no exception flag
//! work
//! restore saved, whatever the work's outcome: the caller's flags do not change either
//! ```

/// Runs `work` in the default floating-point environment.
pub(crate) fn with_default_environment<R>(work: impl FnOnce() -> R) -> R {
    struct Restore(Environment);

    impl Drop for Restore {
        fn drop(&mut self) {
            self.0.restore();
        }
    }

    let _restore = Restore(Environment::replace());
    out_of_line(work)
}

/// Not inlined, so that none of the work's arithmetic moves across a change of the register.
#[inline(never)]
pub(super) fn out_of_line<R>(work: impl FnOnce() -> R) -> R {
    work()
}

/// An environment that the default replaces.
#[derive(Clone, Copy)]
pub(super) struct Environment(Register);

impl Environment {
    /// The thread's, from now on the default's.
    #[inline(always)]
    pub(super) fn replace() -> Self {
        let callers = read();
        if !is_default_but_for_flags(callers) {
            write(DEFAULT);
        }
        Environment(callers)
    }

    /// Ends what [`Environment::replace`] began.
    #[inline(always)]
    pub(super) fn restore(self) {
        restore(self.0);
    }

    /// Runs `work` in this environment, called from within the default; whatever it leaves behind, the default is there
    /// again afterwards.
    pub(super) fn again<R>(self, work: impl FnOnce() -> R) -> R {
        write(self.0);
        let result = out_of_line(work);
        write(DEFAULT);
        result
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

    /// Writes, and does not look first whether the work has changed it: that would wait for all of the work's arithmetic.
    #[inline(always)]
    pub(super) fn restore(value: Register) {
        write(value);
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

    /// Writes only what the work has changed, for a write of the control register waits until everything before it is done.
    #[inline(always)]
    pub(super) fn restore(value: Register) {
        if read() != value {
            write(value);
        }
    }
}

#[cfg(target_arch = "s390x")]
mod register {
    use std::arch::asm;

    /// FPC.
    pub(super) type Register = u32;

    /// To nearest, no trap, no flag. There is no flush to zero.
    pub(super) const DEFAULT: Register = 0;

    /// Flags, and the code of the last exception, tell what happened; they change no result.
    pub(super) fn is_default_but_for_flags(value: Register) -> bool {
        const FLAGS: Register = 0x00ff_ff00;
        value & !FLAGS == DEFAULT
    }

    #[inline(always)]
    pub(super) fn read() -> Register {
        let value: Register;
        // SAFETY: reads a register that every program may read.
        unsafe { asm!("efpc {}", out(reg) value, options(nostack, preserves_flags)) };
        value
    }

    #[inline(always)]
    pub(super) fn write(value: Register) {
        // SAFETY: the value is DEFAULT or was read from the register, so no reserved bit is set.
        unsafe { asm!("sfpc {}", in(reg) value, options(nostack, preserves_flags)) };
    }

    #[inline(always)]
    pub(super) fn restore(value: Register) {
        write(value);
    }
}

/// Other processors: the environment is taken as it is.
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "s390x")))]
mod register {
    pub(super) type Register = ();
    pub(super) const DEFAULT: Register = ();

    pub(super) fn is_default_but_for_flags((): Register) -> bool {
        true
    }

    pub(super) fn read() -> Register {}

    pub(super) fn write((): Register) {}

    pub(super) fn restore((): Register) {}
}

use register::{DEFAULT, Register, is_default_but_for_flags, read, restore, write};

#[cfg(all(test, any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "s390x")))]
mod tests {
    use std::hint::black_box;

    use super::*;

    /// Flush to zero, or where there is none, toward zero.
    #[cfg(target_arch = "x86_64")]
    const TO_ZERO: Register = DEFAULT | 1 << 15 | 1 << 6;
    #[cfg(target_arch = "aarch64")]
    const TO_ZERO: Register = (1 << 24, DEFAULT.1);
    #[cfg(target_arch = "s390x")]
    const TO_ZERO: Register = DEFAULT | 1;

    #[test]
    fn work_sees_the_default_and_the_caller_its_own() {
        let before = read();
        write(TO_ZERO);
        let subnormal = with_default_environment(|| black_box(f32::from_bits(3)) * black_box(0.5));
        let after = read();
        write(before);
        assert_eq!(subnormal.to_bits(), 2);
        assert_eq!(after, TO_ZERO);
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
        write(TO_ZERO);
        let outcome = std::panic::catch_unwind(|| with_default_environment(|| std::panic::resume_unwind(Box::new(()))));
        let after = read();
        write(before);
        assert!(outcome.is_err());
        assert_eq!(after, TO_ZERO);
    }
}
