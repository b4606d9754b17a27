//! Where the work runs changes no bit: the library's pool, hosts that run tasks in any order on any threads, hosts that
//! do not keep their promise, threads with another floating-point environment, and processes after a fork.

mod common;

use std::ffi::c_void;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, ThreadId};

use qdq::capi::*;

use common::channel::Compute;
use common::data::{self, Mix, Rng};
use common::element::Element;
use common::quantizer::Quantizer;
use common::reference::Attrs;
use common::view::{Memory, Operand, Place, Tensor, dtype_of, pointer_to, pool, range_operand};
use common::{Case, Status, c_attrs, first_difference};

every_isa!();

every_element! {
    serial_work_is_the_reference,
    the_pool_does_not_matter,
    the_host_does_not_matter,
    small_work_stays_on_the_caller,
    hosts_that_fail_are_told_so,
    the_environment_of_threads_does_not_matter,
}

// The work

/// What is done with a problem.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Computed,
    Given,
    Gradient,
    /// By a range.
    MaskedGradient,
    RangeUpdate,
    Apply,
    ApplyGradient,
    Quantize,
    Dequantize,
}

const KINDS: [Kind; 9] = [
    Kind::Computed,
    Kind::Given,
    Kind::Gradient,
    Kind::MaskedGradient,
    Kind::RangeUpdate,
    Kind::Apply,
    Kind::ApplyGradient,
    Kind::Quantize,
    Kind::Dequantize,
];

/// A problem and all memory that is only read.
struct Setup<T> {
    case: Case<T>,
    output: Place,
    tensors: Inputs,
    quantizer: Quantizer,
    /// What the tensors point to.
    _memory: Vec<Operand>,
}

struct Inputs {
    input: Tensor,
    gradients: Tensor,
    min: Tensor,
    max: Tensor,
    codes: Tensor,
}

/// How a call ended.
struct Outcome {
    status: Status,
    memory: Memory,
    before: Vec<u8>,
    place: Place,
    dtype: qdq_dtype,
}

impl Outcome {
    /// `expected` is contained, too.
    fn assert_same<T: Element>(&self, expected: &Outcome, name: &str) {
        assert_eq!(self.status, QDQ_STATUS_OK, "{name}");
        if self.memory.bytes() == expected.memory.bytes() {
            return;
        }
        self.assert_contained();
        let difference = self.first_difference::<T>(expected);
        assert_eq!(difference, None, "{name} differs from what the calling thread gave");
    }

    /// The first element that differs; any NaN is any other.
    fn first_difference<T: Element>(&self, other: &Outcome) -> Option<usize> {
        if self.dtype == dtype_of::<T>() {
            let [ours, theirs] = [self, other].map(|outcome| outcome.memory.load::<T>(&outcome.place));
            return first_difference(&ours, &theirs);
        }
        let [ours, theirs] = [self, other].map(|outcome| outcome.memory.load_codes(&outcome.place, outcome.dtype));
        ours.iter().zip(&theirs).position(|(a, b)| a != b)
    }

    /// Whatever was written, it is in the output.
    fn assert_contained(&self) {
        self.memory.check_only_written(&self.before, &self.place, self.dtype);
    }
}

impl<T: Element<C: Compute>> Setup<T> {
    /// A tensor whose data and output are at these places.
    fn new(axis: i32, mixes: &[Mix], input: &Place, output: &Place) -> Setup<T> {
        let shape: Vec<usize> = output.shape.iter().map(|&size| size as usize).collect();
        let rng = &mut Rng(shape.iter().sum::<usize>() as u64);
        let attrs = Attrs { axis, ..Attrs::default() };
        let mut case = Case { attrs, shape, input: vec![], gradients: vec![], range: None };
        let len = case.shape.iter().product();
        let mix = |index| mixes[case.channel_of(index) % mixes.len()];
        case.input = (0..len).map(|index| data::element(mix(index), &attrs, rng)).collect();
        case.gradients = data::elements(len, Mix::Normal, &attrs, rng);
        case.range = Some(data::ranges(case.channels(), &attrs, rng));
        Setup::of_case(case, input, output, rng)
    }

