//! AVX2 with F16C: eight float32 or four float64.

use std::arch::x86_64::*;

use super::avx512::Avx512;
use super::transpose::Register;
use super::x86::{x86_register, x86_vector};
use super::{Kernel, Mask, Packed, Part, Token, Vector32};

#[derive(Clone, Copy)]
pub(crate) struct Avx2(());

impl Avx2 {
    #[inline(always)]
    fn of_a_vector() -> Self {
        Avx2(())
    }

    /// A processor with AVX-512 has AVX2 as well.
    #[inline(always)]
    pub(super) fn of_avx512(_: Avx512) -> Self {
        Avx2(())
    }
}

impl Token for Avx2 {
    type F32 = F32x8;
    type F64 = F64x4;
    type Register = __m256i;
    const STREAMS: bool = true;
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
        unsafe { _mm_prefetch::<_MM_HINT_T0>(address.cast()) }
    }

    #[inline(always)]
    fn finish_streaming(self) {
        // SAFETY: every processor of the architecture has it.
        unsafe { _mm_sfence() }
    }

    #[inline(always)]
    unsafe fn stream_line(self, from: *const u8, to: *mut u8) {
        // SAFETY: the token exists; the pointers are the caller's promise.
        unsafe {
            let (lower, upper) = (_mm256_load_si256(from.cast()), _mm256_load_si256(from.add(32).cast()));
            _mm256_stream_si256(to.cast(), lower);
            _mm256_stream_si256(to.add(32).cast(), upper);
        }
    }
}

pub(super) fn is_available() -> bool {
    is_x86_feature_detected!("avx2") && is_x86_feature_detected!("f16c")
}

/// # Safety
/// [`is_available`] was true.
#[target_feature(enable = "avx2,f16c")]
#[inline(never)]
unsafe fn call<P: Part>(part: P) -> P::Output {
    part.run()
}

/// # Safety
/// [`is_available`] was true.
#[target_feature(enable = "avx2,f16c")]
pub(super) unsafe fn enter<K: Kernel>(kernel: K) -> K::Output {
    kernel.run(Avx2(()))
}

x86_register! {
    __m256i of 2, load _mm256_loadu_si256, store _mm256_storeu_si256,
    interleave 16 bits by _mm256_unpacklo_epi16, _mm256_unpackhi_epi16;
    32 bits by _mm256_unpacklo_epi32, _mm256_unpackhi_epi32;
    64 bits by _mm256_unpacklo_epi64, _mm256_unpackhi_epi64,
    part(a, b) [_mm256_permute2x128_si256::<0x20>(a, b), _mm256_permute2x128_si256::<0x31>(a, b)]
}

x86_vector! {
    F32x8(__m256) of 8 f32, Avx2, mask __m256,
    splat _mm256_set1_ps, load _mm256_loadu_ps, store _mm256_storeu_ps, stream _mm256_stream_ps,
    add _mm256_add_ps, mul _mm256_mul_ps, div _mm256_div_ps, min _mm256_min_ps, max _mm256_max_ps,
    round _mm256_round_ps, compare _mm256_cmp_ps, select(mask, yes, no) _mm256_blendv_ps(no, yes, mask),
    unzip blocks of 4 by _mm256_shuffle_ps::<0b10_00_10_00, 0b11_01_11_01>, as _mm256_castps_si256, _mm256_castsi256_ps,
    partial {
        #[inline(always)]
        unsafe fn load_first(_: Avx2, from: *const f32, count: usize) -> Self {
            unsafe {
                let first = first_of_8(count);
                let nan = _mm256_set1_ps(f32::NAN);
                Self(_mm256_blendv_ps(nan, _mm256_maskload_ps(from, first), _mm256_castsi256_ps(first)))
            }
        }

        #[inline(always)]
        unsafe fn store_first(self, to: *mut f32, count: usize) {
            unsafe { _mm256_maskstore_ps(to, first_of_8(count), self.0) }
        }

        #[inline(always)]
        fn join(count: usize, lower: Self, rest: Self) -> Self {
            Self(unsafe { _mm256_blendv_ps(rest.0, lower.0, _mm256_castsi256_ps(first_of_8(count))) })
        }

        #[inline(always)]
        fn least(self) -> f32 {
            unsafe {
                let four = _mm_min_ps(_mm256_castps256_ps128(self.0), _mm256_extractf128_ps::<1>(self.0));
                let two = _mm_min_ps(four, _mm_movehl_ps(four, four));
                _mm_cvtss_f32(_mm_min_ss(two, _mm_movehdup_ps(two)))
            }
        }

        #[inline(always)]
        fn greatest(self) -> f32 {
            unsafe {
                let four = _mm_max_ps(_mm256_castps256_ps128(self.0), _mm256_extractf128_ps::<1>(self.0));
                let two = _mm_max_ps(four, _mm_movehl_ps(four, four));
                _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)))
            }
        }

        #[inline(always)]
        unsafe fn load_repeated(_: Avx2, numbers: *const f32, from: usize, repeats: usize) -> Self {
            unsafe {
                let index = repeated(from % repeats, repeats);
                Self(_mm256_permutevar8x32_ps(_mm256_loadu_ps(numbers.add(from / repeats)), index))
            }
        }
    }
}

