//! Folds the lanes of each of several vectors, as many as a vector has lanes, to one vector: a third of the instructions that
//! it takes one by one.
//!
//! ```text
//! log2(LANES) times: of neighbouring vectors two that hold the neighbouring lanes of both, and those as one
//!
//!     a0 a1 a2 a3     a01 a23 b01 b23     a b c d
//!     b0 b1 b2 b3     c01 c23 d01 d23
//!     c0 c1 c2 c3
//!     d0 d1 d2 d3
//! ```

use super::Vector;

/// A vector of one register.
pub trait Single: Vector {
    /// Every other lane of both, and the lanes between them, at a step of [`fold_lanes`]. A register may have any order of lanes
    /// between the steps; after the last one it is that of the vectors.
    fn unzip(self, other: Self, step: u32) -> [Self; 2];
}

/// The most lanes of a register.
pub(crate) const MOST: usize = 16;

/// Lane i is what an operation makes of the lanes of vector i. The operation's order is unspecified.
#[inline(always)]
pub(crate) fn fold_lanes<V: Single>(mut vectors: [V; MOST], operation: impl Fn(V, V) -> V) -> V {
    const { assert!(V::LANES <= MOST) };
    for step in 0..V::LANES.ilog2() {
        for index in 0..V::LANES >> (step + 1) {
            let [one, other] = vectors[2 * index].unzip(vectors[2 * index + 1], step);
            vectors[index] = operation(one, other);
        }
    }
    vectors[0]
}
