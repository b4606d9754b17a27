//! The tensors of a call, each in memory of its own, in that of another, or beside it.

use std::ffi::c_void;
use std::ops::Range;
use std::ptr;

use qdq::capi::*;

use crate::describe::{self, size_of_dtype};
use crate::dice::Dice;
use crate::element::Element;
use crate::memory::Arena;

/// A tensor that exists, and where.
#[derive(Clone, Debug)]
pub struct Placing {
    pub dtype: qdq_dtype,
    pub shape: Vec<i64>,
    pub strides: Option<Vec<i64>>,
    pub location: Location,
}

/// Where a tensor's memory is.
#[derive(Clone, Copy, Debug)]
pub enum Location {
    /// Of its own; its lowest byte is so many behind a multiple of 64.
    Own { offset: usize },
    /// The first elements of both are the same.
    Same { tensor: usize },
    /// Its lowest byte is so many behind that of an earlier tensor.
    Beside { tensor: usize, bytes: i64 },
}

impl Placing {
    /// A tensor of its own.
    pub fn apart(dice: &mut Dice, dtype: qdq_dtype, shape: Vec<i64>, strides: Option<Vec<i64>>) -> Placing {
        let offset = dice.below(64) & !(size_of_dtype(dtype).expect("a dtype") - 1);
        Placing { dtype, shape, strides, location: Location::Own { offset } }
    }

    /// Perhaps in the memory of an earlier one, with its strides or others.
    pub fn anywhere(
        dice: &mut Dice,
        earlier: &[Placing],
        dtype: qdq_dtype,
        shape: Vec<i64>,
        strides: Option<Vec<i64>>,
    ) -> Placing {
        let mut placing = Placing::apart(dice, dtype, shape, strides);
        let (choice, tensor) = (dice.below(8), dice.below(2) * dice.below(earlier.len()));
        if choice >= 4 && earlier[tensor].shape == placing.shape && dice.below(4) != 3 {
            placing.strides = earlier[tensor].strides.clone();
            placing.change_a_stride(dice);
        }
        match choice {
            0..4 => {}
            4..6 => placing.location = Location::Same { tensor },
            _ => {
                let size = size_of_dtype(dtype).expect("a dtype") as i64;
                let len: i64 = earlier[tensor].shape.iter().product();
                let elements = dice.pick(&[1, len, -len, len - 1, 1 - len, 2, -1, 3, len + 1]);
                let odd = dice.mostly(0, 32, &[1]);
                placing.location = Location::Beside { tensor, bytes: elements.clamp(-5000, 5000) * size + odd };
            }
        }
        placing
    }

    /// Once in 6 times, where it has strides: nearly the same is not the same.
    fn change_a_stride(&mut self, dice: &mut Dice) {
        let (is_changed, index, change) = (dice.once_in(6), dice.below(64), dice.pick(&[1, -1, 2]));
        if let Some(strides) = self.strides.as_mut().filter(|strides| is_changed && !strides.is_empty()) {
            let index = index % strides.len();
            strides[index] = strides[index].wrapping_add(change);
        }
    }

    fn size(&self) -> i64 {
        size_of_dtype(self.dtype).expect("a tensor that exists has a dtype") as i64
    }

    fn all_strides(&self) -> Vec<i64> {
        self.strides.clone().unwrap_or_else(|| describe::dense_strides(&self.shape))
    }

    /// Bytes from the first element to each, in row-major order.
    fn offsets(&self) -> Vec<i64> {
        offsets(&self.shape, &self.all_strides(), self.size())
    }
}

/// Bytes from the first element to each, in row-major order.
pub fn offsets(shape: &[i64], strides: &[i64], size: i64) -> Vec<i64> {
    if shape.contains(&0) {
        return vec![];
    }
    let mut offsets = vec![0];
    for (&len, &stride) in shape.iter().zip(strides).filter(|(len, _)| **len > 1) {
        offsets = offsets.iter().flat_map(|at| (0..len).map(move |index| at + index * stride * size)).collect();
    }
    offsets
}

