//! The operation in phases: ranges gathered in pieces, prepared quantizers, codes. All of it by the definition, and the
//! phases one after the other are the operation at once.

mod common;

use std::ptr;

use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use qdq::capi::*;

use common::channel::{Channel, Compute};
use common::data::{self, Mix, Rng};
use common::element::Element;
use common::quantizer::{PARAMS, Quantizer};
use common::reference::{Arithmetic, Attrs, Degenerate, RoundMode};
use common::strategy::Problem;
use common::view::{
    CODE_DTYPES, Memory, Operand, Place, Tensor, dtype_of, ends_of, pool, range_of_codes, range_operand, size_of_dtype,
};
use common::{Case, Manner, Status, c_attrs, first_difference, show};

every_isa!();

every_property! {
    the_references_agree: 200,
    gathered_in_pieces_is_computed_at_once: 800,
    a_quantizer_is_the_operation: 800,
    parameters_are_the_formulas: 500,
    codes_are_the_rounded_elements: 800,
    numbers_of_any_codes: 500,
    numbers_of_codes_are_the_operation: 800,
}

/// The whole tensor's reference and a channel's: they share no line.
fn the_references_agree<T: Element<C: Compute>>(problem: &Problem) -> Result<(), TestCaseError> {
    let case = problem.case::<T>();
    let Ok(expected) = case.reference_forward() else {
        return Ok(());
    };
    let channels = match &case.range {
        Some((lo, hi)) => {
            (lo.iter().zip(hi)).map(|(lo, hi)| Channel::given(lo.to_f64(), hi.to_f64(), &case.attrs)).collect()
        }
        None => gathered_channels(&case),
    };
    let got = by_channel(&case, &channels, |channel, index| channel.apply(case.input[index]));
    prop_assert_eq!(first_difference(&got, &expected), None, "{:?}", case);
    Ok(())
}

/// The channels of a tensor's own ranges.
fn gathered_channels<T: Element<C: Compute>>(case: &Case<T>) -> Vec<Channel<T>> {
    let [lo, hi] = case.own_ranges();
    lo.into_iter().zip(hi).map(|(lo, hi)| Channel::gathered(lo, hi, &case.attrs)).collect()
}

/// Something of each element, with its channel.
fn by_channel<T: Element<C: Compute>, R>(
    case: &Case<T>,
    channels: &[Channel<T>],
    of: impl Fn(&Channel<T>, usize) -> R,
) -> Vec<R> {
    (0..case.input.len()).map(|index| of(&channels[case.channel_of(index)], index)).collect()
}

// Ranges gathered in pieces

/// A part of a tensor, and the first of its channels.
struct Piece {
    place: Place,
    channel: usize,
    channels: usize,
}

impl Piece {
    fn whole<T: Element>(case: &Case<T>, place: &Place) -> Piece {
        Piece { place: place.clone(), channel: 0, channels: case.channels() }
    }

    /// Two parts of it, cut through a random dimension, or itself where there is nothing to cut.
    fn cut(self, axis: i32, rng: &mut Rng) -> Vec<Piece> {
        let long = |&dimension: &usize| self.place.shape[dimension] > 1;
        let dimensions: Vec<usize> = (0..self.place.shape.len()).filter(long).collect();
        if dimensions.is_empty() || self.place.shape.contains(&0) {
            return vec![self];
        }
        let dimension = rng.pick(&dimensions);
        let size = self.place.shape[dimension] as usize;
        let at = 1 + rng.below(size as u64 - 1) as usize;
        [(0, at), (at, size)].map(|(from, to)| self.part(dimension, axis, from, to)).into()
    }

    fn part(&self, dimension: usize, axis: i32, from: usize, to: usize) -> Piece {
        let is_axis = usize::try_from(axis) == Ok(dimension);
        Piece {
            place: self.place.part(dimension, from, to),
            channel: self.channel + if is_axis { from } else { 0 },
            channels: if is_axis { to - from } else { self.channels },
        }
    }
}

/// Every element is in one of them, or in two, in any order.
fn random_pieces<T: Element>(case: &Case<T>, place: &Place, rng: &mut Rng) -> Vec<Piece> {
    let mut pieces = vec![Piece::whole(case, place)];
    for _ in 0..rng.below(8) {
        let piece = pieces.swap_remove(rng.below(pieces.len() as u64) as usize);
        pieces.extend(piece.cut(case.attrs.axis, rng));
    }
    if rng.one_in(4) {
        pieces.extend(Piece::whole(case, place).cut(case.attrs.axis, rng).pop());
    }
    let order = rng.permutation(pieces.len());
    let mut pieces: Vec<Option<Piece>> = pieces.into_iter().map(Some).collect();
    order.into_iter().filter_map(|index| pieces[index].take()).collect()
}

/// One of several that gather ranges, each from some of the pieces.
struct Gatherer {
    min: Operand,
    max: Operand,
}

