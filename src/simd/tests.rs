//! Every token that the processor has, operation by operation, against plain Rust and the half crate.

use std::cell::Cell;
use std::io::Write;
use std::mem::MaybeUninit;
use std::ops::{Add, Div, Mul};

use half::{bf16, f16};

use super::memory::{Source, Target, Whole};
use super::*;

/// Runs a kernel with every token that the processor has.
fn run_on_every<K: Kernel + Clone>(kernel: &K) -> Vec<(Isa, K::Output)> {
    const ISAS: &[Isa] = &[
        Isa::Scalar,
        #[cfg(target_arch = "x86_64")]
        Isa::Avx2,
        #[cfg(target_arch = "x86_64")]
        Isa::Avx512,
        #[cfg(target_arch = "aarch64")]
        Isa::Neon,
    ];
    let run = |isa: &Isa| Some((*isa, run_on(*isa, kernel.clone())?));
    ISAS.iter().filter_map(run).collect()
}

/// Runs a kernel with the token of an ISA, where the processor has it.
fn run_on<K: Kernel>(isa: Isa, kernel: K) -> Option<K::Output> {
    match isa {
        Isa::Scalar => Some(kernel.run(scalar::Scalar)),
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the processor has it, as was just seen.
        Isa::Avx2 => avx2::is_available().then(|| unsafe { avx2::enter(kernel) }),
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the processor has it, as was just seen.
        Isa::Avx512 => avx512::is_available().then(|| unsafe { avx512::enter(kernel) }),
        #[cfg(target_arch = "aarch64")]
        // SAFETY: the processor has it, as was just seen.
        Isa::Neon => neon::is_available().then(|| unsafe { neon::enter(kernel) }),
    }
}

/// How many lanes the vectors of float32 and of float64 have.
#[derive(Clone)]
struct CountLanes;

impl Kernel for CountLanes {
    type Output = (usize, usize);

    #[inline(always)]
    fn run<T: Token>(self, _: T) -> (usize, usize) {
        (T::F32::LANES, T::F64::LANES)
    }
}

#[test]
fn the_vectors_of_this_processor_are_among_the_tested() {
    let tokens = run_on_every(&CountLanes);
    // Not println!, which the harness shows of failures only; that the line gets through is not what is tested.
    let _ = writeln!(std::io::stderr(), "tested tokens, lanes of float32 and float64: {tokens:?}");
    #[cfg(target_arch = "x86_64")]
    let must_be_more = is_x86_feature_detected!("avx2");
    #[cfg(not(target_arch = "x86_64"))]
    let must_be_more = cfg!(target_arch = "aarch64");
    assert!(tokens.len() > 1 || !must_be_more, "only {tokens:?}, on a processor with vectors");
}

// Folding.

/// Sums of the lanes of as many vectors as a register has lanes, in `f32` and in `f64` and in pairs of `f32`.
#[derive(Clone)]
struct Sums;

impl Kernel for Sums {
    type Output = [Vec<f64>; 3];

    #[inline(always)]
    fn run<T: Token>(self, token: T) -> Self::Output {
        [sums::<Lanes<T, f32>>(token), sums::<Lanes<T, f64>>(token), sums::<Lanes<T, f16>>(token)]
    }
}

/// Lane i of vector v holds v * LANES + i.
#[inline(always)]
fn sums<V: Vector>(token: V::Token) -> Vec<f64> {
    let mut vectors = [V::Single::splat(token, V::Lane::ZERO); fold::MOST];
    for (index, vector) in vectors.iter_mut().enumerate() {
        let mut lanes = [V::Lane::ZERO; MAX_LANES];
        for (lane, number) in lanes.iter_mut().enumerate() {
            *number = V::Lane::from_integer((index * V::LANES + lane) as i64);
        }
        // SAFETY: the array holds a vector's lanes.
        *vector = unsafe { V::load(token, lanes.as_ptr()) }.fold(Vector::add);
    }
    let sums = to_array(fold::fold_lanes(vectors, Vector::add), V::Lane::ZERO);
    sums[..V::Single::LANES].iter().map(|sum| (*sum).into()).collect()
}

