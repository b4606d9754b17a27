//! A qdq_tensor, checked: shape and strides as slices, every address of its elements possible.

use std::fmt::{self, Display};
use std::ops::Deref;

use arrayvec::ArrayVec;

use super::dtype::{self, ELEMENTS};
use super::region::{aligned_address, dimensions};
use super::types::*;
use crate::attrs::Attrs;
use crate::exec::{Input, Output};
use crate::layout::{Dimensions, Layout, MAX_RANK, Shape};
use crate::overlap::Footprint;
use crate::ranges::Bounds;
use crate::simd::Element;
use crate::status::{Error, fail};

/// A tensor whose elements are all at possible addresses.
pub(super) struct View<'a> {
    name: &'static str,
    data: *mut u8,
    pub(super) dtype: qdq_dtype,
    /// Bytes of an element.
    size: usize,
    pub(super) shape: &'a [i64],
    /// In elements, as the caller gave them; None is dense.
    given_strides: Option<&'a [i64]>,
    is_dense: bool,
    pub(super) elements: usize,
    /// How many elements the memory from the lowest to the highest would hold, and which of them is the first.
    extent: usize,
    first: usize,
}

/// An argument's field in words: input.shape.
struct Field(&'static str, &'static str);

impl Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.0, self.1)
    }
}

impl<'a> View<'a> {
    /// # Safety
    /// `tensor` is NULL or valid for reads; if not NULL, its shape and strides are valid for reads of rank numbers during
    /// 'a.
    pub(super) unsafe fn new(name: &'static str, tensor: *const qdq_tensor) -> Result<View<'a>, Error> {
        aligned_address(name, tensor)?;
        // SAFETY: not NULL and aligned, as checked; valid, as promised.
        let tensor = unsafe { tensor.read() };
        if tensor.flags != 0 {
            return fail!(InvalidShape, "{name}.flags is {:#x}; expected 0", tensor.flags);
        }
        let size = element_size(name, tensor.dtype)?;
        // SAFETY: valid, as promised.
        let shape = unsafe { dimensions(Field(name, "rank"), Field(name, "shape"), tensor.rank, tensor.shape) }?;
        let elements = Shape::new(Field(name, "shape"), shape, -1, size)?.elements();
        let given_strides = if tensor.strides.is_null() {
            None
        } else {
            // SAFETY: valid, as promised.
            Some(unsafe { dimensions(Field(name, "rank"), Field(name, "strides"), tensor.rank, tensor.strides) }?)
        };
        let is_dense = given_strides.is_none_or(|strides| are_dense(shape, strides));
        let (data, dtype) = (tensor.data.cast(), tensor.dtype);
        let mut view = View { name, data, dtype, size, shape, given_strides, is_dense, elements, extent: 0, first: 0 };
        if elements > 0 {
            view.check_addresses()?;
        }
        Ok(view)
    }

    /// All of them as numbers, which dense views need only in sentences: theirs are written to an array first.
    fn strides(&self) -> Strides<'a> {
        match self.given_strides {
            Some(strides) => Strides::Given(strides),
            None => Strides::Dense(dense_strides(self.shape)),
        }
    }

    /// Of a view of the same shape.
    fn has_strides_of(&self, other: &View<'_>) -> bool {
        let are_equal = || {
            let (ours, theirs) = (self.strides(), other.strides());
            let mut strides = self.shape.iter().zip(ours.iter().zip(theirs.iter()));
            strides.all(|(size, (ours, theirs))| *size <= 1 || ours == theirs)
        };
        self.is_dense == other.is_dense && (self.is_dense || are_equal())
    }

    /// Checks the first element's address, and that all the others are in the address space.
    fn check_addresses(&mut self) -> Result<(), Error> {
        let (name, size) = (self.name, self.size);
        if self.data.is_null() {
            return fail!(NullPointer, "{name}.data is NULL; expected a pointer");
        }
        if !self.data.addr().is_multiple_of(size) {
            return fail!(Misaligned, "{name}.data is {:p}; expected a multiple of {size}", self.data);
        }
        let (below, above) = self.reach();
        let start = self.data.addr() as i128;
        let bytes = (below + above + 1) * size as i128;
        let lowest = start - below * size as i128;
        if lowest < 0 || lowest + bytes > usize::MAX as i128 || bytes > isize::MAX as i128 {
            return fail!(
                InvalidShape,
                "{name}.strides is {} and reaches {below} elements below and {above} above {:p}; expected all within the \
                 address space",
                Dimensions(&self.strides()),
                self.data
            );
        }
        self.extent = (below + above + 1) as usize;
        self.first = below as usize;
        Ok(())
    }

    /// How many elements it reaches below its first one, and how many above. It is not empty.
    fn reach(&self) -> (i128, i128) {
        let strides = match self.given_strides {
            Some(strides) if !self.is_dense => strides,
            _ => return (0, self.elements as i128 - 1),
        };
        let (mut below, mut above) = (0i128, 0i128);
        for (dimension, stride) in self.shape.iter().zip(strides) {
            let reach = (i128::from(*dimension) - 1) * i128::from(*stride);
            below -= reach.min(0);
            above += reach.max(0);
        }
        (below, above)
    }