impl Gatherer {
    fn new<T: Element>(case: &Case<T>, rng: &mut Rng) -> Gatherer {
        let is_wide = T::SIZE == 2 && rng.one_in(2);
        let mut operand = |end| {
            let place = Place::random(&range_shape(case, rng), false, rng);
            range_operand::<T>(place, is_wide, &vec![end; case.channels()])
        };
        Gatherer { min: operand(f64::INFINITY), max: operand(f64::NEG_INFINITY) }
    }

    fn gather<T: Element>(&mut self, input: &mut Operand, piece: &Piece, axis: i32, executor: &qdq_executor) {
        let attrs = c_attrs(&Attrs { axis, ..Attrs::default() }, false);
        let x = piece.place.tensor(&mut input.memory, dtype_of::<T>());
        let [min, max] = [&mut self.min, &mut self.max].map(|end| {
            let place = if axis == -1 {
                end.place.clone()
            } else {
                end.place.part(0, piece.channel, piece.channel + piece.channels)
            };
            place.tensor(&mut end.memory, end.dtype)
        });
        // SAFETY: the tensors are of live memories that hold all of their elements, each its own.
        let status = unsafe { qdq_range_update(&x.c(), &attrs, executor, &min.c(), &max.c()) };
        assert_eq!(status, QDQ_STATUS_OK);
    }
}

/// One element of rank 0 or 1, or one for each channel.
fn range_shape<T: Element>(case: &Case<T>, rng: &mut Rng) -> Vec<usize> {
    if case.attrs.axis == -1 && rng.one_in(2) { vec![] } else { vec![case.channels()] }
}

/// Ranges of pieces, merged by elementwise minimum and maximum.
fn gathered_in_pieces<T: Element>(case: &Case<T>, input: &mut Operand, rng: &mut Rng) -> [Vec<f64>; 2] {
    let mut gatherers: Vec<Gatherer> = (0..1 + rng.below(3)).map(|_| Gatherer::new(case, rng)).collect();
    for piece in random_pieces(case, &input.place.clone(), rng) {
        let index = rng.below(gatherers.len() as u64) as usize;
        gatherers[index].gather::<T>(input, &piece, case.attrs.axis, &pool(rng.pick(&[1, 2])));
    }
    let merge = |of: fn(&Gatherer) -> &Operand, better: fn(f64, f64) -> f64| {
        let ends = gatherers.iter().map(|gatherer| ends_of::<T>(of(gatherer)));
        let both = |a: Vec<f64>, b: Vec<f64>| a.into_iter().zip(b).map(|(a, b)| better(a, b)).collect();
        ends.reduce(both).expect("a gatherer")
    };
    [merge(|gatherer| &gatherer.min, f64::min), merge(|gatherer| &gatherer.max, f64::max)]
}

fn gathered_in_pieces_is_computed_at_once<T: Element<C: Compute>>(problem: &Problem) -> Result<(), TestCaseError> {
    let (rng, mut case) = (&mut problem.rng(), problem.case::<T>());
    case.range = None;
    let mut input = Operand::holding(Place::random(&case.shape, true, rng), &case.input);
    case.input = input.values();
    let ends = gathered_in_pieces(&case, &mut input, rng);

    let at_once = case.forward(&Manner::default());
    let expected = case.reference_forward();
    prop_assert_eq!(at_once.as_ref().err(), expected.as_ref().err());
    let quantizer = match create(&case, false, &ends, rng) {
        Ok(quantizer) => quantizer,
        Err(status) => {
            prop_assert_eq!(Some(&status), at_once.as_ref().err(), "{:?}", case);
            return Ok(());
        }
    };
    let in_phases = applied(&quantizer, &case, rng);
    check_same(&case, &in_phases, &at_once.expect("what could be prepared"))?;
    check_same(&case, &in_phases, &expected.expect("likewise"))?;
    check_same(&case, &gradient_of(&quantizer, &case, rng), &case.gradient(&Manner::default()).expect("a gradient"))
}

fn check_same<T: Element>(case: &Case<T>, got: &[T], expected: &[T]) -> Result<(), TestCaseError> {
    if let Some(index) = first_difference(got, expected) {
        let [x, got, expected] = [case.input[index], got[index], expected[index]].map(show);
        return Err(TestCaseError::fail(format!("{case:?}: element {index} ({x}) gave {got}, expected {expected}")));
    }
    Ok(())
}

// Quantizers

/// A quantizer of these ranges, whose memory is overwritten afterwards.
fn create<T: Element>(
    case: &Case<T>,
    is_given: bool,
    [lo, hi]: &[Vec<f64>; 2],
    rng: &mut Rng,
) -> Result<Quantizer, Status> {
    // What the elements' type does not have takes float.
    let fits = |end: &f64| T::near(*end).to_f64().to_bits() == end.to_bits();
    let is_wide = T::SIZE == 2 && (rng.one_in(2) || !lo.iter().chain(hi).all(fits));
    let mut operand = |ends: &[f64]| {
        let place = Place::random(&range_shape(case, rng), false, rng);
        range_operand::<T>(place, is_wide, ends)
    };
    let (mut min, mut max) = (operand(lo), operand(hi));
    let quantizer = Quantizer::create::<T>(&c_attrs(&case.attrs, is_given), &min.tensor(), &max.tensor());
    min.memory.spoil();
    max.memory.spoil();
    quantizer
}

