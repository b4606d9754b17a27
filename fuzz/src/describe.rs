//! What calls are made of, as the fuzzer describes it: mostly valid, with a preference for where things change.

use qdq::capi::*;

use crate::data::{self, MIXES, Mix, Rng};
use crate::dice::Dice;
use crate::element::Element;
use crate::reference;

/// The most elements of a tensor: several stages, tasks, and blocks of every kernel.
const MOST_ELEMENTS: i64 = 4200;

/// Around vectors of every width, a few of them, and the 1024 elements that are staged at once.
const BOUNDARIES: [i64; 28] = [
    7, 8, 9, 15, 16, 17, 31, 32, 33, 47, 63, 64, 65, 95, 127, 128, 129, 255, 256, 257, 511, 513, 1023, 1024, 1025,
    2047, 2049, 4099,
];

/// Dimensions of a tensor that exists.
pub fn shape(dice: &mut Dice) -> Vec<i64> {
    let rank = dice.pick(&[2, 1, 3, 2, 4, 3, 1, 0, 5, 6, 2, 3, 2, 1, 3, 64]);
    let mut room = MOST_ELEMENTS;
    let fit = |_| {
        let wanted = dimension(dice);
        let size = if wanted > room { 1 } else { wanted };
        room /= size.max(1);
        size
    };
    (0..rank).map(fit).collect()
}

/// Once in 32 times another shape: one more or one less in a dimension, or a dimension more.
pub fn shape_like(dice: &mut Dice, shape: &[i64]) -> Vec<i64> {
    let mut shape = shape.to_vec();
    if !dice.once_in(32) {
        return shape;
    }
    if shape.is_empty() || dice.once_in(4) {
        shape.push(dice.within(1, 2).into());
    } else {
        let index = dice.below(shape.len());
        shape[index] = (shape[index] + dice.pick(&[1, -1])).max(0);
    }
    shape
}

fn dimension(dice: &mut Dice) -> i64 {
    match dice.below(24) {
        0..14 => dice.within(1, 8).into(),
        14..23 => dice.pick(&BOUNDARIES),
        _ => 0,
    }
}

/// How many ranges a valid axis asks for; of another one, 1.
pub fn channels(shape: &[i64], axis: i32) -> i64 {
    usize::try_from(axis).ok().and_then(|axis| shape.get(axis)).copied().unwrap_or(1)
}

/// The channel of an element, of a valid axis.
pub fn channel_of(shape: &[i64], axis: i32, index: usize) -> usize {
    match usize::try_from(axis) {
        Ok(axis) if axis < shape.len() => {
            index / shape[axis + 1..].iter().product::<i64>() as usize % shape[axis] as usize
        }
        _ => 0,
    }
}

/// Strides of a shape; nothing stands for NULL. Where `is_woven` none are 0 and, mostly, no elements share memory.
pub fn strides(dice: &mut Dice, shape: &[i64], is_woven: bool) -> Option<Vec<i64>> {
    match dice.below(10) {
        0..2 => None,
        2 => Some(dense_strides(shape)),
        9 => Some(shape.iter().map(|_| dice.within(-20, 20).into()).collect()),
        _ => Some(slice(dice, shape, is_woven)),
    }
}

/// Row-major, without gaps.
pub fn dense_strides(shape: &[i64]) -> Vec<i64> {
    let mut strides = vec![1; shape.len()];
    for index in (1..shape.len()).rev() {
        // It wraps only where another dimension is 0, and then no stride is used.
        strides[index - 1] = i64::wrapping_mul(strides[index], shape[index].max(1));
    }
    strides
}

/// A slice of a tensor whose dimensions are in any order.
fn slice(dice: &mut Dice, shape: &[i64], is_woven: bool) -> Vec<i64> {
    let mut order: Vec<usize> = (0..shape.len()).rev().collect();
    for last in (1..order.len()).rev().filter(|_| dice.once_in(3)).collect::<Vec<_>>() {
        order.swap(last, dice.below(last + 1));
    }
    let mut strides = vec![0; shape.len()];
    let mut reach = 1i64;
    for dimension in order {
        let size = shape[dimension];
        if size <= 1 {
            strides[dimension] = dice.pick(&[0, 1, -7, i64::MAX, i64::MIN]);
            continue;
        }
        if !is_woven && dice.once_in(6) {
            continue;
        }
        let (step, gap) = (dice.pick(&[1, 1, 1, 2, 3]), dice.pick(&[0, 0, 0, 1, 5]));
        let (step, gap) = if reach * size * step > 8 * MOST_ELEMENTS { (1, 0) } else { (step, gap) };
        strides[dimension] = reach * step * dice.pick(&[1, 1, -1]);
        reach = reach * ((size - 1) * step + 1) + gap;
    }
    strides
}

