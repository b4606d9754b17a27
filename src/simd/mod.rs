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
mod isa;
mod scalar;

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

pub(crate) use element::{Element, Lanes, Real, splat};
pub(crate) use isa::Isa;

/// The most lanes that a vector of any token has.
pub(crate) const MAX_LANES: usize = 16;

/// Proof that the processor has an instruction set, and the vectors that come with it.
pub trait Token: Copy + 'static {
    type F32: Vector32<Token = Self>;
    type F64: Vector<Token = Self, Lane = f64>;
}

/// As many numbers as the instruction set computes at once. Every operation is one IEEE operation per lane.
pub trait Vector: Copy {
    type Token: Token;
    type Lane: Real;
    type Mask: Mask;
    const LANES: usize;

    fn splat(token: Self::Token, lane: Self::Lane) -> Self;

    /// # Safety
    /// `from` is valid for reads of `LANES` numbers; it need not be aligned to the vector.
    unsafe fn load(token: Self::Token, from: *const Self::Lane) -> Self;

    /// # Safety
    /// `to` is valid for writes of `LANES` numbers; it need not be aligned to the vector.
    unsafe fn store(self, to: *mut Self::Lane);

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

    fn lt(self, other: Self) -> Self::Mask;
    fn le(self, other: Self) -> Self::Mask;

    /// `mask ? yes : no`, lane by lane.
    fn select(mask: Self::Mask, yes: Self, no: Self) -> Self;
}

/// A vector of float32, which also reads, writes and rounds to the 16-bit types: correctly rounded (to nearest even),
/// subnormals and infinities included; a NaN stays a NaN.
pub trait Vector32: Vector<Lane = f32> {
    /// # Safety
    /// `from` is valid for reads of `LANES` numbers.
    unsafe fn load_f16(token: Self::Token, from: *const u16) -> Self;

    /// # Safety
    /// `to` is valid for writes of `LANES` numbers.
    unsafe fn store_f16(self, to: *mut u16);

    /// # Safety
    /// `from` is valid for reads of `LANES` numbers.
    unsafe fn load_bf16(token: Self::Token, from: *const u16) -> Self;

    /// # Safety
    /// `to` is valid for writes of `LANES` numbers.
    unsafe fn store_bf16(self, to: *mut u16);

    fn round_to_f16(self) -> Self;
    fn round_to_bf16(self) -> Self;
}

/// One truth value per lane.
pub trait Mask: Copy {
    fn and(self, other: Self) -> Self;
    fn or(self, other: Self) -> Self;

    /// Bit i is lane i.
    fn bits(self) -> u32;
}

/// Work that is written once and runs on every token. `run` and all that it calls must be `#[inline(always)]`.
pub(crate) trait Kernel {
    type Output;
    fn run<T: Token>(self, token: T) -> Self::Output;
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
