"""PyTorch's tensors, its autograd and its compiler."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest
import reference
from reference import Attributes, same

import libqdq

torch = pytest.importorskip("torch", reason="PyTorch is not installed: scripts/python.sh --torch installs it")
if True:  # what needs PyTorch at its import
    import libqdq.torch as qdq_torch

X = np.random.default_rng(13).normal(size=(5, 7)).astype(np.float32)
NAMES = ["float32", "float64", "float16", "bfloat16"]


def numpy(tensor: Any) -> Any:
    """The tensor's bits as an array."""
    if tensor.dtype == torch.bfloat16:
        return tensor.detach().view(torch.uint16).numpy().view(reference.BFLOAT16)
    return tensor.detach().numpy()


@pytest.mark.parametrize("name", NAMES)
def test_results_are_tensors(name: str) -> None:
    x = torch.tensor(X).to(getattr(torch, name))
    result = libqdq.quantize_and_dequantize(x, num_bits=5, axis=1)
    assert isinstance(result, torch.Tensor) and result.dtype == x.dtype and not result.requires_grad
    assert same(numpy(result), reference.forward(numpy(x), Attributes(num_bits=5, axis=1)))
    lo, hi = torch.tensor(-1.0, dtype=x.dtype), torch.tensor(1.5, dtype=x.dtype)
    given = numpy(lo), numpy(hi)
    found = libqdq.quantize_and_dequantize_grad(torch.ones_like(x), x, lo, hi)
    assert all(end.dtype == x.dtype and end.shape == () for end in found[1:])
    assert same(numpy(found[0]), reference.gradient(np.ones_like(numpy(x)), numpy(x), -1, given))
    quantizer = libqdq.Quantizer(lo, hi, x.dtype)
    codes = quantizer.quantize(x)
    assert codes.dtype == torch.int8
    assert torch.equal(quantizer.dequantize(codes), quantizer.apply(x))
    assert same(numpy(quantizer.apply(x)), reference.forward(numpy(x), Attributes(), given))


def test_views() -> None:
    x = torch.tensor(X)
    for view in (x.T, x[::2, 1:], x.expand(3, 5, 7), x[:0], x[1, 1]):
        assert same(numpy(libqdq.quantize_and_dequantize(view)), reference.forward(numpy(view), Attributes()))
    assert libqdq.quantize_and_dequantize(x.T).stride() == x.T.stride()
    negated = torch.conj(torch.complex(x, x)).imag
    assert negated.is_neg()
    assert same(numpy(libqdq.quantize_and_dequantize(negated)), reference.forward(-X, Attributes()))


def test_out() -> None:
    x = torch.tensor(X)
    out = torch.zeros(7, 5).T
    version = out._version
    assert libqdq.quantize_and_dequantize(x, out=out) is out
    assert same(numpy(out), reference.forward(X, Attributes()))
    assert out._version > version
    assert libqdq.quantize_and_dequantize(X, out=x) is x
    assert same(numpy(x), reference.forward(X, Attributes()))
    least, greatest = libqdq.range_update(torch.tensor(X), axis=0)
    assert same(numpy(least), X.min(1)) and same(numpy(greatest), X.max(1))


def test_refused() -> None:
    x = torch.tensor(X)
    with pytest.raises(ValueError, match=r"x is on meta: libqdq computes on the CPU"):
        libqdq.quantize_and_dequantize(x.to("meta"))
    with pytest.raises(TypeError, match=r"x has the layout torch\.sparse_coo"):
        libqdq.quantize_and_dequantize(x.to_sparse())
    with pytest.raises(libqdq.QdqError, match=r"x has elements of type torch\.complex64"):
        libqdq.quantize_and_dequantize(torch.complex(x, x))
    with pytest.raises(ValueError, match="out requires grad"):
        libqdq.quantize_and_dequantize(x, out=torch.zeros(5, 7, requires_grad=True))
    with pytest.raises(ValueError, match="out cannot be given where x requires grad"):
        libqdq.quantize_and_dequantize(x.clone().requires_grad_(), out=x)


def test_autograd_notices_what_was_written() -> None:
    x = torch.tensor(X, requires_grad=True)
    y = x.exp()  # keeps its result for the gradient
    libqdq.quantize_and_dequantize(y.detach(), out=y.detach())
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("axis", [-1, 0, 1])
def test_gradient(name: str, axis: int) -> None:
    x = torch.tensor(X).to(getattr(torch, name)).requires_grad_()
    ends = np.array([-1.0, 0.75] if axis == -1 else [[-1.0] * X.shape[axis], [0.75] * X.shape[axis]], np.float32)
    ends = ends.astype(np.float64) if name == "float64" else ends
    gradients = torch.linspace(-1, 1, 35, dtype=x.dtype).reshape(5, 7)
    expected = reference.gradient(numpy(gradients), numpy(x), axis, (ends[0], ends[1]))
    quantizer = libqdq.Quantizer(ends[0], ends[1], name, axis=axis)
    for y in (
        libqdq.quantize_and_dequantize(x, *ends, axis=axis),
        qdq_torch.quantize_and_dequantize(x, *map(torch.tensor, ends), axis=axis),
        quantizer.apply(x),
    ):
        assert same(numpy(y), reference.forward(numpy(x), Attributes(axis=axis), (ends[0], ends[1])))
        (by_x,) = torch.autograd.grad(y, x, gradients)
        assert same(numpy(by_x), expected)


