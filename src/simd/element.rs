//! What a tensor holds: [`Element`] is the one place that knows the 16-bit types, [`Real`] the types that are computed
//! in. Both load and store whole vectors, and the last few elements of a row ([`Span`]), bounds checked.

use std::cell::Cell;
use std::fmt::Debug;
use std::mem::MaybeUninit;
use std::ptr;

use half::{bf16, f16};

use super::{MAX_LANES, Token, Vector, Vector32};

/// Elements of an input. Cells, not a plain slice: an output may be the same memory, and then both may be written.
pub(crate) type Source<'a, E> = &'a [Cell<E>];

/// Elements of an output, which the caller need not have initialised.
pub(crate) type Target<'a, E> = &'a [Cell<MaybeUninit<E>>];

/// The vector in which a token computes an element's numbers.
pub type Lanes<T, E> = <<E as Element>::Real as Real>::Vector<T>;

/// The same number in every lane.
#[inline(always)]
pub(crate) fn splat<T: Token, E: Element>(token: T, lane: E::Real) -> Lanes<T, E> {
    Vector::splat(token, lane)
}

/// A type that tensors hold.
pub trait Element: Copy + Debug + Send + Sync + 'static {
    /// The type that it is computed in: C of the formulas.
    type Real: Real;

    /// Whether arithmetic in `Real` is finer than the element itself.
    const IS_NARROW: bool;
    const ZERO: Self;
    const NAN: Self;
    /// The largest finite element.
    const MAX: Self::Real;

    fn to_real(self) -> Self::Real;

    /// The nearest element.
    fn from_real(real: Self::Real) -> Self;

    /// # Safety
    /// `from` is valid for reads of a vector's number of elements.
    unsafe fn load<T: Token>(token: T, from: *const Self) -> Lanes<T, Self>;

    /// # Safety
    /// `to` is valid for writes of a vector's number of elements.
    unsafe fn store<T: Token>(lanes: Lanes<T, Self>, to: *mut Self);

    /// Each lane as the nearest element.
    fn round<T: Token>(lanes: Lanes<T, Self>) -> Lanes<T, Self>;
}

/// A type that is computed in: float32 or float64.
pub trait Real: Element<Real = Self> + PartialOrd + From<f32> + Into<f64> {
    type Vector<T: Token>: Vector<Token = T, Lane = Self>;

    const ONE: Self;
    const HALF: Self;
    const INFINITY: Self;
    const NEG_INFINITY: Self;

    /// To nearest, halves to even.
    fn from_integer(integer: i64) -> Self;

    /// To nearest, halves to even.
    fn from_unsigned(integer: u64) -> Self;

    /// Of an integer; what is too large becomes the nearest, NaN becomes 0.
    fn to_integer(self) -> i64;
}

macro_rules! real {
    ($real:ident, $vector:ident) => {
        impl Element for $real {
            type Real = $real;
            const IS_NARROW: bool = false;
            const ZERO: $real = 0.0;
            const NAN: $real = $real::NAN;
            const MAX: $real = $real::MAX;

            #[inline(always)]
            fn to_real(self) -> $real {
                self
            }

            #[inline(always)]
            fn from_real(real: $real) -> $real {
                real
            }

            #[inline(always)]
            unsafe fn load<T: Token>(token: T, from: *const $real) -> T::$vector {
                // SAFETY: the caller's promise.
                unsafe { T::$vector::load(token, from) }
            }

            #[inline(always)]
            unsafe fn store<T: Token>(lanes: T::$vector, to: *mut $real) {
                // SAFETY: the caller's promise.
                unsafe { lanes.store(to) }
            }

            #[inline(always)]
            fn round<T: Token>(lanes: T::$vector) -> T::$vector {
                lanes
            }
        }

        impl Real for $real {
            type Vector<T: Token> = T::$vector;
            const ONE: $real = 1.0;
            const HALF: $real = 0.5;
            const INFINITY: $real = $real::INFINITY;
            const NEG_INFINITY: $real = $real::NEG_INFINITY;

            #[inline(always)]
            fn from_integer(integer: i64) -> $real {
                integer as $real
            }

            #[inline(always)]
            fn from_unsigned(integer: u64) -> $real {
                integer as $real
            }

            #[inline(always)]
            fn to_integer(self) -> i64 {
                self as i64
            }
        }
    };
}

