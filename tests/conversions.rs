//! The 16-bit conversions as the operation shows them: all 65,536 numbers of a type through many grids.
//!
//! The reference converts with the crate `half`, so that is held to the definition first: `nearest` finds the closest
//! number by looking at all of them.

mod common;

use std::ptr;

use half::{bf16, f16};
use qdq::capi::QDQ_STATUS_OK;

use common::channel::{Channel, Compute};
use common::data::{self, Rng};
use common::element::Element;
use common::quantizer::Quantizer;
use common::reference::{Arithmetic, Attrs, Number};
use common::view::{Operand, Place, dtype_of, range_operand};
use common::{Case, Manner, c_attrs, first_difference, show};

every_isa!();

/// Each test for the two 16-bit types.
macro_rules! every_half {
    ($($test:ident),+ $(,)?) => {
        every_half!(@ of_f16, f16; $($test),+);
        every_half!(@ of_bf16, bf16; $($test),+);
    };
    (@ $name:ident, $element:ident; $($test:ident),+) => {
        mod $name {
            use super::*;

            $(
                #[test]
                fn $test() {
                    super::$test::<$element>();
                }
            )+
        }
    };
}

every_half!(
    the_reference_converts_as_defined,
    every_input_on_many_grids,
    every_input_in_one_computed_range,
    every_input_in_many_channels,
    every_input_on_grids_around_the_least_normal,
    every_range_end,
    every_gradient,
    ties_and_overflow,
    fine_grids_change_nothing,
);

/// All numbers of a type, NaN and infinities included.
fn all<T: Element>() -> Vec<T> {
    (0..1 << 16).map(T::from_bits).collect()
}

fn all_finite<T: Element>() -> Vec<T> {
    all::<T>().into_iter().filter(|x| x.is_finite()).collect()
}

/// A case of one range.
fn case<T: Element>(input: Vec<T>, range: Option<(T, T)>, attrs: Attrs) -> Case<T> {
    let range = range.map(|(lo, hi)| (vec![lo], vec![hi]));
    Case { attrs, shape: vec![input.len()], gradients: vec![], input, range }
}

/// What the bits without the sign stand for. Those of infinity stand for the number that would come next, which makes
/// rounding to infinity a case like any other.
fn magnitude<T: Element>(bits: u64) -> f64 {
    let (exponent, mantissa) = (bits >> T::MANTISSA_BITS, bits & T::mantissa_mask());
    let bias = T::top_exponent() as i32 >> 1;
    let ulp = 2.0f64.powi(exponent.max(1) as i32 - bias - T::MANTISSA_BITS as i32);
    let implicit = if exponent == 0 { 0 } else { 1 << T::MANTISSA_BITS };
    (implicit + mantissa) as f64 * ulp
}

/// The number closest to `value`, of two the one with even bits; and whether there were two.
fn nearest<T: Element>(value: f32) -> (T, bool) {
    let infinity = T::top_exponent() << T::MANTISSA_BITS;
    let target = f64::from(value.abs());
    // Magnitudes grow with the bits: the last one that is not above the target.
    let (mut below, mut above) = (0, infinity);
    while above - below > 1 {
        let middle = (below + above) / 2;
        if magnitude::<T>(middle) <= target { below = middle } else { above = middle }
    }
    let (to_below, to_above) = (target - magnitude::<T>(below), magnitude::<T>(above) - target);
    let tie = to_below == to_above;
    let up = to_above < to_below || tie && below % 2 == 1;
    let sign = if value.is_sign_negative() { T::sign_mask() } else { 0 };
    (T::from_bits(sign | if up { above } else { below }), tie)
}

fn the_reference_converts_as_defined<T: Element + Number<C = f32>>() {
    let check = |value: f32| {
        let (got, expected) = (T::narrow(value), nearest::<T>(value).0);
        assert_eq!(got.bits(), expected.bits(), "{value:e} became {}, not {}", show(got), show(expected));
    };
    let infinity = T::top_exponent() << T::MANTISSA_BITS;
    for bits in 0..infinity {
        let (low, high) = (magnitude::<T>(bits), magnitude::<T>(bits + 1));
        assert_eq!(f64::from(T::from_bits(bits).widen()), low);
        for value in [low as f32, ((low + high) / 2.0) as f32] {
            for beside in [value.next_down().abs(), value, value.next_up()] {
                check(beside);
                check(-beside);
            }
        }
    }
    let mut rng = Rng(1);
    (0..100_000).map(|_| f32::from_bits(rng.bits() as u32)).filter(|x| !x.is_nan()).for_each(check);
}

