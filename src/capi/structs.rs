//! The caller's structs. They grow at the end: of a larger one every byte that this version does not know must be 0, so
//! that what a newer caller asks for is never ignored.

use std::fmt;
use std::mem::offset_of;
use std::ptr;

use super::region::aligned_address;
use super::types::*;
use crate::attrs::{Arithmetic, Attrs, Degenerate, RoundMode};
use crate::exec::{Executor, Host};
use crate::status::{Error, fail};

/// A struct of the API: plain values, and its first field is its size, `struct_size: usize`.
///
/// # Safety
/// `#[repr(C)]`, without padding, the size is at offset 0, and the first bytes of DEFAULTS, as many as a version of the
/// struct had, can be any such version's.
unsafe trait Versioned: Copy {
    const NAME: &'static str;
    /// The sizes of its versions, this one's last.
    const SIZES: &'static [usize];
    /// What a caller gets for fields that its version does not know.
    const DEFAULTS: Self;
}

// SAFETY: repr(C); a size and eight 32-bit integers leave no padding where a size is 4 or 8 bytes.
unsafe impl Versioned for qdq_attrs {
    const NAME: &'static str = "attrs";
    const SIZES: &'static [usize] = &[size_of::<usize>() + 32];
    const DEFAULTS: Self = qdq_attrs {
        struct_size: size_of::<qdq_attrs>(),
        num_bits: 8,
        axis: -1,
        round_mode: QDQ_ROUND_HALF_TO_EVEN,
        arithmetic: QDQ_ARITHMETIC_DEFAULT,
        degenerate: QDQ_DEGENERATE_TENSORFLOW,
        signed_input: 1,
        range_given: 0,
        narrow_range: 0,
    };
}

// SAFETY: repr(C); a size, two 32-bit integers and two pointers leave no padding where a size is 4 or 8 bytes.
unsafe impl Versioned for qdq_executor {
    const NAME: &'static str = "executor";
    const SIZES: &'static [usize] = &[3 * size_of::<usize>() + 8];
    const DEFAULTS: Self = qdq_executor {
        struct_size: size_of::<qdq_executor>(),
        num_threads: 0,
        reserved: 0,
        parallel_for: None,
        host_data: ptr::null_mut(),
    };
}

/// Where programs find the fields, on 64-bit targets: it never changes. A struct that grows keeps all of this and gets a
/// size more in [`Versioned::SIZES`].
macro_rules! layout {
    ($struct:ident: $size:literal bytes, $($field:ident at $offset:literal),+) => {
        #[cfg(target_pointer_width = "64")]
        const _: () = {
            assert!(size_of::<$struct>() == $size, "the struct has changed its size");
            $(assert!(offset_of!($struct, $field) == $offset, "a field has moved");)+
        };
    };
}

layout!(qdq_attrs: 40 bytes, struct_size at 0, num_bits at 8, axis at 12, round_mode at 16, arithmetic at 20,
    degenerate at 24, signed_input at 28, range_given at 32, narrow_range at 36);
layout!(qdq_executor: 32 bytes, struct_size at 0, num_threads at 8, reserved at 12, parallel_for at 16, host_data at 24);
layout!(qdq_tensor: 40 bytes, data at 0, shape at 8, strides at 16, rank at 24, dtype at 28, flags at 32);

/// No version's struct will be larger: what is, was not initialised.
const LARGEST: usize = 4096;

/// Reads a struct of any version.
///
/// # Safety
/// `from` is NULL, or valid for reads of its struct_size bytes.
unsafe fn read<S: Versioned>(from: *const S) -> Result<Option<S>, Error> {
    if from.is_null() {
        return Ok(None);
    }
    aligned_address(S::NAME, from)?;
    // SAFETY: every version of the struct begins with its size.
    let size = unsafe { from.cast::<usize>().read() };
    if size == size_of::<S>() {
        // SAFETY: valid for as many bytes.
        return Ok(Some(unsafe { from.read() }));
    }
    check_size::<S>(size, format_args!("{}.struct_size", S::NAME))?;
    // SAFETY: the promise of this function; the size is a version's or larger, as checked.
    unsafe { read_other(from, size) }.map(Some)
}

/// Whether a struct of so many bytes, by the words in `of`, is of an earlier version, this one, or may be of a later one.
#[inline]
fn check_size<S: Versioned>(size: usize, of: fmt::Arguments<'_>) -> Result<(), Error> {
    const { assert!(S::SIZES[S::SIZES.len() - 1] == size_of::<S>()) };
    if S::SIZES.contains(&size) || (size_of::<S>()..=LARGEST).contains(&size) {
        return Ok(());
    }
    fail!(InvalidAttribute, "{of} is {size}; expected {} to {LARGEST}", S::SIZES[0])
}

