//! The operation's attributes, validated once: what holds an [`Attrs`] need not check it again.

use crate::status::{Error, fail};

/// Where a number halfway between two codes goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RoundMode {
    /// To the even one.
    HalfToEven,
    /// To the larger one.
    HalfUp,
}

/// How the 16-bit types are computed; the others know no difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arithmetic {
    /// In float32, with one conversion at the end.
    Default,
    /// Every result rounded to the element's type.
    Native,
}

/// What becomes of a channel whose range gives no usable scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Degenerate {
    /// The formulas as they stand, infinities and NaN included.
    TensorFlow,
    /// 0 for every element that is not NaN.
    Zero,
    /// An error, before anything is written.
    Error,
}

/// The attributes as they are asked for, with TensorFlow's names and defaults.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Attrs {
    pub(crate) signed_input: bool,
    pub(crate) num_bits: i32,
    pub(crate) range_given: bool,
    pub(crate) round_mode: RoundMode,
    pub(crate) narrow_range: bool,
    pub(crate) axis: i32,
    pub(crate) arithmetic: Arithmetic,
    pub(crate) degenerate: Degenerate,
}

impl Default for Attrs {
    fn default() -> Attrs {
        Attrs {
            signed_input: true,
            num_bits: 8,
            range_given: false,
            round_mode: RoundMode::HalfToEven,
            narrow_range: false,
            axis: -1,
            arithmetic: Arithmetic::Default,
            degenerate: Degenerate::TensorFlow,
        }
    }
}

impl Attrs {
    /// Checks all that can be checked without a tensor; the axis waits for the rank.
    pub(crate) fn validate(self) -> Result<Attrs, Error> {
        let (most, kind) = if self.signed_input { (61, "signed") } else { (62, "unsigned") };
        if !(1..=most).contains(&self.num_bits) {
            return fail!(InvalidAttribute, "num_bits is {}; expected 1 to {most} for {kind} input", self.num_bits);
        }
        if self.signed_input && self.narrow_range && self.num_bits == 1 {
            return fail!(
                InvalidAttribute,
                "num_bits is 1; expected 2 or more for signed input with narrow_range, which leaves one code to 1 bit"
            );
        }
        Ok(self)
    }

    /// The least and the greatest code: qmin and qmax.
    pub(crate) fn codes(&self) -> (i64, i64) {
        if self.signed_input {
            let half = 1i64 << (self.num_bits - 1);
            (-half + i64::from(self.narrow_range), half - 1)
        } else {
            (0, (1i64 << self.num_bits) - 1)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(num_bits: i32, signed_input: bool, narrow_range: bool) -> (i64, i64) {
        Attrs { num_bits, signed_input, narrow_range, ..Attrs::default() }.codes()
    }

    #[test]
    fn codes_are_those_of_the_width() {
        assert_eq!(codes(8, true, false), (-128, 127));
        assert_eq!(codes(8, true, true), (-127, 127));
        assert_eq!(codes(8, false, true), (0, 255));
        assert_eq!(codes(1, true, false), (-1, 0));
        assert_eq!(codes(1, false, false), (0, 1));
        assert_eq!(codes(61, true, true), (-(1 << 60) + 1, (1 << 60) - 1));
        assert_eq!(codes(62, false, false), (0, (1 << 62) - 1));
    }
}
