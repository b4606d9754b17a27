"""The tables of docs/numerics.md: every number in them is the library's, or leads to one of its outputs (see
formulas.trace)."""

import math
import struct
from fractions import Fraction

import formulas
import qdq
from formulas import shortest

NAN, INF = math.nan, math.inf
DEGENERATE_ANSWERS = [qdq.TENSORFLOW, qdq.ZERO, qdq.ERROR]


def write(library):
    """Name of a block in the document to its text."""
    blocks = [
        by_hand,
        by_hand_given,
        adjusted,
        per_axis,
        ties,
        clamping,
        computed,
        wide_codes,
        arithmetic_parameters,
        arithmetic_elements,
        arithmetic_errors,
        degenerate,
        smallest_range,
        gradient,
    ]
    return {block.__name__: block(library) for block in blocks}


EIGHT = [-1.5, -1.0, -0.4, 0.0, 0.3, 1.0, 1.2, 2.0]


def by_hand(library):
    trace = formulas.trace(library, "f32", EIGHT, num_bits=3)
    up = library.forward("f32", EIGHT, num_bits=3, round_mode=qdq.HALF_UP)
    rows = [
        [number(s.x), number(s.product), number(s.code), number(s.output), number(y)] for s, y in zip(trace.steps, up)
    ]
    headers = ["x", "x*scale", "code", "output", "output, HALF_UP"]
    return f"{_derivation(trace.parameters)}\n\n{table(headers, rows)}"


def by_hand_given(library):
    given = (-1.0, 1.5)
    trace = formulas.trace(library, "f32", EIGHT, given, num_bits=3)
    slopes = library.gradient("f32", [1.0] * len(EIGHT), EIGHT, given, num_bits=3)
    rows = [
        [number(s.x), number(s.clamped), number(s.product), number(s.code), number(s.output), number(slope)]
        for s, slope in zip(trace.steps, slopes)
    ]
    headers = ["x", "clamped", "clamped*scale", "code", "output", "gradient, for g = 1"]
    return f"{_derivation(trace.parameters)}\n\n{table(headers, rows)}"


def _derivation(p):
    def quotient(code, end):
        if code * end > 0:
            return f"{number(code)} / {number(end)} = {number(code / end)}"
        return "MAX"

    lines = [
        f"qmin = {number(p.qmin)}   qmax = {number(p.qmax)}",
        f"lo = {number(p.range_lo)}   hi = {number(p.range_hi)}",
        f"s_lo = {quotient(p.qmin, p.range_lo)}",
        f"s_hi = {quotient(p.qmax, p.range_hi)}",
    ]
    if p.s_lo < p.s_hi:
        lines += [
            f"s_lo < s_hi:  scale = {number(p.scale)}",
            f"inverse = lo/qmin = {number(p.inverse)}",
            f"hi = qmax*inverse = {number(p.hi)}",
        ]
    else:
        lines += [
            f"s_lo >= s_hi:  scale = {number(p.scale)}",
            f"inverse = hi/qmax = {number(p.inverse)}",
            f"lo = qmin*inverse = {number(p.lo)}",
        ]
    return "```text\n" + "\n".join(lines) + "\n```"


def adjusted(library):
    kinds = [("signed", {}), ("narrow", {"narrow_range": 1}), ("unsigned", {"signed_input": 0})]
    rows = []
    for given in [(-1.0, 1.0), (-1.0, 2.0), (1.0, 2.0), (-2.0, -1.0)]:
        for name, attributes in kinds:
            if name == "unsigned" and given[1] < 0:
                continue  # degenerate
            p = formulas.trace(library, "f32", _around(given), given, **attributes).parameters
            decides = "lo" if p.s_lo < p.s_hi else "hi"
            rows.append(
                [_range(*given), name, number(p.s_lo), number(p.s_hi), decides, number(p.inverse), _range(p.lo, p.hi)]
            )
    headers = ["range", "codes", "s_lo", "s_hi", "decides", "inverse (one step)", "adjusted range"]
    return table(headers, rows)


def _around(given):
    return [given[0] - 1, given[0], given[1], given[1] + 1]


def per_axis(library):
    values, shape = [-1.0, 0.3, 2.0, 40.0, -50.0, 10.0], (2, 3)
    rows = [["input", *_rows_of(values, shape)]]
    for axis in (-1, 0, 1):
        output = library.forward("f32", values, shape=shape, axis=axis, num_bits=4)
        rows.append([f"axis = {axis}", *_rows_of(output, shape)])
    return table(["", "row 0", "row 1"], rows)


def _rows_of(values, shape):
    width = shape[1]
    return [_list(values[start : start + width]) for start in range(0, len(values), width)]


