//! Elements to integer codes, and back. There are many element types, integer types and modes, and their product would be
//! hundreds of kernels, so each way takes two steps:
//!
//! ```text
//! quantize:    elements -> rounded numbers of C (Round: knows elements and modes) -> integers (ToCodes: knows integers)
//! dequantize:  integers -> numbers of C (FromCodes)                               -> elements (Scale)
//! ```
//!
//! Codes of 8 and 16 bits are packed by the tokens. The other steps between numbers and integers are plain loops over slices,
//! which the compiler turns into vectors of the instruction set.
//!
//! Past the caches go whole cache lines. A vector's codes may be a fraction of one: they are written near, and their lines
//! then copied.

use std::cell::Cell;
use std::marker::PhantomData;
use std::mem::MaybeUninit;

use super::apply::How;
use super::blocks::{Block, Step, in_two_steps};
use super::operands::{Elements, Numbers, Operands};
use super::sweep::{Compute, Far, Mode, Near, Sweep, ToNear};
use crate::attrs::{Arithmetic, RoundMode};
use crate::channels::{Fields, Table};
use crate::exec::{Input, Output, Stage};
use crate::layout::{Matrix, Piece};
use crate::simd::memory::{Source, Target};
use crate::simd::{self, Element, Kernel, LINE, Lanes, MAX_LANES, Mask, Real, Token, Vector, splat};
use crate::spec::{self, HalfToEven, HalfUp, InElement, InReal, Rounding, Settling};

/// An integer type that holds codes.
pub trait Code: Copy + Send + Sync + 'static {
    /// The least and the greatest code that it holds.
    const RANGE: (i128, i128);

    /// The lowest bits of a code.
    fn from_integer(code: i64) -> Self;

    /// To nearest, halves to even.
    fn to_real<C: Real>(self) -> C;
}

macro_rules! code {
    ($($integer:ident as $wide:ident by $from:ident,)*) => {$(
        impl Code for $integer {
            const RANGE: (i128, i128) = ($integer::MIN as i128, $integer::MAX as i128);

            #[inline(always)]
            fn from_integer(code: i64) -> $integer {
                code as $integer
            }

            #[inline(always)]
            fn to_real<C: Real>(self) -> C {
                C::$from(self as $wide)
            }
        }
    )*};
}

// By way of the narrowest type that processors convert.
code! {
    i8 as i32 by from_i32,
    u8 as i32 by from_i32,
    i16 as i32 by from_i32,
    u16 as i32 by from_i32,
    i32 as i32 by from_i32,
    u32 as u32 by from_u32,
    i64 as i64 by from_integer,
    u64 as u64 by from_unsigned,
}

/// Which operands are beyond the caches.
#[derive(Clone, Copy)]
pub(crate) struct Beyond {
    pub(crate) input: bool,
    pub(crate) output: bool,
}

/// The codes of a piece's elements. K may be the unsigned type where codes are signed: its bits are the same.
pub(crate) struct Quantize<'a, E: Element, K> {
    /// Of input and codes.
    pub(crate) piece: Piece<'a, 2>,
    pub(crate) input: &'a Input<'a, E>,
    pub(crate) codes: &'a Output<'a, K>,
    /// Each channel's scale, inverse and, to clamp to, min and max.
    pub(crate) parameters: Table<'a, E::Real>,
    pub(crate) how: How,
    pub(crate) ends: (i64, i64),
    pub(crate) beyond: Beyond,
}

impl<E: Element, K: Code> Quantize<'_, E, K> {
    // Once on the stack, because its stages are large.
    #[inline(never)]
    pub(crate) fn run(self) {
        let Quantize { piece, input, codes, parameters, how, ends, beyond } = self;
        let (read, write) = (Stage::new(), Stage::new());
        let mut round = RoundBlocks { input, stage: &read, x: Source::of(&[]), parameters, how, is_far: beyond.input };
        let mut saturate = SaturateBlocks { output: codes, stage: &write, codes: Target::of(&[]), ends };
        in_two_steps::<E>(&piece, beyond.output, &mut round, &mut saturate);
    }
}

