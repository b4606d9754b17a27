//! Memory that vectors are read from and written to: rows of neighbouring elements, equally far apart.
//!
//! Bounds are checked where rows are cut to fewer or shorter ones; a kernel cuts a block of several vectors, and within it
//! the compiler sees that every access is inside.
//!
//! An input's elements are not a plain slice: an output may be the same memory. An output's need not be initialised.

use std::cell::Cell;
use std::marker::PhantomData;
use std::mem::MaybeUninit;
use std::ops::Range;
use std::{ptr, slice};

use super::{Element, LINE, Lanes, Real, Token, Vector, Vector32};

/// Rows to read.
#[derive(Debug)]
pub(crate) struct Source<'a, E> {
    first: *const E,
    /// From one row to the next, in elements.
    apart: isize,
    rows: usize,
    len: usize,
    lifetime: PhantomData<&'a Cell<E>>,
}

/// Rows to write.
#[derive(Debug)]
pub(crate) struct Target<'a, E> {
    first: *mut E,
    apart: isize,
    rows: usize,
    len: usize,
    lifetime: PhantomData<&'a Cell<E>>,
}

impl<E> Clone for Source<'_, E> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}

impl<E> Copy for Source<'_, E> {}

impl<E> Clone for Target<'_, E> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}

impl<E> Copy for Target<'_, E> {}

impl<'a, E> Source<'a, E> {
    /// # Safety
    /// Each of the rows is `len` elements that are valid for reads during 'a, and written meanwhile only by this thread.
    #[inline(always)]
    pub(crate) unsafe fn new(first: *const E, apart: isize, rows: usize, len: usize) -> Self {
        Source { first, apart, rows, len, lifetime: PhantomData }
    }

    /// One row.
    #[inline(always)]
    pub(crate) fn of(cells: &'a [Cell<E>]) -> Self {
        // SAFETY: cells of this thread, which have their content's layout.
        unsafe { Self::new(cells.as_ptr().cast(), 0, 1, cells.len()) }
    }

    /// Rows behind each other in a slice.
    #[inline(always)]
    pub(crate) fn of_rows(numbers: &'a [E], rows: usize, apart: usize, len: usize) -> Self {
        assert!(rows > 0 && len <= apart && (rows - 1) * apart + len <= numbers.len());
        // SAFETY: all rows lie within the slice, as asserted.
        unsafe { Self::new(numbers.as_ptr(), apart as isize, rows, len) }
    }

    #[inline(always)]
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    #[inline(always)]
    fn at(&self, row: usize, at: usize) -> *const E {
        self.first.wrapping_offset(row as isize * self.apart).wrapping_add(at)
    }

    /// Some rows, from element `at` on.
    #[inline(always)]
    pub(crate) fn cut(self, rows: Range<usize>, at: usize, len: usize) -> Self {
        assert!(rows.start <= rows.end && rows.end <= self.rows && at <= self.len && len <= self.len - at);
        Source { first: self.at(rows.start, at), rows: rows.end - rows.start, len, ..self }
    }

    /// The same memory as rows of `len` elements each, as many as the only row has room for.
    #[inline(always)]
    pub(crate) fn fold(self, len: usize) -> Self {
        assert!(self.rows == 1 && len > 0);
        Source { apart: len as isize, rows: self.len / len, len, ..self }
    }

    /// Whether the rows follow each other.
    #[inline(always)]
    pub(crate) fn is_unfoldable(&self) -> bool {
        self.apart == self.len as isize || self.rows == 1
    }

    /// All rows as one.
    #[inline(always)]
    pub(crate) fn unfold(self) -> Self {
        assert!(self.is_unfoldable());
        Source { rows: 1, len: self.rows * self.len, ..self }
    }

    #[inline(always)]
    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// Asks for the memory of an element, which may be none of the rows'.
    #[inline(always)]
    pub(crate) fn prefetch<T: Token>(&self, token: T, row: usize, at: usize) {
        token.prefetch(self.at(row, at).cast());
    }
}

