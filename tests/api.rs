//! The Rust API on ndarray views of any layout, against the naive reference.

mod common;

use ndarray::{ArrayD, ArrayViewD, ArrayViewMutD, Axis, IxDyn, Slice};
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use qdq::capi::QDQ_STATUS_DEGENERATE_RANGE;
use qdq::{Attributes, Error, Executor, Quantizer, Range, Status};

use common::data::Rng;
use common::element::Element;
use common::reference::{self, Attrs};
use common::strategy::Problem;
use common::{Case, first_difference};

every_isa!();

every_property! {
    forward_is_the_reference: 1000,
    gradient_is_the_reference: 500,
    gathered_and_applied_is_the_reference: 500,
    codes_and_back_is_at_once: 500,
}

/// A slice of a larger array: its dimensions in any order, each with any start, step and direction.
struct Sliced<T> {
    memory: ArrayD<T>,
    order: Vec<usize>,
    slices: Vec<Slice>,
}

impl<T: Copy + Default> Sliced<T> {
    fn new(shape: &[usize], rng: &mut Rng) -> Self {
        let order = rng.permutation(shape.len());
        let steps: Vec<usize> = shape.iter().map(|_| rng.pick(&[1, 1, 2, 3])).collect();
        let starts: Vec<usize> = shape.iter().map(|_| rng.pick(&[0, 0, 1])).collect();
        let size = |dimension: usize| shape[dimension] * steps[dimension] + starts[dimension];
        let slice = |dimension: usize| {
            let (start, step) = (starts[dimension] as isize, steps[dimension] as isize);
            Slice::new(start, None, if rng.one_in(3) { -step } else { step })
        };
        let slices = (0..shape.len()).map(slice).collect();
        let sizes: Vec<usize> = order.iter().map(|&dimension| size(dimension)).collect();
        Sliced { memory: ArrayD::from_elem(IxDyn(&sizes), T::default()), order, slices }
    }

    fn view_mut(&mut self) -> ArrayViewMutD<'_, T> {
        let mut inverse = vec![0; self.order.len()];
        self.order.iter().enumerate().for_each(|(at, &dimension)| inverse[dimension] = at);
        let mut view = self.memory.view_mut().permuted_axes(IxDyn(&inverse));
        for (dimension, slice) in self.slices.iter().enumerate() {
            view.slice_axis_inplace(Axis(dimension), *slice);
        }
        view
    }

    fn holding(shape: &[usize], elements: &[T], rng: &mut Rng) -> Self {
        let mut sliced = Self::new(shape, rng);
        sliced.view_mut().iter_mut().zip(elements).for_each(|(place, element)| *place = *element);
        sliced
    }

    fn values(&mut self) -> Vec<T> {
        self.view_mut().iter().copied().collect()
    }
}

fn attributes(attrs: &Attrs) -> Attributes {
    let attributes = Attributes::new()
        .signed_input(attrs.signed_input)
        .num_bits(attrs.num_bits as u8)
        .narrow_range(attrs.narrow_range)
        .round_mode(match attrs.round_mode {
            reference::RoundMode::HalfToEven => qdq::RoundMode::HalfToEven,
            reference::RoundMode::HalfUp => qdq::RoundMode::HalfUp,
        })
        .arithmetic(match attrs.arithmetic {
            reference::Arithmetic::Default => qdq::Arithmetic::Default,
            reference::Arithmetic::Native => qdq::Arithmetic::Native,
        })
        .degenerate(match attrs.degenerate {
            reference::Degenerate::TensorFlow => qdq::Degenerate::TensorFlow,
            reference::Degenerate::Zero => qdq::Degenerate::Zero,
            reference::Degenerate::Error => qdq::Degenerate::Error,
        });
    if attrs.axis < 0 { attributes } else { attributes.axis(attrs.axis as usize) }
}

fn range<T: qdq::Element>(case: &Case<T>) -> Option<Range<'_, T>> {
    case.range.as_ref().map(|(min, max)| Range { min, max })
}

fn executor(rng: &mut Rng) -> Executor {
    if rng.one_in(2) { Executor::serial() } else { Executor::threads(2) }
}

