# SPDX-License-Identifier: Apache-2.0
"""The C++ headers: cpp_api.cc is compiled as programs are, by every compiler there is, and run."""
import os
import shutil
import subprocess
from pathlib import Path

import pytest

import made_models

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
LIBRARY = ROOT / "out" / "lib"
COMPILERS = [name for name in ("g++", "clang++") if shutil.which(name)]
WARNINGS = ["-Wall", "-Wextra", "-Werror", "-Wshadow", "-Wnon-virtual-dtor"]
pytestmark = pytest.mark.skipif(not (LIBRARY / "libtensorflowlite_c.so").exists(),
                                reason="no out/lib/libtensorflowlite_c.so: run scripts/build")


def build(source, program, compiler, *options):
    command = [compiler, "-std=c++17", "-O1", "-g", *WARNINGS, f"-I{ROOT}/include/compat", *options, str(source),
               f"-L{LIBRARY}", f"-Wl,-rpath,{LIBRARY}", "-ltensorflowlite_c", "-o", str(program)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return program


@pytest.mark.parametrize("compiler", COMPILERS)
def test_cpp_api(compiler, tmp_path):
    made = made_models.write(tmp_path)
    own = [ROOT / "tests" / "models" / f"{name}.tflite"
           for name in ("digits_classifier_fp32", "signatures_fp32", "dynamic_batch_fp32")]
    program = build(HERE / "cpp_api.cc", tmp_path / "cpp_api", compiler)
    done = subprocess.run([program, *own, *(made[name] for name in ("rnn", "affine", "ones", "words"))], capture_output=True,
                          text=True, timeout=120, env={**os.environ, "LC_ALL": "C"})
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("all as it should be\n") and "Operator FULLY_CONNECTED" in done.stdout


@pytest.mark.parametrize("compiler", COMPILERS)
def test_paths_of_headers(compiler, tmp_path):
    """Both roots and the paths of core, in one program, twice."""
    headers = [path.relative_to(ROOT / "include/compat/tensorflow/lite")
               for path in (ROOT / "include/compat/tensorflow/lite").rglob("*.h")]
    text = "".join(f'#include "{root}/{header}"\n' for root in ("tensorflow/lite", "tflite", "tensorflow/lite")
                   for header in headers)
    (tmp_path / "all.cc").write_text(text + "int main() { return TfLiteVersion()[0] != '2'; }\n")
    program = build(tmp_path / "all.cc", tmp_path / "all", compiler)
    assert subprocess.run([program]).returncode == 0
