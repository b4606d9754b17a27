"""The command insert-qdq: puts QuantizeAndDequantize after tensors of an ONNX model, and measures what that costs."""

import argparse
from collections.abc import Mapping, Sequence

import numpy as np
import onnx
from onnxruntime.capi.onnxruntime_pybind11_state import Fail, InvalidArgument, RuntimeException

from .calibrate import calibrate
from .graph import Insertion, float_tensors, insert, matching
from .measure import Cost, measure

INTEGERS = ("num_bits", "axis", "signed_input", "narrow_range")
WORDS = ("round_mode", "arithmetic", "degenerate")
RANGES = ("computed", "calibrated")

Arrays = Mapping[str, np.ndarray]


def main(arguments: Sequence[str] | None = None) -> None:
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        _run(options)
    except (ValueError, LookupError, OSError, Fail, InvalidArgument, RuntimeException) as error:
        parser.exit(2, f"insert-qdq: {error}\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="insert-qdq",
        description="Puts QuantizeAndDequantize after tensors of an ONNX model, and measures what that costs.",
        epilog="KEY is an attribute of the operator; or min and max, numbers that are the range; or range, which is "
        "computed (the default: at each run, from the tensor itself) or calibrated (a given range: the one that the "
        "tensor has on the data). Of several --tensor that match a tensor the last one counts.",
    )
    parser.add_argument("model", help="the ONNX model")
    parser.add_argument("--list", action="store_true", help="print the tensors that can be quantized, and stop")
    parser.add_argument(
        "--tensor",
        nargs="+",
        action="append",
        default=[],
        metavar=("NAME", "KEY=VALUE"),
        help="a tensor: input, weight or result; in the name *, ? and [] stand for others",
    )
    parser.add_argument(
        "--num-bits", nargs="+", type=int, default=[8], metavar="N", help="widths to try where a --tensor names none"
    )
    parser.add_argument("--output", metavar="FILE", help="write the changed model, of one width")
    parser.add_argument(
        "--data",
        metavar="NPZ",
        help="measure, on arrays called as the model's inputs; labels, if there is such an array, are the right "
        "answers: where the first output should have its greatest number along the last axis",
    )
    return parser


def _run(options: argparse.Namespace) -> None:
    model = onnx.load(options.model)
    if options.list:
        for name, dtype in float_tensors(model).items():
            print(f"{name}  {dtype}")
        return
    if options.output and len(options.num_bits) > 1:
        raise ValueError("a model to write has one width: --output wants one --num-bits")
    inputs, labels = _data(options.data)
    chosen = _choose(model, options.tensor)
    for num_bits in options.num_bits:
        quantized = insert(model, _insertions(model, chosen, num_bits, inputs))
        if options.output:
            onnx.save(quantized, options.output)
        if inputs is not None:
            print(describe(num_bits, measure(model, quantized, inputs, labels)))


def _data(path: str | None) -> tuple[Arrays | None, np.ndarray | None]:
    if path is None:
        return None, None
    with np.load(path) as file:
        arrays = dict(file)
    return arrays, arrays.pop("labels", None)


def _choose(model: onnx.ModelProto, choices: Sequence[Sequence[str]]) -> dict[str, dict[str, str]]:
    """The settings of each tensor, as they were written."""
    names = float_tensors(model)
    chosen: dict[str, dict[str, str]] = {}
    for pattern, *settings in choices:
        pairs = [setting.partition("=") for setting in settings]
        for key, equals, _ in pairs:
            if not equals or key not in (*INTEGERS, *WORDS, "min", "max", "range"):
                raise ValueError(f"{key} is no setting of --tensor {pattern}; expected an attribute, min, max or range")
        chosen |= {name: {key: value for key, _, value in pairs} for name in matching(names, pattern)}
    if not chosen:
        raise ValueError("no --tensor was named; --list shows what there is")
    return chosen


def _insertions(
    model: onnx.ModelProto, chosen: Mapping[str, dict[str, str]], num_bits: int, inputs: Arrays | None
) -> list[Insertion]:
    attributes = {name: {"num_bits": num_bits, **_attributes(settings)} for name, settings in chosen.items()}
    ranges = {name: _given(name, settings) for name, settings in chosen.items()}
    to_calibrate = {
        name: int(attributes[name].get("axis", -1))
        for name, settings in chosen.items()
        if settings.get("range", RANGES[0]) == "calibrated"
    }
    if to_calibrate:
        if inputs is None:
            raise ValueError("range=calibrated wants --data")
        ranges |= calibrate(model, to_calibrate, inputs)
    return [Insertion(name, attributes[name], ranges[name]) for name in chosen]


def _attributes(settings: Mapping[str, str]) -> dict[str, int | str]:
    return {
        key: int(value) if key in INTEGERS else value for key, value in settings.items() if key in (*INTEGERS, *WORDS)
    }


def _given(name: str, settings: Mapping[str, str]) -> tuple[np.ndarray, np.ndarray] | None:
    """The range that was written. One for all channels is one for the tensor."""
    kind = settings.get("range", RANGES[0])
    if kind not in RANGES:
        raise ValueError(f"range of {name} is {kind}; expected {' or '.join(RANGES)}")
    if "min" not in settings and "max" not in settings:
        return None
    if not {"min", "max"} <= settings.keys() or "range" in settings or int(settings.get("axis", -1)) != -1:
        raise ValueError(f"min and max of {name} go together, and with neither range nor axis")
    return np.array(float(settings["min"])), np.array(float(settings["max"]))


def describe(num_bits: int, cost: Cost) -> str:
    """A width's line or, of several outputs, lines."""
    lines = [
        f"{num_bits:2} bits  {difference.output}: greatest difference {difference.greatest:.4g}, root mean square "
        f"{difference.rms:.4g} of {difference.rms_output:.4g}"
        for difference in cost.differences
    ]
    if cost.accuracy is not None:
        lines.append(f"{num_bits:2} bits  accuracy {cost.accuracy:.2%}, was {cost.accuracy_original:.2%}")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