/// The numbers of a piece's codes.
pub(crate) struct Dequantize<'a, E: Element, K> {
    /// Of codes and output.
    pub(crate) piece: Piece<'a, 2>,
    pub(crate) codes: &'a Input<'a, K>,
    pub(crate) output: &'a Output<'a, E>,
    /// Each channel's inverse.
    pub(crate) inverse: Table<'a, E::Real>,
    pub(crate) arithmetic: Arithmetic,
    pub(crate) beyond: Beyond,
}

impl<E: Element, K: Code> Dequantize<'_, E, K> {
    // Once on the stack, because its stages are large.
    #[inline(never)]
    pub(crate) fn run(self) {
        let Dequantize { piece, codes, output, inverse, arithmetic, beyond } = self;
        let (read, write) = (Stage::new(), Stage::new());
        let mut widen = WidenBlocks { input: codes, stage: &read, codes: Source::of(&[]), is_far: beyond.input };
        let mut scale = ScaleBlocks { output, stage: &write, y: Target::of(&[]), inverse, arithmetic };
        in_two_steps::<E>(&piece, beyond.output, &mut widen, &mut scale);
    }
}

/// Bytes ahead that memory is asked for: it comes while the blocks before are in their second step.
const AHEAD: usize = 12 << 10;

/// The steps, each with the matrix whose blocks it reads or writes.
struct RoundBlocks<'a, E: Element> {
    input: &'a Input<'a, E>,
    stage: &'a Stage,
    x: Source<'a, E>,
    parameters: Table<'a, E::Real>,
    how: How,
    is_far: bool,
}

struct SaturateBlocks<'a, K> {
    output: &'a Output<'a, K>,
    stage: &'a Stage,
    codes: Target<'a, K>,
    ends: (i64, i64),
}

struct WidenBlocks<'a, K> {
    input: &'a Input<'a, K>,
    stage: &'a Stage,
    codes: Source<'a, K>,
    is_far: bool,
}

struct ScaleBlocks<'a, E: Element> {
    output: &'a Output<'a, E>,
    stage: &'a Stage,
    y: Target<'a, E>,
    inverse: Table<'a, E::Real>,
    arithmetic: Arithmetic,
}

impl<E: Element> Step<E::Real> for RoundBlocks<'_, E> {
    fn begin(&mut self, matrix: &Matrix<2>) {
        self.x = self.stage.read(self.input, matrix, 0);
    }

    fn run(&self, block: &Block<'_>, numbers: &[Cell<E::Real>]) {
        let x = block.of_source(self.x);
        let ahead = if self.is_far { AHEAD / size_of::<E>() } else { 0 };
        E::round_codes(Round { x, block, numbers, parameters: self.parameters, how: self.how, ahead });
    }
}

impl<C: Real, K: Code> Step<C> for SaturateBlocks<'_, K> {
    fn begin(&mut self, matrix: &Matrix<2>) {
        self.codes = self.stage.open(self.output, matrix, 1);
    }

    fn run(&self, block: &Block<'_>, numbers: &[Cell<C>]) {
        let codes = block.of_target(self.codes);
        simd::run(ToCodes { numbers, codes, ends: self.ends, is_far: block.is_far });
    }

    fn end(&self, matrix: &Matrix<2>) {
        self.stage.flush(self.output, matrix, 1);
    }
}

impl<C: Real, K: Code> Step<C> for WidenBlocks<'_, K> {
    fn begin(&mut self, matrix: &Matrix<2>) {
        self.codes = self.stage.read(self.input, matrix, 0);
    }

    fn run(&self, block: &Block<'_>, numbers: &[Cell<C>]) {
        simd::run(FromCodes { codes: block.of_source(self.codes), numbers, is_far: self.is_far });
    }
}

