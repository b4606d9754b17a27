//! The rules that a call on views breaks.

use qdq::capi::*;

use super::{Function, GRADIENTS, HI, HI_BACKPROP, INPUT, LO, LO_BACKPROP, OUTPUT, Ready};
use crate::describe::channels;
use crate::rules::{Broken, Sound};

impl Ready<'_> {
    pub(super) fn broken_of_view(&self) -> Broken {
        let mut broken = self.broken_of_arguments();
        let Function { is_gradient, .. } = self.case.function;
        let is_given = self.case.attributes.is_range_given();
        let sound: Vec<Option<Sound>> = (0..self.scene.tensors.len())
            .map(|index| {
                let is_unexpected = !is_given && [LO, HI].contains(&index);
                let is_left_out = [LO_BACKPROP, HI_BACKPROP].contains(&index) && !self.is_present(index);
                let tensor = &self.scene.tensors[index];
                if is_unexpected {
                    broken.unless(tensor.is_null, QDQ_STATUS_INVALID_RANGE);
                }
                if is_unexpected || is_left_out { None } else { broken.tensor(tensor) }
            })
            .collect();
        let of = |index: usize| sound.get(index).copied().flatten();
        let Some(input) = of(INPUT) else {
            return broken;
        };
        let (axis, dtype) = (self.attrs().axis, input.tensor.dtype);
        broken.unless(input.is_real(), QDQ_STATUS_UNSUPPORTED_DTYPE);
        broken.axis(axis, input.shape.len() as i32);
        for tensor in [OUTPUT, GRADIENTS].into_iter().filter_map(of) {
            broken.unless(tensor.tensor.dtype == dtype, QDQ_STATUS_UNSUPPORTED_DTYPE);
            broken.unless(tensor.shape == input.shape, QDQ_STATUS_SIZE_MISMATCH);
        }
        let channels = channels(input.shape, axis);
        for tensor in [LO, HI, LO_BACKPROP, HI_BACKPROP].into_iter().filter_map(of) {
            broken.range_tensor(&tensor, dtype, axis, channels);
        }
        if let (Some(_), Some(_)) = (of(LO), of(HI)) {
            broken.given_ranges([&self.ends_of(LO), &self.ends_of(HI)]);
        }
        let read: Vec<Sound> = [LO, HI].into_iter().filter_map(of).collect();
        let same: Vec<Sound> = [INPUT, GRADIENTS].into_iter().filter_map(of).collect();
        if let Some(output) = of(OUTPUT) {
            broken.output(&output, &same, &read);
        }
        if is_gradient {
            let mut others: Vec<Sound> = [&same[..], &read].concat();
            others.extend(of(OUTPUT));
            for tensor in [LO_BACKPROP, HI_BACKPROP].into_iter().filter_map(of) {
                broken.output(&tensor, &[], &others);
                others.push(tensor);
            }
        }
        broken
    }
}