impl<'a, E> Source<'a, E> {
    /// A row's elements.
    #[inline(always)]
    pub(crate) fn cells(&self, row: usize) -> &'a [Cell<E>] {
        assert!(row < self.rows);
        // SAFETY: elements that may be read, and are written by this thread alone; a cell has its content's layout.
        unsafe { slice::from_raw_parts(self.at(row, 0).cast(), self.len) }
    }
}

impl<E: Copy> Source<'_, E> {
    /// The element itself.
    #[inline(always)]
    pub(crate) fn get(&self, row: usize, at: usize) -> E {
        assert!(row < self.rows && at < self.len);
        // SAFETY: within the row, as asserted.
        unsafe { self.at(row, at).read() }
    }
}

impl<E: Element> Source<'_, E> {
    #[inline(always)]
    pub(crate) fn load<T: Token, S: Span>(&self, token: T, row: usize, at: usize, span: S) -> Lanes<T, E> {
        let covered = span.covered(Lanes::<T, E>::LANES);
        assert!(row < self.rows && at <= self.len && covered <= self.len - at);
        // SAFETY: the covered elements lie within the row, as asserted.
        unsafe { span.load_from::<T, E>(token, self.at(row, at)) }
    }
}

impl<E: Element> Source<'_, E> {
    /// A whole vector, its lanes in any order.
    #[inline(always)]
    pub(crate) fn load_in_any_order<T: Token>(&self, token: T, row: usize, at: usize) -> Lanes<T, E> {
        assert!(row < self.rows && at <= self.len && Lanes::<T, E>::LANES <= self.len - at);
        // SAFETY: a vector's elements lie within the row, as asserted.
        unsafe { E::load_in_any_order(token, self.at(row, at)) }
    }
}

impl<C: Real> Source<'_, C> {
    /// Numbers as the lanes of another vector of them: of the float32 of 16-bit elements.
    #[inline(always)]
    pub(crate) fn load_as<V: Vector<Lane = C>, S: Span>(&self, token: V::Token, row: usize, at: usize, span: S) -> V {
        assert!(row < self.rows && at <= self.len && span.covered(V::LANES) <= self.len - at);
        // SAFETY: the covered numbers lie within the row, as asserted.
        unsafe { span.load_numbers(token, self.at(row, at)) }
    }

    /// A vector of the nearest float32.
    #[inline(always)]
    pub(crate) fn load_f32<V: Vector32>(&self, token: V::Token, row: usize, at: usize) -> V {
        assert!(row < self.rows && at <= self.len && V::LANES <= self.len - at);
        // SAFETY: a vector's numbers lie within the row, as asserted.
        unsafe { C::load_f32(token, self.at(row, at)) }
    }

    /// Lane i is number `(at + i) / repeats`; repeats is 2 or more and less than there are lanes.
    #[inline(always)]
    pub(crate) fn load_repeated<V: Vector<Lane = C>>(
        &self,
        token: V::Token,
        row: usize,
        at: usize,
        repeats: usize,
    ) -> V {
        let first = at / repeats;
        assert!(row < self.rows && first <= self.len && V::LANES <= self.len - first);
        assert!(repeats > 1);
        // SAFETY: a vector's numbers lie within the row, as asserted.
        unsafe { V::load_repeated(token, self.at(row, 0), at, repeats) }
    }
}

impl<'a, E> Target<'a, E> {
    /// # Safety
    /// Each of the rows is `len` elements that are valid for writes during 'a, and used meanwhile by this thread alone.
    #[inline(always)]
    pub(crate) unsafe fn new(first: *mut E, apart: isize, rows: usize, len: usize) -> Self {
        Target { first, apart, rows, len, lifetime: PhantomData }
    }

