//! Elements to integer codes, and back. There are many element types, integer types and modes, and their product would be
//! hundreds of kernels, so each way takes two steps over a stage that stays in the nearest cache:
//!
//! ```text
//! quantize:    elements -> rounded numbers of C (Round: knows elements and modes) -> integers (ToCodes: knows integers)
//! dequantize:  integers -> numbers of C (FromCodes)                               -> elements (Scale)
//! ```

use std::cell::Cell;
use std::marker::PhantomData;

use super::apply::{How, Variant};
use super::operands::{Elements, Numbers, Operands};
use super::sweep::{Compute, Mode, Near, Sweep};
use crate::attrs::Arithmetic;
use crate::channels::Table;
use crate::exec::{Input, Output, Stage};
use crate::layout::{Counters, Matrix, Piece, STAGED};
use crate::simd::memory::{Source, Target};
use crate::simd::{self, Element, Kernel, Lanes, Real, Token};
use crate::spec::{self, InElement, InReal, Rounding, Settling};

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

code! {
    i8 as i64 by from_integer,
    u8 as i64 by from_integer,
    i16 as i64 by from_integer,
    u16 as i64 by from_integer,
    i32 as i64 by from_integer,
    u32 as i64 by from_integer,
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
}

impl<E: Element, K: Code> Quantize<'_, E, K> {
    pub(crate) fn run(self) {
        let (read, write) = (Stage::new(), Stage::new());
        let numbers = [const { Cell::new(E::Real::ZERO) }; STAGED];
        for_each_part(&self.piece, |part| {
            let x = read.read(self.input, part, 0);
            E::round_codes(Round { x, part: *part, numbers: &numbers, parameters: self.parameters, how: self.how });
            simd::run(ToCodes { numbers: &numbers, codes: write.open(self.codes, part, 1), ends: self.ends });
            write.flush(self.codes, part, 1);
        });
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
}

impl<E: Element, K: Code> Dequantize<'_, E, K> {
    pub(crate) fn run(self) {
        let (read, write) = (Stage::new(), Stage::new());
        let numbers = [const { Cell::new(E::Real::ZERO) }; STAGED];
        for_each_part(&self.piece, |part| {
            simd::run(FromCodes { codes: read.read(self.codes, part, 0), numbers: &numbers });
            let y = write.open(self.output, part, 1);
            E::scale_codes(Scale {
                numbers: &numbers,
                part: *part,
                y,
                inverse: self.inverse,
                arithmetic: self.arithmetic,
            });
            write.flush(self.output, part, 1);
        });
    }
}

fn for_each_part(piece: &Piece<'_, 2>, mut work: impl FnMut(&Matrix<2>)) {
    for matrix in piece.matrices(&mut Counters::new()) {
        matrix.parts().for_each(|part| work(&part));
    }
}

/// Rounds a part's elements to codes, not yet saturated.
pub struct Round<'a, E: Element> {
    x: Source<'a, E>,
    part: Matrix<2>,
    numbers: &'a [Cell<E::Real>],
    parameters: Table<'a, E::Real>,
    how: How,
}

impl<E: Element> Kernel for Round<'_, E> {
    type Output = ();

    #[inline(always)]
    fn run<T: Token>(self, token: T) {
        self.how.choose::<T, E, _>(RoundPart(token, self));
    }
}

struct RoundPart<'a, T, E: Element>(T, Round<'a, E>);

impl<T: Token, E: Element> Variant for RoundPart<'_, T, E> {
    type Output = ();

    #[inline(always)]
    fn run<R: Rounding, A: Settling, M: Mode>(self, _: M) {
        let RoundPart(token, work) = self;
        if work.how.clamps {
            work.sweep::<T, R, A, 4>(token);
        } else {
            work.sweep::<T, R, A, 2>(token);
        }
    }
}

impl<E: Element> Round<'_, E> {
    #[inline(always)]
    fn sweep<T: Token, R: Rounding, A: Settling, const K: usize>(self, token: T) {
        let compute = ToRounded::<R, A>(PhantomData);
        let sweep =
            Sweep::<_, E, _, _, K> { token, compute, parameters: self.parameters.source(), mode: Near, ahead: 0 };
        let target = Target::of(&self.numbers[..self.x.rows() * self.x.len()]).fold(self.x.len());
        sweep.matrix(Operands::<E, Elements, Numbers, 1>::new([self.x], target), |row| self.part.run(row));
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
}

impl<C: Real, K: Code> Kernel for ToCodes<'_, C, K> {
    type Output = ();

    #[inline(always)]
    fn run<T: Token>(self, _: T) {
        let (qmin, qmax) = self.ends;
        for (row, numbers) in self.numbers.chunks(self.codes.len()).take(self.codes.rows()).enumerate() {
            for (at, number) in numbers.iter().enumerate() {
                self.codes.set(row, at, K::from_integer(number.get().to_integer().clamp(qmin, qmax)));
            }
        }
    }
}

struct FromCodes<'a, C, K> {
    codes: Source<'a, K>,
    numbers: &'a [Cell<C>],
}

impl<C: Real, K: Code> Kernel for FromCodes<'_, C, K> {
    type Output = ();

    #[inline(always)]
    fn run<T: Token>(self, _: T) {
        for (row, numbers) in self.numbers.chunks(self.codes.len()).take(self.codes.rows()).enumerate() {
            for (at, number) in numbers.iter().enumerate() {
                number.set(self.codes.get(row, at).to_real());
            }
        }
    }
}

/// Multiplies a part's codes by their channels' inverse scales.
pub struct Scale<'a, E: Element> {
    numbers: &'a [Cell<E::Real>],
    part: Matrix<2>,
    y: Target<'a, E>,
    inverse: Table<'a, E::Real>,
    arithmetic: Arithmetic,
}

impl<E: Element> Kernel for Scale<'_, E> {
    type Output = ();

    #[inline(always)]
    fn run<T: Token>(self, token: T) {
        if E::IS_NARROW && self.arithmetic == Arithmetic::Native {
            self.sweep::<T, InElement>(token);
        } else {
            self.sweep::<T, InReal>(token);
        }
    }
}

impl<E: Element> Scale<'_, E> {
    #[inline(always)]
    fn sweep<T: Token, A: Settling>(self, token: T) {
        let compute = FromRounded::<A>(PhantomData);
        let sweep = Sweep::<_, E, _, _, 1> { token, compute, parameters: self.inverse.source(), mode: Near, ahead: 0 };
        let source = Source::of(&self.numbers[..self.y.rows() * self.y.len()]).fold(self.y.len());
        sweep.matrix(Operands::<E, Numbers, Elements, 1>::new([source], self.y), |row| self.part.run(row));
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
