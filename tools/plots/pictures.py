"""The pictures of docs/numerics.md. Every curve is the library's output, sampled more finely than a pixel."""

import math

import formulas
import qdq
from svg import BLUE, GREY, INK, VERMILLION, Figure, Plot

WIDTH = 720
SAMPLES_PER_UNIT = 512


def draw(library):
    """File name to SVG text."""
    return {
        "grids.svg": grids(library),
        "round-modes.svg": round_modes(library),
        "error.svg": error(library),
        "bfloat16.svg": bfloat16(library),
    }


def grids(library):
    given, x_limits, y_limits = (-1.0, 1.0), (-1.6, 1.6), (-1.6, 1.3)
    figure = Figure(
        WIDTH,
        334,
        "Output against input for three grids",
        "Three staircases of 3-bit codes with the given range -1 to 1: signed, signed and narrow, unsigned.",
    )
    kinds = [
        ("signed", {}),
        ("signed, narrow_range", {"narrow_range": 1}),
        ("unsigned", {"signed_input": 0}),
    ]
    for index, (name, attributes) in enumerate(kinds):
        attributes = {"num_bits": 3, **attributes}
        trace = formulas.trace(library, "f32", [0.0], given, **attributes)
        p = trace.parameters
        plot = Plot(figure, 58 + index * 222, 52, 178, 212, x_limits, y_limits)
        lowest, highest = formulas.codes(**attributes)
        plot.title(name, f"codes {lowest} to {highest}")
        plot.shade(x_limits[0], p.lo)
        plot.shade(p.hi, x_limits[1])
        ticks = [(value, f"{value:g}") for value in (-1.0, 0.0, 1.0)]
        plot.axes(
            ticks,
            [(value, text if index == 0 else "") for value, text in ticks],
            "input",
            "output" if index == 0 else "",
            [(code * p.inverse, str(code)) for code in range(lowest, highest + 1)],
            "code",
        )
        plot.line([(y_limits[0], y_limits[0]), (y_limits[1], y_limits[1])], GREY, 0.8, "3 3")
        plot.line(_risers(_runs(library, x_limits, given, **attributes)), BLUE)
    figure.caption("num_bits 3, given range [-1, 1]; grey: clamped to the adjusted range; dashed: output = input")
    return figure.render()


def round_modes(library):
    given, limits = (-4.0, 3.0), (-4.2, 3.2)
    figure = Figure(
        WIDTH,
        410,
        "Output against input for both round modes",
        "Two staircases of 3-bit codes at scale 1. At the ties, halfway between two codes, a filled dot is the output.",
    )
    ties = [code + 0.5 for code in range(-4, 3)]
    modes = [("HALF_TO_EVEN", qdq.HALF_TO_EVEN), ("HALF_UP", qdq.HALF_UP)]
    answers = {mode: library.forward("f32", ties, given, num_bits=3, round_mode=mode) for _, mode in modes}
    for index, (name, mode) in enumerate(modes):
        plot = Plot(figure, 58 + index * 344, 50, 288, 288, limits, limits)
        plot.title(name, ["a tie goes to the even code", "a tie goes to the larger code"][index])
        ticks = [(float(code), str(code)) for code in range(-4, 4)]
        plot.axes(ticks, ticks, "input \u00d7 scale", "code" if index == 0 else "")
        plot.line([(limits[0], limits[0]), (limits[1], limits[1])], GREY, 0.8, "3 3")
        for start, end, y in _runs(library, limits, given, num_bits=3, round_mode=mode):
            plot.line([(start, y), (end, y)], BLUE, 2.4)
        for tie, y, other in zip(ties, answers[mode], answers[1 - mode]):
            color = VERMILLION if y != other else BLUE
            plot.dot(tie, 2 * tie - y, color, filled=False)
            plot.dot(tie, y, color)
    figure.caption("num_bits 3, scale 1; filled dot: where a tie goes; red: the ties on which the modes differ")
    return figure.render()


