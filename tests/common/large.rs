//! Tensors so large that the naive reference would take too long.
//!
//! What becomes of an element depends on itself and its channel's range alone. So a large tensor is made of a small one's
//! rows, a row being all that has one index of the first dimension, and its results are those of the small one:
//!
//! ```text
//! small:   a few rows, their number odd, so that they recur at every place of a tile;
//!          and, unless each row is a channel, one with the least element of every channel and one with the greatest
//! large:   the few rows over and over; the least and the greatest element of each channel at one place, somewhere
//! ```

use std::marker::PhantomData;
use std::ptr;

use qdq::capi::*;

use super::buffer::{Buffer, UNTOUCHED};
use super::channel::{Channel, Compute};
use super::data::{Rng, sample};
use super::element::Element;
use super::quantizer::Quantizer;
use super::reference::Attrs;
use super::view::{Operand, Place, dtype_of, ends_of, pointer_to, range_operand};
use super::{Case, Manner, Offsets, Status, Target, Workers, c_attrs, c_executor, first_difference, show};

/// About how many elements recur.
const RECURRING: usize = 1000;

/// What is done with a tensor.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Work {
    Computed,
    Given,
    /// The gradient where the range is the data's own.
    Gradient,
    /// The gradient by a given range.
    MaskedGradient,
}

/// A large tensor, and the small one that it is made of.
pub struct Large<T> {
    /// Its range is given.
    pub small: Case<T>,
    pub shape: Vec<usize>,
    /// How many elements recur.
    recurring: usize,
    /// Those that do not: where they are, and where in the small tensor.
    planted: Vec<(usize, usize)>,
}

impl<T: Element> Large<T> {
    /// The axis is that of the rows, the next one or none.
    pub fn new(shape: &[usize], attrs: Attrs) -> Large<T> {
        assert!(attrs.axis < 2);
        let row: usize = shape[1..].iter().product();
        let recurring = (RECURRING / row).max(4) | 1;
        let rng = &mut Rng(shape.iter().sum::<usize>() as u64);
        if shape[0] < recurring + 2 {
            let small = small_case(shape, attrs, shape[0], rng);
            return Large { small, shape: shape.to_vec(), recurring: shape[0] * row, planted: vec![] };
        }
        let mut small_shape = shape.to_vec();
        small_shape[0] = if attrs.axis == 0 { recurring } else { recurring + 2 };
        let small = small_case(&small_shape, attrs, recurring, rng);
        let mut large = Large { small, shape: shape.to_vec(), recurring: recurring * row, planted: vec![] };
        if attrs.axis != 0 {
            large.plant_ends(row, rng);
        }
        large
    }

    /// Chooses a place for the least and the greatest element of each channel, the first row and the last among them.
    fn plant_ends(&mut self, row: usize, rng: &mut Rng) {
        let (rows, channels) = (self.shape[0], self.small.channels());
        let inner = row / channels;
        for channel in 0..channels {
            let mut place = || {
                let row_of_it = [0, rows - 1, rng.below(rows as u64) as usize][rng.below(3) as usize];
                row_of_it * row + channel * inner + rng.below(inner as u64) as usize
            };
            let least = place();
            let greatest = std::iter::repeat_with(place).find(|&place| place != least).expect("another place");
            self.planted.push((least, self.recurring + least % row));
            self.planted.push((greatest, self.recurring + row + greatest % row));
        }
    }

    /// The large tensor's of something that the small one's channels have.
    pub fn expand_channels<E: Copy>(&self, small: &[E]) -> Vec<E> {
        let channels = usize::try_from(self.small.attrs.axis).map_or(1, |axis| self.shape[axis]);
        small.iter().copied().cycle().take(channels).collect()
    }

    /// The large tensor's memory at a place. What lies between the elements is huge, so that a read of it widens a computed
    /// range.
    fn image(&self, place: &Place, small: &[T]) -> Vec<u8> {
        self.image_of(place, T::SIZE, |index, bytes| small[index].write(bytes))
    }

    /// The same of what the small tensor's elements have, as `write` brings it to `size` bytes.
    fn image_of(&self, place: &Place, size: usize, write: impl Fn(usize, &mut [u8])) -> Vec<u8> {
        let (row, len) = (Row::of(place, size), place.extent * size);
        let mut bytes = vec![UNTOUCHED; self.recurring / row.offsets.len() * row.apart];
        (0..self.recurring).for_each(|index| write(index, row.element(&mut bytes, index)));
        let end_of_rows = self.shape[0] * row.apart;
        bytes.reserve_exact(len - bytes.len());
        while bytes.len() < end_of_rows {
            bytes.extend_from_within(..bytes.len().min(end_of_rows - bytes.len()));
        }
        bytes.resize(len, UNTOUCHED);
        self.planted.iter().for_each(|&(at, from)| write(from, row.element(&mut bytes, at)));
        bytes
    }