#[test]
fn lanes_are_folded_each_vectors_own() {
    let expected = |lanes: usize, rows: usize| -> Vec<f64> {
        (0..rows).map(|row| (row * lanes..(row + 1) * lanes).sum::<usize>() as f64).collect()
    };
    for ((isa, [f32s, f64s, pairs]), (_, (lanes_32, lanes_64))) in
        run_on_every(&Sums).into_iter().zip(run_on_every(&CountLanes))
    {
        assert_eq!(f32s, expected(lanes_32, lanes_32), "float32, {isa:?}");
        assert_eq!(f64s, expected(lanes_64, lanes_64), "float64, {isa:?}");
        assert_eq!(pairs, expected(2 * lanes_32, lanes_32), "pairs of float32, {isa:?}");
    }
}

// Arithmetic and comparisons.

/// A type that is computed in, with the plain Rust that its vectors are compared with.
trait Number: Real + Add<Output = Self> + Mul<Output = Self> + Div<Output = Self> {
    /// Both signs of each are tested.
    fn specials() -> Vec<Self>;
    /// A number of any sign and exponent.
    fn from_random(bits: u64) -> Self;
    fn round_half_to_even(self) -> Self;
    fn greatest_integer(self) -> Self;
    fn is_same(self, other: Self) -> bool;
    fn negative(self) -> Self;
}

macro_rules! number {
    ($real:ident, $bits:ident) => {
        impl Number for $real {
            fn specials() -> Vec<$real> {
                // From here on every number is an integer.
                let integers = 1.0 / $real::EPSILON;
                let signalling_nan = $real::from_bits($real::INFINITY.to_bits() | 1);
                let mut specials = vec![0.0, $real::from_bits(1), 0.25, 3.0, $real::MAX, $real::INFINITY];
                specials.extend([$real::NAN, signalling_nan, 2147483648.0, 9223372036854775808.0]);
                for center in [$real::MIN_POSITIVE, 0.5, 1.0, 1.5, 2.5, integers / 2.0, integers, integers * 2.0] {
                    specials.extend([center.next_down(), center, center.next_up()]);
                }
                // The widest halves that there are.
                specials.extend([integers / 2.0 + 1.5, integers - 1.5]);
                specials
            }

            fn from_random(bits: u64) -> $real {
                $real::from_bits((bits >> (64 - $bits::BITS)) as $bits)
            }

            fn round_half_to_even(self) -> $real {
                self.round_ties_even()
            }

            fn greatest_integer(self) -> $real {
                self.floor()
            }

            fn is_same(self, other: $real) -> bool {
                self.to_bits() == other.to_bits() || self.is_nan() && other.is_nan()
            }

            fn negative(self) -> $real {
                -self
            }
        }
    };
}

number!(f32, u32);
number!(f64, u64);

#[derive(Clone, Copy, Debug)]
enum Operation {
    Add,
    Mul,
    Div,
    Min,
    Max,
    Round,
    Floor,
    /// The left number where the comparison holds, else the right one.
    Select(Comparison),
}

#[derive(Clone, Copy, Debug)]
enum Comparison {
    Less,
    LessOrEqual,
    /// Less or equal both ways: tests `and`.
    Equal,
    /// Less one way or the other: tests `or`.
    Unequal,
}

const COMPARISONS: [Comparison; 4] =
    [Comparison::Less, Comparison::LessOrEqual, Comparison::Equal, Comparison::Unequal];

impl Operation {
    fn all() -> impl Iterator<Item = Operation> {
        use Operation::*;
        let arithmetic = [Add, Mul, Div, Min, Max, Round, Floor];
        arithmetic.into_iter().chain(COMPARISONS.map(Select))
    }

