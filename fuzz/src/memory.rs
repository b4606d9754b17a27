//! Bytes with guards around them. While a call is at work AddressSanitizer reports every access to what is not an element;
//! afterwards every byte is compared, because not every store is instrumented.

use std::ops::Range;

/// Bytes of guard on each side, more than any vector is wide.
const GUARD: usize = 128;

pub struct Arena {
    bytes: Box<[u8]>,
    /// The first byte that is not of a guard.
    start: usize,
    len: usize,
}

impl Arena {
    /// `len` bytes, the first of them at an address that is `phase` modulo 64. All are parts of huge numbers, of either
    /// sign and in every floating-point type, so that a stray read widens a computed range.
    pub fn new(len: usize, phase: usize) -> Arena {
        let all = GUARD + 64 + len + GUARD;
        let bytes: Box<[u8]> = (0..all).map(|at| if at & 8 == 0 { 0x7b } else { 0xfb }).collect();
        let start = GUARD + phase.wrapping_sub(bytes.as_ptr().addr() + GUARD) % 64;
        Arena { bytes, start, len }
    }

    /// The first byte that is not of a guard. A box never moves its memory, so the pointer lives as long as the arena.
    pub fn as_mut_ptr(&mut self) -> *mut u8 {
        self.bytes.as_mut_ptr().wrapping_add(self.start)
    }

    /// Every byte, those of the guards too.
    pub fn all(&self) -> &[u8] {
        // The library writes through pointers: this must be read anew each time.
        std::hint::black_box(&self.bytes)
    }

    pub fn restore(&mut self, all: &[u8]) {
        self.bytes.copy_from_slice(all);
    }

    pub fn read(&self, at: usize, len: usize) -> &[u8] {
        assert!(at + len <= self.len);
        &self.all()[self.start + at..][..len]
    }

    pub fn write(&mut self, at: usize, bytes: &[u8]) {
        assert!(at + bytes.len() <= self.len);
        self.bytes[self.start + at..][..bytes.len()].copy_from_slice(bytes);
    }

    /// From now on only these bytes may be accessed.
    pub fn shut(&self, but: &[Range<usize>]) {
        watch::forbid(&self.bytes);
        for range in but {
            watch::allow(&self.bytes[self.start..][range.clone()]);
        }
    }

    pub fn open(&self) {
        watch::allow(&self.bytes);
    }

    /// Panics unless every byte is as it was, but for these.
    pub fn check_unchanged(&self, before: &[u8], but: &[Range<usize>]) {
        let mut expected = before.to_vec();
        for range in but {
            let range = self.start + range.start..self.start + range.end;
            expected[range.clone()].copy_from_slice(&self.all()[range]);
        }
        let stray = self.all().iter().zip(&expected).position(|(now, expected)| now != expected);
        let stray = stray.map(|at| at as isize - self.start as isize);
        assert_eq!(stray, None, "this byte of {} was written to", self.len);
    }
}

#[cfg(sanitize = "address")]
mod watch {
    use std::ffi::c_void;

    unsafe extern "C" {
        fn __asan_poison_memory_region(start: *const c_void, len: usize);
        fn __asan_unpoison_memory_region(start: *const c_void, len: usize);
    }

    pub fn forbid(bytes: &[u8]) {
        // SAFETY: memory of ours; an arena is opened before anything of ours touches it.
        unsafe { __asan_poison_memory_region(bytes.as_ptr().cast(), bytes.len()) }
    }

    pub fn allow(bytes: &[u8]) {
        // SAFETY: as above.
        unsafe { __asan_unpoison_memory_region(bytes.as_ptr().cast(), bytes.len()) }
    }
}

/// Without AddressSanitizer, as when coverage is measured.
#[cfg(not(sanitize = "address"))]
mod watch {
    pub fn forbid(_: &[u8]) {}
    pub fn allow(_: &[u8]) {}
}
