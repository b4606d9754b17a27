//! The numbered failures and their words.

use std::fmt::{self, Write};

/// How an operation can fail. The numbers are the C API's, and never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
#[non_exhaustive]
pub enum Status {
    /// A required pointer is NULL.
    NullPointer = 1,
    /// An attribute, a struct's size or a reserved field has a value that it cannot have.
    InvalidAttribute = 2,
    /// The axis is neither -1 nor a dimension of the tensor.
    InvalidAxis = 3,
    /// A rank, a dimension, a stride or the size that follows from them is impossible.
    InvalidShape = 4,
    /// A given range holds NaN or an infinity, has min > max, or was passed where none is expected.
    InvalidRange = 5,
    /// The size of one argument does not fit another's.
    SizeMismatch = 6,
    /// An element type that this argument cannot have.
    UnsupportedDtype = 7,
    /// A pointer is not a multiple of its element's size.
    Misaligned = 8,
    /// An output shares memory with another argument.
    Overlap = 9,
    /// A channel's range gives no usable scale.
    DegenerateRange = 10,
    /// Scratch memory could not be allocated.
    OutOfMemory = 11,
    /// A defect of the library.
    Internal = 12,
    /// The host's executor failed or skipped a task.
    Executor = 13,
}

/// A failure: its status, and one sentence that names the argument, its value and what was expected.
///
/// The sentence is held in place, so that a failure allocates nothing.
#[derive(Clone, Copy)]
pub(crate) struct Error {
    status: Status,
    len: u16,
    text: [u8; Error::CAPACITY],
}

impl Error {
    /// The longest sentence, in bytes; what is longer is cut.
    pub(crate) const CAPACITY: usize = 480;

    #[cold]
    pub(crate) fn new(status: Status, sentence: fmt::Arguments<'_>) -> Error {
        let mut error = Error { status, len: 0, text: [0; Error::CAPACITY] };
        // It fails only where the sentence was cut.
        let _ = error.write_fmt(sentence);
        error
    }

    /// The number of the failure.
    pub(crate) fn status(&self) -> Status {
        self.status
    }

    /// The sentence.
    pub(crate) fn message(&self) -> &str {
        std::str::from_utf8(&self.text[..usize::from(self.len)]).unwrap_or_default()
    }
}

impl Write for Error {
    fn write_str(&mut self, part: &str) -> fmt::Result {
        let used = usize::from(self.len);
        let room = part.len().min(Error::CAPACITY - used);
        let fitting = (0..=room).rev().find(|end| part.is_char_boundary(*end)).unwrap_or(0);
        self.text[used..used + fitting].copy_from_slice(&part.as_bytes()[..fitting]);
        self.len += fitting as u16;
        if fitting == part.len() { Ok(()) } else { Err(fmt::Error) }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error").field("status", &self.status).field("message", &self.message()).finish()
    }
}

/// `Err(Error)` with a formatted sentence.
macro_rules! fail {
    ($status:ident, $($sentence:tt)+) => {
        Err($crate::status::Error::new($crate::status::Status::$status, format_args!($($sentence)+)))
    };
}

pub(crate) use fail;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_sentence_is_cut_between_characters() {
        let error = Error::new(Status::Internal, format_args!("x{}", "é".repeat(400)));
        assert_eq!(error.message(), format!("x{}", "é".repeat((Error::CAPACITY - 1) / 2)));
    }
}