    #[inline(always)]
    fn of_lanes<V: Vector>(self, left: V, right: V) -> V {
        match self {
            Operation::Add => left.add(right),
            Operation::Mul => left.mul(right),
            Operation::Div => left.div(right),
            Operation::Min => left.min(right),
            Operation::Max => left.max(right),
            Operation::Round => left.round_half_to_even(),
            Operation::Floor => left.floor(),
            Operation::Select(comparison) => V::select(comparison.of_lanes(left, right), left, right),
        }
    }

    fn of_numbers<R: Number>(self, left: R, right: R) -> R {
        let choose = |is_left| if is_left { left } else { right };
        match self {
            Operation::Add => left + right,
            Operation::Mul => left * right,
            Operation::Div => left / right,
            Operation::Min => choose(left < right),
            Operation::Max => choose(left > right),
            Operation::Round => left.round_half_to_even(),
            Operation::Floor => left.greatest_integer(),
            Operation::Select(comparison) => choose(comparison.of_numbers(left, right)),
        }
    }
}

impl Comparison {
    #[inline(always)]
    fn of_lanes<V: Vector>(self, left: V, right: V) -> V::Mask {
        match self {
            Comparison::Less => left.lt(right),
            Comparison::LessOrEqual => left.le(right),
            Comparison::Equal => left.le(right).and(right.le(left)),
            Comparison::Unequal => left.lt(right).or(right.lt(left)),
        }
    }

    fn of_numbers<R: Number>(self, left: R, right: R) -> bool {
        match self {
            Comparison::Less => left < right,
            Comparison::LessOrEqual => left <= right,
            Comparison::Equal => left == right,
            Comparison::Unequal => left < right || right < left,
        }
    }
}

/// Two lists of one length, a multiple of every vector's.
#[derive(Clone)]
struct Pairs<R> {
    left: Vec<R>,
    right: Vec<R>,
}

impl<R: Number> Pairs<R> {
    /// Every pair of special numbers, and some random ones.
    fn new() -> Self {
        let specials: Vec<R> = R::specials().into_iter().flat_map(|n| [n, n.negative()]).collect();
        let mut pairs = Pairs { left: Vec::new(), right: Vec::new() };
        for left in &specials {
            pairs.left.extend(specials.iter().map(|_| left));
            pairs.right.extend(&specials);
        }
        pairs.left.extend(random().map(R::from_random).take(1 << 16));
        pairs.right.extend(random().map(R::from_random).skip(7).take(1 << 16));
        fill_last_vector(&mut pairs.left, R::ONE);
        fill_last_vector(&mut pairs.right, R::ONE);
        pairs
    }

    fn iter(&self) -> impl Iterator<Item = (R, R)> {
        self.left.iter().copied().zip(self.right.iter().copied())
    }
}

/// The same bits in each run.
fn random() -> impl Iterator<Item = u64> {
    // SplitMix64.
    (1u64..).map(|n| {
        let mut bits = n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    })
}

/// Kernels below take whole vectors only.
fn fill_last_vector<E: Copy>(elements: &mut Vec<E>, filling: E) {
    elements.resize(elements.len().next_multiple_of(MAX_LANES), filling);
}

/// The result for each pair.
#[derive(Clone)]
struct Operate<'a, R>(Operation, &'a Pairs<R>);

impl<R: Number> Kernel for Operate<'_, R> {
    type Output = Vec<R>;

    #[inline(always)]
    fn run<T: Token>(self, token: T) -> Vec<R> {
        let Operate(operation, Pairs { left, right }) = self;
        let mut results = Vec::with_capacity(left.len());
        for at in (0..left.len()).step_by(Lanes::<T, R>::LANES) {
            let left: Lanes<T, R> = whole(token, left, at);
            let right = whole(token, right, at);
            push_lanes(operation.of_lanes(left, right), &mut results);
        }
        results
    }
}

#[inline(always)]
fn whole<V: Vector>(token: V::Token, numbers: &[V::Lane], at: usize) -> V {
    Source::of_rows(numbers, 1, numbers.len(), numbers.len()).load_as(token, 0, at, Whole)
}

#[inline(always)]
fn push_lanes<V: Vector>(lanes: V, to: &mut Vec<V::Lane>) {
    to.extend_from_slice(&to_array(lanes, V::Lane::NAN)[..V::LANES]);
}