    fn of_case(mut case: Case<T>, input: &Place, output: &Place, rng: &mut Rng) -> Setup<T> {
        let mut operands =
            vec![Operand::holding(input.clone(), &case.input), Operand::holding(input.clone(), &case.gradients)];
        case.input = operands[0].values();
        case.gradients = operands[1].values();
        let (lo, hi) = case.range.as_ref().expect("a range");
        for ends in [lo, hi] {
            let ends: Vec<f64> = ends.iter().map(|end| end.to_f64()).collect();
            operands.push(range_operand::<T>(Place::dense(&[case.channels()]), false, &ends));
        }
        let mut codes = Operand::untouched(Place::dense(&case.shape), QDQ_DTYPE_I16);
        let numbers: Vec<i128> = case.input.iter().map(|_| i128::from(rng.below(256)) - 128).collect();
        codes.memory.store_codes(&codes.place, codes.dtype, &numbers);
        operands.push(codes);
        let [input, gradients, min, max, codes] = [0, 1, 2, 3, 4].map(|index| operands[index].tensor());
        let quantizer = Quantizer::create::<T>(&c_attrs(&case.attrs, true), &min, &max).expect("a valid range");
        Setup {
            case,
            output: output.clone(),
            tensors: Inputs { input, gradients, min, max, codes },
            quantizer,
            _memory: operands,
        }
    }

    fn run(&self, kind: Kind, executor: *const qdq_executor) -> Outcome {
        let channels = self.case.channels();
        let (place, dtype) = match kind {
            Kind::RangeUpdate => (Place::dense(&[2 * channels]), dtype_of::<T>()),
            Kind::Quantize => (self.output.clone(), QDQ_DTYPE_I8),
            _ => (self.output.clone(), dtype_of::<T>()),
        };
        let mut memory = Memory::new(place.extent, dtype);
        if kind == Kind::RangeUpdate {
            let ends = [1.0, -1.0].map(|end| vec![T::near(end); channels]);
            memory.store(&place, &ends.concat());
        }
        let before = memory.bytes().to_vec();
        let status = self.call(kind, executor, &place.tensor(&mut memory, dtype));
        Outcome { status, memory, before, place, dtype }
    }

    fn call(&self, kind: Kind, executor: *const qdq_executor, output: &Tensor) -> Status {
        let Inputs { input, gradients, codes, .. } = &self.tensors;
        match kind {
            Kind::Computed => self.forward(false, executor, output),
            Kind::Given => self.forward(true, executor, output),
            Kind::Gradient => self.gradient(false, executor, output),
            Kind::MaskedGradient => self.gradient(true, executor, output),
            Kind::RangeUpdate => self.range_update(executor, output),
            Kind::Apply => self.quantizer.apply(executor, input, output),
            Kind::ApplyGradient => self.quantizer.gradient(executor, gradients, input, output),
            Kind::Quantize => self.quantizer.quantize(executor, input, output),
            Kind::Dequantize => self.quantizer.dequantize(executor, codes, output),
        }
    }

    fn range(&self, is_given: bool) -> [Option<qdq_tensor>; 2] {
        [&self.tensors.min, &self.tensors.max].map(|end| is_given.then(|| end.c()))
    }

    fn forward(&self, is_given: bool, executor: *const qdq_executor, output: &Tensor) -> Status {
        let [min, max] = self.range(is_given);
        // SAFETY: the tensors are of live memory that holds all of their elements; the executor is live or NULL.
        unsafe {
            qdq_quantize_and_dequantize_v4(
                &self.tensors.input.c(),
                pointer_to(&min),
                pointer_to(&max),
                &c_attrs(&self.case.attrs, is_given),
                executor,
                &output.c(),
            )
        }
    }

