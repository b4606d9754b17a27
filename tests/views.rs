//! Tensors with strides: the operation and its gradient on views of any layout, against the naive reference.
//!
//! Every tensor of a call is a random slice of some memory, and every byte of that memory which does not belong to the
//! output must be the same afterwards.

mod common;

use std::ptr;

use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use qdq::capi::*;

use common::channel::{Channel, Compute};
use common::data::{self, Rng};
use common::element::Element;
use common::reference::{Attrs, Degenerate};
use common::strategy::Problem;
use common::view::{Memory, Operand, Place, Tensor, dtype_of, ends_of, pointer_to, pool, range_operand};
use common::{Case, Status, c_attrs, first_difference, show};

every_isa!();

every_property! {
    forward_is_the_reference: 3000,
    gradient_is_the_reference: 2000,
    ranges_of_a_view_are_those_of_its_elements: 1500,
}

/// Where the tensors of a call are. The last one is the output.
struct Arrangement {
    memories: Vec<Memory>,
    /// Each tensor's memory, and its place there.
    tensors: Vec<(usize, Place)>,
}

impl Arrangement {
    fn random<T: Element>(shape: &[usize], count: usize, rng: &mut Rng) -> Arrangement {
        match rng.below(4) {
            0 => Arrangement::interleaved::<T>(shape, count, rng),
            1 => Arrangement::in_place::<T>(shape, count, rng),
            _ => Arrangement::apart::<T>(shape, count, count, rng),
        }
    }

    /// Each in a memory of its own, the tensor `fixed` without elements that share memory, and the output too.
    fn apart<T: Element>(shape: &[usize], count: usize, fixed: usize, rng: &mut Rng) -> Arrangement {
        let places: Vec<Place> =
            (0..count).map(|index| Place::random(shape, index != fixed && index + 1 < count, rng)).collect();
        let memory = |place: &Place| Memory::new(place.extent, dtype_of::<T>());
        Arrangement { memories: places.iter().map(memory).collect(), tensors: places.into_iter().enumerate().collect() }
    }

    /// The output is one of the inputs.
    fn in_place<T: Element>(shape: &[usize], count: usize, rng: &mut Rng) -> Arrangement {
        let same = rng.below(count as u64 - 1) as usize;
        let mut arrangement = Arrangement::apart::<T>(shape, count, same, rng);
        arrangement.tensors[count - 1] = arrangement.tensors[same].clone();
        arrangement
    }

    /// In one memory, element beside element.
    fn interleaved<T: Element>(shape: &[usize], count: usize, rng: &mut Rng) -> Arrangement {
        let places = Place::interleaved(shape, count, rng);
        Arrangement {
            memories: vec![Memory::new(places[0].extent, dtype_of::<T>())],
            tensors: places.into_iter().map(|place| (0, place)).collect(),
        }
    }

    /// Stores an input; gives what is in its place afterwards, which differs where elements share memory.
    fn store<T: Element>(&mut self, tensor: usize, elements: &[T]) -> Vec<T> {
        let (memory, place) = &self.tensors[tensor];
        self.memories[*memory].store(place, elements);
        self.memories[*memory].load(place)
    }

    fn tensor<T: Element>(&mut self, tensor: usize) -> Tensor {
        let (memory, place) = &self.tensors[tensor];
        place.tensor(&mut self.memories[*memory], dtype_of::<T>())
    }

    fn bytes(&self) -> Vec<Vec<u8>> {
        self.memories.iter().map(|memory| memory.bytes().to_vec()).collect()
    }

    /// The output's elements, having made sure that nothing else was written to.
    fn outcome<T: Element>(&self, before: &[Vec<u8>], status: Status) -> Result<Vec<T>, Status> {
        let (written, place) = self.tensors.last().expect("an output");
        for (index, (memory, before)) in self.memories.iter().zip(before).enumerate() {
            if index == *written && status == QDQ_STATUS_OK {
                memory.check_only_written(before, place, dtype_of::<T>());
            } else {
                memory.check_unchanged(before);
            }
        }
        if status == QDQ_STATUS_OK { Ok(self.memories[*written].load(place)) } else { Err(status) }
    }
}

/// The range tensors of a call.
#[derive(Debug)]
struct RangeOperands {
    min: Operand,
    max: Operand,
}