/// The truth for each pair, by the mask's bits.
#[derive(Clone)]
struct Compare<'a, R>(Comparison, &'a Pairs<R>);

impl<R: Number> Kernel for Compare<'_, R> {
    type Output = Vec<bool>;

    #[inline(always)]
    fn run<T: Token>(self, token: T) -> Vec<bool> {
        let Compare(comparison, Pairs { left, right }) = self;
        let mut truths = Vec::with_capacity(left.len());
        for at in (0..left.len()).step_by(Lanes::<T, R>::LANES) {
            let left: Lanes<T, R> = whole(token, left, at);
            let right = whole(token, right, at);
            push_bits(comparison.of_lanes(left, right).bits(), Lanes::<T, R>::LANES, &mut truths);
        }
        truths
    }
}

fn push_bits(bits: u32, count: usize, to: &mut Vec<bool>) {
    assert_eq!(bits >> count, 0, "more bits than lanes");
    to.extend((0..count).map(|lane| bits >> lane & 1 != 0));
}

fn check_operations<R: Number>() {
    let pairs = Pairs::<R>::new();
    for operation in Operation::all() {
        for (isa, results) in run_on_every(&Operate(operation, &pairs)) {
            assert_eq!(results.len(), pairs.left.len());
            for ((left, right), result) in pairs.iter().zip(results) {
                let expected = operation.of_numbers(left, right);
                assert!(
                    result.is_same(expected),
                    "{isa:?}: {operation:?} of {left:?} and {right:?} is {result:?}, expected {expected:?}",
                );
            }
        }
    }
}

fn check_comparisons<R: Number>() {
    let pairs = Pairs::<R>::new();
    for comparison in COMPARISONS {
        for (isa, truths) in run_on_every(&Compare(comparison, &pairs)) {
            assert_eq!(truths.len(), pairs.left.len());
            for ((left, right), truth) in pairs.iter().zip(truths) {
                let expected = comparison.of_numbers(left, right);
                assert_eq!(truth, expected, "{isa:?}: {comparison:?} of {left:?} and {right:?}");
            }
        }
    }
}

#[test]
fn operations_on_float32_are_those_of_rust() {
    check_operations::<f32>();
}

#[test]
fn operations_on_float64_are_those_of_rust() {
    check_operations::<f64>();
}

#[test]
fn comparisons_of_float32_are_those_of_rust() {
    check_comparisons::<f32>();
}

#[test]
fn comparisons_of_float64_are_those_of_rust() {
    check_comparisons::<f64>();
}

// The 16-bit types.

/// A 16-bit type, with the half crate's conversions.
trait Narrow: Element<Real = f32> {
    fn from_bits(bits: u16) -> Self;
    fn to_bits(self) -> u16;
    fn nearest(number: f32) -> Self;
}

macro_rules! narrow {
    ($narrow:ident) => {
        impl Narrow for $narrow {
            fn from_bits(bits: u16) -> $narrow {
                $narrow::from_bits(bits)
            }

            fn to_bits(self) -> u16 {
                $narrow::to_bits(self)
            }

            fn nearest(number: f32) -> $narrow {
                $narrow::from_f32(number)
            }
        }
    };
}

narrow!(f16);
narrow!(bf16);

/// Each element as a float.
#[derive(Clone)]
struct Widen<'a, E>(&'a [E]);

impl<E: Narrow> Kernel for Widen<'_, E> {
    type Output = Vec<f32>;

    #[inline(always)]
    fn run<T: Token>(self, token: T) -> Vec<f32> {
        let mut numbers = Vec::with_capacity(self.0.len());
        for at in (0..self.0.len()).step_by(Lanes::<T, E>::LANES) {
            push_lanes(Source::of_rows(self.0, 1, self.0.len(), self.0.len()).load(token, 0, at, Whole), &mut numbers);
        }
        numbers
    }
}

/// Each float as the nearest element: as it is stored, and as it is rounded.
#[derive(Clone)]
struct NarrowTo<'a, E>(&'a [f32], std::marker::PhantomData<E>);

