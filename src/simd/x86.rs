//! What the x86 tokens share: their intrinsics have the same names and shapes but for the width.

/// Implements [`Vector`](super::Vector) for `$vector`, a wrapper of the register type, from the list of its intrinsics.
macro_rules! x86_vector {
    (
        $vector:ident($register:ty) of $lanes:literal $lane:ty, $token:ty, mask $mask:ty,
        splat $splat:ident, load $load:ident, store $store:ident, stream $stream:ident,
        add $add:ident, mul $mul:ident, div $div:ident, min $min:ident, max $max:ident,
        round $round:ident, compare $compare:ident, select($chosen:ident, $yes:ident, $no:ident) $select:expr,
        unzip blocks of $block:literal by $shuffle:ident::<$even:literal, $odd:literal>, as $to_bits:ident, $from_bits:ident,
        partial { $($partial:tt)* }
    ) => {
        #[derive(Clone, Copy)]
        pub(crate) struct $vector($register);

        // SAFETY, for every block below: a vector, and a token, exist only where the processor has the instructions;
        // pointers are the caller's promise.
        #[allow(clippy::undocumented_unsafe_blocks, reason = "said once, above")]
        impl $crate::simd::Vector for $vector {
            type Token = $token;
            type Lane = $lane;
            type Mask = $mask;
            type Single = Self;
            const LANES: usize = $lanes;

            #[inline(always)]
            fn fold(self, _: impl Fn(Self, Self) -> Self) -> Self {
                self
            }

            #[inline(always)]
            fn splat(_: $token, lane: $lane) -> Self {
                Self(unsafe { $splat(lane) })
            }

            #[inline(always)]
            unsafe fn load(_: $token, from: *const $lane) -> Self {
                Self(unsafe { $load(from) })
            }

            #[inline(always)]
            unsafe fn store(self, to: *mut $lane) {
                unsafe { $store(to, self.0) }
            }

            #[inline(always)]
            unsafe fn stream(self, to: *mut $lane) {
                unsafe { $stream(to, self.0) }
            }

            #[inline(always)]
            fn token(self) -> $token {
                <$token>::of_a_vector()
            }

            #[inline(always)]
            fn add(self, other: Self) -> Self {
                Self(unsafe { $add(self.0, other.0) })
            }

            #[inline(always)]
            fn mul(self, other: Self) -> Self {
                Self(unsafe { $mul(self.0, other.0) })
            }

            #[inline(always)]
            fn div(self, other: Self) -> Self {
                Self(unsafe { $div(self.0, other.0) })
            }

            #[inline(always)]
            fn min(self, other: Self) -> Self {
                Self(unsafe { $min(self.0, other.0) })
            }

            #[inline(always)]
            fn max(self, other: Self) -> Self {
                Self(unsafe { $max(self.0, other.0) })
            }

            #[inline(always)]
            fn round_half_to_even(self) -> Self {
                const NEAREST_EVEN: i32 = _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC;
                Self(unsafe { $round::<NEAREST_EVEN>(self.0) })
            }

            #[inline(always)]
            fn floor(self) -> Self {
                const DOWN: i32 = _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC;
                Self(unsafe { $round::<DOWN>(self.0) })
            }

            #[inline(always)]
            fn lt(self, other: Self) -> $mask {
                unsafe { $compare::<_CMP_LT_OQ>(self.0, other.0) }
            }

            #[inline(always)]
            fn le(self, other: Self) -> $mask {
                unsafe { $compare::<_CMP_LE_OQ>(self.0, other.0) }
            }

            #[inline(always)]
            fn select($chosen: $mask, $yes: Self, $no: Self) -> Self {
                let ($yes, $no) = ($yes.0, $no.0);
                Self(unsafe { $select })
            }

            $($partial)*
        }

        #[allow(clippy::undocumented_unsafe_blocks, reason = "said once, above")]
        impl $crate::simd::fold::Single for $vector {
            /// Within blocks of 16 bytes first, then whole blocks.
            #[inline(always)]
            fn unzip(self, other: Self, step: u32) -> [Self; 2] {
                unsafe {
                    if 1 << step < $block {
                        return [Self($shuffle::<$even>(self.0, other.0)), Self($shuffle::<$odd>(self.0, other.0))];
                    }
                    let [even, odd] = $to_bits(self.0).part($to_bits(other.0));
                    [Self($from_bits(even)), Self($from_bits(odd))]
                }
            }
        }
    };
}

/// Implements [`Register`](super::transpose::Register) for a register type, likewise.
macro_rules! x86_register {
    (
        $register:ident of $blocks:literal, load $load:ident, store $store:ident,
        interleave 16 bits by $lower_16:ident, $upper_16:ident; 32 bits by $lower_32:ident, $upper_32:ident;
        64 bits by $lower_64:ident, $upper_64:ident,
        part($one:ident, $other:ident) $part:expr
    ) => {
        // SAFETY, for every block below: the token exists, and pointers are valid, as the caller promises.
        #[allow(clippy::undocumented_unsafe_blocks, reason = "said once, above")]
        impl $crate::simd::transpose::Register for $register {
            const BLOCKS: usize = $blocks;

            #[inline(always)]
            unsafe fn load(from: *const u8) -> Self {
                unsafe { $load(from.cast()) }
            }

            #[inline(always)]
            unsafe fn store(self, to: *mut u8) {
                unsafe { $store(to.cast(), self) }
            }

            #[inline(always)]
            unsafe fn interleave<const M: usize>(self, other: Self) -> [Self; 2] {
                unsafe {
                    match M {
                        8 => [$lower_16(self, other), $upper_16(self, other)],
                        4 => [$lower_32(self, other), $upper_32(self, other)],
                        _ => [$lower_64(self, other), $upper_64(self, other)],
                    }
                }
            }

            #[inline(always)]
            unsafe fn part(self, other: Self) -> [Self; 2] {
                let ($one, $other) = (self, other);
                unsafe { $part }
            }
        }
    };
}

pub(super) use {x86_register, x86_vector};