    fn gradient(&self, is_given: bool, executor: *const qdq_executor, output: &Tensor) -> Status {
        let [min, max] = self.range(is_given);
        // SAFETY: as in `forward`.
        unsafe {
            qdq_quantize_and_dequantize_v4_grad(
                &self.tensors.gradients.c(),
                &self.tensors.input.c(),
                pointer_to(&min),
                pointer_to(&max),
                &c_attrs(&self.case.attrs, is_given),
                executor,
                &output.c(),
                ptr::null(),
                ptr::null(),
            )
        }
    }

    /// The output is the least ends and, behind them, the greatest.
    fn range_update(&self, executor: *const qdq_executor, output: &Tensor) -> Status {
        let channels = self.case.channels();
        let [min, max] = [0, channels].map(|first| Tensor {
            data: output.data.wrapping_byte_add(first * T::SIZE),
            shape: vec![channels as i64],
            ..output.clone()
        });
        let attrs = c_attrs(&self.case.attrs, false);
        // SAFETY: as in `forward`.
        unsafe { qdq_range_update(&self.tensors.input.c(), &attrs, executor, &min.c(), &max.c()) }
    }

    /// Every kind on each executor gives the bits of the calling thread.
    fn check(&self, executors: &[qdq_executor]) {
        for kind in KINDS {
            let expected = self.run(kind, ptr::null());
            expected.assert_contained();
            for executor in executors {
                let name = format!("{kind:?} of {:?} on {executor:?}", self.case);
                self.run(kind, executor).assert_same::<T>(&expected, &name);
            }
        }
    }
}

/// About as many bytes of elements as make three tasks of a pass that reads them once.
const BYTES: usize = 400 << 10;

/// Tensors large enough to be shared out: any axis, few channels and many, dense and not.
fn large_setups<T: Element<C: Compute>>() -> Vec<Setup<T>> {
    let len = BYTES / T::SIZE;
    let shapes = [
        (vec![len + 3], -1),
        (vec![61, len / 61], 0),
        (vec![len / 7, 7], 0),
        (vec![len / 7, 7], 1),
        (vec![61, len / 61], 1),
        (vec![3, 5, len / 15], 1),
        (vec![37, 300, len / 11_100], 1),
    ];
    let mut setups: Vec<Setup<T>> = shapes
        .iter()
        .map(|(shape, axis)| Setup::new(*axis, &MIXES, &Place::dense(shape), &Place::dense(shape)))
        .collect();
    setups.extend(strided_setups());
    setups
}

/// Rows of several parts, in orders that memory does not have, and others in the output than in the input.
fn strided_setups<T: Element<C: Compute>>() -> Vec<Setup<T>> {
    let len = BYTES / T::SIZE;
    let two = [2, len / 2];
    let three = [61, 7, len / 427];
    vec![
        Setup::new(-1, &MIXES, &Place::ordered(&two, &[1, 0], 2), &Place::ordered(&two, &[1, 0], 3)),
        Setup::new(1, &MIXES, &Place::ordered(&two, &[0, 1], 1), &Place::ordered(&two, &[1, 0], 1)),
        Setup::new(0, &MIXES, &Place::ordered(&three, &[2, 0, 1], 1), &Place::ordered(&three, &[2, 0, 1], 2)),
        Setup::new(2, &MIXES, &Place::ordered(&three, &[2, 1, 0], 1), &Place::ordered(&three, &[1, 2, 0], 1)),
    ]
}

/// Subnormal numbers among them, which another environment flushes.
const MIXES: [Mix; 3] = [Mix::SomeNan, Mix::Subnormal, Mix::Normal];

