//! NEON: four float32 or two float64.

use std::arch::aarch64::*;
use std::arch::asm;

use super::fold::Single;
use super::transpose::Register;
use super::{Kernel, Mask, Packed, Part, Token, Vector, Vector32};

#[derive(Clone, Copy)]
pub(crate) struct Neon(());

impl Token for Neon {
    type F32 = F32x4;
    type F64 = F64x2;
    type Register = uint8x16_t;
    const STREAMS: bool = false;
    type Reader = Self;

    #[inline(always)]
    fn reader(self) -> Self {
        self
    }

    #[inline(always)]
    fn call<P: Part>(self, part: P) -> P::Output {
        // SAFETY: the token exists.
        unsafe { call(part) }
    }

    #[inline(always)]
    fn prefetch(self, address: *const u8) {
        // SAFETY: asks for memory, and reads none.
        unsafe { asm!("prfm pldl1keep, [{}]", in(reg) address, options(nostack, preserves_flags)) };
    }

    #[inline(always)]
    fn finish_streaming(self) {}
}

pub(super) fn is_available() -> bool {
    std::arch::is_aarch64_feature_detected!("neon")
}

/// # Safety
/// [`is_available`] was true.
#[target_feature(enable = "neon")]
#[inline(never)]
unsafe fn call<P: Part>(part: P) -> P::Output {
    part.run()
}

/// # Safety
/// [`is_available`] was true.
#[target_feature(enable = "neon")]
pub(super) unsafe fn enter<K: Kernel>(kernel: K) -> K::Output {
    kernel.run(Neon(()))
}

// SAFETY, for every block below: the token exists, and pointers are valid, as the caller promises.
#[allow(clippy::undocumented_unsafe_blocks, unused_unsafe, reason = "said once, above; newer intrinsics are safe")]
impl Register for uint8x16_t {
    const BLOCKS: usize = 1;

    #[inline(always)]
    unsafe fn load(from: *const u8) -> Self {
        unsafe { vld1q_u8(from) }
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut u8) {
        unsafe { vst1q_u8(to, self) }
    }

    #[inline(always)]
    unsafe fn interleave<const M: usize>(self, other: Self) -> [Self; 2] {
        unsafe {
            match M {
                8 => {
                    let (a, b) = (vreinterpretq_u16_u8(self), vreinterpretq_u16_u8(other));
                    [vreinterpretq_u8_u16(vzip1q_u16(a, b)), vreinterpretq_u8_u16(vzip2q_u16(a, b))]
                }
                4 => {
                    let (a, b) = (vreinterpretq_u32_u8(self), vreinterpretq_u32_u8(other));
                    [vreinterpretq_u8_u32(vzip1q_u32(a, b)), vreinterpretq_u8_u32(vzip2q_u32(a, b))]
                }
                _ => {
                    let (a, b) = (vreinterpretq_u64_u8(self), vreinterpretq_u64_u8(other));
                    [vreinterpretq_u8_u64(vzip1q_u64(a, b)), vreinterpretq_u8_u64(vzip2q_u64(a, b))]
                }
            }
        }
    }

    #[inline(always)]
    unsafe fn part(self, other: Self) -> [Self; 2] {
        [self, other]
    }
}

