//! The Rust API: ndarray views in, typed errors out, the same core as behind the C API.

use std::fmt;

use arrayvec::ArrayVec;
use ndarray::{ArrayView, ArrayViewMut, Dimension};

use crate::attrs::{Arithmetic, Attrs, Degenerate, RoundMode};
use crate::channels::Channels;
use crate::exec::{self, Input, Output};
use crate::kernel::codes;
use crate::layout::{Dimensions, Layout, MAX_RANK, Shape};
use crate::operation;
use crate::quantizer::{self, Parameter};
use crate::ranges::{self, Bounds};
use crate::simd;
use crate::status::{Error as Failure, Status, fail};

/// A failure: its status, and one sentence that names the argument, its value and what was expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    status: Status,
    message: String,
}

impl Error {
    /// The number of the failure, as in the C API.
    pub fn status(&self) -> Status {
        self.status
    }
}

// The core's own error leaves its text in memory of the thread, so that a failure behind the C API allocates nothing.
impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        Error { status: failure.status(), message: failure.with_sentence(str::to_owned) }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

/// A type that tensors hold: `f32`, `f64`, [`half::f16`] or [`half::bf16`].
pub trait Element: simd::Element {}

impl Element for f32 {}
impl Element for f64 {}
impl Element for half::f16 {}
impl Element for half::bf16 {}

/// A type that codes have: an integer of 8 to 64 bits.
pub trait Code: codes::Code {}

impl Code for i8 {}
impl Code for u8 {}
impl Code for i16 {}
impl Code for u16 {}
impl Code for i32 {}
impl Code for u32 {}
impl Code for i64 {}
impl Code for u64 {}

/// The attributes of the operation, with TensorFlow's names and defaults. They are checked where they are used.
///
/// ```
/// let attrs = qdq::Attributes::new().num_bits(4).narrow_range(true).axis(0);
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Attributes(Attrs);

impl Attributes {
    /// Signed, 8 bits, half to even, one range for the whole tensor.
    pub fn new() -> Self {
        Self::default()
    }

    /// Codes from -2^(bits-1) to 2^(bits-1) - 1, or else from 0 to 2^bits - 1.
    pub fn signed_input(self, signed: bool) -> Self {
        Attributes(Attrs { signed_input: signed, ..self.0 })
    }

    /// Width of the codes: 1 to 61 signed, 1 to 62 unsigned.
    pub fn num_bits(self, bits: u8) -> Self {
        Attributes(Attrs { num_bits: i32::from(bits), ..self.0 })
    }

    /// Where a number halfway between two codes goes.
    pub fn round_mode(self, mode: RoundMode) -> Self {
        Attributes(Attrs { round_mode: mode, ..self.0 })
    }

    /// Leaves out the least signed code.
    pub fn narrow_range(self, narrow: bool) -> Self {
        Attributes(Attrs { narrow_range: narrow, ..self.0 })
    }

    /// One range for each index of this dimension.
    pub fn axis(self, axis: usize) -> Self {
        Attributes(Attrs { axis: i32::try_from(axis).unwrap_or(i32::MAX), ..self.0 })
    }

    /// How the 16-bit types are computed.
    pub fn arithmetic(self, arithmetic: Arithmetic) -> Self {
        Attributes(Attrs { arithmetic, ..self.0 })
    }

    /// What becomes of a channel whose range gives no usable scale.
    pub fn degenerate(self, degenerate: Degenerate) -> Self {
        Attributes(Attrs { degenerate, ..self.0 })
    }

    fn checked(&self, range_given: bool) -> Result<Attrs, Failure> {
        Attrs { range_given, ..self.0 }.validate()
    }
}

/// Where the work runs. Results never depend on it.
#[derive(Clone, Copy, Debug)]
pub struct Executor(exec::Executor);

impl Executor {
    /// On the calling thread.
    pub fn serial() -> Self {
        Executor(exec::Executor::Serial)
    }

