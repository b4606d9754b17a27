//! Random problems: the library against the naive reference, and properties that need no reference.
//!
//! A problem is a shape, attributes and a seed. The elements follow from the seed rather than from a strategy each,
//! so a case costs little and still shrinks where it matters: in its shape and its attributes.

mod common;

use std::fmt;

use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{FileFailurePersistence, TestCaseError};

use common::data::{self, MIXES, Mix, Rng};
use common::element::Element;
use common::reference::{Arithmetic, Attrs, Degenerate, RoundMode};
use common::{Case, Failure, Manner, Offsets, Target, Workers, first_difference, show};

every_isa!();

/// The most elements of a tensor here; the longer ones are in boundaries.rs.
const MAX_LEN: usize = 6000;

/// Lengths around those of vectors and of a few of them.
const LENGTHS: [usize; 24] =
    [1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 47, 63, 64, 65, 127, 128, 129, 255, 256, 1000];

/// Everything of a problem but its type of element.
#[derive(Clone)]
struct Problem {
    shape: Vec<usize>,
    attrs: Attrs,
    range_given: bool,
    /// Channel c has elements of kind c modulo their number.
    mixes: Vec<Mix>,
    seed: u64,
}

impl fmt::Debug for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Problem { shape, attrs, range_given, mixes, seed } = self;
        write!(f, "{shape:?}, {attrs:?}, range_given {range_given}, {mixes:?}, seed {seed:#x}")
    }
}

impl Problem {
    fn case<T: Element>(&self) -> Case<T> {
        let rng = &mut Rng(self.seed);
        let attrs = self.attrs;
        let mut case = Case { attrs, shape: self.shape.clone(), input: vec![], gradients: vec![], range: None };
        let len = self.shape.iter().product();
        case.range = self.range_given.then(|| data::ranges(case.channels(), &attrs, rng));
        case.input = (0..len)
            .map(|index| data::element(self.mixes[case.channel_of(index) % self.mixes.len()], &attrs, rng))
            .collect();
        case.gradients = data::elements(len, Mix::Mixed, &attrs, rng);
        case
    }
}

fn problems() -> impl Strategy<Value = Problem> {
    (shapes(), any::<prop::sample::Index>(), attributes(), any::<bool>(), mixes(), seeds()).prop_map(
        |(shape, axis, mut attrs, range_given, mixes, seed)| {
            // Half of the problems have one range for the whole tensor.
            attrs.axis = (axis.index(2 * shape.len() + 1) as i32).min(shape.len() as i32) - 1;
            Problem { shape, attrs, range_given, mixes, seed }
        },
    )
}

fn shapes() -> impl Strategy<Value = Vec<usize>> {
    let dim = prop_oneof![1 => Just(0usize), 12 => 1usize..6, 12 => select(&LENGTHS[..])];
    let short = prop::collection::vec(dim, 0..=6).prop_map(|shape| bounded(&shape));
    let long = (1..MAX_LEN).prop_map(|len| vec![len]);
    let rows = (1usize..80, 1usize..80).prop_map(|(rows, columns)| vec![rows, columns]);
    prop_oneof![6 => short, 1 => long, 1 => rows]
}

/// The shape with 1 for each dimension that would make it too large.
fn bounded(shape: &[usize]) -> Vec<usize> {
    let mut len = 1;
    let fit = |&dim: &usize| {
        let dim = if len * dim > MAX_LEN { 1 } else { dim };
        len *= dim.max(1);
        dim
    };
    shape.iter().map(fit).collect()
}

