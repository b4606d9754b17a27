//! Random problems for the property tests: a shape, attributes and a seed, from which everything else follows.

use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{FileFailurePersistence, TestCaseError, TestRunner};

use super::Case;
use super::data::{self, MIXES, Mix, Rng};
use super::element::Element;
use super::reference::{Arithmetic, Attrs, Degenerate, RoundMode};

/// The most elements of a tensor here; the longer ones are in boundaries.rs and far.rs.
const MAX_LEN: usize = 5000;

/// Lengths around those of vectors, of a few of them, and of the parts in which scattered rows are worked on.
const LENGTHS: [usize; 24] =
    [7, 8, 9, 15, 16, 17, 31, 32, 33, 47, 63, 64, 65, 127, 128, 129, 255, 256, 257, 512, 513, 1000, 1024, 1025];

/// Everything of a problem but its type of element.
#[derive(Clone, Debug)]
pub struct Problem {
    pub shape: Vec<usize>,
    pub attrs: Attrs,
    pub range_given: bool,
    /// Channel c has elements of kind c modulo their number.
    pub mixes: Vec<Mix>,
    pub seed: u64,
}

impl Problem {
    pub fn case<T: Element>(&self) -> Case<T> {
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

    /// Numbers for what the elements do not need.
    pub fn rng(&self) -> Rng {
        Rng(!self.seed)
    }
}

pub fn problems() -> impl Strategy<Value = Problem> {
    (
        shapes(),
        any::<prop::sample::Index>(),
        attributes(),
        any::<bool>(),
        prop::collection::vec(select(&MIXES[..]), 1..=4),
        any::<u64>().no_shrink(),
    )
        .prop_map(|(shape, axis, mut attrs, range_given, mixes, seed)| {
            // A third of the problems, or more, have one range for the whole tensor.
            attrs.axis = (axis.index(3 * shape.len() / 2 + 1) as i32).min(shape.len() as i32) - 1;
            Problem { shape, attrs, range_given, mixes, seed }
        })
}

fn shapes() -> impl Strategy<Value = Vec<usize>> {
    let dimension = prop_oneof![1 => Just(0usize), 30 => 1usize..6, 10 => select(&LENGTHS[..])];
    let any_rank = prop::collection::vec(dimension, 0..=6).prop_map(|shape| bounded(&shape));
    let long = (1..MAX_LEN).prop_map(|len| vec![len]);
    let rows = (1usize..50, 1usize..50).prop_map(|(rows, columns)| vec![rows, columns]);
    prop_oneof![8 => any_rank, 1 => long, 1 => rows]
}

/// The shape with 1 for each dimension that would make it too large.
fn bounded(shape: &[usize]) -> Vec<usize> {
    let mut len = 1;
    let fit = |&dimension: &usize| {
        let dimension = if len * dimension > MAX_LEN { 1 } else { dimension };
        len *= dimension.max(1);
        dimension
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

/// Runs a property on `cases` problems, or on as many as the environment variable PROPTEST_CASES says.
pub fn check(file: &'static str, cases: u32, property: impl Fn(&Problem) -> Result<(), TestCaseError>) {
    let mut config = ProptestConfig {
        failure_persistence: Some(Box::new(FileFailurePersistence::WithSource("regressions"))),
        source_file: Some(file),
        ..ProptestConfig::default()
    };
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = cases;
    }
    if let Err(error) = TestRunner::new(config).run(&problems(), |problem| property(&problem)) {
        panic!("{error}");
    }
}

/// Defines a test of each property for each type of element, with so many cases. The properties are generic functions of
/// the module that uses the macro.
#[macro_export]
macro_rules! every_property {
    ($($property:ident: $cases:literal),+ $(,)?) => {
        mod properties {
            use super::*;

            $crate::every_property!(@ f32, f32; $($property: $cases),+);
            $crate::every_property!(@ f64, f64; $($property: $cases),+);
            $crate::every_property!(@ f16, ::half::f16; $($property: $cases),+);
            $crate::every_property!(@ bf16, ::half::bf16; $($property: $cases),+);
        }
    };
    (@ $name:ident, $element:ty; $($property:ident: $cases:literal),+) => {
        mod $name {
            $(
                #[test]
                fn $property() {
                    $crate::common::strategy::check(file!(), $cases, super::$property::<$element>);
                }
            )+
        }
    };
}