    /// On the library's own pool, which has a thread for each core that the process may use, with at most so many tasks at
    /// once; 0 means as many as there are threads. Small work stays on the calling thread.
    pub fn threads(num_threads: usize) -> Self {
        Executor(exec::Executor::pool(num_threads))
    }
}

/// The least and the greatest number of each channel: one pair for the whole tensor, or one for each index of the axis.
#[derive(Clone, Copy, Debug)]
pub struct Range<'a, E> {
    /// The lower ends.
    pub min: &'a [E],
    /// The upper ends, as many.
    pub max: &'a [E],
}

impl<'a, E: Element> Range<'a, E> {
    /// Of so many channels, or of as many as there are.
    fn bounds(self, channels: Option<usize>) -> Result<Bounds<impl Fn(usize) -> [E::Real; 2] + 'a>, Failure> {
        let count = channels.unwrap_or(self.min.len());
        for (name, len) in [("min", self.min.len()), ("max", self.max.len())] {
            if len != count {
                return fail!(SizeMismatch, "{name} has {len} numbers; expected {count}, one for each channel");
            }
        }
        let of = move |index: usize| [self.min[index].to_real(), self.max[index].to_real()];
        Ok(Bounds { names: ["min", "max"], count, of })
    }
}

/// Quantizes and dequantizes `input` into `output`, which has its shape.
///
/// `range` is the given range, to which elements are clamped; without it the range of each channel is that of its own
/// elements, NaN left out. The views may have any strides.
///
/// ```
/// use ndarray::array;
/// use qdq::{Attributes, Executor, quantize_and_dequantize};
///
/// let weights = array![[-1.0f32, 0.1, 0.77], [-8.0, 2.5, 6.1]];
/// let mut output = weights.clone();
/// let attrs = Attributes::new().num_bits(4).axis(0);
/// quantize_and_dequantize(weights.view(), None, &attrs, &Executor::serial(), output.view_mut())?;
/// assert_eq!(output, array![[-1.0, 0.125, 0.75], [-8.0, 2.0, 6.0]]);
/// # Ok::<(), qdq::Error>(())
/// ```
///
/// # Errors
///
/// An attribute, axis, shape or range that cannot be; views of different shapes; with
/// [`Degenerate::Error`] a channel without a usable scale; scratch memory that is not to be had. `output` is then as
/// it was.
pub fn quantize_and_dequantize<E: Element, D: Dimension>(
    input: ArrayView<'_, E, D>,
    range: Option<Range<'_, E>>,
    attrs: &Attributes,
    executor: &Executor,
    mut output: ArrayViewMut<'_, E, D>,
) -> Result<(), Error> {
    let (input, output) = (Operand::input(&input)?, Operand::output(&mut output)?);
    Ok(forward(input, range, attrs, executor, output)?)
}

/// [`quantize_and_dequantize`] in place.
///
/// ```
/// use ndarray::array;
/// use qdq::{Attributes, Executor, Range, quantize_and_dequantize_in_place};
///
/// let mut activations = array![-0.2f64, 0.3, 0.9, 7.5];
/// let range = Range { min: &[0.0], max: &[1.0] };
/// let attrs = Attributes::new().num_bits(1).signed_input(false);
/// quantize_and_dequantize_in_place(activations.view_mut(), Some(range), &attrs, &Executor::serial())?;
/// assert_eq!(activations, array![0.0, 0.0, 1.0, 1.0]);
/// # Ok::<(), qdq::Error>(())
/// ```
///
/// # Errors
///
/// As [`quantize_and_dequantize`].
pub fn quantize_and_dequantize_in_place<E: Element, D: Dimension>(
    mut tensor: ArrayViewMut<'_, E, D>,
    range: Option<Range<'_, E>>,
    attrs: &Attributes,
    executor: &Executor,
) -> Result<(), Error> {
    let (input, output) = Operand::in_place(&mut tensor)?;
    Ok(forward(input, range, attrs, executor, output)?)
}

