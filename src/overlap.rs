//! Whether strided views share memory: exactly, not by the ranges of their addresses, because views may interleave.
//!
//! An element's first byte is at base + i_1*s_1 + ... + i_n*s_n with 0 <= i_k < size_k. Two views share a byte where the
//! difference of two such sums lies within an element's size of 0: a bounded linear equation over integers. It is
//! searched term by term, the largest stride first, because then what the smaller ones can still reach leaves one or two
//! candidates at each step; their greatest common divisor rules out more:
//!
//! ```text
//! reaches(terms, low..=high):                        is there x with low <= sum of x_k*w_k <= high?
//!     the interval misses 0..=sum of most_k*w_k:     no
//!     the interval holds no multiple of gcd(w):      no
//!     it holds 0:                                    yes
//!     else: any x_1 that leaves the rest a chance, with reaches(the rest, the interval - x_1*w_1)
//! ```
//!
//! The problem is hard in general. After a bounded number of steps the answer is "perhaps", which counts as shared.

use arrayvec::ArrayVec;

use crate::layout::MAX_RANK;

/// The addresses of a view's elements.
pub(crate) struct Footprint {
    /// Of the element with the lowest address.
    lowest: i128,
    /// From the lowest byte to behind the highest.
    extent: i128,
    element_size: i128,
    /// In bytes, each positive, for more than one index.
    terms: ArrayVec<Term, MAX_RANK>,
}

#[derive(Clone, Copy, Debug)]
struct Term {
    weight: i128,
    /// The largest factor.
    most: i128,
}

/// More than the views of one argument, or of two, that a program means need.
const MOST_STEPS: u32 = 100_000;

impl Footprint {
    /// `start` is the address of the element with all indices 0; strides count elements. The view is not empty.
    pub(crate) fn new(start: usize, element_size: usize, shape: &[i64], strides: &[i64]) -> Self {
        let element_size = element_size as i128;
        let (mut lowest, mut reach) = (start as i128, 0);
        let mut terms = ArrayVec::new();
        for (size, stride) in shape.iter().zip(strides).filter(|(size, _)| **size > 1) {
            let (weight, most) = (i128::from(*stride) * element_size, i128::from(*size) - 1);
            lowest += weight.min(0) * most;
            reach += weight.abs() * most;
            terms.push(Term { weight: weight.abs(), most });
        }
        terms.sort_unstable_by_key(|term| std::cmp::Reverse(term.weight));
        Footprint { lowest, extent: reach + element_size, element_size, terms }
    }

    /// Whether some byte belongs to an element of each.
    pub(crate) fn shares_bytes_with(&self, other: &Footprint) -> bool {
        if self.lowest >= other.lowest + other.extent || other.lowest >= self.lowest + self.extent {
            return false;
        }
        // self.lowest + sum(self) - (other.lowest + sum(other)), where other's factors are counted from their far end
        // so that every weight is positive.
        // Not collected: the panic of that has the path of arrayvec's sources on the machine that builds.
        let mut terms = ArrayVec::<Term, { 2 * MAX_RANK }>::new();
        terms.extend(self.terms.iter().chain(&other.terms).copied());
        terms.sort_unstable_by_key(|term| std::cmp::Reverse(term.weight));
        let constant = self.lowest - other.lowest - (other.extent - other.element_size);
        let (low, high) = (1 - self.element_size - constant, other.element_size - 1 - constant);
        Search { steps: MOST_STEPS }.reaches(&terms, low, high)
    }

    /// Whether two of its elements share a byte.
    pub(crate) fn overlaps_itself(&self) -> bool {
        if self.is_nested() {
            return false;
        }
        // Two elements that share a byte are the same one: their indices differ by d, not all 0, and sum(d*w) is 0. Let k
        // be the first dimension where they differ, there by at least 1; the later ones by anything.
        let mut search = Search { steps: MOST_STEPS };
        (0..self.terms.len()).any(|first| {
            let (leading, later) = (self.terms[first], &self.terms[first + 1..]);
            // Not collected: see above.
            let mut terms = ArrayVec::<Term, MAX_RANK>::new();
            terms.push(Term { most: leading.most - 1, ..leading });
            terms.extend(later.iter().map(|term| Term { most: 2 * term.most, ..*term }));
            let reach: i128 = later.iter().map(|term| term.weight * term.most).sum();
            let wanted = reach - leading.weight;
            search.reaches(&terms, wanted, wanted)
        })
    }