/// Ranges of every kind: of the data, of none, infinite, with zeros of either sign; such as may be given, or gathered.
fn random_ranges<T: Element>(case: &Case<T>, is_given: bool, rng: &mut Rng) -> [Vec<f64>; 2] {
    let own = case.own_ranges();
    let is_wide = T::SIZE == 2 && rng.one_in(3);
    let one = |channel: usize, rng: &mut Rng| {
        let (lo, hi) = match rng.below(8) {
            0..2 => (own[0][channel], own[1][channel]),
            2 => (f64::INFINITY, f64::NEG_INFINITY),
            3 => (f64::NEG_INFINITY, rng.pick(&[-1.0, 0.0, 2.0, f64::INFINITY])),
            4 => (rng.pick(&[-0.0, 0.0]), rng.pick(&[-0.0, 0.0, 1.0])),
            _ => (f64::NAN, f64::NAN),
        };
        let is_valid = if is_given { lo.is_finite() && hi.is_finite() } else { !lo.is_nan() };
        if is_valid {
            (lo, hi)
        } else if is_wide {
            let (lo, hi) = data::range::<f32>(&case.attrs, rng);
            (lo.into(), hi.into())
        } else {
            let (lo, hi) = data::range::<T>(&case.attrs, rng);
            (lo.to_f64(), hi.to_f64())
        }
    };
    let (lo, hi) = (0..case.channels()).map(|channel| one(channel, rng)).unzip();
    [lo, hi]
}

/// A problem with its quantizer, and what its channels must do.
struct Prepared<T: Element> {
    case: Case<T>,
    channels: Vec<Channel<T>>,
    quantizer: Quantizer,
    rng: Rng,
}

impl<T: Element<C: Compute>> Prepared<T> {
    /// Nothing where the quantizer is refused, as it must be where a channel is degenerate and the attributes say so.
    fn new(problem: &Problem) -> Result<Option<Prepared<T>>, TestCaseError> {
        let (mut rng, case, is_given) = (problem.rng(), problem.case::<T>(), problem.range_given);
        let ends = random_ranges(&case, is_given, &mut rng);
        let channel = |(&lo, &hi): (&f64, &f64)| {
            if is_given { Channel::given(lo, hi, &case.attrs) } else { Channel::gathered(lo, hi, &case.attrs) }
        };
        let channels: Vec<Channel<T>> = ends[0].iter().zip(&ends[1]).map(channel).collect();
        let is_refused =
            case.attrs.degenerate == Degenerate::Error && channels.iter().any(|channel| channel.is_degenerate);
        match create(&case, is_given, &ends, &mut rng) {
            Ok(quantizer) if !is_refused => Ok(Some(Prepared { case, channels, quantizer, rng })),
            Err(QDQ_STATUS_DEGENERATE_RANGE) if is_refused => Ok(None),
            other => Err(TestCaseError::fail(format!(
                "{case:?}: {other:?} of the ranges {ends:?}; degenerate is {is_refused}"
            ))),
        }
    }

    fn each<R>(&self, of: impl Fn(&Channel<T>, usize) -> R) -> Vec<R> {
        by_channel(&self.case, &self.channels, of)
    }

    /// The codes of the elements in a type, or why not.
    fn codes(&mut self, dtype: qdq_dtype) -> Result<Vec<i128>, Status> {
        let mut input = Operand::holding(Place::random(&self.case.shape, false, &mut self.rng), &self.case.input);
        let mut codes = Operand::untouched(Place::random(&self.case.shape, false, &mut self.rng), dtype);
        let before = [&input, &codes].map(|operand| operand.memory.bytes().to_vec());
        let executor = pool(self.rng.pick(&[1, 3]));
        let status = self.quantizer.quantize(&executor, &input.tensor(), &codes.tensor());
        input.memory.check_unchanged(&before[0]);
        if status != QDQ_STATUS_OK {
            codes.memory.check_unchanged(&before[1]);
            return Err(status);
        }
        codes.memory.check_only_written(&before[1], &codes.place, dtype);
        Ok(codes.codes())
    }

    /// The numbers of codes of a type, or why not.
    fn numbers(&mut self, dtype: qdq_dtype, codes: &[i128]) -> Result<Vec<T>, Status> {
        let mut input = Operand::untouched(Place::random(&self.case.shape, false, &mut self.rng), dtype);
        input.memory.store_codes(&input.place, dtype, codes);
        let mut output = Operand::untouched(Place::random(&self.case.shape, false, &mut self.rng), dtype_of::<T>());
        let before = [&input, &output].map(|operand| operand.memory.bytes().to_vec());
        let executor = pool(self.rng.pick(&[1, 3]));
        let status = self.quantizer.dequantize(&executor, &input.tensor(), &output.tensor());
        input.memory.check_unchanged(&before[0]);
        if status != QDQ_STATUS_OK {
            output.memory.check_unchanged(&before[1]);
            return Err(status);
        }
        output.memory.check_only_written(&before[1], &output.place, output.dtype);
        Ok(output.values())
    }