/// Reads a struct of another version: what only this one knows has its default, what only the other one knows must be 0.
///
/// # Safety
/// `from` is valid for reads of `size` bytes, and `size` passed [`check_size`].
#[cold]
unsafe fn read_other<S: Versioned>(from: *const S, size: usize) -> Result<S, Error> {
    let known = size_of::<S>();
    for offset in known..size {
        // SAFETY: within the struct's size.
        let byte = unsafe { from.cast::<u8>().add(offset).read() };
        if byte != 0 {
            return fail!(
                InvalidAttribute,
                "{}.struct_size is {size} and byte {offset} is {byte}; expected 0 in all that this version, of {known} \
                 bytes, does not know",
                S::NAME
            );
        }
    }
    let mut read = S::DEFAULTS;
    // SAFETY: both have so many bytes; what is written is a version's fields, or all of this one's.
    unsafe { ptr::copy_nonoverlapping(from.cast::<u8>(), (&raw mut read).cast(), size.min(known)) };
    Ok(read)
}

/// Writes the defaults into a struct of any version, of `size` bytes: of what this version does not know they are 0.
///
/// # Safety
/// `to` is NULL, or valid for writes of `size` bytes.
unsafe fn write_defaults<S: Versioned>(to: *mut S, size: usize) -> Result<(), Error> {
    aligned_address(S::NAME, to)?;
    check_size::<S>(size, format_args!("struct_size"))?;
    let (defaults, known) = (S::DEFAULTS, size.min(size_of::<S>()));
    // SAFETY: the caller's bytes hold what is known, as checked, and the rest; a version begins with its size.
    unsafe {
        ptr::copy_nonoverlapping((&raw const defaults).cast::<u8>(), to.cast(), known);
        ptr::write_bytes(to.cast::<u8>().add(known), 0, size - known);
        to.cast::<usize>().write(size);
    }
    Ok(())
}

/// The caller's attributes, validated; NULL means the defaults.
///
/// # Safety
/// `attrs` is NULL, or valid for reads of its struct_size bytes.
#[inline(always)]
pub(super) unsafe fn attributes(attrs: *const qdq_attrs) -> Result<Attrs, Error> {
    // SAFETY: the caller's promise.
    let Some(attrs) = (unsafe { read(attrs) })? else {
        return Ok(Attrs::default());
    };
    let round_mode = match attrs.round_mode {
        QDQ_ROUND_HALF_TO_EVEN => RoundMode::HalfToEven,
        QDQ_ROUND_HALF_UP => RoundMode::HalfUp,
        other => {
            return fail!(InvalidAttribute, "round_mode is {other}; expected 0 (HALF_TO_EVEN) or 1 (HALF_UP)");
        }
    };
    let arithmetic = match attrs.arithmetic {
        QDQ_ARITHMETIC_DEFAULT => Arithmetic::Default,
        QDQ_ARITHMETIC_NATIVE => Arithmetic::Native,
        other => {
            return fail!(InvalidAttribute, "arithmetic is {other}; expected 0 (DEFAULT) or 1 (NATIVE)");
        }
    };
    let degenerate = match attrs.degenerate {
        QDQ_DEGENERATE_TENSORFLOW => Degenerate::TensorFlow,
        QDQ_DEGENERATE_ZERO => Degenerate::Zero,
        QDQ_DEGENERATE_ERROR => Degenerate::Error,
        other => {
            return fail!(InvalidAttribute, "degenerate is {other}; expected 0 (TENSORFLOW), 1 (ZERO) or 2 (ERROR)");
        }
    };
    Attrs {
        signed_input: attrs.signed_input != 0,
        num_bits: attrs.num_bits,
        range_given: attrs.range_given != 0,
        round_mode,
        narrow_range: attrs.narrow_range != 0,
        axis: attrs.axis,
        arithmetic,
        degenerate,
    }
    .validate()
}

/// The axis alone, of attributes whose other fields have no meaning.
///
/// # Safety
/// `attrs` is NULL, or valid for reads of its struct_size bytes.
pub(super) unsafe fn axis(attrs: *const qdq_attrs) -> Result<i32, Error> {
    // SAFETY: the caller's promise.
    Ok(unsafe { read(attrs) }?.map_or(Attrs::default().axis, |attrs| attrs.axis))
}

