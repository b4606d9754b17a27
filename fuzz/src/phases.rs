//! The operation in phases: ranges gathered in pieces, a quantizer made of them, and all that one can do with it.

use std::ptr;

use libfuzzer_sys::arbitrary::{Arbitrary, Result, Unstructured};
use qdq::capi::*;

use crate::case::load_ends;
use crate::channel::{Channel, Compute};
use crate::data::Rng;
use crate::describe::{
    Attributes, ELEMENTS, Executor, Values, channels, dtype_like, shape, shape_like, size_of_dtype, strides,
};
use crate::dice::Dice;
use crate::element::Element;
use crate::oracle::{self, Ends, by_channel};
use crate::reference::{Attrs, Degenerate};
use crate::rules::{Broken, Sound};
use crate::run;
use crate::scene::{Fault, Placing, Scene, is_signed, pointer_to};
use crate::with_element;
use crate::workers::{CAttributes, CExecutor};

#[derive(Debug)]
pub struct Phases {
    dtype: qdq_dtype,
    attributes: Attributes,
    ends_dtype: qdq_dtype,
    channels: usize,
    /// The ranges to begin with; nothing stands for those of no number.
    start: Option<Values>,
    updates: Vec<Update>,
    create: Create,
    uses: Vec<Use>,
    get: Get,
}

/// A qdq_range_update of these tensors: input, range_min, range_max.
#[derive(Debug)]
struct Update {
    placings: [Placing; 3],
    values: Values,
    executor: Executor,
    fault: Option<(usize, Fault)>,
}

/// A qdq_quantizer_create of these ranges.
#[derive(Debug)]
struct Create {
    dtype: qdq_dtype,
    placings: [Placing; 2],
    fault: Option<(usize, Fault)>,
    /// Where the quantizer is to go.
    is_null: bool,
}

/// What is done with a quantizer. The tensors are what is read, what is written and, of the gradient, the gradients.
#[derive(Debug)]
struct Use {
    action: Action,
    placings: Vec<Placing>,
    values: Values,
    executor: Executor,
    fault: Option<(usize, Fault)>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Action {
    Apply,
    Quantize,
    Dequantize,
    Gradient,
}

/// A qdq_quantizer_get of a parameter, to so many values.
#[derive(Debug)]
struct Get {
    param: i32,
    values: Placing,
    fault: Option<(usize, Fault)>,
}

const READ: usize = 0;
const WRITTEN: usize = 1;
const GRADIENTS: usize = 2;

impl<'a> Arbitrary<'a> for Phases {
    fn arbitrary(bytes: &mut Unstructured<'a>) -> Result<Self> {
        Ok(Phases::roll(&mut Dice::new(bytes)))
    }
}

impl Phases {
    fn roll(dice: &mut Dice) -> Phases {
        let dtype = dice.pick(&ELEMENTS);
        let shape = shape(dice);
        let attributes = Attributes::roll(dice, shape.len());
        let channels = channels(&shape, attributes.seen().axis);
        let is_wide = size_of_dtype(dtype) == Some(2) && dice.below(2) == 1;
        let ends_dtype = dtype_like(dice, if is_wide { QDQ_DTYPE_F32 } else { dtype });
        let of = Family { dtype, ends_dtype, axis: attributes.seen().axis, channels };
        let codes = attributes.reference().unwrap_or_default().codes();
        Phases {
            dtype,
            ends_dtype,
            channels: channels as usize,
            start: (dice.below(3) == 2).then(|| Values::roll(dice)),
            updates: (0..dice.within(0, 2)).map(|_| Update::roll(dice, &of)).collect(),
            create: Create::roll(dice, &of),
            uses: (0..dice.within(1, 2)).map(|_| Use::roll(dice, &of, codes)).collect(),
            get: Get::roll(dice, &of),
            attributes,
        }
    }

    pub fn check(&self) {
        with_element!(self.dtype, T => run::on_each_isa(|| self.check_as::<T>()));
    }

    fn check_as<T: Element<C: Compute>>(&self) {
        let mut ends = self.start::<T>();
        for update in &self.updates {
            ends = update.check::<T>(self, ends);
        }
        let quantizer = self.create.check::<T>(self, &ends);
        for each in &self.uses {
            each.check::<T>(&quantizer, &self.attributes);
        }
        self.get.check::<T>(&quantizer);
    }

