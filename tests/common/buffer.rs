//! Memory for one tensor at a chosen byte offset, with guard bytes on both sides.

use std::marker::PhantomData;

use super::element::Element;

/// Bytes of guard on each side, more than any vector is wide.
const GUARD: usize = 192;
/// The guard in front: a huge positive number in every type, so that a read of it widens a computed range.
const FRONT: u8 = 0x7b;
/// The guard behind: a huge negative number in every type.
const BACK: u8 = 0xfb;
/// What an output holds before the call: another huge number.
pub const UNTOUCHED: u8 = 0x7a;

/// A tensor's memory. What lies around the tensor is checked by `check_guards`.
#[derive(Debug)]
pub struct Buffer<T> {
    bytes: Vec<u8>,
    /// The tensor's first byte.
    start: usize,
    len: usize,
    element: PhantomData<T>,
}

impl<T: Element> Buffer<T> {
    /// Holds `elements`, the first of them `offset` bytes behind a multiple of 64.
    pub fn holding(elements: &[T], offset: usize) -> Buffer<T> {
        let mut buffer = Buffer::untouched(elements.len(), offset);
        for (place, x) in buffer.tensor_mut().chunks_exact_mut(T::SIZE).zip(elements) {
            x.write(place);
        }
        buffer
    }

    /// Room for `len` elements, the first of them `offset` bytes behind a multiple of 64.
    pub fn untouched(len: usize, offset: usize) -> Buffer<T> {
        let mut buffer = Buffer::empty();
        buffer.clear(len, offset);
        buffer
    }

    /// Room for nothing yet.
    pub fn empty() -> Buffer<T> {
        Buffer { bytes: vec![], start: 0, len: 0, element: PhantomData }
    }

    /// Becomes one that holds the elements that memory has in these bytes, as `holding` does.
    pub fn hold(&mut self, elements: &[u8], offset: usize) {
        self.lay(elements.len() / T::SIZE, offset);
        self.tensor_mut().copy_from_slice(elements);
    }

    /// Becomes one of `untouched`.
    pub fn clear(&mut self, len: usize, offset: usize) {
        self.lay(len, offset);
        self.tensor_mut().fill(UNTOUCHED);
    }

    /// Lays the guards around the elements; the memory stays the same where it is large enough.
    fn lay(&mut self, len: usize, offset: usize) {
        assert!(offset.is_multiple_of(T::SIZE), "an element is aligned to its size");
        let size = len * T::SIZE;
        self.bytes.resize(64 + GUARD + offset + size + GUARD, BACK);
        self.start = self.bytes.as_ptr().align_offset(64) + GUARD + offset;
        self.len = len;
        self.bytes[..self.start].fill(FRONT);
        self.bytes[self.start + size..].fill(BACK);
    }

    /// The first element. A vector never moves its memory, so the pointer lives as long as the buffer.
    pub fn as_mut_ptr(&mut self) -> *mut T::InC {
        self.bytes.as_mut_ptr().wrapping_add(self.start).cast()
    }

    /// The elements.
    pub fn values(&self) -> Vec<T> {
        self.tensor().chunks_exact(T::SIZE).map(T::read).collect()
    }

    /// Whether it holds these very bits.
    pub fn holds(&self, elements: &[T]) -> bool {
        self.tensor().chunks_exact(T::SIZE).zip(elements).all(|(bytes, x)| T::read(bytes).bits() == x.bits())
    }

    /// Whether it holds what `untouched` put there.
    pub fn is_untouched(&self) -> bool {
        self.tensor().iter().all(|&byte| byte == UNTOUCHED)
    }

    /// Panics when a byte in front of the tensor or behind it was written.
    pub fn check_guards(&self) {
        let (front, rest) = self.bytes.split_at(self.start);
        let back = &rest[self.len * T::SIZE..];
        let stray = |guard: &[u8], value: u8| guard.iter().position(|&byte| byte != value);
        let before = stray(front, FRONT).map(|at| front.len() - at);
        assert_eq!(before, None, "a byte that many in front of the tensor was written to");
        assert_eq!(stray(back, BACK), None, "a byte that many behind the tensor was written to");
    }

    /// The elements as memory has them.
    pub fn tensor(&self) -> &[u8] {
        &self.bytes[self.start..][..self.len * T::SIZE]
    }

    fn tensor_mut(&mut self) -> &mut [u8] {
        &mut self.bytes[self.start..][..self.len * T::SIZE]
    }
}