fn small_setups<T: Element<C: Compute>>() -> Vec<Setup<T>> {
    [(vec![1000], -1), (vec![10, 100], 0), (vec![100, 10], 1), (vec![5, 4, 50], 1), (vec![1], 0), (vec![], -1)]
        .map(|(shape, axis)| Setup::new(axis, &MIXES, &Place::dense(&shape), &Place::dense(&shape)))
        .into()
}

/// What is compared with below is right.
fn serial_work_is_the_reference<T: Element<C: Compute>>() {
    for Setup { case, output, .. } in &large_setups::<T>() {
        let setup = Setup::of_case(case.clone(), &Place::dense(&case.shape), output, &mut Rng(0));
        let computed = Case { range: None, ..case.clone() };
        for (kind, expected) in [
            (Kind::Computed, computed.reference_forward().expect("not degenerate")),
            (Kind::Given, case.reference_forward().expect("not degenerate")),
            (Kind::Gradient, computed.reference_gradient()),
            (Kind::MaskedGradient, case.reference_gradient()),
        ] {
            let outcome = setup.run(kind, ptr::null());
            assert_eq!(outcome.status, QDQ_STATUS_OK);
            let got: Vec<T> = outcome.memory.load(output);
            assert_eq!(first_difference(&got, &expected), None, "{kind:?} of {case:?}");
        }
    }
}

fn the_pool_does_not_matter<T: Element<C: Compute>>() {
    for setup in large_setups::<T>().iter().chain(&small_setups()) {
        setup.check(&[0, 2, 3, 8].map(pool));
    }
}

/// The pool is shared by all who call at once.
#[test]
fn callers_share_the_pool() {
    thread::scope(|scope| {
        for threads in 2..5 {
            scope.spawn(move || {
                for setup in strided_setups::<f32>() {
                    setup.check(&[pool(threads)]);
                }
            });
        }
    });
}

// Hosts

/// What a host does with the tasks.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Manner {
    InOrder,
    LastFirst,
    /// Each on a thread of its own, all at once.
    ThreadEach,
    OneOtherThread,
    /// Around each task it calls the library itself.
    CallsInBetween,
    /// Each on a thread of its own, and one on the caller, with the floating-point environment of that number.
    Environment(usize),
    /// In order, and its own code runs in the environment that the caller of the library has.
    KnowsTheEnvironment,
    // What follows breaks the contract.
    RunsAllAndFails,
    RunsHalfAndFails,
    RunsNoneAndFails,
    SkipsTheFirst,
    SkipsTheLast,
    SkipsAll,
    RepeatsTheLast,
    /// On two threads at once.
    RunsAllTwice,
    InventsTheNext,
    InventsHugeOnes,
    /// The last is replaced by the first.
    RepeatsAndSkips,
}

const HONEST: [Manner; 5] =
    [Manner::InOrder, Manner::LastFirst, Manner::ThreadEach, Manner::OneOtherThread, Manner::CallsInBetween];

const HOSTILE: [Manner; 11] = [
    Manner::RunsAllAndFails,
    Manner::RunsHalfAndFails,
    Manner::RunsNoneAndFails,
    Manner::SkipsTheFirst,
    Manner::SkipsTheLast,
    Manner::SkipsAll,
    Manner::RepeatsTheLast,
    Manner::RunsAllTwice,
    Manner::InventsTheNext,
    Manner::InventsHugeOnes,
    Manner::RepeatsAndSkips,
];

struct Host {
    manner: Manner,
    caller: ThreadId,
    calls: AtomicUsize,
    /// Of parallel_for, on another thread than the caller's.
    has_strange_caller: AtomicBool,
    /// A thread's environment was another one after a task, or a call of its own failed.
    has_complaint: AtomicBool,
}

/// The library's task with its data, for any thread.
#[derive(Clone, Copy)]
struct Task {
    task: unsafe extern "C" fn(*mut c_void, usize),
    data: *mut c_void,
}

// SAFETY: the contract of qdq_parallel_for: tasks run on any threads.
unsafe impl Send for Task {}
// SAFETY: as above.
unsafe impl Sync for Task {}

