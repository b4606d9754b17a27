//! Views whose neighbours in memory are in different rows, against the naive reference: how their elements are brought into
//! rows changes with the sizes of the squares that are turned in registers, of the parts that are staged, and past the caches.

mod common;

use std::ptr;

use qdq::capi::*;

use common::Case;
use common::data::{Rng, sample};
use common::element::Element;
use common::reference::Attrs;
use common::view::{Memory, Operand, Place, Tensor, dtype_of, pointer_to, pool};
use common::{c_attrs, first_difference};

every_isa!();

every_element!(
    sides_of_squares,
    ends_of_parts,
    channels_along_either_side,
    columns_that_run_backwards,
    columns_with_gaps,
    three_dimensions_in_any_order,
    neighbours_in_an_outer_dimension,
    elements_that_repeat,
    in_place,
    past_the_caches,
);

/// The sides of squares, two of them, and those beside. A square has 2 to 32 elements in a row.
const SIDES: [usize; 16] = [1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 65];

/// Around the sides of parts.
const LONG_SIDES: [usize; 7] = [64, 127, 128, 129, 200, 511, 1030];

/// Where rows are columns in memory, each that much longer than it is high.
fn transposed([rows, columns]: [usize; 2], gap: usize) -> Place {
    let mut place = Place::sliced(&[columns, rows], &[0, gap]);
    place.shape.reverse();
    place.strides.reverse();
    place
}

/// The same elements, with a dimension's last index where its first one was.
fn backwards(mut place: Place, dimension: usize) -> Place {
    let stride = place.strides[dimension];
    place.first = place.first.wrapping_add_signed((stride * (place.shape[dimension] - 1)) as isize);
    place.strides[dimension] = -stride;
    place
}

/// A case of samples, its range given or not.
fn case<T: Element>(shape: &[usize], axis: i32, range_given: bool) -> Case<T> {
    let len = shape.iter().product();
    let rng = &mut Rng(len as u64);
    let mut samples = || (0..len).map(|_| sample(rng)).collect();
    let (input, gradients) = (samples(), samples());
    let mut case =
        Case { attrs: Attrs { axis, ..Attrs::default() }, shape: shape.to_vec(), input, gradients, range: None };
    if range_given {
        let end = |sign: f64, channel: usize| T::near(sign * [1.0, 1.5, 0.25, 2.0, 1.0][channel % 5]);
        let ends = |sign: f64| (0..case.channels()).map(|channel| end(sign, channel)).collect();
        case.range = Some((ends(-1.0), ends(1.0)));
    }
    case
}

/// Both ends of a case's range.
fn ranges<T: Element>(case: &Case<T>) -> Option<[Operand; 2]> {
    let (lo, hi) = case.range.as_ref()?;
    let shape = if case.attrs.axis == -1 { vec![] } else { vec![lo.len()] };
    Some([lo, hi].map(|ends| Operand::holding(Place::dense(&shape), ends)))
}

/// What the library makes of a case with input and output in these places.
fn forward<T: Element>(case: &Case<T>, [input, output]: [&Place; 2], threads: i32) -> Vec<T> {
    let mut x = Operand::holding(input.clone(), &case.input);
    let mut y = Operand::untouched(output.clone(), dtype_of::<T>());
    let before = [&x, &y].map(|operand| operand.memory.bytes().to_vec());
    call_forward(case, &x.tensor(), &y.tensor(), threads);
    x.memory.check_unchanged(&before[0]);
    y.memory.check_only_written(&before[1], output, dtype_of::<T>());
    y.values()
}

/// The tensors are of live memories that hold all of their elements; in place or apart.
fn call_forward<T: Element>(case: &Case<T>, x: &Tensor, y: &Tensor, threads: i32) {
    let mut range = ranges(case);
    let [lo, hi] = match &mut range {
        Some(range) => range.each_mut().map(|end| Some(end.tensor())),
        None => [None, None],
    };
    let [lo, hi] = [lo.as_ref().map(Tensor::c), hi.as_ref().map(Tensor::c)];
    let attrs = c_attrs(&case.attrs, case.range.is_some());
    // SAFETY: the caller's promise, and the range's memories live.
    let status = unsafe {
        let (lo, hi) = (pointer_to(&lo), pointer_to(&hi));
        qdq_quantize_and_dequantize_v4(&x.c(), lo, hi, &attrs, &pool(threads), &y.c())
    };
    assert_eq!(status, QDQ_STATUS_OK);
}

