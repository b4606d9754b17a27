//! Integer codes where the ways to them change hands: lengths, places and strides, in every pair of types; numbers at the
//! ends of the codes, and of what floats can tell apart; tensors that the caches cannot hold.

mod common;

use std::ptr;

use qdq::capi::*;

use common::c_attrs;
use common::channel::{Channel, Compute};
use common::data::{self, Mix, Rng};
use common::element::Element;
use common::quantizer::Quantizer;
use common::reference::{Arithmetic, Attrs, RoundMode};
use common::view::{CODE_DTYPES, Operand, Place, Tensor, dtype_of, pool, range_of_codes, range_operand, size_of_dtype};
use common::{first_difference, show};

every_isa!();

every_element! {
    lengths_at_every_place,
    places_apart,
    rows_that_do_not_follow_each_other,
    channels_of_every_size,
    numbers_at_the_ends_of_the_codes,
    clamping_where_saturating_would_not_do,
    beyond_the_caches,
}

/// Channels, and the quantizer that has them.
struct Prepared<T: Element> {
    attrs: Attrs,
    channels: Vec<Channel<T>>,
    quantizer: Quantizer,
}

impl<T: Element<C: Compute>> Prepared<T> {
    fn new(attrs: Attrs, is_given: bool, ranges: &[(f64, f64)]) -> Prepared<T> {
        let channel = if is_given { Channel::given } else { Channel::gathered };
        let channels = ranges.iter().map(|&(lo, hi)| channel(lo, hi, &attrs)).collect();
        let operand = |end: fn(&(f64, f64)) -> f64| {
            let ends: Vec<f64> = ranges.iter().map(end).collect();
            range_operand::<T>(Place::dense(&[ends.len()]), T::SIZE == 2, &ends)
        };
        let (mut min, mut max) = (operand(|range| range.0), operand(|range| range.1));
        let quantizer = Quantizer::create::<T>(&c_attrs(&attrs, is_given), &min.tensor(), &max.tensor());
        Prepared { attrs, channels, quantizer: quantizer.expect("usable ranges") }
    }

    /// Quantizes elements and dequantizes their codes, which are in these places.
    fn check(&self, input: &[T], places: &[Place; 2], dtype: qdq_dtype, threads: i32) {
        let [numbers, codes] = places;
        let about = || format!("{:?}, {}, dtype {dtype}, in {places:?}", self.attrs, T::NAME);
        let channel_of = |index: usize| &self.channels[self.channel_of(index, &numbers.shape)];
        let executor = pool(threads);

        let mut x = Operand::holding(numbers.clone(), input);
        let mut q = Operand::untouched(codes.clone(), dtype);
        let before = q.memory.bytes().to_vec();
        assert_eq!(self.quantizer.quantize(&executor, &x.tensor(), &q.tensor()), QDQ_STATUS_OK, "{}", about());
        q.memory.check_only_written(&before, codes, dtype);
        let expected: Vec<i128> =
            input.iter().enumerate().map(|(index, &element)| channel_of(index).code(element)).collect();
        let got = q.codes();
        if let Some(index) = (0..got.len()).find(|&index| got[index] != expected[index]) {
            let (x, got, expected) = (show(input[index]), got[index], expected[index]);
            panic!("{}: element {index} ({x}) has the code {got}, expected {expected}", about());
        }

        let mut y = Operand::untouched(numbers.clone(), dtype_of::<T>());
        let before = y.memory.bytes().to_vec();
        assert_eq!(self.quantizer.dequantize(&executor, &q.tensor(), &y.tensor()), QDQ_STATUS_OK, "{}", about());
        y.memory.check_only_written(&before, numbers, y.dtype);
        let expected: Vec<T> = got.iter().enumerate().map(|(index, &code)| channel_of(index).number(code)).collect();
        let got = y.values::<T>();
        if let Some(index) = first_difference(&got, &expected) {
            panic!("{}: element {index} is {}, expected {}", about(), show(got[index]), show(expected[index]));
        }
    }

    fn channel_of(&self, index: usize, shape: &[i64]) -> usize {
        match usize::try_from(self.attrs.axis) {
            Ok(axis) => index / shape[axis + 1..].iter().product::<i64>() as usize % self.channels.len(),
            Err(_) => 0,
        }
    }
}

/// Attributes whose codes a type just holds, and narrow ones.
fn attributes(dtype: qdq_dtype, axis: i32) -> [Attrs; 2] {
    let is_signed = range_of_codes(dtype).0 < 0;
    let num_bits = (8 * size_of_dtype(dtype) as i32).min(if is_signed { 61 } else { 62 });
    let widest = Attrs { signed_input: is_signed, num_bits, axis, ..Attrs::default() };
    let half_up = Attrs { num_bits: 5, narrow_range: true, round_mode: RoundMode::HalfUp, ..widest };
    [widest, Attrs { arithmetic: Arithmetic::Native, ..half_up }]
}

