"""The example of docs/onnxruntime.md does what it says."""

import re

from operator_session import ROOT


def test_the_example(capsys):
    text = (ROOT / "docs" / "onnxruntime.md").read_text()
    (example,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    (promised,) = re.findall(r"print\(.*\)  # (.*)", example)
    exec(compile(example, "docs/onnxruntime.md", "exec"), {})
    assert capsys.readouterr().out.strip() == promised