/// What the library makes of its gradient with gradients, input and backprop in these places.
fn gradient<T: Element>(case: &Case<T>, places: [&Place; 3], threads: i32) -> Vec<T> {
    let mut g = Operand::holding(places[0].clone(), &case.gradients);
    let mut x = Operand::holding(places[1].clone(), &case.input);
    let mut y = Operand::untouched(places[2].clone(), dtype_of::<T>());
    let before = [&g, &x, &y].map(|operand| operand.memory.bytes().to_vec());
    let [gradients, input, backprop] = [&mut g, &mut x, &mut y].map(Operand::tensor);
    let mut range = ranges(case).expect("a given range");
    let [lo, hi] = range.each_mut().map(Operand::tensor);
    let (attrs, none) = (c_attrs(&case.attrs, true), ptr::null());
    let [gradients, input, backprop, lo, hi] = [&gradients, &input, &backprop, &lo, &hi].map(Tensor::c);
    // SAFETY: tensors of live memories of their own, the range's too, that hold all of their elements.
    let status = unsafe {
        qdq_quantize_and_dequantize_v4_grad(&gradients, &input, &lo, &hi, &attrs, &pool(threads), &backprop, none, none)
    };
    assert_eq!(status, QDQ_STATUS_OK);
    g.memory.check_unchanged(&before[0]);
    x.memory.check_unchanged(&before[1]);
    y.memory.check_only_written(&before[2], places[2], dtype_of::<T>());
    y.values()
}

fn check<T: Element, const N: usize>(case: &Case<T>, got: &[T], expected: &[T], places: [&Place; N]) {
    let difference = first_difference(got, expected);
    assert_eq!(difference, None, "shape {:?}, axis {}, places {places:?}", case.shape, case.attrs.axis);
}

fn check_forward<T: Element>(case: &Case<T>, places: [&Place; 2]) {
    check(case, &forward(case, places, 1), &case.reference_forward().expect("a range"), places);
}

fn check_gradient<T: Element>(case: &Case<T>, places: [&Place; 3]) {
    check(case, &gradient(case, places, 1), &case.reference_gradient(), places);
}

/// The operation with one of two places for the input and the other for the output, and the gradient likewise.
fn check_with<T: Element>(shape: &[usize], axis: i32, one: &Place, other: &Place) {
    for range_given in [true, false] {
        let case = case::<T>(shape, axis, range_given);
        check_forward(&case, [other, one]);
        check_forward(&case, [one, other]);
        if range_given {
            check_gradient(&case, [other, other, one]);
            check_gradient(&case, [other, one, one]);
            check_gradient(&case, [one, other, other]);
        }
    }
}

fn check_shape<T: Element>(shape: [usize; 2], axis: i32, place: impl Fn([usize; 2]) -> Place) {
    check_with::<T>(&shape, axis, &Place::dense(&shape), &place(shape));
}

fn sides_of_squares<T: Element>() {
    for rows in SIDES {
        SIDES.into_iter().for_each(|columns| check_shape::<T>([rows, columns], -1, |shape| transposed(shape, 0)));
    }
}

fn ends_of_parts<T: Element>() {
    for long in LONG_SIDES {
        for other in [1, 3, 16, 33, 70] {
            check_shape::<T>([long, other], -1, |shape| transposed(shape, 0));
            check_shape::<T>([other, long], -1, |shape| transposed(shape, 1));
        }
    }
    check_shape::<T>([257, 131], -1, |shape| transposed(shape, 0));
}

fn channels_along_either_side<T: Element>() {
    for shape in [[3, 5], [16, 16], [17, 64], [64, 33], [70, 130], [300, 40]] {
        (0..2).for_each(|axis| check_shape::<T>(shape, axis, |shape| transposed(shape, 0)));
    }
}

fn columns_that_run_backwards<T: Element>() {
    for shape in [[2, 3], [15, 16], [16, 33], [65, 40], [40, 130]] {
        for axis in -1..2 {
            for dimension in 0..2 {
                check_shape::<T>(shape, axis, |shape| backwards(transposed(shape, 0), dimension));
            }
            check_shape::<T>(shape, axis, |shape| backwards(backwards(transposed(shape, 3), 0), 1));
            // The output's own rows, too.
            let dense = Place::ordered(&shape, &[1, 0], 1);
            let turned = [backwards(dense.clone(), 1), backwards(transposed(shape, 0), 0)];
            check_with::<T>(&shape, axis, &turned[0], &turned[1]);
        }
    }
}

fn columns_with_gaps<T: Element>() {
    for shape in [[16, 16], [33, 17], [64, 65], [100, 7]] {
        for gap in [1, 5, 16] {
            check_shape::<T>(shape, 1, |shape| transposed(shape, gap));
        }
        for step in [2, 3] {
            let (other, apart) = (Place::ordered(&shape, &[0, 1], step), Place::ordered(&shape, &[1, 0], step));
            check_with::<T>(&shape, 0, &Place::dense(&shape), &other);
            check_with::<T>(&shape, 0, &apart, &other);
        }
    }
}

