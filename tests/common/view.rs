//! Tensors with strides: where their elements are, memory that notices a stray write, and what C is given of both.

use std::ffi::c_void;
use std::ptr;

use qdq::capi::*;

use super::data::Rng;
use super::element::Element;

/// Where a tensor's elements are in a memory.
#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    pub shape: Vec<i64>,
    /// In elements.
    pub strides: Vec<i64>,
    /// Of the element with all indices 0, from the memory's first.
    pub first: usize,
    /// How many elements the memory has.
    pub extent: usize,
    /// Whether C is told no strides, because the place is dense.
    has_no_strides: bool,
}

impl Place {
    /// Row-major, without gaps, and without strides in C.
    pub fn dense(shape: &[usize]) -> Place {
        let mut place = Place::empty(shape);
        for dimension in (0..shape.len()).rev() {
            place.strides[dimension] = place.extent as i64;
            place.extent *= shape[dimension].max(1);
        }
        place.has_no_strides = true;
        place
    }

    /// Its dimensions in this order, the innermost first, whose elements are `step` apart.
    pub fn ordered(shape: &[usize], order: &[usize], step: usize) -> Place {
        let mut place = Place::empty(shape);
        place.extent = step;
        for &dimension in order {
            place.strides[dimension] = place.extent as i64;
            place.extent *= shape[dimension].max(1);
        }
        place
    }

    /// Row-major, with so many elements left out behind all indices of each dimension.
    pub fn sliced(shape: &[usize], gaps: &[usize]) -> Place {
        let mut place = Place::empty(shape);
        for dimension in (0..shape.len()).rev() {
            place.strides[dimension] = place.extent as i64;
            place.extent = place.extent * shape[dimension] + gaps[dimension];
        }
        place
    }

    /// A slice of a tensor: its dimensions in any order, each with any start, step and direction. Where elements may
    /// repeat, some dimensions have the stride 0.
    pub fn random(shape: &[usize], may_repeat: bool, rng: &mut Rng) -> Place {
        if rng.one_in(6) {
            return Place::dense(shape);
        }
        let mut place = Place::empty(shape);
        let order = if rng.one_in(2) { rng.permutation(shape.len()) } else { (0..shape.len()).rev().collect() };
        let elements: usize = shape.iter().map(|&size| size.max(1)).product();
        for dimension in order {
            place.lay(dimension, may_repeat, MOST_GAPS * elements, rng);
        }
        place
    }

    fn empty(shape: &[usize]) -> Place {
        Place {
            shape: shape.iter().map(|&size| size as i64).collect(),
            strides: vec![0; shape.len()],
            first: 0,
            extent: 1,
            has_no_strides: false,
        }
    }

    /// The next dimension, counted from the innermost. `most` is how large the extent may become through gaps.
    fn lay(&mut self, dimension: usize, may_repeat: bool, most: usize, rng: &mut Rng) {
        let size = self.shape[dimension] as usize;
        if size <= 1 {
            // What stands for a dimension of 0 or 1 is ignored.
            self.strides[dimension] = rng.pick(&[0, 1, -7, i64::MAX, i64::MIN]);
            return;
        }
        if may_repeat && rng.one_in(5) {
            return;
        }
        let (mut start, mut step, mut rest) =
            (rng.pick(&[0, 0, 1, 2]), rng.pick(&[1, 1, 1, 2, 3]), rng.pick(&[0, 0, 1, 2]));
        if self.extent * (start + size * step + rest) > most / size {
            (start, step, rest) = (0, 1, 0);
        }
        let last = start + (size - 1) * step;
        let (first, stride) = if rng.one_in(3) { (last, -(step as i64)) } else { (start, step as i64) };
        self.first += self.extent * first;
        self.strides[dimension] = self.extent as i64 * stride;
        self.extent *= last + 1 + rest;
    }

    /// `count` places of which each has every count-th element of one memory, so that no two share any. Some run
    /// backwards.
    pub fn interleaved(shape: &[usize], count: usize, rng: &mut Rng) -> Vec<Place> {
        let one = Place::random(shape, false, rng);
        (0..count).map(|index| one.spread(count, index).turned(rng)).collect()
    }