    /// A type that holds all codes.
    fn dtype(&mut self) -> qdq_dtype {
        let wide_enough: Vec<qdq_dtype> =
            CODE_DTYPES.into_iter().filter(|&dtype| holds_codes(dtype, &self.case.attrs)).collect();
        self.rng.pick(&wide_enough)
    }
}

fn holds_codes(dtype: qdq_dtype, attrs: &Attrs) -> bool {
    let ((least, greatest), (qmin, qmax)) = (range_of_codes(dtype), attrs.codes());
    least <= qmin.into() && i128::from(qmax) <= greatest
}

/// What a quantizer makes of a case's input, in place or not.
fn applied<T: Element>(quantizer: &Quantizer, case: &Case<T>, rng: &mut Rng) -> Vec<T> {
    let mut input = Operand::holding(Place::random(&case.shape, false, rng), &case.input);
    let executor = pool(rng.pick(&[1, 3]));
    if rng.one_in(3) {
        let (before, tensor) = (input.memory.bytes().to_vec(), input.tensor());
        assert_eq!(quantizer.apply(&executor, &tensor, &tensor), QDQ_STATUS_OK);
        input.memory.check_only_written(&before, &input.place, input.dtype);
        return input.values();
    }
    let mut output = Operand::untouched(Place::random(&case.shape, false, rng), dtype_of::<T>());
    let before = output.memory.bytes().to_vec();
    let status = quantizer.apply(&executor, &input.tensor(), &output.tensor());
    assert_eq!(status, QDQ_STATUS_OK);
    output.memory.check_only_written(&before, &output.place, output.dtype);
    output.values()
}

fn gradient_of<T: Element>(quantizer: &Quantizer, case: &Case<T>, rng: &mut Rng) -> Vec<T> {
    let mut gradients = Operand::holding(Place::random(&case.shape, false, rng), &case.gradients);
    let mut input = Operand::holding(Place::random(&case.shape, false, rng), &case.input);
    let mut output = Operand::untouched(Place::random(&case.shape, false, rng), dtype_of::<T>());
    let before = output.memory.bytes().to_vec();
    let executor = pool(rng.pick(&[1, 3]));
    let status = quantizer.gradient(&executor, &gradients.tensor(), &input.tensor(), &output.tensor());
    assert_eq!(status, QDQ_STATUS_OK);
    output.memory.check_only_written(&before, &output.place, output.dtype);
    output.values()
}

fn a_quantizer_is_the_operation<T: Element<C: Compute>>(problem: &Problem) -> Result<(), TestCaseError> {
    let Some(mut prepared) = Prepared::<T>::new(problem)? else {
        return Ok(());
    };
    let case = &prepared.case;
    let expected = prepared.each(|channel, index| channel.apply(case.input[index]));
    check_same(case, &applied(&prepared.quantizer, case, &mut prepared.rng), &expected)?;
    let expected = by_channel(case, &prepared.channels, |channel, index| {
        channel.gradient(case.gradients[index], case.input[index])
    });
    check_same(case, &gradient_of(&prepared.quantizer, case, &mut prepared.rng), &expected)
}

fn parameters_are_the_formulas<T: Element<C: Compute>>(problem: &Problem) -> Result<(), TestCaseError> {
    let Some(prepared) = Prepared::<T>::new(problem)? else {
        return Ok(());
    };
    for param in PARAMS {
        let got = prepared.quantizer.get::<T>(param, prepared.channels.len());
        let got = got.expect("as many values as channels");
        for (channel, (got, by_formula)) in got.into_iter().zip(&prepared.channels).enumerate() {
            let expected: f64 = parameter(by_formula, param).into();
            let is_same = got.to_bits() == expected.to_bits() || got.is_nan() && expected.is_nan();
            let case = &prepared.case;
            prop_assert!(is_same, "{case:?}: parameter {param} of channel {channel} is {got:e}, expected {expected:e}");
        }
    }
    Ok(())
}

fn parameter<T: Element>(channel: &Channel<T>, param: i32) -> T::C {
    match param {
        QDQ_PARAM_SCALE => channel.scale,
        QDQ_PARAM_INVERSE_SCALE => channel.inverse,
        QDQ_PARAM_CLAMP_MIN => channel.clamp.0,
        QDQ_PARAM_CLAMP_MAX => channel.clamp.1,
        QDQ_PARAM_RANGE_MIN => channel.range.0,
        QDQ_PARAM_RANGE_MAX => channel.range.1,
        _ => panic!("{param} is no parameter"),
    }
}

// Codes

fn codes_are_the_rounded_elements<T: Element<C: Compute>>(problem: &Problem) -> Result<(), TestCaseError> {
    match Prepared::<T>::new(problem)? {
        Some(mut prepared) => check_codes(&mut prepared),
        None => Ok(()),
    }
}

