//! Memory for one tensor at a chosen byte offset, with guard bytes on both sides.

use std::marker::PhantomData;

use super::element::Element;

/// Bytes of guard on each side, more than any vector is wide.
const GUARD: usize = 192;
/// The guard in front: a huge positive number in every type, so that a read of it widens a computed range.
const FRONT: u8 = 0x7b;
/// The guard behind: a huge negative number in every type.
const BACK: u8 = 0xfb;
/// What an output holds before the call.
const UNTOUCHED: u8 = 0xc5;

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
        assert!(offset.is_multiple_of(T::SIZE), "an element is aligned to its size");
        let size = len * T::SIZE;
        let mut bytes = vec![FRONT; 64 + GUARD + offset + size + GUARD];
        let start = bytes.as_ptr().align_offset(64) + GUARD + offset;
        bytes[start..start + size].fill(UNTOUCHED);
        bytes[start + size..].fill(BACK);
        Buffer { bytes, start, len, element: PhantomData }
    }

    /// The first element. A vector never moves its memory, so the pointer lives as long as the buffer.
    pub fn as_mut_ptr(&mut self) -> *mut T::InC {
        self.bytes.as_mut_ptr().wrapping_add(self.start).cast()
    }

    /// The elements.
    pub fn values(&self) -> Vec<T> {
        self.tensor().chunks_exact(T::SIZE).map(read).collect()
    }

    /// Whether it holds these very bits.
    pub fn holds(&self, elements: &[T]) -> bool {
        self.tensor().chunks_exact(T::SIZE).zip(elements).all(|(bytes, x)| read::<T>(bytes).bits() == x.bits())
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

    fn tensor(&self) -> &[u8] {
        &self.bytes[self.start..][..self.len * T::SIZE]
    }

    fn tensor_mut(&mut self) -> &mut [u8] {
        &mut self.bytes[self.start..][..self.len * T::SIZE]
    }
}

/// The element that memory has in these bytes.
fn read<T: Element>(bytes: &[u8]) -> T {
    let fold = |bits, &byte: &u8| bits << 8 | u64::from(byte);
    T::from_bits(if cfg!(target_endian = "little") {
        bytes.iter().rev().fold(0, fold)
    } else {
        bytes.iter().fold(0, fold)
    })
}
