//! What is done with a quantizer.

use qdq::capi::*;

use super::Family;
use super::codes::{code_dtype, some_codes};
use super::create::Quantizer;
use crate::channel::Compute;
use crate::describe::{
    Attributes, Executor, Values, channels, dtype_like, dtype_of, shape_like, size_of_dtype, strides,
};
use crate::dice::Dice;
use crate::element::Element;
use crate::oracle::by_channel;
use crate::rules::{Broken, Sound};
use crate::run;
use crate::scene::{Fault, Placing, Scene, pointer_to};
use crate::with_element;
use crate::workers::CExecutor;

/// What is done with a quantizer. The tensors are what is read, what is written and, of the gradient, the gradients.
#[derive(Debug)]
pub(super) struct Use {
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

const READ: usize = 0;
const WRITTEN: usize = 1;
const GRADIENTS: usize = 2;

impl Use {
    pub(super) fn roll(dice: &mut Dice, of: &Family, codes: (i64, i64)) -> Use {
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

    pub(super) fn check<T: Element<C: Compute>>(&self, quantizer: &Quantizer<T>, attributes: &Attributes) {
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
            _ => {
                Expected::Numbers(by_channel(shape, attrs.axis, channels, |channel, index| channel.apply(input[index])))
            }
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
    pub(super) fn check(&self, scene: &Scene) {
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
