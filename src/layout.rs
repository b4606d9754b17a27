//! Shapes, axes and strides to rows that a kernel can run: pure data.
//!
//! The tensors of a call, its operands, have one shape and each its own strides. A [`Layout`] walks them together:
//!
//! ```text
//! a row:      one dimension, neighbours in memory where that is possible
//! the nest:   the other dimensions, outermost first
//! ```
//!
//! Which dimension is outer does not change the result, so the walk follows memory: dimensions are ordered by the last
//! operand's strides, turned round where they run backwards, and merged where two are one. A dense tensor with an axis
//! becomes [before the axis, the axis, after it]; so does a view that is dense in another order. At most one dimension
//! is that of the channels: elements of a row share a channel, or (where it is the row's) each has its own.

use std::cmp::Reverse;
use std::fmt;
use std::ops::Range;

use arrayvec::ArrayVec;

use crate::status::{Error, fail};

/// The largest rank of a tensor.
pub(crate) const MAX_RANK: usize = 64;

/// A shape whose dimensions, product and size in bytes are possible, and the axis of its channels.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape<'a> {
    dimensions: &'a [i64],
    axis: Option<usize>,
    elements: usize,
    channels: usize,
}

impl<'a> Shape<'a> {
    /// Checks dimensions and axis, and that as many elements of `element_size` bytes can be addressed. `name` is
    /// what an error calls the dimensions.
    #[inline(always)]
    pub(crate) fn new(
        name: impl fmt::Display,
        dimensions: &'a [i64],
        axis: i32,
        element_size: usize,
    ) -> Result<Self, Error> {
        let rank = dimensions.len();
        // None where the product is too large for a number.
        let (mut product, mut is_empty) = (Some(1i64), false);
        for (index, &dimension) in dimensions.iter().enumerate() {
            if dimension < 0 {
                return fail!(InvalidShape, "{name}[{index}] is {dimension}; expected 0 or more");
            }
            is_empty |= dimension == 0;
            product = product.and_then(|product| product.checked_mul(dimension));
        }
        if axis < -1 || axis >= rank as i32 {
            return match rank {
                0 => fail!(InvalidAxis, "axis is {axis}; expected -1 for a tensor of rank 0"),
                _ => fail!(InvalidAxis, "axis is {axis}; expected -1 to {} for a tensor of rank {rank}", rank - 1),
            };
        }
        let axis = usize::try_from(axis).ok();
        let channels = axis.map_or(1, |axis| dimensions[axis] as usize);
        let elements = if is_empty { Some(0) } else { product };
        match elements.and_then(|elements| usize::try_from(elements).ok()) {
            Some(elements) if elements <= isize::MAX as usize / element_size => {
                Ok(Shape { dimensions, axis, elements, channels })
            }
            _ => fail!(
                InvalidShape,
                "{name} is {} ({element_size} bytes an element); expected {} bytes in all at the most",
                Dimensions(dimensions),
                isize::MAX
            ),
        }
    }

    pub(crate) fn elements(&self) -> usize {
        self.elements
    }

    pub(crate) fn channels(&self) -> usize {
        self.channels
    }

    /// The same with one channel.
    pub(crate) fn without_axis(self) -> Self {
        Shape { axis: None, channels: 1, ..self }
    }
}

/// A shape in words: [2, 3, 4], the first ones of a long one.
pub(crate) struct Dimensions<'a>(pub(crate) &'a [i64]);

impl fmt::Display for Dimensions<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 8;
        f.debug_list().entries(self.0.iter().take(SHOWN)).finish()?;
        if self.0.len() > SHOWN { write!(f, " and {} more", self.0.len() - SHOWN) } else { Ok(()) }
    }
}

/// A dimension: its size, and how far apart its elements are in each operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Dimension<const N: usize> {
    pub(crate) size: usize,
    strides: [isize; N],
    /// 1 in the dimension of the channels, else 0.
    channel_step: usize,
}

impl<const N: usize> Dimension<N> {
    const SINGLE: Self = Dimension { size: 1, strides: [1; N], channel_step: 0 };

