//! The typed functions of the operation.

use libfuzzer_sys::arbitrary::{Arbitrary, Result, Unstructured};
use qdq::capi::*;

use crate::case::{Case, Function, HI, INPUT, LO, OUTPUT, Ready};
use crate::dice::Dice;
use crate::element::Element;
use crate::with_element;

#[derive(Debug)]
pub struct Forward(Case);

impl<'a> Arbitrary<'a> for Forward {
    fn arbitrary(bytes: &mut Unstructured<'a>) -> Result<Self> {
        Ok(Forward(Case::roll(&mut Dice::new(bytes), Function { is_view: false, is_gradient: false })))
    }
}

impl Forward {
    pub fn check(&self) {
        with_element!(self.0.dtype(), T => self.0.ready().check::<T>(call::<T>));
    }
}

fn call<T: Element>(ready: &Ready) -> qdq_status {
    let shape = &ready.scene.tensors[INPUT];
    let dimensions = shape.shape.as_ref().map_or(std::ptr::null(), |shape| shape.as_ptr());
    // SAFETY: the pointers are NULL, or of live memory that is as large as the call says, or the call is refused.
    unsafe {
        T::FORWARD(
            ready.typed(INPUT),
            dimensions,
            shape.rank,
            ready.typed(LO),
            ready.typed(HI),
            ready.case.range_len,
            ready.attributes.as_ptr(),
            ready.executor.as_ptr(),
            ready.typed(OUTPUT),
        )
    }
}
