//! The rules that a typed call breaks.

use qdq::capi::*;

use super::{GRADIENTS, HI, HI_BACKPROP, INPUT, LO, LO_BACKPROP, OUTPUT, Ready};
use crate::describe::channels;
use crate::element::Element;
use crate::rules::Broken;

impl Ready<'_> {
    /// The tensors' data are its pointers, and the input's shape and rank are the call's.
    pub(super) fn broken_of_typed<T: Element>(&self) -> Broken {
        let mut broken = self.broken_of_arguments();
        let (attrs, shape) = (self.attrs(), &self.scene.tensors[INPUT]);
        let is_given = self.case.attributes.is_range_given();
        let mut of_shape = Broken::default();
        of_shape.dimensions(shape.rank, shape.shape.as_deref(), T::SIZE);
        of_shape.axis(attrs.axis, shape.rank);
        if !is_given {
            let are_null = self.pointer(LO) == 0 && self.pointer(HI) == 0;
            broken.unless(are_null, QDQ_STATUS_INVALID_RANGE);
            broken.unless(self.case.range_len == 0, QDQ_STATUS_SIZE_MISMATCH);
        }
        if !of_shape.is_none() {
            broken.extend(of_shape);
            return broken;
        }
        let dimensions = shape.shape.as_deref().unwrap_or(&[]);
        let elements = if dimensions.contains(&0) { 0 } else { dimensions.iter().product::<i64>() as usize };
        let channels = channels(dimensions, attrs.axis) as usize;
        let range_len = self.case.range_len;
        broken.unless(!is_given || range_len == channels, QDQ_STATUS_SIZE_MISMATCH);

        let mut regions = vec![(INPUT, elements), (OUTPUT, elements)];
        if is_given {
            regions.extend([(LO, range_len), (HI, range_len)]);
        }
        if self.case.function.is_gradient {
            regions.push((GRADIENTS, elements));
            regions.extend(
                [LO_BACKPROP, HI_BACKPROP]
                    .into_iter()
                    .filter(|&t| self.pointer(t) != 0)
                    .map(|tensor| (tensor, channels)),
            );
        }
        for &(tensor, len) in &regions {
            broken.pointer(self.pointer(tensor), len, T::SIZE);
        }
        // As many channels as a dimension has beside another of 0: the tensor is possible, their gradients are not.
        if regions.iter().any(|(_, len)| len.checked_mul(T::SIZE).is_none_or(|bytes| bytes > isize::MAX as usize)) {
            broken.add(QDQ_STATUS_INVALID_SHAPE);
            return broken;
        }
        self.check_regions_apart::<T>(&mut broken, &regions);
        let are_whole = self.case.range_len == self.case.placings[LO].shape.iter().product::<i64>() as usize;
        if is_given && are_whole && self.pointer(LO) != 0 && self.pointer(HI) != 0 {
            broken.given_ranges([&self.ends_of(LO), &self.ends_of(HI)]);
        }
        broken
    }

    fn check_regions_apart<T: Element>(&self, broken: &mut Broken, regions: &[(usize, usize)]) {
        let bytes = |&(tensor, len): &(usize, usize)| (self.pointer(tensor), self.pointer(tensor) + len * T::SIZE);
        let is_output = |tensor: usize| [OUTPUT, LO_BACKPROP, HI_BACKPROP].contains(&tensor);
        for (index, a) in regions.iter().enumerate() {
            for b in &regions[index + 1..] {
                if !is_output(a.0) && !is_output(b.0) {
                    continue;
                }
                let may_be_same =
                    [a.0, b.0].contains(&OUTPUT) && [a.0, b.0].iter().any(|t| [INPUT, GRADIENTS].contains(t));
                let ((a_start, a_end), (b_start, b_end)) = (bytes(a), bytes(b));
                let is_same = may_be_same && a_start == b_start;
                let is_empty = a_start == a_end || b_start == b_end;
                let is_apart = is_empty || a_end <= b_start || b_end <= a_start;
                broken.unless(is_same || is_apart, QDQ_STATUS_OVERLAP);
            }
        }
    }
}