    fn start<T: Element>(&self) -> Ends {
        match &self.start {
            Some(values) if self.ends_dtype == QDQ_DTYPE_F32 => self.ends_of::<f32>(values),
            Some(values) => self.ends_of::<T>(values),
            None => [f64::INFINITY, f64::NEG_INFINITY].map(|end| vec![end; self.channels]),
        }
    }

    fn ends_of<E: Element>(&self, values: &Values) -> Ends {
        values.ranges::<E>(self.channels, &self.attributes).map(|end| end.into_iter().map(E::to_f64).collect())
    }
}

/// What all tensors of the phases have in common, but for mistakes.
struct Family {
    dtype: qdq_dtype,
    ends_dtype: qdq_dtype,
    axis: i32,
    channels: i64,
}

impl Family {
    /// Any shape with the channels.
    fn shape(&self, dice: &mut Dice) -> Vec<i64> {
        let mut shape = shape(dice);
        if let Some(axis) = usize::try_from(self.axis).ok().filter(|&axis| axis < 64) {
            shape.resize(shape.len().max(axis + 1), 1);
            shape[axis] = self.channels;
            if shape.iter().product::<i64>() > 4200 {
                shape.iter_mut().enumerate().filter(|(index, _)| *index != axis).for_each(|(_, size)| *size = 1);
            }
        }
        shape_like(dice, &shape)
    }

    fn ends(&self, dice: &mut Dice) -> Placing {
        let is_scalar = self.axis == -1 && dice.below(2) == 1;
        let shape = if is_scalar { vec![] } else { shape_like(dice, &[self.channels]) };
        let (dtype, strides) = (dtype_like(dice, self.ends_dtype), strides(dice, &shape, true));
        Placing::apart(dice, dtype, shape, strides)
    }

    fn tensor(&self, dice: &mut Dice, dtype: qdq_dtype, shape: &[i64], is_woven: bool) -> Placing {
        let (shape, dtype) = (shape_like(dice, shape), dtype_like(dice, dtype));
        let strides = strides(dice, &shape, is_woven);
        Placing::apart(dice, dtype, shape, strides)
    }
}

/// Stores ranges where their tensors have as many.
fn store_ends(scene: &mut Scene, ends: &Ends, tensors: [usize; 2]) {
    for (end, tensor) in ends.iter().zip(tensors) {
        with_element!(scene.tensors[tensor].dtype, E => {
            let end: Vec<E> = end.iter().map(|&end| E::near(end)).collect();
            if size_of_dtype(scene.tensors[tensor].dtype) == Some(E::SIZE) {
                scene.store(tensor, &end);
            }
        });
    }
}

impl Update {
    fn roll(dice: &mut Dice, of: &Family) -> Update {
        let shape = of.shape(dice);
        Update {
            placings: [of.tensor(dice, of.dtype, &shape, false), of.ends(dice), of.ends(dice)],
            values: Values::roll(dice),
            executor: Executor::roll(dice),
            fault: Fault::roll(dice, 3),
        }
    }

    /// The ranges, widened where it succeeds.
    fn check<T: Element>(&self, phases: &Phases, ends: Ends) -> Ends {
        let mut scene = Scene::new(&self.placings, self.fault);
        let axis = phases.attributes.seen().axis;
        if self.placings[0].dtype == phases.dtype {
            scene.store(0, &self.values.elements::<T>(&self.placings[0].shape, &phases.attributes));
        }
        store_ends(&mut scene, &ends, [1, 2]);
        let broken = self.broken(&scene, phases);
        let (attributes, executor) = (CAttributes::new(&phases.attributes), CExecutor::new(&self.executor));
        let expected = broken.is_none().then(|| {
            with_element!(self.placings[0].dtype, E => {
                let ends = [load_ends(&scene, 1), load_ends(&scene, 2)];
                oracle::widened(ends, &scene.load::<E>(0), &self.placings[0].shape, axis)
            })
        });
        let succeeded = run::check(&scene, &executor, &[1, 2], broken, || {
            let tensors = scene.c();
            let [input, lo, hi] = [0, 1, 2].map(|tensor| pointer_to(&tensors[tensor]));
            // SAFETY: the tensors are NULL, or of live memory, or the call is refused.
            unsafe { qdq_range_update(input, attributes.as_ptr(), executor.as_ptr(), lo, hi) }
        });
        if !succeeded {
            return ends;
        }
        let expected = expected.expect("a call that succeeded has a result");
        let got = [load_ends(&scene, 1), load_ends(&scene, 2)];
        for (got, expected) in got.iter().zip(&expected) {
            run::check_numbers("the end of range", got, expected);
        }
        got
    }