impl Task {
    fn run(&self, index: usize) {
        // SAFETY: parallel_for has not returned. Whatever the index, the library promises to bear it.
        unsafe { (self.task)(self.data, index) }
    }
}

impl Host {
    fn new(manner: Manner) -> Host {
        Host {
            manner,
            caller: thread::current().id(),
            calls: AtomicUsize::new(0),
            has_strange_caller: AtomicBool::new(false),
            has_complaint: AtomicBool::new(false),
        }
    }

    /// It points into the host.
    fn executor(&self, num_threads: i32) -> qdq_executor {
        qdq_executor {
            parallel_for: Some(parallel_for),
            host_data: ptr::from_ref(self).cast_mut().cast(),
            ..pool(num_threads)
        }
    }

    fn calls(&self) -> usize {
        self.calls.load(Ordering::Relaxed)
    }

    fn assert_content(&self) {
        let Host { manner, .. } = self;
        assert!(!self.has_strange_caller.load(Ordering::Relaxed), "{manner:?}: called from another thread");
        assert!(!self.has_complaint.load(Ordering::Relaxed), "{manner:?}: complained");
    }

    fn complain_unless(&self, is_fine: bool) {
        self.has_complaint.fetch_or(!is_fine, Ordering::Relaxed);
    }

    fn run(&self, count: usize, task: Task) -> i32 {
        let run_all = |indices: &mut dyn Iterator<Item = usize>| indices.for_each(|index| task.run(index));
        match self.manner {
            Manner::InOrder | Manner::RunsAllAndFails => run_all(&mut (0..count)),
            Manner::LastFirst => run_all(&mut (0..count).rev()),
            Manner::ThreadEach => on_threads(&mut (0..count), |index| task.run(index)),
            Manner::OneOtherThread => on_threads(&mut (0..1), |_| (0..count).for_each(|index| task.run(index))),
            Manner::CallsInBetween => on_threads(&mut (0..count), |index| {
                self.complain_unless(a_call_of_its_own());
                task.run(index);
                self.complain_unless(a_call_of_its_own());
            }),
            Manner::Environment(number) => {
                let run = |index| self.complain_unless(environment::is_kept_by(number, || task.run(index)));
                run(0);
                on_threads(&mut (1..count), run);
            }
            Manner::KnowsTheEnvironment => {
                self.complain_unless(environment::is_entered());
                run_all(&mut (0..count));
                self.complain_unless(environment::is_entered());
            }
            Manner::RunsHalfAndFails => run_all(&mut (0..count / 2)),
            Manner::RunsNoneAndFails | Manner::SkipsAll => (),
            Manner::SkipsTheFirst => run_all(&mut (1..count)),
            Manner::SkipsTheLast => run_all(&mut (0..count - 1)),
            Manner::RepeatsTheLast => run_all(&mut (0..count).chain([count - 1])),
            Manner::RunsAllTwice => on_threads(&mut (0..2 * count), |index| task.run(index / 2)),
            Manner::InventsTheNext => run_all(&mut (0..=count)),
            Manner::InventsHugeOnes => run_all(&mut (0..count).chain([1 << 20, usize::MAX, 1 << 63])),
            Manner::RepeatsAndSkips => run_all(&mut (0..count - 1).chain([0])),
        }
        match self.manner {
            Manner::RunsAllAndFails => -7,
            Manner::RunsHalfAndFails | Manner::RunsNoneAndFails => 1,
            _ => 0,
        }
    }
}

/// Each index on a thread of its own; all have returned afterwards.
fn on_threads(indices: &mut dyn Iterator<Item = usize>, run: impl Fn(usize) + Sync) {
    thread::scope(|scope| {
        for index in indices {
            let run = &run;
            scope.spawn(move || run(index));
        }
    });
}

