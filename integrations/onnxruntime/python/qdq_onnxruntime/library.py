"""The custom-op library, and sessions that have it."""

import platform
from pathlib import Path

import onnx
import onnxruntime

NAME = {"Darwin": "libqdq_onnxruntime.dylib", "Windows": "qdq_onnxruntime.dll"}.get(
    platform.system(), "libqdq_onnxruntime.so"
)


def library_path() -> str:
    """Where the library is, for SessionOptions.register_custom_ops_library."""
    path = Path(__file__).with_name(NAME)
    if not path.exists():
        raise FileNotFoundError(f"{path} is missing: pip install, which builds it, puts it there")
    return str(path)


def open_session(model: onnx.ModelProto) -> onnxruntime.InferenceSession:
    """A session on the processor that knows the operator."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # what is an error is raised, too
    options.register_custom_ops_library(library_path())
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