/// In every type that holds them; the others are refused.
fn check_codes<T: Element<C: Compute>>(prepared: &mut Prepared<T>) -> Result<(), TestCaseError> {
    let expected = prepared.each(|channel, index| channel.code(prepared.case.input[index]));
    for dtype in CODE_DTYPES {
        let got = prepared.codes(dtype);
        let case = &prepared.case;
        if !holds_codes(dtype, &case.attrs) {
            prop_assert_eq!(got.err(), Some(QDQ_STATUS_UNSUPPORTED_DTYPE), "{:?}, dtype {}", case, dtype);
            continue;
        }
        let got = got.expect("a type that holds the codes");
        if let Some(index) = (0..got.len()).find(|&index| got[index] != expected[index]) {
            let (x, got, expected) = (show(case.input[index]), got[index], expected[index]);
            return Err(TestCaseError::fail(format!(
                "{case:?}: element {index} ({x}) has the code {got} in dtype {dtype}, expected {expected}"
            )));
        }
    }
    Ok(())
}

/// Any numbers of an integer type: saturated to nothing, and rounded as integers are.
fn numbers_of_any_codes<T: Element<C: Compute>>(problem: &Problem) -> Result<(), TestCaseError> {
    let Some(mut prepared) = Prepared::<T>::new(problem)? else {
        return Ok(());
    };
    for dtype in CODE_DTYPES {
        let codes: Vec<i128> = (0..prepared.case.input.len())
            .map(|_| random_code(dtype, &prepared.case.attrs, &mut prepared.rng))
            .collect();
        let got = prepared.numbers(dtype, &codes);
        let case = &prepared.case;
        if !holds_codes(dtype, &case.attrs) {
            prop_assert_eq!(got.err(), Some(QDQ_STATUS_UNSUPPORTED_DTYPE), "{:?}, dtype {}", case, dtype);
            continue;
        }
        let got = got.expect("a type that holds the codes");
        let expected = prepared.each(|channel, index| channel.number(codes[index]));
        let is_wrong = |&index: &usize| {
            let channel = &prepared.channels[case.channel_of(index)];
            !channel.is_unspecified(codes[index]) && !is_same(got[index], expected[index], channel.is_zeroed())
        };
        if let Some(index) = (0..got.len()).find(is_wrong) {
            let (code, got, expected) = (codes[index], show(got[index]), show(expected[index]));
            return Err(TestCaseError::fail(format!(
                "{case:?}: the code {code} in dtype {dtype} gave {got}, expected {expected}"
            )));
        }
    }
    Ok(())
}

/// One near the ends of the codes or of their type, or any.
fn random_code(dtype: qdq_dtype, attrs: &Attrs, rng: &mut Rng) -> i128 {
    let ((least, greatest), (qmin, qmax)) = (range_of_codes(dtype), attrs.codes());
    let near = rng.pick(&[least, greatest, 0, qmin.into(), qmax.into()]);
    let code = if rng.one_in(3) {
        least + i128::from(rng.bits()) % (greatest - least + 1)
    } else {
        near + i128::from(rng.below(5)) - 2
    };
    code.clamp(least, greatest)
}

/// Any NaN is any other; zeros may differ in their sign where that is said.
fn is_same<T: Element>(a: T, b: T, zeros_are_same: bool) -> bool {
    first_difference(&[a], &[b]).is_none() || zeros_are_same && a.to_f64() == 0.0 && b.to_f64() == 0.0
}

/// Quantizing and dequantizing are the operation in two steps, wherever nothing was saturated.
fn numbers_of_codes_are_the_operation<T: Element<C: Compute>>(problem: &Problem) -> Result<(), TestCaseError> {
    let Some(mut prepared) = Prepared::<T>::new(problem)? else {
        return Ok(());
    };
    let (codes_dtype, expected) = (prepared.dtype(), applied(&prepared.quantizer, &prepared.case, &mut prepared.rng));
    let codes = prepared.codes(codes_dtype).expect("a type that holds the codes");
    let got = prepared.numbers(codes_dtype, &codes).expect("likewise");
    let case = &prepared.case;
    let holds = prepared.each(|channel, index| channel.holds(case.input[index]));
    for index in (0..got.len()).filter(|&index| holds[index]) {
        prop_assert!(
            is_same(got[index], expected[index], true),
            "{:?}: element {} ({}) gave {}, at once {}",
            case,
            index,
            show(case.input[index]),
            show(got[index]),
            show(expected[index])
        );
    }
    Ok(())
}

every_element! {
    every_width_and_mode,
    refused_quantizers,
    refused_calls,
    channels_that_hold_no_number,
    quantizers_without_channels,
}

/// Every width, signed, narrow and not, in every mode: elements far outside of the range and near the codes' ends.
fn every_width_and_mode<T: Element<C: Compute>>() {
    for num_bits in 1..=62 {
        for mode in 0..32 {
            let is = |bit: i32| mode >> bit & 1 == 1;
            let attrs = Attrs {
                signed_input: is(0),
                num_bits,
                narrow_range: is(1),
                round_mode: if is(2) { RoundMode::HalfUp } else { RoundMode::HalfToEven },
                axis: -1,
                arithmetic: if is(3) { Arithmetic::Native } else { Arithmetic::Default },
                degenerate: Degenerate::TensorFlow,
            };
            let is_possible = !attrs.signed_input || num_bits < 62 && (num_bits > 1 || !attrs.narrow_range);
            if is_possible {
                let mut prepared = of_wide_elements::<T>(attrs, is(4));
                check_codes(&mut prepared).unwrap_or_else(|failure| panic!("{failure}"));
            }
        }
    }
}

