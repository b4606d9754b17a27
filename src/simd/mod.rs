//! Vectors: the only place that knows instruction sets.
//!
//! A kernel is written once, over any [`Token`] and [`Element`]. A token is an empty value that exists only where the
//! processor has its instruction set, so whoever holds one, or a vector made with one, may use the instructions:
//! that is what makes the safe methods here safe. [`run`] picks the token:
//!
//! ```text
//! run(kernel):
//!     the active ISA            -> its entry function, compiled for that ISA (#[target_feature])
//!     the entry function        -> kernel.run(token), inlined whole, compiled for that ISA with it
//! ```
//!
//! Everything a kernel calls on its way is `#[inline(always)]`: a function left out of line would be compiled without
//! the ISA and pass its vectors through memory. The fallback is a vector of one lane; there is no second algorithm.

pub(crate) mod element;
pub(crate) mod fold;
mod isa;
pub(crate) mod memory;
mod pair;
mod scalar;
pub(crate) mod transpose;

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "aarch64")]
mod neon;
#[cfg(test)]
mod tests;
#[cfg(target_arch = "x86_64")]
mod x86;

use std::ptr;

use fold::Single;

pub(crate) use element::{Element, Lanes, Real, splat};
pub(crate) use isa::Isa;
use transpose::Register;

/// The most lanes that a vector of any token has.
pub(crate) const MAX_LANES: usize = 32;

/// Bytes of a cache line.
pub(crate) const LINE: usize = 64;

/// Proof that the processor has an instruction set, and the vectors that come with it.
pub trait Token: Copy + 'static {
    type F32: Vector32<Token = Self>;
    type F64: Vector<Token = Self, Lane = f64>;

    /// The register that transposes matrices.
    type Register: Register;

    /// Whether its streaming stores go past the caches.
    const STREAMS: bool;

    /// The token whose vectors read tiles of two inputs beyond the caches fastest. Its vectors are no longer than this
    /// one's.
    type Reader: Token;

    fn reader(self) -> Self::Reader;

    /// Runs a part of a kernel out of line, compiled for the instruction set, for parts that are large or used often.
    fn call<P: Part>(self, part: P) -> P::Output;

    /// Asks for the cache line of an address, which need not be memory.
    fn prefetch(self, address: *const u8);

    /// Orders streaming stores before all that follows.
    fn finish_streaming(self);

    /// Copies a cache line past the caches.
    ///
    /// # Safety
    /// Both are aligned to [`LINE`] bytes; `from` is valid for reads of as many, `to` for writes.
    #[inline(always)]
    unsafe fn stream_line(self, from: *const u8, to: *mut u8) {
        // SAFETY: the caller's promise.
        unsafe { ptr::copy_nonoverlapping(from, to, LINE) }
    }
}

/// As many numbers as the instruction set computes at once. Every operation is one IEEE operation per lane.
pub trait Vector: Copy {
    type Token: Token;
    type Lane: Real;
    type Mask: Mask;
    /// The vector that one register holds: itself, or half of a pair.
    type Single: Single<Token = Self::Token, Lane = Self::Lane>;
    const LANES: usize;

    /// The vectors of its registers as one, lane by lane.
    fn fold(self, operation: impl Fn(Self::Single, Self::Single) -> Self::Single) -> Self::Single;

    fn splat(token: Self::Token, lane: Self::Lane) -> Self;

    /// # Safety
    /// `from` is valid for reads of `LANES` numbers; it need not be aligned to the vector.
    unsafe fn load(token: Self::Token, from: *const Self::Lane) -> Self;

    /// # Safety
    /// `to` is valid for writes of `LANES` numbers; it need not be aligned to the vector.
    unsafe fn store(self, to: *mut Self::Lane);

    /// Stores past the caches.
    ///
    /// # Safety
    /// As [`Vector::store`], and `to` is aligned to the vector.
    unsafe fn stream(self, to: *mut Self::Lane);

    /// The first `count` lanes from memory, NaN in the others.
    ///
    /// # Safety
    /// `from` is valid for reads of `count` numbers, at most `LANES`.
    #[inline(always)]
    unsafe fn load_first(token: Self::Token, from: *const Self::Lane, count: usize) -> Self {
        let mut whole = [Self::Lane::NAN; MAX_LANES];
        // SAFETY: the caller's promise; the array has room for a vector's lanes.
        unsafe {
            ptr::copy_nonoverlapping(from, whole.as_mut_ptr(), count);
            Self::load(token, whole.as_ptr())
        }
    }

