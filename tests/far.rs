//! Tensors that the caches cannot hold: streaming stores and what comes with them, around the size where they begin and
//! past it.
//!
//! They begin at a quarter of the last-level cache, at the least 4 MB and at the most 16 MB: whatever the machine, 16 MB
//! are far. A streaming store wants an aligned address, so what matters is where the output begins, where each of its rows
//! does, and where each thread's part does.

mod common;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use qdq::capi::QDQ_STATUS_OK;

use common::channel::Compute;
use common::data::attributes;
use common::element::Element;
use common::isa::has_vectors;
use common::large::{Large, Room, Trial, Work};
use common::view::Place;
use common::{Manner, Offsets, Target, Workers};

every_isa!();

every_element!(
    sizes_around_the_threshold,
    every_offset,
    rows_of_channels,
    channels_of_short_runs,
    channels_side_by_side,
    many_channels_in_few_rows,
    slices,
    threads,
    in_place,
    ranges_of_columns,
    ranges_of_slices,
    codes,
);

/// So many bytes are far on every machine.
const FAR: usize = 16 << 20;

const WORKS: [Work; 4] = [Work::Given, Work::Computed, Work::MaskedGradient, Work::Gradient];

const WORKERS: [Workers; 4] = [Workers::Pool(2), Workers::Pool(3), Workers::Pool(5), Workers::Host(4)];

/// How many rows of `len` elements are far.
fn rows<T: Element>(len: usize) -> usize {
    (FAR / T::SIZE).div_ceil(len)
}

/// The n-th offsets: the output's are all that there are, in turn; the others differ from it, and from each other.
fn offsets<T: Element>(n: usize) -> Offsets {
    let offset = |n: usize| n * T::SIZE % 64;
    Offsets { input: offset(3 * n + 1), gradients: offset(5 * n + 2), output: offset(n) }
}

/// How many offsets there are.
fn count_of_offsets<T: Element>() -> usize {
    64 / T::SIZE
}

/// On one lane only some of many.
fn some<I: Iterator>(many: I) -> impl Iterator<Item = I::Item> {
    many.step_by(if has_vectors() { 1 } else { 6 })
}

/// A dense tensor's works, each at other offsets and on its turn of attributes.
fn check<T: Element>(room: &mut Room<T>, shape: &[usize], axis: i32, works: &[Work], turn: usize) {
    let large = Large::<T>::new(shape, attributes(axis)[turn % 4]);
    for (n, work) in works.iter().enumerate() {
        let manner = Manner { offsets: offsets::<T>(7 * turn + n), ..Manner::default() };
        large.dense(*work).run(room, &manner);
    }
}

/// Tensors that are a line or an element smaller than what may be the threshold, and up to a few elements larger.
fn sizes_around_the_threshold<T: Element>() {
    let room = &mut Room::empty();
    for (turn, bytes) in [4 << 20, 8 << 20, FAR].into_iter().enumerate() {
        let len = bytes / T::SIZE;
        let lens = [len - 64 / T::SIZE, len - 1, len, len + 1, len + 5];
        for (n, len) in some(lens.into_iter().enumerate()) {
            let works = [WORKS[(turn + n) % 4], WORKS[(turn + n + 1) % 4]];
            check::<T>(room, &[len], -1, &works, turn + n);
        }
    }
}

/// The output at every place of a line.
fn every_offset<T: Element>() {
    let room = &mut Room::empty();
    for (work, every) in [(Work::Given, 1), (Work::MaskedGradient, 1), (Work::Computed, 5), (Work::Gradient, 5)] {
        let large = Large::<T>::new(&[rows::<T>(1) + 77], attributes(-1)[0]);
        let mut trial = large.dense(work);
        for n in some((0..count_of_offsets::<T>()).step_by(every)) {
            trial.run(room, &Manner { offsets: offsets::<T>(n), ..Manner::default() });
        }
    }
}

