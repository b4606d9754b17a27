//! AVX-512 (F, BW, DQ and VL, as every processor of level x86-64-v4 has): sixteen float32 or eight float64.

use std::arch::asm;
use std::arch::x86_64::*;
use std::sync::atomic::{AtomicBool, Ordering};

use super::avx2::Avx2;
use super::transpose::Register;
use super::x86::{x86_register, x86_vector};
use super::{Kernel, Mask, Packed, Part, Token, Vector32};

#[derive(Clone, Copy)]
pub(crate) struct Avx512(());

impl Avx512 {
    #[inline(always)]
    fn of_a_vector() -> Self {
        Avx512(())
    }
}

impl Token for Avx512 {
    type F32 = F32x16;
    type F64 = F64x8;
    type Register = __m512i;
    const STREAMS: bool = true;
    type Reader = Avx2;

    #[inline(always)]
    fn reader(self) -> Avx2 {
        Avx2::of_avx512(self)
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
        unsafe { _mm512_stream_si512(to.cast(), _mm512_load_si512(from.cast())) }
    }
}

/// Whether there is AVX512_BF16 as well.
static HAS_BF16: AtomicBool = AtomicBool::new(false);

pub(super) fn is_available() -> bool {
    HAS_BF16.store(is_x86_feature_detected!("avx512bf16"), Ordering::Relaxed);
    is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512vl")
        && is_x86_feature_detected!("bmi2")
        && super::avx2::is_available()
}

/// # Safety
/// [`is_available`] was true.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,bmi2,f16c")]
#[inline(never)]
unsafe fn call<P: Part>(part: P) -> P::Output {
    part.run()
}

/// # Safety
/// [`is_available`] was true.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,bmi2,f16c")]
pub(super) unsafe fn enter<K: Kernel>(kernel: K) -> K::Output {
    kernel.run(Avx512(()))
}

x86_register! {
    __m512i of 4, load _mm512_loadu_si512, store _mm512_storeu_si512,
    interleave 16 bits by _mm512_unpacklo_epi16, _mm512_unpackhi_epi16;
    32 bits by _mm512_unpacklo_epi32, _mm512_unpackhi_epi32;
    64 bits by _mm512_unpacklo_epi64, _mm512_unpackhi_epi64,
    part(a, b) [_mm512_shuffle_i64x2::<0b10_00_10_00>(a, b), _mm512_shuffle_i64x2::<0b11_01_11_01>(a, b)]
}

x86_vector! {
    F32x16(__m512) of 16 f32, Avx512, mask __mmask16,
    splat _mm512_set1_ps, load _mm512_loadu_ps, store _mm512_storeu_ps, stream _mm512_stream_ps,
    add _mm512_add_ps, mul _mm512_mul_ps, div _mm512_div_ps, min _mm512_min_ps, max _mm512_max_ps,
    round _mm512_roundscale_ps, compare _mm512_cmp_ps_mask,
    select(mask, yes, no) _mm512_mask_blend_ps(mask, no, yes),
    unzip blocks of 4 by _mm512_shuffle_ps::<0b10_00_10_00, 0b11_01_11_01>, as _mm512_castps_si512, _mm512_castsi512_ps,
    partial {
        #[inline(always)]
        unsafe fn load_first(_: Avx512, from: *const f32, count: usize) -> Self {
            Self(unsafe { _mm512_mask_loadu_ps(_mm512_set1_ps(f32::NAN), first(count) as __mmask16, from) })
        }

        #[inline(always)]
        unsafe fn store_first(self, to: *mut f32, count: usize) {
            unsafe { _mm512_mask_storeu_ps(to, first(count) as __mmask16, self.0) }
        }

        #[inline(always)]
        fn join(count: usize, lower: Self, rest: Self) -> Self {
            Self(unsafe { _mm512_mask_blend_ps(first(count) as __mmask16, rest.0, lower.0) })
        }

        #[inline(always)]
        fn least(self) -> f32 {
            unsafe { _mm512_reduce_min_ps(self.0) }
        }

        #[inline(always)]
        fn greatest(self) -> f32 {
            unsafe { _mm512_reduce_max_ps(self.0) }
        }

        #[inline(always)]
        unsafe fn load_repeated(_: Avx512, numbers: *const f32, from: usize, repeats: usize) -> Self {
            unsafe {
                let index = repeated(from % repeats, repeats);
                Self(_mm512_permutexvar_ps(index, _mm512_loadu_ps(numbers.add(from / repeats))))
            }
        }
    }
}