fn every_input_on_many_grids<T: Element>() {
    for seed in 0..400 {
        let attrs = data::random_attributes(&mut Rng(seed));
        let range = data::range(&attrs, &mut Rng(!seed));
        case(all::<T>(), Some(range), attrs).check_forward(&Manner::default());
    }
}

/// A computed range needs its infinities left out, or it is degenerate; and a narrow one, or all but a few codes are 0.
fn every_input_in_one_computed_range<T: Element>() {
    let bias = T::top_exponent() / 2;
    for seed in 0..200 {
        let exponent = bias + seed % bias;
        let largest = magnitude::<T>(exponent << T::MANTISSA_BITS | (seed * 7) & T::mantissa_mask());
        let input = all::<T>().into_iter().filter(|x| x.is_nan() || x.to_f64().abs() <= largest).collect();
        case(input, None, data::random_attributes(&mut Rng(seed))).check_forward(&Manner::default());
    }
}

/// Every input in each of several channels beside each other, whose ranges are given or gathered.
fn check_channels<T: Element<C: Compute>>(attrs: Attrs, ranges: &[(f64, f64)]) {
    let shape = [1 << 16, ranges.len()];
    let elements: Vec<T> = all::<T>().into_iter().flat_map(|x| ranges.iter().map(move |_| x)).collect();
    let mut input = Operand::holding(Place::dense(&shape), &elements);
    let (lo, hi): (Vec<f64>, Vec<f64>) = ranges.iter().copied().unzip();
    let [mut min, mut max] = [lo, hi].map(|ends| range_operand::<T>(Place::dense(&[ends.len()]), true, &ends));
    for is_given in [true, false] {
        let (min, max) = (min.tensor(), max.tensor());
        let quantizer = Quantizer::create::<T>(&c_attrs(&attrs, is_given), &min, &max).expect("valid ranges");
        let mut output = Operand::untouched(Place::dense(&shape), dtype_of::<T>());
        assert_eq!(quantizer.apply(ptr::null(), &input.tensor(), &output.tensor()), QDQ_STATUS_OK);
        let channel = if is_given { Channel::<T>::given } else { Channel::<T>::gathered };
        let channels: Vec<Channel<T>> = ranges.iter().map(|(lo, hi)| channel(*lo, *hi, &attrs)).collect();
        let expected: Vec<T> = elements.iter().zip(channels.iter().cycle()).map(|(x, c)| c.apply(*x)).collect();
        let got = output.values::<T>();
        if let Some(at) = first_difference(&got, &expected) {
            let (x, range) = (show(elements[at]), ranges[at % ranges.len()]);
            let (got, expected) = (show(got[at]), show(expected[at]));
            panic!("{x} became {got}, expected {expected}; range {range:?}, given: {is_given}, {attrs:?}");
        }
    }
}

/// Ranges that the type has, and float ones.
fn every_input_in_many_channels<T: Element<C: Compute>>() {
    for seed in 0..32 {
        let rng = &mut Rng(seed);
        let attrs = Attrs { axis: 1, ..data::random_attributes(rng) };
        let range = |channel: usize| {
            if channel.is_multiple_of(2) {
                let (lo, hi) = data::range::<T>(&attrs, rng);
                (lo.to_f64(), hi.to_f64())
            } else {
                let (lo, hi) = data::range::<f32>(&attrs, rng);
                (lo.into(), hi.into())
            }
        };
        check_channels::<T>(attrs, &(0..13).map(range).collect::<Vec<_>>());
    }
}

