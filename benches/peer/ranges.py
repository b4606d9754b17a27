"""The grid of 8 signed bits that a range gives, for those who want to be told it."""

import numpy as np


def step(lo, hi):
    """Between two neighbouring values of each channel; what ONNX and PyTorch call the scale. In float64."""
    return np.maximum(lo.astype(np.float64) / -128, hi.astype(np.float64) / 127)