/// A qdq_attrs.
#[derive(Clone, Debug)]
pub struct Attributes {
    pub is_null: bool,
    pub size: StructSize,
    pub fields: qdq_attrs,
}

/// How large a struct says it is, and what its bytes are that this version does not know.
#[derive(Clone, Copy, Debug)]
pub struct StructSize {
    pub bytes: usize,
    pub tail: u8,
}

impl StructSize {
    fn roll(dice: &mut Dice, known: usize) -> StructSize {
        let (bytes, tail) =
            dice.mostly((known, 0), 48, &[(known + 8, 0), (known + 8, 1), (known - 1, 0), (0, 0), (usize::MAX, 0)]);
        StructSize { bytes, tail }
    }
}

impl Attributes {
    /// For a tensor of so many dimensions.
    pub fn roll(dice: &mut Dice, rank: usize) -> Attributes {
        let signed_input = dice.pick(&[1, 1, 0, -5]);
        let narrow_range = dice.pick(&[0, 0, 1, i32::MIN]);
        let most = if signed_input != 0 { 61 } else { 62 };
        let bits = [8, 8, 1, 2, 3, 4, 5, 7, 10, 11, 12, 16, 23, 24, 25, 31, 32, 33, 52, 53, 54, most - 1, most];
        let least = 1 + i32::from(signed_input != 0 && narrow_range != 0);
        let num_bits = dice.pick(&bits).max(least);
        let rank = rank as i32;
        let axis = if rank == 0 { -1 } else { dice.within(-1, rank - 1).max(dice.pick(&[-1, -1, 0])) };
        let (num_bits, axis) = match dice.below(64) {
            62 => (dice.pick(&[least - 1, most + 1, -1, i32::MAX]), axis),
            63 => (num_bits, dice.pick(&[rank, -2, i32::MIN, i32::MAX])),
            _ => (num_bits, axis),
        };
        let fields = qdq_attrs {
            struct_size: 0,
            num_bits,
            axis,
            round_mode: dice.pick(&[0, 1]) + dice.mostly(0, 64, &[2, -2]),
            arithmetic: dice.pick(&[0, 0, 1]) + dice.mostly(0, 64, &[2, -2]),
            degenerate: dice.pick(&[0, 0, 1, 2]) + dice.mostly(0, 64, &[3, -3]),
            signed_input,
            range_given: dice.pick(&[0, 1, 0, 256]),
            narrow_range,
        };
        let size = StructSize::roll(dice, size_of::<qdq_attrs>());
        Attributes { is_null: dice.once_in(24), size, fields }
    }

    /// As the library should see them, right or wrong.
    pub fn seen(&self) -> qdq_attrs {
        let defaults = qdq_attrs {
            struct_size: 0,
            num_bits: 8,
            axis: -1,
            round_mode: QDQ_ROUND_HALF_TO_EVEN,
            arithmetic: QDQ_ARITHMETIC_DEFAULT,
            degenerate: QDQ_DEGENERATE_TENSORFLOW,
            signed_input: 1,
            range_given: 0,
            narrow_range: 0,
        };
        if self.is_null { defaults } else { self.fields }
    }

