//! One pointer argument and the bytes behind it. The checks are inlined and take regions by value: a small call has a dozen
//! of them, and what they hand on stays in registers.

use std::fmt::Display;
use std::slice;

use super::types::QDQ_MAX_RANK;
use crate::layout::MAX_RANK;
use crate::status::{Error, fail};

const _: () = assert!(QDQ_MAX_RANK as usize == MAX_RANK);

/// The memory of an argument, by its address.
#[derive(Clone, Copy)]
pub(super) struct Region {
    name: &'static str,
    start: usize,
    bytes: usize,
}

impl Region {
    /// Checks that `pointer` is a possible address of `len` elements; of none, any pointer is.
    #[inline(always)]
    pub(super) fn new<E>(name: &'static str, pointer: *const E, len: usize) -> Result<Region, Error> {
        if len == 0 {
            return Ok(Region { name, start: 0, bytes: 0 });
        }
        let start = aligned_address(name, pointer)?;
        let is_possible = len <= isize::MAX as usize / size_of::<E>();
        match start.checked_add(len.wrapping_mul(size_of::<E>())) {
            Some(end) if is_possible => Ok(Region { name, start, bytes: end - start }),
            _ => fail!(
                InvalidShape,
                "{name} is {start:#x} with {len} elements of {} bytes; expected memory that ends within the address space",
                size_of::<E>()
            ),
        }
    }

    /// An output that shares no byte with another argument.
    #[inline(always)]
    pub(super) fn check_apart(self, other: Region) -> Result<(), Error> {
        let shares = self.start < other.start + other.bytes && other.start < self.start + self.bytes;
        if !shares || self.bytes == 0 || other.bytes == 0 {
            return Ok(());
        }
        fail!(
            Overlap,
            "{} is {:#x} ({} bytes) and overlaps {} at {:#x} ({} bytes); expected separate memory",
            self.name,
            self.start,
            self.bytes,
            other.name,
            other.start,
            other.bytes
        )
    }

    /// An output that may also be another argument itself.
    #[inline(always)]
    pub(super) fn check_apart_or_same(self, other: Region) -> Result<(), Error> {
        if self.start == other.start && self.bytes == other.bytes { Ok(()) } else { self.check_apart(other) }
    }
}

/// Checks that a pointer is neither NULL nor misaligned.
#[inline(always)]
pub(super) fn aligned_address<T>(name: impl Display, pointer: *const T) -> Result<usize, Error> {
    if pointer.is_null() {
        return fail!(NullPointer, "{name} is NULL; expected a pointer");
    }
    if !pointer.is_aligned() {
        return fail!(Misaligned, "{name} is {pointer:p}; expected a multiple of {}", align_of::<T>());
    }
    Ok(pointer.addr())
}

/// A shape or strides: a number for each dimension. The names are for the error.
///
/// # Safety
/// `numbers` is NULL or valid for reads of `rank` of them during 'a.
#[inline(always)]
pub(super) unsafe fn dimensions<'a>(
    rank_name: impl Display,
    name: impl Display,
    rank: i32,
    numbers: *const i64,
) -> Result<&'a [i64], Error> {
    let count = match usize::try_from(rank) {
        Ok(count) if count <= MAX_RANK => count,
        _ => return fail!(InvalidShape, "{rank_name} is {rank}; expected 0 to {MAX_RANK}"),
    };
    if count == 0 {
        return Ok(&[]);
    }
    aligned_address(name, numbers)?;
    // SAFETY: not NULL and aligned, as checked; valid, as promised.
    Ok(unsafe { slice::from_raw_parts(numbers, count) })
}