unsafe extern "C" fn parallel_for(host: *mut c_void, count: usize, task: qdq_task, data: *mut c_void) -> i32 {
    // SAFETY: the host that `executor` pointed to, which lives as long as the call.
    let host = unsafe { &*host.cast::<Host>() };
    host.calls.fetch_add(1, Ordering::Relaxed);
    let is_strange = thread::current().id() != host.caller;
    host.has_strange_caller.fetch_or(is_strange, Ordering::Relaxed);
    let task = task.expect("the library passes a task");
    host.run(count, Task { task, data })
}

/// A call without an executor, and one on the pool: both right?
fn a_call_of_its_own() -> bool {
    let input: Vec<f32> = (0..40_000u16).map(|index| f32::from(index) - 40_000.0).collect();
    let quantized = |executor: *const qdq_executor, len: usize| {
        let mut output = vec![0.0f32; len];
        let shape = [len as i64];
        // SAFETY: input and output have as many elements as the shape says, or more.
        let status = unsafe {
            qdq_quantize_and_dequantize_v4_f32(
                input.as_ptr(),
                shape.as_ptr(),
                1,
                ptr::null(),
                ptr::null(),
                0,
                ptr::null(),
                executor,
                output.as_mut_ptr(),
            )
        };
        status == QDQ_STATUS_OK && output[0] == -40_000.0
    };
    quantized(ptr::null(), 1000) && quantized(&pool(2), input.len())
}

fn the_host_does_not_matter<T: Element<C: Compute>>() {
    for setup in &large_setups::<T>() {
        let hosts = HONEST.map(Host::new);
        let executors: Vec<qdq_executor> =
            (hosts.iter().zip([5, 3, 4, 300, 2])).map(|(host, width)| host.executor(width)).collect();
        setup.check(&executors);
        for host in hosts {
            host.assert_content();
            let (case, calls) = (&setup.case, host.calls());
            assert!(calls >= KINDS.len(), "{case:?} was not shared out each time: {calls}");
        }
    }
}

/// Too little for two threads, or one thread only: the host is not asked.
fn small_work_stays_on_the_caller<T: Element<C: Compute>>() {
    for setup in small_setups::<T>() {
        let host = Host::new(Manner::RunsNoneAndFails);
        setup.check(&[host.executor(8)]);
        assert_eq!(host.calls(), 0, "{:?}", setup.case);
    }
    for setup in strided_setups::<T>() {
        let host = Host::new(Manner::RunsNoneAndFails);
        setup.check(&[host.executor(1)]);
        assert_eq!(host.calls(), 0, "{:?}", setup.case);
    }
}

fn hosts_that_fail_are_told_so<T: Element<C: Compute>>() {
    let shapes = [(vec![61, BYTES / T::SIZE / 61], 0), (vec![BYTES / T::SIZE / 7, 7], 1)];
    for (shape, axis) in shapes {
        let setup = Setup::<T>::new(axis, &MIXES, &Place::dense(&shape), &Place::dense(&shape));
        for (manner, kind) in HOSTILE.iter().flat_map(|manner| KINDS.map(|kind| (*manner, kind))) {
            let host = Host::new(manner);
            let outcome = setup.run(kind, &host.executor(4));
            assert_eq!(outcome.status, QDQ_STATUS_EXECUTOR, "{manner:?}, {kind:?}");
            outcome.assert_contained();
            host.assert_content();
            assert_eq!(host.calls(), 1, "{manner:?}, {kind:?}: went on after the failure");
        }
        // Nothing of it stays.
        setup.check(&[Host::new(Manner::InOrder).executor(4)]);
    }
}

// The floating-point environment

