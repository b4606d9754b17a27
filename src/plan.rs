//! Who does what: pure data. A pass over a tensor is cut into pieces, one for each task of an executor.

use std::ops::Range;

use crate::layout::{Layout, Row};

/// A pass cut into pieces that cover every element once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    layout: Layout,
    pieces: usize,
}

/// Some columns of some rows of a layout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    layout: Layout,
    rows: Range<usize>,
    columns: Range<usize>,
}

impl Plan {
    /// Cuts by whole rows where there are enough of them, otherwise across the rows. `width` is how many tasks can
    /// run at once.
    pub(crate) fn new(layout: Layout, width: usize) -> Plan {
        let pieces = width.min(layout.row_count().max(layout.row_len())).max(1);
        Plan { layout, pieces }
    }

    pub(crate) fn pieces(&self) -> usize {
        self.pieces
    }

    pub(crate) fn piece(&self, index: usize) -> Piece {
        let (rows, columns) = (self.layout.row_count(), self.layout.row_len());
        if rows >= self.pieces {
            Piece {
                layout: self.layout,
                rows: part(rows, index, self.pieces),
                columns: 0..columns,
            }
        } else {
            Piece {
                layout: self.layout,
                rows: 0..rows,
                columns: part(columns, index, self.pieces),
            }
        }
    }
}

impl Piece {
    /// The piece's rows, in the order of memory.
    #[inline(always)]
    pub(crate) fn rows(&self) -> impl Iterator<Item = Row> + use<> {
        let columns = self.columns.clone();
        self.layout
            .rows(self.rows.clone())
            .map(move |row| row.columns(&columns))
    }

    pub(crate) fn has_channel_per_element(&self) -> bool {
        self.layout.has_channel_per_element()
    }
}

/// The index-th of `parts` nearly equal parts of 0..total.
fn part(total: usize, index: usize, parts: usize) -> Range<usize> {
    let (size, larger) = (total / parts, total % parts);
    let start = index * size + index.min(larger);
    start..start + size + usize::from(index < larger)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_cover_every_element_once() {
        for (outer, channels, inner) in [
            (1, 1, 7),
            (1, 3, 4),
            (5, 3, 1),
            (2, 1, 1),
            (3, 2, 5),
            (0, 3, 2),
            (2, 3, 0),
        ] {
            let layout = Layout { outer, channels, inner };
            for width in 1..=9 {
                let plan = Plan::new(layout, width);
                let mut seen = vec![0; layout.elements()];
                for row in (0..plan.pieces()).flat_map(|index| plan.piece(index).rows()) {
                    for (offset, count) in seen[row.range()].iter_mut().enumerate() {
                        *count += 1;
                        let channel = row.channel + if layout.has_channel_per_element() { offset } else { 0 };
                        assert_eq!(channel, (row.start + offset) / inner % channels);
                    }
                }
                assert!(
                    seen.iter().all(|count| *count == 1),
                    "{layout:?} cut for {width}: {seen:?}"
                );
                assert!(plan.pieces() <= width);
            }
        }
    }
}