/// A qdq_tensor with its arrays, which end where their memory does.
#[derive(Debug)]
pub struct Tensor {
    pub is_null: bool,
    pub data: *mut c_void,
    pub shape: Option<Box<[i64]>>,
    pub strides: Option<Box<[i64]>>,
    pub rank: i32,
    pub dtype: qdq_dtype,
    pub flags: u64,
}

impl Tensor {
    pub fn null() -> Tensor {
        let data = ptr::null_mut();
        Tensor { is_null: true, data, shape: None, strides: None, rank: 0, dtype: QDQ_DTYPE_F32, flags: 0 }
    }

    /// It points into the tensor; nothing stands for NULL.
    pub fn c(&self) -> Option<qdq_tensor> {
        let pointer = |numbers: &Option<Box<[i64]>>| numbers.as_ref().map_or(ptr::null(), |numbers| numbers.as_ptr());
        (!self.is_null).then(|| qdq_tensor {
            data: self.data,
            shape: pointer(&self.shape),
            strides: pointer(&self.strides),
            rank: self.rank,
            dtype: self.dtype,
            flags: self.flags,
        })
    }
}

/// NULL for nothing.
pub fn pointer_to(tensor: &Option<qdq_tensor>) -> *const qdq_tensor {
    tensor.as_ref().map_or(ptr::null(), ptr::from_ref)
}

/// What is wrong with a tensor, whatever its memory.
#[derive(Clone, Copy, Debug)]
pub enum Fault {
    NullTensor,
    NullData,
    MisalignedData,
    NullShape,
    Rank(i32),
    /// This dimension, counted around.
    Dimension(usize, i64),
    Stride(usize, i64),
    Dtype(i32),
    Flags(u64),
}

impl Fault {
    /// Once in 6 times one, with the tensor that has it.
    pub fn roll(dice: &mut Dice, tensors: usize) -> Option<(usize, Fault)> {
        dice.once_in(6).then(|| (dice.below(tensors), Fault::any(dice)))
    }

    fn any(dice: &mut Dice) -> Fault {
        match dice.below(9) {
            0 => Fault::NullTensor,
            1 => Fault::NullData,
            2 => Fault::MisalignedData,
            3 => Fault::NullShape,
            4 => Fault::Rank(dice.pick(&[-1, 65, i32::MIN, i32::MAX])),
            // No tensor has these sizes: too many bytes for any address space.
            5 => Fault::Dimension(dice.below(8), dice.pick(&[-1, i64::MAX, i64::MIN])),
            6 => Fault::Stride(dice.below(8), dice.pick(&[i64::MAX, i64::MIN])),
            7 => Fault::Dtype(dice.pick(&[0, 13, -1, i32::MAX])),
            _ => Fault::Flags(dice.pick(&[1, 1 << 63])),
        }
    }

    fn spoil(self, tensor: &mut Tensor) {
        let set = |numbers: &mut Option<Box<[i64]>>, index: usize, number: i64| {
            if let Some(numbers) = numbers.as_mut().filter(|numbers| !numbers.is_empty()) {
                numbers[index % numbers.len()] = number;
            }
        };
        match self {
            Fault::NullTensor => tensor.is_null = true,
            Fault::NullData => tensor.data = ptr::null_mut(),
            // No address is wrong for a single byte, and one that is wrong stays so.
            Fault::MisalignedData if size_of_dtype(tensor.dtype) == Some(1) => {}
            Fault::MisalignedData => tensor.data = tensor.data.map_addr(|address| address | 1),
            Fault::NullShape => tensor.shape = None,
            Fault::Rank(rank) => tensor.rank = rank,
            Fault::Dimension(index, size) => set(&mut tensor.shape, index, size),
            Fault::Stride(index, stride) => set(&mut tensor.strides, index, stride),
            Fault::Dtype(dtype) => tensor.dtype = dtype,
            Fault::Flags(flags) => tensor.flags = flags,
        }
    }
}

/// Tensors and their memory.
pub struct Scene {
    arenas: Vec<Arena>,
    places: Vec<Place>,
    pub tensors: Vec<Tensor>,
}

