//! A call of the operation or its gradient, with its tensors: typed, where all are dense, or on views.

use qdq::capi::*;

use crate::channel::Compute;
use crate::describe::{
    Attributes, ELEMENTS, Executor, Values, channels, dtype_like, shape, shape_like, size_of_dtype, strides,
};
use crate::dice::Dice;
use crate::element::Element;
use crate::oracle::{self, Ends};
use crate::reference::Attrs;
use crate::rules::{Broken, Sound};
use crate::run;
use crate::scene::{Fault, Placing, Scene};
use crate::with_element;
use crate::workers::{CAttributes, CExecutor};

/// The places of the tensors in a case. The operation has the first four, the gradient all.
pub const INPUT: usize = 0;
pub const LO: usize = 1;
pub const HI: usize = 2;
/// The output, or input_backprop.
pub const OUTPUT: usize = 3;
pub const GRADIENTS: usize = 4;
pub const LO_BACKPROP: usize = 5;
pub const HI_BACKPROP: usize = 6;

/// Which function is called.
#[derive(Clone, Copy, Debug)]
pub struct Function {
    pub is_view: bool,
    pub is_gradient: bool,
}

#[derive(Debug)]
pub struct Case {
    function: Function,
    pub attributes: Attributes,
    executor: Executor,
    placings: Vec<Placing>,
    /// The tensors that are NULL.
    absent: Vec<usize>,
    /// Of the typed functions.
    pub range_len: usize,
    values: [Values; 3],
    fault: Option<(usize, Fault)>,
}

/// A call that is ready to be made.
pub struct Ready<'a> {
    pub case: &'a Case,
    pub attributes: CAttributes,
    pub executor: CExecutor,
    pub scene: Scene,
}

impl Case {
    pub fn roll(dice: &mut Dice, function: Function) -> Case {
        let dtype = dice.pick(&ELEMENTS);
        let shape = shape(dice);
        let attributes = Attributes::roll(dice, shape.len());
        let executor = Executor::roll(dice);
        let mut case = Case {
            function,
            attributes,
            executor,
            placings: vec![],
            absent: vec![],
            range_len: 0,
            values: [Values::roll(dice), Values::roll(dice), Values::roll(dice)],
            fault: None,
        };
        case.place_inputs(dice, dtype, &shape);
        case.place_output(dice, dtype, &shape);
        if function.is_gradient {
            case.place_gradients(dice, dtype, &shape);
        }
        case.leave_out(dice);
        case.fault = Fault::roll(dice, case.placings.len());
        case
    }

    fn place_inputs(&mut self, dice: &mut Dice, dtype: qdq_dtype, shape: &[i64]) {
        let input_dtype = self.dtype_like(dice, dtype);
        let strides = self.strides(dice, shape, false);
        self.placings.push(Placing::apart(dice, input_dtype, shape.to_vec(), strides));
        let range = self.range_shape(dice, shape);
        for _ in [LO, HI] {
            let range = if self.function.is_view { shape_like(dice, &range) } else { range.clone() };
            let placing = self.range_placing(dice, dtype, range);
            self.placings.push(placing);
        }
        self.range_len = range.iter().product::<i64>() as usize;
    }

    /// Of the input's size, mostly, in memory of its own or not.
    fn place_output(&mut self, dice: &mut Dice, dtype: qdq_dtype, shape: &[i64]) {
        let placing = self.like_input(dice, dtype, shape);
        self.placings.push(placing);
    }

    fn place_gradients(&mut self, dice: &mut Dice, dtype: qdq_dtype, shape: &[i64]) {
        let placing = self.like_input(dice, dtype, shape);
        self.placings.push(placing);
        for _ in [LO_BACKPROP, HI_BACKPROP] {
            let range = match self.function.is_view {
                true => self.range_shape(dice, shape),
                false => vec![channels(shape, self.attributes.seen().axis)],
            };
            let placing = self.range_placing(dice, dtype, range);
            self.placings.push(placing);
        }
    }

    fn like_input(&self, dice: &mut Dice, dtype: qdq_dtype, shape: &[i64]) -> Placing {
        let dtype = self.dtype_like(dice, dtype);
        let shape = if self.function.is_view { shape_like(dice, shape) } else { shape.to_vec() };
        let strides = self.strides(dice, &shape, true);
        Placing::anywhere(dice, &self.placings, dtype, shape, strides)
    }