fn forward<E: Element>(
    input: Operand<Input<'_, E>>,
    range: Option<Range<'_, E>>,
    attrs: &Attributes,
    executor: &Executor,
    output: Operand<Output<'_, E>>,
) -> Result<(), Failure> {
    let attrs = attrs.checked(range.is_some())?;
    let shape = input.shape::<E>(attrs.axis)?;
    output.place.check_shape(&input.place, "output")?;
    let given = given(range, &shape)?;
    let mut layout = Layout::new();
    lay_out(&mut layout, &shape, [&input.place, &output.place]);
    exec::with_default_environment(|| {
        operation::forward(&attrs, given, &layout, &executor.0, &input.buffer, &output.buffer)
    })
}

/// The gradient of [`quantize_and_dequantize`] by its input: that of the output where the element is inside its channel's
/// range, else its product with 0. Without a range every element that is not NaN is inside.
///
/// ```
/// use ndarray::array;
/// use qdq::{Attributes, Executor, Range, quantize_and_dequantize_grad};
///
/// let (gradients, input) = (array![1.0f32, 2.0, 3.0], array![-2.0f32, 0.5, 2.0]);
/// let mut backprop = array![0.0f32, 0.0, 0.0];
/// let range = Range { min: &[-1.0], max: &[1.0] };
/// let attrs = Attributes::new();
/// let executor = Executor::serial();
/// quantize_and_dequantize_grad(gradients.view(), input.view(), Some(range), &attrs, &executor, backprop.view_mut())?;
/// assert_eq!(backprop, array![0.0, 2.0, 0.0]);
/// # Ok::<(), qdq::Error>(())
/// ```
///
/// # Errors
///
/// As [`quantize_and_dequantize`], but no channel's range is degenerate.
pub fn quantize_and_dequantize_grad<E: Element, D: Dimension>(
    gradients: ArrayView<'_, E, D>,
    input: ArrayView<'_, E, D>,
    range: Option<Range<'_, E>>,
    attrs: &Attributes,
    executor: &Executor,
    mut input_backprop: ArrayViewMut<'_, E, D>,
) -> Result<(), Error> {
    let attrs = attrs.checked(range.is_some())?;
    let (gradients, input) = (Operand::input(&gradients)?, Operand::input(&input)?);
    let backprop = Operand::output(&mut input_backprop)?;
    let shape = input.shape::<E>(attrs.axis)?;
    gradients.place.check_shape(&input.place, "gradients")?;
    backprop.place.check_shape(&input.place, "input_backprop")?;
    let given = given(range, &shape)?;
    let shape = if given.is_some() { shape } else { shape.without_axis() };
    let mut layout = Layout::new();
    lay_out(&mut layout, &shape, [&gradients.place, &input.place, &backprop.place]);
    Ok(exec::with_default_environment(|| {
        operation::gradient(given, &layout, &executor.0, &gradients.buffer, &input.buffer, &backprop.buffer)
    })?)
}