impl RangeOperands {
    /// Where the case has a range: with strides, of its values or, of 16-bit elements, sometimes of float ones.
    fn random<T: Element>(case: &Case<T>, rng: &mut Rng) -> Option<RangeOperands> {
        let (lo, hi) = case.range.as_ref()?;
        let to_f64 = |ends: &[T]| ends.iter().map(|end| end.to_f64()).collect::<Vec<f64>>();
        if T::SIZE > 2 || rng.one_in(2) {
            return Some(RangeOperands::new::<T>(case, false, [to_f64(lo), to_f64(hi)], rng));
        }
        let (lo, hi): (Vec<f32>, Vec<f32>) = data::ranges(lo.len(), &case.attrs, rng);
        let to_f64 = |ends: Vec<f32>| ends.into_iter().map(f64::from).collect();
        Some(RangeOperands::new::<T>(case, true, [to_f64(lo), to_f64(hi)], rng))
    }

    fn new<T: Element>(case: &Case<T>, is_wide: bool, [lo, hi]: [Vec<f64>; 2], rng: &mut Rng) -> RangeOperands {
        let shape = range_shape(case, rng);
        // With one range for all channels by a stride of 0, both ends are those of the last: min <= max stays true.
        let is_repeated = rng.one_in(8) && !shape.is_empty();
        let mut operand = |ends: &[f64]| {
            let mut place = Place::random(&shape, false, rng);
            if is_repeated {
                place = Place::dense(&shape).repeated();
            }
            range_operand::<T>(place, is_wide, ends)
        };
        RangeOperands { min: operand(&lo), max: operand(&hi) }
    }

    fn is_wide<T: Element>(&self) -> bool {
        self.min.dtype != dtype_of::<T>()
    }

    /// What the call reads.
    fn ends<T: Element>(&self) -> [Vec<f64>; 2] {
        [ends_of::<T>(&self.min), ends_of::<T>(&self.max)]
    }
}

/// One element of rank 0 or 1, or one for each channel.
fn range_shape<T: Element>(case: &Case<T>, rng: &mut Rng) -> Vec<usize> {
    if case.attrs.axis == -1 && rng.one_in(2) { vec![] } else { vec![case.channels()] }
}

/// Range operands as C has them: NULL where there are none.
fn range_tensors(range: &mut Option<RangeOperands>) -> [Option<Tensor>; 2] {
    match range {
        Some(RangeOperands { min, max }) => [Some(min.tensor()), Some(max.tensor())],
        None => [None, None],
    }
}

fn in_c(tensor: &Option<Tensor>) -> Option<qdq_tensor> {
    tensor.as_ref().map(Tensor::c)
}

fn forward_is_the_reference<T: Element<C: Compute>>(problem: &Problem) -> Result<(), TestCaseError> {
    let (rng, mut case) = (&mut problem.rng(), problem.case::<T>());
    let mut arrangement = Arrangement::random::<T>(&case.shape, 2, rng);
    case.input = arrangement.store(0, &case.input);
    let mut range = RangeOperands::random(&case, rng);
    let expected = expected_forward(&mut case, &range);

    let attrs = c_attrs(&case.attrs, range.is_some());
    let before = arrangement.bytes();
    let [input, output] = [0, 1].map(|index| arrangement.tensor::<T>(index));
    let [min, max] = range_tensors(&mut range);
    let (min, max) = (in_c(&min), in_c(&max));
    let executor = pool(rng.pick(&[1, 3]));
    // SAFETY: the tensors are of live memories that hold all of their elements; in place or apart.
    let status = unsafe {
        qdq_quantize_and_dequantize_v4(&input.c(), pointer_to(&min), pointer_to(&max), &attrs, &executor, &output.c())
    };
    let got = arrangement.outcome::<T>(&before, status);
    compare(&case, &arrangement, &case.input, &got, &expected)
}

/// The reference's, with the range that the call reads.
fn expected_forward<T: Element<C: Compute>>(
    case: &mut Case<T>,
    range: &Option<RangeOperands>,
) -> Result<Vec<T>, Status> {
    match range {
        Some(range) if range.is_wide::<T>() => forward_of_channels(case, &channels_of(case, range)),
        Some(range) => {
            let [lo, hi] = range.ends::<T>();
            case.range = Some((near(&lo), near(&hi)));
            case.reference_forward()
        }
        None => case.reference_forward(),
    }
}

fn near<T: Element>(ends: &[f64]) -> Vec<T> {
    ends.iter().map(|&end| T::near(end)).collect()
}

fn channels_of<T: Element<C: Compute>>(case: &Case<T>, range: &RangeOperands) -> Vec<Channel<T>> {
    let [lo, hi] = range.ends::<T>();
    lo.into_iter().zip(hi).map(|(lo, hi)| Channel::given(lo, hi, &case.attrs)).collect()
}