x86_vector! {
    F64x4(__m256d) of 4 f64, Avx2, mask __m256d,
    splat _mm256_set1_pd, load _mm256_loadu_pd, store _mm256_storeu_pd, stream _mm256_stream_pd,
    add _mm256_add_pd, mul _mm256_mul_pd, div _mm256_div_pd, min _mm256_min_pd, max _mm256_max_pd,
    round _mm256_round_pd, compare _mm256_cmp_pd, select(mask, yes, no) _mm256_blendv_pd(no, yes, mask),
    unzip blocks of 2 by _mm256_shuffle_pd::<0, 0b1111>, as _mm256_castpd_si256, _mm256_castsi256_pd,
    partial {
        #[inline(always)]
        unsafe fn load_first(_: Avx2, from: *const f64, count: usize) -> Self {
            unsafe {
                let first = first_of_4(count);
                let nan = _mm256_set1_pd(f64::NAN);
                Self(_mm256_blendv_pd(nan, _mm256_maskload_pd(from, first), _mm256_castsi256_pd(first)))
            }
        }

        #[inline(always)]
        unsafe fn store_first(self, to: *mut f64, count: usize) {
            unsafe { _mm256_maskstore_pd(to, first_of_4(count), self.0) }
        }

        #[inline(always)]
        fn join(count: usize, lower: Self, rest: Self) -> Self {
            Self(unsafe { _mm256_blendv_pd(rest.0, lower.0, _mm256_castsi256_pd(first_of_4(count))) })
        }

        #[inline(always)]
        fn least(self) -> f64 {
            unsafe {
                let two = _mm_min_pd(_mm256_castpd256_pd128(self.0), _mm256_extractf128_pd::<1>(self.0));
                _mm_cvtsd_f64(_mm_min_sd(two, _mm_unpackhi_pd(two, two)))
            }
        }

        #[inline(always)]
        fn greatest(self) -> f64 {
            unsafe {
                let two = _mm_max_pd(_mm256_castpd256_pd128(self.0), _mm256_extractf128_pd::<1>(self.0));
                _mm_cvtsd_f64(_mm_max_sd(two, _mm_unpackhi_pd(two, two)))
            }
        }
    }
}

/// All ones in the first `count` lanes.
#[allow(clippy::undocumented_unsafe_blocks, reason = "said once, below")]
#[inline(always)]
fn first_of_8(count: usize) -> __m256i {
    unsafe { _mm256_cmpgt_epi32(_mm256_set1_epi32(count as i32), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7)) }
}

/// All ones in the first `count` lanes.
#[allow(clippy::undocumented_unsafe_blocks, reason = "said once, below")]
#[inline(always)]
fn first_of_4(count: usize) -> __m256i {
    unsafe { _mm256_cmpgt_epi64(_mm256_set1_epi64x(count as i64), _mm256_setr_epi64x(0, 1, 2, 3)) }
}

/// Lane i is `(phase + i) / repeats`, by a product with the reciprocal: exact below 64, for repeats below 32.
#[allow(clippy::undocumented_unsafe_blocks, reason = "said once, below")]
#[inline(always)]
fn repeated(phase: usize, repeats: usize) -> __m256i {
    const BITS: i32 = 11;
    let reciprocal = (1usize << BITS).div_ceil(repeats);
    unsafe {
        let sum = _mm256_add_epi32(_mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7), _mm256_set1_epi32(phase as i32));
        _mm256_srli_epi32::<BITS>(_mm256_mullo_epi32(sum, _mm256_set1_epi32(reciprocal as i32)))
    }
}

// SAFETY, for every block below: a mask and a vector exist only where the processor has the instructions; pointers are
// the caller's promise.

#[allow(clippy::undocumented_unsafe_blocks, reason = "said once, above")]
impl Mask for __m256 {
    const LANES: usize = 8;

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
    const LANES: usize = 4;

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
    type Packed = U16x16;

    #[inline(always)]
    fn from_f16(U16x16(numbers): U16x16) -> [Self; 2] {
        unsafe {
            let upper = _mm256_extracti128_si256::<1>(numbers);
            [Self(_mm256_cvtph_ps(_mm256_castsi256_si128(numbers))), Self(_mm256_cvtph_ps(upper))]
        }
    }

    #[inline(always)]
    fn to_f16([lower, upper]: [Self; 2]) -> U16x16 {
        unsafe {
            let lower = _mm256_cvtps_ph::<_MM_FROUND_TO_NEAREST_INT>(lower.0);
            let upper = _mm256_cvtps_ph::<_MM_FROUND_TO_NEAREST_INT>(upper.0);
            U16x16(_mm256_set_m128i(upper, lower))
        }
    }