fn attributes() -> impl Strategy<Value = Attrs> {
    let bits = prop_oneof![3 => Just(8), 2 => 1..=4, 2 => 5..=16, 2 => 17..=62];
    let round_mode = select(vec![RoundMode::HalfToEven, RoundMode::HalfUp]);
    let arithmetic = select(vec![Arithmetic::Default, Arithmetic::Native]);
    let degenerate = select(vec![Degenerate::TensorFlow, Degenerate::Zero, Degenerate::Error]);
    (any::<bool>(), bits, any::<bool>(), round_mode, arithmetic, degenerate).prop_map(
        |(signed_input, bits, narrow_range, round_mode, arithmetic, degenerate)| Attrs {
            signed_input,
            num_bits: if signed_input { bits.min(61) } else { bits },
            narrow_range: narrow_range && !(signed_input && bits == 1),
            round_mode,
            axis: -1,
            arithmetic,
            degenerate,
        },
    )
}

fn mixes() -> impl Strategy<Value = Vec<Mix>> {
    prop::collection::vec(select(&MIXES[..]), 1..=4)
}

/// A seed has no simpler one.
fn seeds() -> impl Strategy<Value = u64> {
    any::<u64>().no_shrink()
}

fn targets() -> impl Strategy<Value = Target> {
    select(vec![Target::Fresh, Target::OverInput, Target::OverGradients])
}

fn workers() -> impl Strategy<Value = Workers> {
    select(vec![Workers::Caller, Workers::Pool(0), Workers::Pool(1), Workers::Pool(3), Workers::Host(4)])
}

/// Ways to call, with offsets that suit a type of element.
fn manners<T: Element>() -> impl Strategy<Value = Manner> {
    let offset = (0..=64 / T::SIZE).prop_map(|steps| steps * T::SIZE);
    let offsets = [offset.clone(), offset.clone(), offset].prop_map(|[input, gradients, output]| Offsets {
        input,
        gradients,
        output,
    });
    (offsets, targets(), workers()).prop_map(|(offsets, target, workers)| Manner { offsets, target, workers })
}

/// The forward call has no gradients to write over.
fn forward_manner(manner: Manner) -> Manner {
    let target = if manner.target == Target::OverGradients { Target::Fresh } else { manner.target };
    Manner { target, ..manner }
}

fn forward_is_the_reference<T: Element>(problem: &Problem, manner: Manner) -> Result<(), TestCaseError> {
    let case = problem.case::<T>();
    case.compare_forward(&forward_manner(manner), &case.reference_forward()).map_err(fail)
}

fn gradient_is_the_reference<T: Element>(problem: &Problem, manner: Manner) -> Result<(), TestCaseError> {
    let case = problem.case::<T>();
    case.compare_gradient(&manner, &case.reference_gradient()).map_err(fail)
}

/// Neither alignment, nor threads, nor working in place change a bit.
fn the_manner_does_not_matter<T: Element>(problem: &Problem, manner: Manner) -> Result<(), TestCaseError> {
    let case = problem.case::<T>();
    let plain = case.forward(&Manner::default());
    case.compare_forward(&forward_manner(manner), &plain).map_err(fail)?;
    let plain = case.gradient(&Manner::default()).expect("the gradient of a valid call");
    case.compare_gradient(&manner, &plain).map_err(fail)
}

/// With one range for all, an element's result does not depend on its place.
fn a_permutation_permutes<T: Element>(problem: &Problem, manner: Manner) -> Result<(), TestCaseError> {
    let mut case = problem.case::<T>();
    case.attrs.axis = -1;
    case.range = None;
    let order = Rng(!problem.seed).permutation(case.input.len());
    let permute = |elements: &[T]| order.iter().map(|&from| elements[from]).collect::<Vec<T>>();
    let plain = case.forward(&Manner::default());
    case.input = permute(&case.input);
    case.compare_forward(&forward_manner(manner), &plain.map(|output| permute(&output))).map_err(fail)
}