    /// A call with input and gradients at one place, the output at another.
    pub fn trial(&self, work: Work, input: &Place, output: &Place) -> Trial<T> {
        let is_given = matches!(work, Work::Given | Work::MaskedGradient);
        let small = Case { range: self.small.range.clone().filter(|_| is_given), ..self.small.clone() };
        let is_gradient = matches!(work, Work::Gradient | Work::MaskedGradient);
        let expected =
            if is_gradient { small.reference_gradient() } else { small.reference_forward().expect("a usable range") };
        Trial {
            name: format!("{work:?} of {:?} at {:?}, to {:?}; {small:?}", self.shape, input.strides, output.strides),
            attrs: c_attrs(&small.attrs, is_given),
            range: small.range.as_ref().map(|(lo, hi)| [lo, hi].map(|ends| self.range_end(ends))),
            places: [input, output].map(Place::clone),
            gradients: is_gradient.then(|| self.image(input, &small.gradients)),
            input: self.image(input, &small.input),
            expected: self.image(output, &expected),
            element: PhantomData,
        }
    }

    /// A call on dense tensors.
    pub fn dense(&self, work: Work) -> Trial<T> {
        let place = Place::dense(&self.shape);
        self.trial(work, &place, &place)
    }

    fn range_end(&self, small: &[T]) -> Operand {
        let ends: Vec<f64> = self.expand_channels(small).into_iter().map(T::to_f64).collect();
        range_operand::<T>(Place::dense(&[ends.len()]), false, &ends)
    }

    /// The library finds each channel's range.
    pub fn check_ranges(&self, room: &mut Room<T>, place: &Place, offset: usize, workers: Workers) {
        let [input, _, _] = &mut room.buffers;
        let elements = self.image(place, &self.small.input);
        input.hold(&elements, offset);
        let expected = self.small.own_ranges().map(|ends| self.expand_channels(&ends));
        let none = [f64::INFINITY, f64::NEG_INFINITY].map(|end| vec![end; expected[0].len()]);
        let mut ends = none.map(|ends| range_operand::<T>(Place::dense(&[ends.len()]), false, &ends));
        let x = place.tensor_at(input.as_mut_ptr().cast(), dtype_of::<T>());
        let [min, max] = ends.each_mut().map(Operand::tensor);
        let attrs = c_attrs(&self.small.attrs, false);
        let executor = c_executor(workers);
        let executor = executor.as_ref().map_or(ptr::null(), ptr::from_ref);
        // SAFETY: the tensors are of live memory of their own that holds all of their elements.
        let status = unsafe { qdq_range_update(&x.c(), &attrs, executor, &min.c(), &max.c()) };
        let name = format!("ranges of {:?} at {:?}, offset {offset}, {workers:?}", self.shape, place.strides);
        assert_eq!(status, QDQ_STATUS_OK, "{name}");
        assert!(input.tensor() == elements, "{name}: the input was written to");
        for (got, expected) in ends.iter().map(ends_of::<T>).zip(&expected) {
            let wrong = got.iter().zip(expected).position(|(got, expected)| got.to_bits() != expected.to_bits());
            let wrong = wrong.map(|channel| (channel, got[channel], expected[channel]));
            assert_eq!(wrong, None, "{name}: a channel with the end that was found, and the one that it has");
        }
    }
}

