//! Lengths at every boundary and one beside it, at every alignment, against the naive reference.
//!
//! Vectors, unrolled loops, blocks and their tails all change hands at some length; so does the choice between the
//! ways to walk a tensor. Each dimension of [outer, channels, inner] crosses them all, in every type.

mod common;

use common::data::{Rng, attributes, sample};
use common::element::Element;
use common::large::{Large, Room, Work};
use common::reference::Attrs;
use common::view::Place;
use common::{Case, Manner, Offsets, Target, Workers};

every_isa!();

every_element!(
    lengths_of_a_tensor,
    lengths_of_rows,
    numbers_of_rows,
    lengths_of_inner_rows,
    numbers_of_channels,
    numbers_of_outer_rows,
    small_shapes,
    offsets_apart,
    every_place_counts_in_the_range,
    one_number_among_nans,
    tiles,
    rows_taken_several_as_one,
    bands_of_narrow_rows,
    bands_of_a_range,
    slices,
    shares_of_threads,
    ranges_of_threads,
);

/// Lengths at which something may change, and those beside them.
fn lengths() -> impl Iterator<Item = usize> {
    let around = |length: usize| length - 1..=length + 1;
    (0..=130).chain([192, 256, 512, 1024, 2048, 4096].into_iter().flat_map(around))
}

/// The byte offsets at which an element may lie, of those up to 64.
fn offsets<T: Element>() -> impl Iterator<Item = usize> {
    (0..=64).step_by(T::SIZE)
}

/// A case of samples, its range [-1, 1] or nearly so in each channel.
fn case<T: Element>(shape: &[usize], attrs: Attrs, range_given: bool) -> Case<T> {
    let len = shape.iter().product();
    let rng = &mut Rng(len as u64);
    let mut samples = || (0..len).map(|_| sample(rng)).collect();
    let (input, gradients) = (samples(), samples());
    let mut case = Case { attrs, shape: shape.to_vec(), input, gradients, range: None };
    if range_given {
        let end = |sign: f64, channel: usize| T::near(sign * [1.0, 1.5, 0.25, 2.0, 1.0][channel % 5]);
        let ends = |sign: f64| (0..case.channels()).map(|channel| end(sign, channel)).collect();
        case.range = Some((ends(-1.0), ends(1.0)));
    }
    case
}

/// A shape, in every way, at the given offsets.
fn check<T: Element>(shape: &[usize], axis: i32, offsets: impl Iterator<Item = usize> + Clone) {
    for range_given in [false, true] {
        for attrs in attributes(axis) {
            let case = case::<T>(shape, attrs, range_given);
            let expected = case.reference_forward();
            for offset in offsets.clone() {
                case.compare_forward(&Manner::at(offset), &expected).unwrap_or_else(|failure| panic!("{failure}"));
            }
        }
        let case = case::<T>(shape, Attrs { axis, ..Attrs::default() }, range_given);
        let expected = case.reference_gradient();
        for offset in offsets.clone() {
            case.compare_gradient(&Manner::at(offset), &expected).unwrap_or_else(|failure| panic!("{failure}"));
        }
    }
}

/// Two offsets for shapes of which there are many: aligned, and as far from it as can be.
fn two_offsets<T: Element>() -> impl Iterator<Item = usize> + Clone {
    [0, 64 - T::SIZE].into_iter()
}

fn lengths_of_a_tensor<T: Element>() {
    lengths().for_each(|len| check::<T>(&[len], -1, offsets::<T>().collect::<Vec<_>>().into_iter()));
}

fn lengths_of_rows<T: Element>() {
    lengths().for_each(|len| check::<T>(&[3, len], 0, two_offsets::<T>()));
}

/// As many rows, one channel each, as a vector of any instruction set has lanes, several times that, and those beside it.
fn numbers_of_rows<T: Element>() {
    let around = |rows: usize| rows - 1..=rows + 1;
    for rows in [4, 8, 16, 24, 32, 48, 64].into_iter().flat_map(around) {
        for len in [32, 33, 47, 64, 65, 147] {
            check::<T>(&[rows, len], 0, two_offsets::<T>());
        }
    }
}

fn lengths_of_inner_rows<T: Element>() {
    lengths().for_each(|inner| check::<T>(&[2, 3, inner], 1, two_offsets::<T>()));
}

/// Each element is of another channel than its neighbours.
fn numbers_of_channels<T: Element>() {
    for channels in lengths() {
        for outer in [1, 2, 5] {
            check::<T>(&[outer, channels], 1, two_offsets::<T>());
        }
    }
    for outer in [3, 7, 8, 9, 17] {
        for channels in [1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 129] {
            check::<T>(&[outer, channels], 1, offsets::<T>().collect::<Vec<_>>().into_iter());
        }
    }
}