    /// # Safety
    /// `to` is valid for writes of `count` numbers, at most `LANES`.
    #[inline(always)]
    unsafe fn store_first(self, to: *mut Self::Lane, count: usize) {
        let whole = to_array(self, Self::Lane::NAN);
        // SAFETY: the caller's promise; the array holds a vector's lanes.
        unsafe { ptr::copy_nonoverlapping(whole.as_ptr(), to, count) }
    }

    fn add(self, other: Self) -> Self;
    fn mul(self, other: Self) -> Self;
    fn div(self, other: Self) -> Self;

    /// `self < other ? self : other`: where either is NaN, and where both are zeros, `other`.
    fn min(self, other: Self) -> Self;

    /// `self > other ? self : other`: where either is NaN, and where both are zeros, `other`.
    fn max(self, other: Self) -> Self;

    /// To the nearest integer, halves to the even one.
    fn round_half_to_even(self) -> Self;

    /// To the greatest integer that is not above.
    fn floor(self) -> Self;

    /// The least lane, of lanes that are numbers; which zero a zero is, is unspecified.
    #[inline(always)]
    fn least(self) -> Self::Lane {
        let lanes = to_array(self, Self::Lane::INFINITY);
        lanes.into_iter().fold(Self::Lane::INFINITY, |least, lane| if lane < least { lane } else { least })
    }

    /// The greatest lane, likewise.
    #[inline(always)]
    fn greatest(self) -> Self::Lane {
        let lanes = to_array(self, Self::Lane::NEG_INFINITY);
        lanes.into_iter().fold(Self::Lane::NEG_INFINITY, |greatest, lane| if lane > greatest { lane } else { greatest })
    }

    fn lt(self, other: Self) -> Self::Mask;
    fn le(self, other: Self) -> Self::Mask;

    /// `mask ? yes : no`, lane by lane.
    fn select(mask: Self::Mask, yes: Self, no: Self) -> Self;

    /// The first `count` lanes of one, the others of another.
    #[inline(always)]
    fn join(count: usize, first: Self, rest: Self) -> Self {
        let (first, mut lanes) = (to_array(first, Self::Lane::NAN), to_array(rest, Self::Lane::NAN));
        lanes[..count].copy_from_slice(&first[..count]);
        // SAFETY: the array holds a vector's lanes.
        unsafe { Self::load(rest.token(), lanes.as_ptr()) }
    }

    /// Lane i is `numbers[(from + i) / repeats]`: each number `repeats` times, from 2 on, and less often than there are
    /// lanes.
    ///
    /// # Safety
    /// `numbers` is valid for reads of `LANES` numbers from `from / repeats` on.
    #[inline(always)]
    unsafe fn load_repeated(token: Self::Token, numbers: *const Self::Lane, from: usize, repeats: usize) -> Self {
        let (first, phase) = (from / repeats, from % repeats);
        let mut lanes = [Self::Lane::NAN; MAX_LANES];
        // SAFETY: the caller's promise; the array holds a vector's lanes.
        unsafe {
            for (lane, number) in lanes[..Self::LANES].iter_mut().enumerate() {
                *number = numbers.add(first + (phase + lane) / repeats).read();
            }
            Self::load(token, lanes.as_ptr())
        }
    }

    /// A vector proves what its token does.
    fn token(self) -> Self::Token;
}

/// A vector of float32, which also converts from and to the 16-bit types, two vectors at once, because as many 16-bit
/// numbers fill one register. Conversions are correctly rounded (to nearest even), subnormals and infinities included.
///
/// A NaN stays a NaN if the lower half of its bits is zero. All are so: those that an element brings, and those that
/// arithmetic makes.
pub trait Vector32: Single<Lane = f32> {
    /// `2 * LANES` 16-bit numbers.
    type Packed: Packed<Token = Self::Token>;

    fn from_f16(packed: Self::Packed) -> [Self; 2];
    fn to_f16(pair: [Self; 2]) -> Self::Packed;

    /// # Safety
    /// As [`Packed::load`].
    #[inline(always)]
    unsafe fn load_f16(token: Self::Token, from: *const u16) -> [Self; 2] {
        // SAFETY: the caller's promise.
        Self::from_f16(unsafe { Self::Packed::load(token, from) })
    }

    /// # Safety
    /// As [`Packed::store`].
    #[inline(always)]
    unsafe fn store_f16(pair: [Self; 2], to: *mut u16) {
        // SAFETY: the caller's promise.
        unsafe { Self::to_f16(pair).store(to) }
    }

    fn from_bf16(packed: Self::Packed) -> [Self; 2];
    fn to_bf16(pair: [Self; 2]) -> Self::Packed;

    /// As [`Vector32::from_bf16`], with the numbers in any order.
    #[inline(always)]
    fn from_bf16_in_any_order(packed: Self::Packed) -> [Self; 2] {
        Self::from_bf16(packed)
    }

