//! Random problems: the library against the naive reference, and properties that need no reference.
//!
//! A problem is a shape, attributes and a seed. The elements follow from the seed rather than from a strategy each,
//! so a case costs little and still shrinks where it matters: in its shape and its attributes.

mod common;

use proptest::prelude::*;
use proptest::test_runner::TestCaseError;

use common::data::{self, Mix, Rng};
use common::element::Element;
use common::reference::{Arithmetic, Attrs, Degenerate};
use common::strategy::Problem;
use common::{Case, Failure, Manner, Offsets, Target, Workers, first_difference, show};

every_isa!();

every_property! {
    forward_is_the_reference: 8000,
    gradient_is_the_reference: 3000,
    the_manner_does_not_matter: 3000,
    a_permutation_permutes: 2000,
    channels_are_tensors: 1000,
    quantizing_twice_is_quantizing_once: 2000,
    the_gradient_of_ones_is_the_mask: 500,
    nan_stays_where_it_is: 2000,
    workers_do_not_matter: 12,
}

every_element!(every_channel_has_another_range);

/// A way to call, with offsets that suit a type of element.
fn manner<T: Element>(problem: &Problem) -> Manner {
    let rng = &mut problem.rng();
    let mut offset = || rng.below(64 / T::SIZE as u64 + 1) as usize * T::SIZE;
    Manner {
        offsets: Offsets { input: offset(), gradients: offset(), output: offset() },
        target: rng.pick(&[Target::Fresh, Target::OverInput, Target::OverGradients]),
        workers: rng.pick(&[Workers::Caller, Workers::Pool(0), Workers::Pool(1), Workers::Pool(3), Workers::Host(4)]),
    }
}

/// The forward call has no gradients to write over.
fn forward_manner<T: Element>(problem: &Problem) -> Manner {
    let manner = manner::<T>(problem);
    let target = if manner.target == Target::OverGradients { Target::Fresh } else { manner.target };
    Manner { target, ..manner }
}

fn forward_is_the_reference<T: Element>(problem: &Problem) -> Result<(), TestCaseError> {
    let case = problem.case::<T>();
    case.compare_forward(&forward_manner::<T>(problem), &case.reference_forward()).map_err(fail)
}

fn gradient_is_the_reference<T: Element>(problem: &Problem) -> Result<(), TestCaseError> {
    let case = problem.case::<T>();
    case.compare_gradient(&manner::<T>(problem), &case.reference_gradient()).map_err(fail)
}

/// Neither alignment, nor threads, nor working in place change a bit.
fn the_manner_does_not_matter<T: Element>(problem: &Problem) -> Result<(), TestCaseError> {
    let case = problem.case::<T>();
    let plain = case.forward(&Manner::default());
    case.compare_forward(&forward_manner::<T>(problem), &plain).map_err(fail)?;
    let plain = case.gradient(&Manner::default()).expect("the gradient of a valid call");
    case.compare_gradient(&manner::<T>(problem), &plain).map_err(fail)
}

/// With one range for all, an element's result does not depend on its place.
fn a_permutation_permutes<T: Element>(problem: &Problem) -> Result<(), TestCaseError> {
    let mut case = problem.case::<T>();
    case.attrs.axis = -1;
    case.range = None;
    let order = Rng(!problem.seed).permutation(case.input.len());
    let permute = |elements: &[T]| order.iter().map(|&from| elements[from]).collect::<Vec<T>>();
    let plain = case.forward(&Manner::default());
    case.input = permute(&case.input);
    case.compare_forward(&forward_manner::<T>(problem), &plain.map(|output| permute(&output))).map_err(fail)
}

/// An axis means: each channel as a tensor of its own. A degenerate channel fails the call, so that is left out.
fn channels_are_tensors<T: Element>(problem: &Problem) -> Result<(), TestCaseError> {
    let mut case = problem.case::<T>();
    if case.attrs.degenerate == Degenerate::Error {
        case.attrs.degenerate = Degenerate::Zero;
    }
    let whole = case.forward(&forward_manner::<T>(problem)).expect("a valid call");
    let mut members = vec![vec![]; case.channels()];
    for index in 0..case.input.len() {
        members[case.channel_of(index)].push(index);
    }
    for (channel, members) in members.iter().enumerate() {
        let of_channel = |elements: &[T]| members.iter().map(|&index| elements[index]).collect::<Vec<T>>();
        let alone = Case {
            attrs: Attrs { axis: -1, ..case.attrs },
            shape: vec![members.len()],
            input: of_channel(&case.input),
            gradients: vec![],
            range: case.range.as_ref().map(|(lo, hi)| (vec![lo[channel]], vec![hi[channel]])),
        };
        alone.compare_forward(&Manner::default(), &Ok(of_channel(&whole))).map_err(fail)?;
    }
    Ok(())
}