/// From one inverse scale to the next around 2^-126, below which results may be subnormal in float and in bfloat16: in all
/// channels, and in one beside others that are far above.
fn every_input_on_grids_around_the_least_normal<T: Element<C: Compute>>() {
    for (num_bits, arithmetic) in [(2, Arithmetic::Default), (8, Arithmetic::Default), (8, Arithmetic::Native)] {
        let attrs = Attrs { num_bits, arithmetic, axis: 1, ..Attrs::default() };
        let (qmin, qmax) = attrs.codes();
        let range = |steps: i32| {
            let unit = f32::from_bits((f32::MIN_POSITIVE.to_bits() as i32 + steps) as u32);
            (f64::from(qmin as f32 * unit), f64::from(qmax as f32 * unit))
        };
        let ranges: Vec<(f64, f64)> = (-8..8).map(range).collect();
        check_channels::<T>(attrs, &ranges);
        for one in &ranges[6..10] {
            check_channels::<T>(attrs, &[(-1.0, 1.0), *one, (-2.0, 2.0)]);
            check_channels::<T>(Attrs { axis: -1, ..attrs }, &[*one]);
        }
    }
}

/// Every number as the end of a range: one channel each.
fn every_range_end<T: Element>() {
    let ends: Vec<T> = all_finite::<T>();
    let beside = |step: u64| ends.iter().map(|x| T::near(x.to_f64() * (0.3 + 0.2 * step as f64))).collect::<Vec<T>>();
    let columns = [beside(1), beside(2), beside(3), beside(4)];
    let input: Vec<T> = (0..ends.len()).flat_map(|c| columns.iter().map(move |column| column[c])).collect();
    let zero = vec![T::near(0.0); ends.len()];
    let range: (Vec<T>, Vec<T>) =
        ends.iter().zip(&zero).map(|(&end, &zero)| if end < zero { (end, zero) } else { (zero, end) }).unzip();
    for seed in 0..24 {
        let attrs = Attrs { axis: 0, ..data::random_attributes(&mut Rng(seed)) };
        let shape = vec![ends.len(), columns.len()];
        let case = Case {
            attrs,
            shape,
            input: input.clone(),
            gradients: vec![],
            range: Some(range.clone()).filter(|_| seed % 2 == 0),
        };
        case.check_forward(&Manner::default());
    }
}

/// Every gradient inside and outside, and every input as the one that decides.
fn every_gradient<T: Element>() {
    for seed in 0..40 {
        let range = data::range(&Attrs::default(), &mut Rng(seed));
        let range = Some(range).filter(|_| seed % 8 != 0);
        let shift = (seed * 1021) as usize;
        let mut case = case(all::<T>(), range, Attrs::default());
        case.gradients = all();
        case.gradients.rotate_left(shift);
        case.check_gradient(&Manner::default());
    }
}

/// What `ties_and_overflow` came across.
#[derive(Debug, Default)]
struct Seen {
    ties: usize,
    subnormals: usize,
    infinities: usize,
}

/// Every finite input on the grid of `num_bits` signed codes times `inverse`, each product held to `nearest`.
///
/// Products of a few bits are exact in f32, so that the only rounding is the last one.
fn check_products<T: Element + Number<C = f32>>(range: (f32, f32), num_bits: i32, inverse: f32, seen: &mut Seen) {
    let attrs = Attrs { num_bits, ..Attrs::default() };
    let (qmin, qmax) = attrs.codes();
    let (lo, hi) = range;
    let scale = if lo < 0.0 { qmin as f32 / lo } else { qmax as f32 / hi };
    let products: Vec<(T, bool)> = (qmin..=qmax).map(|code| nearest(code as f32 * inverse)).collect();
    for (y, tie) in &products {
        seen.ties += usize::from(*tie);
        seen.subnormals += usize::from(y.bits() & !T::sign_mask() <= T::mantissa_mask());
        seen.infinities += usize::from(!y.is_finite());
    }
    let expected = |x: &T| {
        let clamped = x.widen().min(qmax as f32 * inverse).max(qmin as f32 * inverse);
        let code = (clamped * scale).round_ties_even();
        let sign = if code == 0.0 && code.is_sign_negative() { T::sign_mask() } else { 0 };
        T::from_bits(products[(code as i64 - qmin) as usize].0.bits() | sign)
    };
    let case = case(all_finite::<T>(), Some((T::narrow(lo), T::narrow(hi))), attrs);
    let expected = case.input.iter().map(expected).collect();
    case.compare_forward(&Manner::default(), &Ok(expected)).unwrap_or_else(|failure| panic!("{failure}"));
}