fn the_environment_of_threads_does_not_matter<T: Element<C: Compute>>() {
    let (rows, columns) = (60, BYTES / T::SIZE / 60);
    let place = Place::dense(&[rows, columns]);
    let setup = Setup::<T>::new(0, &MIXES, &place, &place);
    for number in 0..environment::COUNT {
        let host = Host::new(Manner::Environment(number));
        setup.check(&[host.executor(4)]);
        host.assert_content();
        let host = Host::new(Manner::KnowsTheEnvironment);
        for kind in KINDS {
            let expected = setup.run(kind, ptr::null());
            for executor in [pool(1), pool(3), host.executor(3)] {
                let mut outcome = None;
                let is_kept = environment::is_kept_by(number, || outcome = Some(setup.run(kind, &executor)));
                assert!(is_kept, "{kind:?} changed environment {number}");
                let name = format!("{kind:?} in environment {number}");
                outcome.expect("it ran").assert_same::<T>(&expected, &name);
            }
        }
        host.assert_content();
    }
}

/// Environments that a host may set on its threads.
mod environment {
    use std::cell::Cell;

    /// How many there are.
    pub const COUNT: usize = ENVIRONMENTS.len();

    thread_local! {
        /// That of `is_kept_by`, as the processor has it: it may not know every bit.
        static ENTERED: Cell<Register> = Cell::new(read());
    }

    /// Runs some work in an environment. Whether the work left it as it was; afterwards the thread has its own again.
    #[inline(never)]
    pub fn is_kept_by(number: usize, work: impl FnOnce()) -> bool {
        let own = read();
        write(ENVIRONMENTS[number]);
        ENTERED.set(read());
        work();
        let is_kept = is_entered();
        write(own);
        is_kept
    }

    /// Whether the thread has the environment of the work that is run in one.
    #[inline(never)]
    pub fn is_entered() -> bool {
        read() == ENTERED.get()
    }

    #[cfg(target_arch = "x86_64")]
    mod register {
        use std::arch::asm;

        /// MXCSR.
        pub type Register = u32;

        /// Flush to zero and up; denormals are zero and down; toward zero, every flag raised; every exception traps.
        pub const ENVIRONMENTS: [Register; 4] =
            [0x1f80 | 1 << 15 | 2 << 13, 0x1f80 | 1 << 6 | 1 << 13, 0x1f80 | 3 << 13 | 0x3f, 0];

        #[inline(never)]
        pub fn read() -> Register {
            let mut value = 0;
            // SAFETY: stores four bytes where it is told to.
            unsafe { asm!("stmxcsr [{}]", in(reg) &mut value, options(nostack)) };
            value
        }

        #[inline(never)]
        pub fn write(value: Register) {
            // SAFETY: no reserved bit is set, and the thread's own value is restored before its code goes on.
            unsafe { asm!("ldmxcsr [{}]", in(reg) &value, options(nostack)) };
        }
    }

    #[cfg(target_arch = "aarch64")]
    mod register {
        use std::arch::asm;

        /// FPCR.
        pub type Register = u64;

        /// Flush to zero and up; half-precision flush to zero and down; toward zero.
        pub const ENVIRONMENTS: [Register; 3] = [1 << 24 | 1 << 22, 1 << 19 | 2 << 22, 3 << 22];

        #[inline(never)]
        pub fn read() -> Register {
            let value: Register;
            // SAFETY: reads a register that every program may read.
            unsafe { asm!("mrs {}, fpcr", out(reg) value, options(nostack)) };
            value
        }

        #[inline(never)]
        pub fn write(value: Register) {
            // SAFETY: no reserved bit is set, and the thread's own value is restored before its code goes on.
            unsafe { asm!("msr fpcr, {}", in(reg) value, options(nostack)) };
        }
    }

    #[cfg(target_arch = "s390x")]
    mod register {
        use std::arch::asm;

        /// FPC.
        pub type Register = u32;

        /// Toward zero, up, down with every flag raised; every exception traps.
        pub const ENVIRONMENTS: [Register; 4] = [1, 2, 3 | 0xf8 << 16, 0xf8 << 24];