def error(library):
    given, x_limits = (-1.0, 1.0), (-1.75, 1.4)
    attributes = {"num_bits": 3}
    p = formulas.trace(library, "f32", [0.0], given, **attributes).parameters
    figure = Figure(
        WIDTH,
        474,
        "Error and gradient against input",
        "Output minus input is a sawtooth of half a step inside the adjusted range and grows outside of it. "
        "The gradient is 1 inside the range as given, 0 outside.",
    )
    runs = _runs(library, x_limits, given, **attributes)

    plot = Plot(figure, 66, 44, 624, 246, x_limits, (-0.5, 0.5))
    plot.shade(x_limits[0], p.lo)
    plot.shade(p.hi, x_limits[1])
    plot.title("Error")
    half = p.inverse / 2
    plot.axes(
        [(value, "") for value in (-1.5, -1.0, -0.5, 0.0, 0.5, 1.0)],
        [(-0.4, "-0.4"), (-0.2, "-0.2"), (0.0, "0"), (0.2, "0.2"), (0.4, "0.4")],
        y_label="output - input",
    )
    for level in (-half, half):
        plot.line([(x_limits[0], level), (x_limits[1], level)], GREY, 0.8, "3 3")
    plot.text(-0.99, half + 0.03, "half a step", "start")
    plot.line([point for start, end, y in runs for point in ((start, y - start), (end, y - end))], BLUE)
    _bracket(plot, given, -0.41, f"given [{given[0]:g}, {given[1]:g}]", GREY)
    _bracket(plot, (p.lo, p.hi), -0.3, f"adjusted [{p.lo:.3f}, {p.hi:g}]", INK)
    plot.text((x_limits[0] + p.lo) / 2, -0.45, "clamped")
    plot.text((p.hi + x_limits[1]) / 2, 0.42, "clamped")

    lower = Plot(figure, 66, 338, 624, 66, x_limits, (-0.25, 1.25))
    lower.shade(x_limits[0], p.lo)
    lower.shade(p.hi, x_limits[1])
    lower.title("Gradient")
    lower.axes(
        [(value, f"{value:g}") for value in (-1.5, -1.0, -0.5, 0.0, 0.5, 1.0)],
        [(0.0, "0"), (1.0, "1")],
        "input",
    )
    inputs = _samples(x_limits)
    slopes = library.gradient("f32", [1.0] * len(inputs), inputs, given, **attributes)
    lower.line(_risers(_equal(inputs, slopes)), VERMILLION)
    figure.caption(
        "num_bits 3, signed, given range [-1, 1]; the gradient's mask is the range as given, not as adjusted"
    )
    return figure.render()


def bfloat16(library):
    given, attributes = (-1.0, 1.0), {"num_bits": 8, "narrow_range": 1}
    first, last = 0.92, 1.0
    inputs = [value for value in map(qdq.from_bf16, range(0x3F00, 0x3F81)) if first <= value <= last]
    figure = Figure(
        WIDTH,
        410,
        "bfloat16: DEFAULT and NATIVE arithmetic",
        "Codes of neighbouring bfloat16 inputs. DEFAULT takes the nearest code; NATIVE prefers the even ones.",
    )
    for index, (name, arithmetic) in enumerate([("DEFAULT", qdq.DEFAULT), ("NATIVE", qdq.NATIVE)]):
        trace = formulas.trace(library, "bf16", inputs, given, arithmetic=arithmetic, **attributes)
        codes = [step.code for step in trace.steps]
        low, high = min(codes) - 1, 128.0
        plot = Plot(figure, 66 + index * 340, 50, 280, 288, (0.918, 1.002), (low, high))
        exact = [math.floor(value * 127 + 0.5) for value in inputs]
        plot.title(name, ["computed in float32", "every result rounded to bfloat16"][index])
        plot.axes(
            [(value, f"{value:g}") for value in (0.92, 0.94, 0.96, 0.98, 1.0)],
            [(float(code), str(code)) for code in range(int(low) + 1, 128)],
            "input",
            "code" if index == 0 else "",
        )
        plot.line([(x, x * 127) for x in plot.x_limits], GREY, 0.8, "3 3")
        for value, code, nearest in zip(inputs, codes, exact):
            plot.dot(value, code, BLUE if code == nearest else VERMILLION, filled=code == nearest)
    figure.caption(
        "num_bits 8, narrow_range, given range [-1, 1], every bfloat16 from 0.92 to 1; hollow: not the nearest code"
    )
    return figure.render()


def _bracket(plot, ends, y, text, color):
    tick = 0.018
    for end in ends:
        plot.line([(end, y - tick), (end, y + tick)], color, 1.2)
    plot.line([(ends[0], y), (ends[1], y)], color, 1.2)
    plot.figure.text(plot.x(0.5), plot.y(y) - 5, text, "middle", color, 11)


def _samples(limits):
    """Inputs over the limits; with an offset of half a distance, so that none is a tie or an end."""
    start = math.floor(limits[0] * SAMPLES_PER_UNIT)
    count = math.ceil((limits[1] - limits[0]) * SAMPLES_PER_UNIT)
    points = [(start + index + 0.5) / SAMPLES_PER_UNIT for index in range(count + 1)]
    return [limits[0], *(x for x in points if limits[0] < x < limits[1]), limits[1]]


def _runs(library, limits, given, **attributes):
    inputs = _samples(limits)
    return _equal(inputs, library.forward("f32", inputs, given, **attributes))


def _equal(inputs, outputs):
    """(first input, last input, output) of each stretch of equal outputs; neighbours meet halfway."""
    runs, start = [], inputs[0]
    for index in range(1, len(inputs)):
        if outputs[index] != outputs[index - 1]:
            middle = (inputs[index] + inputs[index - 1]) / 2
            runs.append((start, middle, outputs[index - 1]))
            start = middle
    return [*runs, (start, inputs[-1], outputs[-1])]


def _risers(runs):
    return [point for start, end, y in runs for point in ((start, y), (end, y))]