    fn spread(&self, count: usize, index: usize) -> Place {
        let factor = count as i64;
        Place {
            strides: self.strides.iter().map(|stride| stride.wrapping_mul(factor)).collect(),
            first: self.first * count + index,
            extent: self.extent * count,
            has_no_strides: false,
            ..self.clone()
        }
    }

    /// The same elements in another order.
    fn turned(mut self, rng: &mut Rng) -> Place {
        for (size, stride) in self.shape.iter().zip(&mut self.strides) {
            if *size > 1 && rng.one_in(3) {
                self.first = self.first.wrapping_add_signed((*stride * (size - 1)) as isize);
                *stride = -*stride;
            }
        }
        self
    }

    /// Moved to where its first element is another one.
    pub fn moved_to(self, first: usize) -> Place {
        Place { first, ..self }
    }

    /// Every element in the place of the first.
    pub fn repeated(mut self) -> Place {
        self.strides.fill(0);
        self.has_no_strides = false;
        self
    }

    /// A part of it: of one dimension the indices from `from` up to `to`.
    pub fn part(&self, dimension: usize, from: usize, to: usize) -> Place {
        let mut part = self.clone();
        part.has_no_strides = false;
        if from > 0 {
            part.first = part.first.wrapping_add_signed(self.strides[dimension] as isize * from as isize);
        }
        part.shape[dimension] = (to - from) as i64;
        part
    }

    /// Where each element is, in row-major order of the indices.
    pub fn offsets(&self) -> Vec<usize> {
        let mut offsets = vec![self.first as i64];
        for (&size, &stride) in self.shape.iter().zip(&self.strides) {
            offsets = offsets.iter().flat_map(|at| (0..size).map(move |index| at + index * stride)).collect();
        }
        offsets.into_iter().map(|offset| offset as usize).collect()
    }

    /// Where each run of neighbours begins, in row-major order of the indices, and how long all of them are.
    pub fn runs(&self) -> (Vec<usize>, usize) {
        let (mut outer, mut len) = (self.clone(), 1);
        while outer.strides.last() == Some(&(len as i64)) {
            outer.strides.pop();
            len *= outer.shape.pop().unwrap_or(1) as usize;
        }
        (outer.offsets(), len)
    }

    /// What C is given of a tensor that has its elements here.
    pub fn tensor(&self, memory: &mut Memory, dtype: qdq_dtype) -> Tensor {
        self.tensor_at(memory.as_mut_ptr(), dtype)
    }

    /// The same of memory that begins here.
    pub fn tensor_at(&self, memory: *mut u8, dtype: qdq_dtype) -> Tensor {
        let data = memory.wrapping_add(self.first * size_of_dtype(dtype)).cast();
        Tensor {
            data: if self.shape.contains(&0) { ptr::null_mut() } else { data },
            shape: self.shape.clone(),
            strides: (!self.has_no_strides).then(|| self.strides.clone()),
            rank: self.shape.len() as i32,
            dtype,
            flags: 0,
        }
    }
}

/// How many times as large as its elements a random place may be, about.
const MOST_GAPS: usize = 8;

/// A qdq_tensor with its arrays, to be spoilt at will.
#[derive(Clone, Debug)]
pub struct Tensor {
    pub data: *mut c_void,
    pub shape: Vec<i64>,
    pub strides: Option<Vec<i64>>,
    pub rank: i32,
    pub dtype: qdq_dtype,
    pub flags: u64,
}

impl Tensor {
    /// It points into the tensor.
    pub fn c(&self) -> qdq_tensor {
        qdq_tensor {
            data: self.data,
            shape: if self.shape.is_empty() { ptr::null() } else { self.shape.as_ptr() },
            strides: self.strides.as_ref().map_or(ptr::null(), Vec::as_ptr),
            rank: self.rank,
            dtype: self.dtype,
            flags: self.flags,
        }
    }
}

/// NULL for nothing.
pub fn pointer_to(tensor: &Option<qdq_tensor>) -> *const qdq_tensor {
    tensor.as_ref().map_or(ptr::null(), ptr::from_ref)
}

/// The bytes behind some tensors, and guards around them. All that is not an element is huge, of either sign, in every
/// floating-point type, so that a stray read widens a computed range.
#[derive(Clone, Debug)]
pub struct Memory {
    bytes: Vec<u8>,
    /// The first byte that is not of a guard, at a multiple of 64.
    start: usize,
    len: usize,
}

