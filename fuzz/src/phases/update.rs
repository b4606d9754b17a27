//! Ranges, widened by a tensor.

use qdq::capi::*;

use super::{Family, Phases, store_ends};
use crate::case::load_ends;
use crate::describe::{Executor, Values, channels};
use crate::dice::Dice;
use crate::element::Element;
use crate::oracle::{self, Numbers};
use crate::rules::Broken;
use crate::run;
use crate::scene::{Fault, Placing, Scene, pointer_to};
use crate::with_element;
use crate::workers::{CAttributes, CExecutor};

/// A qdq_range_update of these tensors: input, range_min, range_max.
#[derive(Debug)]
pub(super) struct Update {
    placings: [Placing; 3],
    values: Values,
    executor: Executor,
    fault: Option<(usize, Fault)>,
}

impl Update {
    pub(super) fn roll(dice: &mut Dice, of: &Family) -> Update {
        let shape = of.shape(dice);
        Update {
            placings: [of.tensor(dice, of.dtype, &shape, false), of.ends(dice), of.ends(dice)],
            fault: Fault::roll(dice, 3),
            executor: Executor::roll(dice),
            values: Values::roll(dice),
        }
    }

    /// The ranges, widened where it succeeds.
    pub(super) fn check<T: Element>(&self, phases: &Phases, ends: Numbers) -> Numbers {
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