    /// One row.
    #[inline(always)]
    pub(crate) fn of(cells: &'a [Cell<E>]) -> Self {
        // SAFETY: cells of this thread, which have their content's layout and may be written through a shared reference.
        unsafe { Self::new(cells.as_ptr().cast_mut().cast(), 0, 1, cells.len()) }
    }

    #[inline(always)]
    fn at(&self, row: usize, at: usize) -> *mut E {
        self.first.wrapping_offset(row as isize * self.apart).wrapping_add(at)
    }

    /// Some rows, from element `at` on.
    #[inline(always)]
    pub(crate) fn cut(self, rows: Range<usize>, at: usize, len: usize) -> Self {
        assert!(rows.start <= rows.end && rows.end <= self.rows && at <= self.len && len <= self.len - at);
        Target { first: self.at(rows.start, at), rows: rows.end - rows.start, len, ..self }
    }

    /// The same memory as rows of `len` elements each, as many as the only row has room for.
    #[inline(always)]
    pub(crate) fn fold(self, len: usize) -> Self {
        assert!(self.rows == 1 && len > 0);
        Target { apart: len as isize, rows: self.len / len, len, ..self }
    }

    /// Whether the rows follow each other.
    #[inline(always)]
    pub(crate) fn is_unfoldable(&self) -> bool {
        self.apart == self.len as isize || self.rows == 1
    }

    /// All rows as one.
    #[inline(always)]
    pub(crate) fn unfold(self) -> Self {
        assert!(self.is_unfoldable());
        Target { rows: 1, len: self.rows * self.len, ..self }
    }

    #[inline(always)]
    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    #[inline(always)]
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Asks for the memory of an element, which may be none of the rows'.
    #[inline(always)]
    pub(crate) fn prefetch<T: Token>(&self, token: T, row: usize, at: usize) {
        token.prefetch(self.at(row, at).cast());
    }
}

impl<'a, E> Target<'a, E> {
    /// One row of memory that need not be initialised.
    #[inline(always)]
    pub(crate) fn of_uninit(cells: &'a [Cell<MaybeUninit<E>>]) -> Self {
        // SAFETY: cells of this thread, which have their content's layout and may be written through a shared reference.
        unsafe { Self::new(cells.as_ptr().cast_mut().cast(), 0, 1, cells.len()) }
    }

    /// A row's elements, to write.
    #[inline(always)]
    pub(crate) fn cells(&self, row: usize) -> &'a [Cell<MaybeUninit<E>>] {
        assert!(row < self.rows);
        // SAFETY: elements that this thread alone uses; a cell has its content's layout.
        unsafe { slice::from_raw_parts(self.at(row, 0).cast(), self.len) }
    }

    /// Writes the lowest bits of integers, as [`Vector32::store_bytes`] does; the elements are as large.
    #[inline(always)]
    pub(crate) fn store_lowest_bits<V: Vector32>(&self, integers: [V; 4], row: usize, at: usize) {
        assert!(row < self.rows && at <= self.len && 4 * V::LANES <= self.len - at);
        let to = self.at(row, at);
        // SAFETY: four vectors' elements lie within the row, as asserted, and are of the size that is stored.
        unsafe {
            match size_of::<E>() {
                1 => V::store_bytes(integers, to.cast()),
                2 => V::store_words(integers, to.cast()),
                _ => unreachable!("elements of 1 or 2 bytes"),
            }
        }
    }

    /// How many bytes after the beginning of a cache line the first element is.
    #[inline(always)]
    pub(crate) fn phase(&self) -> usize {
        self.first.addr() % LINE
    }

    /// Writes the only row, its whole cache lines past the caches. The elements are at the same place in their lines.
    #[inline(always)]
    pub(crate) fn stream_row<T: Token>(&self, token: T, elements: &[Cell<MaybeUninit<E>>]) {
        let from = Target::of_uninit(elements);
        assert!(self.rows == 1 && self.len == from.len && self.phase() == from.phase());
        let (size, from, to) =
            (self.len * size_of::<E>(), from.first.cast_const().cast::<u8>(), self.first.cast::<u8>());
        let head = (to.addr().wrapping_neg() % LINE).min(size);
        let end = size - (size - head) % LINE;
        // SAFETY: within the rows, which are of one size; lines after the head are aligned in both.
        unsafe {
            ptr::copy_nonoverlapping(from, to, head);
            for line in (head..end).step_by(LINE) {
                token.stream_line(from.add(line), to.add(line));
            }
            ptr::copy_nonoverlapping(from.add(end), to.add(end), size - end);
        }
    }
}

