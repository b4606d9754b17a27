//! A node of a model: made once, when the session is, and run any number of times, on several threads at once.

use qdq::capi::{QDQ_MAX_RANK, qdq_attrs, qdq_dtype};

use crate::library::{self, Quantizer};
use crate::runtime::{Failure, Node, Run, Tensor};
use crate::{attributes, operator};

pub struct Kernel {
    attrs: qdq_attrs,
    dtype: qdq_dtype,
    /// Where the range is part of the model.
    prepared: Option<Quantizer>,
}

impl Kernel {
    pub fn new(node: &Node, dtype: qdq_dtype) -> Result<Self, Failure> {
        let attrs = attributes::read(node, has_range(node)?)?;
        library::check_attributes(&attrs, dtype, known_rank(node)?)?;
        let prepared = match constant_range(node)? {
            Some((min, max)) => Some(Quantizer::new(&attrs, dtype, &min, &max)?),
            None => None,
        };
        Ok(Kernel { attrs, dtype, prepared })
    }

    pub fn run(&self, run: &Run) -> Result<(), Failure> {
        let input = required(run.input(operator::X)?, "x")?;
        let output = required(run.output(operator::Y, &input.shape)?, "y")?;
        if let Some(quantizer) = &self.prepared {
            return quantizer.apply(run, self.dtype, &input, &output);
        }
        let range = run.input(operator::MIN)?.zip(run.input(operator::MAX)?);
        library::quantize_and_dequantize(run, &self.attrs, self.dtype, &input, range.as_ref(), &output)
    }
}

/// As everywhere in ONNX an optional input says by being there that it is meant.
fn has_range(node: &Node) -> Result<bool, Failure> {
    match (node.has_input(operator::MIN)?, node.has_input(operator::MAX)?) {
        (true, true) => Ok(true),
        (false, false) => Ok(false),
        (has_min, _) => {
            let (given, missing) = if has_min { ("min", "max") } else { ("max", "min") };
            Err(Failure::invalid(format!("{given} is given without {missing}; expected both or neither")))
        }
    }
}

/// The rank that attributes are checked with: where the model leaves it open, the largest.
fn known_rank(node: &Node) -> Result<usize, Failure> {
    Ok(match node.input_rank(operator::X)? {
        0 => QDQ_MAX_RANK as usize,
        rank => rank,
    })
}

fn constant_range(node: &Node) -> Result<Option<(Tensor<'_>, Tensor<'_>)>, Failure> {
    Ok(node.constant(operator::MIN)?.zip(node.constant(operator::MAX)?))
}

/// ONNX Runtime sees to it that there is one.
fn required<'a>(tensor: Option<Tensor<'a>>, name: &str) -> Result<Tensor<'a>, Failure> {
    tensor.ok_or_else(|| Failure::invalid(format!("{name} is missing")))
}