    pub(crate) fn has_channels(&self) -> bool {
        self.channel_step == 1
    }

    /// How far apart its elements are, the last operand's first.
    fn distances(&self) -> [usize; N] {
        let mut distances = self.strides.map(isize::unsigned_abs);
        distances.reverse();
        distances
    }

    /// Whether it ends where `outer`'s next element begins, in every operand.
    fn continues(&self, outer: &Self) -> bool {
        let end = |index: usize| self.strides[index].checked_mul(self.size as isize);
        (0..N).all(|index| end(index) == Some(outer.strides[index]))
    }
}

/// How to walk N operands of one shape. Large: build it in place and lend it.
#[derive(Debug)]
pub(crate) struct Layout<const N: usize> {
    nest: ArrayVec<Dimension<N>, MAX_RANK>,
    row: Dimension<N>,
    /// How many neighbours in a row share a channel.
    inner: usize,
    /// Of the first element in each operand's buffer.
    starts: [usize; N],
    elements: usize,
    channels: usize,
}

impl<const N: usize> Layout<N> {
    /// Of no elements, to be filled in.
    pub(crate) fn new() -> Self {
        let (nest, row) = (ArrayVec::new(), Dimension::SINGLE);
        Layout { nest, row, inner: ONE_CHANNEL, starts: [0; N], elements: 0, channels: 1 }
    }

    /// Operands that are all dense and row-major.
    pub(crate) fn set_dense(&mut self, shape: &Shape<'_>) {
        self.set_size(shape);
        if self.elements == 0 {
            return;
        }
        if self.channels == 1 {
            // Short, because a small call takes this way.
            self.row.size = self.elements;
            return;
        }
        let before = shape.axis.unwrap_or(0);
        let outer = shape.dimensions[..before].iter().product::<i64>() as usize;
        let inner = self.elements / outer / self.channels;
        let dimension =
            |size: usize, stride: usize, channel_step| Dimension { size, strides: [stride as isize; N], channel_step };
        for dimension in
            [dimension(outer, self.channels * inner, 0), dimension(self.channels, inner, 1), dimension(inner, 1, 0)]
        {
            if dimension.size > 1 {
                self.nest.push(dimension);
            }
        }
        self.take_row();
    }

    /// Operands with strides, each given for every dimension. `starts` are of the first element (all indices 0) in
    /// each operand's buffer, which reaches from its lowest to its highest element.
    pub(crate) fn set_strided(&mut self, shape: &Shape<'_>, strides: [&[i64]; N], starts: [usize; N]) {
        self.set_size(shape);
        if self.elements == 0 {
            return;
        }
        self.starts = starts;
        for (index, size) in shape.dimensions.iter().enumerate().filter(|(_, size)| **size > 1) {
            let channel_step = usize::from(shape.axis == Some(index));
            let strides = strides.map(|strides| strides[index] as isize);
            self.nest.push(Dimension { size: *size as usize, strides, channel_step });
        }
        self.follow_the_last();
    }

    /// The same elements for whoever reads the first operand alone: in its own order. `memory` is for a layout in which all
    /// operands are the first one, where this layout is not as good.
    pub(crate) fn of_first<'a>(&'a self, memory: &'a mut Layout<N>) -> &'a Layout<N> {
        let is_as_good = |dimension: &Dimension<N>| dimension.strides == [dimension.strides[0]; N];
        if self.dimensions().all(is_as_good) {
            return self;
        }
        let first =
            |Dimension { size, strides, channel_step }| Dimension { size, strides: [strides[0]; N], channel_step };
        let Layout { starts, elements, channels, .. } = *self;
        *memory = Layout { starts: [starts[0]; N], elements, channels, ..Layout::new() };
        memory.nest.extend(self.nest.iter().copied().chain(self.row_as_dimensions()).map(first));
        memory.follow_the_last();
        memory
    }

    /// Orders the nest's dimensions, of any size but 0, and takes the row from it.
    fn follow_the_last(&mut self) {
        self.turn_round();
        self.nest.sort_unstable_by_key(|dimension| Reverse(dimension.distances()));
        self.merge();
        self.take_row();
        self.bring_columns_near();
    }

