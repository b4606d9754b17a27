"""What the libraries register, when, and what they do to the process."""

import ctypes
import os
import pathlib
from collections.abc import Callable

import conftest
import numpy as np
import pytest
import qdq_tensorflow
import reference
import tensorflow as tf
import tensorflows
from bits import assert_same
from conftest import Process
from tensorflow.python.eager import context
from tensorflows import OPS

HERE = pathlib.Path(qdq_tensorflow.__file__).parent
ALL, ONLY_16BIT = (str(HERE / f"{name}.so") for name in ("libqdq_tensorflow", "libqdq_tensorflow_16bit"))
OURS_FIRST = {"bfloat16": 0, "float16": 0, "float32": 1, "float64": 1}
THEIRS = {"float32": 0, "float64": 0}


def test_plain_is_plain(plain: Process) -> None:
    """The other tests compare with a TensorFlow that has none of these kernels."""
    assert plain.submit(tensorflows.all_priorities).result() == {op: THEIRS for op in OPS}
    assert plain.submit(per_axis_given_works).result() is False


def test_all() -> None:
    assert tensorflows.all_priorities() == {op: OURS_FIRST for op in OPS}
    assert per_axis_given_works()


def test_only_16bit(only_16bit: Process) -> None:
    """float and double stay TensorFlow's."""
    only = {"bfloat16": 0, "float16": 0, **THEIRS}
    assert only_16bit.submit(tensorflows.all_priorities).result() == {op: only for op in OPS}
    assert only_16bit.submit(per_axis_given_works).result() is False
    assert only_16bit.submit(per_axis_given_works, "bfloat16").result() is True
    assert only_16bit.submit(per_axis_given_works, "float16").result() is True


def per_axis_given_works(dtype: str = "float32") -> bool:
    """What TensorFlow's own kernel of V4 refuses."""
    call = tensorflows.forward(
        4, np.zeros((2, 3), tf.as_dtype(dtype).as_numpy_dtype), [-1, -1], [1, 1], range_given=True, axis=0
    )
    return tensorflows.answer(call).error == ""


def load(*libraries: str) -> dict[str, dict[str, int]]:
    """By one line each; and the kernels run."""
    for library in libraries:
        tf.load_op_library(library)
    assert per_axis_given_works("bfloat16") and per_axis_given_works("float32")
    return tensorflows.all_priorities()


@pytest.mark.parametrize("libraries", [(ONLY_16BIT, ALL), (ALL, ONLY_16BIT, ALL)], ids=["in steps", "again"])
def test_load_op_library(libraries: tuple[str, ...]) -> None:
    """In any order and any number of times: nothing is registered twice."""
    with conftest.start() as process:
        assert process.submit(load, *libraries).result() == {op: OURS_FIRST for op in OPS}


def use_then_load() -> list[list[bool]]:
    """Whether an eager op, a traced function and a session run these kernels: at first, loaded, the cache cleared."""
    function = tf.function(per_axis_given)
    with tf.Graph().as_default():
        fetched = per_axis_given()
        session = tf.compat.v1.Session()
    users = [per_axis_given_works, lambda: is_computed(function), lambda: is_computed(lambda: session.run(fetched))]
    found = [[user() for user in users]]
    tf.load_op_library(ALL)
    found.append([user() for user in users])
    context.context().clear_kernel_cache()
    return [*found, [user() for user in users]]


def per_axis_given() -> tf.Tensor:
    tensor = tf.random.uniform((2, 3))  # not a constant, which would be folded
    lo, hi = tf.constant([-1.0, -1.0]), tf.constant([1.0, 1.0])
    return tf.raw_ops.QuantizeAndDequantizeV4(input=tensor, input_min=lo, input_max=hi, range_given=True, axis=0)


def is_computed(function: Callable[[], object]) -> bool:
    try:
        function()
    except tf.errors.InvalidArgumentError:
        return False
    return True


def test_kernel_cache() -> None:
    """Whoever ran once keeps the kernels, until the cache is cleared; a session for good."""
    with conftest.start() as process:
        before, after_loading, after_clearing = process.submit(use_then_load).result()
    assert before == after_loading == [False, False, False]
    assert after_clearing == [True, True, False]


def use_then_load_by_module() -> tuple[bool, bool]:
    before = per_axis_given_works()
    qdq_tensorflow.load()
    return before, per_axis_given_works()


def test_load_clears_the_cache() -> None:
    with conftest.start() as process:
        assert process.submit(use_then_load_by_module).result() == (False, True)


def addresses_of_outputs() -> dict[str, list[int]]:
    """Of a graph x*2 -> V4 -> *3 -> V4Grad: where each node's outputs lay."""
    v1 = tf.compat.v1
    with tf.Graph().as_default():
        x = v1.placeholder(tf.float32, [None])
        doubled = tf.raw_ops.Mul(x=x, y=2.0, name="doubled")
        ends = {"input_min": -1.0, "input_max": 1.0}
        forward = tf.raw_ops.QuantizeAndDequantizeV4(input=doubled, **ends, range_given=True, name="forward")
        tripled = tf.raw_ops.Mul(x=forward, y=3.0, name="tripled")
        backward = tf.raw_ops.QuantizeAndDequantizeV4Grad(gradients=tripled, input=x, **ends, name="backward")
        fetched = tf.raw_ops.Mul(x=backward[0], y=1.5)
        config = v1.ConfigProto()
        config.graph_options.rewrite_options.disable_meta_optimizer = True
        metadata = v1.RunMetadata()
        with v1.Session(config=config) as session:
            options = v1.RunOptions(trace_level=v1.RunOptions.FULL_TRACE)
            values = session.run(fetched, {x: np.linspace(-1, 1, 1000)}, options=options, run_metadata=metadata)
    assert values[0] == -4.5 * np.float32(1 + 1 / 127) and values[-1] == 4.5
    return {
        node.node_name: [out.tensor_description.allocation_description.ptr for out in node.output]
        for device in metadata.step_stats.dev_stats
        for node in device.node_stats
    }


