//! Lengths at every boundary and one beside it, at every alignment, against the naive reference.
//!
//! Vectors, unrolled loops, blocks and their tails all change hands at some length; so does the choice between the
//! ways to walk a tensor. Each dimension of [outer, channels, inner] crosses them all, in every type.

mod common;

use common::data::{Mix, Rng, element};
use common::element::Element;
use common::reference::{Arithmetic, Attrs, Degenerate, RoundMode};
use common::{Case, Manner, Offsets, Target};

every_isa!();

every_element!(
    lengths_of_a_tensor,
    lengths_of_rows,
    lengths_of_inner_rows,
    numbers_of_channels,
    numbers_of_outer_rows,
    small_shapes,
    offsets_apart,
    every_place_counts_in_the_range,
    one_number_among_nans,
);

/// Lengths at which something may change, and those beside them.
fn lengths() -> impl Iterator<Item = usize> {
    let around = |length: usize| length - 1..=length + 1;
    (0..=130).chain([192, 256, 512, 1024, 2048, 4096].into_iter().flat_map(around))
}

/// The byte offsets at which an element may lie, of those up to 64.
fn offsets<T: Element>() -> impl Iterator<Item = usize> {
    (0..=64).step_by(T::SIZE)
}

/// Attributes that take different ways through a kernel.
fn attributes(axis: i32) -> [Attrs; 4] {
    let plain = Attrs { axis, ..Attrs::default() };
    let half_up = Attrs { round_mode: RoundMode::HalfUp, num_bits: 5, narrow_range: true, ..plain };
    let unsigned = Attrs { signed_input: false, degenerate: Degenerate::Zero, ..plain };
    let native = Attrs { arithmetic: Arithmetic::Native, num_bits: 4, ..plain };
    [plain, half_up, unsigned, native]
}

/// Numbers around [-1, 1], both ends and zeros of both signs among them, and now and then a NaN.
fn samples<T: Element>(len: usize, rng: &mut Rng) -> Vec<T> {
    let sample = |_| match rng.below(16) {
        0 => T::near(1.0),
        1 => T::near(-1.0),
        2 => element(Mix::Zeros, &Attrs::default(), rng),
        3 => element(Mix::SomeNan, &Attrs::default(), rng),
        _ => element(Mix::Normal, &Attrs::default(), rng),
    };
    (0..len).map(sample).collect()
}

/// A case of samples, its range [-1, 1] or nearly so in each channel.
fn case<T: Element>(shape: &[usize], attrs: Attrs, range_given: bool) -> Case<T> {
    let len = shape.iter().product();
    let rng = &mut Rng(len as u64);
    let (input, gradients) = (samples(len, rng), samples(len, rng));
    let mut case = Case { attrs, shape: shape.to_vec(), input, gradients, range: None };
    if range_given {
        let end = |sign: f64, channel: usize| T::near(sign * [1.0, 1.5, 0.25, 2.0, 1.0][channel % 5]);
        let ends = |sign: f64| (0..case.channels()).map(|channel| end(sign, channel)).collect();
        case.range = Some((ends(-1.0), ends(1.0)));
    }
    case
}

/// A shape, in every way, at the given offsets.
fn check<T: Element>(shape: &[usize], axis: i32, offsets: impl Iterator<Item = usize> + Clone) {
    for range_given in [false, true] {
        for attrs in attributes(axis) {
            let case = case::<T>(shape, attrs, range_given);
            let expected = case.reference_forward();
            for offset in offsets.clone() {
                case.compare_forward(&Manner::at(offset), &expected).unwrap_or_else(|failure| panic!("{failure}"));
            }
        }
        let case = case::<T>(shape, Attrs { axis, ..Attrs::default() }, range_given);
        let expected = case.reference_gradient();
        for offset in offsets.clone() {
            case.compare_gradient(&Manner::at(offset), &expected).unwrap_or_else(|failure| panic!("{failure}"));
        }
    }
}

/// Two offsets for shapes of which there are many: aligned, and as far from it as can be.
fn two_offsets<T: Element>() -> impl Iterator<Item = usize> + Clone {
    [0, 64 - T::SIZE].into_iter()
}

fn lengths_of_a_tensor<T: Element>() {
    lengths().for_each(|len| check::<T>(&[len], -1, offsets::<T>().collect::<Vec<_>>().into_iter()));
}

fn lengths_of_rows<T: Element>() {
    lengths().for_each(|len| check::<T>(&[3, len], 0, two_offsets::<T>()));
}

fn lengths_of_inner_rows<T: Element>() {
    lengths().for_each(|inner| check::<T>(&[2, 3, inner], 1, two_offsets::<T>()));
}

/// Each element is of another channel than its neighbours.
fn numbers_of_channels<T: Element>() {
    for channels in lengths() {
        for outer in [1, 2, 5] {
            check::<T>(&[outer, channels], 1, two_offsets::<T>());
        }
    }
    for outer in [3, 7, 8, 9, 17] {
        for channels in [1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 129] {
            check::<T>(&[outer, channels], 1, offsets::<T>().collect::<Vec<_>>().into_iter());
        }
    }
}

fn numbers_of_outer_rows<T: Element>() {
    for outer in lengths() {
        for (channels, inner) in [(1, 3), (2, 1), (3, 1), (3, 5), (16, 1)] {
            check::<T>(&[outer, channels, inner], 1, two_offsets::<T>());
        }
    }
}

/// Every small shape there is.
fn small_shapes<T: Element>() {
    for outer in 0..4 {
        for channels in 0..8 {
            for inner in 0..36 {
                check::<T>(&[outer, channels, inner], 1, two_offsets::<T>());
            }
        }
    }
}

/// Input, gradients and output are aligned each in its own way.
fn offsets_apart<T: Element>() {
    let target = Target::Fresh;
    for (shape, axis) in [(&[131][..], -1), (&[5, 37], 1), (&[2, 3, 29], 1)] {
        let case = case::<T>(shape, Attrs { axis, ..Attrs::default() }, true);
        let (forward, gradient) = (case.reference_forward(), case.reference_gradient());
        for input in offsets::<T>() {
            for output in offsets::<T>() {
                let offsets = Offsets { input, gradients: 64 - input, output };
                let manner = Manner { offsets, target, ..Manner::default() };
                case.compare_forward(&manner, &forward).unwrap_or_else(|failure| panic!("{failure}"));
                case.compare_gradient(&manner, &gradient).unwrap_or_else(|failure| panic!("{failure}"));
            }
        }
    }
}

/// The least element and the greatest at every place of every length: none is left out of a computed range.
fn every_place_counts_in_the_range<T: Element>() {
    for len in 2..=130 {
        let mut case = case::<T>(&[len], Attrs::default(), false);
        let plain = case.input.clone();
        for place in 0..len {
            case.input.copy_from_slice(&plain);
            case.input[place] = T::near(50.0);
            case.input[(place + len / 2) % len] = T::near(-60.0);
            case.check_forward(&Manner::default());
        }
    }
}

/// One number at every place of a tensor of NaN, in either sign: the range is that number and nothing else.
fn one_number_among_nans<T: Element>() {
    for len in 1..=130 {
        for place in 0..len {
            let mut case = case::<T>(&[len], Attrs::default(), false);
            case.input = vec![T::near(f64::NAN); len];
            case.input[place] = T::near(if place % 2 == 0 { 5.0 } else { -7.0 });
            case.check_forward(&Manner::default());
        }
    }
}
