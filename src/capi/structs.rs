//! The caller's structs. They grow at the end: of a larger one every byte that this version does not know must be 0, so
//! that what a newer caller asks for is never ignored.

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
/// `#[repr(C)]`, without padding, and the size is at offset 0.
unsafe trait Versioned: Copy {
    const NAME: &'static str;
}

// SAFETY: repr(C); a size and eight 32-bit integers leave no padding where a size is 4 or 8 bytes.
unsafe impl Versioned for qdq_attrs {
    const NAME: &'static str = "attrs";
}

// SAFETY: repr(C); a size, two 32-bit integers and two pointers leave no padding where a size is 4 or 8 bytes.
unsafe impl Versioned for qdq_executor {
    const NAME: &'static str = "executor";
}

const _: () = assert!(offset_of!(qdq_attrs, struct_size) == 0 && size_of::<qdq_attrs>() == size_of::<usize>() + 32);
const _: () =
    assert!(offset_of!(qdq_executor, struct_size) == 0 && size_of::<qdq_executor>() == 3 * size_of::<usize>() + 8);

/// Where programs find the fields, on 64-bit targets: it never changes. A struct that grows must still be taken at the
/// size that it has here, with its defaults for what the caller does not know; [`read`] takes none but its own size and
/// larger ones.
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
    let known = size_of::<S>();
    // SAFETY: every version of the struct begins with its size.
    let size = unsafe { from.cast::<usize>().read() };
    if !(known..=LARGEST).contains(&size) {
        return fail!(InvalidAttribute, "{}.struct_size is {size}; expected {known} to {LARGEST}", S::NAME);
    }
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
    // SAFETY: the struct has all that this version knows, as checked.
    Ok(Some(unsafe { from.read() }))
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
    aligned_address("attrs", attrs)?;
    let known = size_of::<qdq_attrs>();
    if !(known..=LARGEST).contains(&struct_size) {
        return fail!(InvalidAttribute, "struct_size is {struct_size}; expected {known} to {LARGEST}");
    }
    let defaults = qdq_attrs {
        struct_size,
        num_bits: 8,
        axis: -1,
        round_mode: QDQ_ROUND_HALF_TO_EVEN,
        arithmetic: QDQ_ARITHMETIC_DEFAULT,
        degenerate: QDQ_DEGENERATE_TENSORFLOW,
        signed_input: 1,
        range_given: 0,
        narrow_range: 0,
    };
    // SAFETY: the caller's struct_size bytes hold this version's struct, as checked, and the rest.
    unsafe {
        attrs.write(defaults);
        ptr::write_bytes(attrs.cast::<u8>().add(known), 0, struct_size - known);
    }
    Ok(())
}
