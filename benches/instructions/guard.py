"""Counts the library's instructions under callgrind and compares them with the committed table.

    python3 benches/instructions/guard.py --program PATH --library PATH [--accept]

scripts/instructions.sh builds both and starts this. --accept rewrites the table, benches/instructions/<machine>.txt, instead
of comparing.

No clock is read, and nothing else that runs on the machine makes a difference: a count is the same in every run. What does
make one is the compiler, and a little the C library (its memcpy and memset are counted where the library calls them) and
valgrind. The table names the three; with others the comparison is looser.
"""

import argparse
import os
import pathlib
import platform
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

# The sets of kernels that callgrind can run: it knows no AVX-512.
ISAS = {"x86_64": ("avx2", "scalar"), "aarch64": ("neon", "scalar")}

TOLERANCE = 0.03
OTHER_TOOLS_TOLERANCE = 0.15

ACCEPT = "scripts/instructions.sh --accept"

HEADER = """\
# Instructions per element, or of a whole call on 64 elements, counted by callgrind. benches/instructions/guard.py
# compares with these. Never edited: rewritten by {accept}
#
# made with {tools}
#
# Under callgrind every machine has the same processor. What the library asks the C library about its caches is that
# processor's: 32 KB, 256 KB and 8 MB on x86-64. "past the caches" is 16 MB and more, the others 1 MB at most.
"""
TOOLS_LINE = re.compile(r"^# made with (.+)$", re.MULTILINE)
COUNT_LINE = re.compile(r"^(\S+) +(\S.*?) +([0-9.]+) per (element|call)$", re.MULTILINE)

# callgrind's file has a part for each call: its label, and three lines further down what it cost.
PART = re.compile(r"^desc: Trigger: Client Request: (.+): (\d+)\n\npositions: line\nevents: Ir\nsummary: (\d+)$",
                  re.MULTILINE)


class Failure(Exception):
    """What stops the comparison, in a sentence."""


def compiler_of(library):
    """What the compiler wrote into the library about itself."""
    found = re.search(rb"rustc version [^\0]+", library.read_bytes())
    if not found:
        raise Failure(f"{library} does not say which rustc compiled it")
    return found.group().decode()