    fn range_placing(&self, dice: &mut Dice, dtype: qdq_dtype, shape: Vec<i64>) -> Placing {
        let is_wide = self.function.is_view && size_of_dtype(dtype) == Some(2) && dice.below(2) == 1;
        let dtype = self.dtype_like(dice, if is_wide { QDQ_DTYPE_F32 } else { dtype });
        let strides = self.strides(dice, &shape, true);
        match dice.once_in(12) {
            true => Placing::anywhere(dice, &self.placings, dtype, shape, strides),
            false => Placing::apart(dice, dtype, shape, strides),
        }
    }

    /// A value for each channel, mostly.
    fn range_shape(&self, dice: &mut Dice, shape: &[i64]) -> Vec<i64> {
        let axis = self.attributes.seen().axis;
        let channels = channels(shape, axis);
        let channels = dice.mostly(channels, 32, &[channels + 1, (channels - 1).max(0)]);
        let is_scalar = self.function.is_view && axis == -1 && channels == 1 && dice.below(2) == 1;
        if is_scalar { vec![] } else { vec![channels] }
    }

    fn dtype_like(&self, dice: &mut Dice, dtype: qdq_dtype) -> qdq_dtype {
        if self.function.is_view { dtype_like(dice, dtype) } else { dtype }
    }

    fn strides(&self, dice: &mut Dice, shape: &[i64], is_woven: bool) -> Option<Vec<i64>> {
        if self.function.is_view { strides(dice, shape, is_woven) } else { None }
    }

    /// Ranges that are not given, mostly, and now and then the range's gradients.
    fn leave_out(&mut self, dice: &mut Dice) {
        for range in [LO, HI] {
            if self.attributes.is_range_given() == dice.once_in(48) {
                self.absent.push(range);
            }
        }
        if self.absent == [LO, HI] {
            self.range_len = dice.mostly(0, 48, &[1]);
        }
        let backprops = if self.function.is_gradient { &[LO_BACKPROP, HI_BACKPROP][..] } else { &[] };
        self.absent.extend(backprops.iter().filter(|_| dice.below(4) == 3));
    }

    pub fn dtype(&self) -> qdq_dtype {
        self.placings[INPUT].dtype
    }

    pub fn shape(&self) -> &[i64] {
        &self.placings[INPUT].shape
    }

    /// The tensors in memory, with their values.
    pub fn ready(&self) -> Ready<'_> {
        let mut scene = Scene::new(&self.placings, self.fault);
        for &tensor in &self.absent {
            scene.tensors[tensor].is_null = true;
        }
        for (values, tensor) in self.values.iter().zip([INPUT, GRADIENTS]).filter(|(_, t)| *t < self.placings.len()) {
            let Placing { dtype, shape, .. } = &self.placings[tensor];
            if ELEMENTS.contains(dtype) {
                with_element!(*dtype, T => scene.store(tensor, &values.elements::<T>(shape, &self.attributes)));
            }
        }
        for (end, tensor) in [LO, HI].into_iter().enumerate() {
            let Placing { dtype, shape, .. } = &self.placings[tensor];
            let count = shape.iter().product::<i64>() as usize;
            if ELEMENTS.contains(dtype) {
                with_element!(*dtype, T => {
                    scene.store(tensor, &self.values[2].ranges::<T>(count, &self.attributes)[end]);
                });
            }
        }
        let (attributes, executor) = (CAttributes::new(&self.attributes), CExecutor::new(&self.executor));
        Ready { case: self, attributes, executor, scene }
    }
}