impl<T: Element<C: Compute>> Large<T> {
    /// Elements to codes of 8 bits, and those back, by a given range. The codes lie where the gradients would.
    pub fn check_codes(&self, room: &mut Room<T>, place: &Place, offsets: Offsets, workers: Workers) {
        let case = &self.small;
        let (lo, hi) = case.range.as_ref().expect("a range");
        let channel = |(lo, hi): (&T, &T)| Channel::<T>::given(lo.to_f64(), hi.to_f64(), &case.attrs);
        let channels: Vec<Channel<T>> = lo.iter().zip(hi).map(channel).collect();
        let of = |index: usize| &channels[case.channel_of(index)];
        let code = |index: usize| of(index).code(case.input[index]);
        let codes = self.image_of(place, 1, |index, bytes| bytes[0] = code(index) as u8);
        let numbers = self.image_of(place, T::SIZE, |index, bytes| of(index).number(code(index)).write(bytes));
        let elements = self.image(place, &case.input);

        let quantizer = self.quantizer(lo, hi);
        let executor = c_executor(workers);
        let executor = executor.as_ref().map_or(ptr::null(), ptr::from_ref);
        let name = format!("codes of {:?} at {:?}, {offsets:?}, {workers:?}", self.shape, place.strides);
        let [input, _, output] = &mut room.buffers;
        input.hold(&elements, offsets.input);
        output.clear(place.extent, offsets.output);
        let mut memory = vec![UNTOUCHED; 64 + 64 + offsets.gradients + codes.len() + 64];
        let start = memory.as_ptr().align_offset(64) + 64 + offsets.gradients;
        let mut expected = memory.clone();
        expected[start..][..codes.len()].copy_from_slice(&codes);

        let [x, y] = [&mut *input, output].map(|buffer| place.tensor_at(buffer.as_mut_ptr().cast(), dtype_of::<T>()));
        let codes = place.tensor_at(memory[start..].as_mut_ptr(), QDQ_DTYPE_I8);
        assert_eq!(quantizer.quantize(executor, &x, &codes), QDQ_STATUS_OK, "{name}");
        let wrong = memory.iter().zip(&expected).position(|(got, expected)| got != expected);
        assert_eq!(wrong.map(|at| at as isize - start as isize), None, "{name}: the code at this place is wrong");
        assert_eq!(quantizer.dequantize(executor, &codes, &y), QDQ_STATUS_OK, "{name}");
        let wrong = output.tensor().iter().zip(&numbers).position(|(got, expected)| got != expected);
        assert_eq!(wrong, None, "{name}: this byte of the codes' numbers is wrong");
        input.check_guards();
        output.check_guards();
    }

    fn quantizer(&self, lo: &[T], hi: &[T]) -> Quantizer {
        let [mut min, mut max] = [lo, hi].map(|ends| self.range_end(ends));
        let attrs = c_attrs(&self.small.attrs, true);
        Quantizer::create::<T>(&attrs, &min.tensor(), &max.tensor()).expect("a valid range")
    }
}

/// `recurring` rows and, if there are more, those of each channel's ends.
fn small_case<T: Element>(shape: &[usize], attrs: Attrs, recurring: usize, rng: &mut Rng) -> Case<T> {
    let mut case = Case { attrs, shape: shape.to_vec(), input: vec![], gradients: vec![], range: None };
    let (len, row) = (shape.iter().product(), shape[1..].iter().product::<usize>());
    let numbers: Vec<T> = (0..RECURRING + 9).map(|_| number(rng)).collect();
    let ends = |end, channel| T::near(if end == 0 { -1.0 } else { 1.0 } * (5.0 + 0.25 * (channel % 8) as f64));
    let element = |(index, x): (usize, &T)| match (index / row).checked_sub(recurring) {
        Some(end) => ends(end, case.channel_of(index)),
        // Channels without a number above zero have no usable scale where codes are unsigned.
        None if case.channel_of(index) % 8 == 3 => negative(*x),
        None => *x,
    };
    case.input = numbers.iter().cycle().take(len).enumerate().map(element).collect();
    case.gradients = numbers.iter().rev().cycle().copied().take(len).collect();
    let end = |sign: f64, channel: usize| T::near(sign * [1.0, 1.5, 0.25, 2.0, 1.0][channel % 5]);
    let ends = |sign: f64| (0..case.channels()).map(|channel| end(sign, channel)).collect();
    case.range = Some((ends(-1.0), ends(1.0)));
    case
}

/// Seldom a NaN: any is as good as any other, which takes longer to compare.
fn number<T: Element>(rng: &mut Rng) -> T {
    let x: T = sample(rng);
    if x.is_nan() && !rng.one_in(8) { T::near(0.5) } else { x }
}

fn negative<T: Element>(x: T) -> T {
    T::from_bits(x.bits() | T::sign_mask())
}

/// Where a row's elements of so many bytes are, and how far it is to the next row's, in bytes.
struct Row {
    offsets: Vec<usize>,
    apart: usize,
    size: usize,
}

impl Row {
    fn of(place: &Place, size: usize) -> Row {
        let offsets = place.part(0, 0, 1).offsets().into_iter().map(|offset| offset * size).collect();
        Row { offsets, apart: place.strides[0] as usize * size, size }
    }

    /// The bytes of an element, counted in row-major order.
    fn element<'a>(&self, bytes: &'a mut [u8], index: usize) -> &'a mut [u8] {
        let (row, column) = (index / self.offsets.len(), index % self.offsets.len());
        &mut bytes[row * self.apart + self.offsets[column]..][..self.size]
    }
}

/// Memory for the tensors of any number of calls: input, gradients and output.
pub struct Room<T> {
    buffers: [Buffer<T>; 3],
}

impl<T: Element> Room<T> {
    pub fn empty() -> Room<T> {
        Room { buffers: [(); 3].map(|()| Buffer::empty()) }
    }