/// Each row a channel: shorter than a vector's most lanes and longer, several of a group and one, and longer than what is
/// still near when it is written.
fn rows_of_channels<T: Element>() {
    let room = &mut Room::empty();
    let (group, fused) = ((16 << 10) / T::SIZE, (256 << 10) / T::SIZE);
    let lens = [31, 32, 33, 49, 147, group / 2, group - 1, group + 1, fused - 1, fused, fused + 1];
    for (turn, len) in some(lens.into_iter().enumerate()) {
        let works = [Work::Computed, Work::Given, Work::MaskedGradient];
        // Also the attributes in which channels are zeroed.
        let works = if turn % 2 == 0 { &works[..2] } else { &works[..] };
        check::<T>(room, &[rows::<T>(len) + turn, len], 0, works, turn);
    }
}

/// An axis in the middle, so many elements of a channel beside each other.
fn channels_of_short_runs<T: Element>() {
    let room = &mut Room::empty();
    for inner in some(1..=70) {
        let channels = [3, 5, 8, 17, 64][inner % 5];
        let works = [Work::Given, [Work::Computed, Work::MaskedGradient][inner / 2 % 2]];
        let works = if inner % 2 == 0 { &works[..] } else { &works[..1] };
        check::<T>(room, &[rows::<T>(channels * inner) + inner % 9, channels, inner], 1, works, inner);
    }
}

const CHANNELS: [usize; 18] = [1, 2, 3, 7, 15, 16, 17, 31, 32, 33, 64, 255, 1000, 1023, 1024, 1025, 4096, 4097];

/// Each element of another channel than its neighbours.
fn channels_side_by_side<T: Element>() {
    let room = &mut Room::empty();
    for (turn, channels) in some(CHANNELS.into_iter().enumerate()) {
        let works = [Work::Given, Work::MaskedGradient, Work::Computed];
        check::<T>(room, &[rows::<T>(channels) + turn % 9, channels], 1, &works, turn);
    }
}

/// So few rows that threads share the columns.
fn many_channels_in_few_rows<T: Element>() {
    let room = &mut Room::empty();
    let large = Large::<T>::new(&[9, rows::<T>(9)], attributes(1)[0]);
    for (n, (work, workers)) in
        [(Work::Given, Workers::Caller), (Work::MaskedGradient, Workers::Pool(3))].into_iter().enumerate()
    {
        large.dense(work).run(room, &Manner { offsets: offsets::<T>(n), workers, ..Manner::default() });
    }
}

/// A view: its shape and axis, and what is left out behind each dimension in the input and in the output.
type Slice = (Vec<usize>, i32, Vec<usize>, Vec<usize>);

/// Rows that begin at a multiple of a line if the first one does, and rows that do not; in the output, and in the input.
fn slices_of<T: Element>() -> Vec<Slice> {
    let line = 64 / T::SIZE;
    let to_line = |len: usize| len.next_multiple_of(line) - len;
    let mut slices = vec![
        (vec![rows::<T>(1000), 1000], -1, vec![0, 3], vec![0, to_line(1000) + line]),
        (vec![rows::<T>(1000), 1000], -1, vec![0, 0], vec![2, 1]),
        (vec![rows::<T>(147) + 5, 147], 0, vec![0, 1], vec![0, to_line(147)]),
        (vec![rows::<T>(147) + 3, 147], 0, vec![3, line], vec![0, 2]),
        (vec![rows::<T>(4097), 4097], 0, vec![0, 1], vec![0, to_line(4097)]),
        (vec![rows::<T>(5 * 33) + 1, 5, 33], 1, vec![0, 0, 3], vec![0, 0, to_line(33)]),
        (vec![rows::<T>(5 * 33) + 2, 5, 33], 1, vec![0, 7, 0], vec![0, 1, 2]),
        (vec![rows::<T>(40 * 7) + 3, 40, 7], 1, vec![0, 1, 0], vec![0, to_line(280) + line, 0]),
        (vec![rows::<T>(40 * 7) + 4, 40, 7], 1, vec![0, 0, 0], vec![0, 3, 0]),
        (vec![rows::<T>(40 * 3), 40, 3], 1, vec![0, 0, 1], vec![0, 0, 0]),
    ];
    for (turn, channels) in [64, 1000, 1025, 4096].into_iter().enumerate() {
        slices.push((vec![rows::<T>(channels) + turn, channels], 1, vec![0, 5], vec![0, to_line(channels) + line]));
        slices.push((vec![rows::<T>(channels) + turn + 4, channels], 1, vec![0, line], vec![0, 1]));
    }
    slices
}