/// The outcome is the reference's: the bits, or the status.
fn compare<T: Element>(got: Result<Vec<T>, Error>, expected: &Result<Vec<T>, i32>) -> Result<(), TestCaseError> {
    match (got, expected) {
        (Ok(got), Ok(expected)) => prop_assert_eq!(first_difference(&got, expected), None),
        (Err(error), Err(status)) => prop_assert_eq!(error.status() as i32, *status, "{}", error),
        (got, expected) => prop_assert!(false, "got {:?}, expected {:?}", got.is_ok(), expected.is_ok()),
    }
    Ok(())
}

fn forward_is_the_reference<T: Element + qdq::Element + Default>(problem: &Problem) -> Result<(), TestCaseError> {
    let (rng, case) = (&mut problem.rng(), problem.case::<T>());
    let expected = case.reference_forward();
    let (attrs, executor) = (attributes(&case.attrs), executor(rng));
    let mut input = Sliced::holding(&case.shape, &case.input, rng);
    let mut output = Sliced::<T>::new(&case.shape, rng);
    let view: ArrayViewMutD<'_, T> = input.view_mut();
    let outcome = qdq::quantize_and_dequantize(view.view(), range(&case), &attrs, &executor, output.view_mut());
    compare(outcome.map(|()| output.values()), &expected)?;
    let outcome = qdq::quantize_and_dequantize_in_place(input.view_mut(), range(&case), &attrs, &executor);
    compare(outcome.map(|()| input.values()), &expected)
}

fn gradient_is_the_reference<T: Element + qdq::Element + Default>(problem: &Problem) -> Result<(), TestCaseError> {
    let (rng, case) = (&mut problem.rng(), problem.case::<T>());
    let (attrs, executor) = (attributes(&case.attrs), executor(rng));
    let mut gradients = Sliced::holding(&case.shape, &case.gradients, rng);
    let mut input = Sliced::holding(&case.shape, &case.input, rng);
    let mut backprop = Sliced::<T>::new(&case.shape, rng);
    let (gradients, input) = (gradients.view_mut(), input.view_mut());
    let (gradients, input): (ArrayViewD<'_, T>, ArrayViewD<'_, T>) = (gradients.view(), input.view());
    let outcome =
        qdq::quantize_and_dequantize_grad(gradients, input, range(&case), &attrs, &executor, backprop.view_mut());
    compare(outcome.map(|()| backprop.values()), &Ok(case.reference_gradient()))
}

/// Ranges gathered from two pieces of the tensor, and a quantizer of them.
fn gathered_and_applied_is_the_reference<T: Element + qdq::Element + Default>(
    problem: &Problem,
) -> Result<(), TestCaseError> {
    let (rng, mut case) = (&mut problem.rng(), problem.case::<T>());
    case.range = None;
    let (attrs, executor) = (attributes(&case.attrs), executor(rng));
    let axis = usize::try_from(case.attrs.axis).ok();
    let mut input = Sliced::holding(&case.shape, &case.input, rng);
    let view = input.view_mut();
    let mut min = vec![T::near(f64::INFINITY); case.channels()];
    let mut max = vec![T::near(f64::NEG_INFINITY); case.channels()];
    // Of a dimension that is not the channels', if there is one.
    match (0..case.shape.len()).find(|dimension| Some(*dimension) != axis && case.shape[*dimension] > 1) {
        None => qdq::update_range(view.view(), axis, &executor, &mut min, &mut max).expect("a range"),
        Some(dimension) => {
            let (first, second) = view.view().split_at(Axis(dimension), case.shape[dimension] / 2);
            for piece in [second, first] {
                qdq::update_range(piece, axis, &executor, &mut min, &mut max).expect("a range");
            }
        }
    }
    let expected = case.reference_forward();
    let mut output = Sliced::<T>::new(&case.shape, rng);
    let outcome = Quantizer::gathered(&attrs, Range { min: &min, max: &max })
        .and_then(|quantizer| quantizer.apply(view.view(), &executor, output.view_mut()));
    compare(outcome.map(|()| output.values()), &expected)
}

