//! A quantizer, made of ranges.

use std::ptr;

use qdq::capi::*;

use super::{Family, Phases, store_ends};
use crate::case::load_ends;
use crate::channel::{Channel, Compute};
use crate::describe::{ELEMENTS, Executor};
use crate::dice::Dice;
use crate::element::Element;
use crate::oracle::Numbers;
use crate::reference::{Attrs, Degenerate};
use crate::rules::Broken;
use crate::run;
use crate::scene::{Fault, Placing, Scene, pointer_to};
use crate::workers::{CAttributes, CExecutor};

/// A qdq_quantizer_create of these ranges.
#[derive(Debug)]
pub(super) struct Create {
    dtype: qdq_dtype,
    placings: [Placing; 2],
    fault: Option<(usize, Fault)>,
    /// Where the quantizer is to go.
    is_null: bool,
}

/// A quantizer, or NULL, and what it should know.
pub(super) struct Quantizer<T: Element> {
    pub(super) pointer: *mut qdq_quantizer,
    pub(super) attrs: Attrs,
    pub(super) channels: Vec<Channel<T>>,
}

impl<T: Element> Drop for Quantizer<T> {
    fn drop(&mut self) {
        // SAFETY: NULL, or made by qdq_quantizer_create, and nobody else has it.
        unsafe { qdq_quantizer_destroy(self.pointer) }
    }
}

impl Create {
    pub(super) fn roll(dice: &mut Dice, of: &Family) -> Create {
        Create {
            dtype: dice.mostly(of.dtype, 48, &[0, 1, 2, 3, 4, 5, 12, -1]),
            placings: [of.ends(dice), of.ends(dice)],
            fault: Fault::roll(dice, 2),
            is_null: dice.once_in(64),
        }
    }

    pub(super) fn check<T: Element<C: Compute>>(&self, phases: &Phases, ends: &Numbers) -> Quantizer<T> {
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
        if phases.attributes.is_range_given() {
            broken.given_ranges(ends)
        } else {
            broken.gathered_ranges(ends)
        }
        broken
    }
}
