"""Prints how many threads came with the runs of a session of two, and its worker's share of the time they took."""

import os
from pathlib import Path

import numpy as np
import onnxruntime
from operator_session import Settings, build, qdq_onnxruntime

from cases import Case
from reference import Attributes

TASKS = Path("/proc/self/task")


def ticks() -> dict[str, int]:
    """The processor time of each thread: fields 14 and 15 of its stat, counted behind its name."""
    times = {}
    for task in TASKS.iterdir():
        fields = (task / "stat").read_text().rpartition(")")[2].split()
        times[task.name] = int(fields[11]) + int(fields[12])
    return times


def main() -> None:
    tensor = np.random.default_rng(5).normal(size=2**22).astype(np.float32)
    model = build(Case(Attributes(), tensor), Settings(shape=list(tensor.shape)))
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 2
    # A worker that waits takes no time.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.register_custom_ops_library(qdq_onnxruntime.library_path())
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    before = ticks()
    for _ in range(150):
        session.run(None, {"x": tensor})
    after = ticks()
    spent = {task: time - before.get(task, 0) for task, time in after.items()}
    own = str(os.getpid())
    others = sum(time for task, time in spent.items() if task != own)
    print(len(after) - len(before), others / max(1, others + spent[own]))


if __name__ == "__main__":
    main()
