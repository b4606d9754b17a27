//! Elements to integer codes, and back. There are many element types, integer types and modes, and their product would be
//! hundreds of kernels, so each way takes two steps:
//!
//! ```text
//! quantize:    elements -> rounded numbers of C (Round: knows elements and modes) -> integers (ToCodes: knows integers)
//! dequantize:  integers -> numbers of C (FromCodes)                               -> elements (Scale)
//! ```
//!
//! The steps between numbers and integers are plain loops over slices, which the compiler turns into vectors of the
//! instruction set.
//!
//! Past the caches go whole cache lines. Codes may be a fraction of a vector's size: they are written near, and a block's
//! lines are then copied.

use std::cell::Cell;
use std::marker::PhantomData;
use std::mem::MaybeUninit;

use super::apply::How;
use super::blocks::{Block, LONG, Step, block_size, in_two_steps};
use super::operands::{Elements, Numbers, Operands};
use super::sweep::{Compute, Far, Mode, Near, Sweep, ToNear};
use crate::attrs::{Arithmetic, RoundMode};
use crate::channels::{Fields, Table};
use crate::exec::{Input, Output, Stage};
use crate::layout::{Matrix, Piece};
use crate::simd::memory::{Source, Target};
use crate::simd::{self, Element, Kernel, LINE, Lanes, MAX_LANES, Mask, Real, Token, Vector, long_integer, splat};
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
    /// Whether the codes are beyond the caches, as `how` says of the input.
    pub(crate) is_far: bool,
}

impl<E: Element, K: Code> Quantize<'_, E, K> {
    pub(crate) fn run(self) {
        let Quantize { piece, input, codes, parameters, how, ends, is_far } = self;
        let (read, write) = (Stage::new(), Stage::new());
        let mut round = RoundBlocks { input, stage: &read, x: Source::of(&[]), parameters, how };
        let mut saturate = SaturateBlocks { output: codes, stage: &write, codes: Target::of(&[]), ends };
        in_two_steps::<E>(&piece, is_far, &mut round, &mut saturate);
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
    pub(crate) is_far: bool,
}

impl<E: Element, K: Code> Dequantize<'_, E, K> {
    pub(crate) fn run(self) {
        let Dequantize { piece, codes, output, inverse, arithmetic, is_far } = self;
        let (read, write) = (Stage::new(), Stage::new());
        let mut widen = WidenBlocks { input: codes, stage: &read, codes: Source::of(&[]) };
        let mut scale = ScaleBlocks { output, stage: &write, y: Target::of(&[]), inverse, arithmetic };
        in_two_steps::<E>(&piece, is_far, &mut widen, &mut scale);
    }
}

/// The steps, each with the matrix whose blocks it reads or writes.
struct RoundBlocks<'a, E: Element> {
    input: &'a Input<'a, E>,
    stage: &'a Stage<E>,
    x: Source<'a, E>,
    parameters: Table<'a, E::Real>,
    how: How,
}

struct SaturateBlocks<'a, K> {
    output: &'a Output<'a, K>,
    stage: &'a Stage<K>,
    codes: Target<'a, K>,
    ends: (i64, i64),
}

struct WidenBlocks<'a, K> {
    input: &'a Input<'a, K>,
    stage: &'a Stage<K>,
    codes: Source<'a, K>,
}

struct ScaleBlocks<'a, E: Element> {
    output: &'a Output<'a, E>,
    stage: &'a Stage<E>,
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
        E::round_codes(Round { x, block, numbers, parameters: self.parameters, how: self.how });
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
        simd::run(FromCodes { codes: block.of_source(self.codes), numbers });
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

/// Rounds a part's elements to codes, not yet saturated.
pub struct Round<'a, E: Element> {
    x: Source<'a, E>,
    block: &'a Block<'a>,
    numbers: &'a [Cell<E::Real>],
    parameters: Table<'a, E::Real>,
    how: How,
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
            ahead: if self.how.is_far { 2 * block_size::<E>() } else { 0 },
        };
        let target = Target::of(self.numbers).fold(self.x.len());
        sweep.matrix(Operands::<E, Elements, Numbers, 1>::new([self.x], target), |row| self.block.run(row));
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
        if !(T::STREAMS && self.is_far && codes.rows() == 1) {
            return self.write(token, codes);
        }
        let lines = Lines::<K>([const { Cell::new(MaybeUninit::uninit()) }; LONG + LINE]);
        let elements = &lines.0[codes.phase() / size_of::<K>()..][..codes.len()];
        self.write(token, Target::of_uninit(elements));
        codes.stream_row(token, elements);
    }
}