impl Ready<'_> {
    /// Makes the call on each instruction set and compares all of its results.
    pub fn check<T: Element<C: Compute>>(&mut self, call: impl Fn(&Self) -> qdq_status) {
        let mut broken = if self.case.function.is_view { self.broken_of_view() } else { self.broken_of_typed::<T>() };
        let is_right = broken.is_none();
        let expected = if is_right { self.expected::<T>() } else { Err(QDQ_STATUS_OK) };
        if let (true, Err(status)) = (is_right, &expected) {
            broken.add(*status);
        }
        let before = self.scene.snapshot();
        run::on_each_isa(|| {
            self.scene.restore(&before);
            if run::check(&self.scene, &self.executor, &self.outputs(), broken.clone(), || call(self)) {
                let expected = expected.as_ref().expect("a call that succeeded has a result");
                run::check_numbers("element", &self.scene.load::<T>(OUTPUT), expected);
                self.check_range_backprops();
            }
        });
    }

    fn expected<T: Element<C: Compute>>(&self) -> Result<Vec<T>, qdq_status> {
        let attrs = self.case.attributes.reference().expect("valid attributes");
        let (shape, ends) = (self.case.shape(), self.ends());
        let input = self.scene.load::<T>(INPUT);
        if self.case.function.is_gradient {
            let gradients = self.scene.load::<T>(GRADIENTS);
            Ok(oracle::gradient(&gradients, &input, shape, ends.as_ref(), &attrs))
        } else {
            oracle::forward(&input, shape, ends.as_ref(), &attrs)
        }
    }

    fn outputs(&self) -> Vec<usize> {
        [OUTPUT, LO_BACKPROP, HI_BACKPROP].into_iter().filter(|&tensor| self.is_present(tensor)).collect()
    }

    fn check_range_backprops(&self) {
        for tensor in [LO_BACKPROP, HI_BACKPROP].into_iter().filter(|&tensor| self.is_present(tensor)) {
            let bytes = self.ends_of(tensor);
            assert!(bytes.iter().all(|end| end.to_bits() == 0), "the gradient by the range is not 0 but {bytes:?}");
        }
    }

    fn is_present(&self, tensor: usize) -> bool {
        self.scene.tensors.get(tensor).is_some_and(|tensor| !tensor.is_null)
    }

    /// The given range; nothing where it is to be computed.
    fn ends(&self) -> Option<Ends> {
        self.case.attributes.is_range_given().then(|| [self.ends_of(LO), self.ends_of(HI)])
    }

    fn ends_of(&self, tensor: usize) -> Vec<f64> {
        load_ends(&self.scene, tensor)
    }

    fn attrs(&self) -> Attrs {
        self.case.attributes.reference().unwrap_or(Attrs { axis: self.case.attributes.seen().axis, ..Attrs::default() })
    }

    fn broken_of_arguments(&self) -> Broken {
        let mut broken = Broken::default();
        broken.attributes(&self.case.attributes);
        broken.executor(&self.case.executor);
        broken
    }

    /// Of a call on views.
    fn broken_of_view(&self) -> Broken {
        let mut broken = self.broken_of_arguments();
        let Function { is_gradient, .. } = self.case.function;
        let is_given = self.case.attributes.is_range_given();
        let sound: Vec<Option<Sound>> = (0..self.scene.tensors.len())
            .map(|index| {
                let is_unexpected = !is_given && [LO, HI].contains(&index);
                let is_left_out = [LO_BACKPROP, HI_BACKPROP].contains(&index) && !self.is_present(index);
                let tensor = &self.scene.tensors[index];
                if is_unexpected {
                    broken.unless(tensor.is_null, QDQ_STATUS_INVALID_RANGE);
                }
                if is_unexpected || is_left_out { None } else { broken.tensor(tensor) }
            })
            .collect();
        let of = |index: usize| sound.get(index).copied().flatten();
        let Some(input) = of(INPUT) else {
            return broken;
        };
        let (axis, dtype) = (self.attrs().axis, input.tensor.dtype);
        broken.unless(input.is_real(), QDQ_STATUS_UNSUPPORTED_DTYPE);
        broken.axis(axis, input.shape.len() as i32);
        for tensor in [OUTPUT, GRADIENTS].into_iter().filter_map(of) {
            broken.unless(tensor.tensor.dtype == dtype, QDQ_STATUS_UNSUPPORTED_DTYPE);
            broken.unless(tensor.shape == input.shape, QDQ_STATUS_SIZE_MISMATCH);
        }
        let channels = channels(input.shape, axis);
        for tensor in [LO, HI, LO_BACKPROP, HI_BACKPROP].into_iter().filter_map(of) {
            broken.range_tensor(&tensor, dtype, axis, channels);
        }
        if let (Some(_), Some(_)) = (of(LO), of(HI)) {
            broken.given_ranges([&self.ends_of(LO), &self.ends_of(HI)]);
        }
        let read: Vec<Sound> = [LO, HI].into_iter().filter_map(of).collect();
        let same: Vec<Sound> = [INPUT, GRADIENTS].into_iter().filter_map(of).collect();
        if let Some(output) = of(OUTPUT) {
            broken.output(&output, &same, &read);
        }
        if is_gradient {
            let mut others: Vec<Sound> = [&same[..], &read].concat();
            others.extend(of(OUTPUT));
            for tensor in [LO_BACKPROP, HI_BACKPROP].into_iter().filter_map(of) {
                broken.output(&tensor, &[], &others);
                others.push(tensor);
            }
        }
        broken
    }

    /// Of a typed call: the tensors' data are its pointers, and the input's shape and rank are the call's.
    fn broken_of_typed<T: Element>(&self) -> Broken {
        let mut broken = self.broken_of_arguments();
        let (attrs, shape) = (self.attrs(), &self.scene.tensors[INPUT]);
        let is_given = self.case.attributes.is_range_given();
        let mut of_shape = Broken::default();
        of_shape.dimensions(shape.rank, shape.shape.as_deref(), T::SIZE);
        of_shape.axis(attrs.axis, shape.rank);
        if !is_given {
            let are_null = self.pointer(LO) == 0 && self.pointer(HI) == 0;
            broken.unless(are_null, QDQ_STATUS_INVALID_RANGE);
            broken.unless(self.case.range_len == 0, QDQ_STATUS_SIZE_MISMATCH);
        }
        if !of_shape.is_none() {
            broken.extend(of_shape);
            return broken;
        }
        let dimensions = shape.shape.as_deref().unwrap_or(&[]);
        let elements = if dimensions.contains(&0) { 0 } else { dimensions.iter().product::<i64>() as usize };
        let channels = channels(dimensions, attrs.axis) as usize;
        let range_len = self.case.range_len;
        broken.unless(!is_given || range_len == channels, QDQ_STATUS_SIZE_MISMATCH);

        let mut regions = vec![(INPUT, elements), (OUTPUT, elements)];
        if is_given {
            regions.extend([(LO, range_len), (HI, range_len)]);
        }
        if self.case.function.is_gradient {
            regions.push((GRADIENTS, elements));
            regions.extend(
                [LO_BACKPROP, HI_BACKPROP]
                    .into_iter()
                    .filter(|&t| self.pointer(t) != 0)
                    .map(|tensor| (tensor, channels)),
            );
        }
        for &(tensor, len) in &regions {
            broken.pointer(self.pointer(tensor), len, T::SIZE);
        }
        self.check_regions_apart::<T>(&mut broken, &regions);
        let are_whole = self.case.range_len == self.case.placings[LO].shape.iter().product::<i64>() as usize;
        if is_given && are_whole && self.pointer(LO) != 0 && self.pointer(HI) != 0 {
            broken.given_ranges([&self.ends_of(LO), &self.ends_of(HI)]);
        }
        broken
    }

    fn check_regions_apart<T: Element>(&self, broken: &mut Broken, regions: &[(usize, usize)]) {
        let bytes = |&(tensor, len): &(usize, usize)| (self.pointer(tensor), self.pointer(tensor) + len * T::SIZE);
        let is_output = |tensor: usize| [OUTPUT, LO_BACKPROP, HI_BACKPROP].contains(&tensor);
        for (index, a) in regions.iter().enumerate() {
            for b in &regions[index + 1..] {
                if !is_output(a.0) && !is_output(b.0) {
                    continue;
                }
                let may_be_same =
                    [a.0, b.0].contains(&OUTPUT) && [a.0, b.0].iter().any(|t| [INPUT, GRADIENTS].contains(t));
                let ((a_start, a_end), (b_start, b_end)) = (bytes(a), bytes(b));
                let is_same = may_be_same && a_start == b_start;
                let is_empty = a_start == a_end || b_start == b_end;
                let is_apart = is_empty || a_end <= b_start || b_end <= a_start;
                broken.unless(is_same || is_apart, QDQ_STATUS_OVERLAP);
            }
        }
    }

    fn pointer(&self, tensor: usize) -> usize {
        self.typed::<u8>(tensor).addr()
    }

    /// A tensor's data, as a typed function takes it.
    pub fn typed<E>(&self, tensor: usize) -> *mut E {
        let tensor = &self.scene.tensors[tensor];
        if tensor.is_null { std::ptr::null_mut() } else { tensor.data.cast() }
    }
}

/// A range tensor's numbers; none where its dtype has no elements.
pub fn load_ends(scene: &Scene, tensor: usize) -> Vec<f64> {
    let dtype = scene.dtype(tensor);
    if !ELEMENTS.contains(&dtype) {
        return vec![];
    }
    with_element!(dtype, T => scene.load::<T>(tensor).into_iter().map(T::to_f64).collect())
}
