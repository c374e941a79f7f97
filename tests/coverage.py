# SPDX-License-Identifier: Apache-2.0
"""Line coverage of src/ops and src/kernels/c under the operator tests, of the build that scripts/coverage makes.

Exit code 1 if less than 95 % of the lines were run.
"""
import argparse
import collections
import gzip
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BUILD = ROOT / "build" / "coverage"
FOLDERS = ("src/ops/", "src/kernels/c/")
WANTED = 95.0
RUNS = {
    "optests": ["tests/conformance/optests.py"],
    "graphs": ["tests/graphs/run.py", "--count", "1500"],
    "conformance": ["-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/conformance",
                    "--ignore=tests/conformance/test_models.py", "--ignore=tests/conformance/test_optests.py"],
}


def count(names):
    environment = dict(os.environ, PLAIT_LIB=str(BUILD / "libplait.so"), PLAIT_CPU="c")
    for name in names:
        print(f"-- {name}", flush=True)
        subprocess.run([sys.executable, *RUNS[name]], cwd=ROOT, env=environment, check=False)


def lines():
    """{file: {line: how often it ran}} of everything that was counted, over all objects."""
    found = collections.defaultdict(collections.Counter)
    notes = [str(path) for path in sorted((BUILD / "CMakeFiles" / "plait_objects.dir").rglob("*.gcno"))
             if str(path.relative_to(BUILD / "CMakeFiles" / "plait_objects.dir")).startswith(FOLDERS)]
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["gcov", "--json-format", "--hash-filenames", *notes], cwd=folder, check=True, capture_output=True)
        for report in Path(folder).glob("*.gcov.json.gz"):
            for file in json.loads(gzip.decompress(report.read_bytes()))["files"]:
                path = os.path.relpath(os.path.join(ROOT, file["file"]), ROOT)
                if path.startswith(FOLDERS):
                    for line in file["lines"]:
                        found[path][line["line_number"]] += line["count"]
    return found


def spans(numbers):
    """[1, 2, 3, 7] as "1-3 7"."""
    parts = []
    for number in numbers:
        if parts and number == parts[-1][1] + 1:
            parts[-1][1] = number
        else:
            parts.append([number, number])
    return " ".join(str(a) if a == b else f"{a}-{b}" for a, b in parts)


def report(show_lines):
    total, run = collections.Counter(), collections.Counter()
    for path, counts in sorted(lines().items()):
        missed = sorted(line for line, often in counts.items() if not often)
        folder = next(folder for folder in FOLDERS if path.startswith(folder))
        total[folder] += len(counts)
        run[folder] += len(counts) - len(missed)
        print(f"{100 - 100 * len(missed) / len(counts):6.1f} %  {len(counts):5d}  {path}"
              + (f"  {spans(missed)}" if show_lines and missed else ""))
    good = True
    for folder in FOLDERS:
        share = 100 * run[folder] / total[folder]
        good = good and share >= WANTED
        print(f"{share:6.1f} %  {total[folder]:5d}  {folder}")
    return good


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="*", help=f"of {', '.join(RUNS)}; none: all")
    parser.add_argument("--again", action="store_true", help="add to what was counted before")
    parser.add_argument("--report", action="store_true", help="run nothing: only say what was counted before")
    parser.add_argument("--lines", action="store_true", help="the lines that were not run")
    asked = parser.parse_args()
    if not asked.again and not asked.report:
        for path in BUILD.rglob("*.gcda"):
            path.unlink()
    if not asked.report:
        count(asked.runs or RUNS)
    return 0 if report(asked.lines) else 1


if __name__ == "__main__":
    sys.exit(main())