/// Room for a block's codes wherever in a cache line they begin.
#[repr(align(64))]
struct Lines<K>([Cell<MaybeUninit<K>>; LONG + LINE]);

impl<C: Real, K: Code> ToCodes<'_, C, K> {
    #[inline(always)]
    fn write<T: Token>(&self, token: T, codes: Target<'_, K>) {
        for (row, numbers) in self.numbers.chunks_exact(codes.len()).enumerate() {
            if size_of::<K>() <= 2 {
                self.narrow(token, numbers, codes.cut(row..row + 1, 0, codes.len()));
            } else {
                self.wide(numbers, codes.cells(row));
            }
        }
    }

    /// By float32, which has every code and keeps the order of all numbers.
    #[inline(always)]
    fn narrow<T: Token>(&self, token: T, numbers: &[Cell<C>], codes: Target<'_, K>) {
        let [least, greatest] = [self.ends.0, self.ends.1].map(|end| T::F32::splat(token, end as f32));
        let step = |numbers: Source<'_, C>, codes: Target<'_, K>, at: usize| {
            let (numbers, codes) =
                (numbers.cut(0..1, at, STEP * T::F32::LANES), codes.cut(0..1, at, STEP * T::F32::LANES));
            let mut four = [least; STEP];
            for (index, vector) in four.iter_mut().enumerate() {
                *vector = spec::clamp(numbers.load_f32(token, 0, index * T::F32::LANES), least, greatest);
            }
            codes.store_lowest_bits(four, 0, 0);
        };
        let len = STEP * T::F32::LANES;
        let whole = numbers.len() / len * len;
        for at in (0..whole).step_by(len) {
            step(Source::of(numbers), codes, at);
        }
        if whole < numbers.len() {
            let padded = [const { Cell::new(C::ZERO) }; STEP * MAX_LANES];
            let padded_codes = [const { Cell::new(MaybeUninit::uninit()) }; STEP * MAX_LANES];
            for (number, padded) in numbers[whole..].iter().zip(&padded) {
                padded.set(number.get());
            }
            step(Source::of(&padded), Target::of_uninit(&padded_codes), 0);
            for (code, padded) in codes.cells(0)[whole..].iter().zip(&padded_codes) {
                code.set(padded.get());
            }
        }
    }

    #[inline(always)]
    fn wide(&self, numbers: &[Cell<C>], codes: &[Cell<MaybeUninit<K>>]) {
        let (qmin, qmax) = self.ends;
        if -C::MOST_SHORT <= qmin && qmax <= C::MOST_SHORT {
            let (least, greatest) = (C::from_integer(qmin), C::from_integer(qmax));
            write_each(numbers, codes, |number| saturate(number, least, greatest).to_short_integer());
        } else {
            let (least, greatest) = (f64::from_integer(qmin), f64::from_integer(qmax));
            // The ends as numbers may be further out by one.
            write_each(numbers, codes, |number: C| {
                long_integer(saturate(number.into(), least, greatest)).clamp(qmin, qmax)
            });
        }
    }
}

/// Vectors that are written at once.
const STEP: usize = 4;

#[inline(always)]
fn write_each<C: Real, K: Code>(numbers: &[Cell<C>], codes: &[Cell<MaybeUninit<K>>], code: impl Fn(C) -> i64) {
    for (number, to) in numbers.iter().zip(codes) {
        to.set(MaybeUninit::new(K::from_integer(code(number.get()))));
    }
}

/// To the ends; NaN becomes 0.
#[inline(always)]
fn saturate<C: Real>(number: C, least: C, greatest: C) -> C {
    let number = if number < least { least } else { number };
    let number = if number > greatest { greatest } else { number };
    if number >= least { number } else { C::ZERO }
}

struct FromCodes<'a, C, K> {
    codes: Source<'a, K>,
    numbers: &'a [Cell<C>],
}

impl<C: Real, K: Code> Kernel for FromCodes<'_, C, K> {
    type Output = ();

    #[inline(always)]
    fn run<T: Token>(self, _: T) {
        let codes = if self.codes.is_unfoldable() { self.codes.unfold() } else { self.codes };
        for (row, numbers) in self.numbers.chunks_exact(codes.len()).enumerate() {
            for (number, code) in numbers.iter().zip(codes.cells(row)) {
                number.set(code.get().to_real());
            }
        }
    }
}

/// Multiplies a part's codes by their channels' inverse scales.
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
        sweep.matrix(Operands::<E, Numbers, Elements, 1>::new([source], self.y), |row| self.block.run(row));
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