/// Implements [`Vector`] and its [`Mask`] from the list of the intrinsics.
macro_rules! neon_vector {
    (
        $vector:ident($register:ty) of $lanes:literal $lane:ty, mask $mask:ty, $mask_lane:ty,
        splat $splat:ident, load $load:ident, store $store:ident, add $add:ident, mul $mul:ident, div $div:ident,
        round $round:ident, floor $floor:ident, lt $lt:ident, le $le:ident, select $select:ident,
        and $and:ident, or $or:ident, store_mask $store_mask:ident, unzip $even:ident, $odd:ident
    ) => {
        #[derive(Clone, Copy)]
        pub(crate) struct $vector($register);

        // SAFETY, for every block below: a vector, a mask and a token exist only where the processor has the
        // instructions; pointers are the caller's promise.
        #[allow(
            clippy::undocumented_unsafe_blocks,
            unused_unsafe,
            reason = "said once, above; newer intrinsics are safe"
        )]
        impl Vector for $vector {
            type Token = Neon;
            type Lane = $lane;
            type Mask = $mask;
            type Single = Self;
            const LANES: usize = $lanes;

            #[inline(always)]
            fn fold(self, _: impl Fn(Self, Self) -> Self) -> Self {
                self
            }

            #[inline(always)]
            fn splat(_: Neon, lane: $lane) -> Self {
                Self(unsafe { $splat(lane) })
            }

            #[inline(always)]
            unsafe fn load(_: Neon, from: *const $lane) -> Self {
                Self(unsafe { $load(from) })
            }

            #[inline(always)]
            unsafe fn store(self, to: *mut $lane) {
                unsafe { $store(to, self.0) }
            }

            // No streaming store of one register has an intrinsic.
            #[inline(always)]
            unsafe fn stream(self, to: *mut $lane) {
                unsafe { $store(to, self.0) }
            }

            #[inline(always)]
            fn token(self) -> Neon {
                Neon(())
            }

            #[inline(always)]
            fn add(self, other: Self) -> Self {
                Self(unsafe { $add(self.0, other.0) })
            }

            #[inline(always)]
            fn mul(self, other: Self) -> Self {
                Self(unsafe { $mul(self.0, other.0) })
            }

            #[inline(always)]
            fn div(self, other: Self) -> Self {
                Self(unsafe { $div(self.0, other.0) })
            }

            // Not fmin and fmax: those give NaN where either is NaN.
            #[inline(always)]
            fn min(self, other: Self) -> Self {
                Self::select(self.lt(other), self, other)
            }

            #[inline(always)]
            fn max(self, other: Self) -> Self {
                Self::select(other.lt(self), self, other)
            }

            #[inline(always)]
            fn round_half_to_even(self) -> Self {
                Self(unsafe { $round(self.0) })
            }

            #[inline(always)]
            fn floor(self) -> Self {
                Self(unsafe { $floor(self.0) })
            }

            #[inline(always)]
            fn lt(self, other: Self) -> $mask {
                unsafe { $lt(self.0, other.0) }
            }

            #[inline(always)]
            fn le(self, other: Self) -> $mask {
                unsafe { $le(self.0, other.0) }
            }

            #[inline(always)]
            fn select(mask: $mask, yes: Self, no: Self) -> Self {
                Self(unsafe { $select(mask, yes.0, no.0) })
            }
        }

        #[allow(
            clippy::undocumented_unsafe_blocks,
            unused_unsafe,
            reason = "said once, above; newer intrinsics are safe"
        )]
        impl Single for $vector {
            #[inline(always)]
            fn unzip(self, other: Self, _: u32) -> [Self; 2] {
                unsafe { [Self($even(self.0, other.0)), Self($odd(self.0, other.0))] }
            }
        }

        #[allow(
            clippy::undocumented_unsafe_blocks,
            unused_unsafe,
            reason = "said once, above; newer intrinsics are safe"
        )]
        impl Mask for $mask {
            const LANES: usize = $lanes;

            #[inline(always)]
            fn and(self, other: Self) -> Self {
                unsafe { $and(self, other) }
            }

            #[inline(always)]
            fn or(self, other: Self) -> Self {
                unsafe { $or(self, other) }
            }

            #[inline(always)]
            fn bits(self) -> u32 {
                let mut lanes: [$mask_lane; $lanes] = [0; $lanes];
                unsafe { $store_mask(lanes.as_mut_ptr(), self) };
                lanes.iter().enumerate().map(|(lane, truth)| u32::from(*truth != 0) << lane).sum()
            }
        }
    };
}

neon_vector! {
    F32x4(float32x4_t) of 4 f32, mask uint32x4_t, u32,
    splat vdupq_n_f32, load vld1q_f32, store vst1q_f32, add vaddq_f32, mul vmulq_f32, div vdivq_f32,
    round vrndnq_f32, floor vrndmq_f32, lt vcltq_f32, le vcleq_f32, select vbslq_f32,
    and vandq_u32, or vorrq_u32, store_mask vst1q_u32, unzip vuzp1q_f32, vuzp2q_f32
}

neon_vector! {
    F64x2(float64x2_t) of 2 f64, mask uint64x2_t, u64,
    splat vdupq_n_f64, load vld1q_f64, store vst1q_f64, add vaddq_f64, mul vmulq_f64, div vdivq_f64,
    round vrndnq_f64, floor vrndmq_f64, lt vcltq_f64, le vcleq_f64, select vbslq_f64,
    and vandq_u64, or vorrq_u64, store_mask vst1q_u64, unzip vuzp1q_f64, vuzp2q_f64
}

// SAFETY, for every block below: a vector exists only where the processor has the instructions; pointers are the
// caller's promise.

#[allow(clippy::undocumented_unsafe_blocks, unused_unsafe, reason = "said once, above; newer intrinsics are safe")]
impl Vector32 for F32x4 {
    type Packed = U16x8;

    #[inline(always)]
    fn from_f16(U16x8(numbers): U16x8) -> [Self; 2] {
        let (lower, upper) = unsafe { (vget_low_u16(numbers), vget_high_u16(numbers)) };
        [Self(widen_f16(lower)), Self(widen_f16(upper))]
    }