fn codes_and_back_is_at_once<T: Element + qdq::Element + Default>(problem: &Problem) -> Result<(), TestCaseError> {
    let (rng, mut case) = (&mut problem.rng(), problem.case::<T>());
    case.range.get_or_insert((vec![T::near(-1.0); case.channels()], vec![T::near(1.0); case.channels()]));
    let Some((min, max)) = &case.range else { return Ok(()) };
    let (attrs, executor) = (attributes(&case.attrs), executor(rng));
    let quantizer = match Quantizer::given(&attrs, Range { min, max }) {
        Ok(quantizer) => quantizer,
        Err(error) => {
            prop_assert_eq!(error.status() as i32, QDQ_STATUS_DEGENERATE_RANGE);
            return Ok(());
        }
    };
    let mut input = Sliced::holding(&case.shape, &case.input, rng);
    let (mut at_once, mut back) = (Sliced::<T>::new(&case.shape, rng), Sliced::<T>::new(&case.shape, rng));
    let mut codes = Sliced::<i64>::new(&case.shape, rng);
    let mut run = || -> Result<(), Error> {
        let input = input.view_mut();
        quantizer.apply(input.view(), &executor, at_once.view_mut())?;
        quantizer.quantize(input.view(), &executor, codes.view_mut())?;
        quantizer.dequantize(codes.view_mut().view(), &executor, back.view_mut())
    };
    run().expect("valid arguments");
    let (qmin, qmax) = case.attrs.codes();
    let ends = qmin + 1..qmax;
    for ((at_once, back), code) in at_once.values().into_iter().zip(back.values()).zip(codes.values()) {
        // At the ends a code may have been saturated; a NaN has the code 0.
        if ends.contains(&code) && !at_once.is_nan() {
            let both_zero = at_once.to_f64() == 0.0 && back.to_f64() == 0.0;
            prop_assert!(both_zero || at_once.bits() == back.bits(), "{:?} and {:?}", at_once, back);
        }
    }
    Ok(())
}

#[test]
fn what_cannot_be_is_an_error_that_says_so() {
    let input = ArrayD::<f32>::zeros(IxDyn(&[2, 3]));
    let mut output = input.clone();
    let serial = Executor::serial();
    let mut status_of = |attrs: Attributes, range: Option<Range<'_, f32>>| {
        let error = qdq::quantize_and_dequantize(input.view(), range, &attrs, &serial, output.view_mut())
            .expect_err("an impossible call");
        assert!(error.to_string().contains("expected"), "{error}");
        error.status()
    };
    assert_eq!(status_of(Attributes::new().num_bits(0), None), Status::InvalidAttribute);
    assert_eq!(status_of(Attributes::new().num_bits(62), None), Status::InvalidAttribute);
    assert_eq!(status_of(Attributes::new().axis(2), None), Status::InvalidAxis);
    assert_eq!(status_of(Attributes::new().axis(usize::MAX), None), Status::InvalidAxis);
    let range = |min, max| Some(Range { min, max });
    assert_eq!(status_of(Attributes::new(), range(&[1.0], &[0.0])), Status::InvalidRange);
    assert_eq!(status_of(Attributes::new(), range(&[f32::NAN], &[0.0])), Status::InvalidRange);
    assert_eq!(status_of(Attributes::new().axis(0), range(&[0.0], &[0.0])), Status::SizeMismatch);
    assert_eq!(status_of(Attributes::new(), range(&[0.0], &[0.0, 1.0])), Status::SizeMismatch);

    let mut other = ArrayD::<f32>::zeros(IxDyn(&[3, 2]));
    let error = qdq::quantize_and_dequantize(input.view(), None, &Attributes::new(), &serial, other.view_mut())
        .expect_err("shapes");
    assert_eq!(error.status(), Status::SizeMismatch);

    let quantizer =
        Quantizer::given(&Attributes::new().num_bits(9), Range { min: &[-1.0f32], max: &[1.0] }).expect("valid");
    let mut codes = ArrayD::<i8>::zeros(IxDyn(&[2, 3]));
    let error = quantizer.quantize(input.view(), &serial, codes.view_mut()).expect_err("9 bits in 8");
    assert_eq!(error.status(), Status::UnsupportedDtype);
}
