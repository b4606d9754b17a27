//! Which instruction set is in use: the best that the processor has, or the one that QDQ_ISA names.

use std::ffi::CStr;
use std::sync::atomic::{AtomicU8, Ordering};

/// The instruction sets that have a token. An ISA that this architecture cannot have does not exist here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Isa {
    Scalar = 1,
    #[cfg(target_arch = "x86_64")]
    Avx2 = 2,
    #[cfg(target_arch = "x86_64")]
    Avx512 = 3,
    #[cfg(target_arch = "aarch64")]
    Neon = 4,
}

/// Best first.
const ALL: &[Isa] = &[
    #[cfg(target_arch = "x86_64")]
    Isa::Avx512,
    #[cfg(target_arch = "x86_64")]
    Isa::Avx2,
    #[cfg(target_arch = "aarch64")]
    Isa::Neon,
    Isa::Scalar,
];

/// The active ISA's number; 0 before the first use. Threads that choose at once choose the same.
static ACTIVE: AtomicU8 = AtomicU8::new(0);

impl Isa {
    #[inline]
    pub(crate) fn active() -> Isa {
        let number = ACTIVE.load(Ordering::Relaxed);
        match ALL.iter().find(|isa| **isa as u8 == number) {
            Some(isa) => *isa,
            None => Self::activate(),
        }
    }

    pub(crate) fn name(self) -> &'static CStr {
        match self {
            Isa::Scalar => c"scalar",
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => c"avx2",
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => c"avx512",
            #[cfg(target_arch = "aarch64")]
            Isa::Neon => c"neon",
        }
    }

    #[cold]
    fn activate() -> Isa {
        let isa = Self::choose(wanted_name());
        ACTIVE.store(isa as u8, Ordering::Relaxed);
        isa
    }

    /// Switches to a named ISA and tells whether it is now in use: a fuzzer tries an input on all of them.
    #[cfg(fuzzing)]
    pub(crate) fn switch_to(name: &CStr) -> bool {
        let isa = Self::choose(Some(name));
        ACTIVE.store(isa as u8, Ordering::Relaxed);
        isa.name() == name
    }

    fn choose(wanted: Option<&CStr>) -> Isa {
        let mut available = ALL.iter().copied().filter(|isa| isa.is_available());
        let best = available.clone().next().unwrap_or(Isa::Scalar);
        available.find(|isa| Some(isa.name()) == wanted).unwrap_or(best)
    }

    fn is_available(self) -> bool {
        match self {
            Isa::Scalar => true,
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => super::avx2::is_available(),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => super::avx512::is_available(),
            #[cfg(target_arch = "aarch64")]
            Isa::Neon => super::neon::is_available(),
        }
    }
}

/// The value of QDQ_ISA. Not std::env::var_os: that allocates.
fn wanted_name() -> Option<&'static CStr> {
    // SAFETY: the name is a C string; C's contract of getenv is the host's to keep (no setenv in another thread).
    let value = unsafe { libc::getenv(c"QDQ_ISA".as_ptr()) };
    // SAFETY: getenv gives NULL, which is sorted out here, or a C string of the environment.
    (!value.is_null()).then(|| unsafe { CStr::from_ptr(value) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_available_isa_can_be_forced() {
        for isa in ALL.iter().filter(|isa| isa.is_available()) {
            assert_eq!(Isa::choose(Some(isa.name())), *isa);
        }
    }

    #[test]
    fn unknown_name_means_the_best() {
        assert_eq!(Isa::choose(Some(c"mmx")), Isa::choose(None));
        assert_eq!(Isa::choose(Some(c"")), Isa::choose(None));
    }
}
