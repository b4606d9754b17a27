"""What a change of a model does to its results."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import onnx

from .library import open_session


@dataclass(frozen=True)
class Difference:
    """Of an output: the greatest, the root of the mean square, and that of the output itself."""

    output: str
    greatest: float
    rms: float
    rms_output: float


@dataclass(frozen=True)
class Cost:
    """The differences of the float outputs and, of labelled data, the shares that are answered right."""

    differences: list[Difference]
    accuracy: float | None = None
    accuracy_original: float | None = None


def measure(
    original: onnx.ModelProto,
    quantized: onnx.ModelProto,
    inputs: Mapping[str, np.ndarray],
    labels: np.ndarray | None = None,
) -> Cost:
    """Runs both models. With labels the first output is scores, whose greatest along the last axis is the answer."""
    before, after = _run(original, inputs), _run(quantized, inputs)
    differences = [_difference(name, before[name], after[name]) for name in before if before[name].dtype.kind == "f"]
    if labels is None:
        return Cost(differences)
    scores = next(iter(before))
    return Cost(differences, _accuracy(after[scores], labels), _accuracy(before[scores], labels))


def _run(model: onnx.ModelProto, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    names = [output.name for output in model.graph.output]
    return dict(zip(names, open_session(model).run(names, dict(inputs)), strict=True))


def _difference(name: str, before: np.ndarray, after: np.ndarray) -> Difference:
    before, after = before.astype(np.float64), after.astype(np.float64)
    change = after - before
    return Difference(name, float(np.abs(change).max(initial=0)), _rms(change), _rms(before))


def _rms(values: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(values)))) if values.size else 0.0


def _accuracy(scores: np.ndarray, labels: np.ndarray) -> float:
    return float(np.mean(scores.argmax(axis=-1) == labels))