/// Where a tensor's elements are.
struct Place {
    dtype: qdq_dtype,
    arena: usize,
    /// The first byte of each in the arena.
    offsets: Vec<usize>,
    size: usize,
    /// The elements' bytes, in order and joined.
    ranges: Vec<Range<usize>>,
}

impl Place {
    fn new(dtype: qdq_dtype, arena: usize, offsets: Vec<usize>) -> Place {
        let size = size_of_dtype(dtype).expect("a tensor that exists has a dtype");
        let ranges = joined(offsets.iter().map(|&offset| offset..offset + size).collect());
        Place { dtype, arena, offsets, size, ranges }
    }
}

fn joined(mut ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
    ranges.sort_unstable_by_key(|range| range.start);
    let mut joined: Vec<Range<usize>> = vec![];
    for range in ranges {
        match joined.last_mut().filter(|last| range.start <= last.end) {
            Some(last) => last.end = last.end.max(range.end),
            None => joined.push(range),
        }
    }
    joined
}

/// An arena that is not yet made, seen from the first element of the tensor that it was begun for.
struct Span {
    low: i64,
    high: i64,
    /// The address of `anchor`, modulo 64.
    phase: i64,
    anchor: i64,
}

impl Scene {
    pub fn new(placings: &[Placing], fault: Option<(usize, Fault)>) -> Scene {
        let mut spans: Vec<Span> = vec![];
        let mut origins: Vec<(usize, i64)> = vec![];
        let offsets: Vec<Vec<i64>> = placings.iter().map(Placing::offsets).collect();
        let lows: Vec<i64> = offsets.iter().map(|offsets| offsets.iter().copied().min().unwrap_or(0)).collect();
        for (index, placing) in placings.iter().enumerate() {
            let (arena, origin) = match placing.location {
                Location::Own { offset } => {
                    let low = lows[index];
                    spans.push(Span { low, high: low, phase: offset as i64, anchor: low });
                    (spans.len() - 1, 0)
                }
                Location::Same { tensor } => origins[tensor],
                Location::Beside { tensor, bytes } => {
                    let (arena, origin) = origins[tensor];
                    (arena, origin + lows[tensor] + bytes - lows[index])
                }
            };
            origins.push((arena, origin));
            let span = &mut spans[arena];
            let high = offsets[index].iter().max().map_or(0, |high| high + placing.size());
            span.low = span.low.min(origin + lows[index]);
            span.high = span.high.max(origin + high);
        }
        Scene::build(placings, fault, &spans, &origins, &offsets)
    }

    fn build(
        placings: &[Placing],
        fault: Option<(usize, Fault)>,
        spans: &[Span],
        origins: &[(usize, i64)],
        offsets: &[Vec<i64>],
    ) -> Scene {
        let arena = |span: &Span| {
            let phase = (span.phase - (span.anchor - span.low)).rem_euclid(64);
            Arena::new((span.high - span.low) as usize, phase as usize)
        };
        let mut arenas: Vec<Arena> = spans.iter().map(arena).collect();
        let mut scene = Scene { arenas: vec![], places: vec![], tensors: vec![] };
        for (placing, (&(arena, origin), offsets)) in placings.iter().zip(origins.iter().zip(offsets)) {
            let first = origin - spans[arena].low;
            let data = arenas[arena].as_mut_ptr().wrapping_offset(first as isize);
            scene.tensors.push(Tensor {
                is_null: false,
                data: if offsets.is_empty() { ptr::null_mut() } else { data.cast() },
                shape: (!placing.shape.is_empty()).then(|| placing.shape.clone().into()),
                strides: placing.strides.clone().map(Vec::into_boxed_slice),
                rank: placing.shape.len() as i32,
                dtype: placing.dtype,
                flags: 0,
            });
            let offsets = offsets.iter().map(|offset| (first + offset) as usize).collect();
            scene.places.push(Place::new(placing.dtype, arena, offsets));
        }
        if let Some((tensor, fault)) = fault {
            fault.spoil(&mut scene.tensors[tensor]);
        }
        scene.arenas = arenas;
        scene
    }