impl<E: Narrow> Kernel for NarrowTo<'_, E> {
    type Output = (Vec<Cell<E>>, Vec<f32>);

    #[inline(always)]
    fn run<T: Token>(self, token: T) -> Self::Output {
        let stored = vec![Cell::new(E::NAN); self.0.len()];
        let mut rounded = Vec::with_capacity(self.0.len());
        for at in (0..self.0.len()).step_by(Lanes::<T, E>::LANES) {
            let numbers: Lanes<T, E> = whole(token, self.0, at);
            Target::of(&stored).store::<T, _>(numbers, 0, at, Whole);
            push_lanes(E::round::<T>(numbers), &mut rounded);
        }
        (stored, rounded)
    }
}

fn check_widening<E: Narrow>() {
    let elements: Vec<E> = (0..=u16::MAX).map(E::from_bits).collect();
    for (isa, numbers) in run_on_every(&Widen(&elements)) {
        assert_eq!(numbers.len(), elements.len());
        for (element, number) in elements.iter().zip(numbers) {
            let (bits, expected) = (element.to_bits(), element.to_real());
            assert!(number.is_same(expected), "{isa:?}: {bits:#06x} is {number:e}, expected {expected:e}");
        }
    }
}

fn check_narrowing<E: Narrow>() {
    let numbers = floats_to_narrow::<E>();
    for (isa, (stored, rounded)) in run_on_every(&NarrowTo::<E>(&numbers, std::marker::PhantomData)) {
        assert_eq!((stored.len(), rounded.len()), (numbers.len(), numbers.len()));
        for ((number, stored), rounded) in numbers.iter().zip(stored).zip(rounded) {
            let (expected, stored) = (E::nearest(*number), stored.get());
            let is_same_bits = stored.to_bits() == expected.to_bits();
            assert!(
                is_same_bits || stored.to_real().is_nan() && expected.to_real().is_nan(),
                "{isa:?}: {number:e} is stored as {stored:?}, expected {expected:?}"
            );
            assert!(
                rounded.is_same(expected.to_real()),
                "{isa:?}: {number:e} is rounded to {rounded:e}, expected {expected:?}"
            );
        }
    }
}

/// Every finite element and the middle between it and the next, each with its neighbours: what decides the rounding.
/// Then the specials, and random floats.
fn floats_to_narrow<E: Narrow>() -> Vec<f32> {
    let finite = (0..=u16::MAX).filter(|bits| E::from_bits(*bits).to_real().is_finite());
    let centers = finite.flat_map(|bits| [E::from_bits(bits).to_real(), middle_after::<E>(bits)]);
    let mut numbers: Vec<f32> = centers.flat_map(|n| [n.next_down(), n, n.next_up()]).collect();
    numbers.extend(f32::specials().into_iter().flat_map(|n| [n, -n]));
    numbers.extend(random().map(f32::from_random).take(1 << 18));
    // Vectors need not keep such a NaN.
    numbers.retain(|number| !number.is_nan() || number.to_bits() & 0xffff == 0);
    numbers.extend([0x7f81_0000, 0xffff_0000, 0x7fff_0000].map(f32::from_bits));
    fill_last_vector(&mut numbers, 1.0);
    numbers
}

/// Half-way from an element to the next one away from zero, which after the largest would be a power of two.
fn middle_after<E: Narrow>(bits: u16) -> f32 {
    // The elements of one exponent are equally far apart, and these two have one exponent.
    let (even, odd) = (E::from_bits(bits & !1).to_real(), E::from_bits(bits | 1).to_real());
    E::from_bits(bits).to_real() + (odd - even) / 2.0
}

#[test]
fn every_float16_widens_as_in_the_half_crate() {
    check_widening::<f16>();
}

#[test]
fn every_bfloat16_widens_as_in_the_half_crate() {
    check_widening::<bf16>();
}

#[test]
fn floats_narrow_to_float16_as_in_the_half_crate() {
    check_narrowing::<f16>();
}

