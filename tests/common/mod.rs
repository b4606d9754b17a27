//! What the tests share: the naive reference, the library behind its C functions, buffers that notice a stray
//! write, data of every kind, and a way to run a test binary on every instruction set.

// Each test binary compiles this module for itself and uses a part of it.
#![allow(dead_code)]

pub mod buffer;
pub mod channel;
pub mod data;
pub mod element;
pub mod isa;
pub mod large;
pub mod quantizer;
pub mod reference;
pub mod strategy;
pub mod view;

use std::ffi::c_void;
use std::fmt;
use std::ptr;

use ndarray::{ArrayViewD, IxDyn};
use qdq::capi::*;

use buffer::Buffer;
use element::Element;
use reference::{Arithmetic, Attrs, Degenerate, RoundMode};

/// The byte offsets from a 64-byte boundary at which a call's tensors start.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Offsets {
    pub input: usize,
    pub gradients: usize,
    pub output: usize,
}

impl Offsets {
    /// Every tensor at the same offset.
    pub fn all(offset: usize) -> Offsets {
        Offsets { input: offset, gradients: offset, output: offset }
    }
}

/// Which memory the output is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Target {
    Fresh,
    OverInput,
    /// The gradient only.
    OverGradients,
}

/// Where the work runs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Workers {
    /// No executor at all.
    Caller,
    /// The library's own pool, of so many threads; 0 is every core.
    Pool(i32),
    /// A host that runs its tasks one by one, the last one first.
    Host(i32),
}

/// How a call is made, all of which must not change its result.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Manner {
    pub offsets: Offsets,
    pub target: Target,
    pub workers: Workers,
}

impl Default for Manner {
    fn default() -> Manner {
        Manner { offsets: Offsets::default(), target: Target::Fresh, workers: Workers::Caller }
    }
}

impl Manner {
    /// Every tensor at the same byte offset, otherwise the default.
    pub fn at(offset: usize) -> Manner {
        Manner { offsets: Offsets::all(offset), ..Manner::default() }
    }
}

/// One problem: what the operation is given.
#[derive(Clone, PartialEq)]
pub struct Case<T> {
    pub attrs: Attrs,
    pub shape: Vec<usize>,
    pub input: Vec<T>,
    /// The gradient only; as many as the input.
    pub gradients: Vec<T>,
    /// The least and the greatest value of each channel, or nothing to have them computed.
    pub range: Option<(Vec<T>, Vec<T>)>,
}

/// A status that is not OK.
pub type Status = qdq_status;

impl<T: Element> Case<T> {
    /// What the reference makes of it.
    pub fn reference_forward(&self) -> Result<Vec<T>, Status> {
        match reference::forward(self.view(&self.input), self.range_slices(), &self.attrs) {
            Ok(output) => Ok(output.into_iter().collect()),
            Err(reference::DegenerateRange) => Err(QDQ_STATUS_DEGENERATE_RANGE),
        }
    }

    /// What the reference makes of its gradient.
    pub fn reference_gradient(&self) -> Vec<T> {
        let (gradients, input) = (self.view(&self.gradients), self.view(&self.input));
        reference::gradient(gradients, input, self.range_slices(), self.attrs.axis).into_iter().collect()
    }

    /// What the library makes of it.
    ///
    /// Panics when the call wrote where it must not: around its output, to its inputs, or at all if it failed.
    pub fn forward(&self, manner: &Manner) -> Result<Vec<T>, Status> {
        let mut memory = Memory::new(self, manner);
        let [input, _, output] = memory.pointers(manner.target);
        let c = CArguments::new(self, manner.workers);
        // SAFETY: the pointers are of live buffers of the length that shape says, disjoint but for the one overlap
        // that the function allows, and those in `c` live as long as `c` and `self`.
        let status =
            unsafe { T::FORWARD(input, c.shape(), c.rank(), c.lo, c.hi, c.range_len, &c.attrs, c.executor(), output) };
        memory.check(self, manner.target, status)
    }

