//! A node's attributes to those of libqdq. Integers as ONNX has them, 0 and 1 for flags; words where libqdq has constants.

use std::ffi::CStr;

use qdq::capi::*;

use crate::library::default_attributes;
use crate::runtime::{Attribute, Failure, Node};

type Words = [(&'static str, i32)];

const ROUND_MODES: &Words = &[("HALF_TO_EVEN", QDQ_ROUND_HALF_TO_EVEN), ("HALF_UP", QDQ_ROUND_HALF_UP)];
const ARITHMETICS: &Words = &[("DEFAULT", QDQ_ARITHMETIC_DEFAULT), ("NATIVE", QDQ_ARITHMETIC_NATIVE)];
const DEGENERATES: &Words =
    &[("TENSORFLOW", QDQ_DEGENERATE_TENSORFLOW), ("ZERO", QDQ_DEGENERATE_ZERO), ("ERROR", QDQ_DEGENERATE_ERROR)];

/// The attributes of a node as they are written; libqdq checks the numbers.
pub fn read(node: &Node, range_given: bool) -> Result<qdq_attrs, Failure> {
    refuse_range_given(node)?;
    let mut attrs = default_attributes()?;
    attrs.range_given = range_given.into();
    integer(node, c"num_bits", &mut attrs.num_bits)?;
    integer(node, c"axis", &mut attrs.axis)?;
    flag(node, c"signed_input", &mut attrs.signed_input)?;
    flag(node, c"narrow_range", &mut attrs.narrow_range)?;
    word(node, c"round_mode", ROUND_MODES, &mut attrs.round_mode)?;
    word(node, c"arithmetic", ARITHMETICS, &mut attrs.arithmetic)?;
    word(node, c"degenerate", DEGENERATES, &mut attrs.degenerate)?;
    Ok(attrs)
}

/// TensorFlow's attribute. Unread, it could say one thing while the inputs say another.
fn refuse_range_given(node: &Node) -> Result<(), Failure> {
    match node.attribute(c"range_given")? {
        Attribute::Absent => Ok(()),
        _ => Err(Failure::invalid(
            "range_given is no attribute of this operator; expected the inputs min and max where a range is given, and \
             neither where it is computed",
        )),
    }
}

fn integer(node: &Node, name: &CStr, value: &mut i32) -> Result<(), Failure> {
    match node.attribute(name)? {
        Attribute::Absent => Ok(()),
        Attribute::Int(int) if i32::try_from(int).is_ok() => {
            *value = int as i32;
            Ok(())
        }
        other => wrong(name, &other, "an integer of 32 bits"),
    }
}

fn flag(node: &Node, name: &CStr, value: &mut i32) -> Result<(), Failure> {
    match node.attribute(name)? {
        Attribute::Absent => Ok(()),
        Attribute::Int(int @ (0 | 1)) => {
            *value = int as i32;
            Ok(())
        }
        other => wrong(name, &other, "0 or 1"),
    }
}

fn word(node: &Node, name: &CStr, words: &Words, value: &mut i32) -> Result<(), Failure> {
    let attribute = node.attribute(name)?;
    let text = match &attribute {
        Attribute::Absent => return Ok(()),
        Attribute::Text(text) => text.as_str(),
        _ => "",
    };
    if let Some((_, constant)) = words.iter().find(|(word, _)| *word == text) {
        *value = *constant;
        return Ok(());
    }
    let expected: Vec<_> = words.iter().map(|(word, _)| format!("\"{word}\"")).collect();
    wrong(name, &attribute, &expected.join(" or "))
}

fn wrong(name: &CStr, attribute: &Attribute, expected: &str) -> Result<(), Failure> {
    let name = name.to_string_lossy();
    let actual = match attribute {
        Attribute::Absent => "absent".to_owned(),
        Attribute::Int(int) => int.to_string(),
        Attribute::Text(text) => format!("\"{text}\""),
        Attribute::Other(kind) => (*kind).to_owned(),
    };
    Err(Failure::invalid(format!("{name} is {actual}; expected {expected}")))
}