impl<E: Element> Step<E::Real> for ScaleBlocks<'_, E> {
    fn begin(&mut self, matrix: &Matrix<2>) {
        self.y = self.stage.open(self.output, matrix, 1);
    }

    fn run(&self, block: &Block<'_>, numbers: &[Cell<E::Real>]) {
        let y = block.of_target(self.y);
        E::scale_codes(Scale { numbers, block, y, inverse: self.inverse, arithmetic: self.arithmetic });
    }

    fn end(&self, matrix: &Matrix<2>) {
        self.stage.flush(self.output, matrix, 1);
    }
}

/// Rounds a block's elements to codes, not yet saturated.
pub struct Round<'a, E: Element> {
    x: Source<'a, E>,
    block: &'a Block<'a>,
    numbers: &'a [Cell<E::Real>],
    parameters: Table<'a, E::Real>,
    how: How,
    /// How many elements ahead memory is asked for.
    ahead: usize,
}

impl<E: Element> Kernel for Round<'_, E> {
    type Output = ();

    #[inline(always)]
    fn run<T: Token>(self, token: T) {
        let is_native = E::IS_NARROW && self.how.arithmetic == Arithmetic::Native;
        match (self.how.round_mode, is_native) {
            (RoundMode::HalfToEven, false) => self.clamp_or_not::<T, HalfToEven, InReal>(token),
            (RoundMode::HalfToEven, true) => self.clamp_or_not::<T, HalfToEven, InElement>(token),
            (RoundMode::HalfUp, false) => self.clamp_or_not::<T, HalfUp, InReal>(token),
            (RoundMode::HalfUp, true) => self.clamp_or_not::<T, HalfUp, InElement>(token),
        }
    }
}

impl<E: Element> Round<'_, E> {
    #[inline(always)]
    fn clamp_or_not<T: Token, R: Rounding, A: Settling>(self, token: T) {
        if self.how.clamps {
            self.sweep::<T, R, A, 4>(token);
        } else {
            self.sweep::<T, R, A, 1>(token);
        }
    }

    #[inline(always)]
    fn sweep<T: Token, R: Rounding, A: Settling, const K: usize>(self, token: T) {
        let sweep = Sweep::<_, E, _, _, K> {
            token,
            compute: ToRounded::<R, A>(PhantomData),
            parameters: self.parameters.source(),
            mode: ToNear,
            ahead: self.ahead,
        };
        let target = Target::of(self.numbers).fold(self.x.len());
        sweep.matrix(Operands::<E, Elements, Numbers, 1>::new([self.x], target), self.block.channels());
    }
}

/// By the scale, and where there are four parameters clamped to the last two.
struct ToRounded<R, A>(PhantomData<(R, A)>);

impl<R, A> Clone for ToRounded<R, A> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}

impl<R, A> Copy for ToRounded<R, A> {}

impl<E: Element, R: Rounding, A: Settling, const K: usize> Compute<E, 1, K> for ToRounded<R, A> {
    #[inline(always)]
    fn compute<T: Token>(self, token: T, [x]: [Lanes<T, E>; 1], parameters: [Lanes<T, E>; K]) -> Lanes<T, E> {
        let x = if K == 4 { spec::clamp(x, parameters[2], parameters[3]) } else { x };
        spec::quantize::<T, E, R, A>(token, x, parameters[0])
    }
}

/// Saturates rounded numbers to the codes' ends; NaN becomes 0.
struct ToCodes<'a, C, K> {
    numbers: &'a [Cell<C>],
    codes: Target<'a, K>,
    ends: (i64, i64),
    is_far: bool,
}

impl<C: Real, K: Code> Kernel for ToCodes<'_, C, K> {
    type Output = ();

    #[inline(always)]
    fn run<T: Token>(self, token: T) {
        let codes = if self.codes.is_unfoldable() { self.codes.unfold() } else { self.codes };
        for (row, numbers) in self.numbers.chunks_exact(codes.len()).enumerate() {
            self.row(token, numbers, codes.cut(row..row + 1, 0, codes.len()));
        }
    }
}