    /// What the library makes of its gradient.
    ///
    /// Panics as `forward` does, and when the gradients by the range are not zeros.
    pub fn gradient(&self, manner: &Manner) -> Result<Vec<T>, Status> {
        let mut memory = Memory::new(self, manner);
        let [input, gradients, output] = memory.pointers(manner.target);
        let c = CArguments::new(self, manner.workers);
        let mut by_lo = Buffer::<T>::untouched(self.channels(), 0);
        let mut by_hi = Buffer::<T>::untouched(self.channels(), 0);
        // SAFETY: as in `forward`; by_lo and by_hi have a value for each channel.
        let status = unsafe {
            let (by_lo, by_hi) = (by_lo.as_mut_ptr(), by_hi.as_mut_ptr());
            let (shape, rank, executor) = (c.shape(), c.rank(), c.executor());
            T::GRADIENT(
                gradients,
                input,
                shape,
                rank,
                c.lo,
                c.hi,
                c.range_len,
                &c.attrs,
                executor,
                output,
                by_lo,
                by_hi,
            )
        };
        for by_range in [by_lo, by_hi] {
            by_range.check_guards();
            let zeros = by_range.values().iter().all(|x| x.bits() == 0);
            assert!(status != QDQ_STATUS_OK || zeros, "the gradient by the range is not zero: {by_range:?}");
            assert!(status == QDQ_STATUS_OK || by_range.is_untouched(), "status {status}, yet it wrote");
        }
        memory.check(self, manner.target, status)
    }

    /// The library agrees with `expected`, a result of `reference_forward`; or else how it does not.
    pub fn compare_forward(&self, manner: &Manner, expected: &Result<Vec<T>, Status>) -> Result<(), Failure> {
        self.compare("forward", manner, &self.forward(manner), expected)
    }

    /// The library agrees with `expected`, a result of `reference_gradient`; or else how it does not.
    pub fn compare_gradient(&self, manner: &Manner, expected: &[T]) -> Result<(), Failure> {
        self.compare("gradient", manner, &self.gradient(manner), &Ok(expected.to_vec()))
    }

    /// Panics unless library and reference agree, called in one manner.
    pub fn check_forward(&self, manner: &Manner) {
        self.compare_forward(manner, &self.reference_forward()).unwrap_or_else(|failure| panic!("{failure}"));
    }

    /// As `check_forward`, the gradient.
    pub fn check_gradient(&self, manner: &Manner) {
        self.compare_gradient(manner, &self.reference_gradient()).unwrap_or_else(|failure| panic!("{failure}"));
    }

    /// The number of ranges: 1 when axis is -1, else the length of that dimension.
    pub fn channels(&self) -> usize {
        usize::try_from(self.attrs.axis).map_or(1, |axis| self.shape[axis])
    }

    /// The channel of an element.
    pub fn channel_of(&self, index: usize) -> usize {
        match usize::try_from(self.attrs.axis) {
            Ok(axis) => index / self.shape[axis + 1..].iter().product::<usize>() % self.shape[axis],
            Err(_) => 0,
        }
    }

    /// The least and the greatest element of each channel; (+Inf, -Inf) of no number.
    pub fn own_ranges(&self) -> [Vec<f64>; 2] {
        self.widened([f64::INFINITY, f64::NEG_INFINITY].map(|end| vec![end; self.channels()]))
    }

    /// Ranges widened by the elements, by the definition: NaN left out, a zero counting as +0.
    pub fn widened(&self, [mut lo, mut hi]: [Vec<f64>; 2]) -> [Vec<f64>; 2] {
        for (index, x) in self.input.iter().enumerate().filter(|(_, x)| !x.is_nan()) {
            let (x, channel) = (x.to_f64(), self.channel_of(index));
            if x < lo[channel] {
                lo[channel] = x;
            }
            if x > hi[channel] {
                hi[channel] = x;
            }
        }
        for end in lo.iter_mut().chain(&mut hi).filter(|end| **end == 0.0) {
            *end = 0.0;
        }
        [lo, hi]
    }