    fn broken(&self, scene: &Scene, phases: &Phases) -> Broken {
        let mut broken = Broken::default();
        broken.attributes_but_for_values(&phases.attributes);
        broken.executor(&self.executor);
        let sound: Vec<_> = scene.tensors.iter().map(|tensor| broken.tensor(tensor)).collect();
        if let (Some(_), Some(_)) = (&sound[1], &sound[2]) {
            let is_number = |tensor| load_ends(scene, tensor).iter().all(|end| !end.is_nan());
            broken.unless(is_number(1) && is_number(2), QDQ_STATUS_INVALID_RANGE);
        }
        let [Some(input), lo, hi] = sound[..] else {
            return broken;
        };
        let axis = phases.attributes.seen().axis;
        broken.unless(input.is_real(), QDQ_STATUS_UNSUPPORTED_DTYPE);
        broken.axis(axis, input.shape.len() as i32);
        let mut others = vec![input];
        for end in [lo, hi].into_iter().flatten() {
            broken.range_tensor(&end, input.tensor.dtype, axis, channels(input.shape, axis));
            broken.output(&end, &[], &others);
            others.push(end);
        }
        broken
    }
}

/// A quantizer, or NULL, and what it should know.
struct Quantizer<T: Element> {
    pointer: *mut qdq_quantizer,
    attrs: Attrs,
    channels: Vec<Channel<T>>,
}

impl<T: Element> Drop for Quantizer<T> {
    fn drop(&mut self) {
        // SAFETY: NULL, or made by qdq_quantizer_create, and nobody else has it.
        unsafe { qdq_quantizer_destroy(self.pointer) }
    }
}

impl Create {
    fn roll(dice: &mut Dice, of: &Family) -> Create {
        Create {
            dtype: dice.mostly(of.dtype, 48, &[0, 1, 2, 3, 4, 5, 12, -1]),
            placings: [of.ends(dice), of.ends(dice)],
            fault: Fault::roll(dice, 2),
            is_null: dice.once_in(64),
        }
    }

    fn check<T: Element<C: Compute>>(&self, phases: &Phases, ends: &Ends) -> Quantizer<T> {
        let mut scene = Scene::new(&self.placings, self.fault);
        store_ends(&mut scene, ends, [0, 1]);
        let is_given = phases.attributes.is_range_given();
        let mut broken = self.broken(&scene, phases);
        let attrs = phases.attributes.reference().unwrap_or_default();
        let mut quantizer = Quantizer::<T> { pointer: ptr::null_mut(), attrs, channels: vec![] };
        if broken.is_none() && self.dtype == phases.dtype {
            let channel = if is_given { Channel::given } else { Channel::gathered };
            let (lo, hi) = (load_ends(&scene, 0), load_ends(&scene, 1));
            quantizer.channels = lo.iter().zip(&hi).map(|(&lo, &hi)| channel(lo, hi, &attrs)).collect();
            let has_degenerate = quantizer.channels.iter().any(|channel| channel.is_degenerate);
            let is_refused = attrs.degenerate == Degenerate::Error && has_degenerate;
            broken.unless(!is_refused, QDQ_STATUS_DEGENERATE_RANGE);
        } else if broken.is_none() {
            // Of another type than this one's, which another input has.
            return quantizer;
        }
        let attributes = CAttributes::new(&phases.attributes);
        let executor = CExecutor::new(&Executor::none());
        let mut made = ptr::dangling_mut();
        let succeeded = run::check(&scene, &executor, &[], broken, || {
            let tensors = scene.c();
            let [lo, hi] = [0, 1].map(|tensor| pointer_to(&tensors[tensor]));
            let place = if self.is_null { ptr::null_mut() } else { &raw mut made };
            // SAFETY: the tensors are NULL, or of live memory, or the call is refused.
            unsafe { qdq_quantizer_create(attributes.as_ptr(), self.dtype, lo, hi, place) }
        });
        if !self.is_null {
            assert_eq!(succeeded, !made.is_null(), "a quantizer is made where the call succeeds");
            quantizer.pointer = made;
        }
        quantizer
    }

