//! The kernels, once each, generic over element and vector.
//!
//! A kernel takes the matrices of its piece: rows of neighbouring elements, where they are or gathered into a stage. What it
//! does with one vector of elements and the parameters of their channels is its [`Step`]; how a matrix is walked in steps
//! is written once for all kernels, in [`sweep`].
//!
//! The one list of the kernels is [`Kernels`]: a function for each and for each element type, compiled here.

pub(crate) mod apply;
mod blocks;
pub(crate) mod codes;
pub(crate) mod fused;
pub(crate) mod grad;
mod operands;
pub(crate) mod parameters;
pub(crate) mod range;
mod sweep;

use half::{bf16, f16};

use crate::layout::{Counters, Matrix, Piece, STAGE_SIZE};
use crate::simd::{self, Element};

/// Every kernel on an element type, compiled for every instruction set. Plain functions, so that what uses the crate's
/// generic functions does not compile the kernels again.
pub trait Kernels: Sized {
    fn apply(work: apply::Apply<'_, Self>)
    where
        Self: Element;
    fn fused(work: fused::Fused<'_, Self>)
    where
        Self: Element;
    fn gradient(work: grad::Gradient<'_, Self>)
    where
        Self: Element;
    fn widen(work: range::Widen<'_, Self>)
    where
        Self: Element;
    fn prepare(work: parameters::Prepare<'_, Self>) -> parameters::Prepared
    where
        Self: Element;
    fn round_codes(work: codes::Round<'_, Self>)
    where
        Self: Element;
    fn scale_codes(work: codes::Scale<'_, Self>)
    where
        Self: Element;
}

macro_rules! kernels {
    ($($element:ty),*) => {$(
        impl Kernels for $element {
            fn apply(work: apply::Apply<'_, Self>) {
                simd::run(work)
            }

            fn fused(work: fused::Fused<'_, Self>) {
                simd::run(work)
            }

            fn gradient(work: grad::Gradient<'_, Self>) {
                simd::run(work)
            }

            fn widen(work: range::Widen<'_, Self>) {
                simd::run(work)
            }

            fn prepare(work: parameters::Prepare<'_, Self>) -> parameters::Prepared {
                simd::run(work)
            }

            fn round_codes(work: codes::Round<'_, Self>) {
                simd::run(work)
            }

            fn scale_codes(work: codes::Scale<'_, Self>) {
                simd::run(work)
            }
        }
    )*};
}

kernels!(f32, f64, f16, bf16);

/// Calls `work` with each matrix whose rows are neighbouring elements, and with the parts of others, which it has to stage.
/// Elements are of so many bytes at the most.
#[inline(always)]
fn for_each_matrix<const N: usize>(piece: &Piece<'_, N>, element_size: usize, mut work: impl FnMut(&Matrix<N>)) {
    for_each_part(piece, element_size, |_| 0, |matrix, _| work(matrix));
}

/// The same, along with the part that comes next. One part of a row begins at the column that `head` tells of a matrix.
#[inline(always)]
fn for_each_part<const N: usize>(
    piece: &Piece<'_, N>,
    element_size: usize,
    head: impl Fn(&Matrix<N>) -> usize,
    mut work: impl FnMut(&Matrix<N>, Option<&Matrix<N>>),
) {
    for matrix in piece.matrices(&mut Counters::new()) {
        if matrix.is_contiguous() {
            work(&matrix, None);
            continue;
        }
        let mut parts = matrix.parts(STAGE_SIZE / element_size, head(&matrix));
        let mut next = parts.next();
        while let Some(part) = next {
            next = parts.next();
            work(&part, next.as_ref());
        }
    }
}