fn slices<T: Element>() {
    let room = &mut Room::empty();
    for (turn, (shape, axis, before, after)) in some(slices_of::<T>().into_iter().enumerate()) {
        let large = Large::<T>::new(&shape, attributes(axis)[turn / 2 % 4]);
        let (input, output) = (Place::sliced(&shape, &before), Place::sliced(&shape, &after));
        for (n, work) in [Work::Given, [Work::Computed, Work::MaskedGradient][turn / 2 % 2]].into_iter().enumerate() {
            // The second time the output begins at a line.
            let manner = Manner { offsets: offsets::<T>((turn + 1) * (1 - n)), ..Manner::default() };
            large.trial(work, &input, &output).run(room, &manner);
        }
    }
}

/// Parts of several threads: of elements, rows, columns and channels.
fn threads<T: Element>() {
    let room = &mut Room::empty();
    let shapes = [
        (vec![rows::<T>(1) + 13], -1),
        (vec![rows::<T>(147) + 1, 147], 0),
        (vec![rows::<T>(64) + 1, 64], 1),
        (vec![rows::<T>(4097) + 1, 4097], 1),
        (vec![3, 100, rows::<T>(300)], 1),
    ];
    for (turn, (shape, axis)) in some(shapes.into_iter().enumerate()) {
        let large = Large::<T>::new(&shape, attributes(axis)[0]);
        for (n, work) in [Work::Computed, Work::Given, Work::MaskedGradient].into_iter().enumerate() {
            let (offsets, workers) = (offsets::<T>(turn + n), WORKERS[(turn + n) % 4]);
            large.dense(work).run(room, &Manner { offsets, workers, ..Manner::default() });
        }
    }
}

fn in_place<T: Element>() {
    let room = &mut Room::empty();
    for (turn, (shape, axis)) in [(vec![rows::<T>(1) + 3], -1), (vec![rows::<T>(65), 65], 1)].into_iter().enumerate() {
        let large = Large::<T>::new(&shape, attributes(axis)[turn]);
        let calls = [
            (Work::Given, Target::OverInput),
            (Work::Computed, Target::OverInput),
            (Work::MaskedGradient, Target::OverInput),
            (Work::MaskedGradient, Target::OverGradients),
        ];
        for (n, (work, target)) in some(calls.into_iter().enumerate()) {
            let workers = [Workers::Caller, Workers::Pool(3)][n % 2];
            large.dense(work).run(room, &Manner { offsets: offsets::<T>(turn + n), target, workers });
        }
    }
}

/// Ranges alone, with columns of few channels and of many.
fn ranges_of_columns<T: Element>() {
    let room = &mut Room::empty();
    let columns = CHANNELS.map(|channels| [channels, 1]);
    let short_runs = [2, 3, 5, 7, 8, 9, 15, 16, 17, 31].map(|inner| [1024 / inner + inner % 2, inner]);
    for (turn, [channels, inner]) in some(columns.into_iter().chain(short_runs).enumerate()) {
        let shape = [rows::<T>(channels * inner) + turn % 9, channels, inner];
        let large = Large::<T>::new(&shape, attributes(1)[0]);
        for workers in [Workers::Caller, WORKERS[turn % 4]] {
            large.check_ranges(room, &Place::dense(&shape), offsets::<T>(turn).output, workers);
        }
    }
}