const GUARD: usize = 128;

impl Memory {
    /// Room for `len` elements of a dtype.
    pub fn new(len: usize, dtype: qdq_dtype) -> Memory {
        let len = len * size_of_dtype(dtype);
        let bytes = vec![0x7b; 64 + GUARD + len + GUARD];
        let start = bytes.as_ptr().align_offset(64) + GUARD;
        let mut memory = Memory { bytes, start, len };
        for block in memory.bytes_mut().chunks_mut(16) {
            block.iter_mut().skip(8).for_each(|byte| *byte = 0xfb);
        }
        memory
    }

    /// With the elements of a place.
    pub fn holding<T: Element>(place: &Place, elements: &[T]) -> Memory {
        let mut memory = Memory::new(place.extent, dtype_of::<T>());
        memory.store(place, elements);
        memory
    }

    /// A vector never moves its memory, so the pointer lives as long as it does.
    pub fn as_mut_ptr(&mut self) -> *mut u8 {
        self.bytes.as_mut_ptr().wrapping_add(self.start)
    }

    /// Every byte, those of the guards too.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes[self.start - GUARD..][..GUARD + self.len + GUARD]
    }

    fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.bytes[self.start - GUARD..][..GUARD + self.len + GUARD]
    }

    pub fn store<T: Element>(&mut self, place: &Place, elements: &[T]) {
        let offsets = place.offsets();
        assert_eq!(offsets.len(), elements.len());
        for (offset, x) in offsets.into_iter().zip(elements) {
            x.write(&mut self.bytes[self.start + offset * T::SIZE..][..T::SIZE]);
        }
    }

    pub fn load<T: Element>(&self, place: &Place) -> Vec<T> {
        let element = |offset| T::from_bits(self.bits(offset, T::SIZE));
        place.offsets().into_iter().map(element).collect()
    }

    /// Integers, each cut to the type's width.
    pub fn store_codes(&mut self, place: &Place, dtype: qdq_dtype, codes: &[i128]) {
        let size = size_of_dtype(dtype);
        for (offset, code) in place.offsets().into_iter().zip(codes) {
            let bytes = code.to_le_bytes();
            let mut bytes: Vec<u8> = bytes[..size].to_vec();
            if cfg!(target_endian = "big") {
                bytes.reverse();
            }
            self.bytes[self.start + offset * size..][..size].copy_from_slice(&bytes);
        }
    }

    pub fn load_codes(&self, place: &Place, dtype: qdq_dtype) -> Vec<i128> {
        let size = size_of_dtype(dtype);
        let code = |offset| {
            let bits = i128::from(self.bits(offset, size));
            let (least, greatest) = range_of_codes(dtype);
            if bits > greatest { bits - (greatest - least + 1) } else { bits }
        };
        place.offsets().into_iter().map(code).collect()
    }

    fn bits(&self, offset: usize, size: usize) -> u64 {
        let bytes = &self.bytes[self.start + offset * size..][..size];
        let fold = |bits, &byte: &u8| bits << 8 | u64::from(byte);
        if cfg!(target_endian = "little") { bytes.iter().rev().fold(0, fold) } else { bytes.iter().fold(0, fold) }
    }

    /// Makes every element a NaN, or -1.
    pub fn spoil(&mut self) {
        std::hint::black_box(self.bytes_mut()).fill(0xff);
    }

    /// Panics unless every byte is as it was before, but for those of a place.
    pub fn check_only_written(&self, before: &[u8], place: &Place, dtype: qdq_dtype) {
        let (size, bytes) = (size_of_dtype(dtype), self.bytes());
        let mut allowed = before.to_vec();
        for offset in place.offsets() {
            let at = GUARD + offset * size;
            allowed[at..at + size].copy_from_slice(&bytes[at..at + size]);
        }
        self.check_unchanged(&allowed);
    }

    /// Panics unless every byte is as it was before.
    pub fn check_unchanged(&self, before: &[u8]) {
        if self.bytes() == before {
            return;
        }
        let stray = self.bytes().iter().zip(before).position(|(a, b)| a != b);
        let stray = stray.map(|at| at as isize - GUARD as isize);
        assert_eq!(stray, None, "this byte, counted from the first element's, was written to");
    }
}

