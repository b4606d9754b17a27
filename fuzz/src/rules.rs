//! The header's rules, each on its own: which of them a call breaks, whatever the order in which they are looked at.

use std::collections::BTreeSet;

use qdq::capi::*;

use crate::describe::{self, Attributes, Executor, StructSize, size_of_dtype};
use crate::scene::{Tensor, is_signed, offsets};

/// The statuses of the rules that a call breaks.
#[derive(Clone, Debug, Default)]
pub struct Broken(BTreeSet<qdq_status>);

impl Broken {
    pub fn add(&mut self, status: qdq_status) {
        self.0.insert(status);
    }

    /// The rule of this status is that something is so.
    pub fn unless(&mut self, is_so: bool, status: qdq_status) {
        if !is_so {
            self.add(status);
        }
    }

    /// Whether a call may end so: with success, or with the status of one of the rules that it breaks.
    pub fn admits(&self, status: qdq_status) -> bool {
        if self.0.is_empty() { status == QDQ_STATUS_OK } else { self.0.contains(&status) }
    }

    pub fn extend(&mut self, others: Broken) {
        self.0.extend(others.0);
    }

    pub fn is_none(&self) -> bool {
        self.0.is_empty()
    }

    fn struct_size(&mut self, size: StructSize, known: usize) {
        let is_right = size.bytes == known || known < size.bytes && size.bytes <= 4096 && size.tail == 0;
        self.unless(is_right, QDQ_STATUS_INVALID_ATTRIBUTE);
    }

    /// All that can be checked without a tensor.
    pub fn attributes(&mut self, attributes: &Attributes) {
        self.attributes_but_for_values(attributes);
        self.unless(attributes.reference().is_some(), QDQ_STATUS_INVALID_ATTRIBUTE);
    }

    /// Of attributes of which only the axis matters.
    pub fn attributes_but_for_values(&mut self, attributes: &Attributes) {
        if !attributes.is_null {
            self.struct_size(attributes.size, size_of::<qdq_attrs>());
        }
    }

    pub fn executor(&mut self, executor: &Executor) {
        if !executor.is_null {
            self.struct_size(executor.size, size_of::<qdq_executor>());
            let is_right = executor.num_threads >= 0 && executor.reserved == 0;
            self.unless(is_right, QDQ_STATUS_INVALID_ATTRIBUTE);
        }
    }

    /// A rank, and the dimensions if it is possible.
    pub fn dimensions(&mut self, rank: i32, shape: Option<&[i64]>, size: usize) {
        self.unless((0..=QDQ_MAX_RANK).contains(&rank), QDQ_STATUS_INVALID_SHAPE);
        self.unless(rank == 0 || shape.is_some(), QDQ_STATUS_NULL_POINTER);
        if let Some(shape) = shape {
            let is_empty = shape.contains(&0);
            let elements: i128 = shape.iter().fold(1, |all, &size| (all * i128::from(size)).clamp(0, 1 << 64));
            let is_possible = is_empty || elements * size as i128 <= isize::MAX as i128;
            self.unless(is_possible && shape.iter().all(|&size| size >= 0), QDQ_STATUS_INVALID_SHAPE);
        }
    }

    pub fn axis(&mut self, axis: i32, rank: i32) {
        self.unless((-1..rank).contains(&axis), QDQ_STATUS_INVALID_AXIS);
    }

    /// A pointer to so many elements of a size.
    pub fn pointer(&mut self, address: usize, elements: usize, size: usize) {
        if elements > 0 {
            self.unless(address != 0, QDQ_STATUS_NULL_POINTER);
            self.unless(address.is_multiple_of(size), QDQ_STATUS_MISALIGNED);
        }
    }

