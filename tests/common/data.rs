//! Elements and ranges of every kind, from a seed.

use super::element::Element;
use super::reference::{Arithmetic, Attrs, Degenerate, RoundMode};

/// SplitMix64: a full-period generator in five lines, the same numbers everywhere.
pub struct Rng(pub u64);

impl Rng {
    /// Any 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    /// A number below `end`, which is far below 2^64, so that the bias is nothing.
    pub fn below(&mut self, end: u64) -> u64 {
        self.bits() % end
    }

    /// True once in `n` times.
    pub fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    /// A number in [-1, 1).
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    }

    /// One of these.
    pub fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len() as u64) as usize]
    }

    /// The numbers from 0 up to `len`, shuffled.
    pub fn permutation(&mut self, len: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..len).collect();
        for last in (1..len).rev() {
            order.swap(last, self.below(last as u64 + 1) as usize);
        }
        order
    }
}

/// A kind of element.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Mix {
    /// Of a few magnitudes around 1.
    Normal,
    /// Halves of the codes' unit, the least code among them: with a computed range, scale is 1 up to 11 bits.
    Ties,
    /// At either end of the codes times a unit, or an ulp or two past it: s_lo and s_hi are equal or nearly so.
    Balanced,
    /// In the three largest binades.
    Huge,
    /// In the three smallest binades.
    Tiny,
    Subnormal,
    /// Zeros of both signs.
    Zeros,
    /// Mostly zeros, and few others.
    Sparse,
    /// One number, over and over.
    Constant,
    Positive,
    Negative,
    /// Any bits but those of infinities and NaN.
    Finite,
    /// Any bits at all.
    Raw,
    /// Normal with NaN among them.
    SomeNan,
    /// NaN alone, of every payload and sign.
    AllNan,
    /// Normal with infinities among them.
    SomeInfinite,
    /// Every other kind.
    Mixed,
}

/// Every kind.
pub const MIXES: [Mix; 17] = [
    Mix::Normal,
    Mix::Ties,
    Mix::Balanced,
    Mix::Huge,
    Mix::Tiny,
    Mix::Subnormal,
    Mix::Zeros,
    Mix::Sparse,
    Mix::Constant,
    Mix::Positive,
    Mix::Negative,
    Mix::Finite,
    Mix::Raw,
    Mix::SomeNan,
    Mix::AllNan,
    Mix::SomeInfinite,
    Mix::Mixed,
];

/// One number of a kind.
pub fn element<T: Element>(mix: Mix, attrs: &Attrs, rng: &mut Rng) -> T {
    let top = T::top_exponent();
    match mix {
        Mix::Normal => normal(rng),
        Mix::Ties => tie(attrs, rng),
        Mix::Balanced => balanced(attrs, rng),
        Mix::Huge => with_exponent(top - 3, top, rng),
        Mix::Tiny => with_exponent(1, 4, rng),
        Mix::Subnormal => with_exponent(0, 1, rng),
        Mix::Zeros => T::from_bits(rng.bits() & T::sign_mask()),
        Mix::Sparse if rng.one_in(8) => normal(rng),
        Mix::Sparse => element(Mix::Zeros, attrs, rng),
        Mix::Constant => T::near(-3.7),
        Mix::Positive => T::from_bits(normal::<T>(rng).bits() & !T::sign_mask()),
        Mix::Negative => T::from_bits(normal::<T>(rng).bits() | T::sign_mask()),
        Mix::Finite => with_exponent(0, top, rng),
        Mix::Raw => T::from_bits(rng.bits()),
        Mix::SomeNan if rng.one_in(4) => element(Mix::AllNan, attrs, rng),
        Mix::AllNan => {
            T::from_bits(with_exponent::<T>(top, top + 1, rng).bits() | 1 << rng.below(T::MANTISSA_BITS.into()))
        }
        Mix::SomeInfinite if rng.one_in(8) => T::from_bits(top << T::MANTISSA_BITS | rng.bits() & T::sign_mask()),
        Mix::SomeNan | Mix::SomeInfinite => normal(rng),
        Mix::Mixed => element(rng.pick(&MIXES[..16]), attrs, rng),
    }
}

/// A number of a kind that a range may end in.
pub fn finite<T: Element>(mix: Mix, attrs: &Attrs, rng: &mut Rng) -> T {
    let x: T = element(mix, attrs, rng);
    if x.is_finite() { x } else { normal(rng) }
}

/// `len` numbers of a kind.
pub fn elements<T: Element>(len: usize, mix: Mix, attrs: &Attrs, rng: &mut Rng) -> Vec<T> {
    (0..len).map(|_| element(mix, attrs, rng)).collect()
}

