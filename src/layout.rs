//! Shape and axis to rows that a kernel can run: pure data.
//!
//! A dense row-major tensor with one range per index of an axis is a box [outer, channels, inner]: the dimensions before
//! the axis, the axis, the dimensions after it, each a product. Kernels run rows of it:
//!
//! ```text
//! inner == 1 and channels > 1:   a row is [channels]: each element has a channel of its own
//! otherwise:                     a row is [inner]: all its elements are of one channel
//! ```

use std::ops::Range;

use crate::status::{Error, fail};

/// The largest rank of a tensor.
pub(crate) const MAX_RANK: usize = 64;

/// A tensor as a box of [outer, channels, inner] elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Layout {
    pub(crate) outer: usize,
    pub(crate) channels: usize,
    pub(crate) inner: usize,
}

/// A run of neighbouring elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    /// Of its first element, in elements from the tensor's.
    pub(crate) start: usize,
    pub(crate) len: usize,
    /// Of its first element.
    pub(crate) channel: usize,
    has_channel_per_element: bool,
}

impl Row {
    /// Its place in the tensor's elements.
    #[inline(always)]
    pub(crate) fn range(&self) -> Range<usize> {
        self.start..self.start + self.len
    }

    /// The channels of its elements, where each has its own.
    #[inline(always)]
    pub(crate) fn channels(&self) -> Range<usize> {
        self.channel..self.channel + self.len
    }

    /// A part of it.
    #[inline(always)]
    pub(crate) fn columns(self, columns: &Range<usize>) -> Row {
        let channel = self.channel + if self.has_channel_per_element { columns.start } else { 0 };
        Row {
            start: self.start + columns.start,
            len: columns.len(),
            channel,
            ..self
        }
    }
}

impl Layout {
    /// Checks the dimensions and the axis, and that `element_size` times their product can be addressed.
    pub(crate) fn new(shape: &[i64], axis: i32, element_size: usize) -> Result<Layout, Error> {
        let rank = shape.len();
        if let Some((index, dimension)) = shape.iter().enumerate().find(|(_, dimension)| **dimension < 0) {
            return fail!(InvalidShape, "shape[{index}] is {dimension}; expected 0 or more");
        }
        if axis < -1 || axis >= rank as i32 {
            let last = rank as i64 - 1;
            return fail!(
                InvalidAxis,
                "axis is {axis}; expected -1 to {last} for a tensor of rank {rank}"
            );
        }
        if shape.contains(&0) {
            let channels = if axis < 0 {
                1
            } else {
                channel_count(shape[axis as usize], axis, element_size)?
            };
            return Ok(Layout {
                outer: 0,
                channels,
                inner: 0,
            });
        }
        let Some(elements) = product(shape).filter(|elements| is_addressable(*elements, element_size)) else {
            return fail!(
                InvalidShape,
                "shape is {} ({element_size} bytes an element); expected {} bytes in all at the most",
                Dimensions(shape),
                isize::MAX
            );
        };
        if axis < 0 {
            return Ok(Layout {
                outer: 1,
                channels: 1,
                inner: elements,
            });
        }
        let (before, at_and_after) = shape.split_at(axis as usize);
        // Factors of a product that did not overflow: their products do not either.
        let part = |dimensions: &[i64]| product(dimensions).unwrap_or(elements);
        Ok(Layout {
            outer: part(before),
            channels: at_and_after[0] as usize,
            inner: part(&at_and_after[1..]),
        })
    }

    pub(crate) fn elements(&self) -> usize {
        self.outer * self.channels * self.inner
    }

    /// Whether neighbouring elements are of neighbouring channels.
    pub(crate) fn has_channel_per_element(&self) -> bool {
        self.inner == 1 && self.channels > 1
    }

    pub(crate) fn row_len(&self) -> usize {
        if self.has_channel_per_element() {
            self.channels
        } else {
            self.inner
        }
    }

    pub(crate) fn row_count(&self) -> usize {
        if self.has_channel_per_element() {
            self.outer
        } else {
            self.outer * self.channels
        }
    }

    /// Some of the rows, in the order of memory.
    #[inline(always)]
    pub(crate) fn rows(self, rows: Range<usize>) -> impl Iterator<Item = Row> {
        let (len, has_channel_per_element) = (self.row_len(), self.has_channel_per_element());
        let channels = if has_channel_per_element { 1 } else { self.channels };
        let mut channel = if channels == 0 { 0 } else { rows.start % channels };
        rows.map(move |index| {
            let row = Row {
                start: index * len,
                len,
                channel,
                has_channel_per_element,
            };
            channel = if channel + 1 == channels { 0 } else { channel + 1 };
            row
        })
    }
}

/// The channels of an empty tensor may be many: only their ranges take memory.
fn channel_count(dimension: i64, axis: i32, element_size: usize) -> Result<usize, Error> {
    match usize::try_from(dimension) {
        Ok(channels) if is_addressable(channels, element_size) => Ok(channels),
        _ => fail!(
            InvalidShape,
            "shape[{axis}] is {dimension} ({element_size} bytes an element); expected {} bytes of ranges at the most",
            isize::MAX
        ),
    }
}

fn is_addressable(elements: usize, element_size: usize) -> bool {
    elements
        .checked_mul(element_size)
        .is_some_and(|bytes| bytes <= isize::MAX as usize)
}

fn product(dimensions: &[i64]) -> Option<usize> {
    dimensions.iter().try_fold(1usize, |product, dimension| {
        product.checked_mul(usize::try_from(*dimension).ok()?)
    })
}

/// A shape in words: [2, 3, 4].
struct Dimensions<'a>(&'a [i64]);

impl std::fmt::Display for Dimensions<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::status::Status;

    fn layout(shape: &[i64], axis: i32) -> (usize, usize, usize) {
        let layout = Layout::new(shape, axis, 4).expect("a valid shape");
        (layout.outer, layout.channels, layout.inner)
    }

    fn failure(shape: &[i64], axis: i32) -> Status {
        Layout::new(shape, axis, 4).expect_err("an invalid shape").status()
    }

    #[test]
    fn dimensions_are_grouped_around_the_axis() {
        assert_eq!(layout(&[], -1), (1, 1, 1));
        assert_eq!(layout(&[2, 3, 4, 5], -1), (1, 1, 120));
        assert_eq!(layout(&[2, 3, 4, 5], 0), (1, 2, 60));
        assert_eq!(layout(&[2, 3, 4, 5], 1), (2, 3, 20));
        assert_eq!(layout(&[2, 3, 4, 5], 3), (24, 5, 1));
        assert_eq!(layout(&[i64::MAX, 0], 1), (0, 0, 0));
    }

    #[test]
    fn impossible_shapes_are_refused() {
        assert_eq!(failure(&[2, -1], -1), Status::InvalidShape);
        assert_eq!(failure(&[i64::MAX], -1), Status::InvalidShape);
        assert_eq!(failure(&[1 << 32, 1 << 32], -1), Status::InvalidShape);
        assert_eq!(failure(&[i64::MAX, 0], 0), Status::InvalidShape);
        assert_eq!(failure(&[], 0), Status::InvalidAxis);
        assert_eq!(failure(&[2, 3], 2), Status::InvalidAxis);
        assert_eq!(failure(&[2, 3], -2), Status::InvalidAxis);
    }
}