    fn set_size(&mut self, shape: &Shape<'_>) {
        self.elements = shape.elements;
        self.channels = shape.channels;
    }

    /// Walks a dimension from its other end where the last operand runs backwards; channels keep their order.
    fn turn_round(&mut self) {
        for dimension in self.nest.iter_mut().filter(|dimension| !dimension.has_channels()) {
            if dimension.strides[N - 1] < 0 {
                for (start, stride) in self.starts.iter_mut().zip(&mut dimension.strides) {
                    *start = start.wrapping_add_signed(*stride * (dimension.size as isize - 1));
                    *stride = -*stride;
                }
            }
        }
    }

    fn merge(&mut self) {
        let mut kept = 0;
        for index in 1..self.nest.len() {
            let inner = self.nest[index];
            let outer = self.nest[kept];
            if !outer.has_channels() && !inner.has_channels() && inner.continues(&outer) {
                self.nest[kept] = Dimension { size: outer.size * inner.size, ..inner };
            } else {
                kept += 1;
                self.nest[kept] = inner;
            }
        }
        self.nest.truncate(kept + 1);
    }

    /// The innermost dimension becomes the row; with that of the channels around it where it continues it.
    fn take_row(&mut self) {
        self.row = self.nest.pop().unwrap_or(Dimension::SINGLE);
        self.inner = if self.row.has_channels() { 1 } else { ONE_CHANNEL };
        let is_continued = |channels: &&mut Dimension<N>| channels.has_channels() && self.row.continues(channels);
        if let Some(channels) = self.nest.last_mut().filter(is_continued) {
            self.inner = self.row.size;
            self.row = Dimension { size: channels.size * self.inner, channel_step: 1, ..self.row };
            self.nest.pop();
        }
    }

    /// What [`Layout::take_row`] took.
    fn row_as_dimensions(&self) -> impl Iterator<Item = Dimension<N>> + use<N> {
        let Layout { row, inner, .. } = *self;
        let is_both = row.has_channels() && inner > 1;
        let channels = Dimension { size: row.size / inner, strides: row.strides.map(|s| s * inner as isize), ..row };
        let neighbours = Dimension { size: inner, channel_step: 0, ..row };
        let (first, second) = if is_both { (channels, Some(neighbours)) } else { (row, None) };
        [first].into_iter().chain(second)
    }

    /// Where an operand's neighbours are not in the row but in another dimension, that one is the innermost of the nest: with
    /// the row it makes a matrix whose columns are neighbours.
    fn bring_columns_near(&mut self) {
        let Some(operand) = (0..N).find(|&operand| self.row.strides[operand].unsigned_abs() > 1) else { return };
        let distance = |dimension: &Dimension<N>| dimension.strides[operand].unsigned_abs();
        let nearest = self.nest.iter().enumerate().filter(|(_, dimension)| distance(dimension) > 0);
        if let Some((index, _)) = nearest.min_by_key(|(_, dimension)| distance(dimension))
            && distance(&self.nest[index]) < distance(&self.row)
        {
            self.nest[index..].rotate_left(1);
        }
    }

    pub(crate) fn elements(&self) -> usize {
        self.elements
    }

    pub(crate) fn channels(&self) -> usize {
        self.channels
    }

    /// The nest's dimensions and, last, the row's.
    pub(crate) fn dimensions(&self) -> impl Iterator<Item = &Dimension<N>> {
        self.nest.iter().chain([&self.row])
    }

    /// How many neighbours along a dimension share a channel: what a cut between channels is a multiple of.
    pub(crate) fn channel_size(&self, dimension: usize) -> usize {
        if dimension == self.nest.len() && self.inner != ONE_CHANNEL { self.inner } else { 1 }
    }

    /// Whether every channel's elements are neighbours, in every operand.
    pub(crate) fn has_channels_in_one_run(&self) -> bool {
        let is_outermost = match &self.nest[..] {
            [] => true,
            [dimension] => dimension.has_channels(),
            _ => false,
        };
        is_outermost && self.inner > 1 && self.row.strides == [1; N]
    }
}