def ties(library):
    inputs = [-1.5, -0.5, -0.0, 0.49999997, 0.5, 1.5, 2.5]
    modes = [("HALF_TO_EVEN", qdq.HALF_TO_EVEN), ("HALF_UP", qdq.HALF_UP)]
    rows = [["x"] + [number(x) for x in inputs]]
    for name, mode in modes:
        trace = formulas.trace(library, "f32", inputs, (-4.0, 3.0), num_bits=3, round_mode=mode)
        assert trace.parameters.scale == 1
        rows.append([name] + [number(s.output) for s in trace.steps])
    return table(rows[0], rows[1:])


def clamping(library):
    inputs = [-INF, -5.0, -0.0, 0.7, 5.0, INF, NAN]
    rows = []
    for name, attributes in [("signed", {}), ("narrow", {"narrow_range": 1}), ("unsigned", {"signed_input": 0})]:
        trace = formulas.trace(library, "f32", inputs, (-1.0, 1.0), num_bits=3, **attributes)
        rows.append([name] + [number(s.output) for s in trace.steps])
    return table(["x"] + [number(x) for x in inputs], rows)


def computed(library):
    cases = [
        ("NaN left out", [-1.0, NAN, 0.4, 1.0], {}),
        ("no number", [NAN, NAN], {}),
        ("all zero", [0.0, -0.0, 0.0], {}),
        ("all equal", [0.7, 0.7, 0.7], {}),
        ("end off by a last bit", [0.0, 0.025], {}),
        ("unsigned, not clamped", [-1.0, -0.1, 0.4, 1.0], {"signed_input": 0}),
    ]
    rows = []
    for name, values, attributes in cases:
        trace = formulas.trace(library, "f32", values, num_bits=3, **attributes)
        p = trace.parameters
        rows.append([name, _list(values), _range(p.range_lo, p.range_hi), _list([s.output for s in trace.steps])])
    return table(["case", "input", "range", "output"], rows)


def wide_codes(library):
    """qmax as it is converted, and the code that the top of the range [0, 1] takes."""
    kinds = [
        ("float64", "f64", qdq.DEFAULT, (8, 53, 54)),
        ("float32; half and bfloat16 DEFAULT", "f32", qdq.DEFAULT, (8, 24, 25)),
        ("half NATIVE", "f16", qdq.NATIVE, (8, 11, 12, 16)),
        ("bfloat16 NATIVE", "bf16", qdq.NATIVE, (8, 9, 12)),
    ]
    rows = []
    for name, dtype, arithmetic, widths in kinds:
        for bits in widths:
            attributes = {"signed_input": 0, "num_bits": bits, "arithmetic": arithmetic}
            p = formulas.trace(library, dtype, [0.0, 0.5, 1.0], (0.0, 1.0), **attributes).parameters
            exact = 2**bits - 1
            rows.append([name, str(bits), str(exact), shortest(p.qmax, "f64")])
    return table(["type and arithmetic", "num_bits", "qmax", "qmax as used"], rows)


SAMPLE = [-2.0, 0.1, 1.7, 2.5, 3.0]
ARITHMETICS = [("DEFAULT", qdq.DEFAULT), ("NATIVE", qdq.NATIVE)]


def arithmetic_parameters(library):
    traces = [formulas.trace(library, "bf16", SAMPLE, arithmetic=a).parameters for _, a in ARITHMETICS]
    fields = ["qmin", "qmax", "s_lo", "s_hi", "scale", "inverse", "lo", "hi"]
    rows = [[field, *(number(getattr(p, field)) for p in traces)] for field in fields]
    return table(["", *(name for name, _ in ARITHMETICS)], rows)


def arithmetic_elements(library):
    traces = [formulas.trace(library, "bf16", SAMPLE, arithmetic=a).steps for _, a in ARITHMETICS]
    rows = []
    for steps in zip(*traces):
        cells = [number(steps[0].x)]
        for (name, _), s in zip(ARITHMETICS, steps):
            product = [number(s.product), number(s.code)]
            cells += product + ([number(s.y), number(s.output)] if name == "DEFAULT" else [number(s.output)])
        rows.append(cells)
    headers = [
        "x",
        "DEFAULT: x*scale",
        "code",
        "code*inverse",
        "output",
        "NATIVE: x*scale",
        "code",
        "output",
    ]
    return table(headers, rows)


def arithmetic_errors(library):
    """Every number of the type from 0.25 to 1: the largest error, in steps of the grid."""
    rows = []
    for dtype, name, first, last in [("f16", "half", 0x3400, 0x3C00), ("bf16", "bfloat16", 0x3E80, 0x3F80)]:
        inputs = [qdq.TYPES[dtype][2](bits) for bits in range(first, last + 1)]
        assert (inputs[0], inputs[-1]) == (0.25, 1.0)
        for bits in (4, 6, 8):
            attributes = {"num_bits": bits, "narrow_range": 1}
            outputs = [library.forward(dtype, inputs, (-1.0, 1.0), arithmetic=a, **attributes) for _, a in ARITHMETICS]
            different = sum(a != b for a, b in zip(*outputs))
            steps = formulas.codes(**attributes)[1]
            errors = [max(abs(Fraction(y) - Fraction(x)) for x, y in zip(inputs, o)) * steps for o in outputs]
            rows.append([name, str(bits), str(len(inputs)), str(different), *(f"{float(e):.3f}" for e in errors)])
    headers = ["type", "num_bits", "inputs", "different outputs", "largest error, DEFAULT", "largest error, NATIVE"]
    return table(headers, rows)