impl<E: Element> Target<'_, E> {
    /// Writes the covered lanes; no other memory is touched.
    #[inline(always)]
    pub(crate) fn store<T: Token, S: Span>(&self, lanes: Lanes<T, E>, row: usize, at: usize, span: S) {
        let covered = span.covered(Lanes::<T, E>::LANES);
        assert!(row < self.rows && at <= self.len && covered <= self.len - at);
        // SAFETY: the covered elements lie within the row, as asserted.
        unsafe { span.store_to::<T, E>(lanes, self.at(row, at)) }
    }

    /// How many elements there are to the first that a streaming store of a vector can begin with.
    #[inline(always)]
    pub(crate) fn head<T: Token>(&self) -> usize {
        self.first.addr().wrapping_neg() % Self::vector_size::<T>() / size_of::<E>()
    }

    /// Whether there are none, in any row.
    #[inline(always)]
    pub(crate) fn is_aligned<T: Token>(&self) -> bool {
        let apart = self.apart.wrapping_mul(size_of::<E>() as isize) as usize;
        self.head::<T>() == 0 && (self.rows == 1 || apart.is_multiple_of(Self::vector_size::<T>()))
    }

    #[inline(always)]
    fn vector_size<T: Token>() -> usize {
        Lanes::<T, E>::LANES * size_of::<E>()
    }

    /// Writes a whole vector past the caches; it begins at a multiple of its size.
    #[inline(always)]
    pub(crate) fn stream<T: Token>(&self, lanes: Lanes<T, E>, row: usize, at: usize) {
        // SAFETY: a vector's elements lie within the row, and are aligned, as checked.
        unsafe { E::stream::<T>(lanes, self.vector::<T>(row, at, true)) }
    }

    /// As [`Target::stream`], of lanes that are not subnormal.
    #[inline(always)]
    pub(crate) fn stream_normal<T: Token>(&self, lanes: Lanes<T, E>, row: usize, at: usize) {
        // SAFETY: a vector's elements lie within the row, and are aligned, as checked.
        unsafe { E::stream_normal::<T>(lanes, self.vector::<T>(row, at, true)) }
    }

    /// Writes a whole vector of lanes that are not subnormal.
    #[inline(always)]
    pub(crate) fn store_normal<T: Token>(&self, lanes: Lanes<T, E>, row: usize, at: usize) {
        // SAFETY: a vector's elements lie within the row, as checked.
        unsafe { E::store_normal::<T>(lanes, self.vector::<T>(row, at, false)) }
    }

    /// Where a whole vector goes: within the row, and at a multiple of its size if asked for.
    #[inline(always)]
    fn vector<T: Token>(&self, row: usize, at: usize, aligned: bool) -> *mut E {
        assert!(row < self.rows && at <= self.len && Lanes::<T, E>::LANES <= self.len - at);
        let to = self.at(row, at);
        assert!(!aligned || to.addr().is_multiple_of(Self::vector_size::<T>()));
        to
    }
}

impl<C: Real> Target<'_, C> {
    /// Writes the covered lanes of any vector of numbers.
    #[inline(always)]
    pub(crate) fn store_as<V: Vector<Lane = C>, S: Span>(&self, lanes: V, row: usize, at: usize, span: S) {
        assert!(row < self.rows && at <= self.len && span.covered(V::LANES) <= self.len - at);
        // SAFETY: the covered numbers lie within the row, as asserted.
        unsafe { span.store_numbers(lanes, self.at(row, at)) }
    }
}

