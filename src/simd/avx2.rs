//! AVX2 with F16C: eight float32 or four float64.

use std::arch::x86_64::*;

use super::x86::x86_vector;
use super::{Kernel, Mask, Token, Vector32};

#[derive(Clone, Copy)]
pub(crate) struct Avx2(());

impl Token for Avx2 {
    type F32 = F32x8;
    type F64 = F64x4;
}

pub(super) fn is_available() -> bool {
    is_x86_feature_detected!("avx2") && is_x86_feature_detected!("f16c")
}

/// # Safety
/// [`is_available`] was true.
#[target_feature(enable = "avx2,f16c")]
pub(super) unsafe fn enter<K: Kernel>(kernel: K) -> K::Output {
    kernel.run(Avx2(()))
}

x86_vector! {
    F32x8(__m256) of 8 f32, Avx2, mask __m256,
    splat _mm256_set1_ps, load _mm256_loadu_ps, store _mm256_storeu_ps,
    add _mm256_add_ps, mul _mm256_mul_ps, div _mm256_div_ps, min _mm256_min_ps, max _mm256_max_ps,
    round _mm256_round_ps, compare _mm256_cmp_ps, select(mask, yes, no) _mm256_blendv_ps(no, yes, mask)
}

x86_vector! {
    F64x4(__m256d) of 4 f64, Avx2, mask __m256d,
    splat _mm256_set1_pd, load _mm256_loadu_pd, store _mm256_storeu_pd,
    add _mm256_add_pd, mul _mm256_mul_pd, div _mm256_div_pd, min _mm256_min_pd, max _mm256_max_pd,
    round _mm256_round_pd, compare _mm256_cmp_pd, select(mask, yes, no) _mm256_blendv_pd(no, yes, mask)
}

// SAFETY, for every block below: a mask and a vector exist only where the processor has the instructions; pointers are
// the caller's promise.

#[allow(clippy::undocumented_unsafe_blocks, reason = "said once, above")]
impl Mask for __m256 {
    #[inline(always)]
    fn and(self, other: Self) -> Self {
        unsafe { _mm256_and_ps(self, other) }
    }

    #[inline(always)]
    fn or(self, other: Self) -> Self {
        unsafe { _mm256_or_ps(self, other) }
    }

    #[inline(always)]
    fn bits(self) -> u32 {
        unsafe { _mm256_movemask_ps(self) as u32 }
    }
}

#[allow(clippy::undocumented_unsafe_blocks, reason = "said once, above")]
impl Mask for __m256d {
    #[inline(always)]
    fn and(self, other: Self) -> Self {
        unsafe { _mm256_and_pd(self, other) }
    }

    #[inline(always)]
    fn or(self, other: Self) -> Self {
        unsafe { _mm256_or_pd(self, other) }
    }

    #[inline(always)]
    fn bits(self) -> u32 {
        unsafe { _mm256_movemask_pd(self) as u32 }
    }
}

#[allow(clippy::undocumented_unsafe_blocks, reason = "said once, above")]
impl Vector32 for F32x8 {
    #[inline(always)]
    unsafe fn load_f16(_: Avx2, from: *const u16) -> Self {
        Self(unsafe { _mm256_cvtph_ps(_mm_loadu_si128(from.cast())) })
    }

    #[inline(always)]
    unsafe fn store_f16(self, to: *mut u16) {
        unsafe { _mm_storeu_si128(to.cast(), self.to_f16()) }
    }

    #[inline(always)]
    unsafe fn load_bf16(_: Avx2, from: *const u16) -> Self {
        Self(unsafe {
            _mm256_castsi256_ps(_mm256_slli_epi32::<16>(_mm256_cvtepu16_epi32(_mm_loadu_si128(from.cast()))))
        })
    }

    #[inline(always)]
    unsafe fn store_bf16(self, to: *mut u16) {
        unsafe {
            let upper = _mm256_srli_epi32::<16>(self.rounded_upper_halves());
            // The pack works within 128-bit halves: gather the two quarters that it filled.
            let packed = _mm256_permute4x64_epi64::<0b1000>(_mm256_packus_epi32(upper, upper));
            _mm_storeu_si128(to.cast(), _mm256_castsi256_si128(packed));
        }
    }

    #[inline(always)]
    fn round_to_f16(self) -> Self {
        Self(unsafe { _mm256_cvtph_ps(self.to_f16()) })
    }

    #[inline(always)]
    fn round_to_bf16(self) -> Self {
        Self(unsafe {
            _mm256_castsi256_ps(_mm256_and_si256(self.rounded_upper_halves(), _mm256_set1_epi32(UPPER_HALF)))
        })
    }
}

const UPPER_HALF: i32 = 0xffff_0000_u32 as i32;

#[allow(clippy::undocumented_unsafe_blocks, reason = "said once, above")]
impl F32x8 {
    #[inline(always)]
    fn to_f16(self) -> __m128i {
        unsafe { _mm256_cvtps_ph::<_MM_FROUND_TO_NEAREST_INT>(self.0) }
    }

    /// The bits with the upper half rounded to nearest even; the lower half is not cleared. A NaN becomes quiet.
    #[inline(always)]
    fn rounded_upper_halves(self) -> __m256i {
        unsafe {
            let bits = _mm256_castps_si256(self.0);
            let is_odd = _mm256_and_si256(_mm256_srli_epi32::<16>(bits), _mm256_set1_epi32(1));
            let rounded = _mm256_add_epi32(_mm256_add_epi32(bits, _mm256_set1_epi32(0x7fff)), is_odd);
            let quiet = _mm256_or_si256(bits, _mm256_set1_epi32(0x0040_0000));
            let is_nan = _mm256_castps_si256(_mm256_cmp_ps::<_CMP_UNORD_Q>(self.0, self.0));
            _mm256_blendv_epi8(rounded, quiet, is_nan)
        }
    }
}