/// As the reference, by channels of a range that the type of the elements need not have.
fn forward_of_channels<T: Element<C: Compute>>(case: &Case<T>, channels: &[Channel<T>]) -> Result<Vec<T>, Status> {
    let is_refused = channels.iter().any(|channel| channel.is_degenerate);
    if case.attrs.degenerate == Degenerate::Error && is_refused && !case.input.is_empty() {
        return Err(QDQ_STATUS_DEGENERATE_RANGE);
    }
    let apply = |(index, &x): (usize, &T)| channels[case.channel_of(index)].apply(x);
    Ok(case.input.iter().enumerate().map(apply).collect())
}

fn gradient_is_the_reference<T: Element<C: Compute>>(problem: &Problem) -> Result<(), TestCaseError> {
    let (rng, mut case) = (&mut problem.rng(), problem.case::<T>());
    let mut arrangement = Arrangement::random::<T>(&case.shape, 3, rng);
    case.gradients = arrangement.store(0, &case.gradients);
    case.input = arrangement.store(1, &case.input);
    let mut range = RangeOperands::random(&case, rng);
    let expected = expected_gradient(&mut case, &range);
    let mut by_range: [Option<Operand>; 2] = [(); 2].map(|()| by_range_operand(&case, rng));

    let attrs = c_attrs(&case.attrs, range.is_some());
    let before = arrangement.bytes();
    let [gradients, input, output] = [0, 1, 2].map(|index| arrangement.tensor::<T>(index));
    let [min, max] = range_tensors(&mut range);
    let by_range_before = by_range.clone();
    let [by_min, by_max] = by_range.each_mut().map(|operand| operand.as_mut().map(Operand::tensor));
    let (min, max, by_min, by_max) = (in_c(&min), in_c(&max), in_c(&by_min), in_c(&by_max));
    let executor = pool(rng.pick(&[1, 3]));
    // SAFETY: the tensors are of live memories that hold all of their elements; in place or apart.
    let status = unsafe {
        qdq_quantize_and_dequantize_v4_grad(
            &gradients.c(),
            &input.c(),
            pointer_to(&min),
            pointer_to(&max),
            &attrs,
            &executor,
            &output.c(),
            pointer_to(&by_min),
            pointer_to(&by_max),
        )
    };
    let got = arrangement.outcome::<T>(&before, status);
    for (after, before) in by_range.iter().flatten().zip(by_range_before.iter().flatten()) {
        check_zeros::<T>(after, before);
    }
    compare(&case, &arrangement, &case.gradients, &got, &Ok(expected))
}

fn expected_gradient<T: Element<C: Compute>>(case: &mut Case<T>, range: &Option<RangeOperands>) -> Vec<T> {
    match range {
        Some(range) if range.is_wide::<T>() => {
            let channels = channels_of(case, range);
            let pairs = case.gradients.iter().zip(&case.input).enumerate();
            pairs.map(|(index, (&g, &x))| channels[case.channel_of(index)].gradient(g, x)).collect()
        }
        Some(range) => {
            let [lo, hi] = range.ends::<T>();
            case.range = Some((near(&lo), near(&hi)));
            case.reference_gradient()
        }
        None => case.reference_gradient(),
    }
}

/// For the gradient by one end of the range: nothing, or a tensor of its own.
fn by_range_operand<T: Element>(case: &Case<T>, rng: &mut Rng) -> Option<Operand> {
    if rng.one_in(4) {
        return None;
    }
    let place = Place::random(&range_shape(case, rng), false, rng);
    let is_wide = T::SIZE == 2 && rng.one_in(2);
    Some(Operand::untouched(place, if is_wide { QDQ_DTYPE_F32 } else { dtype_of::<T>() }))
}

fn check_zeros<T: Element>(after: &Operand, before: &Operand) {
    let Operand { memory, place, dtype } = after;
    memory.check_only_written(before.memory.bytes(), place, *dtype);
    for end in ends_of::<T>(after) {
        assert_eq!(end.to_bits(), 0, "the gradient by the range is {end}");
    }
}

