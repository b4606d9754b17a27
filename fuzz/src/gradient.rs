//! The gradient, typed and on views.

use libfuzzer_sys::arbitrary::{Arbitrary, Result, Unstructured};
use qdq::capi::*;

use crate::case::{Case, Function, GRADIENTS, HI, HI_BACKPROP, INPUT, LO, LO_BACKPROP, OUTPUT, Ready};
use crate::dice::Dice;
use crate::element::Element;
use crate::scene::pointer_to;
use crate::with_element;

#[derive(Debug)]
pub struct Gradient {
    is_view: bool,
    case: Case,
}

impl<'a> Arbitrary<'a> for Gradient {
    fn arbitrary(bytes: &mut Unstructured<'a>) -> Result<Self> {
        let mut dice = Dice::new(bytes);
        let is_view = dice.below(2) == 1;
        let case = Case::roll(&mut dice, Function { is_view, is_gradient: true });
        Ok(Gradient { is_view, case })
    }
}

impl Gradient {
    pub fn check(&self) {
        with_element!(self.case.dtype(), T => {
            self.case.ready().check::<T>(if self.is_view { call_on_views } else { call_typed::<T> });
        });
    }
}

fn call_typed<T: Element>(ready: &Ready) -> qdq_status {
    let shape = &ready.scene.tensors[INPUT];
    let dimensions = shape.shape.as_ref().map_or(std::ptr::null(), |shape| shape.as_ptr());
    // SAFETY: the pointers are NULL, or of live memory that is as large as the call says, or the call is refused.
    unsafe {
        T::GRADIENT(
            ready.typed(GRADIENTS),
            ready.typed(INPUT),
            dimensions,
            shape.rank,
            ready.typed(LO),
            ready.typed(HI),
            ready.case.range_len,
            ready.attributes.as_ptr(),
            ready.executor.as_ptr(),
            ready.typed(OUTPUT),
            ready.typed(LO_BACKPROP),
            ready.typed(HI_BACKPROP),
        )
    }
}

fn call_on_views(ready: &Ready) -> qdq_status {
    let tensors = ready.scene.c();
    let [input, lo, hi, backprop, gradients, lo_backprop, hi_backprop] =
        [INPUT, LO, HI, OUTPUT, GRADIENTS, LO_BACKPROP, HI_BACKPROP].map(|tensor| pointer_to(&tensors[tensor]));
    let (attributes, executor) = (ready.attributes.as_ptr(), ready.executor.as_ptr());
    // SAFETY: the tensors are NULL, or of live memory, or the call is refused.
    unsafe {
        qdq_quantize_and_dequantize_v4_grad(
            gradients,
            input,
            lo,
            hi,
            attributes,
            executor,
            backprop,
            lo_backprop,
            hi_backprop,
        )
    }
}