    #[inline(always)]
    fn from_bf16(U16x16(numbers): U16x16) -> [Self; 2] {
        unsafe {
            // The unpacking works within 128-bit halves: spread the quarters first.
            let spread = _mm256_permute4x64_epi64::<SPREAD>(numbers);
            let zero = _mm256_setzero_si256();
            let (lower, upper) = (_mm256_unpacklo_epi16(zero, spread), _mm256_unpackhi_epi16(zero, spread));
            [Self(_mm256_castsi256_ps(lower)), Self(_mm256_castsi256_ps(upper))]
        }
    }

    #[inline(always)]
    fn from_bf16_in_any_order(U16x16(numbers): U16x16) -> [Self; 2] {
        unsafe {
            let (even, odd) =
                (_mm256_slli_epi32::<16>(numbers), _mm256_and_si256(numbers, _mm256_set1_epi32(0xffff_0000u32 as i32)));
            [Self(_mm256_castsi256_ps(even)), Self(_mm256_castsi256_ps(odd))]
        }
    }

    #[inline(always)]
    fn to_bf16([lower, upper]: [Self; 2]) -> U16x16 {
        unsafe {
            let packed = _mm256_packus_epi32(lower.rounded_upper_halves(), upper.rounded_upper_halves());
            // The pack works within 128-bit halves: put the quarters in order.
            U16x16(_mm256_permute4x64_epi64::<SPREAD>(packed))
        }
    }

    #[inline(always)]
    unsafe fn load_f64(_: Avx2, from: *const f64) -> Self {
        unsafe {
            let lower = _mm256_cvtpd_ps(_mm256_loadu_pd(from));
            let upper = _mm256_cvtpd_ps(_mm256_loadu_pd(from.add(4)));
            Self(_mm256_set_m128(upper, lower))
        }
    }

    #[inline(always)]
    unsafe fn store_bytes([a, b, c, d]: [Self; 4], to: *mut u8) {
        unsafe {
            let (a, b) = (a.lowest_bits::<0xff>(), b.lowest_bits::<0xff>());
            let (c, d) = (c.lowest_bits::<0xff>(), d.lowest_bits::<0xff>());
            let packed = _mm256_packus_epi16(_mm256_packus_epi32(a, b), _mm256_packus_epi32(c, d));
            // The packs work within 128-bit halves: put the groups of four in order.
            let order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
            _mm256_storeu_si256(to.cast(), _mm256_permutevar8x32_epi32(packed, order))
        }
    }

    #[inline(always)]
    unsafe fn store_words([a, b, c, d]: [Self; 4], to: *mut u16) {
        unsafe {
            let lower = _mm256_packus_epi32(a.lowest_bits::<0xffff>(), b.lowest_bits::<0xffff>());
            let upper = _mm256_packus_epi32(c.lowest_bits::<0xffff>(), d.lowest_bits::<0xffff>());
            _mm256_storeu_si256(to.cast(), _mm256_permute4x64_epi64::<SPREAD>(lower));
            _mm256_storeu_si256(to.add(16).cast(), _mm256_permute4x64_epi64::<SPREAD>(upper));
        }
    }
}

#[allow(clippy::undocumented_unsafe_blocks, reason = "said once, above")]
impl F32x8 {
    /// Of integers; of a NaN it is i32::MIN, whose lowest bits are 0.
    #[inline(always)]
    fn lowest_bits<const MASK: i32>(self) -> __m256i {
        unsafe { _mm256_and_si256(_mm256_cvtps_epi32(self.0), _mm256_set1_epi32(MASK)) }
    }

    /// The upper halves of the bits, rounded to nearest even.
    #[inline(always)]
    fn rounded_upper_halves(self) -> __m256i {
        unsafe {
            let bits = _mm256_castps_si256(self.0);
            let is_odd = _mm256_and_si256(_mm256_srli_epi32::<16>(bits), _mm256_set1_epi32(1));
            _mm256_srli_epi32::<16>(_mm256_add_epi32(_mm256_add_epi32(bits, _mm256_set1_epi32(0x7fff)), is_odd))
        }
    }
}

/// Exchanges the two quarters in the middle.
const SPREAD: i32 = 0b11_01_10_00;

#[derive(Clone, Copy)]
pub(crate) struct U16x16(__m256i);

#[allow(clippy::undocumented_unsafe_blocks, reason = "said once, above")]
impl Packed for U16x16 {
    type Token = Avx2;
    const LANES: usize = 16;

    #[inline(always)]
    unsafe fn load(_: Avx2, from: *const u16) -> Self {
        Self(unsafe { _mm256_loadu_si256(from.cast()) })
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut u16) {
        unsafe { _mm256_storeu_si256(to.cast(), self.0) }
    }

    #[inline(always)]
    unsafe fn stream(self, to: *mut u16) {
        unsafe { _mm256_stream_si256(to.cast(), self.0) }
    }
}
