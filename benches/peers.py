#!/usr/bin/env python3
"""How long others take for the same work, beside libqdq: TensorFlow, ONNX Runtime, PyTorch.

    cargo build --release
    python3 benches/peers.py --peers tensorflow,onnxruntime --json benches/results/DATE-MACHINE-peers.json

Each peer is installed on first use, in an environment of its own below build/, and measured in processes of its own, with
one thread and with two. libqdq is measured in the same processes, in turn with the peer: quote the ratio of a row, not the
times. README.md beside this file says more. Linux.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from datetime import datetime, timezone
from pathlib import Path

BENCHES = Path(__file__).resolve().parent
ROOT = BENCHES.parent
sys.path.append(str(BENCHES / "peer"))

from layouts import LAYOUTS  # noqa: E402

PINS = {
    "tensorflow": ROOT / "tools" / "golden" / "requirements.txt",
    "onnxruntime": BENCHES / "peer" / "onnxruntime.txt",
    "pytorch": BENCHES / "peer" / "pytorch.txt",
}
THREADS = (1, 2)
BY_NAME = {layout.name: layout for layout in LAYOUTS}
SMALL_BYTES = 1 << 16  # below it a call has a duration rather than a throughput


def main():
    arguments = parse()
    results = {"date": date(), "processor": processor(), "cores": len(os.sched_getaffinity(0))}
    results |= {"samples": arguments.samples, "versions": {}, "rows": []}
    print(f"{results['date']}: {results['processor']}, {results['cores']} cores, medians of {arguments.samples}")
    pythons = {peer: environment(peer) for peer in arguments.peers}
    for peer, python in pythons.items():
        for threads in [count for count in THREADS if count <= results["cores"]]:
            measure(peer, python, threads, arguments, results)
    if arguments.json:
        arguments.json.write_text(render(results), encoding="utf-8")


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", type=peers, default="tensorflow,onnxruntime", help=f"of {','.join(PINS)}")
    parser.add_argument("--library", dest="libqdq", type=Path, default=ROOT / "target" / "release" / "libqdq.so")
    parser.add_argument("--rows", default="", help="only rows whose name contains this")
    parser.add_argument("--samples", type=int, default=7)
    parser.add_argument("--json", type=Path, help="the results, too")
    return parser.parse_args()


def peers(text):
    names = text.split(",")
    for name in names:
        if name not in PINS:
            raise argparse.ArgumentTypeError(f"{name} is none of {', '.join(PINS)}")
    return names


def date():
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def processor():
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def environment(peer):
    """The Python that has the peer."""
    command = [ROOT / "tools" / "venv.sh", PINS[peer], ROOT / "build" / f"{peer}-venv"]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def measure(peer, python, threads, arguments, results):
    """Adds what a process of its own finds, and prints it as it comes."""
    options = [peer, str(threads), str(arguments.libqdq.resolve()), str(arguments.samples), arguments.rows]
    with tempfile.TemporaryFile("w+") as complaints:  # the peers chatter there; it matters if they fail
        command = [python, BENCHES / "peer" / "worker.py", *options]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=complaints, text=True) as child:
            for line in child.stdout:
                take(json.loads(line), threads, results)
        if child.returncode:
            complaints.seek(0)
            sys.exit(f"{complaints.read()}\n{peer}, {threads} threads: exit status {child.returncode}")


def take(line, threads, results):
    if "versions" in line:
        results["versions"] |= line["versions"]
        names = ", ".join(f"{name} {version}" for name, version in line["versions"].items())
        print(f"\n{names}, {threads} thread{'s' if threads > 1 else ''}")
        print(f"{'':36} {'':14} {'peer':>11} {'libqdq':>11} {'ratio':>7}")
        return
    row = {"layout": line.pop("layout"), "bytes": 0} | line
    row["bytes"] = BY_NAME[row["layout"]].moved_bytes
    results["rows"].append(row)
    print(f"{row['layout']:36} {row['peer']:14} {words(row)}", flush=True)


def words(row):
    if "lacks" in row:
        return f"{'-':>11}: {row['lacks']}"
    speeds = (speed(row["bytes"], row[key]) for key in ("seconds", "libqdq_seconds"))
    return " ".join([*speeds, f"{row['ratio']:7.2f}", "equal bits" if row["equal"] else "similar work"])


def speed(moved_bytes, seconds):
    if moved_bytes < SMALL_BYTES:
        return f"{1e6 * seconds:8.2f} us"
    return f"{1e-9 * moved_bytes / seconds:6.2f} GB/s"


def render(results):
    """JSON with a row in a line."""
    head = {key: value for key, value in results.items() if key != "rows"}
    members = [f"  {json.dumps(key)}: {json.dumps(value)}" for key, value in head.items()]
    rows = ",\n".join(f"    {json.dumps(rounded(row))}" for row in results["rows"])
    return "{\n" + ",\n".join([*members, f'  "rows": [\n{rows}\n  ]']) + "\n}\n"


def rounded(row):
    return {key: float(f"{value:.5g}") if isinstance(value, float) else value for key, value in row.items()}


if __name__ == "__main__":
    main()