    fn view<'a>(&self, elements: &'a [T]) -> ArrayViewD<'a, T> {
        ArrayViewD::from_shape(IxDyn(&self.shape), elements).expect("as many elements as the shape says")
    }

    fn range_slices(&self) -> Option<reference::Range<'_, T>> {
        self.range.as_ref().map(|(lo, hi)| (lo.as_slice(), hi.as_slice()))
    }

    fn compare(
        &self,
        what: &'static str,
        manner: &Manner,
        got: &Result<Vec<T>, Status>,
        expected: &Result<Vec<T>, Status>,
    ) -> Result<(), Failure> {
        let difference = match (got, expected) {
            (Ok(got), Ok(expected)) => match first_difference(got, expected) {
                Some(index) => self.describe(index, got[index], expected[index]),
                None => return Ok(()),
            },
            (Err(got), Err(expected)) if got == expected => return Ok(()),
            (got, expected) => format!("got {}, expected {}", status_of(got), status_of(expected)),
        };
        Err(Failure(format!("{what}: {difference}\n  {self:?}\n  {manner:?}")))
    }

    fn describe(&self, index: usize, got: T, expected: T) -> String {
        let channel = self.channel_of(index);
        let mut text = format!(
            "element {index} of {}, channel {channel}: input {}, got {}, expected {}",
            self.input.len(),
            show(self.input[index]),
            show(got),
            show(expected)
        );
        if let Some(gradient) = self.gradients.get(index) {
            text += &format!(", gradient {}", show(*gradient));
        }
        if let Some((lo, hi)) = &self.range {
            text += &format!(", range [{}, {}]", show(lo[channel]), show(hi[channel]));
        }
        text
    }
}

/// All but the elements, which would drown the rest.
impl<T: Element> fmt::Debug for Case<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let range = if self.range.is_some() { "given" } else { "computed" };
        write!(f, "{} {:?}, range {range}, {:?}", T::NAME, self.shape, self.attrs)
    }
}

/// How the library differs from the reference, in words.
pub struct Failure(String);

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The first index at which two tensors differ. Any NaN equals any NaN; all else is compared by bits, so that the
/// sign of a zero counts.
pub fn first_difference<T: Element>(a: &[T], b: &[T]) -> Option<usize> {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).position(|(a, b)| a.bits() != b.bits() && !(a.is_nan() && b.is_nan()))
}

/// A number and its bits.
pub fn show<T: Element>(x: T) -> String {
    format!("{:e} ({:#0width$x})", x.to_f64(), x.bits(), width = 2 + 2 * T::SIZE)
}

fn status_of<T>(result: &Result<T, Status>) -> Status {
    *result.as_ref().err().unwrap_or(&QDQ_STATUS_OK)
}

/// The tensors of a call.
struct Memory<T> {
    input: Buffer<T>,
    gradients: Buffer<T>,
    output: Buffer<T>,
}

impl<T: Element> Memory<T> {
    fn new(case: &Case<T>, manner: &Manner) -> Memory<T> {
        let Offsets { input, gradients, output } = manner.offsets;
        Memory {
            input: Buffer::holding(&case.input, input),
            gradients: Buffer::holding(&case.gradients, gradients),
            output: Buffer::untouched(case.input.len(), output),
        }
    }

    /// Input, gradients and output. They come from one borrow each, so that the output's may be the same as another.
    fn pointers(&mut self, target: Target) -> [*mut T::InC; 3] {
        let (input, gradients) = (self.input.as_mut_ptr(), self.gradients.as_mut_ptr());
        let output = match target {
            Target::Fresh => self.output.as_mut_ptr(),
            Target::OverInput => input,
            Target::OverGradients => gradients,
        };
        [input, gradients, output]
    }

