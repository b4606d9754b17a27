"""The operator within a session: shapes, threads, several runs at once."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from onnx import helper
from operator_session import LIBRARY, VERSION, Settings, build, build_model, differing, open_session, run_session

import cases
from cases import Case
from reference import FLOAT32, Attributes

INFERS_SHAPES = VERSION >= (1, 24)


@pytest.mark.parametrize(
    ("declared", "inferred"),
    [([2, 3], [2, 3]), (["n", 3], ["n", 3]), ([None, 3], None), (None, None), ([], None)],
    ids=str,
)
def test_the_output_has_the_input_s_shape(declared, inferred):
    """Where ONNX Runtime knows it and says so without crashing elsewhere; the rest is left open, and runs."""
    session = open_session(build(Case(Attributes(), np.zeros(1, np.float32)), Settings(shape=declared)))
    assert session.get_outputs()[0].shape == (inferred if INFERS_SHAPES and inferred else [])
    tensor = np.ones([size if isinstance(size, int) else 5 for size in declared or []], np.float32)
    assert session.run(None, {"x": tensor})[0].shape == tensor.shape


def test_a_shape_that_is_not_known_does_not_mislead_what_follows():
    """An unknown rank is 0 to ONNX Runtime's inference, as a scalar's: MatMul would refuse a scalar."""
    model = build_model(helper.make_node("QuantizeAndDequantize", ["x"], ["q"], domain="qdq"), shape=None)
    model.graph.node.append(helper.make_node("MatMul", ["q", "q"], ["y"]))
    eye = np.eye(3, dtype=np.float32)
    assert open_session(model).run(None, {"x": eye})[0].shape == (3, 3)


@pytest.mark.parametrize("constant", [False, True])
def test_one_session_runs_on_several_threads_at_once(constant):
    rng = np.random.default_rng(4)
    case = cases.draw_forward(rng, FLOAT32, (64, 1000), Attributes(range_given=True, axis=0), "normal")
    settings = Settings(threads=2, constant_range=constant)
    session = open_session(build(case, settings), settings.threads)
    expected = run_session(session, case, settings)
    assert differing(expected, LIBRARY.run(case, None)) == 0

    def count_wrong(_):
        return sum(differing(run_session(session, case, settings), expected) for _ in range(20))

    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(count_wrong, range(4))) == [0] * 4


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="asks /proc")
def test_the_work_runs_on_the_session_s_threads():
    """Those of ONNX Runtime, and no others: its one worker takes a share, and the library starts none."""
    program = os.path.join(os.path.dirname(__file__), "show_threads.py")
    shown = subprocess.run([sys.executable, program], capture_output=True, text=True, check=True).stdout.split()
    started, share = int(shown[0]), float(shown[1])
    assert started == 0
    assert share > 0