/// Widens ranges by a tensor's elements, NaN left out, for data that comes in pieces: start `min` at infinity and `max` at
/// minus infinity, with one number for the whole tensor, or one for each index of `axis`.
///
/// ```
/// use ndarray::array;
/// use qdq::{Executor, update_range};
///
/// let (mut min, mut max) = ([f32::INFINITY; 2], [f32::NEG_INFINITY; 2]);
/// for piece in [array![[1.0f32, 2.0], [3.0, f32::NAN]], array![[-4.0, 0.5], [0.0, 1.0]]] {
///     update_range(piece.view(), Some(1), &Executor::serial(), &mut min, &mut max)?;
/// }
/// assert_eq!((min, max), ([-4.0, 0.5], [3.0, 2.0]));
/// # Ok::<(), qdq::Error>(())
/// ```
///
/// # Errors
///
/// An axis or shape that cannot be, ranges of another size than the channels, NaN in a range.
pub fn update_range<E: Element, D: Dimension>(
    input: ArrayView<'_, E, D>,
    axis: Option<usize>,
    executor: &Executor,
    min: &mut [E],
    max: &mut [E],
) -> Result<(), Error> {
    let input = Operand::input(&input)?;
    let shape = input.shape::<E>(axis.map_or(-1, |axis| i32::try_from(axis).unwrap_or(i32::MAX)))?;
    let mut known = Range { min, max }.bounds(Some(shape.channels()))?.to_widen()?;
    let mut layout = Layout::new();
    // Both operands: the walk is in the order of the last one.
    lay_out(&mut layout, &shape, [&input.place, &input.place]);
    exec::with_default_environment(|| ranges::widen(&layout, &executor.0, &input.buffer, &mut known))?;
    ranges::settle_zeros(&mut known);
    let fields = known.fields();
    min.iter_mut().zip(fields.range_min).for_each(|(end, real)| *end = E::from_real(*real));
    max.iter_mut().zip(fields.range_max).for_each(|(end, real)| *end = E::from_real(*real));
    Ok(())
}

/// Attributes and ranges made ready, for use any number of times, by any number of threads.
///
/// ```
/// use ndarray::array;
/// use qdq::{Attributes, Executor, Quantizer, Range};
///
/// let range = Range { min: &[-1.0f32], max: &[1.0] };
/// let quantizer = Quantizer::given(&Attributes::new(), range)?;
/// let executor = Executor::serial();
/// let input = array![0.1f32, -0.5, 3.0];
/// let mut codes = array![0i8, 0, 0];
/// quantizer.quantize(input.view(), &executor, codes.view_mut())?;
/// assert_eq!(codes, array![13, -64, 127]);
///
/// let (mut from_codes, mut at_once) = (input.clone(), input.clone());
/// quantizer.dequantize(codes.view(), &executor, from_codes.view_mut())?;
/// quantizer.apply(input.view(), &executor, at_once.view_mut())?;
/// assert_eq!(from_codes, at_once);
/// # Ok::<(), qdq::Error>(())
/// ```
pub struct Quantizer<E: Element>(quantizer::Quantizer<E>);

impl<E: Element> Quantizer<E> {
    /// With a given range, to which elements are clamped.
    ///
    /// # Errors
    ///
    /// An attribute or range that cannot be; with [`Degenerate::Error`] a channel without a usable scale; memory that is not to
    /// be had.
    pub fn given(attrs: &Attributes, range: Range<'_, E>) -> Result<Self, Error> {
        let channels = range.bounds(None)?.given()?;
        Ok(Self::prepare(attrs.checked(true)?, channels)?)
    }

    /// With a range gathered by [`update_range`]: results are those of a computed range, and nothing is clamped.
    ///
    /// # Errors
    ///
    /// As [`Quantizer::given`], but infinities are possible, and (infinity, minus infinity) is the range of no number.
    pub fn gathered(attrs: &Attributes, range: Range<'_, E>) -> Result<Self, Error> {
        let channels = range.bounds(None)?.gathered()?;
        Ok(Self::prepare(attrs.checked(false)?, channels)?)
    }

    fn prepare(attrs: Attrs, channels: Channels<E::Real>) -> Result<Self, Failure> {
        let count = channels.fields().scale.len();
        if attrs.axis == -1 && count != 1 {
            return fail!(SizeMismatch, "min has {count} numbers; expected 1, because there is no axis");
        }
        exec::with_default_environment(|| quantizer::Quantizer::new(&attrs, channels)).map(Quantizer)
    }

    /// Quantizes and dequantizes.
    ///
    /// # Errors
    ///
    /// Views of different shapes, or with another number of channels than the quantizer's.
    pub fn apply<D: Dimension>(
        &self,
        input: ArrayView<'_, E, D>,
        executor: &Executor,
        mut output: ArrayViewMut<'_, E, D>,
    ) -> Result<(), Error> {
        Ok(self.run(Operand::input(&input)?, Operand::output(&mut output)?, |layout, input, output| {
            self.0.apply(layout, &executor.0, input, output)
        })?)
    }