    /// # Safety
    /// The elements are valid for reads during 'b, and are of type E.
    pub(super) unsafe fn input<'b, E: Copy>(&self) -> Input<'b, E> {
        // SAFETY: aligned and within the address space, as checked; valid, as promised.
        unsafe { Input::new(self.lowest().cast(), self.extent) }
    }

    /// # Safety
    /// The elements are valid for writes during 'b, nobody else's meanwhile, and are of type E.
    pub(super) unsafe fn output<'b, E: Copy>(&self) -> Output<'b, E> {
        // SAFETY: aligned and within the address space, as checked; valid, as promised.
        unsafe { Output::new(self.lowest().cast(), self.extent) }
    }

    fn lowest(&self) -> *mut u8 {
        if self.elements == 0 {
            return std::ptr::null_mut();
        }
        self.data.wrapping_sub(self.first * self.size)
    }

    pub(super) fn check_shape(&self, other: &View<'_>) -> Result<(), Error> {
        if self.shape == other.shape {
            return Ok(());
        }
        fail!(
            SizeMismatch,
            "{}.shape is {}; expected {}, that of {}",
            self.name,
            Dimensions(self.shape),
            Dimensions(other.shape),
            other.name
        )
    }

    /// Its shape with the channels of an axis.
    pub(super) fn shape_with_axis(&self, axis: i32) -> Result<Shape<'a>, Error> {
        Shape::new(Field(self.name, "shape"), self.shape, axis, self.size)
    }

    /// Whether it holds numbers that the operation takes.
    pub(super) fn check_is_real(&self) -> Result<(), Error> {
        if dtype::is_element(self.dtype) { Ok(()) } else { self.unsupported(ELEMENTS) }
    }

    pub(super) fn channel_mismatch<R>(&self, axis: i32, channels: usize) -> Result<R, Error> {
        let (name, shape) = (self.name, Dimensions(self.shape));
        fail!(
            SizeMismatch,
            "{name}.shape is {shape}; expected {channels} in dimension {axis}, as the quantizer has channels"
        )
    }

    pub(super) fn unsupported<R>(&self, expected: &str) -> Result<R, Error> {
        fail!(UnsupportedDtype, "{}.dtype is {}; expected {expected}", self.name, self.dtype)
    }

    /// Of codes: its type holds all that the attributes' width can give.
    pub(super) fn check_holds_codes(&self, attrs: &Attrs) -> Result<(), Error> {
        let (qmin, qmax) = attrs.codes();
        match dtype::range_of_codes(self.dtype) {
            Some((least, greatest)) if least <= qmin.into() && i128::from(qmax) <= greatest => Ok(()),
            _ => fail!(
                UnsupportedDtype,
                "{}.dtype is {}; expected an integer type that holds {qmin} to {qmax}",
                self.name,
                self.dtype
            ),
        }
    }

    pub(super) fn check_dtype(&self, dtype: qdq_dtype) -> Result<(), Error> {
        if self.dtype == dtype {
            return Ok(());
        }
        fail!(UnsupportedDtype, "{}.dtype is {}; expected {dtype}", self.name, self.dtype)
    }

    /// Of an output: no two elements share memory.
    pub(super) fn check_output(&self) -> Result<(), Error> {
        if self.elements == 0 || self.is_dense || !self.footprint().overlaps_itself() {
            return Ok(());
        }
        fail!(
            Overlap,
            "{}.strides is {} for the shape {}; expected no two elements in the same memory",
            self.name,
            Dimensions(&self.strides()),
            Dimensions(self.shape)
        )
    }

    /// Of an output: it shares no byte with another argument.
    pub(super) fn check_apart(&self, other: &View<'_>) -> Result<(), Error> {
        let is_apart = self.elements == 0 || other.elements == 0 || self.ends_before(other) || other.ends_before(self);
        if is_apart || !self.footprint().shares_bytes_with(&other.footprint()) {
            return Ok(());
        }
        fail!(
            Overlap,
            "{}.data is {:p} and overlaps {} at {:p}; expected separate memory",
            self.name,
            self.data,
            other.name,
            other.data
        )
    }

    /// Whether its highest byte is below the other's lowest.
    fn ends_before(&self, other: &View<'_>) -> bool {
        self.lowest().addr() + self.extent * self.size <= other.lowest().addr()
    }

    /// Of an output that may also be another argument itself.
    pub(super) fn check_apart_or_same(&self, other: &View<'_>) -> Result<(), Error> {
        let is_same = self.data == other.data && self.dtype == other.dtype && self.has_strides_of(other);
        if is_same { Ok(()) } else { self.check_apart(other) }
    }

    fn footprint(&self) -> Footprint {
        Footprint::new(self.data.addr(), self.size, self.shape, &self.strides())
    }

    /// Of a range: an element for each channel.
    pub(super) fn check_range(&self, data: qdq_dtype, axis: i32, channels: usize) -> Result<(), Error> {
        let is_narrow = dtype::is_narrow(data);
        if !(self.dtype == data || is_narrow && self.dtype == QDQ_DTYPE_F32) {
            let or_float = if is_narrow { " or 1 (F32)" } else { "" };
            return fail!(UnsupportedDtype, "{}.dtype is {}; expected {data}{or_float}", self.name, self.dtype);
        }
        if axis == -1 {
            return match self.shape {
                [] | [1] => Ok(()),
                _ => fail!(
                    SizeMismatch,
                    "{}.shape is {}; expected one element, of rank 0 or 1",
                    self.name,
                    Dimensions(self.shape)
                ),
            };
        }
        match self.shape {
            [len] if *len as usize == channels => Ok(()),
            _ => fail!(
                SizeMismatch,
                "{}.shape is {}; expected [{channels}], one for each channel",
                self.name,
                Dimensions(self.shape)
            ),
        }
    }

    /// Where a range's element is.
    fn element(&self, index: usize) -> *mut u8 {
        let stride = if index == 0 { 0 } else { self.given_strides.map_or(1, |strides| strides[0]) };
        let size = self.size;
        self.data.wrapping_offset(index as isize * stride as isize * size as isize)
    }

    /// # Safety
    /// The elements are valid for reads; the index is below their number; the dtype is E's or F32.
    unsafe fn read<E: Element>(&self, index: usize) -> E::Real {
        // SAFETY: the caller's promise; aligned and within the address space, as checked.
        unsafe {
            match self.dtype {
                QDQ_DTYPE_F32 if E::IS_NARROW => self.element(index).cast::<f32>().read().into(),
                _ => self.element(index).cast::<E>().read().to_real(),
            }
        }
    }

    /// # Safety
    /// The elements are valid for writes; the index is below their number; the dtype is E's or F32.
    pub(super) unsafe fn write<E: Element>(&self, index: usize, value: E::Real) {
        // SAFETY: the caller's promise; aligned and within the address space, as checked.
        unsafe {
            match self.dtype {
                QDQ_DTYPE_F32 if E::IS_NARROW => {
                    self.element(index).cast::<f32>().write(Into::<f64>::into(value) as f32);
                }
                _ => self.element(index).cast::<E>().write(E::from_real(value)),
            }
        }
    }
}