/// Around the range [-1, 1]: most within it, its ends, others far away, infinities and NaN.
fn samples<T: Element>(len: usize, rng: &mut Rng) -> Vec<T> {
    let sample = |_| match rng.below(24) {
        0 => T::near(rng.pick(&[1.0, -1.0, f64::INFINITY, f64::NEG_INFINITY, 3e4, -3e38])),
        1 => data::element(rng.pick(&[Mix::AllNan, Mix::Zeros, Mix::Subnormal]), &Attrs::default(), rng),
        _ => T::near(1.1 * rng.unit()),
    };
    (0..len).map(sample).collect()
}

/// A dense place whose first element is another one of its memory.
fn dense_from(first: usize, shape: &[usize]) -> Place {
    let mut place = Place::dense(shape).moved_to(first);
    place.extent += first;
    place
}

/// Elements that begin so many bytes after a cache line.
fn first_at(offset: usize, size: usize) -> usize {
    offset / size
}

/// Lengths at which something may change, and those beside them.
fn lengths() -> impl Iterator<Item = usize> {
    let around = |length: usize| length - 1..=length + 1;
    (1..=130).chain([192, 256, 512, 1024, 2048, 3072, 4096].into_iter().flat_map(around))
}

/// Both aligned, and neither.
fn lengths_at_every_place<T: Element<C: Compute>>() {
    let rng = &mut Rng(1);
    for dtype in CODE_DTYPES {
        for (attrs, is_given) in attributes(dtype, -1).into_iter().zip([true, false]) {
            let prepared = Prepared::<T>::new(attrs, is_given, &[(-1.0, 1.0)]);
            for len in lengths() {
                let input = samples::<T>(len, rng);
                for offset in [0, 56] {
                    let places = [T::SIZE, size_of_dtype(dtype)].map(|size| dense_from(first_at(offset, size), &[len]));
                    prepared.check(&input, &places, dtype, 1);
                }
            }
        }
    }
}

/// Elements and codes aligned each in its own way.
fn places_apart<T: Element<C: Compute>>() {
    let rng = &mut Rng(2);
    for dtype in CODE_DTYPES {
        let prepared = Prepared::<T>::new(attributes(dtype, -1)[0], true, &[(-1.0, 1.0)]);
        for len in [67, 1100] {
            let input = samples::<T>(len, rng);
            for codes in 0..=64 / size_of_dtype(dtype) {
                let numbers = rng.below(64) as usize / T::SIZE;
                prepared.check(&input, &[dense_from(numbers, &[len]), dense_from(codes, &[len])], dtype, 1);
            }
        }
    }
}

/// Rows with gaps between them, many to a block and many blocks to a row, and columns before rows.
fn rows_that_do_not_follow_each_other<T: Element<C: Compute>>() {
    let rng = &mut Rng(3);
    for dtype in CODE_DTYPES {
        let prepared = Prepared::<T>::new(attributes(dtype, -1)[0], true, &[(-1.0, 1.0)]);
        for shape in [[300, 1], [90, 7], [33, 63], [17, 64], [9, 130], [3, 1000], [2, 2500]] {
            let input = samples::<T>(shape[0] * shape[1], rng);
            let mut wide = Place::ordered(&shape, &[1, 0], 1);
            wide.strides[0] += 3;
            wide.extent = shape[0] * (shape[1] + 3);
            let (dense, columns) = (Place::dense(&shape), Place::ordered(&shape, &[0, 1], 1));
            for places in [[&wide, &wide], [&dense, &wide], [&wide, &dense], [&columns, &dense], [&dense, &columns]] {
                prepared.check(&input, &places.map(Place::clone), dtype, 1);
            }
        }
    }
}

/// Neighbours that share a channel, or do not, in rows of every kind.
fn channels_of_every_size<T: Element<C: Compute>>() {
    let rng = &mut Rng(4);
    for dtype in CODE_DTYPES {
        for shape in [[1, 5, 3000], [3, 3, 700], [40, 3, 17], [9, 33, 1], [70, 64, 1], [2, 1500, 1], [3, 700, 3]] {
            for attrs in attributes(dtype, 1) {
                let ranges: Vec<(f64, f64)> =
                    (0..shape[1]).map(|channel| [(-1.0, 1.0), (-0.5, 0.25), (0.0, 3.0)][channel % 3]).collect();
                let prepared = Prepared::<T>::new(attrs, channel_is_given(dtype), &ranges);
                let input = samples::<T>(shape.iter().product(), rng);
                for threads in [1, 3] {
                    prepared.check(&input, &[Place::dense(&shape), dense_from(1, &shape)], dtype, threads);
                }
            }
        }
    }
}