    /// The reference's, if they are valid; the axis is another matter.
    pub fn reference(&self) -> Option<reference::Attrs> {
        let seen = self.seen();
        let (signed_input, narrow_range) = (seen.signed_input != 0, seen.narrow_range != 0);
        let most = if signed_input { 61 } else { 62 };
        let has_codes = (1..=most).contains(&seen.num_bits) && !(signed_input && narrow_range && seen.num_bits == 1);
        has_codes.then_some(())?;
        Some(reference::Attrs {
            signed_input,
            num_bits: seen.num_bits,
            narrow_range,
            round_mode: match seen.round_mode {
                QDQ_ROUND_HALF_TO_EVEN => reference::RoundMode::HalfToEven,
                QDQ_ROUND_HALF_UP => reference::RoundMode::HalfUp,
                _ => return None,
            },
            axis: seen.axis,
            arithmetic: match seen.arithmetic {
                QDQ_ARITHMETIC_DEFAULT => reference::Arithmetic::Default,
                QDQ_ARITHMETIC_NATIVE => reference::Arithmetic::Native,
                _ => return None,
            },
            degenerate: match seen.degenerate {
                QDQ_DEGENERATE_TENSORFLOW => reference::Degenerate::TensorFlow,
                QDQ_DEGENERATE_ZERO => reference::Degenerate::Zero,
                QDQ_DEGENERATE_ERROR => reference::Degenerate::Error,
                _ => return None,
            },
        })
    }

    pub fn is_range_given(&self) -> bool {
        self.seen().range_given != 0
    }
}

/// A qdq_executor, or NULL.
#[derive(Clone, Debug)]
pub struct Executor {
    pub is_null: bool,
    pub size: StructSize,
    pub num_threads: i32,
    pub reserved: i32,
    /// The library's own pool where there is none.
    pub host: Option<Conduct>,
}

/// What a host makes of the tasks. It runs them one by one, the last one first.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Conduct {
    Proper,
    /// Runs all but this one, if there is one.
    Skips(usize),
    /// Runs all and returns this.
    Fails(i32),
}

impl Executor {
    pub fn roll(dice: &mut Dice) -> Executor {
        let conduct = match dice.below(32) {
            30 => Conduct::Skips(dice.below(4)),
            31 => Conduct::Fails(dice.pick(&[1, -1, i32::MIN])),
            _ => Conduct::Proper,
        };
        Executor {
            is_null: dice.once_in(3),
            size: StructSize::roll(dice, size_of::<qdq_executor>()),
            num_threads: dice.pick(&[1, 2, 3, 8, 0, 100, i32::MAX]) * dice.mostly(1, 64, &[-1]),
            reserved: dice.mostly(0, 64, &[1, -1]),
            host: (!dice.once_in(4)).then_some(conduct),
        }
    }
}

impl Executor {
    /// NULL.
    pub fn none() -> Executor {
        let size = StructSize { bytes: size_of::<qdq_executor>(), tail: 0 };
        Executor { is_null: true, size, num_threads: 1, reserved: 0, host: None }
    }
}

/// Numbers for a tensor.
#[derive(Clone, Debug)]
pub struct Values {
    /// Channel c has elements of kind c modulo their number.
    mixes: Vec<Mix>,
    seed: u64,
    /// These numbers in these places, counted around.
    specials: Vec<(usize, Special)>,
}

/// A number with which things go differently, in any type.
#[derive(Clone, Copy, Debug)]
pub enum Special {
    /// Of either sign.
    Nan(bool),
    Infinite(bool),
    Zero(bool),
    Greatest(bool),
    LeastNormal(bool),
    LeastSubnormal(bool),
    /// So many halves.
    Halves(i32),
    Bits(u64),
}

impl Special {
    fn roll(dice: &mut Dice) -> Special {
        let is_negative = dice.below(2) == 1;
        match dice.below(8) {
            0 => Special::Nan(is_negative),
            1 => Special::Infinite(is_negative),
            2 => Special::Zero(is_negative),
            3 => Special::Greatest(is_negative),
            4 => Special::LeastNormal(is_negative),
            5 => Special::LeastSubnormal(is_negative),
            6 => Special::Halves(dice.within(-300, 300)),
            _ => Special::Bits(dice.bits()),
        }
    }

    fn number<T: Element>(self) -> T {
        let infinity = T::top_exponent() << T::MANTISSA_BITS;
        let signed = |bits, is_negative| T::from_bits(if is_negative { bits | T::sign_mask() } else { bits });
        match self {
            Special::Nan(is_negative) => signed(infinity | 1, is_negative),
            Special::Infinite(is_negative) => signed(infinity, is_negative),
            Special::Zero(is_negative) => signed(0, is_negative),
            Special::Greatest(is_negative) => signed(infinity - 1, is_negative),
            Special::LeastNormal(is_negative) => signed(1 << T::MANTISSA_BITS, is_negative),
            Special::LeastSubnormal(is_negative) => signed(1, is_negative),
            Special::Halves(halves) => T::near(f64::from(halves) / 2.0),
            Special::Bits(bits) => T::from_bits(bits),
        }
    }
}

