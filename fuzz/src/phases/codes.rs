//! Integer codes.

use qdq::capi::*;

use crate::data::Rng;
use crate::describe::size_of_dtype;
use crate::dice::Dice;
use crate::scene::{Placing, is_signed};

/// Mostly one that holds the codes.
pub(super) fn code_dtype(dice: &mut Dice, (least, most): (i64, i64)) -> qdq_dtype {
    let bits = 65 - (least.unsigned_abs().max(most.unsigned_abs())).leading_zeros() as usize;
    let (is_signed, skipped) = (least < 0, dice.pick(&[0, 0, 1, 2]));
    let widths = [8, 16, 32, 64].into_iter().enumerate();
    let fitting = widths.filter(|(_, width)| bits <= *width + usize::from(!is_signed));
    let fitting: Vec<qdq_dtype> =
        fitting.map(|(index, _)| QDQ_DTYPE_I8 + 2 * index as i32 + i32::from(!is_signed)).collect();
    fitting.get(skipped).or(fitting.last()).copied().unwrap_or(QDQ_DTYPE_I64)
}

/// Codes for a tensor: near the ends of what there is, near those of their type, or any.
pub(super) fn some_codes(seed: u64, placing: &Placing, (least, most): (i64, i64)) -> Vec<i128> {
    let rng = &mut Rng(seed);
    let values = 1i128 << (8 * size_of_dtype(placing.dtype).unwrap_or(1));
    let low = if is_signed(placing.dtype) { -values / 2 } else { 0 };
    let ends = [least.into(), most.into(), low, low + values - 1, 0];
    let code = |_| match rng.below(4) {
        0 => rng.pick(&ends) + rng.below(5) as i128 - 2,
        1 => rng.bits().into(),
        _ => i128::from(least) + i128::from(rng.bits()) % (i128::from(most) - i128::from(least) + 1),
    };
    (0..placing.shape.iter().product::<i64>()).map(code).collect()
}