x86_vector! {
    F64x8(__m512d) of 8 f64, Avx512, mask __mmask8,
    splat _mm512_set1_pd, load _mm512_loadu_pd, store _mm512_storeu_pd, stream _mm512_stream_pd,
    add _mm512_add_pd, mul _mm512_mul_pd, div _mm512_div_pd, min _mm512_min_pd, max _mm512_max_pd,
    round _mm512_roundscale_pd, compare _mm512_cmp_pd_mask,
    select(mask, yes, no) _mm512_mask_blend_pd(mask, no, yes),
    unzip blocks of 2 by _mm512_shuffle_pd::<0, 0b1111_1111>, as _mm512_castpd_si512, _mm512_castsi512_pd,
    partial {
        #[inline(always)]
        unsafe fn load_first(_: Avx512, from: *const f64, count: usize) -> Self {
            Self(unsafe { _mm512_mask_loadu_pd(_mm512_set1_pd(f64::NAN), first(count) as __mmask8, from) })
        }

        #[inline(always)]
        unsafe fn store_first(self, to: *mut f64, count: usize) {
            unsafe { _mm512_mask_storeu_pd(to, first(count) as __mmask8, self.0) }
        }

        #[inline(always)]
        fn join(count: usize, lower: Self, rest: Self) -> Self {
            Self(unsafe { _mm512_mask_blend_pd(first(count) as __mmask8, rest.0, lower.0) })
        }

        #[inline(always)]
        fn least(self) -> f64 {
            unsafe { _mm512_reduce_min_pd(self.0) }
        }

        #[inline(always)]
        fn greatest(self) -> f64 {
            unsafe { _mm512_reduce_max_pd(self.0) }
        }

        #[inline(always)]
        unsafe fn load_repeated(_: Avx512, numbers: *const f64, from: usize, repeats: usize) -> Self {
            unsafe {
                let index = _mm512_cvtepu32_epi64(_mm512_castsi512_si256(repeated(from % repeats, repeats)));
                Self(_mm512_permutexvar_pd(index, _mm512_loadu_pd(numbers.add(from / repeats))))
            }
        }
    }
}

/// The lowest `count` bits, 64 at most.
#[inline(always)]
fn first(count: usize) -> u64 {
    // SAFETY: BZHI, which every processor with AVX-512 has.
    unsafe { _bzhi_u64(u64::MAX, count as u32) }
}

/// Lane i is `(phase + i) / repeats`, by a product with the reciprocal: exact below 64, for repeats below 32.
#[allow(clippy::undocumented_unsafe_blocks, reason = "said once, below")]
#[inline(always)]
fn repeated(phase: usize, repeats: usize) -> __m512i {
    const BITS: u32 = 11;
    let reciprocal = (1usize << BITS).div_ceil(repeats);
    unsafe {
        let lanes = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
        let sum = _mm512_add_epi32(lanes, _mm512_set1_epi32(phase as i32));
        _mm512_srli_epi32::<BITS>(_mm512_mullo_epi32(sum, _mm512_set1_epi32(reciprocal as i32)))
    }
}

impl Mask for __mmask16 {
    const LANES: usize = 16;

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
    const LANES: usize = 8;

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
    type Packed = U16x32;

    #[inline(always)]
    fn from_f16(U16x32(numbers): U16x32) -> [Self; 2] {
        unsafe {
            let upper = _mm512_extracti64x4_epi64::<1>(numbers);
            [Self(_mm512_cvtph_ps(_mm512_castsi512_si256(numbers))), Self(_mm512_cvtph_ps(upper))]
        }
    }

