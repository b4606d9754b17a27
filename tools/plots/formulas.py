"""The formulas step by step, for the numbers between input and output that the operation does not show.

Python's float is a double: one operation in it, rounded to float, half or bfloat16 at once, is that operation of
the smaller type (it has more than twice the digits). `trace` lets no number out unless the library's output has the
same bits.
"""

import math
import struct
import sys
from dataclasses import dataclass

import qdq

FLT_MAX = 3.4028234663852886e38
LARGEST = {"f32": FLT_MAX, "f64": sys.float_info.max, "f16": 65504.0, "bf16": 3.3895313892515355e38}


@dataclass
class Parameters:
    qmin: float
    qmax: float
    range_lo: float
    range_hi: float
    s_lo: float
    s_hi: float
    scale: float
    inverse: float
    lo: float
    hi: float


@dataclass
class Step:
    x: float
    clamped: float
    product: float
    code: float
    y: float  # in the compute type
    output: float


@dataclass
class Trace:
    parameters: Parameters
    steps: list


def codes(num_bits=8, signed_input=1, narrow_range=0, **_):
    if not signed_input:
        return 0, 2**num_bits - 1
    half = 2 ** (num_bits - 1)
    return -half + (1 if narrow_range else 0), half - 1


def trace(library, dtype, values, given=None, **attributes):
    """Every number on the way from values to output, per tensor, without the attribute degenerate."""
    native = attributes.get("arithmetic") == qdq.NATIVE
    compute = "f64" if dtype == "f64" else "f32"
    settled = dtype if native else compute
    values = [qdq.rounded(value, dtype) for value in values]

    def r(value):
        return qdq.rounded(value, settled)

    def step(x):
        v = x
        if given is not None:
            v = p.hi if v > p.hi else v
            v = p.lo if v < p.lo else v
        product = r(v * p.scale)
        if attributes.get("round_mode") == qdq.HALF_UP:
            code = _integral(math.floor, r(product + 0.5))
        else:
            code = _integral(round, product)
        y = r(code * p.inverse)
        return Step(x, v, product, code, y, qdq.rounded(y, dtype))

    lo, hi = _range(values) if given is None else (qdq.rounded(end, dtype) for end in given)
    p = _parameters(r, LARGEST[settled], *(r(float(code)) for code in codes(**attributes)), lo, hi)
    steps = [step(x) for x in values]
    output = library.forward(dtype, values, given, **attributes)
    if [_bits(s.output) for s in steps] != [_bits(y) for y in output]:
        raise AssertionError(f"the formulas give {[s.output for s in steps]}, the library gives {output}")
    return Trace(p, steps)


def _parameters(r, largest, qmin, qmax, lo, hi):
    s_lo = r(_divide(qmin, lo)) if r(qmin * lo) > 0 else largest
    s_hi = r(_divide(qmax, hi)) if r(qmax * hi) > 0 else largest
    if s_lo < s_hi:
        inverse = r(_divide(lo, qmin))
        return Parameters(qmin, qmax, lo, hi, s_lo, s_hi, s_lo, inverse, lo, r(qmax * inverse))
    inverse = r(_divide(hi, qmax))
    return Parameters(qmin, qmax, lo, hi, s_lo, s_hi, s_hi, inverse, r(qmin * inverse), hi)


def _range(values):
    numbers = [value for value in values if not math.isnan(value)] or [0.0]
    return min(numbers) + 0.0, max(numbers) + 0.0


def _divide(a, b):
    if b != 0:
        return a / b
    sign = math.copysign(1, a) * math.copysign(1, b)
    return math.nan if a == 0 or math.isnan(a) else sign * math.inf


def _integral(function, value):
    """Python's floor and round give an int, which knows neither -0 nor Inf nor NaN."""
    if not math.isfinite(value):
        return value
    return math.copysign(float(function(value)), value) if function is round or value == 0 else float(function(value))


def _bits(value):
    return "NaN" if math.isnan(value) else struct.pack("<d", value)


def shortest(value, dtype="f32"):
    """The shortest decimal that gives this number in the type."""
    value = qdq.rounded(value, dtype)
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Inf" if value > 0 else "-Inf"
    for digits in range(1, 18):
        text = f"{value:.{digits}g}"
        if qdq.rounded(float(text), dtype) == value:
            break
    mantissa, _, exponent = text.partition("e")
    if not exponent:
        return text
    if -5 < int(exponent) < 10:
        return f"{value:.{max(0, digits - 1 - int(exponent))}f}"
    return f"{mantissa}e{int(exponent)}"