    fn broken(&self, scene: &Scene, phases: &Phases) -> Broken {
        let mut broken = Broken::default();
        broken.attributes(&phases.attributes);
        broken.unless(!self.is_null, QDQ_STATUS_NULL_POINTER);
        broken.unless(ELEMENTS.contains(&self.dtype), QDQ_STATUS_UNSUPPORTED_DTYPE);
        let axis = phases.attributes.seen().axis;
        broken.axis(axis, QDQ_MAX_RANK);
        let sound: Vec<_> = scene.tensors.iter().map(|tensor| broken.tensor(tensor)).collect();
        let [Some(lo), Some(hi)] = sound[..] else {
            return broken;
        };
        // As many channels as the ranges have, if it is one dimension of them.
        let channels = if axis == -1 { 1 } else { lo.elements() };
        for end in [lo, hi] {
            broken.range_tensor(&end, self.dtype, axis, channels);
        }
        let ends = [load_ends(scene, 0), load_ends(scene, 1)];
        let ends = ends.each_ref().map(Vec::as_slice);
        if phases.attributes.is_range_given() { broken.given_ranges(ends) } else { broken.gathered_ranges(ends) }
        broken
    }
}

impl Use {
    fn roll(dice: &mut Dice, of: &Family, codes: (i64, i64)) -> Use {
        let action = dice.pick(&[Action::Apply, Action::Quantize, Action::Dequantize, Action::Gradient]);
        let shape = of.shape(dice);
        let codes = code_dtype(dice, codes);
        let [read, written] = match action {
            Action::Quantize => [of.dtype, codes],
            Action::Dequantize => [codes, of.dtype],
            Action::Apply | Action::Gradient => [of.dtype, of.dtype],
        };
        let mut placings = vec![of.tensor(dice, read, &shape, false)];
        let mut others = vec![written];
        if action == Action::Gradient {
            others.push(of.dtype);
        }
        for dtype in others {
            let (shape, dtype) = (shape_like(dice, &shape), dtype_like(dice, dtype));
            let strides = strides(dice, &shape, true);
            placings.push(Placing::anywhere(dice, &placings, dtype, shape, strides));
        }
        let fault = Fault::roll(dice, placings.len());
        Use { action, placings, values: Values::roll(dice), executor: Executor::roll(dice), fault }
    }

    fn check<T: Element<C: Compute>>(&self, quantizer: &Quantizer<T>, attributes: &Attributes) {
        let mut scene = Scene::new(&self.placings, self.fault);
        self.store::<T>(&mut scene, quantizer, attributes);
        let broken = self.broken(&scene, quantizer);
        let executor = CExecutor::new(&self.executor);
        let expected = broken.is_none().then(|| self.expected(&scene, quantizer));
        let succeeded = run::check(&scene, &executor, &[WRITTEN], broken, || self.call(&scene, quantizer, &executor));
        if succeeded {
            expected.expect("a call that succeeded has a result").check(&scene);
        }
    }

    fn store<T: Element>(&self, scene: &mut Scene, quantizer: &Quantizer<T>, attributes: &Attributes) {
        if self.action == Action::Dequantize {
            let codes = some_codes(self.values.seed(), &self.placings[READ], quantizer.attrs.codes());
            scene.store_codes(READ, &codes);
            return;
        }
        for (tensor, placing) in self.placings.iter().enumerate().filter(|(tensor, _)| *tensor != WRITTEN) {
            with_element!(placing.dtype, E => {
                let values = if tensor == READ { self.values.clone() } else { self.values.others() };
                if size_of_dtype(placing.dtype) == Some(E::SIZE) {
                    scene.store(tensor, &values.elements::<E>(&placing.shape, attributes));
                }
            });
        }
    }

    fn call<T: Element>(&self, scene: &Scene, quantizer: &Quantizer<T>, executor: &CExecutor) -> qdq_status {
        let (tensors, quantizer, executor) = (scene.c(), quantizer.pointer, executor.as_ptr());
        let [read, written] = [READ, WRITTEN].map(|tensor| pointer_to(&tensors[tensor]));
        // SAFETY: the quantizer is NULL or alive; the tensors are NULL, or of live memory, or the call is refused.
        unsafe {
            match self.action {
                Action::Apply => qdq_quantizer_apply(quantizer, executor, read, written),
                Action::Quantize => qdq_quantizer_quantize(quantizer, executor, read, written),
                Action::Dequantize => qdq_quantizer_dequantize(quantizer, executor, read, written),
                Action::Gradient => {
                    qdq_quantizer_grad(quantizer, executor, pointer_to(&tensors[GRADIENTS]), read, written)
                }
            }
        }
    }