/// A pair of range tensors as bounds.
///
/// # Safety
/// The elements are valid for reads while the bounds are used; both tensors have `count`; their dtypes are E's or F32.
pub(super) unsafe fn bounds<'v, E: Element>(
    [min, max]: [&'v View<'_>; 2],
    count: usize,
) -> Bounds<impl Fn(usize) -> [E::Real; 2] + 'v> {
    // SAFETY: the caller's promise; bounds ask for indices below their count.
    let of = move |index| unsafe { [min.read::<E>(index), max.read::<E>(index)] };
    Bounds { names: [min.name, max.name], count, of }
}

/// Lays out views of one shape.
pub(super) fn lay_out<const N: usize>(layout: &mut Layout<N>, shape: &Shape<'_>, views: [&View<'_>; N]) {
    if views.iter().all(|view| view.is_dense) {
        layout.set_dense(shape);
    } else {
        let strides = views.map(View::strides);
        layout.set_strided(shape, strides.each_ref().map(|strides| &strides[..]), views.map(|view| view.first));
    }
}

/// The strides of a view.
#[allow(clippy::large_enum_variant, reason = "lives on the stack, for one call, which allocates nothing")]
enum Strides<'a> {
    Given(&'a [i64]),
    Dense(ArrayVec<i64, MAX_RANK>),
}

impl Deref for Strides<'_> {
    type Target = [i64];

    fn deref(&self) -> &[i64] {
        match self {
            Strides::Given(strides) => strides,
            Strides::Dense(strides) => strides,
        }
    }
}

/// Whether strides are those of a dense view, wherever they are used.
fn are_dense(shape: &[i64], strides: &[i64]) -> bool {
    let mut dense = 1i64;
    shape.iter().zip(strides).rev().all(|(size, stride)| {
        let is_dense = *size <= 1 || *stride == dense;
        // Wraps only where another dimension is 0, and then no stride is used.
        dense = dense.wrapping_mul(*size);
        is_dense
    })
}

fn dense_strides(shape: &[i64]) -> ArrayVec<i64, MAX_RANK> {
    // Not collected: the panic of that has the path of arrayvec's sources on the machine that builds.
    let mut strides = ArrayVec::<i64, MAX_RANK>::new();
    strides.extend(shape.iter().map(|_| 1));
    for index in (1..shape.len()).rev() {
        // Wraps only where another dimension is 0, and then no stride is used.
        strides[index - 1] = strides[index].wrapping_mul(shape[index]);
    }
    strides
}

fn element_size(name: &str, dtype: qdq_dtype) -> Result<usize, Error> {
    match dtype::size(dtype) {
        Some(size) => Ok(size),
        None => fail!(UnsupportedDtype, "{name}.dtype is {dtype}; expected a QDQ_DTYPE_ constant, 1 to 12"),
    }
}