fn numbers_of_outer_rows<T: Element>() {
    for outer in lengths() {
        for (channels, inner) in [(1, 3), (2, 1), (3, 1), (3, 5), (16, 1)] {
            check::<T>(&[outer, channels, inner], 1, two_offsets::<T>());
        }
    }
}

/// Every small shape there is.
fn small_shapes<T: Element>() {
    for outer in 0..4 {
        for channels in 0..8 {
            for inner in 0..36 {
                check::<T>(&[outer, channels, inner], 1, two_offsets::<T>());
            }
        }
    }
}

/// Input, gradients and output are aligned each in its own way.
fn offsets_apart<T: Element>() {
    let target = Target::Fresh;
    for (shape, axis) in [(&[131][..], -1), (&[5, 37], 1), (&[2, 3, 29], 1)] {
        let case = case::<T>(shape, Attrs { axis, ..Attrs::default() }, true);
        let (forward, gradient) = (case.reference_forward(), case.reference_gradient());
        for input in offsets::<T>() {
            for output in offsets::<T>() {
                let offsets = Offsets { input, gradients: 64 - input, output };
                let manner = Manner { offsets, target, ..Manner::default() };
                case.compare_forward(&manner, &forward).unwrap_or_else(|failure| panic!("{failure}"));
                case.compare_gradient(&manner, &gradient).unwrap_or_else(|failure| panic!("{failure}"));
            }
        }
    }
}

/// The least element and the greatest at every place of every length: none is left out of a computed range.
fn every_place_counts_in_the_range<T: Element>() {
    for len in 2..=130 {
        let mut case = case::<T>(&[len], Attrs::default(), false);
        let plain = case.input.clone();
        for place in 0..len {
            case.input.copy_from_slice(&plain);
            case.input[place] = T::near(50.0);
            case.input[(place + len / 2) % len] = T::near(-60.0);
            case.check_forward(&Manner::default());
        }
    }
}

/// One number at every place of a tensor of NaN, in either sign: the range is that number and nothing else.
fn one_number_among_nans<T: Element>() {
    for len in 1..=130 {
        for place in 0..len {
            let mut case = case::<T>(&[len], Attrs::default(), false);
            case.input = vec![T::near(f64::NAN); len];
            case.input[place] = T::near(if place % 2 == 0 { 5.0 } else { -7.0 });
            case.check_forward(&Manner::default());
        }
    }
}

// Rows and columns: what comes from the sizes of caches, tiles and tasks, with more elements.

/// Input, gradients and output aligned each in its own way, another one each time.
fn offsets_in_turn<T: Element>(turn: usize) -> Offsets {
    let offset = |n: usize| n * T::SIZE % 64;
    Offsets { input: offset(3 * turn), gradients: offset(5 * turn + 1), output: offset(turn + 1) }
}

/// The works on a tensor, each time with other attributes and offsets.
fn work_on<T: Element>(room: &mut Room<T>, shape: &[usize], axis: i32, workers: Workers, turn: usize) {
    let large = Large::<T>::new(shape, attributes(axis)[turn % 4]);
    for (n, work) in [Work::Given, Work::MaskedGradient, Work::Computed].into_iter().enumerate() {
        let offsets = offsets_in_turn::<T>(3 * turn + n);
        large.dense(work).run(room, &Manner { offsets, workers, ..Manner::default() });
    }
}

/// The bytes that the plans count on in the nearest cache.
const NEAREST: usize = 16 << 10;

/// Numbers of channels whose parameters (two or four of each) just fit the nearest cache, and just do not.
fn many_channels() -> impl Iterator<Item = usize> {
    [512, 1024, 2048, 4096].into_iter().flat_map(|channels| channels - 1..=channels + 1)
}

fn tiles<T: Element>() {
    let room = &mut Room::empty();
    for channels in many_channels() {
        for rows in 1..=20 {
            work_on::<T>(room, &[rows, channels], 1, Workers::Caller, channels + rows);
        }
    }
}

/// As many rows of many channels as are whole vectors together, times a tile's, and those beside it.
fn rows_taken_several_as_one<T: Element>() {
    let room = &mut Room::empty();
    for (turn, channels) in [1025, 1026, 2050, 4097].into_iter().enumerate() {
        for rows in [16, 32, 64, 128, 256].into_iter().flat_map(|rows| rows - 1..=rows + 1) {
            work_on::<T>(room, &[rows, channels], 1, Workers::Caller, turn + rows);
        }
    }
}