fn channel_is_given(dtype: qdq_dtype) -> bool {
    dtype % 2 == 0
}

/// Where the scale is 1 an element is its own code: those at both ends of the codes, where integers begin to be further
/// apart than floats, and far away.
fn numbers_at_the_ends_of_the_codes<T: Element<C: Compute>>() {
    for dtype in CODE_DTYPES {
        let (is_signed, width) = (range_of_codes(dtype).0 < 0, 8 * size_of_dtype(dtype) as i32);
        let most = width.min(if is_signed { 61 } else { 62 });
        for num_bits in (2..=most).filter(|bits| *bits < 9 || is_near_a_change(*bits) || *bits == most) {
            for narrow_range in [false, true] {
                let attrs = Attrs { signed_input: is_signed, num_bits, narrow_range, ..Attrs::default() };
                let input = around_ends::<T>(&attrs);
                let (qmin, qmax) = attrs.codes();
                for is_given in [false, true] {
                    // 16-bit types have their ranges in float32, which has some such numbers and not others.
                    let prepared = Prepared::<T>::new(attrs, is_given, &[(qmin as f64, qmax as f64)]);
                    prepared.check(&input, &[Place::dense(&[input.len()]), Place::dense(&[input.len()])], dtype, 1);
                }
            }
        }
    }
}

fn is_near_a_change(bits: i32) -> bool {
    [16, 23, 25, 32, 52, 54].iter().any(|change| (bits - change).abs() <= 1)
}

fn around_ends<T: Element>(attrs: &Attrs) -> Vec<T> {
    let (qmin, qmax) = attrs.codes();
    let changes = [0, 1 << 22, 1 << 24, 1 << 31, 1 << 32, 1 << 51, 1 << 53, 1 << 62].map(|change: i64| change as f64);
    let mut centers = vec![qmin as f64, qmax as f64, qmin as f64 / 2.0, qmax as f64 / 2.0];
    centers.extend(changes.iter().flat_map(|change| [*change, -change]));
    let mut input = Vec::new();
    for center in centers {
        input.extend([-2.0, -1.5, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.0].map(|step| T::near(center + step)));
        input.extend([center.next_down(), center.next_up(), f64::from((center as f32).next_down())].map(T::near));
        input.extend([f64::from((center as f32).next_up()), 1.5 * center].map(T::near));
    }
    input.extend([f64::INFINITY, f64::NEG_INFINITY, f64::NAN, -0.0, 3e38, -3e38, f64::MAX, f64::MIN].map(T::near));
    // NaN with every bit of the payload, which must not become a code.
    input.extend((0..T::MANTISSA_BITS).map(|bit| T::from_bits(T::top_exponent() << T::MANTISSA_BITS | 1 << bit)));
    input.push(T::from_bits(u64::MAX >> (64 - 8 * T::SIZE)));
    input
}

/// Ranges whose ends are not the ends of the codes: [0, 0], a range to one side, and others among them.
fn clamping_where_saturating_would_not_do<T: Element<C: Compute>>() {
    let rng = &mut Rng(5);
    for dtype in CODE_DTYPES {
        for attrs in attributes(dtype, 0) {
            for ranges in [
                vec![(0.0, 0.0)],
                vec![(-1.0, 1.0), (0.0, 0.0), (-2.0, 0.5)],
                vec![(1.0, 2.0), (-1.0, 1.0)],
                vec![(-2.0, -1.0)],
                vec![(-1e-40, 1e-40), (-1.0, 1.0)],
            ] {
                let prepared = Prepared::<T>::new(attrs, true, &ranges);
                let input = samples::<T>(ranges.len() * 70, rng);
                let place = Place::dense(&[ranges.len(), 70]);
                prepared.check(&input, &[place.clone(), place], dtype, 1);
            }
        }
    }
}

// Beyond the caches

/// More bytes than any plan takes for near.
const FAR: usize = (16 << 20) + 12345;

/// Samples repeat, so that the reference has few to compute. Prime, so that they fall everywhere.
const PERIOD: usize = 4099;

/// Two dimensions, the axis, and how far apart rows are in memory, in elements.
struct FarLayout {
    len: usize,
    axis: i32,
    apart: usize,
    first: usize,
}

fn beyond_the_caches<T: Element<C: Compute>>() {
    let input = samples::<T>(PERIOD, &mut Rng(6));
    for dtype in [QDQ_DTYPE_I8, QDQ_DTYPE_U16, QDQ_DTYPE_I32, QDQ_DTYPE_U64] {
        for layout in [
            FarLayout { len: 1 << 16, axis: -1, apart: 1 << 16, first: 0 },
            FarLayout { len: 70_001, axis: -1, apart: 70_001, first: 3 },
            FarLayout { len: 1003, axis: 1, apart: 1003, first: 1 },
            FarLayout { len: 1003, axis: 0, apart: 1009, first: 5 },
            FarLayout { len: 5000, axis: 0, apart: 5000, first: 0 },
            FarLayout { len: 37, axis: 0, apart: 40, first: 7 },
        ] {
            check_far(&input, &layout, dtype);
        }
    }
}