def degenerate(library):
    cases = [
        ("all values tiny", "f32", [-1e-38, 0.0, 5e-39, 1e-38], {}),
        ("half, NATIVE, small values", "f16", [-0.001, 0.0, 0.0005, 0.001], {"arithmetic": qdq.NATIVE}),
        ("half, NATIVE, qmax not finite", "f16", [-1.0, 0.0, 0.5, 1.0], {"arithmetic": qdq.NATIVE, "num_bits": 17}),
        ("unsigned, nothing above zero", "f32", [-2.0, -1.0, -0.5], {"signed_input": 0}),
        ("unsigned, greatest value zero", "f32", [-2.0, -0.5, 0.0], {"signed_input": 0}),
        ("signed 1 bit, nothing below zero", "f32", [0.0, 1.0, 2.0], {"num_bits": 1}),
        ("an Inf among the elements", "f32", [-1.0, 0.0, 1.0, INF, NAN], {}),
    ]
    rows = []
    for name, dtype, values, attributes in cases:
        trace = formulas.trace(library, dtype, values, **attributes)
        p = trace.parameters
        answers = [_answer(library, dtype, values, answer, attributes) for answer in DEGENERATE_ANSWERS]
        assert answers[2] == qdq.DEGENERATE_RANGE, answers[2]
        inputs = [shortest(s.x, dtype) for s in trace.steps]
        rows.append([name, ", ".join(inputs), number(p.scale), number(p.inverse), *map(_list, answers[:2])])
    headers = ["cause", "input", "scale", "inverse", "TENSORFLOW", "ZERO"]
    return table(headers, rows)


def _answer(library, dtype, values, answer, attributes):
    try:
        return library.forward(dtype, values, degenerate=answer, **attributes)
    except qdq.Failure as failure:
        return failure.status


FROM_BITS = {
    "f64": lambda bits: struct.unpack("<d", struct.pack("<Q", bits))[0],
    "f32": lambda bits: struct.unpack("<f", struct.pack("<I", bits))[0],
    "f16": qdq.from_f16,
    "bf16": qdq.from_bf16,
}


def smallest_range(library):
    """The least m of the type for which the range [-m, m] is usable, found by bisection over the numbers' bits."""
    kinds = [
        ("float64", "f64", qdq.DEFAULT),
        ("float32", "f32", qdq.DEFAULT),
        ("bfloat16 DEFAULT", "bf16", qdq.DEFAULT),
        ("bfloat16 NATIVE", "bf16", qdq.NATIVE),
        ("half DEFAULT", "f16", qdq.DEFAULT),
        ("half NATIVE", "f16", qdq.NATIVE),
    ]
    rows = []
    for name, dtype, arithmetic in kinds:
        to_bits = {"f64": "<d", "f32": "<f"}.get(dtype)
        one = int.from_bytes(struct.pack(to_bits, 1.0), "little") if to_bits else qdq.TYPES[dtype][1](1.0)
        unusable, usable = 0, one
        while usable - unusable > 1:
            middle = (unusable + usable) // 2
            m = FROM_BITS[dtype](middle)
            attributes = {"arithmetic": arithmetic}
            if _answer(library, dtype, [-m, m], qdq.ERROR, attributes) == qdq.DEGENERATE_RANGE:
                unusable = middle
            else:
                usable = middle
        m = FROM_BITS[dtype](usable)
        rows.append([name, f"{m:.3g}" + (" (its smallest number)" if usable == 1 else "")])
    return table(["type and arithmetic", "least m"], rows)


def gradient(library):
    cases = [(0.5, 3.0), (1.0, 3.0), (1.25, 3.0), (1.25, -3.0), (1.25, INF), (1.25, NAN), (NAN, 3.0), (INF, 3.0)]
    inputs, gradients = zip(*cases)
    given = library.gradient("f32", gradients, inputs, (-1.0, 1.0))
    own = library.gradient("f32", gradients, inputs)
    rows = [[number(value) for value in row] for row in zip(inputs, gradients, given, own)]
    return table(["x", "gradient", "backprop, given [-1, 1]", "backprop, computed range"], rows)


def number(value):
    return "MAX" if value == formulas.FLT_MAX else shortest(value)


def _list(values):
    return ", ".join(number(value) for value in values)


def _range(lo, hi):
    return f"[{number(lo)}, {number(hi)}]"


def table(headers, rows):
    lines = [headers, ["---"] * len(headers), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