const ORDERS: [[usize; 3]; 6] = [[2, 1, 0], [2, 0, 1], [1, 2, 0], [1, 0, 2], [0, 1, 2], [0, 2, 1]];

fn three_dimensions_in_any_order<T: Element>() {
    for shape in [[2, 3, 4], [17, 5, 33], [3, 40, 16], [33, 32, 9]] {
        for axis in -1..3 {
            for (turn, order) in ORDERS.into_iter().enumerate() {
                let (one, other) = (Place::ordered(&shape, &ORDERS[(turn + (axis + 2) as usize) % 6], 1), order);
                check_with::<T>(&shape, axis, &one, &Place::ordered(&shape, &other, 1));
            }
        }
    }
}

/// The innermost dimension in memory is the outermost of the other's four.
fn neighbours_in_an_outer_dimension<T: Element>() {
    for shape in [[33, 2, 3, 17], [5, 3, 2, 40]] {
        for axis in -1..4 {
            check_with::<T>(&shape, axis, &Place::dense(&shape), &Place::ordered(&shape, &[0, 1, 2, 3], 1));
            let dense = Place::ordered(&shape, &[3, 1, 2, 0], 1);
            check_with::<T>(&shape, axis, &dense, &backwards(Place::ordered(&shape, &[0, 2, 1, 3], 1), 3));
        }
    }
}

/// An input of one row, or one column, of one element.
fn elements_that_repeat<T: Element>() {
    for shape in [[16, 16], [33, 65], [70, 3]] {
        for repeated in [&[0][..], &[1], &[0, 1]] {
            let mut input = transposed(shape, 0);
            repeated.iter().for_each(|&dimension| input.strides[dimension] = 0);
            for range_given in [true, false] {
                let mut case = case::<T>(&shape, 1, range_given);
                case.input = Operand::holding(input.clone(), &case.input).values();
                check_forward(&case, [&input, &Place::dense(&shape)]);
                check_forward(&case, [&input, &transposed(shape, 2)]);
            }
        }
    }
}

fn in_place<T: Element>() {
    for shape in [[16, 16], [33, 65], [130, 70]] {
        for place in [transposed(shape, 0), backwards(transposed(shape, 1), 1), Place::ordered(&shape, &[0, 1], 2)] {
            for axis in -1..2 {
                let case = case::<T>(&shape, axis, true);
                let mut memory = Memory::holding(&place, &case.input);
                let before = memory.bytes().to_vec();
                let tensor = place.tensor(&mut memory, dtype_of::<T>());
                call_forward(&case, &tensor, &tensor, 1);
                memory.check_only_written(&before, &place, dtype_of::<T>());
                let expected = case.reference_forward().expect("a range");
                check(&case, &memory.load(&place), &expected, [&place]);
            }
        }
    }
}

/// So large that streaming stores are used, and memory is asked for: 16 MB and more. The elements of a small matrix over and
/// over, since the reference takes its time.
fn past_the_caches<T: Element>() {
    const RECURRING: [usize; 2] = [37, 41];
    let shape = [2111, (16 << 20) / T::SIZE / 2111 + 9];
    let small = case::<T>(&RECURRING, -1, true);
    let expand = |elements: &[T]| -> Vec<T> {
        let [rows, columns] = RECURRING;
        let row = |row: usize| (0..shape[1]).map(move |column| elements[row % rows * columns + column % columns]);
        (0..shape[0]).flat_map(row).collect()
    };
    let forwards = expand(&small.reference_forward().expect("a range"));
    let gradients = expand(&small.reference_gradient());
    let large = Case {
        shape: shape.to_vec(),
        input: expand(&small.input),
        gradients: expand(&small.gradients),
        ..small.clone()
    };
    let (dense, other) = (Place::dense(&shape), transposed(shape, 0));
    let turned = backwards(transposed(shape, 3), 0);
    for (threads, places) in [(1, [&other, &dense]), (2, [&dense, &other]), (1, [&turned, &dense])] {
        check(&large, &forward(&large, places, threads), &forwards, places);
    }
    for (threads, places) in [(2, [&other, &dense, &dense]), (1, [&dense, &turned, &other])] {
        check(&large, &gradient(&large, places, threads), &gradients, places);
    }
    // All elements recur, so that the small one's range is the large one's.
    let by_range = expand(&Case { range: None, ..small }.reference_forward().expect("a range"));
    let computed = Case { range: None, ..large };
    check(&computed, &forward(&computed, [&other, &dense], 2), &by_range, [&other, &dense]);
}