def test_gradients_of_the_range_are_zeros() -> None:
    x, lo, hi = (torch.tensor(v, requires_grad=True) for v in (X, -1.0, 1.0))
    qdq_torch.quantize_and_dequantize(x, lo, hi).sum().backward()
    assert lo.grad == 0 and hi.grad == 0


def test_second_derivative() -> None:
    """The operation's gradient is linear in what comes from behind: differentiated, it is the mask again."""
    x, gradients = torch.tensor(X, requires_grad=True), torch.ones(5, 7, requires_grad=True)
    y = qdq_torch.quantize_and_dequantize(x, -1, 0.5)
    (by_x,) = torch.autograd.grad(y, x, gradients, create_graph=True)
    (again,) = torch.autograd.grad(by_x, gradients, torch.full((5, 7), 3.0))
    assert same(numpy(again), np.where((X >= -1) & (X <= 0.5), 3, 0).astype(np.float32))


ATTRIBUTES = (True, 8, True, "HALF_TO_EVEN", False, 1, "DEFAULT", "TENSORFLOW", 1)


@pytest.mark.parametrize("name", NAMES)
def test_operators_are_sound(name: str) -> None:
    """PyTorch's own examination: schema, aliasing, autograd, the kernel without memory, the compiler."""
    x = torch.tensor(X).to(getattr(torch, name)).requires_grad_()
    lo, hi = torch.full((7,), -1.0, dtype=x.dtype), torch.full((7,), 1.0, dtype=x.dtype)
    computed = (True, 4, False, "HALF_UP", False, -1, "NATIVE", "ZERO", 1)
    operators = torch.ops.libqdq
    torch.library.opcheck(operators.quantize_and_dequantize.default, (x, lo, hi, *ATTRIBUTES))
    torch.library.opcheck(operators.quantize_and_dequantize.default, (x.T, None, None, *computed))
    gradients = torch.randn(5, 7).to(x.dtype).requires_grad_()
    torch.library.opcheck(operators.quantize_and_dequantize_grad.default, (gradients, x, lo, hi, True, 1, 1))
    torch.library.opcheck(operators.range_update.default, (x.detach(), lo, hi, 1, 1))


@pytest.mark.parametrize("backend", ["aot_eager", "inductor"])
def test_compiled(backend: str) -> None:
    def loss(x: Any) -> Any:
        return (qdq_torch.quantize_and_dequantize(2 * x, -1.0, 1.0, num_bits=4) ** 2).sum()

    x, y = (torch.tensor(X, requires_grad=True) for _ in range(2))
    compiled = torch.compile(loss, fullgraph=True, backend=backend)
    compiled(x).backward()
    loss(y).backward()
    torch.testing.assert_close(compiled(x), loss(y))
    assert same(numpy(x.grad), numpy(y.grad))


def test_module() -> None:
    fake = qdq_torch.FakeQuantize(num_bits=4, axis=1, channels=7)
    first, second = torch.tensor(X), torch.tensor(3 * X)
    fake(first)
    x = second.clone().requires_grad_()
    y = fake(x)
    lo, hi = np.minimum(X, 3 * X).min(0), np.maximum(X, 3 * X).max(0)
    assert same(numpy(fake.range_min), lo) and same(numpy(fake.range_max), hi)
    assert same(numpy(y), reference.forward(3 * X, Attributes(num_bits=4, axis=1), (lo, hi)))
    fake(100 * second)  # what was kept for the gradient is not touched
    y.sum().backward()
    assert same(numpy(x.grad), np.ones_like(X))
    fake.eval()
    copied = copy.deepcopy(fake)
    kept = numpy(fake.range_max).copy()
    fake(1000 * second)
    assert same(numpy(fake.range_max), kept)
    fresh = qdq_torch.FakeQuantize(num_bits=4, axis=1, channels=7).eval()
    with pytest.raises(libqdq.QdqError, match="input_min"):
        fresh(first)
    fresh.load_state_dict(copied.state_dict())
    assert same(numpy(fresh(second)), numpy(fake(second)))
    with pytest.raises(ValueError, match="expected both or neither"):
        qdq_torch.FakeQuantize(axis=1)


def test_compiled_module_trains() -> None:
    """Weights that start beyond a grid they cannot reach: the loss falls, compiled as well as eager."""
    torch.manual_seed(1)
    inputs = torch.randn(256, 8)
    targets = inputs @ torch.randn(8, 1)
    model = torch.nn.Sequential(torch.nn.Linear(8, 1), qdq_torch.FakeQuantize())
    step = torch.compile(model, fullgraph=True, backend="aot_eager")
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    losses = []
    for _ in range(50):
        optimizer.zero_grad()
        loss = torch.nn.functional.mse_loss(step(inputs), targets)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0] / 50


def test_in_a_thread_of_the_pool() -> None:
    x = torch.randn(300, 1000)
    assert torch.equal(
        qdq_torch.quantize_and_dequantize(x, axis=1, num_threads=0), qdq_torch.quantize_and_dequantize(x, axis=1)
    )