    /// The codes of the elements, saturated; what is NaN gives 0.
    ///
    /// # Errors
    ///
    /// As [`Quantizer::apply`]; a code type that does not hold all codes.
    pub fn quantize<K: Code, D: Dimension>(
        &self,
        input: ArrayView<'_, E, D>,
        executor: &Executor,
        mut codes: ArrayViewMut<'_, K, D>,
    ) -> Result<(), Error> {
        self.check_holds_codes::<K>()?;
        Ok(self.run(Operand::input(&input)?, Operand::output(&mut codes)?, |layout, input, codes| {
            self.0.quantize(layout, &executor.0, input, codes)
        })?)
    }

    /// The numbers of the codes.
    ///
    /// # Errors
    ///
    /// As [`Quantizer::quantize`].
    pub fn dequantize<K: Code, D: Dimension>(
        &self,
        codes: ArrayView<'_, K, D>,
        executor: &Executor,
        mut output: ArrayViewMut<'_, E, D>,
    ) -> Result<(), Error> {
        self.check_holds_codes::<K>()?;
        Ok(self.run(Operand::input(&codes)?, Operand::output(&mut output)?, |layout, codes, output| {
            self.0.dequantize(layout, &executor.0, codes, output)
        })?)
    }

    /// The gradient of [`Quantizer::apply`] by its input: masks by the range as it was given or gathered.
    ///
    /// # Errors
    ///
    /// As [`Quantizer::apply`].
    pub fn grad<D: Dimension>(
        &self,
        gradients: ArrayView<'_, E, D>,
        input: ArrayView<'_, E, D>,
        executor: &Executor,
        mut input_backprop: ArrayViewMut<'_, E, D>,
    ) -> Result<(), Error> {
        let (gradients, input) = (Operand::input(&gradients)?, Operand::input(&input)?);
        let backprop = Operand::output(&mut input_backprop)?;
        let shape = self.shape(&input)?;
        gradients.place.check_shape(&input.place, "gradients")?;
        backprop.place.check_shape(&input.place, "input_backprop")?;
        let mut layout = Layout::new();
        lay_out(&mut layout, &shape, [&gradients.place, &input.place, &backprop.place]);
        Ok(exec::with_default_environment(|| {
            self.0.gradient(&layout, &executor.0, &gradients.buffer, &input.buffer, &backprop.buffer)
        })?)
    }

    /// What each channel's elements are multiplied by, codes per unit: the reciprocal of what ONNX and PyTorch call scale.
    pub fn scale(&self, channel: usize) -> f64 {
        exec::with_default_environment(|| self.0.parameter(Parameter::Scale, channel)).into()
    }

    /// What each channel's codes are multiplied by, the size of a step.
    pub fn inverse_scale(&self, channel: usize) -> f64 {
        exec::with_default_environment(|| self.0.parameter(Parameter::InverseScale, channel)).into()
    }

    fn run<A, B>(
        &self,
        from: Operand<Input<'_, A>>,
        to: Operand<Output<'_, B>>,
        work: impl FnOnce(&Layout<2>, &Input<'_, A>, &Output<'_, B>) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let shape = self.shape(&from)?;
        to.place.check_shape(&from.place, "output")?;
        let mut layout = Layout::new();
        lay_out(&mut layout, &shape, [&from.place, &to.place]);
        exec::with_default_environment(|| work(&layout, &from.buffer, &to.buffer))
    }

