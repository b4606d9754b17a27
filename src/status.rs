//! The numbered failures and their words.

use std::cell::RefCell;
use std::fmt::{self, Write};
use std::marker::PhantomData;
use std::num::NonZeroUsize;

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
/// One word, so that results cost nothing where there is no failure: which of the thread's failures it is. The rest waits in
/// memory of the thread, so that a failure allocates nothing; the thread's next failure takes its place.
pub(crate) struct Error {
    number: NonZeroUsize,
    /// As a pointer does not, it does not leave its thread.
    of_thread: PhantomData<*const ()>,
}

impl Error {
    /// The longest sentence, in bytes; what is longer is cut.
    pub(crate) const CAPACITY: usize = 480;

    pub(crate) fn new(status: Status, sentence: fmt::Arguments<'_>) -> Error {
        LATEST.with_borrow_mut(|latest| {
            *latest = Failure { number: latest.number.saturating_add(1), status, len: 0, text: [0; Error::CAPACITY] };
            // It fails only where the sentence was cut.
            let _ = latest.write_fmt(sentence);
            Error { number: latest.number, of_thread: PhantomData }
        })
    }

    /// The number of the failure.
    pub(crate) fn status(&self) -> Status {
        self.read(|failure| failure.status)
    }

    /// Reads the sentence.
    pub(crate) fn with_sentence<R>(&self, read: impl FnOnce(&str) -> R) -> R {
        self.read(|failure| read(failure.sentence()))
    }

    fn read<R>(&self, read: impl FnOnce(&Failure) -> R) -> R {
        LATEST.with_borrow(|latest| {
            debug_assert_eq!(self.number, latest.number, "another failure has taken its place");
            read(latest)
        })
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.read(|failure| write!(f, "{:?}: {}", failure.status, failure.sentence()))
    }
}

thread_local! {
    /// No destructor: the thread's exit runs nothing of the library's.
    static LATEST: RefCell<Failure> = const {
        RefCell::new(Failure {
            number: NonZeroUsize::MIN,
            status: Status::Internal,
            len: 0,
            text: [0; Error::CAPACITY],
        })
    };
}

/// The thread's latest failure.
struct Failure {
    number: NonZeroUsize,
    status: Status,
    len: usize,
    text: [u8; Error::CAPACITY],
}

impl Failure {
    fn sentence(&self) -> &str {
        std::str::from_utf8(&self.text[..self.len]).unwrap_or_default()
    }
}

impl Write for Failure {
    fn write_str(&mut self, part: &str) -> fmt::Result {
        let room = part.len().min(Error::CAPACITY - self.len);
        let fitting = (0..=room).rev().find(|end| part.is_char_boundary(*end)).unwrap_or(0);
        self.text[self.len..self.len + fitting].copy_from_slice(&part.as_bytes()[..fitting]);
        self.len += fitting;
        if fitting == part.len() { Ok(()) } else { Err(fmt::Error) }
    }
}

/// `Err(Error)` with a formatted sentence. It is made out of line and of copies, so that where there is no failure what the
/// sentence names need not even be in memory.
macro_rules! fail {
    ($status:ident, $($sentence:tt)+) => {
        Err($crate::status::out_of_line(move || {
            $crate::status::Error::new($crate::status::Status::$status, format_args!($($sentence)+))
        }))
    };
}

#[cold]
#[inline(never)]
pub(crate) fn out_of_line(failure: impl FnOnce() -> Error) -> Error {
    failure()
}

pub(crate) use fail;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_sentence_is_cut_between_characters() {
        let error = Error::new(Status::Internal, format_args!("x{}", "é".repeat(400)));
        let expected = format!("x{}", "é".repeat((Error::CAPACITY - 1) / 2));
        error.with_sentence(|sentence| assert_eq!(sentence, expected));
    }

    #[test]
    #[cfg(debug_assertions)]
    #[should_panic(expected = "another failure has taken its place")]
    fn a_failure_is_not_mistaken_for_the_next() {
        let first = Error::new(Status::Internal, format_args!("first"));
        let _second = Error::new(Status::Internal, format_args!("second"));
        first.status();
    }
}