    /// A tensor by itself. The others' rules may be looked at if it breaks none.
    pub fn tensor<'t>(&mut self, tensor: &'t Tensor) -> Option<Sound<'t>> {
        let mut own = Broken::default();
        own.unless(!tensor.is_null, QDQ_STATUS_NULL_POINTER);
        if own.is_none() {
            let size = size_of_dtype(tensor.dtype);
            own.unless(tensor.flags == 0, QDQ_STATUS_INVALID_SHAPE);
            own.unless(size.is_some(), QDQ_STATUS_UNSUPPORTED_DTYPE);
            own.dimensions(tensor.rank, tensor.shape.as_deref(), size.unwrap_or(8));
        }
        let sound = Sound { tensor, shape: tensor.shape.as_deref().unwrap_or(&[]) };
        if own.is_none() && sound.elements() > 0 {
            own.pointer(tensor.data.addr(), 1, sound.size());
            own.unless(sound.is_in_the_address_space(), QDQ_STATUS_INVALID_SHAPE);
        }
        let is_sound = own.is_none();
        self.extend(own);
        is_sound.then_some(sound)
    }

    /// An output, which may be one of `same` itself and overlaps nothing else.
    pub fn output(&mut self, output: &Sound, same: &[Sound], apart: &[Sound]) {
        self.unless(!output.overlaps_itself(), QDQ_STATUS_OVERLAP);
        for other in same.iter().filter(|other| !output.is(other)).chain(apart) {
            self.unless(!output.overlaps(other), QDQ_STATUS_OVERLAP);
        }
    }

    /// A range tensor of data of this dtype.
    pub fn range_tensor(&mut self, range: &Sound, dtype: qdq_dtype, axis: i32, channels: i64) {
        let is_narrow = [QDQ_DTYPE_F16, QDQ_DTYPE_BF16].contains(&dtype);
        let has_dtype = range.tensor.dtype == dtype || is_narrow && range.tensor.dtype == QDQ_DTYPE_F32;
        self.unless(has_dtype, QDQ_STATUS_UNSUPPORTED_DTYPE);
        let has_shape = range.shape == [channels] || axis == -1 && range.shape.is_empty();
        self.unless(has_shape, QDQ_STATUS_SIZE_MISMATCH);
    }

    /// Ranges to clamp to.
    pub fn given_ranges(&mut self, [lo, hi]: [&[f64]; 2]) {
        let is_right = |(lo, hi): (&f64, &f64)| lo.is_finite() && hi.is_finite() && lo <= hi;
        self.unless(lo.iter().zip(hi).all(is_right), QDQ_STATUS_INVALID_RANGE);
    }

    /// Ranges of elements: infinities are possible, and (+Inf, -Inf) is that of no number.
    pub fn gathered_ranges(&mut self, [lo, hi]: [&[f64]; 2]) {
        let is_right = |(&lo, &hi): (&f64, &f64)| lo <= hi || [lo, hi] == [f64::INFINITY, f64::NEG_INFINITY];
        self.unless(lo.iter().zip(hi).all(is_right), QDQ_STATUS_INVALID_RANGE);
    }

    /// Codes of a type that holds those from `least` to `most`.
    pub fn codes(&mut self, codes: &Sound, (least, most): (i64, i64)) {
        let is_code = (QDQ_DTYPE_I8..=QDQ_DTYPE_U64).contains(&codes.tensor.dtype);
        let values = 1i128 << (8 * codes.size());
        let low = if is_signed(codes.tensor.dtype) { -values / 2 } else { 0 };
        let holds = low <= least.into() && i128::from(most) < low + values;
        self.unless(is_code && holds, QDQ_STATUS_UNSUPPORTED_DTYPE);
    }
}

/// A tensor whose elements are at possible addresses.
#[derive(Clone, Copy)]
pub struct Sound<'t> {
    pub tensor: &'t Tensor,
    pub shape: &'t [i64],
}

impl Sound<'_> {
    pub fn elements(&self) -> i64 {
        if self.shape.contains(&0) { 0 } else { self.shape.iter().product() }
    }

    pub fn is_real(&self) -> bool {
        describe::ELEMENTS.contains(&self.tensor.dtype)
    }

    fn size(&self) -> usize {
        size_of_dtype(self.tensor.dtype).unwrap_or(1)
    }

    fn strides(&self) -> Vec<i64> {
        self.tensor.strides.as_deref().map_or_else(|| describe::dense_strides(self.shape), <[i64]>::to_vec)
    }

    fn is_in_the_address_space(&self) -> bool {
        let (mut low, mut high) = (0i128, 0i128);
        for (&len, stride) in self.shape.iter().zip(self.strides()) {
            let reach = i128::from(len - 1) * i128::from(stride);
            (low, high) = (low + reach.min(0), high + reach.max(0));
        }
        let (size, start) = (self.size() as i128, self.tensor.data.addr() as i128);
        let bytes = (high - low + 1) * size;
        start + low * size >= 0 && bytes <= isize::MAX as i128 && start + (high + 1) * size <= usize::MAX as i128
    }

    /// Of each element's first byte, in row-major order.
    fn addresses(&self) -> Vec<i64> {
        let start = self.tensor.data.addr() as i64;
        offsets(self.shape, &self.strides(), self.size() as i64).into_iter().map(|offset| start + offset).collect()
    }

    fn sorted_addresses(&self) -> Vec<i64> {
        let mut addresses = self.addresses();
        addresses.sort_unstable();
        addresses
    }

    /// Whether each element of both is in the same place.
    fn is(&self, other: &Sound) -> bool {
        self.tensor.dtype == other.tensor.dtype && self.addresses() == other.addresses()
    }

    fn overlaps_itself(&self) -> bool {
        self.sorted_addresses().windows(2).any(|pair| pair[0] == pair[1])
    }

    fn overlaps(&self, other: &Sound) -> bool {
        let (ours, theirs) = (self.sorted_addresses(), other.sorted_addresses());
        let (our_size, their_size) = (self.size() as i64, other.size() as i64);
        let (mut our, mut their) = (ours.iter().peekable(), theirs.iter().peekable());
        while let (Some(&&a), Some(&&b)) = (our.peek(), their.peek()) {
            if a + our_size <= b {
                our.next();
            } else if b + their_size <= a {
                their.next();
            } else {
                return true;
            }
        }
        false
    }
}