fn ranges_of_slices<T: Element>() {
    let room = &mut Room::empty();
    for (turn, (shape, axis, gaps, _)) in some(slices_of::<T>().into_iter().enumerate()) {
        let large = Large::<T>::new(&shape, attributes(axis)[0]);
        let workers = [Workers::Caller, WORKERS[turn / 2 % 4]][turn % 2];
        large.check_ranges(room, &Place::sliced(&shape, &gaps), offsets::<T>(turn).output, workers);
    }
}

fn codes<T: Element<C: Compute>>() {
    let room = &mut Room::empty();
    let shapes = [(vec![rows::<T>(1) + 3], -1), (vec![rows::<T>(65), 65], 1), (vec![rows::<T>(147), 147], 0)];
    for (turn, (shape, axis)) in some(shapes.into_iter().enumerate()) {
        let large = Large::<T>::new(&shape, attributes(axis)[0]);
        let workers = [Workers::Caller, Workers::Pool(3)][turn % 2];
        large.check_codes(room, &Place::dense(&shape), offsets::<T>(turn + 1), workers);
    }
}

/// How often a thread hands results to another.
const HANDED_OVER: usize = 100;

/// How many elements the other one looks at.
const LOOKED_AT: usize = 1 << 10;

/// What was streamed past the caches is there for whom the caller tells that the call is done, by no more than a release.
#[test]
fn other_threads_see_what_was_streamed() {
    if !has_vectors() {
        // One lane streams nothing.
        return;
    }
    for (shape, axis, work) in [
        (vec![rows::<f32>(1)], -1, Work::Given),
        (vec![rows::<f32>(147), 147], 0, Work::Computed),
        (vec![rows::<f32>(1)], -1, Work::MaskedGradient),
    ] {
        hand_over(Large::<f32>::new(&shape, attributes(axis)[0]).dense(work));
    }
}

/// The other thread looks at the output's end, which was written last, at once, and then spoils it.
fn hand_over(mut trial: Trial<f32>) {
    let (room, manner) = (&mut Room::empty(), Manner::default());
    trial.lay(room, &manner);
    let expected = trial.last_expected(LOOKED_AT);
    let output = Shared(room.last_of_output(LOOKED_AT));
    let (done, seen) = (&AtomicUsize::new(0), &AtomicUsize::new(0));
    let wrong = thread::scope(|scope| {
        let reader = scope.spawn(move || {
            let mut wrong = None;
            for round in 1..=HANDED_OVER {
                wait_for(done, round);
                wrong = wrong.or(output.look_and_spoil(&expected));
                seen.store(round, Ordering::Release);
            }
            wrong
        });
        for round in 1..=HANDED_OVER {
            assert_eq!(trial.call(room, &manner), QDQ_STATUS_OK);
            done.store(round, Ordering::Release);
            wait_for(seen, round);
        }
        reader.join().expect("the other thread only looks")
    });
    assert_eq!(wrong, None, "one of the last elements, as the other thread saw it, and as expected");
}

/// On as few cores as there may be, the other thread needs this one's.
fn wait_for(number: &AtomicUsize, wanted: usize) {
    while number.load(Ordering::Acquire) != wanted {
        thread::yield_now();
    }
}

/// Elements that two threads use in turn.
struct Shared(*mut f32);

// SAFETY: the threads tell each other whose turn it is.
unsafe impl Send for Shared {}

impl Shared {
    /// The first that is not as expected, from the last on.
    fn look_and_spoil(&self, expected: &[f32]) -> Option<(usize, f32, f32)> {
        let mut wrong = None;
        for (at, expected) in expected.iter().enumerate().rev() {
            let element = self.0.wrapping_add(at);
            // SAFETY: an element of a live output, which is this thread's until it says that it has seen it.
            let got = unsafe { element.replace(f32::MIN) };
            let is_same = got.to_bits() == expected.to_bits() || got.is_nan() && expected.is_nan();
            wrong = wrong.or((!is_same).then_some((at, got, *expected)));
        }
        wrong
    }
}
