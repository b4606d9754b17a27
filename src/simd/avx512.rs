//! AVX-512 (F, BW, DQ and VL, as every processor of level x86-64-v4 has): sixteen float32 or eight float64.

use std::arch::x86_64::*;

use super::x86::x86_vector;
use super::{Kernel, Mask, Token, Vector32};

#[derive(Clone, Copy)]
pub(crate) struct Avx512(());

impl Token for Avx512 {
    type F32 = F32x16;
    type F64 = F64x8;
}

pub(super) fn is_available() -> bool {
    is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512vl")
}

/// # Safety
/// [`is_available`] was true.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
pub(super) unsafe fn enter<K: Kernel>(kernel: K) -> K::Output {
    kernel.run(Avx512(()))
}

x86_vector! {
    F32x16(__m512) of 16 f32, Avx512, mask __mmask16,
    splat _mm512_set1_ps, load _mm512_loadu_ps, store _mm512_storeu_ps,
    add _mm512_add_ps, mul _mm512_mul_ps, div _mm512_div_ps, min _mm512_min_ps, max _mm512_max_ps,
    round _mm512_roundscale_ps, compare _mm512_cmp_ps_mask,
    select(mask, yes, no) _mm512_mask_blend_ps(mask, no, yes)
}

x86_vector! {
    F64x8(__m512d) of 8 f64, Avx512, mask __mmask8,
    splat _mm512_set1_pd, load _mm512_loadu_pd, store _mm512_storeu_pd,
    add _mm512_add_pd, mul _mm512_mul_pd, div _mm512_div_pd, min _mm512_min_pd, max _mm512_max_pd,
    round _mm512_roundscale_pd, compare _mm512_cmp_pd_mask,
    select(mask, yes, no) _mm512_mask_blend_pd(mask, no, yes)
}

impl Mask for __mmask16 {
    #[inline(always)]
    fn and(self, other: Self) -> Self {
        self & other
    }

    #[inline(always)]
    fn or(self, other: Self) -> Self {
        self | other
    }

    #[inline(always)]
    fn bits(self) -> u32 {
        u32::from(self)
    }
}

impl Mask for __mmask8 {
    #[inline(always)]
    fn and(self, other: Self) -> Self {
        self & other
    }

    #[inline(always)]
    fn or(self, other: Self) -> Self {
        self | other
    }

    #[inline(always)]
    fn bits(self) -> u32 {
        u32::from(self)
    }
}

// SAFETY, for every block below: a vector exists only where the processor has the instructions; pointers are the
// caller's promise.

#[allow(clippy::undocumented_unsafe_blocks, reason = "said once, above")]
impl Vector32 for F32x16 {
    #[inline(always)]
    unsafe fn load_f16(_: Avx512, from: *const u16) -> Self {
        Self(unsafe { _mm512_cvtph_ps(_mm256_loadu_si256(from.cast())) })
    }

    #[inline(always)]
    unsafe fn store_f16(self, to: *mut u16) {
        unsafe { _mm256_storeu_si256(to.cast(), self.to_f16()) }
    }

    #[inline(always)]
    unsafe fn load_bf16(_: Avx512, from: *const u16) -> Self {
        Self(unsafe { from_upper_halves(_mm256_loadu_si256(from.cast())) })
    }

    #[inline(always)]
    unsafe fn store_bf16(self, to: *mut u16) {
        unsafe { _mm256_storeu_si256(to.cast(), self.to_bf16()) }
    }

    #[inline(always)]
    fn round_to_f16(self) -> Self {
        Self(unsafe { _mm512_cvtph_ps(self.to_f16()) })
    }

    #[inline(always)]
    fn round_to_bf16(self) -> Self {
        Self(from_upper_halves(self.to_bf16()))
    }
}

#[allow(clippy::undocumented_unsafe_blocks, reason = "said once, above")]
#[inline(always)]
fn from_upper_halves(halves: __m256i) -> __m512 {
    unsafe { _mm512_castsi512_ps(_mm512_slli_epi32::<16>(_mm512_cvtepu16_epi32(halves))) }
}

#[allow(clippy::undocumented_unsafe_blocks, reason = "said once, above")]
impl F32x16 {
    #[inline(always)]
    fn to_f16(self) -> __m256i {
        unsafe { _mm512_cvtps_ph::<_MM_FROUND_TO_NEAREST_INT>(self.0) }
    }

    /// Integer rounding to nearest even: the instruction for it, vcvtneps2bf16, flushes subnormals to zero.
    #[inline(always)]
    fn to_bf16(self) -> __m256i {
        unsafe {
            let bits = _mm512_castps_si512(self.0);
            let is_odd = _mm512_and_si512(_mm512_srli_epi32::<16>(bits), _mm512_set1_epi32(1));
            let rounded = _mm512_add_epi32(_mm512_add_epi32(bits, _mm512_set1_epi32(0x7fff)), is_odd);
            let is_nan = _mm512_cmp_ps_mask::<_CMP_UNORD_Q>(self.0, self.0);
            let quiet = _mm512_mask_or_epi32(rounded, is_nan, bits, _mm512_set1_epi32(0x0040_0000));
            _mm512_cvtepi32_epi16(_mm512_srli_epi32::<16>(quiet))
        }
    }
}