    /// As [`Vector32::to_bf16`], of lanes that are not subnormal.
    #[inline(always)]
    fn normal_to_bf16(pair: [Self; 2]) -> Self::Packed {
        Self::to_bf16(pair)
    }

    /// Float64 from memory, each as the nearest float32.
    ///
    /// # Safety
    /// `from` is valid for reads of `LANES` numbers.
    unsafe fn load_f64(token: Self::Token, from: *const f64) -> Self;

    /// Stores the lowest byte of each lane, which is an integer from -2^15 to 2^16, or a NaN, of which 0.
    ///
    /// # Safety
    /// `to` is valid for writes of `4 * LANES` bytes.
    unsafe fn store_bytes(four: [Self; 4], to: *mut u8);

    /// Stores the lowest 16 bits likewise.
    ///
    /// # Safety
    /// `to` is valid for writes of `4 * LANES` numbers.
    unsafe fn store_words(four: [Self; 4], to: *mut u16);
}

/// A register of 16-bit numbers, which is only moved.
pub trait Packed: Copy {
    type Token: Token;
    const LANES: usize;

    /// # Safety
    /// `from` is valid for reads of `LANES` numbers.
    unsafe fn load(token: Self::Token, from: *const u16) -> Self;

    /// # Safety
    /// `to` is valid for writes of `LANES` numbers.
    unsafe fn store(self, to: *mut u16);

    /// # Safety
    /// As [`Packed::store`], and `to` is aligned to the register.
    unsafe fn stream(self, to: *mut u16);

    /// The first `count` lanes from memory, `rest` in the others.
    ///
    /// # Safety
    /// `from` is valid for reads of `count` numbers, at most `LANES`.
    #[inline(always)]
    unsafe fn load_first(token: Self::Token, from: *const u16, count: usize, rest: u16) -> Self {
        let mut whole = [rest; MAX_LANES];
        // SAFETY: the caller's promise; the array has room for a register.
        unsafe {
            ptr::copy_nonoverlapping(from, whole.as_mut_ptr(), count);
            Self::load(token, whole.as_ptr())
        }
    }

    /// # Safety
    /// `to` is valid for writes of `count` numbers, at most `LANES`.
    #[inline(always)]
    unsafe fn store_first(self, to: *mut u16, count: usize) {
        let mut whole = [0; MAX_LANES];
        // SAFETY: the caller's promise; the array has room for a register.
        unsafe {
            self.store(whole.as_mut_ptr());
            ptr::copy_nonoverlapping(whole.as_ptr(), to, count);
        }
    }
}

/// One truth value per lane.
pub trait Mask: Copy {
    const LANES: usize;

    fn and(self, other: Self) -> Self;
    fn or(self, other: Self) -> Self;

    /// Bit i is lane i.
    fn bits(self) -> u32;
}

/// The lanes of a vector as an array; those past its number of lanes hold `rest`.
#[inline(always)]
pub(crate) fn to_array<V: Vector>(vector: V, rest: V::Lane) -> [V::Lane; MAX_LANES] {
    const { assert!(V::LANES <= MAX_LANES) };
    let mut lanes = [rest; MAX_LANES];
    // SAFETY: the array has room for a vector's lanes.
    unsafe { vector.store(lanes.as_mut_ptr()) };
    lanes
}

/// Work that is written once and runs on every token. `run` and all that it calls must be `#[inline(always)]`.
pub trait Kernel {
    type Output;
    fn run<T: Token>(self, token: T) -> Self::Output;
}

/// A part of a kernel, which knows its token. `run` and all that it calls must be `#[inline(always)]`.
pub trait Part {
    type Output;
    fn run(self) -> Self::Output;
}

/// Runs a kernel on vectors of one lane, for work on a single number: the bits are those of every ISA.
pub(crate) fn run_on_one_lane<K: Kernel>(kernel: K) -> K::Output {
    kernel.run(scalar::Scalar)
}

/// Runs a kernel on the active ISA.
#[inline]
pub(crate) fn run<K: Kernel>(kernel: K) -> K::Output {
    match Isa::active() {
        Isa::Scalar => kernel.run(scalar::Scalar),
        #[cfg(target_arch = "x86_64")]
        // SAFETY: an ISA is active only after the processor was seen to have it.
        Isa::Avx2 => unsafe { avx2::enter(kernel) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: an ISA is active only after the processor was seen to have it.
        Isa::Avx512 => unsafe { avx512::enter(kernel) },
        #[cfg(target_arch = "aarch64")]
        // SAFETY: an ISA is active only after the processor was seen to have it.
        Isa::Neon => unsafe { neon::enter(kernel) },
    }
}