    #[inline(always)]
    fn to_f16([lower, upper]: [Self; 2]) -> U16x8 {
        U16x8(unsafe { vcombine_u16(narrow_f16(lower.0), narrow_f16(upper.0)) })
    }

    #[inline(always)]
    fn from_bf16(U16x8(numbers): U16x8) -> [Self; 2] {
        let (lower, upper) = unsafe { (vget_low_u16(numbers), vget_high_u16(numbers)) };
        [Self(widen_bf16(lower)), Self(widen_bf16(upper))]
    }

    #[inline(always)]
    fn to_bf16([lower, upper]: [Self; 2]) -> U16x8 {
        U16x8(unsafe { vcombine_u16(narrow_bf16(lower.0), narrow_bf16(upper.0)) })
    }

    #[inline(always)]
    unsafe fn load_f64(_: Neon, from: *const f64) -> Self {
        Self(unsafe { vcvt_high_f32_f64(vcvt_f32_f64(vld1q_f64(from)), vld1q_f64(from.add(2))) })
    }

    #[inline(always)]
    unsafe fn store_bytes([a, b, c, d]: [Self; 4], to: *mut u8) {
        unsafe {
            let (lower, upper) = (lowest_words(a, b), lowest_words(c, d));
            vst1q_u8(to, vcombine_u8(vmovn_u16(lower), vmovn_u16(upper)))
        }
    }

    #[inline(always)]
    unsafe fn store_words([a, b, c, d]: [Self; 4], to: *mut u16) {
        unsafe {
            vst1q_u16(to, lowest_words(a, b));
            vst1q_u16(to.add(8), lowest_words(c, d));
        }
    }
}

/// Of integers; the integer of a NaN is 0.
#[allow(clippy::undocumented_unsafe_blocks, unused_unsafe, reason = "said once, above; newer intrinsics are safe")]
#[inline(always)]
fn lowest_words(lower: F32x4, upper: F32x4) -> uint16x8_t {
    unsafe {
        let lower = vmovn_u32(vreinterpretq_u32_s32(vcvtq_s32_f32(lower.0)));
        let upper = vmovn_u32(vreinterpretq_u32_s32(vcvtq_s32_f32(upper.0)));
        vcombine_u16(lower, upper)
    }
}

#[derive(Clone, Copy)]
pub(crate) struct U16x8(uint16x8_t);

#[allow(clippy::undocumented_unsafe_blocks, unused_unsafe, reason = "said once, above; newer intrinsics are safe")]
impl Packed for U16x8 {
    type Token = Neon;
    const LANES: usize = 8;

    #[inline(always)]
    unsafe fn load(_: Neon, from: *const u16) -> Self {
        Self(unsafe { vld1q_u16(from) })
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut u16) {
        unsafe { vst1q_u16(to, self.0) }
    }

    #[inline(always)]
    unsafe fn stream(self, to: *mut u16) {
        unsafe { vst1q_u16(to, self.0) }
    }
}

// The intrinsics of these two instructions want the primitive type f16, which stable Rust does not have.

#[inline(always)]
fn widen_f16(halves: uint16x4_t) -> float32x4_t {
    let wide: float32x4_t;
    // SAFETY: one instruction of NEON from register to register.
    unsafe { asm!("fcvtl {0:v}.4s, {1:v}.4h", out(vreg) wide, in(vreg) halves, options(pure, nomem, nostack)) };
    wide
}

#[inline(always)]
fn narrow_f16(wide: float32x4_t) -> uint16x4_t {
    let halves: uint16x4_t;
    // SAFETY: one instruction of NEON from register to register.
    unsafe { asm!("fcvtn {0:v}.4h, {1:v}.4s", out(vreg) halves, in(vreg) wide, options(pure, nomem, nostack)) };
    halves
}

#[allow(clippy::undocumented_unsafe_blocks, unused_unsafe, reason = "said once, above; newer intrinsics are safe")]
#[inline(always)]
fn widen_bf16(halves: uint16x4_t) -> float32x4_t {
    unsafe { vreinterpretq_f32_u32(vshll_n_u16::<16>(halves)) }
}

#[allow(clippy::undocumented_unsafe_blocks, unused_unsafe, reason = "said once, above; newer intrinsics are safe")]
#[inline(always)]
fn narrow_bf16(wide: float32x4_t) -> uint16x4_t {
    unsafe {
        let bits = vreinterpretq_u32_f32(wide);
        let is_odd = vandq_u32(vshrq_n_u32::<16>(bits), vdupq_n_u32(1));
        let rounded = vaddq_u32(vaddq_u32(bits, vdupq_n_u32(0x7fff)), is_odd);
        vshrn_n_u32::<16>(rounded)
    }
}