/// Results halfway between two numbers, in the subnormals and past the largest number too.
fn ties_and_overflow<T: Element + Number<C = f32>>() {
    let mut seen = Seen::default();
    let bias = T::top_exponent() as i32 / 2;
    let smallest = 1 - bias - T::MANTISSA_BITS as i32;
    // The range [qmin*unit, 0] has inverse = unit, exactly. Odd units of few bits make many of the products ties.
    for num_bits in [4, 6, 9] {
        let qmin = -(2.0f32.powi(num_bits - 1));
        for odd in [3, 5, 7, 9, 13, 21, 45, 101, 129, 171, 255] {
            // All of the subnormals' binades, and some of the others, which are alike.
            let subnormal = smallest - 1..smallest + 12;
            let normal = (subnormal.end..bias - num_bits - 7).step_by(11);
            for exponent in subnormal.chain(normal) {
                let unit = odd as f32 * 2.0f32.powi(exponent);
                let representable = T::narrow(qmin * unit).widen() == qmin * unit;
                if representable && unit >= 2.0f32.powi(-127) {
                    check_products::<T>((qmin * unit, 0.0), num_bits, unit, &mut seen);
                }
            }
        }
    }
    // With two bits and the range [0, hi], code -2 stands for -2*hi: past the largest number for half of these.
    for bits in T::MAX.bits() - (2 << T::MANTISSA_BITS)..=T::MAX.bits() {
        let hi = T::from_bits(bits).widen();
        check_products::<T>((0.0, hi), 2, hi, &mut seen);
    }
    assert!(seen.ties > 10_000 && seen.subnormals > 1000 && seen.infinities > 100, "{seen:?}");
}

/// Where the grid is finer than the type, a number within the range comes through as it is.
///
/// The range [-2^60 * unit, 2^60 * unit] has scale = 1/unit and inverse = unit, exactly.
fn fine_grids_change_nothing<T: Element + Number<C = f32>>() {
    let attrs = Attrs { num_bits: 61, ..Attrs::default() };
    let mut seen = vec![false; 1 << 16];
    let bias = T::top_exponent() as i32 / 2;
    for exponent in -127..=bias - 60 {
        let (unit, hi) = (2.0f32.powi(exponent), 2.0f32.powi(exponent + 60));
        let on_grid = |x: &T| x.widen().abs() <= hi && (f64::from(x.widen()) / f64::from(unit)).fract() == 0.0;
        let input: Vec<T> = all_finite::<T>().into_iter().filter(on_grid).collect();
        input.iter().for_each(|x| seen[x.bits() as usize] = true);
        let case = case(input, Some((T::narrow(-hi), T::narrow(hi))), attrs);
        let expected = Ok(case.input.clone());
        case.compare_forward(&Manner::default(), &expected).unwrap_or_else(|failure| panic!("{failure}"));
    }
    assert!(seen.iter().filter(|&&seen| seen).count() > 60_000);
}

/// The range of f16 is short enough for a grid that holds all of it, with a unit that is no power of two.
#[test]
fn every_f16_comes_through_the_finest_grid() {
    let attrs = Attrs { num_bits: 61, ..Attrs::default() };
    for range in [Some((f16::MIN, f16::MAX)), None] {
        let case = case(all_finite::<f16>(), range, attrs);
        let output = case.forward(&Manner::default()).expect("a valid call");
        assert_eq!(first_difference(&output, &case.input), None);
    }
}

/// Results around the last number, by hand.
#[test]
fn results_past_the_largest_number() {
    let y = |x: f32, hi: f32, num_bits: i32| {
        let attrs = Attrs { num_bits, ..Attrs::default() };
        let range = Some((f16::ZERO, f16::from_f32(hi)));
        case(vec![f16::from_f32(x)], range, attrs).forward(&Manner::default()).expect("a valid call")[0]
    };
    // -2 * 43008 = -86016 is past it.
    assert_eq!(y(-65504.0, 43008.0, 2), f16::NEG_INFINITY);
    // -1 * 43008 is not.
    assert_eq!(y(-60000.0, 43008.0, 2), f16::from_f32(-43008.0));
    // -128 * 64992/127 = -65503.7 and -128 * 65024/127 = -65536: on either side of the last halfway point, -65520.
    assert_eq!(y(f32::NEG_INFINITY, 64992.0, 8), f16::MIN);
    assert_eq!(y(f32::NEG_INFINITY, 65024.0, 8), f16::NEG_INFINITY);
}
