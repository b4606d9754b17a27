//! Who does what: pure data. A pass over a layout is cut into pieces along one dimension, one piece for each task of an
//! executor, and each element is in one piece.

use std::ops::Range;

use crate::layout::{Layout, Piece};

/// A thread more pays from about so many bytes for each.
const BYTES_PER_TASK: usize = 128 << 10;

/// The most pieces of a pass.
pub(crate) const MAX_PIECES: usize = 256;

/// The most ranges of channels that the tasks of a range pass hold beside each other.
pub(crate) const MAX_PARTIAL_RANGES: usize = 128;

/// A pass cut into pieces.
pub(crate) struct Plan<'a, const N: usize> {
    layout: &'a Layout<N>,
    /// The dimension that is cut, and its size.
    dimension: usize,
    size: usize,
    pieces: usize,
}

impl<'a, const N: usize> Plan<'a, N> {
    /// Of a pass in which elements do not depend on each other. `width` is how many tasks can run at once,
    /// `element_size` how many bytes an element moves.
    pub(crate) fn of_elements(layout: &'a Layout<N>, width: usize, element_size: usize) -> Self {
        let wanted = wanted_pieces(layout, width, element_size);
        let (dimension, size) = outermost_of(layout, wanted);
        Plan { layout, dimension, size, pieces: wanted.min(size).max(1) }
    }

    /// Of a pass that gathers the channels' ranges: no two pieces share a channel, or each has ranges of its own
    /// ([`Plan::has_partial_ranges`]), at most [`MAX_PARTIAL_RANGES`] in all.
    pub(crate) fn of_ranges(layout: &'a Layout<N>, width: usize, element_size: usize) -> Self {
        let elements =
            Self::of_elements(layout, width.min(MAX_PARTIAL_RANGES / layout.channels().max(1)), element_size);
        match layout.dimensions().enumerate().find(|(_, dimension)| dimension.has_channels()) {
            Some((index, channels)) => {
                let pieces = wanted_pieces(layout, width, element_size).min(channels.size);
                let channels = Plan { layout, dimension: index, size: channels.size, pieces };
                if channels.pieces >= elements.pieces { channels } else { elements }
            }
            None => elements,
        }
    }

    pub(crate) fn pieces(&self) -> usize {
        self.pieces
    }

    pub(crate) fn piece(&self, index: usize) -> Piece<'a, N> {
        Piece::new(self.layout, self.dimension, part(self.size, index, self.pieces))
    }

    /// Whether different pieces hold elements of one channel.
    pub(crate) fn has_partial_ranges(&self) -> bool {
        self.pieces > 1 && !self.layout.dimensions().nth(self.dimension).is_some_and(|cut| cut.has_channels())
    }
}

fn wanted_pieces<const N: usize>(layout: &Layout<N>, width: usize, element_size: usize) -> usize {
    let by_size = layout.elements().saturating_mul(element_size) / BYTES_PER_TASK;
    width.min(by_size).clamp(1, MAX_PIECES)
}

/// The outermost dimension that gives every piece enough to be of equal work, or else the largest.
fn outermost_of<const N: usize>(layout: &Layout<N>, pieces: usize) -> (usize, usize) {
    const INDICES_PER_PIECE: usize = 8;
    let sizes = || layout.dimensions().map(|dimension| dimension.size).enumerate();
    let largest = sizes().max_by_key(|(_, size)| *size).unwrap_or((0, 1));
    sizes().find(|(_, size)| *size >= pieces * INDICES_PER_PIECE).unwrap_or(largest)
}

/// The index-th of `parts` nearly equal parts of 0..total.
fn part(total: usize, index: usize, parts: usize) -> Range<usize> {
    let (size, larger) = (total / parts, total % parts);
    let start = index * size + index.min(larger);
    start..start + size + usize::from(index < larger)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::{Counters, STAGED, Shape};

    /// Every element's channel, by the pieces of a plan; each element must be in one piece.
    fn channels_seen(layout: &Layout<1>, plan: &Plan<'_, 1>, extent: usize) -> Vec<Option<usize>> {
        let mut seen = vec![None; extent];
        for row in (0..plan.pieces()).flat_map(|index| plan.piece(index).rows(&mut Counters::new()).collect::<Vec<_>>())
        {
            for offset in 0..row.len {
                let at = row.starts[0].wrapping_add_signed(row.strides[0] * offset as isize);
                let channel = row.channel + if layout.has_channel_per_element() { offset } else { 0 };
                assert_eq!(seen[at].replace(channel), None, "element {at} is in two pieces");
            }
        }
        seen
    }

    #[test]
    fn pieces_cover_every_element_once_with_its_channel() {
        // A large element size makes even small layouts worth several tasks.
        const ELEMENT_SIZE: usize = BYTES_PER_TASK;
        for (shape, axis) in [
            (vec![7], -1),
            (vec![3, 4], 0),
            (vec![5, 3], 1),
            (vec![2, 1], 0),
            (vec![3, 2, 5], 1),
            (vec![20, 2, 2], 1),
            (vec![2, 3 * STAGED as i64 + 7], -1),
            (vec![0, 3], 1),
            (vec![], -1),
        ] {
            let checked = Shape::new("shape", &shape, axis, 4).expect("a valid shape");
            let extent = checked.elements();
            // Row-major, and the same memory walked as its transpose, every second element of a larger one.
            let mut strides: Vec<i64> = vec![2; shape.len()];
            for index in (1..shape.len()).rev() {
                strides[index - 1] = strides[index] * shape[index];
            }
            for width in [1, 2, 3, 9] {
                let (mut dense, mut apart) = (Layout::new(), Layout::new());
                dense.set_dense(&checked);
                apart.set_strided(&checked, [&strides], [0]);
                for plan_of in [Plan::of_elements, Plan::of_ranges] {
                    let seen = channels_seen(&dense, &plan_of(&dense, width, ELEMENT_SIZE), extent);
                    let inner: usize = shape[(axis + 1) as usize..].iter().product::<i64>() as usize;
                    let expected = |at: usize| if axis < 0 { 0 } else { at / inner % checked.channels() };
                    assert!(seen.iter().enumerate().all(|(at, channel)| *channel == Some(expected(at))));
                    let strided = channels_seen(&apart, &plan_of(&apart, width, ELEMENT_SIZE), 2 * extent);
                    assert!(strided.iter().step_by(2).eq(&seen));
                }
            }
        }
    }

    #[test]
    fn ranges_are_cut_by_channel_or_partial() {
        let shape = Shape::new("shape", &[64, 1000], 0, 4).expect("a valid shape");
        let mut layout = Layout::<1>::new();
        layout.set_dense(&shape);
        let plan = Plan::of_ranges(&layout, 4, BYTES_PER_TASK);
        assert!(plan.pieces() == 4 && !plan.has_partial_ranges());

        let shape = Shape::new("shape", &[3, 1000], 0, 4).expect("a valid shape");
        let mut layout = Layout::<1>::new();
        layout.set_dense(&shape);
        let plan = Plan::of_ranges(&layout, 16, BYTES_PER_TASK);
        assert!(plan.pieces() == 16 && plan.has_partial_ranges());
    }

    #[test]
    fn small_work_is_one_piece() {
        let shape = Shape::new("shape", &[1000], -1, 4).expect("a valid shape");
        let mut layout = Layout::<1>::new();
        layout.set_dense(&shape);
        assert_eq!(Plan::of_elements(&layout, 64, 8).pieces(), 1);
    }
}