/// Each channel's least and greatest element, which widen what was there.
fn ranges_of_a_view_are_those_of_its_elements<T: Element<C: Compute>>(problem: &Problem) -> Result<(), TestCaseError> {
    let (rng, mut case) = (&mut problem.rng(), problem.case::<T>());
    let mut input = Operand::holding(Place::random(&case.shape, true, rng), &case.input);
    case.input = input.values();
    let shape = range_shape(&case, rng);
    let is_wide = T::SIZE == 2 && rng.one_in(2);
    let known = known_ranges(&case, rng);
    let [mut min, mut max] =
        known.clone().map(|ends| range_operand::<T>(Place::random(&shape, false, rng), is_wide, &ends));

    // Of the attributes only the axis matters.
    let attrs = qdq_attrs { num_bits: 1000, round_mode: -1, ..c_attrs(&case.attrs, rng.one_in(2)) };
    let before = [&input, &min, &max].map(|operand| operand.memory.bytes().to_vec());
    let tensors = [&mut input, &mut min, &mut max].map(Operand::tensor);
    let [x, lo, hi] = tensors.each_ref().map(Tensor::c);
    // SAFETY: the tensors are of live memories that hold all of their elements, each its own.
    let status = unsafe { qdq_range_update(&x, &attrs, &pool(rng.pick(&[1, 3])), &lo, &hi) };
    prop_assert_eq!(status, QDQ_STATUS_OK);
    input.memory.check_unchanged(&before[0]);
    for (operand, before) in [(&min, &before[1]), (&max, &before[2])] {
        operand.memory.check_only_written(before, &operand.place, operand.dtype);
    }
    let expected = case.widened(known);
    for (got, expected) in [ends_of::<T>(&min), ends_of::<T>(&max)].iter().zip(&expected) {
        let bits = |ends: &[f64]| ends.iter().map(|end| end.to_bits()).collect::<Vec<u64>>();
        prop_assert_eq!(bits(got), bits(expected), "{:?}: got {:?}, expected {:?}", case, got, expected);
    }
    Ok(())
}

/// Ranges that were gathered before: of no number, or of some.
fn known_ranges<T: Element>(case: &Case<T>, rng: &mut Rng) -> [Vec<f64>; 2] {
    let (mut lo, mut hi) = (vec![], vec![]);
    for _ in 0..case.channels() {
        let (a, b) = if rng.one_in(2) {
            (f64::INFINITY, f64::NEG_INFINITY)
        } else {
            let (a, b) = data::range::<T>(&case.attrs, rng);
            (a.to_f64(), b.to_f64())
        };
        lo.push(a);
        hi.push(b);
    }
    [lo, hi]
}

fn compare<T: Element>(
    case: &Case<T>,
    arrangement: &Arrangement,
    input: &[T],
    got: &Result<Vec<T>, Status>,
    expected: &Result<Vec<T>, Status>,
) -> Result<(), TestCaseError> {
    let difference = match (got, expected) {
        (Ok(got), Ok(expected)) => match first_difference(got, expected) {
            Some(index) => {
                let [x, got, expected] = [input[index], got[index], expected[index]].map(show);
                format!("element {index} ({x}) gave {got}, expected {expected}")
            }
            None => return Ok(()),
        },
        (Err(got), Err(expected)) if got == expected => return Ok(()),
        (got, expected) => format!("got {:?}, expected {:?}", got.as_ref().err(), expected.as_ref().err()),
    };
    let places = &arrangement.tensors;
    Err(TestCaseError::fail(format!("{case:?}: {difference}\n{places:?}")))
}

// What is refused. Each call is a valid one of rows and columns, with one argument spoilt.

const ROWS: usize = 4;
const COLUMNS: usize = 6;

/// The arguments of every function on views, for elements of one dtype.
struct Call {
    memory: Memory,
    /// The first byte and one behind the last of the memory's tensors.
    before: Vec<u8>,
    attrs: qdq_attrs,
    input: Option<Tensor>,
    gradients: Option<Tensor>,
    output: Option<Tensor>,
    min: Option<Tensor>,
    max: Option<Tensor>,
    by_min: Option<Tensor>,
    by_max: Option<Tensor>,
}

/// Elements that each tensor of a call has for itself.
const ROOM: usize = 64;

impl Call {
    /// With a range for each column.
    fn new<T: Element>() -> Call {
        let attrs = Attrs { axis: 1, ..Attrs::default() };
        let mut memory = Memory::new(7 * ROOM, dtype_of::<T>());
        let mut tensor = |index: usize, shape: &[usize], value: f64| {
            let place = Place::dense(shape).moved_to(index * ROOM);
            memory.store(&place, &vec![T::near(value); shape.iter().product()]);
            Some(place.tensor(&mut memory, dtype_of::<T>()))
        };
        let (data, ends) = ([ROWS, COLUMNS], [COLUMNS]);
        let [input, gradients, output] = [0, 1, 2].map(|index| tensor(index, &data, 0.7));
        let (min, max) = (tensor(3, &ends, -1.0), tensor(4, &ends, 2.0));
        let [by_min, by_max] = [5, 6].map(|index| tensor(index, &ends, 3.0));
        Call {
            before: memory.bytes().to_vec(),
            memory,
            attrs: c_attrs(&attrs, true),
            input,
            gradients,
            output,
            min,
            max,
            by_min,
            by_max,
        }
    }

