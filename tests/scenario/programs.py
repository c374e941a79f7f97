# SPDX-License-Identifier: Apache-2.0
"""Builds the C programs of this folder against a static library of plait, and runs them.

What they are linked with is a variant: release (out/lib), asan, tsan, dev (build/...); the first that is built of those
named in $PLAIT_SCENARIO (default: asan and release), each test runs with all of them.
"""
import os
import subprocess
from pathlib import Path

import pytest

import compiled
import plait_c

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
SHARED = ROOT.parent / "shared"
OWN = ROOT / "tests" / "models"
LONG = os.environ.get("PLAIT_LONG") == "1"
WARNINGS = ["-Wall", "-Wextra", "-Wshadow", "-Wcast-qual", "-Wconversion", "-Wundef", "-Wvla", "-Wstrict-prototypes",
            "-Wmissing-prototypes", "-Wpointer-arith", "-Werror"]
WRAPPED = ["malloc", "calloc", "realloc", "aligned_alloc", "posix_memalign"]
LIBRARIES = {"release": "out/lib/libplait.a", "asan": "build/asan/libplait.a", "tsan": "build/tsan/libplait.a",
             "dev": "build/dev/libplait.a"}
COMPILERS = {"asan": ["gcc", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"],
             "tsan": ["clang", "-fsanitize=thread"]}
# Tests fork while threads run, which ThreadSanitizer refuses unless told.
ENVIRONMENT = {"TSAN_OPTIONS": "halt_on_error=1 die_after_fork=0", "UBSAN_OPTIONS": "print_stacktrace=1"}


# Cannot be planned with the shapes in the file.
NEED_A_SHAPE = {"matrix_band_part-08"}


def variants():
    """Names of the variants to test with."""
    asked = os.environ.get("PLAIT_SCENARIO", "asan release").split()
    return [name for name in asked if (ROOT / LIBRARIES[name]).exists()]


def build(name, variant):
    """The program, compiled of NAME.c, NAME_*.c and scenario*.c unless it is newer than all it is made of."""
    library = ROOT / LIBRARIES[variant]
    sources = [HERE / f"{name}.c", *sorted(HERE.glob(f"{name}_*.c")), *sorted(HERE.glob("scenario*.c"))]
    headers = [HERE / "scenario.h", *HERE.glob(f"{name}_*.h")]
    program = ROOT / "build" / "scenario" / variant / name
    newest = max(path.stat().st_mtime for path in [library, *headers, *sources])
    if program.exists() and program.stat().st_mtime > newest:
        return program
    wrap = "-Wl," + ",".join("--wrap=" + function for function in WRAPPED)
    command = COMPILERS.get(variant, ["gcc"]) + ["-std=gnu11", "-D_GNU_SOURCE", "-O1", "-g"] + WARNINGS + [
        f"-I{ROOT}/include", f"-I{ROOT}/include/compat", f"-I{ROOT}/src", *map(str, sources), str(library), wrap, "-lm", "-lpthread"]
    return compiled.compile_to(program, command)


def run(name, variant, paths, *options, timeout=1200):
    """Runs a program over these models; what it prints is shown when the test fails."""
    if not paths:
        pytest.skip("no models of this kind here")
    command = [str(build(name, variant)), *map(str, options), *map(str, paths)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, env={**os.environ, **ENVIRONMENT})
    print(done.stdout[-4000:])
    assert done.returncode == 0, f"{name} ({variant}) ended with {done.returncode}\n{done.stderr[-6000:]}"
    return done.stdout


def refused(status, call, *needed):
    """The call must fail with this status and a message that holds these words."""
    with pytest.raises(plait_c.PlaitError) as error:
        call()
    assert error.value.status == status, str(error.value)
    for word in needed:
        assert word in error.value.message, error.value.message


def small_models(limit_bytes=200_000):
    """Our own and ../shared's, for slow machinery."""
    paths = sorted(OWN.glob("*.tflite")) + sorted(SHARED.glob("models/tiny/*.tflite"))
    return [path for path in paths if path.stat().st_size <= limit_bytes]


def all_models():
    """Everything plait must run."""
    paths = sorted(OWN.glob("*.tflite")) + sorted(SHARED.glob("models/*/*.tflite")) + \
        sorted(SHARED.glob("zoo/*/*.tflite"))
    return [path for path in paths if path.stem not in ("audio_preprocessor_int8", "keyword_scrambled_8bit")]