#[test]
fn floats_narrow_to_bfloat16_as_in_the_half_crate() {
    check_narrowing::<bf16>();
}

// Memory.

/// One vector of zeros, stored to a list of NaN: how many elements changed, and how many should have.
#[derive(Clone)]
struct StoreOne<E>(std::marker::PhantomData<E>);

impl<E: Element> Kernel for StoreOne<E> {
    type Output = (usize, usize);

    #[inline(always)]
    fn run<T: Token>(self, token: T) -> (usize, usize) {
        let elements = [const { Cell::new(E::NAN) }; 2 * MAX_LANES];
        Target::of(&elements).store::<T, _>(splat::<T, E>(token, E::Real::ZERO), 0, 0, Whole);
        let is_stored = |element: &&Cell<E>| element.get().to_real() == E::Real::ZERO;
        (elements.iter().filter(is_stored).count(), Lanes::<T, E>::LANES)
    }
}

fn check_store<E: Element + Clone>() {
    for (isa, (stored, lanes)) in run_on_every(&StoreOne::<E>(std::marker::PhantomData)) {
        assert_eq!(stored, lanes, "{isa:?}");
    }
}

#[test]
fn a_store_writes_its_lanes_and_no_more() {
    check_store::<f32>();
    check_store::<f64>();
    check_store::<f16>();
    check_store::<bf16>();
}

// Integers.

/// Integers as their lowest 8 and 16 bits.
#[derive(Clone)]
struct Pack<'a>(&'a [f32]);

impl Kernel for Pack<'_> {
    type Output = (Vec<Cell<MaybeUninit<u8>>>, Vec<Cell<MaybeUninit<u16>>>);

    #[inline(always)]
    fn run<T: Token>(self, token: T) -> Self::Output {
        let bytes = vec![const { Cell::new(MaybeUninit::new(0xa5)) }; self.0.len()];
        let words = vec![const { Cell::new(MaybeUninit::new(0xa5a5)) }; self.0.len()];
        let lanes = T::F32::LANES;
        for at in (0..self.0.len()).step_by(4 * lanes) {
            let four = [0, 1, 2, 3].map(|vector| whole::<T::F32>(token, self.0, at + vector * lanes));
            Target::of_uninit(&bytes).store_lowest_bits(four, 0, at);
            Target::of_uninit(&words).store_lowest_bits(four, 0, at);
        }
        (bytes, words)
    }
}

#[test]
fn integers_are_packed_to_their_lowest_bits_and_nan_to_0() {
    let mut numbers: Vec<f32> = (-(1 << 15)..=1 << 16).map(|integer| integer as f32).collect();
    numbers.extend([0x7fc0_0000, 0x7fc0_0001, 0x7f80_0001, 0x7fff_ffff, 0xffff_ffff].map(f32::from_bits));
    numbers.resize(numbers.len().next_multiple_of(4 * MAX_LANES), 7.0);
    for (isa, (bytes, words)) in run_on_every(&Pack(&numbers)) {
        for ((number, byte), word) in numbers.iter().zip(bytes).zip(words) {
            // SAFETY: initialised above, and then written.
            let (byte, word) = unsafe { (byte.get().assume_init(), word.get().assume_init()) };
            let expected = if number.is_nan() { 0 } else { *number as i32 };
            assert_eq!((byte, word), (expected as u8, expected as u16), "{isa:?}: {number}, {:#x}", number.to_bits());
        }
    }
}

/// Float64 as float32.
#[derive(Clone)]
struct NearestFloats<'a>(&'a [f64]);

impl Kernel for NearestFloats<'_> {
    type Output = Vec<f32>;

    #[inline(always)]
    fn run<T: Token>(self, token: T) -> Vec<f32> {
        let mut floats = Vec::with_capacity(self.0.len());
        for at in (0..self.0.len()).step_by(T::F32::LANES) {
            let source = Source::of_rows(self.0, 1, self.0.len(), self.0.len());
            push_lanes(source.load_f32::<T::F32>(token, 0, at), &mut floats);
        }
        floats
    }
}