    fn broken<T: Element>(&self, scene: &Scene, quantizer: &Quantizer<T>) -> Broken {
        let mut broken = Broken::default();
        broken.executor(&self.executor);
        broken.unless(!quantizer.pointer.is_null(), QDQ_STATUS_NULL_POINTER);
        let sound: Vec<Option<Sound>> = scene.tensors.iter().map(|tensor| broken.tensor(tensor)).collect();
        if !broken.is_none() {
            // The rules that follow compare tensors: all must be whole.
            return broken;
        }
        let sound: Vec<Sound> = sound.into_iter().flatten().collect();
        let axis = quantizer.attrs.axis;
        let shape = sound[READ].shape;
        broken.axis(axis, shape.len() as i32);
        let has_channels = channels(shape, axis) as usize == quantizer.channels.len();
        broken.unless(has_channels, QDQ_STATUS_SIZE_MISMATCH);
        for (tensor, sound) in sound.iter().enumerate() {
            broken.unless(sound.shape == shape, QDQ_STATUS_SIZE_MISMATCH);
            if self.is_of_codes(tensor) {
                broken.codes(sound, quantizer.attrs.codes());
            } else {
                broken.unless(sound.tensor.dtype == dtype_of::<T>(), QDQ_STATUS_UNSUPPORTED_DTYPE);
            }
        }
        let (inputs, output) = ([&sound[..WRITTEN], &sound[GRADIENTS.min(sound.len())..]].concat(), &sound[WRITTEN]);
        match self.action {
            Action::Apply | Action::Gradient => broken.output(output, &inputs, &[]),
            Action::Quantize | Action::Dequantize => broken.output(output, &[], &inputs),
        }
        broken
    }

    fn is_of_codes(&self, tensor: usize) -> bool {
        matches!((self.action, tensor), (Action::Quantize, WRITTEN) | (Action::Dequantize, READ))
    }

    fn expected<T: Element<C: Compute>>(&self, scene: &Scene, quantizer: &Quantizer<T>) -> Expected<T> {
        let Quantizer { attrs, channels, .. } = quantizer;
        let shape = &self.placings[READ].shape;
        if self.action == Action::Dequantize {
            let codes = scene.load_codes(READ);
            return Expected::NumbersOfCodes(by_channel(shape, attrs.axis, channels, |channel, index| {
                let is_free = channel.is_unspecified(codes[index]);
                (!is_free).then(|| (channel.number(codes[index]), channel.is_zeroed()))
            }));
        }
        let input = scene.load::<T>(READ);
        match self.action {
            Action::Quantize => {
                Expected::Codes(by_channel(shape, attrs.axis, channels, |channel, index| channel.code(input[index])))
            }
            Action::Gradient => {
                let gradients = scene.load::<T>(GRADIENTS);
                Expected::Numbers(by_channel(shape, attrs.axis, channels, |channel, index| {
                    channel.gradient(gradients[index], input[index])
                }))
            }
            _ => Expected::Numbers(by_channel(shape, attrs.axis, channels, |channel, index| channel.apply(input[index]))),
        }
    }
}

enum Expected<T> {
    Numbers(Vec<T>),
    Codes(Vec<i128>),
    /// Nothing where a number is unspecified, and whether a zero may have any sign.
    NumbersOfCodes(Vec<Option<(T, bool)>>),
}

impl<T: Element> Expected<T> {
    fn check(&self, scene: &Scene) {
        match self {
            Expected::Numbers(expected) => run::check_numbers("element", &scene.load::<T>(WRITTEN), expected),
            Expected::Codes(expected) => {
                let got = scene.load_codes(WRITTEN);
                let wrong = (0..got.len()).find(|&index| got[index] != expected[index]);
                let wrong = wrong.map(|index| (index, got[index], expected[index]));
                assert_eq!(wrong, None, "an element's code, and the expected one");
            }
            Expected::NumbersOfCodes(expected) => {
                let got = scene.load::<T>(WRITTEN);
                let settle = |number: &T, expected: &Option<(T, bool)>| match expected {
                    None => T::from_bits(0),
                    Some((_, true)) if number.to_f64() == 0.0 => T::from_bits(0),
                    Some(_) => *number,
                };
                let got: Vec<T> = got.iter().zip(expected).map(|(number, of)| settle(number, of)).collect();
                let expected: Vec<T> =
                    expected.iter().map(|of| of.map_or(T::from_bits(0), |(number, _)| settle(&number, of))).collect();
                run::check_numbers("the number of code", &got, &expected);
            }
        }
    }
}

impl Get {
    fn roll(dice: &mut Dice, of: &Family) -> Get {
        let param = dice.within(1, 6);
        let dtype = if of.dtype == QDQ_DTYPE_F64 { QDQ_DTYPE_F64 } else { QDQ_DTYPE_F32 };
        let shape = shape_like(dice, &[of.channels]);
        Get {
            param: dice.mostly(param, 32, &[0, 7, -1]),
            values: Placing::apart(dice, dtype, vec![shape.iter().product()], None),
            fault: dice.once_in(16).then(|| (0, dice.pick(&[Fault::NullData, Fault::MisalignedData]))),
        }
    }