def tools_of(library):
    """All that changes a count though the library's source is the same."""
    valgrind = subprocess.run(["valgrind", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    return f"{compiler_of(library)}, {' '.join(platform.libc_ver())}, {valgrind}"


def run_callgrind(program, isa):
    """The text of callgrind's file."""
    with tempfile.TemporaryDirectory() as folder:
        output = pathlib.Path(folder, "callgrind.out")
        command = ["valgrind", "--tool=callgrind", "--collect-atstart=no", "--combine-dumps=yes",
                   f"--callgrind-out-file={output}", str(program)]
        # Nothing of the caller's environment: neither options for valgrind nor for the C library.
        environment = {"PATH": os.environ["PATH"], "QDQ_ISA": isa, "LD_BIND_NOW": "1"}
        run = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
        if run.returncode:
            raise Failure(f"the {isa} run under callgrind failed:\n{run.stdout}{run.stderr}")
        return output.read_text()


def per_element(name, measured):
    """Of a case measured in two sizes; what the call costs of itself is in both and drops out."""
    if len(measured) != 2:
        raise Failure(f"{name}: more than one case has this name")
    (elements, count), (more_elements, more_count) = sorted(measured)
    if more_elements == elements or more_count <= count:
        raise Failure(f"{name}: {more_elements} elements took {more_count} instructions, and {elements} took {count}")
    return (more_count - count) / (more_elements - elements)


def counts_of(program, isa):
    """{(isa, name, unit): instructions}"""
    parts = {}
    for name, elements, count in PART.findall(run_callgrind(program, isa)):
        parts.setdefault(name, []).append((int(elements), int(count)))
    if not parts:
        raise Failure(f"the file that callgrind wrote of the {isa} run holds no count")
    counts = {}
    for name, measured in parts.items():
        if len(measured) == 1:
            counts[isa, name, "call"] = float(measured[0][1])
        else:
            counts[isa, name, "element"] = per_element(name, measured)
    return counts


def all_counts(program, isas):
    """All at the same time: they do not disturb each other."""
    with ThreadPoolExecutor() as pool:
        results = list(pool.map(lambda isa: counts_of(program, isa), isas))
    return {key: count for counts in results for key, count in counts.items()}


def number(count, unit):
    return f"{count:.3f}" if unit == "element" else f"{count:.0f}"


def table_text(tools, counts):
    widths = [max(len(key[column]) for key in counts) for column in range(2)]
    lines = [f"{isa:{widths[0]}}  {name:{widths[1]}}  {number(count, unit):>7} per {unit}"
             for (isa, name, unit), count in sorted(counts.items())]
    return HEADER.format(accept=ACCEPT, tools=tools) + "\n" + "\n".join(lines) + "\n"


def read_table(path):
    if not path.exists():
        raise Failure(f"there are no counts of this kind of processor to compare with: make {path} by\n    {ACCEPT}")
    text = path.read_text()
    tools = TOOLS_LINE.search(text)
    counts = {(isa, name, unit): float(count) for isa, name, count, unit in COUNT_LINE.findall(text)}
    if not tools or not counts:
        raise Failure(f"{path} is not a table of counts: rewrite it by\n    {ACCEPT}")
    return tools.group(1), counts


def tolerance_of(tools, table_tools):
    if tools == table_tools:
        return TOLERANCE
    print(f"made with {tools},\nthe table with {table_tools}:\n"
          f"{OTHER_TOOLS_TOLERANCE:.0%} are allowed instead of {TOLERANCE:.0%}")
    return OTHER_TOOLS_TOLERANCE


def difference(key, count, expected, tolerance):
    """What is wrong with a count, or None. `count` is None where the case is gone, `expected` where it is new.

    A fall is wrong like a rise: until the table has it, the next rise of that size would go unseen.
    """
    isa, name, unit = key
    if count is None:
        return f"{isa}, {name}: in the table, but not counted"
    now = f"{isa}, {name}: {number(count, unit)} instructions per {unit}"
    if expected is None:
        return f"{now}, not in the table"
    change = count / expected - 1
    if abs(change) <= tolerance:
        return None
    return f"{now}, in the table {number(expected, unit)}: {abs(change):.1%} {'more' if change > 0 else 'fewer'}"


def compare(path, tools, counts):
    table_tools, table = read_table(path)
    tolerance = tolerance_of(tools, table_tools)
    told = [difference(key, counts.get(key), table.get(key), tolerance) for key in sorted(counts.keys() | table.keys())]
    found = [line for line in told if line]
    if found:
        raise Failure("\n".join(found) + f"\n\nThese are more than {tolerance:.0%} off. Where that is meant and worth it, "
                      f"accept it, and commit the table:\n    {ACCEPT}")
    print(f"{len(counts)} counts are within {tolerance:.0%} of {path.name}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=pathlib.Path, required=True, help="count_instructions")
    parser.add_argument(
        "--library", dest="libqdq", type=pathlib.Path, required=True, help="the libqdq.so that it is linked to"
    )
    parser.add_argument("--accept", action="store_true", help="rewrite the table")
    arguments = parser.parse_args()
    machine = platform.machine()
    path = pathlib.Path(__file__).with_name(f"{machine}.txt")
    try:
        if machine not in ISAS:
            raise Failure(f"no set of kernels is known for {machine}")
        tools = tools_of(arguments.libqdq)
        counts = all_counts(arguments.program.resolve(), ISAS[machine])
        if arguments.accept:
            path.write_text(table_text(tools, counts))
            print(f"{path} has {len(counts)} counts")
        else:
            compare(path, tools, counts)
    except Failure as failure:
        sys.exit(str(failure))


if __name__ == "__main__":
    main()
