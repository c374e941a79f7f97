# SPDX-License-Identifier: Apache-2.0
"""measure.c as a library, which is built below .cache when its source is newer."""
import ctypes
import functools
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RESULTS = {"peak_float": ctypes.c_double, "peak_int8": ctypes.c_double, "fastest_call": ctypes.c_double,
           "sample_stop": ctypes.c_size_t, "time_calls": ctypes.c_size_t}


@functools.cache
def library():
    source, built = ROOT / "bench" / "measure.c", ROOT / ".cache" / "measure.so"
    if not built.exists() or built.stat().st_mtime < source.stat().st_mtime:
        built.parent.mkdir(exist_ok=True)
        subprocess.run(["cc", "-O3", "-Wall", "-Wextra", "-shared", "-fPIC", "-o", built, source], check=True)
    made = ctypes.CDLL(str(built))
    for name, result in RESULTS.items():
        getattr(made, name).restype = result
    return made


def pointer(function):
    """The address of a function of another library."""
    return ctypes.cast(function, ctypes.c_void_p)
