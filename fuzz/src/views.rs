//! The operation on views with any strides.

use libfuzzer_sys::arbitrary::{Arbitrary, Result, Unstructured};
use qdq::capi::*;

use crate::case::{Case, Function, HI, INPUT, LO, OUTPUT, Ready};
use crate::dice::Dice;
use crate::scene::pointer_to;
use crate::with_element;

#[derive(Debug)]
pub struct Views(Case);

impl<'a> Arbitrary<'a> for Views {
    fn arbitrary(bytes: &mut Unstructured<'a>) -> Result<Self> {
        Ok(Views(Case::roll(&mut Dice::new(bytes), Function { is_view: true, is_gradient: false })))
    }
}

impl Views {
    pub fn check(&self) {
        with_element!(self.0.dtype(), T => self.0.ready().check::<T>(call));
    }
}

fn call(ready: &Ready) -> qdq_status {
    let tensors = ready.scene.c();
    let [input, lo, hi, output] = [INPUT, LO, HI, OUTPUT].map(|tensor| pointer_to(&tensors[tensor]));
    // SAFETY: the tensors are NULL, or of live memory, or the call is refused.
    unsafe { qdq_quantize_and_dequantize_v4(input, lo, hi, ready.attributes.as_ptr(), ready.executor.as_ptr(), output) }
}