    fn set<T: Element>(&mut self, tensor: usize, index: usize, value: f64) {
        let place = Place::dense(&[1]).moved_to(tensor * ROOM + index);
        self.memory.store(&place, &[T::near(value)]);
        self.before = self.memory.bytes().to_vec();
    }

    fn forward(&self) -> Status {
        let [input, min, max, output] = [&self.input, &self.min, &self.max, &self.output].map(in_c);
        // SAFETY: what the tensors say of their memory is true, or is refused before the memory is touched.
        unsafe {
            qdq_quantize_and_dequantize_v4(
                pointer_to(&input),
                pointer_to(&min),
                pointer_to(&max),
                &self.attrs,
                ptr::null(),
                pointer_to(&output),
            )
        }
    }

    fn gradient(&self) -> Status {
        let [gradients, input, min, max] = [&self.gradients, &self.input, &self.min, &self.max].map(in_c);
        let [output, by_min, by_max] = [&self.output, &self.by_min, &self.by_max].map(in_c);
        // SAFETY: as in `forward`.
        unsafe {
            qdq_quantize_and_dequantize_v4_grad(
                pointer_to(&gradients),
                pointer_to(&input),
                pointer_to(&min),
                pointer_to(&max),
                &self.attrs,
                ptr::null(),
                pointer_to(&output),
                pointer_to(&by_min),
                pointer_to(&by_max),
            )
        }
    }

    fn range_update(&self) -> Status {
        let [input, min, max] = [&self.input, &self.min, &self.max].map(in_c);
        // SAFETY: as in `forward`.
        unsafe { qdq_range_update(pointer_to(&input), &self.attrs, ptr::null(), pointer_to(&min), pointer_to(&max)) }
    }

    fn input(&mut self) -> &mut Tensor {
        self.input.as_mut().expect("an input")
    }

    fn gradients(&mut self) -> &mut Tensor {
        self.gradients.as_mut().expect("gradients")
    }

    fn output(&mut self) -> &mut Tensor {
        self.output.as_mut().expect("an output")
    }

    fn min(&mut self) -> &mut Tensor {
        self.min.as_mut().expect("a min")
    }

    fn max(&mut self) -> &mut Tensor {
        self.max.as_mut().expect("a max")
    }

    fn by_min(&mut self) -> &mut Tensor {
        self.by_min.as_mut().expect("a gradient by min")
    }
}

type Run = fn(&Call) -> Status;

/// The functions that take the data, and those that take a given range.
const ALL: &[Run] = &[Call::forward, Call::gradient, Call::range_update];
const GIVEN: &[Run] = &[Call::forward, Call::gradient];
const GRADIENT: &[Run] = &[Call::gradient];
const UPDATE: &[Run] = &[Call::range_update];

/// Each function refuses the spoilt call with the status, and nothing is written.
fn refused<T: Element>(functions: &[Run], expected: Status, spoil: impl Fn(&mut Call)) {
    for function in functions {
        let mut call = Call::new::<T>();
        spoil(&mut call);
        let status = function(&call);
        assert_eq!(
            status,
            expected,
            "input {:?}, output {:?}, range {:?} {:?}, {:?}",
            call.input.as_ref().map(Tensor::c),
            call.output.as_ref().map(Tensor::c),
            call.min.as_ref().map(Tensor::c),
            call.max.as_ref().map(Tensor::c),
            call.attrs,
        );
        call.memory.check_unchanged(&call.before);
    }
}

fn accepted<T: Element>(functions: &[Run], change: impl Fn(&mut Call)) {
    for function in functions {
        let mut call = Call::new::<T>();
        change(&mut call);
        assert_eq!(function(&call), QDQ_STATUS_OK);
    }
}

every_element! {
    the_unspoilt_call_is_accepted,
    missing_and_misaligned_tensors_are_refused,
    impossible_shapes_and_flags_are_refused,
    other_dtypes_are_refused,
    other_sizes_are_refused,
    overlap_is_refused,
    invalid_ranges_are_refused,
    nothing_to_do_is_done,
}

fn the_unspoilt_call_is_accepted<T: Element>() {
    accepted::<T>(ALL, |_| ());
}