fn check_far<T: Element<C: Compute>>(samples: &[T], layout: &FarLayout, dtype: qdq_dtype) {
    let rows = FAR / size_of_dtype(dtype).min(T::SIZE) / layout.len;
    let shape = [rows, layout.len];
    let attrs = attributes(dtype, layout.axis)[0];
    let channels = usize::try_from(layout.axis).map_or(1, |axis| shape[axis]);
    let ranges: Vec<(f64, f64)> = (0..channels).map(|channel| [(-1.0, 1.0), (-0.5, 0.25)][channel % 2]).collect();
    let prepared = Prepared::<T>::new(attrs, true, &ranges);
    let codes: Vec<Vec<i128>> =
        (prepared.channels.iter().take(2)).map(|channel| samples.iter().map(|&x| channel.code(x)).collect()).collect();
    let numbers: Vec<Vec<T>> = (prepared.channels.iter().zip(&codes))
        .map(|(channel, codes)| codes.iter().map(|&code| channel.number(code)).collect())
        .collect();
    // A row's number, its channel of the two that there are, and where it begins among the samples.
    let kind = |row: usize, column: usize| match layout.axis {
        0 => row % 2,
        1 => column % 2,
        _ => 0,
    };
    let sample = |row: usize, column: usize| (row * layout.len + column) % PERIOD;

    let extent = layout.first + rows * layout.apart;
    let mut x = vec![T::near(99.0); extent];
    let mut q = FarCodes::new(extent, dtype);
    for row in 0..rows {
        for column in 0..layout.len {
            x[layout.first + row * layout.apart + column] = samples[sample(row, column)];
        }
    }
    let tensor = |data: *mut u8, dtype: qdq_dtype| Tensor {
        data: data.wrapping_add(layout.first * size_of_dtype(dtype)).cast(),
        shape: shape.iter().map(|&size| size as i64).collect(),
        strides: Some(vec![layout.apart as i64, 1]),
        rank: 2,
        dtype,
        flags: 0,
    };
    let x_tensor = tensor(x.as_mut_ptr().cast(), dtype_of::<T>());
    let q_tensor = tensor(q.bytes[q.start..].as_mut_ptr(), dtype);
    assert_eq!(prepared.quantizer.quantize(ptr::null(), &x_tensor, &q_tensor), QDQ_STATUS_OK);
    for index in 0..extent {
        let (row, column) = place_of(index, layout);
        let is_element = index >= layout.first && column < layout.len;
        let expected = if is_element { Some(codes[kind(row, column)][sample(row, column)]) } else { None };
        q.check(index, expected, &attrs);
    }
    // Nothing that was there before is what has to be there now.
    x.fill(T::near(99.0));
    assert_eq!(prepared.quantizer.dequantize(ptr::null(), &q_tensor, &x_tensor), QDQ_STATUS_OK);
    for (index, y) in x.iter().enumerate() {
        let (row, column) = place_of(index, layout);
        let is_element = index >= layout.first && column < layout.len;
        let expected = if is_element { numbers[kind(row, column)][sample(row, column)] } else { T::near(99.0) };
        assert!(
            y.bits() == expected.bits() || y.is_nan() && expected.is_nan(),
            "{attrs:?}, dtype {dtype}: row {row}, column {column} is {}, expected {}",
            show(*y),
            show(expected)
        );
    }
}

fn place_of(index: usize, layout: &FarLayout) -> (usize, usize) {
    let index = index.saturating_sub(layout.first);
    (index / layout.apart, index % layout.apart)
}

/// Many codes, from a cache line on.
struct FarCodes {
    bytes: Vec<u8>,
    start: usize,
    size: usize,
}

impl FarCodes {
    const UNTOUCHED: u8 = 0xc5;

    fn new(len: usize, dtype: qdq_dtype) -> FarCodes {
        let size = size_of_dtype(dtype);
        let bytes = vec![Self::UNTOUCHED; len * size + 64];
        let start = bytes.as_ptr().align_offset(64);
        FarCodes { bytes, start, size }
    }

    fn check(&self, index: usize, expected: Option<i128>, attrs: &Attrs) {
        let bytes = &self.bytes[self.start + index * self.size..][..self.size];
        let code = expected.map_or([Self::UNTOUCHED; 16], i128::to_ne_bytes);
        let low = if cfg!(target_endian = "little") { &code[..self.size] } else { &code[16 - self.size..] };
        assert!(bytes == low, "{attrs:?}: code {index} is {bytes:x?}, expected {expected:?}");
    }
}