    /// Of the elements that a tensor has, whatever it says.
    pub fn dtype(&self, tensor: usize) -> qdq_dtype {
        self.places[tensor].dtype
    }

    /// The C structs of all tensors. They point into the scene.
    pub fn c(&self) -> Vec<Option<qdq_tensor>> {
        self.tensors.iter().map(Tensor::c).collect()
    }

    /// Where elements share memory the last one counts.
    pub fn store<T: Element>(&mut self, tensor: usize, elements: &[T]) {
        let mut bytes = [0; 8];
        for (offset, element) in self.places[tensor].offsets.iter().zip(elements) {
            element.write(&mut bytes[..T::SIZE]);
            self.arenas[self.places[tensor].arena].write(*offset, &bytes[..T::SIZE]);
        }
    }

    pub fn load<T: Element>(&self, tensor: usize) -> Vec<T> {
        let Place { arena, offsets, size, .. } = &self.places[tensor];
        assert_eq!(*size, T::SIZE);
        offsets.iter().map(|&offset| T::read(self.arenas[*arena].read(offset, *size))).collect()
    }

    /// Integers, each cut to the type's width.
    pub fn store_codes(&mut self, tensor: usize, codes: &[i128]) {
        let Place { arena, offsets, size, .. } = &self.places[tensor];
        for (offset, code) in offsets.iter().zip(codes) {
            self.arenas[*arena].write(*offset, &code_bytes(*code)[..*size]);
        }
    }

    pub fn load_codes(&self, tensor: usize) -> Vec<i128> {
        let Place { arena, offsets, size, .. } = &self.places[tensor];
        let is_signed = is_signed(self.dtype(tensor));
        let code = |&offset: &usize| code_of(self.arenas[*arena].read(offset, *size), is_signed);
        offsets.iter().map(code).collect()
    }

    /// All of the memory.
    pub fn snapshot(&self) -> Vec<Vec<u8>> {
        self.arenas.iter().map(|arena| arena.all().to_vec()).collect()
    }

    pub fn restore(&mut self, snapshot: &[Vec<u8>]) {
        self.arenas.iter_mut().zip(snapshot).for_each(|(arena, all)| arena.restore(all));
    }

    /// From now on only elements may be accessed.
    pub fn shut(&self) {
        for (index, arena) in self.arenas.iter().enumerate() {
            arena.shut(&self.ranges_in(index, |_| true));
        }
    }

    pub fn open(&self) {
        self.arenas.iter().for_each(Arena::open);
    }

    /// Panics unless all memory is as it was, but for the elements of these tensors.
    pub fn check_unchanged(&self, before: &[Vec<u8>], but: &[usize]) {
        for (index, (arena, before)) in self.arenas.iter().zip(before).enumerate() {
            arena.check_unchanged(before, &self.ranges_in(index, |tensor| but.contains(&tensor)));
        }
    }

    fn ranges_in(&self, arena: usize, of: impl Fn(usize) -> bool) -> Vec<Range<usize>> {
        let places = self.places.iter().enumerate().filter(|(tensor, place)| place.arena == arena && of(*tensor));
        joined(places.flat_map(|(_, place)| place.ranges.iter().cloned()).collect())
    }
}

pub fn is_signed(dtype: qdq_dtype) -> bool {
    [QDQ_DTYPE_I8, QDQ_DTYPE_I16, QDQ_DTYPE_I32, QDQ_DTYPE_I64].contains(&dtype)
}

/// The low bytes first: fuzzers run on little-endian machines.
fn code_bytes(code: i128) -> [u8; 16] {
    code.to_le_bytes()
}

fn code_of(bytes: &[u8], is_signed: bool) -> i128 {
    let fill = if is_signed && bytes.last().is_some_and(|byte| byte & 0x80 != 0) { 0xff } else { 0 };
    let mut all = [fill; 16];
    all[..bytes.len()].copy_from_slice(bytes);
    i128::from_le_bytes(all)
}
