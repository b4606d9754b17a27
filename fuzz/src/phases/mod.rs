//! The operation in phases: ranges gathered in pieces, a quantizer made of them, and all that one can do with it.
//!
//! ```text
//! update.rs  qdq_range_update
//! create.rs  qdq_quantizer_create
//! action.rs  apply, gradient, quantize and dequantize
//! codes.rs   integers for them
//! get.rs     qdq_quantizer_get
//! ```

mod action;
mod codes;
mod create;
mod get;
mod update;

use libfuzzer_sys::arbitrary::{Arbitrary, Result, Unstructured};
use qdq::capi::*;

use crate::channel::Compute;
use crate::describe::{Attributes, ELEMENTS, Ends, channels, dtype_like, shape, shape_like, size_of_dtype, strides};
use crate::dice::Dice;
use crate::element::Element;
use crate::oracle::Numbers;
use crate::run;
use crate::scene::{Placing, Scene};
use crate::with_element;

use action::Use;
use create::Create;
use get::Get;
use update::Update;

#[derive(Debug)]
pub struct Phases {
    dtype: qdq_dtype,
    attributes: Attributes,
    ends_dtype: qdq_dtype,
    channels: usize,
    /// The ranges to begin with; nothing stands for those of no number.
    start: Option<Ends>,
    updates: Vec<Update>,
    create: Create,
    uses: Vec<Use>,
    get: Get,
}

impl<'a> Arbitrary<'a> for Phases {
    fn arbitrary(bytes: &mut Unstructured<'a>) -> Result<Self> {
        Ok(Phases::roll(&mut Dice::new(bytes)))
    }
}

impl Phases {
    fn roll(dice: &mut Dice) -> Phases {
        let dtype = dice.pick(&ELEMENTS);
        let shape = shape(dice);
        let attributes = Attributes::roll(dice, shape.len());
        let channels = channels(&shape, attributes.seen().axis);
        let is_wide = size_of_dtype(dtype) == Some(2) && dice.below(2) == 1;
        let ends_dtype = dtype_like(dice, if is_wide { QDQ_DTYPE_F32 } else { dtype });
        let of = Family { dtype, ends_dtype, axis: attributes.seen().axis, channels };
        let codes = attributes.reference().unwrap_or_default().codes();
        Phases {
            dtype,
            ends_dtype,
            channels: channels as usize,
            start: (dice.below(3) == 2).then(|| Ends::roll(dice)),
            updates: (0..dice.within(0, 2)).map(|_| Update::roll(dice, &of)).collect(),
            create: Create::roll(dice, &of),
            uses: (0..dice.within(1, 2)).map(|_| Use::roll(dice, &of, codes)).collect(),
            get: Get::roll(dice, &of),
            attributes,
        }
    }

    pub fn check(&self) {
        with_element!(self.dtype, T => run::on_each_isa(|| self.check_as::<T>()));
    }

    fn check_as<T: Element<C: Compute>>(&self) {
        let mut ends = self.start::<T>();
        for update in &self.updates {
            ends = update.check::<T>(self, ends);
        }
        let quantizer = self.create.check::<T>(self, &ends);
        for each in &self.uses {
            each.check::<T>(&quantizer, &self.attributes);
        }
        self.get.check::<T>(&quantizer);
    }

    fn start<T: Element>(&self) -> Numbers {
        match &self.start {
            Some(ends) if self.ends_dtype == QDQ_DTYPE_F32 => self.ends_of::<f32>(ends),
            Some(ends) => self.ends_of::<T>(ends),
            None => [f64::INFINITY, f64::NEG_INFINITY].map(|end| vec![end; self.channels]),
        }
    }

    fn ends_of<E: Element>(&self, ends: &Ends) -> Numbers {
        ends.ranges::<E>(self.channels, &self.attributes).map(|end| end.into_iter().map(E::to_f64).collect())
    }
}

/// What all tensors of the phases have in common, but for mistakes.
struct Family {
    dtype: qdq_dtype,
    ends_dtype: qdq_dtype,
    axis: i32,
    channels: i64,
}

impl Family {
    /// Any shape with the channels.
    fn shape(&self, dice: &mut Dice) -> Vec<i64> {
        let mut shape = shape(dice);
        if let Some(axis) = usize::try_from(self.axis).ok().filter(|&axis| axis < 64) {
            shape.resize(shape.len().max(axis + 1), 1);
            shape[axis] = self.channels;
            if shape.iter().product::<i64>() > 4200 {
                shape.iter_mut().enumerate().filter(|(index, _)| *index != axis).for_each(|(_, size)| *size = 1);
            }
        }
        shape_like(dice, &shape)
    }

    fn ends(&self, dice: &mut Dice) -> Placing {
        let is_scalar = self.axis == -1 && dice.below(2) == 1;
        let shape = if is_scalar { vec![] } else { shape_like(dice, &[self.channels]) };
        let (dtype, strides) = (dtype_like(dice, self.ends_dtype), strides(dice, &shape, true));
        Placing::apart(dice, dtype, shape, strides)
    }

    fn tensor(&self, dice: &mut Dice, dtype: qdq_dtype, shape: &[i64], is_woven: bool) -> Placing {
        let (shape, dtype) = (shape_like(dice, shape), dtype_like(dice, dtype));
        let strides = strides(dice, &shape, is_woven);
        Placing::apart(dice, dtype, shape, strides)
    }
}

/// Stores ranges where their tensors have as many.
fn store_ends(scene: &mut Scene, ends: &Numbers, tensors: [usize; 2]) {
    for (end, tensor) in ends.iter().zip(tensors) {
        with_element!(scene.dtype(tensor), E => {
            let end: Vec<E> = end.iter().map(|&end| E::near(end)).collect();
            if size_of_dtype(scene.dtype(tensor)) == Some(E::SIZE) {
                scene.store(tensor, &end);
            }
        });
    }
}