fn missing_and_misaligned_tensors_are_refused<T: Element>() {
    refused::<T>(ALL, QDQ_STATUS_NULL_POINTER, |call| call.input = None);
    refused::<T>(GIVEN, QDQ_STATUS_NULL_POINTER, |call| call.output = None);
    refused::<T>(GRADIENT, QDQ_STATUS_NULL_POINTER, |call| call.gradients = None);
    refused::<T>(ALL, QDQ_STATUS_NULL_POINTER, |call| call.min = None);
    refused::<T>(ALL, QDQ_STATUS_NULL_POINTER, |call| call.max = None);
    refused::<T>(ALL, QDQ_STATUS_NULL_POINTER, |call| {
        call.input().data = ptr::null_mut();
    });
    refused::<T>(ALL, QDQ_STATUS_NULL_POINTER, |call| call.min().data = ptr::null_mut());
    refused::<T>(GIVEN, QDQ_STATUS_NULL_POINTER, |call| {
        call.output().data = ptr::null_mut();
    });
    // An empty shape is NULL in C.
    refused::<T>(ALL, QDQ_STATUS_NULL_POINTER, |call| call.input().shape.clear());
    let odd = |tensor: &mut Tensor| tensor.data = tensor.data.wrapping_byte_add(1);
    refused::<T>(ALL, QDQ_STATUS_MISALIGNED, |call| odd(call.input()));
    refused::<T>(ALL, QDQ_STATUS_MISALIGNED, |call| odd(call.max()));
    refused::<T>(GIVEN, QDQ_STATUS_MISALIGNED, |call| odd(call.output()));
    accepted::<T>(GRADIENT, |call| (call.by_min, call.by_max) = (None, None));
}

fn impossible_shapes_and_flags_are_refused<T: Element>() {
    for tensor in [Call::input, Call::min] {
        refused::<T>(ALL, QDQ_STATUS_INVALID_SHAPE, |call| tensor(call).flags = 1);
        refused::<T>(ALL, QDQ_STATUS_INVALID_SHAPE, |call| tensor(call).flags = 1 << 63);
        for rank in [-1, QDQ_MAX_RANK + 1, i32::MAX, i32::MIN] {
            refused::<T>(ALL, QDQ_STATUS_INVALID_SHAPE, |call| tensor(call).rank = rank);
        }
        for dimension in [-1, i64::MIN, i64::MAX, i64::MAX / T::SIZE as i64 + 1] {
            refused::<T>(ALL, QDQ_STATUS_INVALID_SHAPE, |call| tensor(call).shape[0] = dimension);
        }
    }
    refused::<T>(GIVEN, QDQ_STATUS_INVALID_SHAPE, |call| call.output().flags = 2);
    refused::<T>(ALL, QDQ_STATUS_INVALID_SHAPE, |call| {
        call.input().shape = vec![1 << 40, 1 << 40];
    });
    for stride in [i64::MAX, i64::MIN, 1 << 62, -(1 << 62), i64::MAX / 3, i64::MIN / 5] {
        let strides = Some(vec![stride, 1]);
        refused::<T>(ALL, QDQ_STATUS_INVALID_SHAPE, |call| {
            call.input().strides = strides.clone();
        });
        refused::<T>(GIVEN, QDQ_STATUS_INVALID_SHAPE, |call| {
            call.output().strides = strides.clone();
        });
        refused::<T>(ALL, QDQ_STATUS_INVALID_SHAPE, |call| {
            call.min().strides = Some(vec![stride]);
        });
    }
    for axis in [-2, 2, i32::MAX, i32::MIN] {
        refused::<T>(ALL, QDQ_STATUS_INVALID_AXIS, |call| call.attrs.axis = axis);
    }
}

fn other_dtypes_are_refused<T: Element>() {
    let own = dtype_of::<T>();
    for dtype in [0, 13, -1, i32::MAX, QDQ_DTYPE_I8, QDQ_DTYPE_U64] {
        refused::<T>(ALL, QDQ_STATUS_UNSUPPORTED_DTYPE, |call| {
            for tensor in [&mut call.input, &mut call.gradients, &mut call.output] {
                tensor.as_mut().expect("a tensor").dtype = dtype;
            }
        });
    }
    for dtype in (0..=13).filter(|&dtype| dtype != own) {
        refused::<T>(GIVEN, QDQ_STATUS_UNSUPPORTED_DTYPE, |call| call.output().dtype = dtype);
        refused::<T>(GRADIENT, QDQ_STATUS_UNSUPPORTED_DTYPE, |call| {
            call.gradients().dtype = dtype;
        });
        // Half and bfloat16 may have ranges of float: that, and this memory would be one.
        if !(T::SIZE == 2 && dtype == QDQ_DTYPE_F32) {
            refused::<T>(ALL, QDQ_STATUS_UNSUPPORTED_DTYPE, |call| call.min().dtype = dtype);
            refused::<T>(ALL, QDQ_STATUS_UNSUPPORTED_DTYPE, |call| call.max().dtype = dtype);
            refused::<T>(GRADIENT, QDQ_STATUS_UNSUPPORTED_DTYPE, |call| {
                call.by_min().dtype = dtype;
            });
        }
    }
}