/// Elements of every kind, most of them outside of the range.
fn of_wide_elements<T: Element<C: Compute>>(attrs: Attrs, is_given: bool) -> Prepared<T> {
    let mut rng = Rng(u64::from(attrs.num_bits.unsigned_abs()));
    let mut input: Vec<T> = data::elements(30, Mix::Mixed, &attrs, &mut rng);
    input.extend([f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e9, -1e9, 0.0, -0.0].map(T::near));
    input.extend((0..20).map(|_| T::near(1.5 * rng.unit())));
    // Codes times a unit, and halves between them, at both ends.
    let (qmin, qmax) = attrs.codes();
    let unit = 1.0 / qmax.max(1) as f64;
    let ends = [qmin, qmax].map(|end| end as f64);
    input.extend(ends.iter().flat_map(|end| [-1.0, -0.5, 0.0, 0.5, 1.0].map(|step| T::near((end + step) * unit))));
    let case = Case { attrs, shape: vec![input.len()], gradients: vec![], input, range: None };
    let channel = if is_given { Channel::given } else { Channel::gathered };
    let quantizer = create(&case, is_given, &[vec![-1.0], vec![1.0]], &mut rng).expect("a usable range");
    Prepared { case, channels: vec![channel(-1.0, 1.0, &attrs)], quantizer, rng }
}

// What is refused

/// The range tensors of three channels, dense.
fn three_channels<T: Element>(lo: f64, hi: f64) -> [Operand; 2] {
    [lo, hi].map(|end| range_operand::<T>(Place::dense(&[3]), false, &[end; 3]))
}

fn attrs_of_axis_1(range_given: bool) -> qdq_attrs {
    let attrs = Attrs { axis: 1, ..Attrs::default() };
    c_attrs(&attrs, range_given)
}

fn refused_quantizers<T: Element>() {
    for is_given in [false, true] {
        let [mut min, mut max] = three_channels::<T>(-1.0, 1.0);
        let (lo, hi, attrs) = (min.tensor(), max.tensor(), attrs_of_axis_1(is_given));
        let status = |attrs: &qdq_attrs, dtype, lo: &Tensor, hi: &Tensor| {
            Quantizer::of_dtype(attrs, dtype, lo, hi).map_or_else(|status| status, |_| QDQ_STATUS_OK)
        };
        let own = dtype_of::<T>();
        assert_eq!(status(&attrs, own, &lo, &hi), QDQ_STATUS_OK);
        for dtype in [0, -1, QDQ_DTYPE_I8, QDQ_DTYPE_U64, 13] {
            assert_eq!(status(&attrs, dtype, &lo, &hi), QDQ_STATUS_UNSUPPORTED_DTYPE);
        }
        for axis in [-2, QDQ_MAX_RANK, i32::MAX] {
            assert_eq!(status(&qdq_attrs { axis, ..attrs }, own, &lo, &hi), QDQ_STATUS_INVALID_AXIS);
        }
        for num_bits in [0, 62, -1] {
            assert_eq!(status(&qdq_attrs { num_bits, ..attrs }, own, &lo, &hi), QDQ_STATUS_INVALID_ATTRIBUTE);
        }
        let with = |change: fn(&mut Tensor), hi: &Tensor| {
            let mut hi = hi.clone();
            change(&mut hi);
            hi
        };
        let spoilt = |change| with(change, &hi);
        assert_eq!(status(&attrs, own, &lo, &spoilt(|hi| hi.shape[0] = 2)), QDQ_STATUS_SIZE_MISMATCH);
        assert_eq!(status(&qdq_attrs { axis: -1, ..attrs }, own, &lo, &hi), QDQ_STATUS_SIZE_MISMATCH);
        assert_eq!(status(&attrs, own, &lo, &spoilt(|hi| hi.data = ptr::null_mut())), QDQ_STATUS_NULL_POINTER);
        assert_eq!(status(&attrs, own, &lo, &spoilt(|hi| hi.flags = 1)), QDQ_STATUS_INVALID_SHAPE);
        assert_eq!(status(&attrs, own, &lo, &spoilt(|hi| hi.dtype = QDQ_DTYPE_I64)), QDQ_STATUS_UNSUPPORTED_DTYPE);
    }
    refused_ranges::<T>();
}

