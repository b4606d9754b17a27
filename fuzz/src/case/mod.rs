//! A call of the operation or its gradient, with its tensors: typed, where all are dense, or on views.
//!
//! ```text
//! typed.rs  the rules that a typed call breaks
//! view.rs   the rules that a call on views breaks
//! ```

mod typed;
mod view;

use qdq::capi::*;

use crate::channel::Compute;
use crate::describe::{
    Attributes, ELEMENTS, Ends, Executor, Values, channels, dtype_like, shape, shape_like, size_of_dtype, strides,
};
use crate::dice::Dice;
use crate::element::Element;
use crate::oracle::{self, Numbers};
use crate::reference::Attrs;
use crate::rules::Broken;
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
    input: Values,
    gradients: Option<Values>,
    ends: Ends,
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
        let count = if function.is_gradient { HI_BACKPROP + 1 } else { OUTPUT + 1 };
        let mut case = Case {
            function,
            attributes,
            fault: Fault::roll(dice, count),
            ends: Ends::roll(dice),
            executor: Executor::roll(dice),
            placings: vec![],
            absent: vec![],
            range_len: 0,
            input: Values::roll(dice),
            gradients: None,
        };
        case.place_inputs(dice, dtype, &shape);
        case.place_output(dice, dtype, &shape);
        if function.is_gradient {
            case.place_gradients(dice, dtype, &shape);
            case.gradients = Some(Values::roll(dice));
        }
        case.leave_out(dice);
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
        let values = [(Some(&self.input), INPUT), (self.gradients.as_ref(), GRADIENTS)];
        for (values, tensor) in values.into_iter().filter_map(|(values, tensor)| Some((values?, tensor))) {
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
                    scene.store(tensor, &self.ends.ranges::<T>(count, &self.attributes)[end]);
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

    /// Whether the call has the tensor at all: a typed function, whose tensors are pointers, takes no other NULL.
    fn is_present(&self, tensor: usize) -> bool {
        let is_view = self.case.function.is_view;
        self.scene.tensors.get(tensor).is_some_and(|tensor| !tensor.is_null && (is_view || !tensor.data.is_null()))
    }

    /// The given range; nothing where it is to be computed.
    fn ends(&self) -> Option<Numbers> {
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