/// The caller's executor, validated; NULL means the calling thread.
///
/// # Safety
/// `executor` is NULL, or valid for reads of its struct_size bytes; its parallel_for and host_data are what
/// [`Host::new`] asks for.
#[inline(always)]
pub(super) unsafe fn executor(executor: *const qdq_executor) -> Result<Executor, Error> {
    // SAFETY: the caller's promise.
    let Some(executor) = (unsafe { read(executor) })? else {
        return Ok(Executor::Serial);
    };
    let Ok(num_threads) = usize::try_from(executor.num_threads) else {
        return fail!(InvalidAttribute, "executor.num_threads is {}; expected 0 or more", executor.num_threads);
    };
    if executor.reserved != 0 {
        return fail!(InvalidAttribute, "executor.reserved is {}; expected 0", executor.reserved);
    }
    let own = Executor::pool(num_threads);
    Ok(match executor.parallel_for {
        // SAFETY: the caller's promise.
        Some(parallel_for) => Executor::Host(unsafe { Host::new(parallel_for, executor.host_data, own.width()) }),
        None => own,
    })
}

/// Writes the defaults into the caller's struct of `struct_size` bytes.
///
/// # Safety
/// `attrs` is NULL, or valid for writes of `struct_size` bytes.
pub(super) unsafe fn init_attrs(attrs: *mut qdq_attrs, struct_size: usize) -> Result<(), Error> {
    // SAFETY: the caller's promise.
    unsafe { write_defaults(attrs, struct_size) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::status::Status;

    /// A struct as it was first, and as it is after it has grown.
    #[derive(Clone, Copy, Debug, PartialEq)]
    #[repr(C)]
    struct First {
        struct_size: usize,
        one: u64,
    }

    #[derive(Clone, Copy, Debug, PartialEq)]
    #[repr(C)]
    struct Grown {
        struct_size: usize,
        one: u64,
        two: u64,
        three: u64,
    }

    const FIRST: usize = size_of::<First>();
    const GROWN: usize = size_of::<Grown>();

    // SAFETY: repr(C), without padding on targets whose integers of 64 bits are aligned to no more than a size.
    unsafe impl Versioned for First {
        const NAME: &'static str = "first";
        const SIZES: &'static [usize] = &[FIRST];
        const DEFAULTS: Self = First { struct_size: FIRST, one: 1 };
    }

    // SAFETY: as above; it begins as First.
    unsafe impl Versioned for Grown {
        const NAME: &'static str = "grown";
        const SIZES: &'static [usize] = &[FIRST, GROWN];
        const DEFAULTS: Self = Grown { struct_size: GROWN, one: 1, two: 2, three: 3 };
    }

    fn words<T>(result: Result<T, Error>) -> String {
        let error = result.err().expect("a failure");
        assert_eq!(error.status(), Status::InvalidAttribute);
        error.with_sentence(str::to_owned)
    }

    #[test]
    fn an_old_caller_gets_the_defaults_of_what_it_does_not_know() {
        let old = First { struct_size: FIRST, one: 10 };
        // SAFETY: valid for its size.
        let read = unsafe { read((&raw const old).cast::<Grown>()) }.expect("an earlier version").expect("a struct");
        assert_eq!(read, Grown { struct_size: FIRST, one: 10, two: 2, three: 3 });
    }

    #[test]
    fn a_new_caller_may_ask_for_nothing_that_is_not_known() {
        let mut new = Grown { struct_size: GROWN, one: 10, two: 0, three: 0 };
        // SAFETY: valid for its size.
        let known = unsafe { read((&raw const new).cast::<First>()) }.expect("a later version").expect("a struct");
        assert_eq!(known, First { struct_size: GROWN, one: 10 });
        new.three = 7 << 56;
        // SAFETY: valid for its size.
        let refused = words(unsafe { read((&raw const new).cast::<First>()) });
        let byte = if cfg!(target_endian = "little") { GROWN - 1 } else { GROWN - 8 };
        assert!(refused.starts_with(&format!("first.struct_size is {GROWN} and byte {byte} is 7;")), "{refused}");
    }

    #[test]
    fn a_size_of_no_version_is_refused() {
        for size in [0, FIRST - 1, FIRST + 8, GROWN - 1, LARGEST + 1, usize::MAX] {
            let odd = Grown { struct_size: size, one: 10, two: 20, three: 30 };
            // SAFETY: refused before more than the size is read.
            let refused = words(unsafe { read(&raw const odd) });
            assert!(refused.starts_with(&format!("grown.struct_size is {size}; expected")), "{refused}");
        }
    }

    #[test]
    fn defaults_fill_the_callers_struct_and_no_more() {
        let untouched = Grown { struct_size: 5, one: 5, two: 5, three: 5 };
        let mut old = untouched;
        // SAFETY: valid for as many bytes.
        unsafe { write_defaults(&raw mut old, FIRST) }.expect("an earlier version");
        assert_eq!(old, Grown { struct_size: FIRST, one: 1, ..untouched });
        let mut new = untouched;
        // SAFETY: valid for as many bytes.
        unsafe { write_defaults((&raw mut new).cast::<First>(), GROWN) }.expect("a later version");
        assert_eq!(new, Grown { struct_size: GROWN, one: 1, two: 0, three: 0 });
    }
}