/// A part of a layout: of one dimension (the nest's, or the row's last) only some indices.
#[derive(Clone, Debug)]
pub(crate) struct Piece<'a, const N: usize> {
    layout: &'a Layout<N>,
    dimension: usize,
    indices: Range<usize>,
}

impl<'a, const N: usize> Piece<'a, N> {
    pub(crate) fn new(layout: &'a Layout<N>, dimension: usize, indices: Range<usize>) -> Self {
        Piece { layout, dimension, indices }
    }

    /// Where each operand's elements are, if all are neighbours and of one channel: nothing is to be walked.
    #[inline(always)]
    pub(crate) fn only_row(&self) -> Option<[Place; N]> {
        let Layout { nest, row, inner, starts, elements, .. } = self.layout;
        let is_one = nest.is_empty() && *inner == ONE_CHANNEL && row.strides == [1; N] && *elements > 0;
        let (from, len) = (self.indices.start, self.indices.len());
        is_one.then(|| starts.map(|start| Place { start: start + from, rows: 1, apart: 0, len, stride: 1 }))
    }

    /// Whether neighbours are of different channels.
    pub(crate) fn has_channels_side_by_side(&self) -> bool {
        self.layout.inner == 1
    }

    /// The matrices, in the order of the walk.
    #[inline(always)]
    pub(crate) fn matrices<'c>(&self, counters: &'c mut Counters) -> Matrices<'a, 'c, N> {
        let Layout { nest, row, inner, starts, elements, .. } = self.layout;
        let cut = if self.dimension == nest.len() { row } else { &nest[self.dimension] };
        let (rows, outer) = nest.split_last().unwrap_or((&Dimension::SINGLE, &[]));
        let size = |index: usize, whole: usize| if self.dimension == index { self.indices.len() } else { whole };
        let mut first = Row {
            starts: *starts,
            strides: row.strides,
            len: size(nest.len(), row.size),
            run: Run { channel: 0, phase: 0, inner: *inner },
        };
        first.advance(cut, self.indices.start);
        counters.clear();
        counters.extend(outer.iter().map(|_| 0));
        Matrices {
            nest: outer,
            cut: (self.dimension, self.indices.len()),
            counters,
            is_done: *elements == 0 || self.indices.is_empty(),
            matrix: Matrix {
                first,
                rows: if nest.is_empty() { 1 } else { size(outer.len(), rows.size) },
                apart: rows.strides,
                channel_step: rows.channel_step,
            },
        }
    }
}

/// The elements of a row share one channel.
pub(crate) const ONE_CHANNEL: usize = usize::MAX;

/// Which channels a row's elements have: element i that of `channel + (phase + i) / inner`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) channel: usize,
    pub(crate) phase: usize,
    pub(crate) inner: usize,
}

impl Run {
    pub(crate) const OF_ONE_CHANNEL: Run = Run { channel: 0, phase: 0, inner: ONE_CHANNEL };

    /// From an element further on.
    #[inline(always)]
    pub(crate) fn after(self, elements: usize) -> Self {
        match self.inner {
            ONE_CHANNEL => self,
            1 => Run { channel: self.channel + elements, ..self },
            inner => {
                let position = self.phase + elements;
                Run { channel: self.channel + position / inner, phase: position % inner, inner }
            }
        }
    }
}

/// Which channels the elements of a matrix's rows have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ChannelsOfRows {
    /// Of the first row.
    pub(crate) first: Run,
    /// How many channels further each row is than the one above.
    pub(crate) step: usize,
}

impl ChannelsOfRows {
    /// Of one row.
    #[inline(always)]
    pub(crate) fn of(self, row: usize) -> Run {
        Run { channel: self.first.channel + row * self.step, ..self.first }
    }

    /// Of the rows below so many.
    #[inline(always)]
    pub(crate) fn below(self, row: usize) -> Self {
        ChannelsOfRows { first: self.of(row), ..self }
    }

