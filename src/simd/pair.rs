//! Two vectors as one: the float32 of a register of 16-bit numbers.

use super::{Mask, Vector, Vector32};

#[derive(Clone, Copy)]
pub struct Pair<V>(pub(super) [V; 2]);

impl<V: Vector32> Pair<V> {
    #[inline(always)]
    fn each(self, operation: impl Fn(V) -> V) -> Self {
        let [a, b] = self.0;
        Pair([operation(a), operation(b)])
    }

    #[inline(always)]
    fn with(self, other: Self, operation: impl Fn(V, V) -> V) -> Self {
        let ([a, b], [c, d]) = (self.0, other.0);
        Pair([operation(a, c), operation(b, d)])
    }
}

impl<V: Vector32> Vector for Pair<V> {
    type Token = V::Token;
    type Lane = f32;
    type Mask = [V::Mask; 2];
    type Single = V;
    const LANES: usize = 2 * V::LANES;

    #[inline(always)]
    fn fold(self, operation: impl Fn(V, V) -> V) -> V {
        let [a, b] = self.0;
        operation(a, b)
    }

    #[inline(always)]
    fn splat(token: V::Token, lane: f32) -> Self {
        Pair([V::splat(token, lane); 2])
    }

    #[inline(always)]
    unsafe fn load(token: V::Token, from: *const f32) -> Self {
        // SAFETY: the caller's promise.
        Pair(unsafe { [V::load(token, from), V::load(token, from.add(V::LANES))] })
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: the caller's promise.
        unsafe {
            self.0[0].store(to);
            self.0[1].store(to.add(V::LANES));
        }
    }

    #[inline(always)]
    unsafe fn stream(self, to: *mut f32) {
        // SAFETY: the caller's promise.
        unsafe {
            self.0[0].stream(to);
            self.0[1].stream(to.add(V::LANES));
        }
    }

    #[inline(always)]
    unsafe fn load_first(token: V::Token, from: *const f32, count: usize) -> Self {
        let first = count.min(V::LANES);
        // SAFETY: the caller's promise.
        Pair(unsafe { [V::load_first(token, from, first), V::load_first(token, from.add(first), count - first)] })
    }

    #[inline(always)]
    unsafe fn store_first(self, to: *mut f32, count: usize) {
        let first = count.min(V::LANES);
        // SAFETY: the caller's promise.
        unsafe {
            self.0[0].store_first(to, first);
            self.0[1].store_first(to.add(first), count - first);
        }
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        self.with(other, V::add)
    }

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        self.with(other, V::mul)
    }

    #[inline(always)]
    fn div(self, other: Self) -> Self {
        self.with(other, V::div)
    }

    #[inline(always)]
    fn min(self, other: Self) -> Self {
        self.with(other, V::min)
    }

    #[inline(always)]
    fn max(self, other: Self) -> Self {
        self.with(other, V::max)
    }

    #[inline(always)]
    fn round_half_to_even(self) -> Self {
        self.each(V::round_half_to_even)
    }

    #[inline(always)]
    fn floor(self) -> Self {
        self.each(V::floor)
    }

    #[inline(always)]
    fn least(self) -> f32 {
        self.0[0].min(self.0[1]).least()
    }

    #[inline(always)]
    fn greatest(self) -> f32 {
        self.0[0].max(self.0[1]).greatest()
    }

    #[inline(always)]
    fn lt(self, other: Self) -> Self::Mask {
        [self.0[0].lt(other.0[0]), self.0[1].lt(other.0[1])]
    }

    #[inline(always)]
    fn le(self, other: Self) -> Self::Mask {
        [self.0[0].le(other.0[0]), self.0[1].le(other.0[1])]
    }

    #[inline(always)]
    fn select(mask: Self::Mask, yes: Self, no: Self) -> Self {
        Pair([V::select(mask[0], yes.0[0], no.0[0]), V::select(mask[1], yes.0[1], no.0[1])])
    }

    #[inline(always)]
    fn join(count: usize, first: Self, rest: Self) -> Self {
        let lower = count.min(V::LANES);
        Pair([V::join(lower, first.0[0], rest.0[0]), V::join(count - lower, first.0[1], rest.0[1])])
    }

    #[inline(always)]
    unsafe fn load_repeated(token: V::Token, numbers: *const f32, from: usize, repeats: usize) -> Self {
        let upper = from + V::LANES;
        // SAFETY: the caller's promise: the upper half's numbers begin no later than LANES / 2 after the lower's.
        Pair(unsafe {
            [V::load_repeated(token, numbers, from, repeats), V::load_repeated(token, numbers, upper, repeats)]
        })
    }

    #[inline(always)]
    fn token(self) -> V::Token {
        self.0[0].token()
    }
}

impl<M: Mask> Mask for [M; 2] {
    const LANES: usize = 2 * M::LANES;

    #[inline(always)]
    fn and(self, other: Self) -> Self {
        [self[0].and(other[0]), self[1].and(other[1])]
    }

    #[inline(always)]
    fn or(self, other: Self) -> Self {
        [self[0].or(other[0]), self[1].or(other[1])]
    }

    #[inline(always)]
    fn bits(self) -> u32 {
        self[0].bits() | self[1].bits() << M::LANES
    }
}
