"""libqdq's QuantizeAndDequantize in ONNX Runtime.

A session knows the operator once its options have the library::

    options.register_custom_ops_library(qdq_onnxruntime.library_path())
"""

from .library import library_path
from .node import DOMAIN, OPERATOR, import_domain, make_node

__all__ = ["DOMAIN", "OPERATOR", "import_domain", "library_path", "make_node"]