fn other_sizes_are_refused<T: Element>() {
    for shape in
        [vec![COLUMNS, ROWS], vec![ROWS * COLUMNS], vec![ROWS, COLUMNS, 1], vec![ROWS, 0], vec![ROWS, COLUMNS - 1]]
    {
        let other = Place::dense(&shape);
        let reshape = |tensor: &mut Tensor| {
            (tensor.shape, tensor.rank) = (other.shape.clone(), shape.len() as i32);
        };
        refused::<T>(GIVEN, QDQ_STATUS_SIZE_MISMATCH, |call| reshape(call.output()));
        refused::<T>(GRADIENT, QDQ_STATUS_SIZE_MISMATCH, |call| reshape(call.gradients()));
    }
    for shape in [vec![], vec![1], vec![5], vec![7], vec![0], vec![6, 1], vec![1, 6]] {
        let reshape = |tensor: &mut Tensor| (tensor.rank, tensor.shape) = (shape.len() as i32, shape.clone());
        refused::<T>(ALL, QDQ_STATUS_SIZE_MISMATCH, |call| reshape(call.min()));
        refused::<T>(ALL, QDQ_STATUS_SIZE_MISMATCH, |call| reshape(call.max()));
        refused::<T>(GRADIENT, QDQ_STATUS_SIZE_MISMATCH, |call| reshape(call.by_min()));
    }
    // One range for the tensor takes one element, of rank 0 or 1.
    refused::<T>(ALL, QDQ_STATUS_SIZE_MISMATCH, |call| call.attrs.axis = -1);
    refused::<T>(ALL, QDQ_STATUS_SIZE_MISMATCH, |call| {
        call.attrs.axis = -1;
        call.min().shape = vec![1, 1];
        call.min().rank = 2;
        call.max().shape = vec![1];
    });
    accepted::<T>(&[Call::forward, Call::range_update], |call| {
        call.attrs.axis = -1;
        call.min().rank = 0;
        call.max().shape = vec![1];
    });
}

fn overlap_is_refused<T: Element>() {
    // Two elements of the output in one place: by a stride of 0, by too small a one, by steps that meet.
    for strides in [[0, 1], [6, 0], [5, 1], [2, 3], [-5, 1], [-1, 1]] {
        refused::<T>(GIVEN, QDQ_STATUS_OVERLAP, |call| {
            let output = call.output();
            output.data = output.data.wrapping_byte_add(20 * T::SIZE);
            output.strides = Some(strides.to_vec());
        });
    }
    refused::<T>(UPDATE, QDQ_STATUS_OVERLAP, |call| call.min().strides = Some(vec![0]));
    refused::<T>(GRADIENT, QDQ_STATUS_OVERLAP, |call| {
        call.by_min().strides = Some(vec![0]);
    });
    for shift in [1, COLUMNS, ROWS * COLUMNS - 1] {
        refused::<T>(GIVEN, QDQ_STATUS_OVERLAP, |call| {
            call.output().data = call.input().data.wrapping_byte_add(shift * T::SIZE);
        });
        refused::<T>(GRADIENT, QDQ_STATUS_OVERLAP, |call| {
            call.output().data = call.gradients().data.wrapping_byte_add(shift * T::SIZE);
        });
    }
    // The same memory in another order is not the same tensor.
    refused::<T>(GIVEN, QDQ_STATUS_OVERLAP, |call| {
        call.output().data = call.input().data;
        call.output().strides = Some(vec![1, ROWS as i64]);
    });
    for range in [Call::min, Call::max] {
        refused::<T>(GIVEN, QDQ_STATUS_OVERLAP, |call| call.output().data = range(call).data);
        refused::<T>(GIVEN, QDQ_STATUS_OVERLAP, |call| {
            call.output().data = range(call).data.wrapping_byte_sub((ROWS * COLUMNS - 1) * T::SIZE);
        });
    }
    refused::<T>(UPDATE, QDQ_STATUS_OVERLAP, |call| call.min().data = call.input().data);
    refused::<T>(UPDATE, QDQ_STATUS_OVERLAP, |call| call.max().data = call.min().data);
    for other in [Call::input, Call::gradients, Call::output, Call::min, Call::max] {
        refused::<T>(GRADIENT, QDQ_STATUS_OVERLAP, |call| {
            call.by_min().data = other(call).data;
        });
    }
    // The ends in one memory are not: no output is among them.
    accepted::<T>(GIVEN, |call| call.max().data = call.min().data);
    // Rows that step over the input's are not, though their memory is around it.
    accepted::<T>(GIVEN, |call| {
        call.input().strides = Some(vec![12, 1]);
        call.output().strides = Some(vec![12, 1]);
        call.output().data = call.input().data.wrapping_byte_add(COLUMNS * T::SIZE);
    });
}

