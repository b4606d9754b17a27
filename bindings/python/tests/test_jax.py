"""JAX's arrays."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import pytest
import reference
from reference import BFLOAT16, Attributes, same

import libqdq
from libqdq import _dlpack, _tensor

os.environ.setdefault("JAX_PLATFORMS", "cpu")
jax = pytest.importorskip("jax", reason="JAX is not installed")
jnp = jax.numpy

X = np.random.default_rng(12).normal(size=(5, 7)).astype(np.float32)


@pytest.mark.parametrize("name", ["float32", "float64", "float16", "bfloat16"])
def test_results_are_arrays(name: str) -> None:
    with jax.enable_x64(name == "float64"):
        x = jnp.asarray(X).astype(name)
        array = np.asarray(x)
        result = libqdq.quantize_and_dequantize(x, num_bits=5, axis=1)
        assert isinstance(result, jax.Array) and result.dtype == x.dtype
        assert same(result, reference.forward(array, Attributes(num_bits=5, axis=1)))
        assert same(result + result, np.asarray(result) + np.asarray(result))
        assert same(x, array)
        lo, hi = jnp.asarray(-1.0, x.dtype), jnp.asarray(1.5, x.dtype)
        given = np.asarray(lo), np.asarray(hi)
        found = libqdq.quantize_and_dequantize_grad(jnp.ones_like(x), x, lo, hi)
        assert all(isinstance(end, jax.Array) and end.dtype == x.dtype and end.shape == () for end in found[1:])
        assert same(found[0], reference.gradient(np.ones_like(array), array, -1, given))
        quantizer = libqdq.Quantizer(lo, hi, x.dtype)
        codes = quantizer.quantize(x)
        assert isinstance(codes, jax.Array) and codes.dtype == np.int8
        assert np.array_equal(quantizer.dequantize(codes), quantizer.apply(x))
        assert same(quantizer.apply(x), reference.forward(array, Attributes(), given))


def test_nothing_is_copied() -> None:
    family = _dlpack.JaxFamily()
    for dtype in (np.dtype(np.float32), BFLOAT16):
        x = jnp.asarray(X).astype(dtype)
        assert int.from_bytes(family.view(x, "x")[0][:8], "little") == x.unsafe_buffer_pointer()
        made = family.empty_like(x)
        assert family.result(made, x).unsafe_buffer_pointer() == made.ctypes.data


def test_codes_that_jax_has_no_type_for() -> None:
    with jax.enable_x64(False), pytest.raises(TypeError, match="JAX has no int64"):
        libqdq.Quantizer(-1, 1).quantize(jnp.asarray(X), "int64")


def test_what_has_no_memory_is_refused() -> None:
    with pytest.raises(TypeError, match="x is traced by JAX"):
        jax.jit(libqdq.quantize_and_dequantize)(X)
    with pytest.raises(ValueError, match="out is read-only"):
        libqdq.quantize_and_dequantize(jnp.asarray(X), out=jnp.asarray(X))


def test_any_dtype_of_the_package() -> None:
    assert {_tensor.dtype_of(dtype) for dtype in (jnp.float32, jnp.dtype("float32"), "float32")} == {_tensor.F32}


def test_ranges_that_are_gathered_are_arrays_of_numpy() -> None:
    ranges: Any = libqdq.range_update(jnp.asarray(X), axis=0)
    ranges = libqdq.range_update(jnp.asarray(2 * X), *ranges, axis=0)
    assert same(ranges[0], np.minimum(X, 2 * X).min(1)) and same(ranges[1], np.maximum(X, 2 * X).max(1))
