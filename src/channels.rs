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
    One([C; FIELDS]),
    Many(Vec<C>),
}

impl<C: Real> Channels<C> {
    /// Ranges that hold no number yet, as a reduction starts; the parameters are 0.
    pub(crate) fn new(count: usize) -> Result<Self, Error> {
        let mut channels = if count == 1 { Channels::One([C::ZERO; FIELDS]) } else { Channels::Many(zeros(count)?) };
        let fields = channels.fields_mut();
        fields.range_min.iter().for_each(|min| min.set(C::INFINITY));
        fields.range_max.iter().for_each(|max| max.set(C::NEG_INFINITY));
        Ok(channels)
    }

    pub(crate) fn fields(&self) -> Fields<&[C]> {
        Fields::split(match self {
            Channels::One(memory) => memory,
            Channels::Many(memory) => memory,
        })
    }

    pub(crate) fn fields_mut(&mut self) -> Fields<&[Cell<C>]> {
        let memory: &mut [C] = match self {
            Channels::One(memory) => memory,
            Channels::Many(memory) => memory,
        };
        Fields::split(Cell::from_mut(memory).as_slice_of_cells())
    }
}

impl<'a, C> Fields<&'a [C]> {
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