real!(f32, F32);
real!(f64, F64);

macro_rules! narrow {
    ($narrow:ident, $max:expr, $load:ident, $store:ident, $round:ident) => {
        impl Element for $narrow {
            type Real = f32;
            const IS_NARROW: bool = true;
            const ZERO: $narrow = $narrow::from_bits(0);
            const NAN: $narrow = $narrow::NAN;
            const MAX: f32 = $max;

            #[inline(always)]
            fn to_real(self) -> f32 {
                self.to_f32()
            }

            #[inline(always)]
            fn from_real(real: f32) -> $narrow {
                $narrow::from_f32(real)
            }

            #[inline(always)]
            unsafe fn load<T: Token>(token: T, from: *const $narrow) -> T::F32 {
                // SAFETY: the caller's promise; the type is its 16 bits (repr(transparent)).
                unsafe { T::F32::$load(token, from.cast()) }
            }

            #[inline(always)]
            unsafe fn store<T: Token>(lanes: T::F32, to: *mut $narrow) {
                // SAFETY: the caller's promise; the type is its 16 bits (repr(transparent)).
                unsafe { lanes.$store(to.cast()) }
            }

            #[inline(always)]
            fn round<T: Token>(lanes: T::F32) -> T::F32 {
                lanes.$round()
            }
        }
    };
}

narrow!(f16, 65504.0, load_f16, store_f16, round_to_f16);
narrow!(bf16, f32::from_bits(0x7f7f_0000), load_bf16, store_bf16, round_to_bf16);

/// Memory that elements can be read from.
///
/// # Safety
/// It is so: `count` elements from `start` on may be read while the reference lives.
pub(crate) unsafe trait Readable<E> {
    fn start(&self) -> *const E;
    fn count(&self) -> usize;
}

// SAFETY: a slice.
unsafe impl<E> Readable<E> for [E] {
    #[inline(always)]
    fn start(&self) -> *const E {
        self.as_ptr()
    }

    #[inline(always)]
    fn count(&self) -> usize {
        self.len()
    }
}

// SAFETY: a cell has its content's layout.
unsafe impl<E> Readable<E> for [Cell<E>] {
    #[inline(always)]
    fn start(&self) -> *const E {
        self.as_ptr().cast()
    }

    #[inline(always)]
    fn count(&self) -> usize {
        self.len()
    }
}

/// Memory that elements can be written to through a shared reference.
///
/// # Safety
/// It is so: `count_mut` elements from `start_mut` on may be written while the reference lives.
pub(crate) unsafe trait Writable<E> {
    fn start_mut(&self) -> *mut E;
    fn count_mut(&self) -> usize;
}

// SAFETY: a cell can be written through a shared reference, and has its content's layout.
unsafe impl<E> Writable<E> for [Cell<E>] {
    #[inline(always)]
    fn start_mut(&self) -> *mut E {
        self.as_ptr().cast_mut().cast()
    }

    #[inline(always)]
    fn count_mut(&self) -> usize {
        self.len()
    }
}

// SAFETY: as above; MaybeUninit<E> has the layout of E.
unsafe impl<E> Writable<E> for [Cell<MaybeUninit<E>>] {
    #[inline(always)]
    fn start_mut(&self) -> *mut E {
        self.as_ptr().cast_mut().cast()
    }

    #[inline(always)]
    fn count_mut(&self) -> usize {
        self.len()
    }
}

