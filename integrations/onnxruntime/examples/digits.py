"""What quantization costs a network that reads handwritten digits, in ONNX Runtime.

Trains a small network on 1,000 of the digits in examples/digits/data, writes it as an ONNX model, and measures on the
other 797 what becomes of it with weights and activations of fewer bits. The model and the data are left in the folder
that is named, for insert-qdq.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from onnx import helper

from qdq_onnxruntime.calibrate import calibrate
from qdq_onnxruntime.graph import Insertion, insert, make_tensor
from qdq_onnxruntime.measure import measure

ROOT = Path(__file__).resolve().parents[3]
DIGITS = ROOT / "examples" / "digits" / "data" / "digits.txt"
PIXELS, HIDDEN, CLASSES = 64, 32, 10
MOST_INK = 16
TRAINING = 1000
WIDTHS = (8, 6, 4, 3, 2)
WEIGHTS, ACTIVATIONS = ("hidden.weight", "output.weight"), ("images", "activations")


@dataclass(frozen=True)
class Digits:
    """Images, a row each, with ink from 0 to 1; and what they show."""

    images: np.ndarray
    labels: np.ndarray

    def part(self, rows: slice) -> "Digits":
        return Digits(self.images[rows], self.labels[rows])


def read_digits() -> Digits:
    lines = [line.split() for line in DIGITS.read_text().splitlines()]
    ink = [[int(pixel, MOST_INK + 1) for pixel in pixels] for _, pixels in lines]
    labels = [int(label) for label, _ in lines]
    return Digits((np.array(ink) / MOST_INK).astype(np.float32), np.array(labels))


def train(digits: Digits, epochs: int = 60, seed: int = 1) -> dict[str, np.ndarray]:
    """Stochastic gradient descent with momentum, on the cross entropy."""
    rng = np.random.default_rng(seed)
    weights = {
        "hidden.weight": rng.normal(0, np.sqrt(2 / PIXELS), (PIXELS, HIDDEN)),
        "hidden.bias": np.zeros(HIDDEN),
        "output.weight": rng.normal(0, np.sqrt(1 / HIDDEN), (HIDDEN, CLASSES)),
        "output.bias": np.zeros(CLASSES),
    }
    speeds = {name: np.zeros_like(values) for name, values in weights.items()}
    for epoch in range(epochs):
        rate = 0.05 * (1 - epoch / epochs)
        for rows in np.array_split(rng.permutation(len(digits.labels)), len(digits.labels) // 25):
            for name, slope in _slopes(weights, digits.images[rows], digits.labels[rows]).items():
                speeds[name] = 0.9 * speeds[name] - rate * slope
                weights[name] = weights[name] + speeds[name]
    return {name: values.astype(np.float32) for name, values in weights.items()}


def _slopes(weights: dict[str, np.ndarray], images: np.ndarray, labels: np.ndarray) -> dict[str, np.ndarray]:
    activations = np.maximum(images @ weights["hidden.weight"] + weights["hidden.bias"], 0)
    scores = activations @ weights["output.weight"] + weights["output.bias"]
    shares = np.exp(scores - scores.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    by_scores = (shares - np.eye(CLASSES)[labels]) / len(labels)
    by_hidden = by_scores @ weights["output.weight"].T * (activations > 0)
    return {
        "hidden.weight": images.T @ by_hidden,
        "hidden.bias": by_hidden.sum(axis=0),
        "output.weight": activations.T @ by_scores,
        "output.bias": by_scores.sum(axis=0),
    }


def build_model(weights: dict[str, np.ndarray]) -> onnx.ModelProto:
    nodes = [
        helper.make_node("Gemm", ["images", "hidden.weight", "hidden.bias"], ["hidden"]),
        helper.make_node("Relu", ["hidden"], ["activations"]),
        helper.make_node("Gemm", ["activations", "output.weight", "output.bias"], ["scores"]),
    ]
    images = helper.make_tensor_value_info("images", onnx.TensorProto.FLOAT, ["count", PIXELS])
    scores = helper.make_tensor_value_info("scores", onnx.TensorProto.FLOAT, ["count", CLASSES])
    constants = [make_tensor(name, values) for name, values in weights.items()]
    graph = helper.make_graph(nodes, "digits", [images], [scores], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    return model


def ways(model: onnx.ModelProto, training: Digits, num_bits: int) -> dict[str, list[Insertion]]:
    """Weights with one range, or one for each column; activations with the range that they have in training."""
    per_tensor = [Insertion(name, {"num_bits": num_bits}) for name in WEIGHTS]
    per_axis = [Insertion(name, {"num_bits": num_bits, "axis": 1}) for name in WEIGHTS]
    ranges = calibrate(model, dict.fromkeys(ACTIVATIONS, -1), {"images": training.images})
    activations = [Insertion(name, {"num_bits": num_bits, "signed_input": 0}, ranges[name]) for name in ACTIVATIONS]
    return {
        "weights": per_tensor,
        "weights, axis 1": per_axis,
        "and activations": per_axis + activations,
    }


def report(model: onnx.ModelProto, training: Digits, test: Digits) -> None:
    inputs = {"images": test.images}
    accuracy = measure(model, model, inputs, test.labels).accuracy
    print(f"float32: {accuracy:.1%} of {len(test.labels)} digits are read right")
    print("bits  " + "".join(f"{name:>18}" for name in ways(model, training, WIDTHS[0])))
    for num_bits in WIDTHS:
        costs = [
            measure(model, insert(model, insertions), inputs, test.labels)
            for insertions in ways(model, training, num_bits).values()
        ]
        print(f"{num_bits:4}  " + "".join(f"{cost.accuracy:18.1%}" for cost in costs))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--folder", type=Path, default=ROOT / "build" / "onnxruntime", help="for the model and the data"
    )
    folder = parser.parse_args().folder
    digits = read_digits()
    training, test = digits.part(slice(TRAINING)), digits.part(slice(TRAINING, None))
    model = build_model(train(training))
    folder.mkdir(parents=True, exist_ok=True)
    onnx.save(model, folder / "digits.onnx")
    np.savez(folder / "digits.npz", images=test.images, labels=test.labels)
    report(model, training, test)


if __name__ == "__main__":
    main()
