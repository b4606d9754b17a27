//! The token of every processor: vectors of one lane. Its conversions of the 16-bit types are the reference for the
//! other tokens, which have instructions for them.

use super::fold::Single;
use super::transpose::Register;
use super::{Mask, Packed, Part, Token, Vector, Vector32};

#[derive(Clone, Copy)]
pub(crate) struct Scalar;

impl Token for Scalar {
    type F32 = One<f32>;
    type F64 = One<f64>;
    type Register = ();
    const STREAMS: bool = false;
    type Reader = Self;

    #[inline(always)]
    fn reader(self) -> Self {
        self
    }

    #[inline(always)]
    fn call<P: Part>(self, part: P) -> P::Output {
        call(part)
    }

    #[inline(always)]
    fn prefetch(self, _: *const u8) {}

    #[inline(always)]
    fn finish_streaming(self) {}
}

#[inline(never)]
fn call<P: Part>(part: P) -> P::Output {
    part.run()
}

#[derive(Clone, Copy)]
pub(crate) struct One<C>(C);

impl Mask for bool {
    const LANES: usize = 1;

    #[inline(always)]
    fn and(self, other: bool) -> bool {
        self & other
    }

    #[inline(always)]
    fn or(self, other: bool) -> bool {
        self | other
    }

    #[inline(always)]
    fn bits(self) -> u32 {
        u32::from(self)
    }
}

/// No register: the compiler knows none that would be faster than elements one by one.
impl Register for () {
    const BLOCKS: usize = 0;

    #[inline(always)]
    unsafe fn load(_: *const u8) {}

    #[inline(always)]
    unsafe fn store(self, _: *mut u8) {}

    #[inline(always)]
    unsafe fn interleave<const M: usize>(self, (): ()) -> [(); 2] {
        [(); 2]
    }

    #[inline(always)]
    unsafe fn part(self, (): ()) -> [(); 2] {
        [(); 2]
    }
}

macro_rules! one {
    ($real:ident) => {
        impl Vector for One<$real> {
            type Token = Scalar;
            type Lane = $real;
            type Mask = bool;
            type Single = Self;
            const LANES: usize = 1;

            #[inline(always)]
            fn fold(self, _: impl Fn(Self, Self) -> Self) -> Self {
                self
            }

            #[inline(always)]
            fn splat(_: Scalar, lane: $real) -> Self {
                One(lane)
            }

            #[inline(always)]
            unsafe fn load(_: Scalar, from: *const $real) -> Self {
                // SAFETY: the caller's promise.
                One(unsafe { from.read() })
            }

            #[inline(always)]
            unsafe fn store(self, to: *mut $real) {
                // SAFETY: the caller's promise.
                unsafe { to.write(self.0) }
            }

            #[inline(always)]
            unsafe fn stream(self, to: *mut $real) {
                // SAFETY: the caller's promise.
                unsafe { to.write(self.0) }
            }

            #[inline(always)]
            unsafe fn load_first(_: Scalar, from: *const $real, count: usize) -> Self {
                // SAFETY: the caller's promise.
                One(if count == 0 { $real::NAN } else { unsafe { from.read() } })
            }

            #[inline(always)]
            unsafe fn store_first(self, to: *mut $real, count: usize) {
                if count != 0 {
                    // SAFETY: the caller's promise.
                    unsafe { to.write(self.0) }
                }
            }

            #[inline(always)]
            fn join(count: usize, first: Self, rest: Self) -> Self {
                if count == 0 { rest } else { first }
            }

            #[inline(always)]
            fn least(self) -> $real {
                self.0
            }

            #[inline(always)]
            fn greatest(self) -> $real {
                self.0
            }

            #[inline(always)]
            fn token(self) -> Scalar {
                Scalar
            }

            #[inline(always)]
            fn add(self, other: Self) -> Self {
                One(self.0 + other.0)
            }

            #[inline(always)]
            fn mul(self, other: Self) -> Self {
                One(self.0 * other.0)
            }

            #[inline(always)]
            fn div(self, other: Self) -> Self {
                One(self.0 / other.0)
            }

            #[inline(always)]
            fn min(self, other: Self) -> Self {
                if self.0 < other.0 { self } else { other }
            }

            #[inline(always)]
            fn max(self, other: Self) -> Self {
                if self.0 > other.0 { self } else { other }
            }

            #[inline(always)]
            fn round_half_to_even(self) -> Self {
                One(self.0.round_ties_even())
            }

            #[inline(always)]
            fn floor(self) -> Self {
                One(self.0.floor())
            }

            #[inline(always)]
            fn lt(self, other: Self) -> bool {
                self.0 < other.0
            }

            #[inline(always)]
            fn le(self, other: Self) -> bool {
                self.0 <= other.0
            }

            #[inline(always)]
            fn select(mask: bool, yes: Self, no: Self) -> Self {
                if mask { yes } else { no }
            }
        }

        impl Single for One<$real> {
            #[inline(always)]
            fn unzip(self, other: Self, _: u32) -> [Self; 2] {
                [self, other]
            }
        }
    };
}