    /// Whether all elements share a channel.
    #[inline(always)]
    pub(crate) fn are_one(self) -> bool {
        self.first.inner == ONE_CHANNEL && self.step == 0
    }
}

/// A row of elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Row<const N: usize> {
    /// Of its first element in each operand's buffer.
    starts: [usize; N],
    /// From one element to the next in each operand's buffer.
    strides: [isize; N],
    pub(crate) len: usize,
    pub(crate) run: Run,
}

impl<const N: usize> Row<N> {
    /// Moves by `steps` elements of a dimension.
    #[inline(always)]
    fn advance(&mut self, dimension: &Dimension<N>, steps: usize) {
        for (start, stride) in self.starts.iter_mut().zip(dimension.strides) {
            *start = start.wrapping_add_signed(stride.wrapping_mul(steps as isize));
        }
        if dimension.has_channels() {
            self.run = match self.run.inner {
                ONE_CHANNEL => Run { channel: self.run.channel + steps, ..self.run },
                _ => self.run.after(steps),
            };
        }
    }

    /// Takes back what [`Row::advance`] did for a dimension that is not the row's.
    #[inline(always)]
    fn retreat(&mut self, dimension: &Dimension<N>, steps: usize) {
        for (start, stride) in self.starts.iter_mut().zip(dimension.strides) {
            *start = start.wrapping_add_signed(stride.wrapping_mul(steps as isize).wrapping_neg());
        }
        self.run.channel -= dimension.channel_step * steps;
    }
}

/// The innermost rows of a walk, equally far apart.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Matrix<const N: usize> {
    first: Row<N>,
    pub(crate) rows: usize,
    apart: [isize; N],
    channel_step: usize,
}

/// A matrix of one operand, in its buffer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) start: usize,
    pub(crate) rows: usize,
    pub(crate) apart: isize,
    pub(crate) len: usize,
    pub(crate) stride: isize,
}

impl Place {
    /// Whether a row's elements are neighbours.
    #[inline(always)]
    pub(crate) fn has_rows(&self) -> bool {
        self.stride == 1 || self.len == 1
    }

    /// Whether elements that are near each other in memory are in different rows.
    #[inline(always)]
    pub(crate) fn is_transposed(&self) -> bool {
        self.rows > 1 && self.len > 1 && self.apart.unsigned_abs() < self.stride.unsigned_abs()
    }

    /// Where an element is in the operand's buffer.
    #[inline(always)]
    pub(crate) fn at(&self, row: usize, column: usize) -> usize {
        let (down, right) = (self.apart.wrapping_mul(row as isize), self.stride.wrapping_mul(column as isize));
        self.start.wrapping_add_signed(down.wrapping_add(right))
    }
}

impl<const N: usize> Matrix<N> {
    #[inline(always)]
    pub(crate) fn channels(&self) -> ChannelsOfRows {
        ChannelsOfRows { first: self.first.run, step: self.channel_step }
    }

    /// Elements in a row.
    #[inline(always)]
    pub(crate) fn len(&self) -> usize {
        self.first.len
    }

    #[inline(always)]
    pub(crate) fn place(&self, operand: usize) -> Place {
        Place {
            start: self.first.starts[operand],
            rows: self.rows,
            apart: self.apart[operand],
            len: self.first.len,
            stride: self.first.strides[operand],
        }
    }

    /// Whether a row's elements are neighbours, in every operand.
    #[inline(always)]
    pub(crate) fn is_contiguous(&self) -> bool {
        self.first.strides == [1; N] || self.first.len == 1
    }

    /// Itself in parts of at most so many elements. One begins at column `head`.
    pub(crate) fn parts(self, most: usize, head: usize) -> Parts<N> {
        let [rows, columns] = self.part_size(most);
        Parts { matrix: self, rows, columns, head: head % columns, top: 0, left: 0 }
    }