    fn shape<'s, B>(&self, operand: &'s Operand<B>) -> Result<Shape<'s>, Failure> {
        let axis = self.0.attrs().axis;
        let shape = operand.shape::<E>(axis)?;
        if shape.channels() == self.0.channels() {
            return Ok(shape);
        }
        let (actual, expected) = (shape.channels(), self.0.channels());
        fail!(SizeMismatch, "shape[{axis}] is {actual}; expected {expected}, as the quantizer has channels")
    }

    fn check_holds_codes<K: Code>(&self) -> Result<(), Failure> {
        let (qmin, qmax) = self.0.attrs().codes();
        if K::RANGE.0 <= qmin.into() && i128::from(qmax) <= K::RANGE.1 {
            return Ok(());
        }
        fail!(UnsupportedDtype, "the code type holds {} to {}; expected {qmin} to {qmax}", K::RANGE.0, K::RANGE.1)
    }
}

/// Where a view's elements are.
#[derive(Clone)]
struct Place {
    shape: ArrayVec<i64, MAX_RANK>,
    strides: ArrayVec<i64, MAX_RANK>,
    /// Which element of the buffer has all indices 0.
    first: usize,
}

/// A view and its buffer.
struct Operand<B> {
    place: Place,
    buffer: B,
}

impl<'a, E: Copy> Operand<Input<'a, E>> {
    fn input<D: Dimension>(view: &'a ArrayView<'_, E, D>) -> Result<Self, Failure> {
        let place = Place::new(view.shape(), view.strides())?;
        Ok(Operand { buffer: Input::of_view(view, place.first), place })
    }
}

impl<'a, E: Copy> Operand<Output<'a, E>> {
    fn output<D: Dimension>(view: &'a mut ArrayViewMut<'_, E, D>) -> Result<Self, Failure> {
        let place = Place::new(view.shape(), view.strides())?;
        Ok(Operand { buffer: Output::of_view(view, place.first), place })
    }
}

impl<'a, E: Copy> Operand<Input<'a, E>> {
    /// A view as input and output at once.
    fn in_place<D: Dimension>(view: &'a mut ArrayViewMut<'_, E, D>) -> Result<(Self, Operand<Output<'a, E>>), Failure> {
        let output = Operand::output(view)?;
        let input = Operand { place: output.place.clone(), buffer: output.buffer.as_input() };
        Ok((input, output))
    }
}

impl<B> Operand<B> {
    fn shape<E>(&self, axis: i32) -> Result<Shape<'_>, Failure> {
        Shape::new("shape", &self.place.shape, axis, size_of::<E>())
    }
}

impl Place {
    fn new(shape: &[usize], strides: &[isize]) -> Result<Self, Failure> {
        if shape.len() > MAX_RANK {
            return fail!(InvalidShape, "the rank is {}; expected {MAX_RANK} at the most", shape.len());
        }
        // A view's sizes and distances are those of memory: they fit.
        let reaches_back = |(size, stride): (&usize, &isize)| {
            if *size > 1 && *stride < 0 { (size - 1) * stride.unsigned_abs() } else { 0 }
        };
        let first = shape.iter().zip(strides).map(reaches_back).sum();
        // Not collected: the panic of that has the path of arrayvec's sources on the machine that builds.
        let mut place = Place { shape: ArrayVec::new(), strides: ArrayVec::new(), first };
        place.shape.extend(shape.iter().map(|size| *size as i64));
        place.strides.extend(strides.iter().map(|stride| *stride as i64));
        Ok(place)
    }

    fn check_shape(&self, other: &Place, name: &str) -> Result<(), Failure> {
        if self.shape == other.shape {
            return Ok(());
        }
        fail!(SizeMismatch, "{name} has the shape {}; expected {}", Dimensions(&self.shape), Dimensions(&other.shape))
    }
}

/// The values of a given range, checked.
fn given<E: Element>(range: Option<Range<'_, E>>, shape: &Shape<'_>) -> Result<Option<Channels<E::Real>>, Failure> {
    range.map(|range| range.bounds(Some(shape.channels()))?.given()).transpose()
}

fn lay_out<const N: usize>(layout: &mut Layout<N>, shape: &Shape<'_>, places: [&Place; N]) {
    layout.set_strided(shape, places.map(|place| &place.strides[..]), places.map(|place| place.first));
}
