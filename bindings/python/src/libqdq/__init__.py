"""TensorFlow's quantize_and_dequantize_v4 (fake quantization) and its gradient, bit for bit, on any CPU tensor.

Tensors are numpy arrays (``ml_dtypes.bfloat16`` too), PyTorch, TensorFlow and JAX tensors on the CPU, and whatever
else speaks DLPack or the buffer protocol. They are read and written where they are, with the strides they have;
results are of the caller's own type. ``libqdq.torch`` has the operation for training and ``torch.compile``.
"""

from ._library import isa, version
from ._operation import quantize_and_dequantize, quantize_and_dequantize_grad, range_update
from ._quantizer import Quantizer
from ._status import QdqError, Status

__all__ = [
    "QdqError",
    "Quantizer",
    "Status",
    "isa",
    "quantize_and_dequantize",
    "quantize_and_dequantize_grad",
    "range_update",
    "version",
]