        #[inline(never)]
        pub fn read() -> Register {
            let value: Register;
            // SAFETY: reads a register that every program may read.
            unsafe { asm!("efpc {}", out(reg) value, options(nostack)) };
            value
        }

        #[inline(never)]
        pub fn write(value: Register) {
            // SAFETY: no reserved bit is set, and the thread's own value is restored before its code goes on.
            unsafe { asm!("sfpc {}", in(reg) value, options(nostack)) };
        }
    }

    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "s390x")))]
    mod register {
        pub type Register = ();

        pub const ENVIRONMENTS: [Register; 1] = [()];

        pub fn read() {}

        pub fn write((): ()) {}
    }

    use register::{ENVIRONMENTS, Register, read, write};
}

// Forks

/// A child has the parent's memory of the pool but none of its threads. It starts its own, whatever another thread of the
/// parent was at when the child was made, and whatever environment the child's thread has.
#[cfg(unix)]
#[test]
fn a_fork_has_a_pool_of_its_own() {
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            let setup = setup_to_fork();
            while !is_over.load(Ordering::Relaxed) {
                setup.run(Kind::Computed, &pool(0));
            }
        });
        let outcome = std::panic::catch_unwind(fork_repeatedly);
        is_over.store(true, Ordering::Relaxed);
        outcome.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    });
}

#[cfg(unix)]
fn setup_to_fork() -> Setup<f32> {
    let place = Place::dense(&[60, BYTES / 4 / 60]);
    Setup::new(0, &MIXES, &place, &place)
}

#[cfg(unix)]
fn fork_repeatedly() {
    let setup = setup_to_fork();
    let expected = KINDS.map(|kind| setup.run(kind, ptr::null()));
    setup.check(&[pool(2)]);
    for _ in 0..10 {
        fork_once(&setup, &expected);
    }
    // The parent's pool works as before.
    setup.check(&[pool(2)]);
}

#[cfg(unix)]
fn fork_once(setup: &Setup<f32>, expected: &[Outcome; KINDS.len()]) {
    // SAFETY: the child only computes, and leaves by _exit.
    let child = unsafe { libc::fork() };
    assert!(child >= 0, "{}", std::io::Error::last_os_error());
    if child == 0 {
        // SAFETY: were the child to wait for threads that it does not have, the alarm would end it.
        unsafe { libc::alarm(60) };
        let is_content = is_same_after_fork(setup, expected) && has_other_threads();
        // SAFETY: ends the child, and runs nothing of the parent's.
        unsafe { libc::_exit(if is_content { CHILD_IS_CONTENT } else { 1 }) };
    }
    let mut status = 0;
    // SAFETY: waits for the child and writes one number.
    let waited = unsafe { libc::waitpid(child, &mut status, 0) };
    assert_eq!(waited, child);
    let is_content = libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == CHILD_IS_CONTENT;
    assert!(is_content, "the child ended with {status:#x}");
}

/// Whether the process has more threads than this one, where that can be known and there are cores for them.
#[cfg(unix)]
fn has_other_threads() -> bool {
    let cores = thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let threads = std::fs::read_dir("/proc/self/task").map_or(usize::MAX, Iterator::count);
    cores == 1 || threads > 1
}

#[cfg(unix)]
const CHILD_IS_CONTENT: i32 = 42;

/// Asserts nothing: a panic's message would wait for locks that a thread of the parent may hold.
#[cfg(unix)]
fn is_same_after_fork(setup: &Setup<f32>, expected: &[Outcome; KINDS.len()]) -> bool {
    let mut is_same = true;
    let mut run = || {
        for (kind, expected) in KINDS.into_iter().zip(expected) {
            let outcome = setup.run(kind, &pool(2));
            is_same &= outcome.status == QDQ_STATUS_OK && outcome.first_difference::<f32>(expected).is_none();
        }
    };
    let is_kept = environment::is_kept_by(0, &mut run);
    run();
    is_same && is_kept
}