fn refused_ranges<T: Element>() {
    let status = |is_given, lo: f64, hi: f64| {
        let [mut min, mut max] = three_channels::<T>(-1.0, 1.0);
        let last = Place::dense(&[1]).moved_to(2);
        min.memory.store(&last, &[T::near(lo)]);
        max.memory.store(&last, &[T::near(hi)]);
        Quantizer::create::<T>(&attrs_of_axis_1(is_given), &min.tensor(), &max.tensor())
            .map_or_else(|status| status, |_| QDQ_STATUS_OK)
    };
    let (inf, nan) = (f64::INFINITY, f64::NAN);
    for (lo, hi) in [(nan, 1.0), (-1.0, nan), (nan, nan), (1.0, -1.0), (inf, 1.0), (1.0, -inf)] {
        assert_eq!(status(false, lo, hi), QDQ_STATUS_INVALID_RANGE, "[{lo}, {hi}]");
        assert_eq!(status(true, lo, hi), QDQ_STATUS_INVALID_RANGE, "[{lo}, {hi}]");
    }
    // What may be gathered, but not given.
    for (lo, hi) in [(inf, -inf), (-inf, inf), (-inf, 1.0), (-1.0, inf), (inf, inf), (-inf, -inf)] {
        assert_eq!(status(false, lo, hi), QDQ_STATUS_OK, "[{lo}, {hi}]");
        assert_eq!(status(true, lo, hi), QDQ_STATUS_INVALID_RANGE, "[{lo}, {hi}]");
    }
}

/// Input, output and codes of a call, of which each function uses two.
type Tensors = [Tensor; 3];

type Call = fn(&Quantizer, &Tensors) -> Status;

/// The functions of a quantizer on tensors, and which tensors those are.
const CALLS: [(Call, [usize; 2]); 4] = [
    (|quantizer, [x, y, _]| quantizer.apply(ptr::null(), x, y), [0, 1]),
    (|quantizer, [x, y, _]| quantizer.gradient(ptr::null(), x, x, y), [0, 1]),
    (|quantizer, [x, _, codes]| quantizer.quantize(ptr::null(), x, codes), [0, 2]),
    (|quantizer, [_, y, codes]| quantizer.dequantize(ptr::null(), codes, y), [1, 2]),
];

/// Every function that uses one of the spoilt tensors refuses them with the status.
fn refused(expected: Status, quantizer: &Quantizer, tensors: &Tensors, which: &[usize], spoil: impl Fn(&mut Tensor)) {
    let mut tensors = tensors.clone();
    which.iter().for_each(|&index| spoil(&mut tensors[index]));
    for (number, (call, used)) in CALLS.iter().enumerate() {
        if used.iter().any(|used| which.contains(used)) {
            assert_eq!(call(quantizer, &tensors), expected, "call {number}, {tensors:?}");
        }
    }
}

fn refused_calls<T: Element>() {
    const ROOM: usize = 128;
    let [mut min, mut max] = three_channels::<T>(-1.0, 1.0);
    let quantizer = Quantizer::create::<T>(&attrs_of_axis_1(true), &min.tensor(), &max.tensor()).expect("valid");
    let mut memory = Memory::new(3 * ROOM, QDQ_DTYPE_I8);
    let before = memory.bytes().to_vec();
    let own = dtype_of::<T>();
    let tensors = [(0, own), (1, own), (2, QDQ_DTYPE_I8)].map(|(index, dtype)| {
        let place = Place::dense(&[4, 3]).moved_to(index * ROOM / size_of_dtype(dtype));
        place.tensor(&mut memory, dtype)
    });
    refused_tensors(&quantizer, &tensors);
    refused_overlaps(&quantizer, &tensors);
    refused_parameters(&quantizer);
    memory.check_unchanged(&before);
    assert_eq!(CALLS.map(|(call, _)| call(&quantizer, &tensors)), [QDQ_STATUS_OK; 4]);
}

fn refused_tensors(quantizer: &Quantizer, tensors: &Tensors) {
    let refused = |status, which: &[usize], spoil: &dyn Fn(&mut Tensor)| {
        refused(status, quantizer, tensors, which, spoil);
    };
    let own = tensors[0].dtype;
    for each in [[0], [1], [2]] {
        refused(QDQ_STATUS_NULL_POINTER, &each, &|tensor| tensor.data = ptr::null_mut());
        refused(QDQ_STATUS_INVALID_SHAPE, &each, &|tensor| tensor.flags = 1);
        refused(QDQ_STATUS_INVALID_SHAPE, &each, &|tensor| tensor.rank = -1);
        refused(QDQ_STATUS_INVALID_SHAPE, &each, &|tensor| tensor.strides = Some(vec![i64::MAX, 1]));
        refused(QDQ_STATUS_UNSUPPORTED_DTYPE, &each, &|tensor| tensor.dtype = 0);
    }
    for dtype in (0..=13).filter(|&dtype| dtype != own) {
        refused(QDQ_STATUS_UNSUPPORTED_DTYPE, &[0], &|tensor| tensor.dtype = dtype);
        refused(QDQ_STATUS_UNSUPPORTED_DTYPE, &[1], &|tensor| tensor.dtype = dtype);
    }
    for dtype in [0, QDQ_DTYPE_F32, QDQ_DTYPE_U8, QDQ_DTYPE_U16, QDQ_DTYPE_U64, 13] {
        refused(QDQ_STATUS_UNSUPPORTED_DTYPE, &[2], &|tensor| tensor.dtype = dtype);
    }
    // Another number of channels than the quantizer's, and another shape than the other tensor's.
    for shape in [vec![4, 2], vec![4, 4], vec![3, 0]] {
        refused(QDQ_STATUS_SIZE_MISMATCH, &[0, 1, 2], &|tensor| tensor.shape.clone_from(&shape));
    }
    for each in [[0], [1], [2]] {
        refused(QDQ_STATUS_SIZE_MISMATCH, &each, &|tensor| tensor.shape[0] = 3);
    }
    refused(QDQ_STATUS_INVALID_AXIS, &[0, 1, 2], &|tensor| tensor.rank = 1);
}