/// As many rows of few columns as fit the nearest cache, and those beside it.
fn bands_of_narrow_rows<T: Element>() {
    let room = &mut Room::empty();
    for columns in 2..=70 {
        for inner in [1, 2, 3, 7, 15].into_iter().filter(|inner| columns % inner == 0) {
            let rows = NEAREST / T::SIZE / columns;
            for (turn, rows) in [rows - 1, rows, rows + 1, 2 * rows + 1].into_iter().enumerate() {
                work_on::<T>(room, &[rows, columns / inner, inner], 1, Workers::Caller, columns + turn);
            }
        }
    }
}

/// The ends of each channel in the first row and the last of the bands that a range is found by, and anywhere.
fn bands_of_a_range<T: Element>() {
    let room = &mut Room::empty();
    let columns =
        (2..=40).chain([64, 128, 256, 512, 1024, 2048].into_iter().flat_map(|columns| columns - 1..=columns + 1));
    for (turn, columns) in columns.enumerate() {
        for inner in [1, 2, 3, 5, 7, 16, 31].into_iter().filter(|inner| columns % inner == 0) {
            let band = (NEAREST / T::SIZE / columns).max(8);
            for rows in [7, 8, 9, band - 1, band, band + 1, 2 * band + 1] {
                let shape = [rows, columns / inner, inner];
                let large = Large::<T>::new(&shape, attributes(1)[0]);
                for gap in [0, 1] {
                    let place = Place::sliced(&shape, &[0, gap, 0]);
                    large.check_ranges(room, &place, offsets_in_turn::<T>(turn + rows).output, Workers::Caller);
                }
            }
        }
    }
}

/// Rows, or parts of rows, that do not follow each other.
fn slices<T: Element>() {
    let room = &mut Room::empty();
    for (turn, columns) in (1..=70).chain(many_channels()).enumerate() {
        for (n, rows) in [2, 8, 9, 20].into_iter().enumerate() {
            let inner = [1, 2, 3, 4][(turn + n) % 4];
            let shape = [rows, columns, inner];
            for axis in [0, 1] {
                let large = Large::<T>::new(&shape, attributes(axis)[turn % 4]);
                let gaps = [[0, 1, 0], [0, 64 / T::SIZE, 0], [3, 0, 1], [0, 0, 0]];
                let [input, output] = [turn + n, turn / 2].map(|turn| Place::sliced(&shape, &gaps[turn % 4]));
                let work = [Work::Given, Work::Computed, Work::MaskedGradient][(turn + n) % 3];
                let manner = Manner { offsets: offsets_in_turn::<T>(turn + n), ..Manner::default() };
                large.trial(work, &input, &output).run(room, &manner);
            }
        }
    }
}

const WORKERS: [(usize, Workers); 4] =
    [(2, Workers::Pool(2)), (3, Workers::Pool(3)), (5, Workers::Pool(5)), (4, Workers::Host(4))];

/// A thread has a task of its own from so many bytes on.
const BYTES_PER_TASK: usize = 128 << 10;

/// As many elements as are worth another thread where each is read and written, read twice and written, and read; by rows,
/// columns and channels.
fn shares_of_threads<T: Element>() {
    let room = &mut Room::empty();
    for (turn, (width, workers)) in WORKERS.into_iter().enumerate() {
        for moved in 1..=3 {
            let len = width * BYTES_PER_TASK / T::SIZE / moved;
            for len in len - 1..=len + 1 {
                work_on::<T>(room, &[len], -1, workers, len);
            }
            for shape in [[len / 147 + 1, 147], [len / 64 + 1, 64], [7, len / 7 + 1], [len / 4097 + 1, 4097]] {
                work_on::<T>(room, &shape, 0, workers, turn + moved);
                work_on::<T>(room, &shape, 1, workers, turn + moved + 1);
            }
            work_on::<T>(room, &[3, 50, len / 150 + 1], 1, workers, turn + moved);
            work_on::<T>(room, &[len / 150 + 1, 50, 3], 1, workers, turn + moved);
        }
    }
}

/// Numbers of channels at which threads still have ranges of their own, and at which they no longer do.
fn ranges_of_threads<T: Element>() {
    let room = &mut Room::empty();
    for (width, workers) in WORKERS {
        for channels in [1, 2, 64, 512 / width - 1, 512 / width, 512 / width + 1, 512, 513] {
            for inner in [1, 3] {
                let shape = [width * BYTES_PER_TASK / T::SIZE / channels / inner + 9, channels, inner];
                let large = Large::<T>::new(&shape, attributes(1)[0]);
                for gap in [0, 2] {
                    let place = Place::sliced(&shape, &[0, gap, 0]);
                    large.check_ranges(room, &place, offsets_in_turn::<T>(channels).output, workers);
                }
            }
        }
    }
}
