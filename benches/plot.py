#!/usr/bin/env python3
"""Draws docs/images/throughput.svg and peers.svg from the measurements that are kept in benches/results/.

    python3 benches/plot.py            draws them
    python3 benches/plot.py --check    compares them with what would be drawn; exit status 1 if they differ

The latest counts: the latest sweep of qdq-bench, and of peers.py the latest row of each layout and peer. The same results
give the same bytes on every machine. Needs nothing but Python's standard library.
"""

import argparse
import json
import math
import sys
from datetime import datetime
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benches" / "results"
IMAGES = ROOT / "docs" / "images"
sys.path.append(str(ROOT / "tools" / "plots"))

from svg import BLUE, GREY, INK, LINE, SHADE, Figure, Plot  # noqa: E402

WIDTH = 720
SAME, SIMILAR = "#8b949e", "#c6ccd2"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; fail if a file would change")
    arguments = parser.parse_args()

    results = sorted(map(load, RESULTS.glob("*.json")), key=lambda result: result["date"])
    sweeps = [result for result in results if any(isa["sweep"] for isa in result.get("isas", ()))]
    beside = [result for result in results if "versions" in result]
    files = {"throughput.svg": throughput(sweeps[-1]), "peers.svg": peers(beside)}

    stale = [name for name, text in files.items() if not is_there(IMAGES / name, text)]
    for name in stale:
        if arguments.check:
            print(f"docs/images/{name} differs: run benches/plot.py", file=sys.stderr)
        else:
            (IMAGES / name).write_bytes(files[name].encode())
    sys.exit(1 if arguments.check and stale else 0)


def load(path):
    return json.loads(path.read_text(encoding="utf-8"))


def is_there(path, text):
    return path.exists() and path.read_bytes() == text.encode()


def day(result):
    return datetime.strptime(result["date"][:10], "%Y-%m-%d").strftime("%-d %b %Y")


# Throughput against size. Both axes are powers of two: of bytes, and of bytes in a nanosecond.

PANELS = [
    ("float32 given", "float32, given range"),
    ("float32 computed", "float32, computed range: two reads"),
    ("half given", "half, given range"),
    ("bfloat16 given", "bfloat16, given range"),
]
WIDEST_FIRST = ["avx512", "avx2", "neon", "scalar"]
CACHES = ["L1", "L2", "L3"]
SIZES = [(12, "4 KB"), (16, "64 KB"), (20, "1 MB"), (24, "16 MB"), (28, "256 MB")]
RATES = [(power, str(2**power)) for power in range(3, 10)]
SIZE_LIMITS, RATE_LIMITS = (11.6, 29.4), (2.8, 9.7)


