"""Faults in layouts, plans and the search for shared memory."""

from __future__ import annotations

from fault import Fault

LAYOUT_FILE = "src/layout.rs"
PLAN = "src/plan.rs"
OVERLAP = "src/overlap.rs"

LAYOUT = (
    Fault(
        name="layout-merge",
        what="the dimension of the channels is merged with the one around it",
        file=LAYOUT_FILE,
        old="if !outer.has_channels() && !inner.has_channels() && inner.continues(&outer) {",
        new="if !outer.has_channels() && inner.continues(&outer) {",
        test="src layout::tests",
    ),
    Fault(
        name="layout-part-channel",
        what="a part of a row takes its channels from the row's beginning",
        file=LAYOUT_FILE,
        old="first.run = first.run.after(columns.start);",
        new="",
        test="src plan::tests",
    ),
    Fault(
        name="layout-backwards",
        what="a dimension that runs backwards is walked from one element past its end",
        file=LAYOUT_FILE,
        old="*stride * (dimension.size as isize - 1)",
        new="*stride * dimension.size as isize",
        test="contract_views.avx2",
    ),
    Fault(
        name="plan-edge",
        what="the first index of a task is the last one of the task before",
        file=PLAN,
        old="let start = index * size + index.min(larger);",
        new="let start = (index * size + index.min(larger)).saturating_sub(1);",
        test="src plan::tests",
    ),
    Fault(
        name="plan-partial-ranges",
        what="tasks that share a channel widen one range at once",
        file=PLAN,
        old="self.pieces > 1 && !is_between_channels",
        new="self.pieces > 1 && is_between_channels",
        test="src plan::tests",
    ),
    Fault(
        name="streaming-head",
        what="after the elements before the first streaming store, channels begin anew",
        file="src/kernel/sweep.rs",
        old="columns.after(columns.less_than_period(head)));",
        new="columns);",
        test="tests/far.rs f32::channels_side_by_side",
    ),
    Fault(
        name="overlap-partial",
        what="elements that share some of their bytes, not all, count as apart",
        file=OVERLAP,
        old="let (low, high) = (1 - self.element_size - constant, other.element_size - 1 - constant);",
        new="let (low, high) = (-constant, -constant);",
        test="src overlap::tests",
    ),
    Fault(
        name="overlap-unsure",
        what="a search that is given up counts as no overlap",
        file=OVERLAP,
        old="            return true;\n        };\n        self.steps = left;",
        new="            return false;\n        };\n        self.steps = left;",
        test="src overlap::tests",
    ),
)
