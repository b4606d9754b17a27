//! Who does what: pure data. A pass over a layout is cut into pieces along one dimension, one piece for each task of an
//! executor, and each element is in one piece.

use std::ops::Range;

use crate::layout::{Layout, Piece};
use crate::simd::MAX_LANES;

/// A thread more pays from about so many bytes for each. Fuzzers want the seams between tasks in small tensors.
const BYTES_PER_TASK: usize = if cfg!(fuzzing) { 256 } else { 128 << 10 };

/// The most pieces of a pass.
pub(crate) const MAX_PIECES: usize = 256;

/// The most ranges of channels that the tasks of a range pass hold beside each other.
pub(crate) const MAX_PARTIAL_RANGES: usize = 512;

/// A channel of so many bytes, read for its range, is still near when its elements are written.
const FUSED_CHANNEL: usize = 256 << 10;

/// Whether a pass that reads `bytes`, or writes them to memory of their own, should not expect to find them in the caches,
/// nor leave them there. Streaming stores pay from a fraction of the last-level cache on, which is shared.
pub(crate) fn is_far(bytes: usize, last_level_size: usize) -> bool {
    // Fuzzers want streaming stores in small tensors.
    let least = if cfg!(fuzzing) { 2 << 10 } else { (last_level_size / 4).clamp(4 << 20, 16 << 20) };
    bytes >= least
}

/// Whether each channel's range and its elements are better done in turn than in two passes over everything.
pub(crate) fn is_fused<const N: usize>(layout: &Layout<N>, element_size: usize) -> bool {
    let channels = layout.channels();
    if channels == 1 || !layout.has_channels_in_one_run() {
        return false;
    }
    let len = layout.elements() / channels;
    (MAX_LANES..=FUSED_CHANNEL / element_size).contains(&len)
}

/// A pass cut into pieces.
pub(crate) struct Plan<'a, const N: usize> {
    layout: &'a Layout<N>,
    /// The dimension that is cut, and its size in units of so many indices.
    dimension: usize,
    size: usize,
    unit: usize,
    pieces: usize,
}

impl<'a, const N: usize> Plan<'a, N> {
    /// Of a pass in which elements do not depend on each other. `width` is how many tasks can run at once,
    /// `element_size` how many bytes an element moves.
    pub(crate) fn of_elements(layout: &'a Layout<N>, width: usize, element_size: usize) -> Self {
        let wanted = wanted_pieces(layout, width, element_size);
        let (dimension, size) = if wanted == 1 { outermost(layout) } else { outermost_of(layout, wanted) };
        Plan { layout, dimension, size, unit: 1, pieces: wanted.min(size).max(1) }
    }

    /// Of a pass in which the elements of a channel depend on each other: no two pieces share one. There is a dimension
    /// of channels.
    pub(crate) fn of_channels(layout: &'a Layout<N>, width: usize, element_size: usize) -> Self {
        Self::by_channels(layout, width, element_size).unwrap_or_else(|| Self::of_elements(layout, 1, element_size))
    }

    /// Of a pass that gathers the channels' ranges: no two pieces share a channel, or each has ranges of its own
    /// ([`Plan::has_partial_ranges`]), at most [`MAX_PARTIAL_RANGES`] in all.
    pub(crate) fn of_ranges(layout: &'a Layout<N>, width: usize, element_size: usize) -> Self {
        let ranges_of_all = MAX_PARTIAL_RANGES / layout.channels().max(1);
        let elements = Self::of_elements(layout, width.min(ranges_of_all), element_size);
        match Self::by_channels(layout, width, element_size) {
            // Neighbours of few channels are no work to share: the rows are.
            Some(channels) if channels.pieces > elements.pieces || layout.channel_size(channels.dimension) > 1 => {
                channels
            }
            _ => elements,
        }
    }

    fn by_channels(layout: &'a Layout<N>, width: usize, element_size: usize) -> Option<Self> {
        let (dimension, channels) = layout.dimensions().enumerate().find(|(_, dimension)| dimension.has_channels())?;
        let unit = layout.channel_size(dimension);
        let size = channels.size / unit;
        let pieces = wanted_pieces(layout, width, element_size).min(size);
        Some(Plan { layout, dimension, size, unit, pieces })
    }

    pub(crate) fn pieces(&self) -> usize {
        self.pieces
    }

    pub(crate) fn piece(&self, index: usize) -> Piece<'a, N> {
        let part = part(self.size, index, self.pieces);
        Piece::new(self.layout, self.dimension, part.start * self.unit..part.end * self.unit)
    }

    /// Whether different pieces hold elements of one channel.
    pub(crate) fn has_partial_ranges(&self) -> bool {
        let cut = self.layout.dimensions().nth(self.dimension);
        let is_between_channels =
            cut.is_some_and(|cut| cut.has_channels()) && self.unit == self.layout.channel_size(self.dimension);
        self.pieces > 1 && !is_between_channels
    }
}

fn wanted_pieces<const N: usize>(layout: &Layout<N>, width: usize, element_size: usize) -> usize {
    if width == 1 {
        return 1;
    }
    let by_size = layout.elements().saturating_mul(element_size) / BYTES_PER_TASK;
    width.min(by_size).clamp(1, MAX_PIECES)
}