one!(f32);
one!(f64);

impl Vector32 for One<f32> {
    type Packed = Two;

    #[inline(always)]
    fn from_f16(Two([lower, upper]): Two) -> [Self; 2] {
        [One(f32_from_f16(lower)), One(f32_from_f16(upper))]
    }

    #[inline(always)]
    fn to_f16([lower, upper]: [Self; 2]) -> Two {
        Two([f16_from_f32(lower.0), f16_from_f32(upper.0)])
    }

    #[inline(always)]
    fn from_bf16(Two([lower, upper]): Two) -> [Self; 2] {
        [One(f32_from_bf16(lower)), One(f32_from_bf16(upper))]
    }

    #[inline(always)]
    fn to_bf16([lower, upper]: [Self; 2]) -> Two {
        Two([bf16_from_f32(lower.0), bf16_from_f32(upper.0)])
    }

    #[inline(always)]
    unsafe fn load_f64(_: Scalar, from: *const f64) -> Self {
        // SAFETY: the caller's promise.
        One(unsafe { from.read() } as f32)
    }

    #[inline(always)]
    unsafe fn store_bytes(four: [Self; 4], to: *mut u8) {
        for (index, One(number)) in four.into_iter().enumerate() {
            // SAFETY: the caller's promise.
            unsafe { to.add(index).write(number as i32 as u8) };
        }
    }

    #[inline(always)]
    unsafe fn store_words(four: [Self; 4], to: *mut u16) {
        for (index, One(number)) in four.into_iter().enumerate() {
            // SAFETY: the caller's promise.
            unsafe { to.add(index).write(number as i32 as u16) };
        }
    }
}

#[derive(Clone, Copy)]
pub(crate) struct Two([u16; 2]);

impl Packed for Two {
    type Token = Scalar;
    const LANES: usize = 2;

    #[inline(always)]
    unsafe fn load(_: Scalar, from: *const u16) -> Self {
        // SAFETY: the caller's promise.
        Two(unsafe { from.cast::<[u16; 2]>().read_unaligned() })
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut u16) {
        // SAFETY: the caller's promise.
        unsafe { to.cast::<[u16; 2]>().write_unaligned(self.0) }
    }

    #[inline(always)]
    unsafe fn stream(self, to: *mut u16) {
        // SAFETY: the caller's promise.
        unsafe { self.store(to) }
    }

    #[inline(always)]
    unsafe fn load_first(_: Scalar, from: *const u16, count: usize, rest: u16) -> Self {
        // SAFETY: the caller's promise.
        let number = |index: usize| if index < count { unsafe { from.add(index).read() } } else { rest };
        Two([number(0), number(1)])
    }

    #[inline(always)]
    unsafe fn store_first(self, to: *mut u16, count: usize) {
        for (index, number) in self.0.into_iter().enumerate().take(count) {
            // SAFETY: the caller's promise.
            unsafe { to.add(index).write(number) };
        }
    }
}

const F32_INFINITY: u32 = 0x7f80_0000;