    #[inline(always)]
    fn to_f16([lower, upper]: [Self; 2]) -> U16x32 {
        unsafe {
            let lower = _mm512_cvtps_ph::<_MM_FROUND_TO_NEAREST_INT>(lower.0);
            let upper = _mm512_cvtps_ph::<_MM_FROUND_TO_NEAREST_INT>(upper.0);
            U16x32(_mm512_inserti64x4::<1>(_mm512_castsi256_si512(lower), upper))
        }
    }

    // Straight from and to memory: the conversions take and give half a register.

    #[inline(always)]
    unsafe fn load_f16(_: Avx512, from: *const u16) -> [Self; 2] {
        unsafe {
            let (lower, upper) = (_mm256_loadu_si256(from.cast()), _mm256_loadu_si256(from.add(16).cast()));
            [Self(_mm512_cvtph_ps(lower)), Self(_mm512_cvtph_ps(upper))]
        }
    }

    #[inline(always)]
    unsafe fn store_f16([lower, upper]: [Self; 2], to: *mut u16) {
        unsafe {
            _mm256_storeu_si256(to.cast(), _mm512_cvtps_ph::<_MM_FROUND_TO_NEAREST_INT>(lower.0));
            _mm256_storeu_si256(to.add(16).cast(), _mm512_cvtps_ph::<_MM_FROUND_TO_NEAREST_INT>(upper.0));
        }
    }

    #[inline(always)]
    fn from_bf16(U16x32(numbers): U16x32) -> [Self; 2] {
        unsafe {
            // The unpacking works within 128-bit quarters: spread the eighths first.
            let eighths = _mm512_setr_epi64(0, 4, 1, 5, 2, 6, 3, 7);
            let spread = _mm512_permutexvar_epi64(eighths, numbers);
            let zero = _mm512_setzero_si512();
            let (lower, upper) = (_mm512_unpacklo_epi16(zero, spread), _mm512_unpackhi_epi16(zero, spread));
            [Self(_mm512_castsi512_ps(lower)), Self(_mm512_castsi512_ps(upper))]
        }
    }

    #[inline(always)]
    fn from_bf16_in_any_order(U16x32(numbers): U16x32) -> [Self; 2] {
        unsafe {
            let (even, odd) =
                (_mm512_slli_epi32::<16>(numbers), _mm512_and_si512(numbers, _mm512_set1_epi32(0xffff_0000u32 as i32)));
            [Self(_mm512_castsi512_ps(even)), Self(_mm512_castsi512_ps(odd))]
        }
    }

    /// By the instruction for it, which would flush subnormals to zero, where the processor has it. Not by its intrinsic, which
    /// wants the instruction set enabled for the whole function.
    #[inline(always)]
    fn normal_to_bf16([lower, upper]: [Self; 2]) -> U16x32 {
        if !HAS_BF16.load(Ordering::Relaxed) {
            return Self::to_bf16([lower, upper]);
        }
        U16x32(unsafe { vcvtne2ps2bf16(upper.0, lower.0) })
    }

    /// Integer rounding to nearest even.
    #[inline(always)]
    fn to_bf16([lower, upper]: [Self; 2]) -> U16x32 {
        let (lower, upper) = (lower.rounded_upper_halves(), upper.rounded_upper_halves());
        U16x32(unsafe { _mm512_permutex2var_epi16(lower, constant(&UPPER_HALVES_OF_TWO), upper) })
    }

    #[inline(always)]
    unsafe fn load_f64(_: Avx512, from: *const f64) -> Self {
        unsafe {
            let lower = _mm512_cvtpd_ps(_mm512_loadu_pd(from));
            let upper = _mm512_cvtpd_ps(_mm512_loadu_pd(from.add(8)));
            Self(_mm512_insertf32x8::<1>(_mm512_castps256_ps512(lower), upper))
        }
    }

    #[inline(always)]
    unsafe fn store_bytes([a, b, c, d]: [Self; 4], to: *mut u8) {
        unsafe {
            _mm_storeu_si128(to.cast(), _mm512_cvtepi32_epi8(a.integers()));
            _mm_storeu_si128(to.add(16).cast(), _mm512_cvtepi32_epi8(b.integers()));
            _mm_storeu_si128(to.add(32).cast(), _mm512_cvtepi32_epi8(c.integers()));
            _mm_storeu_si128(to.add(48).cast(), _mm512_cvtepi32_epi8(d.integers()));
        }
    }