    fn check<T: Element<C: Compute>>(&self, quantizer: &Quantizer<T>) {
        let scene = Scene::new(std::slice::from_ref(&self.values), self.fault);
        let (values, len) = (scene.tensors[0].data, self.values.shape[0] as usize);
        let mut broken = Broken::default();
        broken.unless(!quantizer.pointer.is_null(), QDQ_STATUS_NULL_POINTER);
        broken.unless((1..=6).contains(&self.param), QDQ_STATUS_INVALID_ATTRIBUTE);
        broken.unless(len == quantizer.channels.len(), QDQ_STATUS_SIZE_MISMATCH);
        broken.pointer(values.addr(), len, if T::SIZE == 8 { 8 } else { 4 });
        let executor = CExecutor::new(&Executor::none());
        let succeeded = run::check(&scene, &executor, &[0], broken, || {
            // SAFETY: the quantizer is NULL or alive; there is room for so many values, or the call is refused.
            unsafe { qdq_quantizer_get(quantizer.pointer, self.param, values, len) }
        });
        if succeeded {
            let of = |channel: &Channel<T>| -> f64 {
                match self.param {
                    QDQ_PARAM_SCALE => channel.scale,
                    QDQ_PARAM_INVERSE_SCALE => channel.inverse,
                    QDQ_PARAM_CLAMP_MIN => channel.clamp.0,
                    QDQ_PARAM_CLAMP_MAX => channel.clamp.1,
                    QDQ_PARAM_RANGE_MIN => channel.range.0,
                    _ => channel.range.1,
                }
                .into()
            };
            let expected: Vec<f64> = quantizer.channels.iter().map(of).collect();
            run::check_numbers("the parameter of channel", &load_ends(&scene, 0), &expected);
        }
    }
}

/// The dtype of a type of element.
fn dtype_of<T: Element>() -> qdq_dtype {
    match T::NAME {
        "f64" => QDQ_DTYPE_F64,
        "f16" => QDQ_DTYPE_F16,
        "bf16" => QDQ_DTYPE_BF16,
        _ => QDQ_DTYPE_F32,
    }
}

/// Mostly one that holds the codes.
fn code_dtype(dice: &mut Dice, (least, most): (i64, i64)) -> qdq_dtype {
    let bits = 65 - (least.unsigned_abs().max(most.unsigned_abs())).leading_zeros() as usize;
    let (is_signed, skipped) = (least < 0, dice.pick(&[0, 0, 1, 2]));
    let widths = [8, 16, 32, 64].into_iter().enumerate();
    let fitting = widths.filter(|(_, width)| bits <= *width + usize::from(!is_signed));
    let fitting: Vec<qdq_dtype> = fitting
        .map(|(index, _)| QDQ_DTYPE_I8 + 2 * index as i32 + i32::from(!is_signed))
        .collect();
    fitting.get(skipped).or(fitting.last()).copied().unwrap_or(QDQ_DTYPE_I64)
}

/// Codes for a tensor: near the ends of what there is, near those of their type, or any.
fn some_codes(seed: u64, placing: &Placing, (least, most): (i64, i64)) -> Vec<i128> {
    let rng = &mut Rng(seed);
    let values = 1i128 << (8 * size_of_dtype(placing.dtype).unwrap_or(1));
    let low = if is_signed(placing.dtype) { -values / 2 } else { 0 };
    let ends = [least.into(), most.into(), low, low + values - 1, 0];
    let code = |_| match rng.below(4) {
        0 => rng.pick(&ends) + rng.below(5) as i128 - 2,
        1 => rng.bits().into(),
        _ => i128::from(least) + i128::from(rng.bits()) % (i128::from(most) - i128::from(least) + 1),
    };
    (0..placing.shape.iter().product::<i64>()).map(code).collect()
}