    /// So many of the output's last elements.
    pub fn last_of_output(&mut self, count: usize) -> *mut T::InC {
        let output = &mut self.buffers[2];
        let first = output.tensor().len() / T::SIZE - count;
        output.as_mut_ptr().wrapping_add(first)
    }
}

/// A call, ready to be made in any manner, and what must come of it.
pub struct Trial<T: Element> {
    name: String,
    attrs: qdq_attrs,
    range: Option<[Operand; 2]>,
    /// Of input and gradients, and of the output.
    places: [Place; 2],
    gradients: Option<Vec<u8>>,
    input: Vec<u8>,
    expected: Vec<u8>,
    element: PhantomData<T>,
}

impl<T: Element> Trial<T> {
    /// Panics unless the output is as expected, and all other memory as it was.
    pub fn run(&mut self, room: &mut Room<T>, manner: &Manner) {
        self.lay(room, manner);
        let status = self.call(room, manner);
        assert_eq!(status, QDQ_STATUS_OK, "{}\n  {manner:?}", self.name);
        self.check(room, manner);
    }

    /// Makes the memory ready for a call.
    pub fn lay(&self, room: &mut Room<T>, manner: &Manner) {
        let Offsets { input, gradients, output } = manner.offsets;
        let len = if manner.target == Target::Fresh { self.expected.len() / T::SIZE } else { 0 };
        room.buffers[0].hold(&self.input, input);
        room.buffers[1].hold(self.gradients.as_deref().unwrap_or_default(), gradients);
        room.buffers[2].clear(len, output);
    }

    /// So many of the last elements that must come.
    pub fn last_expected(&self, count: usize) -> Vec<T> {
        self.expected[self.expected.len() - count * T::SIZE..].chunks_exact(T::SIZE).map(T::read).collect()
    }

    fn check(&self, room: &Room<T>, manner: &Manner) {
        let written = match manner.target {
            Target::OverInput => 0,
            Target::OverGradients => 1,
            Target::Fresh => 2,
        };
        self.check_elements(room.buffers[written].tensor(), manner);
        let before = [Some(&self.input), self.gradients.as_ref()];
        for (index, (buffer, before)) in room.buffers.iter().zip(before).enumerate() {
            let is_as_before = before.is_none_or(|before| buffer.tensor() == before);
            assert!(index == written || is_as_before, "{}\n  {manner:?}: what is only read was written to", self.name);
        }
        room.buffers.iter().for_each(Buffer::check_guards);
    }

    /// On memory that `lay` made ready for this manner.
    pub fn call(&mut self, room: &mut Room<T>, manner: &Manner) -> Status {
        let [input, gradients, output] = room.buffers.each_mut().map(|buffer| buffer.as_mut_ptr().cast());
        let output = match manner.target {
            Target::Fresh => output,
            Target::OverInput => input,
            Target::OverGradients => gradients,
        };
        let [from, to] = &self.places;
        let tensor = |place: &Place, memory| place.tensor_at(memory, dtype_of::<T>());
        let (x, g, y) = (tensor(from, input), tensor(from, gradients), tensor(to, output));
        let range = self.range.as_mut().map(|range| range.each_mut().map(Operand::tensor));
        let [min, max] = [0, 1].map(|end| range.as_ref().map(|range| range[end].c()));
        let (min, max) = (pointer_to(&min), pointer_to(&max));
        let executor = c_executor(manner.workers);
        let executor = executor.as_ref().map_or(ptr::null(), ptr::from_ref);
        // SAFETY: the tensors are of live memory that holds all of their elements; in place or apart.
        unsafe {
            match self.gradients {
                None => qdq_quantize_and_dequantize_v4(&x.c(), min, max, &self.attrs, executor, &y.c()),
                Some(_) => qdq_quantize_and_dequantize_v4_grad(
                    &g.c(),
                    &x.c(),
                    min,
                    max,
                    &self.attrs,
                    executor,
                    &y.c(),
                    ptr::null(),
                    ptr::null(),
                ),
            }
        }
    }

    fn check_elements(&self, got: &[u8], manner: &Manner) {
        const LINE: usize = 64;
        let elements = |bytes: &[u8]| bytes.chunks_exact(T::SIZE).map(T::read).collect::<Vec<T>>();
        for (index, (got, expected)) in got.chunks(LINE).zip(self.expected.chunks(LINE)).enumerate() {
            if got == expected {
                continue;
            }
            let (got, expected) = (elements(got), elements(expected));
            if let Some(at) = first_difference(&got, &expected) {
                let (name, place) = (&self.name, index * LINE / T::SIZE + at);
                let (got, expected) = (show(got[at]), show(expected[at]));
                panic!("{name}\n  {manner:?}: {place} elements behind the first is {got}, expected {expected}");
            }
        }
    }
}
