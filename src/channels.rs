//! The channels' ranges and parameters: one array for each quantity, so that a vector loads neighbouring channels.

use std::cell::Cell;

use crate::simd::Real;
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

const FIELDS: usize = 6;

/// The fields' memory: in place for one channel, so that it takes no allocation.
pub(crate) enum Channels<C> {
    One(Fields<[C; 1]>),
    Many(Vec<C>),
}

impl<C: Real> Channels<C> {
    /// Ranges that hold no number yet, as a reduction starts; the parameters are 0.
    pub(crate) fn new(count: usize) -> Result<Self, Error> {
        if count == 1 {
            let (min, max, zero) = ([C::INFINITY], [C::NEG_INFINITY], [C::ZERO]);
            return Ok(Channels::One(Fields {
                range_min: min,
                range_max: max,
                scale: zero,
                inverse: zero,
                clamp_min: zero,
                clamp_max: zero,
            }));
        }
        let mut memory = zeros(count)?;
        memory[..count].fill(C::INFINITY);
        memory[count..2 * count].fill(C::NEG_INFINITY);
        Ok(Channels::Many(memory))
    }

    pub(crate) fn fields(&self) -> Fields<&[C]> {
        match self {
            Channels::One(fields) => Fields {
                range_min: &fields.range_min,
                range_max: &fields.range_max,
                scale: &fields.scale,
                inverse: &fields.inverse,
                clamp_min: &fields.clamp_min,
                clamp_max: &fields.clamp_max,
            },
            Channels::Many(memory) => Fields::split(memory),
        }
    }

    pub(crate) fn fields_mut(&mut self) -> Fields<&[Cell<C>]> {
        match self {
            Channels::One(fields) => Fields {
                range_min: cells(&mut fields.range_min),
                range_max: cells(&mut fields.range_max),
                scale: cells(&mut fields.scale),
                inverse: cells(&mut fields.inverse),
                clamp_min: cells(&mut fields.clamp_min),
                clamp_max: cells(&mut fields.clamp_max),
            },
            Channels::Many(memory) => Fields::split(cells(memory)),
        }
    }
}

fn cells<C>(memory: &mut [C]) -> &[Cell<C>] {
    Cell::from_mut(memory).as_slice_of_cells()
}

impl<'a, C> Fields<&'a [C]> {
    /// Arrays behind each other, in the order of the fields.
    fn split(memory: &'a [C]) -> Self {
        let count = memory.len() / FIELDS;
        let field = |index: usize| &memory[index * count..(index + 1) * count];
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
    match count.checked_mul(FIELDS).map(|len| (len, memory.try_reserve_exact(len))) {
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
