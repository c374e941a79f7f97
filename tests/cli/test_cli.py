#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The command line's behaviours: each cases/NAME.sh beside what it must print and return.

A case runs with sh in the root of the repository, with `plait` in its PATH and an empty folder
$TMP. NAME.stdout and NAME.stderr hold what it prints, NAME.exit its exit code; a file that is not
there means nothing, and 0. Where a line says {*}, anything may stand there.

    tests/cli/test_cli.py --renew [NAME...]    writes what is printed now over what does not match
"""
import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
CASES = sorted(path.stem for path in (HERE / "cases").glob("*.sh"))


def program():
    """$PLAIT_PROGRAM, else the first that is built."""
    places = [ROOT / "out/bin/plait", ROOT / "build/release/plait", ROOT / "build/dev/plait"]
    places = [Path(os.environ["PLAIT_PROGRAM"])] if "PLAIT_PROGRAM" in os.environ else places
    for place in places:
        if place.exists():
            return place.resolve()
    pytest.skip("the program is not built")


def run_case(name):
    """What a case prints and returns, with the path of its folder taken out."""
    folder = Path(tempfile.mkdtemp())
    try:
        (folder / "bin").mkdir()
        (folder / "tmp").mkdir()
        (folder / "bin/plait").symlink_to(program())
        environment = {"PATH": f"{folder}/bin:{os.environ['PATH']}", "TMP": f"{folder}/tmp",
                       "LC_ALL": "C.UTF-8", "HOME": str(folder),
                       "PLAIT_CPU": "c"}  # scratch depends on the kernels, and memory reports show it
        environment |= {name: text for name, text in os.environ.items()
                        if name in ("LD_LIBRARY_PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS")}
        done = subprocess.run(["sh", HERE / "cases" / f"{name}.sh"], cwd=ROOT, env=environment,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=120)
        texts = [data.decode(errors="replace").replace(f"{folder}/tmp", "TMP")
                 for data in (done.stdout, done.stderr)]
        code = f"{done.returncode}\n" if done.returncode != 0 else ""
        return {"stdout": texts[0], "stderr": texts[1], "exit": code}
    finally:
        shutil.rmtree(folder)


def expected(name, kind):
    path = HERE / "cases" / f"{name}.{kind}"
    return path.read_text() if path.exists() else ""


def matches(want, got):
    pattern = ".*".join(re.escape(part) for part in want.split("{*}"))
    return re.fullmatch(pattern, got) is not None


def text_matches(want, got):
    wanted, gotten = want.split("\n"), got.split("\n")
    return len(wanted) == len(gotten) and all(map(matches, wanted, gotten))


@pytest.mark.parametrize("name", CASES)
def test_case(name):
    for kind, got in run_case(name).items():
        want = expected(name, kind)
        if not text_matches(want, got):
            assert got == want, f"{name}.{kind}"


def test_mismatch_is_seen():
    assert text_matches("a {*} c\n", "a b [1] c\n")
    assert not text_matches("a {*} c\n", "a b d\n")
    assert not text_matches("a\n", "a\nb\n")


@pytest.mark.parametrize("command", ["run", "inspect", "bench", "fuse", "split", "serve", "health", "top"])
def test_options_are_in_the_manual(command):
    shown = subprocess.run([program(), "help", command], capture_output=True, text=True, check=True)
    manual = (ROOT / "docs/plait.1").read_text().replace("\\", "")
    section = manual.split(f".Ss plait {command}")[1].split(".S")[0]
    options = re.findall(r"^  --?([a-z-]+)", shown.stdout, re.M)
    assert options
    assert [name for name in options if f"Fl -{name}" not in section and f"Fl {name} " not in section] == []


def renew(names):
    for name in names:
        for kind, got in run_case(name).items():
            path = HERE / "cases" / f"{name}.{kind}"
            if text_matches(expected(name, kind), got):
                continue
            print(f"{path.name}: renewed")
            if got == "":
                path.unlink()
            else:
                path.write_text(got)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--renew", action="store_true", required=True)
    parser.add_argument("names", nargs="*", default=CASES)
    renew(parser.parse_args(sys.argv[1:]).names)