#[inline(always)]
fn f32_from_f16(half: u16) -> f32 {
    const INFINITY: u16 = 0x7c00;
    // The exponents' biases differ by 112; the product puts that right, subnormals included, without rounding.
    const REBIAS: f32 = f32::from_bits((127 + 112) << 23);
    let sign = u32::from(half & 0x8000) << 16;
    let magnitude = half & 0x7fff;
    let shifted = u32::from(magnitude) << 13;
    let bits =
        if magnitude >= INFINITY { shifted | F32_INFINITY } else { (f32::from_bits(shifted) * REBIAS).to_bits() };
    f32::from_bits(sign | bits)
}

#[inline(always)]
fn f16_from_f32(number: f32) -> u16 {
    const TWO_TO_16: u32 = (127 + 16) << 23;
    const LEAST_NORMAL: u32 = (127 - 14) << 23;
    let bits = number.to_bits();
    let sign = (bits >> 16) & 0x8000;
    let magnitude = bits & 0x7fff_ffff;
    let half = if magnitude > F32_INFINITY {
        0x7e00
    } else if magnitude >= TWO_TO_16 {
        0x7c00
    } else if magnitude >= LEAST_NORMAL {
        // A carry goes into the exponent, and from the largest finite number to infinity, as it should.
        (round_off(magnitude, 13) >> 13) - (112 << 10)
    } else {
        // A half's subnormals are multiples of 2^-24, as are the floats from 0.5 on: the sum rounds to one of them.
        (f32::from_bits(magnitude) + 0.5).to_bits() - 0.5f32.to_bits()
    };
    (sign | half) as u16
}

#[inline(always)]
fn f32_from_bf16(bits: u16) -> f32 {
    f32::from_bits(u32::from(bits) << 16)
}

/// Of a NaN as [`Vector32`] wants it.
#[inline(always)]
fn bf16_from_f32(number: f32) -> u16 {
    (round_off(number.to_bits(), 16) >> 16) as u16
}

/// Adds what makes dropping the lowest `drop` bits round to nearest, halves to even.
#[inline(always)]
fn round_off(bits: u32, drop: u32) -> u32 {
    let is_odd = (bits >> drop) & 1;
    bits + (1 << (drop - 1)) - 1 + is_odd
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_16_bit_number_widens_as_the_half_crate_does() {
        for bits in 0..=u16::MAX {
            let (ours, theirs) = (f32_from_f16(bits), half::f16::from_bits(bits).to_f32());
            assert!(ours.to_bits() == theirs.to_bits() || ours.is_nan() && theirs.is_nan(), "f16 {bits:#06x}");
            let (ours, theirs) = (f32_from_bf16(bits), half::bf16::from_bits(bits).to_f32());
            assert!(ours.to_bits() == theirs.to_bits() || ours.is_nan() && theirs.is_nan(), "bf16 {bits:#06x}");
        }
    }

    /// Every float whose dropped bits decide the rounding: each upper half with the lower bits around a tie.
    #[test]
    fn floats_narrow_as_the_half_crate_does() {
        for upper in 0..=u16::MAX {
            for lower in [
                0u32, 1, 0x0fff, 0x1000, 0x1001, 0x2fff, 0x3000, 0x3001, 0x7fff, 0x8000, 0x8001, 0xefff, 0xf000, 0xffff,
            ] {
                let number = f32::from_bits(u32::from(upper) << 16 | lower);
                let (ours, theirs) = (half::f16::from_bits(f16_from_f32(number)), half::f16::from_f32(number));
                assert!(ours.to_bits() == theirs.to_bits() || ours.is_nan() && theirs.is_nan(), "f16 of {number:e}");
                if number.is_nan() && lower != 0 {
                    continue;
                }
                let (ours, theirs) = (half::bf16::from_bits(bf16_from_f32(number)), half::bf16::from_f32(number));
                assert!(ours.to_bits() == theirs.to_bits() || ours.is_nan() && theirs.is_nan(), "bf16 of {number:e}");
            }
        }
    }
}