    #[inline(always)]
    unsafe fn store_words([a, b, c, d]: [Self; 4], to: *mut u16) {
        unsafe {
            _mm256_storeu_si256(to.cast(), _mm512_cvtepi32_epi16(a.integers()));
            _mm256_storeu_si256(to.add(16).cast(), _mm512_cvtepi32_epi16(b.integers()));
            _mm256_storeu_si256(to.add(32).cast(), _mm512_cvtepi32_epi16(c.integers()));
            _mm256_storeu_si256(to.add(48).cast(), _mm512_cvtepi32_epi16(d.integers()));
        }
    }
}

#[allow(clippy::undocumented_unsafe_blocks, reason = "said once, above")]
impl F32x16 {
    /// Of integers; of a NaN it is i32::MIN, whose lowest bits are 0.
    #[inline(always)]
    fn integers(self) -> __m512i {
        unsafe { _mm512_cvtps_epi32(self.0) }
    }
}

#[allow(clippy::undocumented_unsafe_blocks, reason = "said once, above")]
impl F32x16 {
    /// The bits with the upper half rounded to nearest even; the lower half is not cleared.
    #[inline(always)]
    fn rounded_upper_halves(self) -> __m512i {
        unsafe {
            let bits = _mm512_castps_si512(self.0);
            let is_odd = _mm512_test_epi32_mask(bits, _mm512_set1_epi32(1 << 16));
            let rounded = _mm512_add_epi32(bits, _mm512_set1_epi32(0x7fff));
            _mm512_mask_add_epi32(rounded, is_odd, bits, _mm512_set1_epi32(0x8000))
        }
    }
}

/// # Safety
/// The processor has AVX512_BF16.
#[target_feature(enable = "avx512f")]
#[inline]
unsafe fn vcvtne2ps2bf16(upper: __m512, lower: __m512) -> __m512i {
    let numbers;
    // SAFETY: the caller's promise; from register to register.
    unsafe {
        asm!(
            "vcvtne2ps2bf16 {}, {}, {}",
            lateout(zmm_reg) numbers, in(zmm_reg) upper, in(zmm_reg) lower,
            options(pure, nomem, nostack, preserves_flags)
        );
    }
    numbers
}

/// The upper halves of the lanes of two registers.
const UPPER_HALVES_OF_TWO: [u16; 32] = {
    let mut index = [0; 32];
    let mut number = 0;
    while number < 32 {
        index[number] = 2 * number as u16 + 1;
        number += 1;
    }
    index
};

#[inline(always)]
fn constant(numbers: &[u16; 32]) -> __m512i {
    // SAFETY: the array is as large as the register.
    unsafe { _mm512_loadu_si512(numbers.as_ptr().cast()) }
}

#[derive(Clone, Copy)]
pub(crate) struct U16x32(__m512i);

#[allow(clippy::undocumented_unsafe_blocks, reason = "said once, above")]
impl Packed for U16x32 {
    type Token = Avx512;
    const LANES: usize = 32;

    #[inline(always)]
    unsafe fn load(_: Avx512, from: *const u16) -> Self {
        Self(unsafe { _mm512_loadu_si512(from.cast()) })
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut u16) {
        unsafe { _mm512_storeu_si512(to.cast(), self.0) }
    }

    #[inline(always)]
    unsafe fn stream(self, to: *mut u16) {
        unsafe { _mm512_stream_si512(to.cast(), self.0) }
    }

    #[inline(always)]
    unsafe fn load_first(_: Avx512, from: *const u16, count: usize, rest: u16) -> Self {
        Self(unsafe { _mm512_mask_loadu_epi16(_mm512_set1_epi16(rest as i16), first(count) as u32, from.cast()) })
    }

    #[inline(always)]
    unsafe fn store_first(self, to: *mut u16, count: usize) {
        unsafe { _mm512_mask_storeu_epi16(to.cast(), first(count) as u32, self.0) }
    }
}