    /// Rows and columns of a part. Its rows are as long as possible; where an operand's neighbours are in different rows, it is
    /// higher than wide: what is gathered should be many cache lines of each column, what is written some of each row.
    fn part_size(&self, most: usize) -> [usize; 2] {
        let is_transposed = (0..N).any(|operand| self.place(operand).is_transposed());
        let longest = if is_transposed { power_of_two_up_to((most / 4).isqrt()) } else { most };
        let columns = self.first.len.min(longest);
        let rows = self.rows.min(power_of_two_up_to(most / columns));
        [rows, self.first.len.min(power_of_two_up_to(most / rows))]
    }

    fn part(&self, rows: Range<usize>, columns: Range<usize>) -> Matrix<N> {
        let mut first = Row { run: self.channels().of(rows.start), len: columns.len(), ..self.first };
        for (operand, start) in first.starts.iter_mut().enumerate() {
            let down = self.apart[operand].wrapping_mul(rows.start as isize);
            let right = self.first.strides[operand].wrapping_mul(columns.start as isize);
            *start = start.wrapping_add_signed(down.wrapping_add(right));
        }
        first.run = first.run.after(columns.start);
        Matrix { first, rows: rows.len(), ..*self }
    }
}

/// Bytes of an operand whose elements are not neighbours that are worked on at once.
pub(crate) const STAGE_SIZE: usize = 32 << 10;

fn power_of_two_up_to(number: usize) -> usize {
    1 << number.max(1).ilog2()
}

/// The parts of a matrix, row by row.
pub(crate) struct Parts<const N: usize> {
    matrix: Matrix<N>,
    rows: usize,
    columns: usize,
    /// The columns of a row's first part, or 0: as many as the others have.
    head: usize,
    /// Where the next one begins.
    top: usize,
    left: usize,
}

impl<const N: usize> Iterator for Parts<N> {
    type Item = Matrix<N>;

    // Out of line: there are many kernels that walk in parts.
    #[inline(never)]
    fn next(&mut self) -> Option<Matrix<N>> {
        let Parts { matrix, rows, columns, head, top, left } = *self;
        if top >= matrix.rows {
            return None;
        }
        let right = if left == 0 && head > 0 { head } else { left + columns }.min(matrix.len());
        (self.top, self.left) = if right < matrix.len() { (top, right) } else { (top + rows, 0) };
        Some(matrix.part(top..matrix.rows.min(top + rows), left..right))
    }
}

/// Memory for the indices of a walk: large, so it is lent instead of moved.
pub(crate) type Counters = ArrayVec<usize, MAX_RANK>;

/// The matrices of a piece: an odometer over the nest but its innermost dimension.
pub(crate) struct Matrices<'a, 'c, const N: usize> {
    nest: &'a [Dimension<N>],
    /// The dimension that is not whole, and how many of its indices there are.
    cut: (usize, usize),
    counters: &'c mut Counters,
    is_done: bool,
    matrix: Matrix<N>,
}

impl<const N: usize> Iterator for Matrices<'_, '_, N> {
    type Item = Matrix<N>;

    #[inline(always)]
    fn next(&mut self) -> Option<Matrix<N>> {
        if self.is_done {
            return None;
        }
        let matrix = self.matrix;
        self.advance();
        Some(matrix)
    }
}