fn outermost<const N: usize>(layout: &Layout<N>) -> (usize, usize) {
    (0, layout.dimensions().next().map_or(1, |dimension| dimension.size))
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
    use crate::layout::{Counters, Matrix, Shape};

    /// Elements of a part.
    const PART: usize = 64;

    /// Every element's channel, by the pieces of a plan, in whole matrices and in parts; each element must be in one
    /// piece, once.
    fn channels_seen(plan: &Plan<'_, 1>, extent: usize) -> Vec<Option<usize>> {
        let whole = seen_by(plan, extent, |matrix| vec![matrix]);
        let parts = seen_by(plan, extent, |matrix| matrix.parts(PART, 0).collect());
        assert_eq!(whole, seen_by(plan, extent, |matrix| matrix.parts(PART, 3).collect()));
        assert_eq!(whole, parts);
        whole
    }

    fn seen_by(plan: &Plan<'_, 1>, extent: usize, split: impl Fn(Matrix<1>) -> Vec<Matrix<1>>) -> Vec<Option<usize>> {
        let mut seen = vec![None; extent];
        let pieces = (0..plan.pieces()).map(|index| plan.piece(index));
        for matrix in pieces.flat_map(|piece| piece.matrices(&mut Counters::new()).flat_map(&split).collect::<Vec<_>>())
        {
            let place = matrix.place(0);
            for (row, column) in (0..place.rows).flat_map(|row| (0..place.len).map(move |column| (row, column))) {
                let offset = place.apart * row as isize + place.stride * column as isize;
                let at = place.start.wrapping_add_signed(offset);
                let channel = matrix.channels().of(row).after(column).channel;
                assert_eq!(seen[at].replace(channel), None, "element {at} is seen twice");
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
            (vec![2, 3 * PART as i64 + 7], -1),
            (vec![19, 130], 1),
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
                for plan_of in [Plan::of_elements, Plan::of_ranges, Plan::of_channels] {
                    let seen = channels_seen(&plan_of(&dense, width, ELEMENT_SIZE), extent);
                    let inner: usize = shape[(axis + 1) as usize..].iter().product::<i64>() as usize;
                    let expected = |at: usize| if axis < 0 { 0 } else { at / inner % checked.channels() };
                    assert!(seen.iter().enumerate().all(|(at, channel)| *channel == Some(expected(at))));
                    let strided = channels_seen(&plan_of(&apart, width, ELEMENT_SIZE), 2 * extent);
                    assert!(strided.iter().step_by(2).eq(&seen));
                }
            }
        }
    }

    fn dense<const N: usize>(shape: &[i64], axis: i32) -> Layout<N> {
        let shape = Shape::new("shape", shape, axis, 4).expect("a valid shape");
        let mut layout = Layout::new();
        layout.set_dense(&shape);
        layout
    }

    /// How many pieces, and whether they share channels.
    fn ranges(shape: &[i64], axis: i32, width: usize) -> (usize, bool) {
        let layout = dense::<1>(shape, axis);
        let plan = Plan::of_ranges(&layout, width, BYTES_PER_TASK);
        (plan.pieces(), plan.has_partial_ranges())
    }

    #[test]
    fn ranges_are_cut_by_channel_or_partial() {
        // Channels that are runs: between them.
        assert_eq!(ranges(&[64, 1000], 0, 4), (4, false));
        // Fewer channels than threads: each thread has ranges of its own.
        assert_eq!(ranges(&[1000], -1, 16), (16, true));
        // Neighbours of few channels: the rows are shared; of many, the channels.
        assert_eq!(ranges(&[1000, 64], 1, 2), (2, true));
        assert_eq!(ranges(&[1000, 1000], 1, 2), (2, false));
    }

    #[test]
    fn channels_are_fused_where_each_is_a_run_of_moderate_length() {
        assert!(is_fused(&dense::<2>(&[64, 147], 0), 4));
        assert!(!is_fused(&dense::<2>(&[147], -1), 4), "one channel");
        assert!(!is_fused(&dense::<2>(&[2, 64, 147], 1), 4), "two runs for a channel");
        assert!(!is_fused(&dense::<2>(&[147, 64], 1), 4), "channels side by side");
        assert!(!is_fused(&dense::<2>(&[64, 7], 0), 4), "shorter than a vector");
        assert!(!is_fused(&dense::<2>(&[2, 1 << 20], 0), 4), "long channels");
    }

    #[test]
    fn far_is_a_fraction_of_the_last_level_cache_within_bounds() {
        assert!(!is_far((8 << 20) - 1, 32 << 20) && is_far(8 << 20, 32 << 20));
        assert!(!is_far((4 << 20) - 1, 1 << 20) && is_far(4 << 20, 1 << 20));
        assert!(is_far(16 << 20, 1 << 30));
    }

    #[test]
    fn parts_are_nearly_equal_and_follow_each_other() {
        let parts: Vec<_> = (0..3).map(|index| part(11, index, 3)).collect();
        assert_eq!(parts, [0..4, 4..8, 8..11]);
    }
}