/// Bytes of codes that go past the caches at once: longer bursts would wait for each other.
const BURST: usize = 1024;

/// Room for them, wherever in a cache line they begin.
#[repr(align(64))]
struct Lines<K>([Cell<MaybeUninit<K>>; BURST]);

impl<C: Real, K: Code> ToCodes<'_, C, K> {
    #[inline(always)]
    fn row<T: Token>(&self, token: T, numbers: &[Cell<C>], codes: Target<'_, K>) {
        let lines = Lines::<K>([const { Cell::new(MaybeUninit::uninit()) }; BURST]);
        let streams = T::STREAMS && self.is_far;
        let mut at = 0;
        while at < codes.len() {
            let rest = codes.cut(0..1, at, codes.len() - at);
            let first = rest.phase() / size_of::<K>();
            let len = if streams { rest.len().min(BURST / size_of::<K>() - first) } else { rest.len() };
            let (numbers, codes) = (&numbers[at..at + len], rest.cut(0..1, 0, len));
            let near = if streams { &lines.0[first..first + len] } else { codes.cells(0) };
            if size_of::<K>() <= 2 {
                self.narrow(token, numbers, Target::of_uninit(near));
            } else {
                self.wide(numbers, near);
            }
            if streams {
                codes.stream_row(token, near);
            }
            at += len;
        }
    }

    /// Codes of 8 or 16 bits, by float32, which has all of them and keeps the order of other numbers.
    #[inline(always)]
    fn narrow<T: Token>(&self, token: T, numbers: &[Cell<C>], codes: Target<'_, K>) {
        let len = VECTORS * T::F32::LANES;
        let mut at = 0;
        while numbers.len() - at >= len {
            self.vectors(token, Source::of(&numbers[at..at + len]), codes.cut(0..1, at, len));
            at += len;
        }
        if at < numbers.len() {
            let padded = [const { Cell::new(C::ZERO) }; VECTORS * MAX_LANES];
            let padded_codes = [const { Cell::new(MaybeUninit::uninit()) }; VECTORS * MAX_LANES];
            for (number, padded) in numbers[at..].iter().zip(&padded) {
                padded.set(number.get());
            }
            self.vectors(token, Source::of(&padded[..len]), Target::of_uninit(&padded_codes[..len]));
            for (code, padded) in codes.cells(0)[at..].iter().zip(&padded_codes) {
                code.set(padded.get());
            }
        }
    }

    #[inline(always)]
    fn vectors<T: Token>(&self, token: T, numbers: Source<'_, C>, codes: Target<'_, K>) {
        let least = T::F32::splat(token, self.ends.0 as f32);
        let greatest = T::F32::splat(token, self.ends.1 as f32);
        let mut vectors = [least; VECTORS];
        for (index, vector) in vectors.iter_mut().enumerate() {
            *vector = spec::clamp(numbers.load_f32(token, 0, index * T::F32::LANES), least, greatest);
        }
        codes.store_lowest_bits(vectors, 0, 0);
    }

    /// Codes of 32 or 64 bits: loops that the compiler makes vectors of.
    #[inline(always)]
    fn wide(&self, numbers: &[Cell<C>], codes: &[Cell<MaybeUninit<K>>]) {
        if size_of::<K>() == 4 && self.is_short::<C>() {
            self.short::<C>(numbers, codes);
        } else if size_of::<K>() == 4 || self.is_short::<f64>() {
            self.short::<f64>(numbers, codes);
        } else {
            self.long(numbers, codes);
        }
    }

    fn is_short<S: Real>(&self) -> bool {
        -S::MOST_SHORT <= self.ends.0 && self.ends.1 <= S::MOST_SHORT
    }

    /// By numbers of S, which has all codes.
    #[inline(always)]
    fn short<S: Real>(&self, numbers: &[Cell<C>], codes: &[Cell<MaybeUninit<K>>])
    where
        C: Into<S>,
    {
        let (least, greatest) = (S::from_integer(self.ends.0), S::from_integer(self.ends.1));
        for (number, code) in numbers.iter().zip(codes) {
            let integer = saturate::<S>(number.get().into(), least, greatest).to_short_integer();
            code.set(MaybeUninit::new(K::from_integer(integer)));
        }
    }

    #[inline(always)]
    fn long(&self, numbers: &[Cell<C>], codes: &[Cell<MaybeUninit<K>>]) {
        let (qmin, qmax) = self.ends;
        let (least, greatest) = (f64::from_integer(qmin), f64::from_integer(qmax));
        for (number, code) in numbers.iter().zip(codes) {
            // As numbers the ends may be further out by one.
            let integer = long_integer(saturate(number.get().into(), least, greatest)).clamp(qmin, qmax);
            code.set(MaybeUninit::new(K::from_integer(integer)));
        }
    }
}

