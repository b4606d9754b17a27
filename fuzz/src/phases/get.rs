//! A quantizer's parameters.

use qdq::capi::*;

use super::Family;
use super::create::Quantizer;
use crate::case::load_ends;
use crate::channel::{Channel, Compute};
use crate::describe::{Executor, shape_like};
use crate::dice::Dice;
use crate::element::Element;
use crate::rules::Broken;
use crate::run;
use crate::scene::{Fault, Placing, Scene};
use crate::workers::CExecutor;

/// A qdq_quantizer_get of a parameter, to so many values.
#[derive(Debug)]
pub(super) struct Get {
    param: i32,
    values: Placing,
    fault: Option<(usize, Fault)>,
}

impl Get {
    pub(super) fn roll(dice: &mut Dice, of: &Family) -> Get {
        let param = dice.within(1, 6);
        let dtype = if of.dtype == QDQ_DTYPE_F64 { QDQ_DTYPE_F64 } else { QDQ_DTYPE_F32 };
        let shape = shape_like(dice, &[of.channels]);
        Get {
            param: dice.mostly(param, 32, &[0, 7, -1]),
            values: Placing::apart(dice, dtype, vec![shape.iter().product()], None),
            fault: dice.once_in(16).then(|| (0, dice.pick(&[Fault::NullData, Fault::MisalignedData]))),
        }
    }

    pub(super) fn check<T: Element<C: Compute>>(&self, quantizer: &Quantizer<T>) {
        let scene = Scene::new(std::slice::from_ref(&self.values), self.fault);
        let (values, len) = (scene.tensors[0].data, self.values.shape[0] as usize);
        let mut broken = Broken::default();
        broken.unless(!quantizer.pointer.is_null(), QDQ_STATUS_NULL_POINTER);
        broken.unless((1..=6).contains(&self.param), QDQ_STATUS_INVALID_ATTRIBUTE);
        broken.unless(len == quantizer.channels.len(), QDQ_STATUS_SIZE_MISMATCH);
        broken.pointer(values.addr(), len, if T::SIZE == 8 { 8 } else { 4 });
        let executor = CExecutor::new(&Executor::none());
        let succeeded = run::check(&scene, &executor, &[0], broken, || {
            // SAFETY: the quantizer is NULL or alive; there is room for so many values, or the call is refused.
            unsafe { qdq_quantizer_get(quantizer.pointer, self.param, values, len) }
        });
        if succeeded {
            let of = |channel: &Channel<T>| -> f64 {
                match self.param {
                    QDQ_PARAM_SCALE => channel.scale,
                    QDQ_PARAM_INVERSE_SCALE => channel.inverse,
                    QDQ_PARAM_CLAMP_MIN => channel.clamp.0,
                    QDQ_PARAM_CLAMP_MAX => channel.clamp.1,
                    QDQ_PARAM_RANGE_MIN => channel.range.0,
                    _ => channel.range.1,
                }
                .into()
            };
            let expected: Vec<f64> = quantizer.channels.iter().map(of).collect();
            run::check_numbers("the parameter of channel", &load_ends(&scene, 0), &expected);
        }
    }
}