/// Quantizing what is quantized already changes nothing, under three conditions:
///
/// - the range is given. A computed one may move by an ulp, as max(y) is qmax*(hi/qmax), not hi;
/// - it has zero inside and neither underflow nor overflow near;
/// - the codes are short. scale, inverse, and the two products err by at most 5 units of the last place together, and
///   HALF_UP's sum by one more: with codes below 2^(precision - 4), v is within 6/16 of its code and returns to it.
fn quantizing_twice_is_quantizing_once<T: Element>(problem: &Problem) -> Result<(), TestCaseError> {
    let mut case = problem.case::<T>();
    case.attrs.num_bits = 2 + case.attrs.num_bits % (T::MANTISSA_BITS as i32 - 4);
    let rng = &mut Rng(problem.seed);
    let ends = |sign: f64, rng: &mut Rng| (0..case.channels()).map(|_| T::near(sign * (1.0 + rng.unit()))).collect();
    let (lo, hi) = (ends(-1.0, rng), (0..case.channels()).map(|_| T::near(2.0 + rng.unit())).collect());
    case.range = Some((lo, hi));
    let once = case.forward(&Manner::default()).expect("a range of which neither end is near 0");
    case.input = once.clone();
    case.compare_forward(&forward_manner::<T>(problem), &Ok(once)).map_err(fail)
}

/// The gradient of gradients that are all 1 is the mask: 0 or 1, and by the range's own comparison.
fn the_gradient_of_ones_is_the_mask<T: Element>(problem: &Problem) -> Result<(), TestCaseError> {
    let mut case = problem.case::<T>();
    case.gradients = vec![T::near(1.0); case.input.len()];
    let mask = |(index, &x): (usize, &T)| match &case.range {
        Some((lo, hi)) => lo[case.channel_of(index)] <= x && x <= hi[case.channel_of(index)],
        None => !x.is_nan(),
    };
    let expected: Vec<T> = case.input.iter().enumerate().map(|e| T::near(f64::from(u8::from(mask(e))))).collect();
    case.compare_gradient(&manner::<T>(problem), &expected).map_err(fail)
}

/// A NaN stays where it is, whatever the range, and nothing else becomes NaN unless its channel is degenerate.
///
/// Not so in NATIVE, where a code may be past the type's largest number, and so infinite.
fn nan_stays_where_it_is<T: Element>(problem: &Problem) -> Result<(), TestCaseError> {
    let mut case = problem.case::<T>();
    case.attrs.degenerate = Degenerate::Zero;
    case.attrs.arithmetic = Arithmetic::Default;
    let output = case.forward(&forward_manner::<T>(problem)).expect("a valid call");
    for (x, y) in case.input.iter().zip(&output) {
        prop_assert_eq!(x.is_nan(), y.is_nan(), "{:?}: {} became {}", case, show(*x), show(*y));
    }
    Ok(())
}

/// A channel of NaN alone has the computed range [0, 0], which a single signed bit divides by zero: no error even so.
#[test]
fn a_channel_without_a_number_is_never_degenerate() {
    for num_bits in 1..=61 {
        for (shape, axis) in [(vec![5], -1), (vec![5, 0], 0), (vec![40, 3], 0), (vec![3, 40], 1)] {
            let attrs = Attrs { num_bits, axis, degenerate: Degenerate::Error, ..Attrs::default() };
            let input = vec![f32::NAN; shape.iter().product()];
            Case { attrs, shape, input, gradients: vec![], range: None }.check_forward(&Manner::default());
        }
    }
}

/// What the pool shares out: a tensor large enough for several chunks gives the same bits on any workers.
fn workers_do_not_matter<T: Element>(problem: &Problem) -> Result<(), TestCaseError> {
    let mut large = problem.clone();
    large.shape = match problem.seed % 3 {
        0 => vec![150_001],
        1 => vec![3, 301, 129],
        _ => vec![700, 213],
    };
    large.attrs.axis = (problem.seed / 3 % 2) as i32 - 1;
    let case = large.case::<T>();
    let plain = case.forward(&Manner::default());
    for workers in [Workers::Pool(2), Workers::Host(5)] {
        let manner = Manner { workers, ..forward_manner::<T>(problem) };
        let got = case.forward(&manner);
        let equal = match (&got, &plain) {
            (Ok(got), Ok(plain)) => first_difference(got, plain).is_none(),
            (got, plain) => got.as_ref().err() == plain.as_ref().err(),
        };
        prop_assert!(equal, "{case:?} differs with {manner:?}");
    }
    Ok(())
}

fn fail(failure: Failure) -> TestCaseError {
    TestCaseError::fail(failure.to_string())
}

/// Hundreds of thousands of ranges of every kind with a few elements each, in other attributes each time.
fn every_channel_has_another_range<T: Element>() {
    const CHANNELS: usize = 1 << 15;
    for seed in 0..16 {
        let rng = &mut Rng(seed);
        let (axis, shape) = if seed % 2 == 0 { (0, vec![CHANNELS, 4]) } else { (1, vec![4, CHANNELS]) };
        let attrs = Attrs { axis, ..data::random_attributes(rng) };
        let input = data::elements(4 * CHANNELS, Mix::Mixed, &attrs, rng);
        let range = (seed % 4 < 2).then(|| data::ranges(CHANNELS, &attrs, rng));
        Case::<T> { attrs, shape, input, gradients: vec![], range }.check_forward(&Manner::default());
    }
}