/// Vectors of codes that are written at once.
const VECTORS: usize = 4;

/// To the ends; NaN becomes 0.
#[inline(always)]
fn saturate<C: Real>(number: C, least: C, greatest: C) -> C {
    let number = if number < least { least } else { number };
    let number = if number > greatest { greatest } else { number };
    if number >= least { number } else { C::ZERO }
}

/// Of an integer up to 2^62, of either sign: of the nearest multiple of 2^32, and of the rest.
#[inline(always)]
fn long_integer(integer: f64) -> i64 {
    const UNIT: f64 = (1u64 << 32) as f64;
    // The sum is rounded to an integer.
    const BASE: f64 = 1.5 / f64::EPSILON;
    let units = (integer / UNIT + BASE) - BASE;
    (units.to_short_integer() << 32) + (integer - units * UNIT).to_short_integer()
}

struct FromCodes<'a, C, K> {
    codes: Source<'a, K>,
    numbers: &'a [Cell<C>],
    /// Whether the codes are beyond the caches.
    is_far: bool,
}

/// Codes that are converted at once: their lines are asked for, then a loop goes over them that the compiler makes vectors of.
const GROUP: usize = LINE;

impl<C: Real, K: Code> Kernel for FromCodes<'_, C, K> {
    type Output = ();

    #[inline(always)]
    fn run<T: Token>(self, token: T) {
        let codes = if self.codes.is_unfoldable() { self.codes.unfold() } else { self.codes };
        for (row, numbers) in self.numbers.chunks_exact(codes.len()).enumerate() {
            let own = codes.cells(row);
            let (groups, rest) = numbers.as_chunks::<GROUP>();
            for (index, group) in groups.iter().enumerate() {
                let at = index * GROUP;
                if self.is_far {
                    for line in 0..GROUP * size_of::<K>() / LINE {
                        codes.prefetch(token, row, at + (AHEAD + line * LINE) / size_of::<K>());
                    }
                }
                convert(&own[at..at + GROUP], group);
            }
            convert(&own[own.len() - rest.len()..], rest);
        }
    }
}

#[inline(always)]
fn convert<C: Real, K: Code>(codes: &[Cell<K>], numbers: &[Cell<C>]) {
    for (code, number) in codes.iter().zip(numbers) {
        number.set(code.get().to_real());
    }
}

/// Multiplies a block's codes by their channels' inverse scales.
pub struct Scale<'a, E: Element> {
    numbers: &'a [Cell<E::Real>],
    block: &'a Block<'a>,
    y: Target<'a, E>,
    inverse: Table<'a, E::Real>,
    arithmetic: Arithmetic,
}

impl<E: Element> Kernel for Scale<'_, E> {
    type Output = ();

    #[inline(always)]
    fn run<T: Token>(self, token: T) {
        let is_native = E::IS_NARROW && self.arithmetic == Arithmetic::Native;
        match (is_native, T::STREAMS && self.block.is_far) {
            (false, false) => self.sweep::<T, InReal, _>(token, Near),
            (false, true) => self.sweep::<T, InReal, _>(token, Far),
            (true, false) => self.sweep::<T, InElement, _>(token, Near),
            (true, true) => self.sweep::<T, InElement, _>(token, Far),
        }
    }
}