/// A valid range: often with zero inside, now and then one-sided, a point, the codes themselves, or of any kind.
pub fn range<T: Element>(attrs: &Attrs, rng: &mut Rng) -> (T, T) {
    let (a, b): (T, T) = match rng.below(9) {
        0..3 => (T::near(-3.0 * rng.unit().abs()), T::near(3.0 * rng.unit().abs())),
        3 => (normal(rng), normal(rng)),
        4 => {
            let point = finite(Mix::Mixed, attrs, rng);
            (point, point)
        }
        5 => codes(attrs, power_of_two(rng)),
        6 => (balanced(attrs, rng), balanced(attrs, rng)),
        _ => (finite(Mix::Mixed, attrs, rng), finite(Mix::Mixed, attrs, rng)),
    };
    match (a.is_finite() && b.is_finite(), b < a) {
        (true, false) => (a, b),
        (true, true) => (b, a),
        (false, _) => (T::near(-1.0), T::near(1.0)),
    }
}

/// A range for each channel.
pub fn ranges<T: Element>(channels: usize, attrs: &Attrs, rng: &mut Rng) -> (Vec<T>, Vec<T>) {
    (0..channels).map(|_| range::<T>(attrs, rng)).unzip()
}

fn normal<T: Element>(rng: &mut Rng) -> T {
    T::near(rng.unit() * rng.pick(&[0.1, 1.0, 4.0]))
}

fn tie<T: Element>(attrs: &Attrs, rng: &mut Rng) -> T {
    let (qmin, qmax) = attrs.codes();
    let (least, most) = (qmin.max(-1024), qmax.min(1024));
    if rng.one_in(16) {
        return T::near(least as f64);
    }
    T::near((2 * least + rng.below(2 * (most - least) as u64 + 1) as i64) as f64 / 2.0)
}

fn balanced<T: Element>(attrs: &Attrs, rng: &mut Rng) -> T {
    let (least, greatest) = codes::<T>(attrs, 3.7 / attrs.codes().1.max(1) as f64);
    T::from_bits(rng.pick(&[least, greatest]).bits() + rng.below(3))
}

/// The least and the greatest code, times a unit.
fn codes<T: Element>(attrs: &Attrs, unit: f64) -> (T, T) {
    let (qmin, qmax) = attrs.codes();
    (T::near(qmin as f64 * unit), T::near(qmax as f64 * unit))
}

fn power_of_two(rng: &mut Rng) -> f64 {
    2.0f64.powi(rng.below(8) as i32 - 4)
}

/// Any sign and mantissa, the exponent field from `from` to below `to`.
fn with_exponent<T: Element>(from: u64, to: u64, rng: &mut Rng) -> T {
    let exponent = from + rng.below(to - from);
    T::from_bits(rng.bits() & (T::sign_mask() | T::mantissa_mask()) | exponent << T::MANTISSA_BITS)
}

/// Attributes that take different ways through a kernel.
pub fn attributes(axis: i32) -> [Attrs; 4] {
    let plain = Attrs { axis, ..Attrs::default() };
    let half_up = Attrs { round_mode: RoundMode::HalfUp, num_bits: 5, narrow_range: true, ..plain };
    let unsigned = Attrs { signed_input: false, degenerate: Degenerate::Zero, ..plain };
    let native = Attrs { arithmetic: Arithmetic::Native, num_bits: 4, ..plain };
    [plain, half_up, unsigned, native]
}

/// A number around [-1, 1]: often one end or the other, a zero of either sign, and now and then a NaN.
pub fn sample<T: Element>(rng: &mut Rng) -> T {
    match rng.below(16) {
        0 => T::near(1.0),
        1 => T::near(-1.0),
        2 => element(Mix::Zeros, &Attrs::default(), rng),
        3 => element(Mix::SomeNan, &Attrs::default(), rng),
        _ => element(Mix::Normal, &Attrs::default(), rng),
    }
}

/// Attributes of every kind, but that no channel is refused.
pub fn random_attributes(rng: &mut Rng) -> Attrs {
    let signed_input = !rng.one_in(3);
    let num_bits = rng.pick(&[1, 2, 3, 4, 5, 6, 7, 8, 8, 8, 9, 10, 11, 12, 13, 15, 16, 17, 20, 24, 25, 32, 48, 61]);
    Attrs {
        signed_input,
        num_bits,
        narrow_range: num_bits > 1 && rng.one_in(2),
        round_mode: rng.pick(&[RoundMode::HalfToEven, RoundMode::HalfUp]),
        axis: -1,
        arithmetic: rng.pick(&[Arithmetic::Default, Arithmetic::Native]),
        degenerate: rng.pick(&[Degenerate::TensorFlow, Degenerate::Zero]),
    }
}