def throughput(result):
    isa = min(result["isas"], key=lambda isa: WIDEST_FIRST.index(isa["isa"]))
    figure = Figure(
        WIDTH,
        592,
        "Throughput against size",
        "Bytes read and written in a second by libqdq, and by the fastest copy of as many bytes, for tensors of 4 KB "
        "to 512 MB.",
    )
    for x, color, width, text in [(62, BLUE, 2.6, "libqdq"), (146, GREY, 1.4, "the fastest copy of as many bytes")]:
        figure.line(x, 30, x + 24, 30, color, width)
        figure.text(x + 31, 34, text, color=INK)
    for index, (series, title) in enumerate(PANELS):
        sweep = [point for point in isa["sweep"] if point["series"] == series]
        plot = Plot(figure, 62 + index % 2 * 340, 90 + index // 2 * 242, 298, 172, SIZE_LIMITS, RATE_LIMITS)
        plot.title(title, f"{share(sweep, 2**18)} of the copy at 256 KB, {share(sweep, 2**28)} at 256 MB")
        panel(plot, sweep, result["caches"], index)
    figure.caption(
        f"libqdq {isa['version']} ({isa['isa']}), {result['processor']}, one thread, medians of {result['samples']}, "
        f"{day(result)}; L1, L2, L3: input and output fill it"
    )
    return figure.render()


def share(sweep, size):
    [point] = [point for point in sweep if point["bytes"] == size]
    return f"{point['copy_seconds'] / point['seconds']:.2f}"


def panel(plot, sweep, caches, index):
    copy, ours = curve(sweep, "copy_seconds"), curve(sweep, "seconds")
    area(plot, copy)
    plot.axes(SIZES, RATES, "size of the tensor" if index > 1 else "", "" if index % 2 else "GB/s, read and written")
    for name, size in zip(CACHES, caches):
        x = math.log2(size / 2)  # the other half is the output's
        plot.line([(x, RATE_LIMITS[0]), (x, RATE_LIMITS[1])], GREY, 1, "1.5 3.5")
        plot.text(x - 0.15, RATE_LIMITS[1] - 0.55, name, "end", size=10)
    plot.line(copy, GREY, 1.4)
    plot.line(ours, BLUE, 2.6)


def curve(sweep, key):
    return [(math.log2(point["bytes"]), math.log2(2e-9 * point["bytes"] / point[key])) for point in sweep]


def area(plot, points):
    """What lies below a curve."""
    bottom = [(points[-1][0], RATE_LIMITS[0]), (points[0][0], RATE_LIMITS[0])]
    corners = " ".join(f"{plot.x(x):.2f},{plot.y(y):.2f}" for x, y in points + bottom)
    plot.figure.add(f'<polygon points="{corners}" fill="{SHADE}"/>')


# Beside the peers.

PEERS = {"TensorFlow": SAME, "TensorFlow XLA": SAME, "ONNX Runtime": SIMILAR, "PyTorch": SIMILAR}
KINDS = ("given", "computed")
GROUPS = [  # an element type, a shape, and the layouts of the columns
    ("float32", "64 MB, one range", [f"float32 2^24 {kind}" for kind in KINDS]),
    ("float32", "4 MB, one range", [f"float32 2^20 {kind}" for kind in KINDS]),
    ("float32", "4096\u00d74096, axis 0", [f"float32 4096x4096 axis 0 {kind}" for kind in KINDS]),
    ("float32", "4096\u00d74096, axis 1", [f"float32 4096x4096 axis 1 {kind}" for kind in KINDS]),
    ("float32", "32\u00d756\u00d756\u00d764, axis 3", [f"float32 32x56x56x64 axis 3 {kind}" for kind in KINDS]),
    ("float32", "32\u00d764\u00d756\u00d756, axis 1", [f"float32 32x64x56x56 axis 1 {kind}" for kind in KINDS]),
    ("half", "32 MB, one range", [f"half 2^24 {kind}" for kind in KINDS]),
    ("bfloat16", "32 MB, one range", [f"bfloat16 2^24 {kind}" for kind in KINDS]),
    ("float32", "64 elements, from Python", [f"float32 64 {kind}" for kind in KINDS]),
    ("float32, gradient", "64 MB, one range", ["float32 2^24 gradient"]),
]
COLUMNS = [(262, "given range"), (488, "computed range")]
TITLES, NAMES, TOP = 20, 254, 104
GROUP, STEP, BAR = 76, 12.5, 9  # the distance of groups and of bars, the height of a bar
FULL = 142  # the length of libqdq's bars


def peers(results):
    rows = one_thread(results)
    used = [result for result in results if any(row in rows.values() for row in result["rows"])]
    figure = Figure(
        WIDTH,
        TOP + len(GROUPS) * GROUP + 10 + 14 * len(used),
        "libqdq beside TensorFlow, ONNX Runtime and PyTorch",
        "For each kind of work the speed of each as a part of libqdq's, and how many times as long it takes.",
    )
    key(figure)
    for index, group in enumerate(GROUPS):
        draw_group(figure, TOP + index * GROUP, rows, *group)
    for line, result in enumerate(reversed(used)):
        figure.text(WIDTH / 2, figure.height - 12 - 14 * line, source(result), "middle", size=11)
    return figure.render()


def key(figure):
    figure.text(TITLES, 30, "Speed on one thread", color=INK, size=14, weight="600")
    figure.text(TITLES + 152, 30, "a longer bar is faster; 2\u00d7 takes twice as long as libqdq")
    for x, color, text in [
        (TITLES, BLUE, "libqdq"),
        (TITLES + 76, SAME, "the same operation"),
        (TITLES + 216, SIMILAR, "similar work: to 8 bits and back"),
    ]:
        bar(figure, x, 52, 14, color)
        figure.text(x + 20, 52, text)
    for left, text in COLUMNS:
        figure.text(left, 84, text, color=INK, weight="600")


def one_thread(results):
    """The latest row of each layout and peer."""
    rows = (row for result in results for row in result["rows"] if row["threads"] == 1)
    return {(row["layout"], row["peer"]): row for row in rows}


def source(result):
    names = ", ".join(f"{name} {version}" for name, version in result["versions"].items())
    return f"{names}: {result['processor']}, medians of {result['samples']}, {day(result)}"


def draw_group(figure, top, rows, dtype, shape, layouts):
    figure.line(TITLES, top - 12, WIDTH - TITLES, top - 12, LINE)
    figure.text(TITLES, top + 4, dtype, color=INK, weight="600")
    figure.text(TITLES, top + 20, shape)
    for index, name in enumerate(["libqdq", *PEERS]):
        figure.text(NAMES, top + 4 + STEP * index, name, "end", GREY if index else INK, 11)
    for (left, _), layout in zip(COLUMNS, layouts):
        draw_bars(figure, left, top + 4, [rows.get((layout, peer)) for peer in PEERS])


def draw_bars(figure, left, top, rows):
    """libqdq's bar and below it one for each row; None for a peer that was not asked."""
    measured = [row for row in rows if row and "lacks" not in row]
    ours = median(row["libqdq_seconds"] for row in measured)
    labelled(figure, left, top, BLUE, 1, speed(measured[0]["bytes"], ours))
    for index, (row, color) in enumerate(zip(rows, PEERS.values())):
        y = top + STEP * (index + 1)
        if row in measured:
            labelled(figure, left, y, color, 1 / row["ratio"], times(row["ratio"]))
        else:
            labelled(figure, left, y, color, 0, row["lacks"] if row else "not measured")
    figure.line(left, top - BAR - 1, left, top + STEP * len(rows) + 3, GREY)


def labelled(figure, left, y, color, length, text):
    bar(figure, left, y, length * FULL, color)
    figure.text(left + length * FULL + 5, y, text, size=11)


def bar(figure, x, baseline, width, color):
    figure.add(f'<rect x="{x:g}" y="{baseline - BAR + 0.5:g}" width="{width:.2f}" height="{BAR}" fill="{color}"/>')


def speed(moved, seconds):
    return f"{1e-9 * moved / seconds:.0f} GB/s" if moved > 65536 else f"{1e6 * seconds:.1f} \u00b5s"


def times(ratio):
    return f"{ratio:.0f}\u00d7" if ratio >= 10 else f"{ratio:.1f}\u00d7"


if __name__ == "__main__":
    main()