impl<E: Element> Scale<'_, E> {
    #[inline(always)]
    fn sweep<T: Token, A: Settling, M: Mode>(self, token: T, mode: M) {
        let compute = FromRounded::<A>(PhantomData);
        // The numbers are in the nearest cache: nothing is to be asked for.
        let sweep = Sweep::<_, E, _, _, 1> { token, compute, parameters: self.inverse.source(), mode, ahead: 0 };
        let source = Source::of(self.numbers).fold(self.y.len());
        sweep.matrix(Operands::<E, Numbers, Elements, 1>::new([source], self.y), self.block.channels());
    }
}

/// By the inverse.
struct FromRounded<A>(PhantomData<A>);

impl<A> Clone for FromRounded<A> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}

impl<A> Copy for FromRounded<A> {}

impl<E: Element, A: Settling> Compute<E, 1, 1> for FromRounded<A> {
    #[inline(always)]
    fn compute<T: Token>(self, _: T, [code]: [Lanes<T, E>; 1], [inverse]: [Lanes<T, E>; 1]) -> Lanes<T, E> {
        spec::dequantize::<T, E, A>(A::settle::<T, E>(code), inverse)
    }
}

/// Whether the ends that every channel's elements are clamped to are rounded to the codes' ends, or beyond them. Then
/// saturation does what clamping would: scales are not negative, and neither a product nor its rounding changes the order of
/// numbers.
pub(crate) struct Saturates<'a, E: Element> {
    pub(crate) channels: Fields<&'a [E::Real]>,
    pub(crate) how: How,
    pub(crate) ends: (i64, i64),
}

impl<E: Element> Kernel for Saturates<'_, E> {
    type Output = bool;

    #[inline(always)]
    fn run<T: Token>(self, token: T) -> bool {
        let is_native = E::IS_NARROW && self.how.arithmetic == Arithmetic::Native;
        match (self.how.round_mode, is_native) {
            (RoundMode::HalfToEven, false) => self.every::<T, HalfToEven, InReal>(token),
            (RoundMode::HalfToEven, true) => self.every::<T, HalfToEven, InElement>(token),
            (RoundMode::HalfUp, false) => self.every::<T, HalfUp, InReal>(token),
            (RoundMode::HalfUp, true) => self.every::<T, HalfUp, InElement>(token),
        }
    }
}

impl<E: Element> Saturates<'_, E> {
    #[inline(always)]
    fn every<T: Token, R: Rounding, A: Settling>(self, token: T) -> bool {
        let qmin = splat::<T, E>(token, E::Real::from_integer(self.ends.0));
        let qmax = splat::<T, E>(token, E::Real::from_integer(self.ends.1));
        let Fields { scale, clamp_min, clamp_max, .. } = self.channels;
        scale.iter().zip(clamp_min).zip(clamp_max).all(|((&scale, &lo), &hi)| {
            let code =
                |end| spec::quantize::<T, E, R, A>(token, splat::<T, E>(token, end), splat::<T, E>(token, scale));
            code(lo).le(qmin).and(qmax.le(code(hi))).bits() & 1 == 1
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_integers_are_those_of_rust() {
        let powers = (0..=62).map(|exponent| (1u64 << exponent) as f64);
        let beside = powers.flat_map(|power| [power.next_down().floor(), power, power.next_up().floor(), power * 0.75]);
        let random = (1..1u64 << 20).map(|n| (n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 2 >> (n % 40)) as f64);
        for number in beside.chain(random).map(f64::floor).filter(|number| *number <= (1u64 << 62) as f64) {
            for number in [number, -number] {
                assert_eq!(long_integer(number), number as i64, "{number}");
            }
        }
    }
}
