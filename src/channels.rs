//! The channels' ranges and parameters: one array for each quantity, so that a vector loads neighbouring channels.

use std::cell::Cell;
use std::ops::Range;

use crate::simd::memory::Source;
use crate::simd::{LINE, MAX_LANES, Real};
use crate::status::{Error, fail};

/// One array for each quantity, all with an entry for each channel.
#[derive(Clone, Copy)]
pub(crate) struct Fields<A> {
    /// The range, as given or gathered.
    pub(crate) range_min: A,
    pub(crate) range_max: A,
    pub(crate) scale: A,
    pub(crate) inverse: A,
    /// What elements are clamped to.
    pub(crate) clamp_min: A,
    pub(crate) clamp_max: A,
}

/// How many they are.
pub(crate) const FIELDS: usize = 6;

/// The fields of [`Channels`] that a kernel takes, which are neighbours.
pub(crate) const RANGE: Range<usize> = 0..2;
pub(crate) const SCALES_AND_CLAMPS: Range<usize> = 2..6;
pub(crate) const INVERSE: Range<usize> = 3..4;

/// The fields' memory: in place for one channel, so that it takes no allocation.
///
/// Where there are many, each array begins on a cache line and goes on after its end with the first channels again, as
/// far as a vector that begins with the last one reaches: rows of all channels that follow each other are one long row.
pub(crate) enum Channels<C> {
    One([C; FIELDS]),
    Many { memory: Vec<C>, count: usize, start: usize },
}

impl<C: Real> Channels<C> {
    /// A single channel with its range; the parameters are 0.
    #[inline(always)]
    pub(crate) fn of_one([min, max]: [C; 2]) -> Self {
        Channels::One([min, max, C::ZERO, C::ZERO, C::ZERO, C::ZERO])
    }

    /// Ranges that hold no number yet, as a reduction starts; the parameters are 0.
    pub(crate) fn new(count: usize) -> Result<Self, Error> {
        if count == 1 {
            return Ok(Self::of_one([C::INFINITY, C::NEG_INFINITY]));
        }
        let memory = zeros::<C>(count)?;
        let start = memory.as_ptr().align_offset(LINE).min(LINE / size_of::<C>());
        let mut channels = Channels::Many { memory, count, start };
        let fields = channels.fields_mut();
        fields.range_min.iter().for_each(|min| min.set(C::INFINITY));
        fields.range_max.iter().for_each(|max| max.set(C::NEG_INFINITY));
        Ok(channels)
    }

    pub(crate) fn count(&self) -> usize {
        match self {
            Channels::One(_) => 1,
            Channels::Many { count, .. } => *count,
        }
    }

    pub(crate) fn fields(&self) -> Fields<&[C]> {
        match self {
            Channels::One(numbers) => Fields::split(numbers, 0, 1, 1),
            Channels::Many { memory, count, start } => Fields::split(memory, *start, apart::<C>(*count), *count),
        }
    }

    pub(crate) fn fields_mut(&mut self) -> Fields<&[Cell<C>]> {
        match self {
            Channels::One(numbers) => Fields::split(cells(numbers), 0, 1, 1),
            Channels::Many { memory, count, start } => Fields::split(cells(memory), *start, apart::<C>(*count), *count),
        }
    }

    /// Some of the fields, one in a row.
    pub(crate) fn table(&self, fields: Range<usize>) -> Table<'_, C> {
        let (numbers, apart, len) = match self {
            Channels::One(numbers) => (&numbers[..], 1, 1),
            Channels::Many { memory, count, start } => (&memory[*start..], apart::<C>(*count), count + MAX_LANES),
        };
        Table { numbers: &numbers[fields.start * apart..], rows: fields.len(), apart, len }
    }

    /// Lets every array go on after its end, when all are filled in.
    pub(crate) fn close(&mut self) {
        if let Channels::Many { memory, count, start } = self {
            for field in memory[*start..].chunks_exact_mut(apart::<C>(*count)).take(FIELDS) {
                for index in *count..*count + MAX_LANES {
                    field[index] = field[index - *count];
                }
            }
        }
    }
}

/// Some quantities of every channel, one in a row.
#[derive(Clone, Copy)]
pub(crate) struct Table<'a, C> {
    numbers: &'a [C],
    rows: usize,
    apart: usize,
    len: usize,
}

impl<'a, C> Table<'a, C> {
    /// Of a single channel.
    pub(crate) fn of_one(numbers: &'a [C]) -> Self {
        Table { numbers, rows: numbers.len(), apart: 1, len: 1 }
    }

    #[inline(always)]
    pub(crate) fn source(&self) -> Source<'a, C> {
        Source::of_rows(self.numbers, self.rows, self.apart, self.len)
    }
}

/// From one array to the next: with their ends, whole cache lines.
fn apart<C>(count: usize) -> usize {
    (count + MAX_LANES).next_multiple_of(LINE / size_of::<C>())
}

fn cells<C>(memory: &mut [C]) -> &[Cell<C>] {
    Cell::from_mut(memory).as_slice_of_cells()
}

impl<'a, C> Fields<&'a [C]> {
    /// Arrays behind each other, in the order of the fields.
    pub(crate) fn split(memory: &'a [C], start: usize, apart: usize, count: usize) -> Self {
        let field = |index: usize| &memory[start + index * apart..][..count];
        Fields {
            range_min: field(0),
            range_max: field(1),
            scale: field(2),
            inverse: field(3),
            clamp_min: field(4),
            clamp_max: field(5),
        }
    }
}

fn zeros<C: Real>(count: usize) -> Result<Vec<C>, Error> {
    let mut memory = Vec::new();
    let padded = count.checked_add(MAX_LANES + LINE).map(|_| apart::<C>(count) + LINE / size_of::<C>());
    match padded.and_then(|len| len.checked_mul(FIELDS)).map(|len| (len, memory.try_reserve_exact(len))) {
        Some((len, Ok(()))) => {
            memory.resize(len, C::ZERO);
            Ok(memory)
        }
        _ => fail!(
            OutOfMemory,
            "the scratch memory for {count} channels is not to be had; expected {FIELDS} numbers each"
        ),
    }
}