/// An axis means: each channel as a tensor of its own. A degenerate channel fails the call, so that is left out.
fn channels_are_tensors<T: Element>(problem: &Problem, manner: Manner) -> Result<(), TestCaseError> {
    let mut case = problem.case::<T>();
    if case.attrs.degenerate == Degenerate::Error {
        case.attrs.degenerate = Degenerate::Zero;
    }
    let whole = case.forward(&forward_manner(manner)).expect("a valid call");
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
fn quantizing_twice_is_quantizing_once<T: Element>(problem: &Problem, manner: Manner) -> Result<(), TestCaseError> {
    let mut case = problem.case::<T>();
    case.attrs.num_bits = 2 + case.attrs.num_bits % (T::MANTISSA_BITS as i32 - 4);
    let rng = &mut Rng(problem.seed);
    let ends = |sign: f64, rng: &mut Rng| (0..case.channels()).map(|_| T::near(sign * (1.0 + rng.unit()))).collect();
    let (lo, hi) = (ends(-1.0, rng), (0..case.channels()).map(|_| T::near(2.0 + rng.unit())).collect());
    case.range = Some((lo, hi));
    let once = case.forward(&Manner::default()).expect("a range of which neither end is near 0");
    case.input = once.clone();
    case.compare_forward(&forward_manner(manner), &Ok(once)).map_err(fail)
}

/// The gradient of gradients that are all 1 is the mask: 0 or 1, and by the range's own comparison.
fn the_gradient_of_ones_is_the_mask<T: Element>(problem: &Problem, manner: Manner) -> Result<(), TestCaseError> {
    let mut case = problem.case::<T>();
    case.gradients = vec![T::near(1.0); case.input.len()];
    let mask = |(index, &x): (usize, &T)| match &case.range {
        Some((lo, hi)) => lo[case.channel_of(index)] <= x && x <= hi[case.channel_of(index)],
        None => !x.is_nan(),
    };
    let expected: Vec<T> = case.input.iter().enumerate().map(|e| T::near(f64::from(u8::from(mask(e))))).collect();
    case.compare_gradient(&manner, &expected).map_err(fail)
}

/// A NaN stays where it is, whatever the range, and nothing else becomes NaN unless its channel is degenerate.
///
/// Not so in NATIVE, where a code may be past the type's largest number, and so infinite.
fn nan_stays_where_it_is<T: Element>(problem: &Problem, manner: Manner) -> Result<(), TestCaseError> {
    let mut case = problem.case::<T>();
    case.attrs.degenerate = Degenerate::Zero;
    case.attrs.arithmetic = Arithmetic::Default;
    let output = case.forward(&forward_manner(manner)).expect("a valid call");
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
fn workers_do_not_matter<T: Element>(problem: &Problem, manner: Manner) -> Result<(), TestCaseError> {
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
        let manner = Manner { workers, ..forward_manner(manner) };
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

/// `cases` problems of a kind, or as many as the environment variable PROPTEST_CASES says.
fn config(cases: u32) -> ProptestConfig {
    let cases = if std::env::var_os("PROPTEST_CASES").is_some() { ProptestConfig::default().cases } else { cases };
    let persistence = Some(Box::new(FileFailurePersistence::WithSource("regressions")) as _);
    ProptestConfig { cases, failure_persistence: persistence, ..ProptestConfig::default() }
}

/// Each property for each type of element.
macro_rules! properties {
    ($($property:ident: $cases:literal),+ $(,)?) => {
        properties!(@ f32, f32; $($property: $cases),+);
        properties!(@ f64, f64; $($property: $cases),+);
        properties!(@ f16, half::f16; $($property: $cases),+);
        properties!(@ bf16, half::bf16; $($property: $cases),+);
    };
    (@ $name:ident, $element:ty; $($property:ident: $cases:literal),+) => {
        mod $name {
            use super::*;

            $(
                #[test]
                fn $property() {
                    let config = ProptestConfig { source_file: Some(file!()), ..config($cases) };
                    let test = |(problem, manner)| super::$property::<$element>(&problem, manner);
                    let strategy = (problems(), manners::<$element>());
                    if let Err(error) = proptest::test_runner::TestRunner::new(config).run(&strategy, test) {
                        panic!("{error}");
                    }
                }
            )+
        }
    };
}

properties! {
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