#[test]
fn float64_are_loaded_as_the_nearest_float32() {
    let mut numbers = Pairs::<f64>::new().left;
    numbers.extend(f32::specials().into_iter().flat_map(|n| [f64::from(n).next_up(), -f64::from(n).next_down()]));
    numbers.extend(random().take(1 << 16).map(|bits| f64::from(f32::from_random(bits)) * (1.0 + f64::EPSILON)));
    fill_last_vector(&mut numbers, 1.0);
    for (isa, floats) in run_on_every(&NearestFloats(&numbers)) {
        assert_eq!(floats.len(), numbers.len());
        for (number, float) in numbers.iter().zip(floats) {
            let expected = *number as f32;
            assert!(float.is_same(expected), "{isa:?}: {number:e} is {float:e}, expected {expected:e}");
        }
    }
}

#[test]
fn short_integers_are_those_of_rust() {
    for integer in -f32::MOST_SHORT..=f32::MOST_SHORT {
        assert_eq!((integer as f32).to_short_integer(), integer);
    }
    let ends = [0, 1, 2, 3, f64::MOST_SHORT - 1, f64::MOST_SHORT].into_iter().flat_map(|end| [end, -end]);
    for integer in ends.chain(random().take(1 << 20).map(|bits| (bits.cast_signed() >> 12) >> (bits & 31))) {
        assert_eq!((integer as f64).to_short_integer(), integer);
    }
}

#[test]
fn unsigned_integers_are_rounded_as_in_rust() {
    // Half-way between two floats, and beside that, at every exponent.
    let ties = (0..64).flat_map(|shift| [0x1ffffff_u64, 0x1fffffd, 0x1000001].map(|odd| (odd << 39) >> shift));
    let beside = ties.flat_map(|tie| [tie.wrapping_sub(1), tie, tie.wrapping_add(1)]);
    for integer in beside.chain(random().take(1 << 20).map(|bits| bits >> (bits & 63))).chain([u64::MAX, 1 << 63]) {
        assert_eq!(f32::from_unsigned(integer).to_bits(), (integer as f32).to_bits(), "{integer}");
        assert_eq!(f64::from_unsigned(integer).to_bits(), (integer as f64).to_bits(), "{integer}");
    }
}

// Rows of bytes past the caches.

/// A row of so many bytes that begins so many bytes after a cache line, streamed into the middle of zeros.
#[derive(Clone)]
struct StreamRow {
    phase: usize,
    len: usize,
}

#[derive(Clone, Copy)]
#[repr(align(64))]
struct Lines([u8; 5 * LINE]);

impl Kernel for StreamRow {
    type Output = [u8; 5 * LINE];

    #[inline(always)]
    fn run<T: Token>(self, token: T) -> Self::Output {
        let (mut from, mut to) = (Lines([0; 5 * LINE]), Lines([0; 5 * LINE]));
        from.0.iter_mut().enumerate().for_each(|(index, byte)| *byte = 1 + index as u8 % 250);
        let row = LINE + self.phase..LINE + self.phase + self.len;
        let from = Cell::from_mut(&mut from.0[..]).as_slice_of_cells();
        let source = Target::of(&from[row.clone()]);
        Target::of(&Cell::from_mut(&mut to.0[..]).as_slice_of_cells()[row]).stream_row(token, source.cells(0));
        token.finish_streaming();
        to.0
    }
}

#[test]
fn a_row_is_streamed_whole_and_nothing_else() {
    for (phase, len) in (0..LINE).flat_map(|phase| (0..=3 * LINE - phase).map(move |len| (phase, len))) {
        for (isa, bytes) in run_on_every(&StreamRow { phase, len }) {
            let row = LINE + phase..LINE + phase + len;
            for (index, byte) in bytes.into_iter().enumerate() {
                let expected = if row.contains(&index) { 1 + index as u8 % 250 } else { 0 };
                assert_eq!(byte, expected, "{isa:?}: byte {index}, phase {phase}, {len} bytes");
            }
        }
    }
}