/// How much of a vector a step of a kernel covers: all its lanes, or the first few. A kernel's step is written once over
/// both.
pub(crate) trait Span: Copy {
    const IS_WHOLE: bool;

    /// How many lanes it covers of a vector of so many.
    fn covered(self, lanes: usize) -> usize;

    /// Lanes that are not covered hold NaN.
    ///
    /// # Safety
    /// `from` is valid for reads of the covered elements.
    unsafe fn load_from<T: Token, E: Element>(self, token: T, from: *const E) -> Lanes<T, E>;

    /// # Safety
    /// `to` is valid for writes of the covered elements.
    unsafe fn store_to<T: Token, E: Element>(self, lanes: Lanes<T, E>, to: *mut E);

    /// Lanes that are not covered hold NaN.
    ///
    /// # Safety
    /// `from` is valid for reads of the covered numbers.
    unsafe fn load_numbers<V: Vector>(self, token: V::Token, from: *const V::Lane) -> V;

    /// # Safety
    /// `to` is valid for writes of the covered numbers.
    unsafe fn store_numbers<V: Vector>(self, lanes: V, to: *mut V::Lane);
}

/// All lanes.
#[derive(Clone, Copy)]
pub(crate) struct Whole;

impl Span for Whole {
    const IS_WHOLE: bool = true;

    #[inline(always)]
    fn covered(self, lanes: usize) -> usize {
        lanes
    }

    #[inline(always)]
    unsafe fn load_from<T: Token, E: Element>(self, token: T, from: *const E) -> Lanes<T, E> {
        // SAFETY: the caller's promise.
        unsafe { E::load(token, from) }
    }

    #[inline(always)]
    unsafe fn store_to<T: Token, E: Element>(self, lanes: Lanes<T, E>, to: *mut E) {
        // SAFETY: the caller's promise.
        unsafe { E::store::<T>(lanes, to) }
    }

    #[inline(always)]
    unsafe fn load_numbers<V: Vector>(self, token: V::Token, from: *const V::Lane) -> V {
        // SAFETY: the caller's promise.
        unsafe { V::load(token, from) }
    }

    #[inline(always)]
    unsafe fn store_numbers<V: Vector>(self, lanes: V, to: *mut V::Lane) {
        // SAFETY: the caller's promise.
        unsafe { lanes.store(to) }
    }
}

/// The first lanes, as many as the number says, but no more than there are.
#[derive(Clone, Copy)]
pub(crate) struct First(pub(crate) usize);

impl Span for First {
    const IS_WHOLE: bool = false;

    #[inline(always)]
    fn covered(self, lanes: usize) -> usize {
        self.0.min(lanes)
    }

    #[inline(always)]
    unsafe fn load_from<T: Token, E: Element>(self, token: T, from: *const E) -> Lanes<T, E> {
        // SAFETY: the caller's promise.
        unsafe { E::load_first(token, from, self.covered(Lanes::<T, E>::LANES)) }
    }

    #[inline(always)]
    unsafe fn store_to<T: Token, E: Element>(self, lanes: Lanes<T, E>, to: *mut E) {
        // SAFETY: the caller's promise.
        unsafe { E::store_first::<T>(lanes, to, self.covered(Lanes::<T, E>::LANES)) }
    }

    #[inline(always)]
    unsafe fn load_numbers<V: Vector>(self, token: V::Token, from: *const V::Lane) -> V {
        // SAFETY: the caller's promise.
        unsafe { V::load_first(token, from, self.covered(V::LANES)) }
    }

    #[inline(always)]
    unsafe fn store_numbers<V: Vector>(self, lanes: V, to: *mut V::Lane) {
        // SAFETY: the caller's promise.
        unsafe { lanes.store_first(to, self.covered(V::LANES)) }
    }
}