    /// Whether every stride steps over all that the smaller ones reach, as in almost every view.
    fn is_nested(&self) -> bool {
        let mut reach = 0;
        self.terms.iter().rev().all(|term| {
            let steps_over = term.weight > reach;
            reach += term.weight * term.most;
            steps_over
        })
    }
}

struct Search {
    steps: u32,
}

impl Search {
    /// Whether a sum of the terms lies in the interval from `low` to `high`, or perhaps.
    fn reaches(&mut self, terms: &[Term], low: i128, high: i128) -> bool {
        let Some(left) = self.steps.checked_sub(1) else {
            return true;
        };
        self.steps = left;
        let reach: i128 = terms.iter().map(|term| term.weight * term.most).sum();
        let (low, high) = (low.max(0), high.min(reach));
        if low > high {
            return false;
        }
        if low == 0 {
            return true;
        }
        let common = terms.iter().fold(0, |common, term| greatest_common_divisor(common, term.weight));
        if common > 0 && high / common * common < low {
            return false;
        }
        let Some((first, rest)) = terms.split_first() else {
            return false;
        };
        if first.weight == 0 {
            return self.reaches(rest, low, high);
        }
        let rest_reach = reach - first.weight * first.most;
        let least = ((low - rest_reach).max(0) + first.weight - 1) / first.weight;
        let most = (high / first.weight).min(first.most);
        (least..=most).any(|factor| self.reaches(rest, low - factor * first.weight, high - factor * first.weight))
    }
}

fn greatest_common_divisor(a: i128, b: i128) -> i128 {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn element_addresses(start: usize, shape: &[i64], strides: &[i64], element_size: usize) -> Vec<i64> {
        let mut addresses = vec![start as i64];
        for (size, stride) in shape.iter().zip(strides) {
            let step = stride * element_size as i64;
            addresses = addresses.iter().flat_map(|at| (0..*size).map(move |index| at + index * step)).collect();
        }
        addresses
    }

    fn bytes(elements: &[i64], element_size: usize) -> BTreeSet<i64> {
        elements.iter().flat_map(|at| *at..*at + element_size as i64).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, cases: 4000, ..ProptestConfig::default() })]

        #[test]
        fn sharing_is_found_exactly(
            a in (0usize..40, prop::collection::vec((1i64..5, -9i64..10), 0..4), prop::sample::select(vec![1usize, 2, 4, 8])),
            b in (0usize..40, prop::collection::vec((1i64..5, -9i64..10), 0..4), prop::sample::select(vec![1usize, 2, 4, 8])),
        ) {
            let view = |(start, dimensions, size): &(usize, Vec<(i64, i64)>, usize)| {
                let (shape, strides): (Vec<i64>, Vec<i64>) = dimensions.iter().copied().unzip();
                let start = 10_000 + start * size;
                let elements = element_addresses(start, &shape, &strides, *size);
                (Footprint::new(start, *size, &shape, &strides), bytes(&elements, *size), elements)
            };
            let ((a_print, a_bytes, a_elements), (b_print, b_bytes, _)) = (view(&a), view(&b));
            prop_assert_eq!(a_print.shares_bytes_with(&b_print), !a_bytes.is_disjoint(&b_bytes));
            let distinct: BTreeSet<i64> = a_elements.iter().copied().collect();
            prop_assert_eq!(a_print.overlaps_itself(), distinct.len() < a_elements.len());
        }
    }

    #[test]
    fn interleaved_views_are_apart() {
        let even = Footprint::new(1000, 4, &[64, 64], &[128, 2]);
        let odd = Footprint::new(1004, 4, &[64, 64], &[128, 2]);
        assert!(!even.shares_bytes_with(&odd));
        assert!(even.shares_bytes_with(&even));
    }

    #[test]
    fn a_search_without_end_ends_as_shared() {
        // Multiples of 6, and one 1: nothing sums to 3 more than a multiple of 6, but only trying all shows it.
        let mut terms: Vec<Term> =
            (1..60).map(|k| Term { weight: 6 * ((1 << 40) + k * k * k * 7919), most: 1 }).rev().collect();
        terms.push(Term { weight: 1, most: 1 });
        let wanted = terms.iter().map(|term| term.weight).sum::<i128>() / 12 * 6 + 3;
        assert!(Search { steps: MOST_STEPS }.reaches(&terms, wanted, wanted));
    }
}