    /// The output, having made sure that the call wrote to nothing else.
    fn check(&self, case: &Case<T>, target: Target, status: Status) -> Result<Vec<T>, Status> {
        for buffer in [&self.input, &self.gradients, &self.output] {
            buffer.check_guards();
        }
        let failed = status != QDQ_STATUS_OK;
        let may_change = |written: Target| target == written && !failed;
        let same_input = self.input.holds(&case.input);
        let same_gradients = self.gradients.holds(&case.gradients);
        assert!(may_change(Target::OverInput) || same_input, "the input was written to");
        assert!(may_change(Target::OverGradients) || same_gradients, "the gradients were written to");
        assert!(may_change(Target::Fresh) || self.output.is_untouched(), "status {status}, yet it wrote");
        if failed {
            return Err(status);
        }
        Ok(match target {
            Target::Fresh => self.output.values(),
            Target::OverInput => self.input.values(),
            Target::OverGradients => self.gradients.values(),
        })
    }
}

/// The arguments of a call that are not tensors, as C has them. The range pointers are into the case.
struct CArguments<T: Element> {
    shape: Vec<i64>,
    lo: *const T::InC,
    hi: *const T::InC,
    range_len: usize,
    attrs: qdq_attrs,
    executor: Option<qdq_executor>,
}

impl<T: Element> CArguments<T> {
    fn new(case: &Case<T>, workers: Workers) -> CArguments<T> {
        let (lo, hi, range_len) = match &case.range {
            Some((lo, hi)) => (lo.as_ptr().cast(), hi.as_ptr().cast(), lo.len()),
            None => (ptr::null(), ptr::null(), 0),
        };
        CArguments {
            shape: case.shape.iter().map(|&dim| dim as i64).collect(),
            lo,
            hi,
            range_len,
            attrs: c_attrs(&case.attrs, case.range.is_some()),
            executor: c_executor(workers),
        }
    }

    fn shape(&self) -> *const i64 {
        self.shape.as_ptr()
    }

    fn rank(&self) -> i32 {
        self.shape.len() as i32
    }

    fn executor(&self) -> *const qdq_executor {
        self.executor.as_ref().map_or(ptr::null(), ptr::from_ref)
    }
}

/// The attributes as C has them.
pub fn c_attrs(attrs: &Attrs, range_given: bool) -> qdq_attrs {
    qdq_attrs {
        struct_size: size_of::<qdq_attrs>(),
        num_bits: attrs.num_bits,
        axis: attrs.axis,
        round_mode: match attrs.round_mode {
            RoundMode::HalfToEven => QDQ_ROUND_HALF_TO_EVEN,
            RoundMode::HalfUp => QDQ_ROUND_HALF_UP,
        },
        arithmetic: match attrs.arithmetic {
            Arithmetic::Default => QDQ_ARITHMETIC_DEFAULT,
            Arithmetic::Native => QDQ_ARITHMETIC_NATIVE,
        },
        degenerate: match attrs.degenerate {
            Degenerate::TensorFlow => QDQ_DEGENERATE_TENSORFLOW,
            Degenerate::Zero => QDQ_DEGENERATE_ZERO,
            Degenerate::Error => QDQ_DEGENERATE_ERROR,
        },
        signed_input: attrs.signed_input.into(),
        range_given: range_given.into(),
        narrow_range: attrs.narrow_range.into(),
    }
}

/// The executor as C has it; nothing stands for NULL.
pub fn c_executor(workers: Workers) -> Option<qdq_executor> {
    let (num_threads, parallel_for): (i32, qdq_parallel_for) = match workers {
        Workers::Caller => return None,
        Workers::Pool(threads) => (threads, None),
        Workers::Host(threads) => (threads, Some(last_first)),
    };
    let struct_size = size_of::<qdq_executor>();
    Some(qdq_executor { struct_size, num_threads, reserved: 0, parallel_for, host_data: ptr::null_mut() })
}

/// A host's parallel_for that runs its tasks one by one, the last one first.
unsafe extern "C" fn last_first(_host: *mut c_void, tasks: usize, task: qdq_task, task_data: *mut c_void) -> i32 {
    let task = task.expect("the library passes a task");
    for index in (0..tasks).rev() {
        // SAFETY: the library's own task, called once for each index, with the data that belongs to it.
        unsafe { task(task_data, index) };
    }
    0
}
