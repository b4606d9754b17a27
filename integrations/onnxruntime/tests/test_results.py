"""The operator's results: the bits of the library, called directly, and of the definition in numpy."""

from dataclasses import replace

import numpy as np
import pytest
from operator_session import LIBRARY, Settings, assert_right, differing, run

import cases
from cases import Case
from reference import BFLOAT16, FLOAT16, FLOAT32, FLOAT64, Attributes

DTYPES = [FLOAT32, FLOAT64, FLOAT16, BFLOAT16]
SHAPES = [(), (1,), (17,), (3, 5), (4, 3, 7), (2, 3, 4, 5)]
dtypes = pytest.mark.parametrize("dtype", DTYPES, ids=str)
ranges = pytest.mark.parametrize("range_given", [False, True], ids=["computed", "given"])


def draw_attributes(rng: np.random.Generator, rank: int, range_given: bool) -> Attributes:
    signed = bool(rng.integers(2))
    bits = int(rng.choice([1, 2, 4, 8, 8, 16, 61 if signed else 62]))
    return Attributes(
        signed_input=signed,
        num_bits=bits,
        range_given=range_given,
        half_up=bool(rng.integers(2)),
        narrow_range=bits > 1 and bool(rng.integers(2)),
        axis=int(rng.integers(-1, rank)),
        native=bool(rng.integers(2)),
    )


@dtypes
@ranges
def test_random_cases(dtype, range_given):
    """Attributes, shapes and data of every kind, on one thread and on two, declared and not."""
    rng = np.random.default_rng([1, DTYPES.index(dtype), range_given])
    for number in range(60):
        shape = SHAPES[number % len(SHAPES)]
        attributes = draw_attributes(rng, len(shape), range_given)
        kind = list(cases.KINDS)[number % len(cases.KINDS)]
        case = cases.draw_forward(rng, dtype, shape, attributes, kind)
        settings = Settings(threads=1 + number % 2, shape=[None, list(shape)][number // 2 % 2])
        assert_right(case, settings)


@dtypes
@ranges
@pytest.mark.parametrize("axis", [-1, 0, 1])
def test_large_tensors_have_the_same_bits_on_two_threads(dtype, range_given, axis):
    """Large enough to be divided."""
    rng = np.random.default_rng(2)
    case = cases.draw_forward(rng, dtype, (257, 4099), Attributes(range_given=range_given, axis=axis), "normal")
    assert differing(assert_right(case, Settings(threads=1)), run(case, Settings(threads=2))) == 0


@dtypes
@pytest.mark.parametrize("axis", [-1, 1])
def test_a_range_in_the_model_is_one_given_at_the_run(dtype, axis):
    rng = np.random.default_rng(3)
    for kind in ["normal", "ties", "positive", "huge"]:
        case = cases.draw_forward(rng, dtype, (5, 6, 7), Attributes(range_given=True, axis=axis), kind)
        constant = assert_right(case, Settings(constant_range=True))
        assert differing(constant, run(case)) == 0


@dtypes
@ranges
@pytest.mark.parametrize("shape", [(0,), (3, 0), (0, 3), (0, 0, 2)])
def test_empty_tensors(dtype, range_given, shape):
    for axis in range(-1, len(shape)):
        attributes = Attributes(range_given=range_given, axis=axis)
        channels = 1 if axis == -1 else shape[axis]
        given = (np.full(channels, -1, dtype), np.full(channels, 1, dtype)) if range_given else None
        assert run(Case(attributes, np.zeros(shape, dtype), given)).shape == shape


@dtypes
def test_a_range_of_one_element_may_have_rank_1(dtype):
    case = Case(
        Attributes(range_given=True, num_bits=3),
        np.linspace(-2, 2, 40).astype(dtype),
        (np.array([-1], dtype), np.array([1.5], dtype)),
    )
    scalars = assert_right(case)
    # With an axis the ends are passed as they are; one channel is one for the tensor.
    row = replace(case, tensor=case.tensor.reshape(1, 40), attributes=replace(case.attributes, axis=0))
    assert differing(assert_right(row), scalars.reshape(1, 40)) == 0


@dtypes
def test_nan_stays_where_it_is_and_out_of_the_range(dtype):
    tensor = np.array([np.nan, -1, 0.3, 2, np.nan, 0.7], dtype)
    actual = run(Case(Attributes(num_bits=5), tensor))
    numbers = ~np.isnan(tensor.astype(np.float64))
    assert np.isnan(actual[~numbers].astype(np.float64)).all()
    expected = LIBRARY.run(Case(Attributes(num_bits=5), tensor[numbers]), None)
    assert differing(actual[numbers], expected) == 0


def test_degenerate_zero():
    """Unsigned codes, and nothing above zero: no step."""
    case = Case(Attributes(signed_input=False), np.array([-3, -1, np.nan, -2], np.float32))
    zeros = run(case, Settings(attributes={"degenerate": "ZERO"}))
    assert differing(zeros, np.array([0, 0, np.nan, 0], np.float32)) == 0
    assert differing(run(case), LIBRARY.run(case, None)) == 0