/// A place in a memory of its own.
#[derive(Clone, Debug)]
pub struct Operand {
    pub memory: Memory,
    pub place: Place,
    pub dtype: qdq_dtype,
}

impl Operand {
    /// With these elements; where some share memory the last one counts.
    pub fn holding<T: Element>(place: Place, elements: &[T]) -> Operand {
        Operand { memory: Memory::holding(&place, elements), place, dtype: dtype_of::<T>() }
    }

    /// With nothing yet.
    pub fn untouched(place: Place, dtype: qdq_dtype) -> Operand {
        Operand { memory: Memory::new(place.extent, dtype), place, dtype }
    }

    pub fn tensor(&mut self) -> Tensor {
        self.place.tensor(&mut self.memory, self.dtype)
    }

    pub fn values<T: Element>(&self) -> Vec<T> {
        assert_eq!(self.dtype, dtype_of::<T>());
        self.memory.load(&self.place)
    }

    pub fn codes(&self) -> Vec<i128> {
        self.memory.load_codes(&self.place, self.dtype)
    }
}

/// One end of the channels' ranges: numbers that its dtype (that of the elements, or F32 for 16 bits) has.
pub fn range_operand<T: Element>(place: Place, is_wide: bool, ends: &[f64]) -> Operand {
    if is_wide {
        let ends: Vec<f32> = ends.iter().map(|&end| end as f32).collect();
        Operand::holding(place, &ends)
    } else {
        let ends: Vec<T> = ends.iter().map(|&end| T::near(end)).collect();
        Operand::holding(place, &ends)
    }
}

/// The numbers of such an operand.
pub fn ends_of<T: Element>(operand: &Operand) -> Vec<f64> {
    if operand.dtype == dtype_of::<T>() {
        operand.values::<T>().into_iter().map(T::to_f64).collect()
    } else {
        operand.values::<f32>().into_iter().map(f64::from).collect()
    }
}

/// The library's own pool with so many threads.
pub fn pool(num_threads: i32) -> qdq_executor {
    qdq_executor {
        struct_size: size_of::<qdq_executor>(),
        num_threads,
        reserved: 0,
        parallel_for: None,
        host_data: ptr::null_mut(),
    }
}

pub fn dtype_of<T: Element>() -> qdq_dtype {
    match T::NAME {
        "f32" => QDQ_DTYPE_F32,
        "f64" => QDQ_DTYPE_F64,
        "f16" => QDQ_DTYPE_F16,
        "bf16" => QDQ_DTYPE_BF16,
        other => panic!("{other} is no type of element"),
    }
}

pub fn size_of_dtype(dtype: qdq_dtype) -> usize {
    match dtype {
        QDQ_DTYPE_I8 | QDQ_DTYPE_U8 => 1,
        QDQ_DTYPE_F16 | QDQ_DTYPE_BF16 | QDQ_DTYPE_I16 | QDQ_DTYPE_U16 => 2,
        QDQ_DTYPE_F32 | QDQ_DTYPE_I32 | QDQ_DTYPE_U32 => 4,
        QDQ_DTYPE_F64 | QDQ_DTYPE_I64 | QDQ_DTYPE_U64 => 8,
        _ => panic!("{dtype} is no dtype"),
    }
}

/// The types of codes.
pub const CODE_DTYPES: [qdq_dtype; 8] = [
    QDQ_DTYPE_I8,
    QDQ_DTYPE_U8,
    QDQ_DTYPE_I16,
    QDQ_DTYPE_U16,
    QDQ_DTYPE_I32,
    QDQ_DTYPE_U32,
    QDQ_DTYPE_I64,
    QDQ_DTYPE_U64,
];

/// The least and the greatest number of a type of codes.
pub fn range_of_codes(dtype: qdq_dtype) -> (i128, i128) {
    let is_signed = [QDQ_DTYPE_I8, QDQ_DTYPE_I16, QDQ_DTYPE_I32, QDQ_DTYPE_I64].contains(&dtype);
    let values = 1i128 << (8 * size_of_dtype(dtype));
    if is_signed { (-values / 2, values / 2 - 1) } else { (0, values - 1) }
}
