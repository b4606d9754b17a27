"""Faults in the vectors of one instruction set."""

from __future__ import annotations

from fault import Fault

AVX2 = "src/simd/avx2.rs"
AVX512 = "src/simd/avx512.rs"
SCALAR = "src/simd/scalar.rs"

SIMD = (
    Fault(
        name="avx2-bfloat16-ties",
        what="AVX2 rounds ties of bfloat16 away from the even number",
        file=AVX2,
        old="_mm256_add_epi32(bits, _mm256_set1_epi32(0x7fff))",
        new="_mm256_add_epi32(bits, _mm256_set1_epi32(0x8000))",
        test="src simd::tests::floats_narrow_to_bfloat16",
    ),
    Fault(
        name="avx2-tail-mask",
        what="AVX2 loads the last float32 of a row one too few",
        file=AVX2,
        old="let first = first_of_8(count);",
        new="let first = first_of_8(count.saturating_sub(1));",
        test="golden.avx2",
    ),
    Fault(
        name="transpose-index",
        what="a square that is transposed in registers interleaves the wrong rows",
        file="src/simd/transpose.rs",
        old="before[i].interleave::<M>(before[i + M / 2])",
        new="before[i].interleave::<M>(before[(i + M / 2 + 1) % M])",
        test="tests/transposed.rs f32::sides_of_squares",
    ),
    Fault(
        name="fold-neighbour",
        what="where several rows' ranges are found at once, a row's lanes are its neighbour's",
        file="src/simd/fold.rs",
        old="vectors[2 * index].unzip(vectors[2 * index + 1], step)",
        new="vectors[2 * index].unzip(vectors[2 * index], step)",
        test="tests/boundaries.rs f32::numbers_of_rows",
    ),
    Fault(
        name="avx2-codes-order",
        what="AVX2 packs codes of 8 bits in the order of its registers' halves",
        file=AVX2,
        old="let order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);",
        new="let order = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);",
        test="quantizer.avx2",
    ),
    Fault(
        name="avx512-float16-truncated",
        what="AVX-512 converts float32 to half towards zero",
        file=AVX512,
        old="_mm256_storeu_si256(to.cast(), _mm512_cvtps_ph::<_MM_FROUND_TO_NEAREST_INT>(lower.0));",
        new="_mm256_storeu_si256(to.cast(), _mm512_cvtps_ph::<_MM_FROUND_TO_ZERO>(lower.0));",
        test="golden.avx512",
    ),
    Fault(
        name="avx512-tail-mask",
        what="AVX-512 stores the last float64 of a row one too few",
        file=AVX512,
        old="_mm512_mask_storeu_pd(to, first(count) as __mmask8, self.0)",
        new="_mm512_mask_storeu_pd(to, (first(count) >> 1) as __mmask8, self.0)",
        test="golden.avx512",
    ),
    Fault(
        name="avx512-repeated",
        what="AVX-512 repeats each channel's parameters once too seldom",
        file=AVX512,
        old="let reciprocal = (1usize << BITS).div_ceil(repeats);",
        new="let reciprocal = (1usize << BITS) / repeats;",
        test="golden.avx512",
    ),
    Fault(
        name="scalar-float16-truncated",
        what="the scalar kernels truncate float32 to half",
        file=SCALAR,
        old="(round_off(magnitude, 13) >> 13) - (112 << 10)",
        new="(magnitude >> 13) - (112 << 10)",
        test="golden.scalar",
    ),
    Fault(
        name="scalar-min-zero",
        what="the scalar `min` of two zeros is its first operand: -0 is clamped to +0",
        file=SCALAR,
        old="if self.0 < other.0 { self } else { other }",
        new="if self.0 <= other.0 { self } else { other }",
        test="golden.scalar",
    ),
    Fault(
        name="pair-join",
        what="where channels meet in a pair of vectors, the upper one is joined as the lower",
        file="src/simd/pair.rs",
        old="V::join(count - lower, first.0[1], rest.0[1])",
        new="V::join(lower, first.0[1], rest.0[1])",
        test="golden.avx2",
    ),
)
