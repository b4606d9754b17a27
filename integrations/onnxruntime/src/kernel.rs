//! A node of a model: made once, when the session is, and run any number of times, on several threads at once.

use qdq::capi::{QDQ_MAX_RANK, qdq_attrs};

use crate::library::{self, Quantizer};
use crate::runtime::{Failure, Node, Run, Tensor};
use crate::{attributes, operator};

pub struct Kernel {
    attrs: qdq_attrs,
    /// Where the range is part of the model.
    prepared: Option<Quantizer>,
}

impl Kernel {
    pub fn new(node: &Node) -> Result<Self, Failure> {
        let attrs = attributes::read(node, has_range(node)?)?;
        let (element, rank) = node.input_type(operator::X)?;
        let dtype = library::dtype(element);
        // Where the model leaves the rank open, all axes are possible.
        let rank = if rank == 0 { QDQ_MAX_RANK as usize } else { rank };
        library::check_attributes(&attrs, dtype, rank)?;
        let prepared = match constant_range(node)? {
            Some((min, max)) => Some(Quantizer::new(&attrs, dtype, &min, &max)?),
            None => None,
        };
        Ok(Kernel { attrs, prepared })
    }

    pub fn run(&self, run: &Run) -> Result<(), Failure> {
        let input = required(run.input(operator::X)?, "x")?;
        let output = required(run.output(operator::Y, &input.shape)?, "y")?;
        if let Some(quantizer) = &self.prepared {
            return quantizer.apply(run, &input, &output);
        }
        let range = run.input(operator::MIN)?.zip(run.input(operator::MAX)?);
        library::quantize_and_dequantize(run, &self.attrs, &input, range.as_ref(), &output)
    }
}

/// As everywhere in ONNX an optional input says by being there that it is meant.
fn has_range(node: &Node) -> Result<bool, Failure> {
    match (node.has_input(operator::MIN)?, node.has_input(operator::MAX)?) {
        (true, true) => Ok(true),
        (false, false) => Ok(false),
        (true, false) => Err(Failure::invalid("min is given without max; expected both or neither")),
        (false, true) => Err(Failure::invalid("max is given without min; expected both or neither")),
    }
}

fn constant_range(node: &Node) -> Result<Option<(Tensor<'_>, Tensor<'_>)>, Failure> {
    Ok(node.constant(operator::MIN)?.zip(node.constant(operator::MAX)?))
}

/// ONNX Runtime sees to it that there is one.
fn required<'a>(tensor: Option<Tensor<'a>>, name: &str) -> Result<Tensor<'a>, Failure> {
    tensor.ok_or_else(|| Failure::invalid(format!("{name} is missing")))
}
