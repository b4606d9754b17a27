"""Faults in the kernels: tails, seams between channels, tiles, ranges, codes."""

from __future__ import annotations

from fault import Fault

RANGE = "src/kernel/range.rs"
SWEEP = "src/kernel/sweep.rs"
CODES = "src/kernel/codes.rs"

KERNEL = (
    Fault(
        name="range-tail",
        what="the last element of a row is not in its range",
        file=RANGE,
        old="partial[0].widen(x.load(token, 0, whole, First(len - whole)));",
        new="partial[0].widen(x.load(token, 0, whole, First(len - whole - 1)));",
        test="golden.avx2",
    ),
    Fault(
        name="range-nan",
        what="a NaN becomes the range's minimum",
        file=RANGE,
        old="self.min = x.min(self.min);",
        new="self.min = self.min.min(x);",
        test="values.avx2",
    ),
    Fault(
        name="range-merge",
        what="the maximum of one of the partial ranges is lost",
        file=RANGE,
        old="max: other.max.max(self.max) }",
        new="max: { let _ = other.max; self.max } }",
        test="golden.avx2",
    ),
    Fault(
        name="range-columns-tail",
        what="the last columns of a row are not in their channels' ranges",
        file=RANGE,
        old="self.tile::<1, _>(x, at, First(len - at), &mut ahead);",
        new="self.tile::<1, _>(x, at, First(len - at - 1), &mut ahead);",
        test="golden.avx2",
    ),
    Fault(
        name="range-aside-phase",
        what="columns that are held aside forget where in a channel their row begins",
        file=RANGE,
        old="phase: self.first % self.inner, inner: self.inner };",
        new="phase: 0, inner: self.inner };",
        test="tests/views.rs properties::f32",
    ),
    Fault(
        name="seam-join",
        what="where one channel ends in a vector and the next begins, one lane too many is the first's",
        file=SWEEP,
        old="joined = join(stop - at, joined, parameters);",
        new="joined = join(stop - at + 1, joined, parameters);",
        test="golden.avx2",
    ),
    Fault(
        name="band-tail",
        what="the last element of rows with channels side by side is not written",
        file=SWEEP,
        old="sweep.step(all, row, at, parameters, First(len - at));",
        new="sweep.step(all, row, at, parameters, First(len - at - 1));",
        test="golden.avx2",
    ),
    Fault(
        name="recurring-phase",
        what="channels that recur begin anew at a vector's end, not where they were",
        file=SWEEP,
        old="if first < self.period { first } else { first - self.period }",
        new="if first < self.period { first } else { 0 }",
        test="golden.avx2",
    ),
    Fault(
        name="fused-range",
        what="a channel that is fused leaves its last element out of its range",
        file="src/kernel/fused.rs",
        old="let x = x.cut(channel..channel + 1, 0, x.len());",
        new="let x = x.cut(channel..channel + 1, 0, x.len() - 1);",
        test="tests/boundaries.rs f32::lengths_of_rows",
    ),
    Fault(
        name="prepare-tail",
        what="lanes after the last channel count when it is told whether a channel is degenerate",
        file="src/kernel/parameters.rs",
        old="let covered = u32::MAX >> (u32::BITS - span.covered(Lanes::<T, E>::LANES) as u32);",
        new="let covered = u32::MAX >> (u32::BITS - Lanes::<T, E>::LANES as u32); let _ = span;",
        test="tests/api.rs f32::forward_is_the_reference",
    ),
    Fault(
        name="gradient-range-swapped",
        what="the gradient's mask takes the minimum for the maximum",
        file="src/kernel/grad.rs",
        old="spec::gradient::<T, E>(token, gradient, x, min, max)",
        new="spec::gradient::<T, E>(token, gradient, x, max, min)",
        test="golden.avx2",
    ),
    Fault(
        name="codes-narrow",
        what="codes of 8 and 16 bits are not saturated",
        file=CODES,
        old="*vector = spec::clamp(numbers.load_f32(token, 0, index * T::F32::LANES), least, greatest);",
        new="*vector = numbers.load_f32(token, 0, index * T::F32::LANES); let _ = greatest;",
        test="quantizer.avx2",
    ),
    Fault(
        name="codes-wide-upper",
        what="codes of 32 and 64 bits are not saturated above",
        file=CODES,
        old="let number = if number > greatest { greatest } else { number };",
        new="let _ = greatest;",
        test="quantizer.avx2",
    ),
    Fault(
        name="codes-nan",
        what="the code of a NaN is not 0",
        file=CODES,
        old="if number >= least { number } else { C::ZERO }",
        new="if number >= least { number } else { least }",
        test="quantizer.avx2",
    ),
    Fault(
        name="codes-long-end",
        what="the greatest code of more than 53 bits is the next power of two",
        file=CODES,
        old="long_integer(saturate(number.get().into(), least, greatest)).clamp(qmin, qmax);",
        new="long_integer(saturate(number.get().into(), least, greatest)).clamp(qmin, i64::MAX); let _ = qmax;",
        test="tests/codes.rs f32::numbers_at_the_ends_of_the_codes",
    ),
    Fault(
        name="codes-block-channel",
        what="a block that begins within a row takes its parameters from the row's beginning",
        file="src/kernel/blocks.rs",
        old="ChannelsOfRows { first: below.first.after(self.left), ..below }",
        new="below",
        test="tests/codes.rs f32::channels_of_every_size",
    ),
)