def test_outputs_take_the_memory_of_inputs() -> None:
    at = addresses_of_outputs()
    assert at["forward"] == at["doubled"] == at["tripled"]
    assert at["backward"][0] == at["tripled"][0]


def test_inputs_that_others_want_are_left_alone() -> None:
    values = np.linspace(-2, 2, 999, dtype=np.float32)

    @tf.function
    def both(x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        doubled = x * 2
        return doubled, tf.quantization.quantize_and_dequantize_v2(doubled, -1, 1, range_given=True)

    eager = tf.constant(values)
    tf.quantization.quantize_and_dequantize_v2(eager, -1, 1, range_given=True)
    assert_same(eager.numpy(), values)
    assert_same(both(eager)[0].numpy(), values * 2)
    scalar = tf.constant(0.3)
    tf.raw_ops.QuantizeAndDequantizeV4(input=scalar, input_min=scalar, input_max=scalar, range_given=True)
    assert scalar.numpy() == np.float32(0.3)


def resident_megabytes() -> float:
    pages = int(pathlib.Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def test_no_memory_is_kept() -> None:
    """80 calls of each kind, each with 8 MB: inputs and outputs are let go, after a failure too."""
    values = np.zeros((2, 1 << 20), np.float32)
    ends = np.zeros(2)
    calls = [
        tensorflows.forward(4, values, ends, ends, axis=0),
        tensorflows.forward(3, values, ends, ends, axis=0, range_given=True),
        tensorflows.forward(4, values, ends + 1, ends, axis=0, range_given=True),
        tensorflows.gradient(values, values, ends, ends, 0),
        tensorflows.gradient(values, values, ends + 1, ends, 0),
        tensorflows.gradient(values, values, ends, ends, -1),
    ]
    assert [tensorflows.answer(call).error for call in calls] == [
        "",
        "",
        "InvalidArgumentError",
        "",
        "",
        "InvalidArgumentError",
    ]
    for call in calls:
        before = resident_megabytes()
        for _ in range(80):
            tensorflows.answer(call)
        assert resident_megabytes() - before < 200


def number_of_threads() -> int:
    return len(os.listdir("/proc/self/task"))


def threads_started(counts: list[int | None]) -> list[tuple[list[np.ndarray], int]]:
    """A large call of each op with every count in turn, and how many threads there are more than before all."""
    qdq_tensorflow.load()
    values = np.random.default_rng(4).normal(size=(1 << 22)).astype(np.float32)
    tf.raw_ops.Neg(x=tf.constant(values)).numpy()  # starts what TensorFlow has
    calls = [tensorflows.forward(version, values) for version in (2, 3, 4)] + [
        tensorflows.gradient(values, values, -1, 1)
    ]
    before = number_of_threads()
    found = []
    for count in counts:
        if count is not None:
            qdq_tensorflow.set_threads(count)
        found.append(([tensorflows.answer(call).outputs[0] for call in calls], number_of_threads() - before))
    return found


def test_threads() -> None:
    """None is started until set_threads asks for some; the results are the same."""
    with conftest.start() as process:
        (outputs, *by_default), (_, *with_one), (same, *with_all) = process.submit(
            threads_started, [None, 1, 0]
        ).result()
    assert by_default == with_one == [0]
    assert with_all[0] > 0 or len(os.sched_getaffinity(0)) == 1
    for left, right in zip(outputs, same, strict=True):
        assert_same(left, right)


def test_number_of_threads_is_checked() -> None:
    with pytest.raises(ValueError, match="count is -1; expected 0 or more"):
        qdq_tensorflow.set_threads(-1)


def test_only_the_settings_are_visible() -> None:
    """libqdq inside them meets no other libqdq of the process."""
    library = ctypes.CDLL(ONLY_16BIT)
    assert library.qdq_tensorflow_set_threads
    with pytest.raises(AttributeError):
        _ = library.qdq_last_error
    with pytest.raises(AttributeError):
        _ = library.qdq_quantize_and_dequantize_v4_f32


def test_jit_compile_does_without() -> None:
    """XLA compiles the op itself: in bfloat16, with every step rounded, where these kernels round once."""
    tensor = np.random.default_rng(5).normal(size=4000).astype(reference.BFLOAT16)

    def call(x: tf.Tensor) -> tf.Tensor:
        return tf.quantization.quantize_and_dequantize_v2(x, 0, 0, range_given=False)

    native = reference.forward(tensor, reference.Attributes(native=True)).values
    rounded_once = reference.forward(tensor, reference.Attributes()).values
    assert_same(tf.function(call, jit_compile=True)(tensor).numpy(), native)
    assert_same(tf.function(call)(tensor).numpy(), rounded_once)
    assert (native != rounded_once).any()