impl<const N: usize> Matrices<'_, '_, N> {
    #[inline(always)]
    fn advance(&mut self) {
        for (index, dimension) in self.nest.iter().enumerate().rev() {
            let size = if self.cut.0 == index { self.cut.1 } else { dimension.size };
            self.counters[index] += 1;
            self.matrix.first.advance(dimension, 1);
            if self.counters[index] < size {
                return;
            }
            self.counters[index] = 0;
            self.matrix.first.retreat(dimension, size);
        }
        self.is_done = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::status::Status;

    fn nest(shape: &[i64], axis: i32, set: impl Fn(&mut Layout<1>, &Shape<'_>)) -> Vec<(usize, isize, bool)> {
        let shape = Shape::new("shape", shape, axis, 4).expect("a valid shape");
        let mut layout = Layout::new();
        set(&mut layout, &shape);
        layout.dimensions().map(|d| (d.size, d.strides[0], d.has_channels())).collect()
    }

    fn dense(shape: &[i64], axis: i32) -> Vec<(usize, isize, bool)> {
        nest(shape, axis, |layout, shape| layout.set_dense(shape))
    }

    fn strided(shape: &[i64], axis: i32, strides: &[i64]) -> Vec<(usize, isize, bool)> {
        nest(shape, axis, |layout, shape| layout.set_strided(shape, [strides], [0]))
    }

    fn failure(shape: &[i64], axis: i32) -> Status {
        Shape::new("shape", shape, axis, 4).expect_err("an invalid shape").status()
    }

    #[test]
    fn dense_dimensions_are_grouped_around_the_axis() {
        assert_eq!(dense(&[], -1), [(1, 1, false)]);
        assert_eq!(dense(&[2, 3, 4, 5], -1), [(120, 1, false)]);
        assert_eq!(dense(&[2, 3, 4, 5], 0), [(120, 1, true)]);
        assert_eq!(dense(&[2, 3, 4, 5], 1), [(2, 60, false), (60, 1, true)]);
        assert_eq!(dense(&[2, 3, 4, 5], 3), [(24, 5, false), (5, 1, true)]);
        assert_eq!(dense(&[6, 1, 5], 1), [(30, 1, false)]);
    }

    #[test]
    fn dense_in_any_order_is_as_good_as_row_major() {
        assert_eq!(strided(&[2, 3, 4, 5], -1, &[60, 20, 5, 1]), dense(&[2, 3, 4, 5], -1));
        assert_eq!(strided(&[5, 3, 2, 4], -1, &[1, 20, 60, 5]), dense(&[2, 3, 4, 5], -1));
        assert_eq!(strided(&[5, 3, 2, 4], 1, &[1, 20, 60, 5]), dense(&[2, 3, 4, 5], 1));
        assert_eq!(strided(&[2, 3], -1, &[-3, -1]), dense(&[2, 3], -1));
    }

    #[test]
    fn channels_that_follow_each_other_are_one_row() {
        let shape = Shape::new("shape", &[2, 3, 4], 1, 4).expect("a valid shape");
        let mut layout = Layout::<1>::new();
        layout.set_dense(&shape);
        let matrix = Piece::new(&layout, 1, 2..12).matrices(&mut Counters::new()).next().expect("a matrix");
        assert_eq!((matrix.rows, matrix.place(0).start, matrix.place(0).len), (2, 2, 10));
        assert_eq!(matrix.channels().of(1), Run { channel: 0, phase: 2, inner: 4 });
        assert_eq!(matrix.channels().of(1).after(2), Run { channel: 1, phase: 0, inner: 4 });
        assert!(layout.channel_size(1) == 4 && !layout.has_channels_in_one_run());
    }

    #[test]
    fn neighbours_of_one_channel_are_the_only_row() {
        let starts = |shape: &[i64], axis: i32, strides: &[i64]| {
            let shape = Shape::new("shape", shape, axis, 4).expect("a valid shape");
            let mut layout = Layout::new();
            layout.set_strided(&shape, [strides, strides], [3, 5]);
            let piece = Piece::new(&layout, 0, 2..layout.dimensions().next().expect("a dimension").size);
            piece.only_row().map(|places| places.map(|place| (place.start, place.rows, place.len)))
        };
        assert_eq!(starts(&[4, 6], -1, &[6, 1]), Some([(5, 1, 22), (7, 1, 22)]));
        assert_eq!(starts(&[4, 6], -1, &[7, 1]), None);
        assert_eq!(starts(&[4, 6], -1, &[12, 2]), None);
        assert_eq!(starts(&[4, 6], 0, &[6, 1]), None);
        assert_eq!(starts(&[4, 6], 1, &[6, 1]), None);
        let nothing = Layout::<1>::new();
        assert!(Piece::new(&nothing, 0, 0..1).only_row().is_none());
    }

    /// Input and output with strides of their own, in the order of the output.
    fn both(shape: &[i64], axis: i32, strides: [&[i64]; 2], set: impl Fn(&Layout<2>)) {
        let shape = Shape::new("shape", shape, axis, 4).expect("a valid shape");
        let mut layout = Layout::new();
        layout.set_strided(&shape, strides, [0, 0]);
        set(&layout);
    }

    fn strides<const N: usize>(layout: &Layout<N>) -> Vec<(usize, [isize; N])> {
        layout.dimensions().map(|d| (d.size, d.strides)).collect()
    }

    #[test]
    fn an_input_of_other_neighbours_has_them_beside_the_row() {
        both(&[2, 3, 4, 5], -1, [&[1, 2, 6, 24], &[60, 20, 5, 1]], |layout| {
            assert_eq!(strides(layout), [(3, [2, 20]), (4, [6, 5]), (2, [1, 60]), (5, [24, 1])]);
        });
        // Nothing is nearer than what follows in the row.
        both(&[2, 3, 4], -1, [&[24, 8, 2], &[12, 4, 1]], |layout| assert_eq!(strides(layout), [(24, [2, 1])]));
        // An element over and over is no neighbour.
        both(&[2, 3, 4], -1, [&[0, 4, 12], &[12, 4, 1]], |layout| {
            assert_eq!(strides(layout), [(2, [0, 12]), (3, [4, 4]), (4, [12, 1])]);
        });
    }

    #[test]
    fn the_first_operand_alone_is_walked_in_its_own_order() {
        both(&[3, 4], 0, [&[1, 3], &[4, 1]], |layout| {
            let mut memory = Layout::new();
            let own = layout.of_first(&mut memory);
            assert_eq!(strides(own), [(4, [3, 3]), (3, [1, 1])]);
            assert!((own.elements(), own.channels(), own.channel_size(1)) == (12, 3, 1));
        });
        // The channels and what continues them, which are one row of both, are told apart.
        both(&[5, 3, 4], 1, [&[1, 20, 5], &[12, 4, 1]], |layout| {
            let mut memory = Layout::new();
            let own = layout.of_first(&mut memory);
            assert_eq!(strides(own), [(60, [1; 2])]);
            assert!(own.channel_size(0) == 20 && own.has_channels_in_one_run());
        });
        both(&[3, 4], 0, [&[4, 1], &[4, 1]], |layout| {
            let mut memory = Layout::new();
            assert!(std::ptr::eq(layout.of_first(&mut memory), layout));
        });
    }

    #[test]
    fn parts_begin_at_a_head() {
        both(&[2, 100], -1, [&[1, 2], &[100, 1]], |layout| {
            let matrix = Piece::new(layout, 0, 0..2).matrices(&mut Counters::new()).next().expect("a matrix");
            let parts = |head| matrix.parts(64, head).map(|part| (part.place(1).start, part.rows, part.len()));
            assert_eq!(parts(0).collect::<Vec<_>>(), [(0, 2, 32), (32, 2, 32), (64, 2, 32), (96, 2, 4)]);
            assert_eq!(parts(35).collect::<Vec<_>>(), [(0, 2, 3), (3, 2, 32), (35, 2, 32), (67, 2, 32), (99, 2, 1)]);
        });
    }

    #[test]
    fn slices_of_rows_keep_their_rows() {
        assert_eq!(strided(&[4, 3, 8], -1, &[60, 20, 1]), [(12, 20, false), (8, 1, false)]);
        assert_eq!(strided(&[4, 3, 8], 2, &[60, 20, 1]), [(12, 20, false), (8, 1, true)]);
    }

    #[test]
    fn impossible_shapes_are_refused() {
        assert_eq!(failure(&[2, -1], -1), Status::InvalidShape);
        assert_eq!(failure(&[i64::MAX], -1), Status::InvalidShape);
        assert_eq!(failure(&[1 << 32, 1 << 32], -1), Status::InvalidShape);
        assert_eq!(failure(&[], 0), Status::InvalidAxis);
        assert_eq!(failure(&[2, 3], 2), Status::InvalidAxis);
        assert_eq!(failure(&[2, 3], -2), Status::InvalidAxis);
        assert!(Shape::new("shape", &[i64::MAX, 0], 0, 4).is_ok());
    }
}