/// Codes share no byte with numbers, not even where both start, nor two elements of an output with each other; numbers
/// are in place or apart.
fn refused_overlaps(quantizer: &Quantizer, [numbers, _, codes]: &Tensors) {
    let size = size_of_dtype(numbers.dtype);
    for shift in [0, 1, size, 12 * size - 1] {
        let codes = Tensor { data: numbers.data.wrapping_byte_add(shift), ..codes.clone() };
        assert_eq!(quantizer.quantize(ptr::null(), numbers, &codes), QDQ_STATUS_OVERLAP);
        assert_eq!(quantizer.dequantize(ptr::null(), &codes, numbers), QDQ_STATUS_OVERLAP);
    }
    for shift in [1, 11] {
        let shifted = Tensor { data: numbers.data.wrapping_byte_add(shift * size), ..numbers.clone() };
        assert_eq!(quantizer.apply(ptr::null(), numbers, &shifted), QDQ_STATUS_OVERLAP);
        assert_eq!(quantizer.gradient(ptr::null(), numbers, numbers, &shifted), QDQ_STATUS_OVERLAP);
    }
    let repeated = |tensor: &Tensor| Tensor { strides: Some(vec![0, 1]), ..tensor.clone() };
    assert_eq!(quantizer.quantize(ptr::null(), numbers, &repeated(codes)), QDQ_STATUS_OVERLAP);
    assert_eq!(quantizer.dequantize(ptr::null(), codes, &repeated(numbers)), QDQ_STATUS_OVERLAP);
}

fn refused_parameters(quantizer: &Quantizer) {
    let mut values = [9.0f64; 4];
    let pointer = values.as_mut_ptr().cast();
    for param in [0, 7, -1, i32::MAX] {
        assert_eq!(quantizer.get_at(param, pointer, 3), QDQ_STATUS_INVALID_ATTRIBUTE);
    }
    for param in PARAMS {
        for len in [0, 2, 4, usize::MAX] {
            assert_eq!(quantizer.get_at(param, pointer, len), QDQ_STATUS_SIZE_MISMATCH);
        }
        assert_eq!(quantizer.get_at(param, ptr::null_mut(), 3), QDQ_STATUS_NULL_POINTER);
        let odd = pointer.wrapping_byte_add(1);
        assert_eq!(quantizer.get_at(param, odd, 3), QDQ_STATUS_MISALIGNED);
    }
    assert_eq!(values, [9.0; 4]);
}

// What has no number in it

/// The range (+Inf, -Inf) is [0, 0], for every width, and never degenerate: every number becomes 0, with the code 0.
fn channels_that_hold_no_number<T: Element<C: Compute>>() {
    for num_bits in 1..=61 {
        let attrs = Attrs { num_bits, degenerate: Degenerate::Error, ..Attrs::default() };
        let case = Case { attrs, shape: vec![3], input: vec![T::near(f64::NAN); 3], gradients: vec![], range: None };
        let none = [vec![f64::INFINITY], vec![f64::NEG_INFINITY]];
        let rng = &mut Rng(1);
        let quantizer = create(&case, false, &none, rng).expect("never degenerate");
        for param in [QDQ_PARAM_RANGE_MIN, QDQ_PARAM_RANGE_MAX] {
            let end = quantizer.get::<T>(param, 1).expect("one channel");
            assert_eq!(end[0].to_bits(), 0);
        }
        assert!(applied(&quantizer, &case, rng).iter().all(|y| y.is_nan()));
        let mut prepared = Prepared { case, channels: vec![], quantizer, rng: Rng(2) };
        assert_eq!(prepared.codes(QDQ_DTYPE_I64), Ok(vec![0; 3]));
    }
}

/// An axis of no indices: a quantizer of no channels, for tensors of no elements.
fn quantizers_without_channels<T: Element<C: Compute>>() {
    for is_given in [false, true] {
        let case = Case::<T> {
            attrs: Attrs { axis: 1, ..Attrs::default() },
            shape: vec![2, 0, 5],
            input: vec![],
            gradients: vec![],
            range: None,
        };
        let rng = &mut Rng(3);
        let quantizer = create(&case, is_given, &[vec![], vec![]], rng).expect("no channel is valid");
        for param in PARAMS {
            assert_eq!(quantizer.get_at(param, ptr::null_mut(), 0), QDQ_STATUS_OK);
        }
        assert!(applied(&quantizer, &case, rng).is_empty());
        assert!(gradient_of(&quantizer, &case, rng).is_empty());
        let (rng, channels) = (Rng(4), vec![]);
        let mut prepared = Prepared { case, channels, quantizer, rng };
        assert_eq!(prepared.codes(QDQ_DTYPE_I8), Ok(vec![]));
        assert!(prepared.numbers(QDQ_DTYPE_I8, &[]).is_ok_and(|numbers| numbers.is_empty()));
    }
}
