"""Which versions of ONNX Runtime take the library."""

import onnxruntime
import pytest
from onnxruntime.capi.onnxruntime_pybind11_state import Fail

import qdq_onnxruntime

VERSION = tuple(int(number) for number in onnxruntime.__version__.split(".")[:2])


@pytest.mark.skipif(VERSION >= (1, 17), reason="new enough")
def test_a_version_that_is_too_old_is_told_so():
    options = onnxruntime.SessionOptions()
    with pytest.raises(Fail, match="qdq: this runtime is too old; expected ONNX Runtime 1.17 or newer"):
        options.register_custom_ops_library(qdq_onnxruntime.library_path())


@pytest.mark.skipif(VERSION < (1, 17), reason="too old")
def test_options_may_be_many():
    for _ in range(3):
        options = onnxruntime.SessionOptions()
        options.register_custom_ops_library(qdq_onnxruntime.library_path())