/// How much of a vector a step of a kernel covers: all its lanes, or the first few at the end of a row. A kernel's step
/// is written once over both.
pub(crate) trait Span: Copy {
    /// How many lanes it covers of a vector of so many.
    fn covered(self, lanes: usize) -> usize;

    /// Reads from element `at` on; lanes that are not covered hold NaN.
    fn load<T: Token, E: Element>(self, token: T, from: &(impl Readable<E> + ?Sized), at: usize) -> Lanes<T, E>;

    /// Writes from element `at` on; no memory beyond the covered lanes is touched.
    fn store<T: Token, E: Element>(self, lanes: Lanes<T, E>, to: &(impl Writable<E> + ?Sized), at: usize);
}

/// All lanes.
#[derive(Clone, Copy)]
pub(crate) struct Whole;

impl Span for Whole {
    #[inline(always)]
    fn covered(self, lanes: usize) -> usize {
        lanes
    }

    #[inline(always)]
    fn load<T: Token, E: Element>(self, token: T, from: &(impl Readable<E> + ?Sized), at: usize) -> Lanes<T, E> {
        assert!(at <= from.count() && from.count() - at >= Lanes::<T, E>::LANES);
        // SAFETY: LANES elements from `at` on lie within the memory, as asserted.
        unsafe { E::load(token, from.start().add(at)) }
    }

    #[inline(always)]
    fn store<T: Token, E: Element>(self, lanes: Lanes<T, E>, to: &(impl Writable<E> + ?Sized), at: usize) {
        assert!(at <= to.count_mut() && to.count_mut() - at >= Lanes::<T, E>::LANES);
        // SAFETY: LANES elements from `at` on lie within the memory, as asserted.
        unsafe { E::store::<T>(lanes, to.start_mut().add(at)) }
    }
}

/// The first lanes, as many as the number says.
#[derive(Clone, Copy)]
pub(crate) struct First(pub(crate) usize);

impl Span for First {
    #[inline(always)]
    fn covered(self, _: usize) -> usize {
        self.0
    }

    #[inline(always)]
    fn load<T: Token, E: Element>(self, token: T, from: &(impl Readable<E> + ?Sized), at: usize) -> Lanes<T, E> {
        const { assert!(<Lanes<T, E> as Vector>::LANES <= MAX_LANES) };
        assert!(self.0 <= Lanes::<T, E>::LANES && at <= from.count() && self.0 <= from.count() - at);
        let mut whole = [E::NAN; MAX_LANES];
        // SAFETY: the elements lie within the memory, as asserted, and a vector's number of them within the array.
        unsafe {
            ptr::copy_nonoverlapping(from.start().add(at), whole.as_mut_ptr(), self.0);
            E::load(token, whole.as_ptr())
        }
    }

    #[inline(always)]
    fn store<T: Token, E: Element>(self, lanes: Lanes<T, E>, to: &(impl Writable<E> + ?Sized), at: usize) {
        const { assert!(<Lanes<T, E> as Vector>::LANES <= MAX_LANES) };
        assert!(self.0 <= Lanes::<T, E>::LANES && at <= to.count_mut() && self.0 <= to.count_mut() - at);
        let mut whole = [E::NAN; MAX_LANES];
        // SAFETY: the elements lie within the memory, as asserted, and a vector's number of them within the array.
        unsafe {
            E::store::<T>(lanes, whole.as_mut_ptr());
            ptr::copy_nonoverlapping(whole.as_ptr(), to.start_mut().add(at), self.0);
        }
    }
}

/// The lanes of a vector as an array; those past its number of lanes hold `rest`.
#[inline(always)]
pub(crate) fn to_array<V: Vector>(vector: V, rest: V::Lane) -> [V::Lane; MAX_LANES] {
    const { assert!(V::LANES <= MAX_LANES) };
    let mut lanes = [rest; MAX_LANES];
    // SAFETY: the array has room for a vector's lanes.
    unsafe { vector.store(lanes.as_mut_ptr()) };
    lanes
}
