"""A Keras model, trained quantization-aware in mixed precision on the digits of examples/digits."""

import conftest
import keras
import numpy as np
import pytest
import tensorflow as tf

DIGITS = conftest.ROOT / "examples" / "digits" / "data" / "digits.txt"
TRAINING = 1000  # images; the other 797 are for the test


def read_digits() -> tuple[np.ndarray, np.ndarray]:
    """Images of 8 x 8 grey values from 0 to 1, a letter for each, and their digits."""
    lines = [line.split() for line in DIGITS.read_text().splitlines()]
    images = [[int(grey, 17) / 16 for grey in image] for _, image in lines]
    return np.array(images, np.float32), np.array([int(digit) for digit, _ in lines])


@keras.saving.register_keras_serializable("qdq")
class QuantizedDense(keras.layers.Dense):
    """Dense with 8-bit inputs in a given range and 4-bit weights, one computed range for each unit."""

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        inputs = tf.quantization.quantize_and_dequantize_v2(inputs, -4, 4, range_given=True)
        kernel = tf.convert_to_tensor(self.kernel)
        self.computed_in = kernel.dtype
        lowest, highest = tf.fill([self.units], kernel.dtype.min), tf.fill([self.units], kernel.dtype.max)
        kernel = tf.quantization.quantize_and_dequantize_v2(
            kernel, lowest, highest, range_given=False, num_bits=4, axis=1, narrow_range=True
        )
        return self.activation(tf.matmul(inputs, kernel) + self.bias)


@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
@pytest.mark.parametrize("run_eagerly", [False, True])
def test_trains(run_eagerly: bool, precision: str) -> None:
    keras.utils.set_random_seed(1)
    images, digits = read_digits()
    policy = keras.mixed_precision.Policy(f"mixed_{precision}")
    layers = [QuantizedDense(32, activation="relu", dtype=policy), QuantizedDense(10, dtype=policy)]
    model = keras.Sequential([keras.Input((64,)), *layers, keras.layers.Activation("linear", dtype="float32")])
    model.compile(
        keras.optimizers.Adam(0.01),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
        run_eagerly=run_eagerly,
    )
    before = [layer.kernel.numpy().copy() for layer in layers]
    epochs = 1 if run_eagerly else 8
    history = model.fit(images[:TRAINING], digits[:TRAINING], batch_size=50, epochs=epochs, verbose=0).history
    assert layers[0].computed_in == tf.as_dtype(precision)
    for layer, kernel in zip(layers, before, strict=True):
        assert np.abs(layer.kernel.numpy() - kernel).max() > 0.01
    if not run_eagerly:
        assert history["loss"][-1] < history["loss"][0] / 2
        _, accuracy = model.evaluate(images[TRAINING:], digits[TRAINING:], verbose=0)
        assert accuracy > 0.85


@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
def test_weights_are_on_the_grid(precision: str) -> None:
    """What the layer multiplies by has at most 15 values in each column."""
    kernel = tf.cast(np.random.default_rng(3).normal(size=(64, 5)), precision)
    quantized = tf.quantization.quantize_and_dequantize_v2(
        kernel, [0] * 5, [0] * 5, range_given=False, num_bits=4, axis=1, narrow_range=True
    )
    for column, original in zip(as_float(quantized).T, as_float(kernel).T, strict=True):
        step = np.abs(original).max() / 7
        assert len(np.unique(original)) > 15 >= len(np.unique(column)) > 1
        assert np.abs(column / step - np.rint(column / step)).max() < 0.05


def as_float(tensor: tf.Tensor) -> np.ndarray:
    return tf.cast(tensor, tf.float32).numpy()