impl Values {
    pub fn roll(dice: &mut Dice) -> Values {
        Values {
            mixes: (0..dice.within(1, 3)).map(|_| dice.pick(&MIXES)).collect(),
            seed: dice.bits(),
            specials: (0..dice.pick(&[0, 1, 2, 4])).map(|_| (dice.below(1 << 16), Special::roll(dice))).collect(),
        }
    }

    /// For what else there is to fill.
    pub fn others(&self) -> Values {
        Values { seed: !self.seed, ..self.clone() }
    }

    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Elements of a tensor, some of them chosen for the attributes.
    pub fn elements<T: Element>(&self, shape: &[i64], attributes: &Attributes) -> Vec<T> {
        let attrs = attributes.reference().unwrap_or_default();
        let rng = &mut Rng(self.seed);
        let mix = |index: usize| self.mixes[channel_of(shape, attrs.axis, index) % self.mixes.len()];
        let len = shape.iter().product::<i64>() as usize;
        let mut elements: Vec<T> = (0..len).map(|index| data::element(mix(index), &attrs, rng)).collect();
        put(&self.specials, &mut elements);
        elements
    }
}

fn put<T: Element>(specials: &[(usize, Special)], elements: &mut [T]) {
    for (index, special) in specials {
        if let Some(index) = index.checked_rem(elements.len()) {
            elements[index] = special.number();
        }
    }
}

/// Ranges, valid but for specials.
#[derive(Clone, Debug)]
pub struct Ends {
    seed: u64,
    /// Of the least values and of the greatest.
    specials: [Vec<(usize, Special)>; 2],
}

impl Ends {
    pub fn roll(dice: &mut Dice) -> Ends {
        let mut specials = [vec![], vec![]];
        if dice.once_in(5) {
            specials[dice.below(2)].push((dice.below(1 << 16), Special::roll(dice)));
        }
        Ends { seed: dice.bits(), specials }
    }

    /// The least and the greatest value of so many channels.
    pub fn ranges<T: Element>(&self, count: usize, attributes: &Attributes) -> [Vec<T>; 2] {
        let attrs = attributes.reference().unwrap_or_default();
        let (mut lo, mut hi) = data::ranges(count, &attrs, &mut Rng(self.seed));
        put(&self.specials[0], &mut lo);
        put(&self.specials[1], &mut hi);
        [lo, hi]
    }
}

/// The dtypes that have elements, the plain one first.
pub const ELEMENTS: [qdq_dtype; 4] = [QDQ_DTYPE_F32, QDQ_DTYPE_F16, QDQ_DTYPE_BF16, QDQ_DTYPE_F64];

/// Once in 48 times any dtype.
pub fn dtype_like(dice: &mut Dice, dtype: qdq_dtype) -> qdq_dtype {
    if dice.once_in(48) { dice.within(1, 12) } else { dtype }
}

/// The dtype of a type of element.
pub fn dtype_of<T: Element>() -> qdq_dtype {
    match T::NAME {
        "f64" => QDQ_DTYPE_F64,
        "f16" => QDQ_DTYPE_F16,
        "bf16" => QDQ_DTYPE_BF16,
        _ => QDQ_DTYPE_F32,
    }
}

/// Bytes of an element.
pub fn size_of_dtype(dtype: qdq_dtype) -> Option<usize> {
    match dtype {
        QDQ_DTYPE_I8 | QDQ_DTYPE_U8 => Some(1),
        QDQ_DTYPE_F16 | QDQ_DTYPE_BF16 | QDQ_DTYPE_I16 | QDQ_DTYPE_U16 => Some(2),
        QDQ_DTYPE_F32 | QDQ_DTYPE_I32 | QDQ_DTYPE_U32 => Some(4),
        QDQ_DTYPE_F64 | QDQ_DTYPE_I64 | QDQ_DTYPE_U64 => Some(8),
        _ => None,
    }
}