fn invalid_ranges_are_refused<T: Element>() {
    for channel in [0, COLUMNS - 1] {
        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            refused::<T>(GIVEN, QDQ_STATUS_INVALID_RANGE, |call| call.set::<T>(3, channel, value));
            refused::<T>(GIVEN, QDQ_STATUS_INVALID_RANGE, |call| call.set::<T>(4, channel, value));
        }
        refused::<T>(GIVEN, QDQ_STATUS_INVALID_RANGE, |call| call.set::<T>(3, channel, 2.5));
        for end in [3, 4] {
            refused::<T>(UPDATE, QDQ_STATUS_INVALID_RANGE, |call| call.set::<T>(end, channel, f64::NAN));
        }
        // With signed codes of 1 bit, whose greatest is 0, nothing above zero has a scale.
        refused::<T>(&[Call::forward], QDQ_STATUS_DEGENERATE_RANGE, |call| {
            call.attrs.degenerate = QDQ_DEGENERATE_ERROR;
            call.attrs.num_bits = 1;
            call.set::<T>(3, channel, 1.0);
        });
    }
    refused::<T>(GIVEN, QDQ_STATUS_INVALID_RANGE, |call| call.attrs.range_given = 0);
    refused::<T>(GIVEN, QDQ_STATUS_INVALID_RANGE, |call| {
        call.attrs.range_given = 0;
        call.max = None;
    });
}

/// A dimension of 0 needs neither data nor strides; its range is checked all the same.
fn nothing_to_do_is_done<T: Element>() {
    for (shape, strides) in
        [(vec![0, 6], None), (vec![0, 6], Some(vec![i64::MAX, i64::MIN])), (vec![i64::MAX, 0, 6], Some(vec![3, 3, 3]))]
    {
        let empty = |call: &mut Call| {
            call.attrs.axis = shape.len() as i32 - 1;
            for tensor in [&mut call.input, &mut call.gradients, &mut call.output] {
                let tensor = tensor.as_mut().expect("a tensor");
                tensor.data = ptr::null_mut();
                tensor.rank = shape.len() as i32;
                (tensor.shape, tensor.strides) = (shape.clone(), strides.clone());
            }
        };
        accepted::<T>(ALL, empty);
        refused::<T>(GIVEN, QDQ_STATUS_INVALID_RANGE, |call| {
            empty(call);
            call.set::<T>(3, 0, f64::NAN);
        });
    }
    accepted::<T>(ALL, |call| {
        call.input().strides = Some(vec![i64::MAX, 1]);
        for tensor in [&mut call.input, &mut call.gradients, &mut call.output] {
            tensor.as_mut().expect("a tensor").shape[0] = 1;
        }
    });
}

/// As many dimensions as there may be, and views of them in any order.
#[test]
fn sixty_four_dimensions_are_possible() {
    let mut shape = vec![1; QDQ_MAX_RANK as usize];
    for dimension in [0, 3, 17, 31, 32, 48, 62, 63] {
        shape[dimension] = 2;
    }
    let rng = &mut Rng(64);
    let elements = data::elements::<f32>(256, data::Mix::Normal, &Attrs::default(), rng);
    for _ in 0..20 {
        let mut input = Operand::holding(Place::random(&shape, false, rng), &elements);
        let mut output = Operand::untouched(Place::random(&shape, false, rng), QDQ_DTYPE_F32);
        let (x, y) = (input.tensor(), output.tensor());
        // SAFETY: each of a live memory of its own that holds all of its elements.
        let status = unsafe {
            qdq_quantize_and_dequantize_v4(&x.c(), ptr::null(), ptr::null(), ptr::null(), ptr::null(), &y.c())
        };
        assert_eq!(status, QDQ_STATUS_OK);
        let case =
            Case { attrs: Attrs::default(), shape: vec![256], input: elements.clone(), gradients: vec![], range: None };
        let expected = case.reference_forward().expect("a range");
        assert_eq!(first_difference(&output.values::<f32>(), &expected), None);
    }
}
