# SPDX-License-Identifier: Apache-2.0
"""The examples in C and C++: each is compiled by every compiler there is, without a warning, and says what it should."""
import functools
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES, OUT = ROOT / "examples", ROOT / "out"
COMPILERS = {".c": ["gcc", "clang"], ".cc": ["g++", "clang++"]}
WARNINGS = ["-Wall", "-Wextra", "-Wshadow", "-Werror"]
ORDER = ["one_model", "two_models", "chain", "model_manager", "many_models"]
SOURCES = [EXAMPLES / folder / (name + suffix) for folder, suffix in (("c", ".c"), ("cpp", ".cc")) for name in ORDER]
pytestmark = pytest.mark.skipif(not (OUT / "lib" / "libtensorflowlite_c.so").exists(),
                                reason="no out/lib/libtensorflowlite_c.so: run scripts/build")

OWN, STRANGE = r"0\.[0-3]\d", r"(?:0\.[4-9]\d|[1-9]\d*\.\d\d)"
TELLS = {  # what it prints, a pattern per line
    "one_model": [f"machine 0: its own sound is strange by {OWN}, that of machine 1 by {STRANGE}"],
    "two_models": [f"detector 0, machine 0: {OWN}", f"detector 0, machine 1: {STRANGE}",
                   f"detector 1, machine 0: {STRANGE}", f"detector 1, machine 1: {OWN}"],
    "chain": [r"4[2-5]\d of 450 digits are right"],
    "model_manager": [f"pump +{OWN} .*", f"fan +{STRANGE} +{OWN} .*", f"mill .* {OWN} +{STRANGE}",
                      "the fan is gone, a press has come", f"pump +{OWN} .*", f"mill .* {OWN} +{STRANGE}",
                      f"press .* {STRANGE} +{OWN}"]}


@functools.cache
def run(source, compiler):
    """What an example prints."""
    with tempfile.TemporaryDirectory() as folder:
        return build_and_run(source, compiler, Path(folder) / source.stem)


def build_and_run(source, compiler, program):
    standard = "-std=c++17" if source.suffix == ".cc" else "-std=c11"
    command = [compiler, standard, "-O1", *WARNINGS, str(source), f"-I{ROOT}/include", f"-I{ROOT}/include/compat",
               f"-L{OUT}/lib", f"-Wl,-rpath,{OUT}/lib", "-ltensorflowlite_c", "-lplait", "-lm", "-o", str(program)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    done = subprocess.run([program, EXAMPLES], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_all_are_known():
    assert sorted(SOURCES) == sorted(path for path in EXAMPLES.rglob("*") if path.suffix in COMPILERS)


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: str(source.relative_to(EXAMPLES)))
def test_example(source):
    compilers = [name for name in COMPILERS[source.suffix] if shutil.which(name)]
    assert compilers
    told = {run(source, compiler) for compiler in compilers}
    assert len(told) == 1
    lines = told.pop().splitlines()
    if source.stem == "many_models":
        numbers = [int(number) for number in re.findall(r"\d+", lines[-1])]
        assert source.suffix == ".c" or numbers[1] < numbers[2] and numbers[3] < numbers[4]
        return
    assert len(lines) == len(TELLS[source.stem])
    for line, pattern in zip(lines, TELLS[source.stem]):
        assert re.fullmatch(pattern, line), line


@pytest.mark.parametrize("name", ["one_model", "two_models", "chain", "model_manager"])
def test_both_languages_tell_the_same(name):
    assert run(EXAMPLES / "c" / f"{name}.c", "gcc") == run(EXAMPLES / "cpp" / f"{name}.cc", "g++")
