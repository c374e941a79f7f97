# SPDX-License-Identifier: Apache-2.0
"""Programs in C that tests build against build/asan, with its compiler and its sanitizers."""
from pathlib import Path

import pytest

import compiled

ROOT = Path(__file__).resolve().parents[2]
LIBRARY = ROOT / "build" / "asan" / "libplait.a"


def build(*sources):
    """The program, named after the first source. Sources see src/, include/ and tests/mutate. Skips without build/asan."""
    if not LIBRARY.exists():
        pytest.skip("build/asan is not built")
    program = ROOT / "build" / "mutate" / sources[0].stem
    cache = (ROOT / "build" / "asan" / "CMakeCache.txt").read_text(encoding="utf-8")
    compiler = next(line.split("=", 1)[1] for line in cache.splitlines() if line.startswith("CMAKE_C_COMPILER:"))
    folders = [f"-I{ROOT / folder}" for folder in ("src", "include", "tests/mutate")]
    return compiled.compile_to(program, [compiler, "-std=gnu11", "-g", "-O1", "-Wall", "-Wextra", "-Werror", "-fsanitize=address,undefined",
                                         "-fno-sanitize-recover=all", *folders, *sources, LIBRARY, "-lm", "-lpthread"])
