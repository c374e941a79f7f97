# SPDX-License-Identifier: Apache-2.0
"""TensorFlow Lite's C API in the same shared object: ../shared/tools/cabi.py, as it is, runs every model through it."""
import re
import subprocess
import sys

import numpy as np
import pytest

import compare
import models
import oracle
import plait_c

ROOT, TOOL = models.ROOT, models.SHARED / "tools" / "cabi.py"
LIBRARY = ROOT / "out" / "lib" / "libtensorflowlite_c.so"
pytestmark = [pytest.mark.skipif(not TOOL.exists(), reason="../shared is not there"),
              pytest.mark.skipif(not LIBRARY.exists(), reason="no out/lib/libtensorflowlite_c.so: run scripts/build")]


@pytest.fixture(scope="module")
def cabi():
    sys.path.insert(0, str(TOOL.parent))
    return __import__("cabi")


def test_what_headers_declare_is_exported_and_nothing_else():
    bound = set(re.findall(r'\("(TfLite\w+)"', TOOL.read_text()))
    text = "".join(path.read_text() for path in (ROOT / "include" / "compat").rglob("*.h"))
    declared = set(re.findall(r"TFL_CAPI_EXPORT[^;(]*?\b(TfLite\w+)\(", text))
    listed = subprocess.run(["nm", "-D", "--defined-only", str(LIBRARY)], capture_output=True, text=True, check=True)
    exported = set(re.findall(r"\bTfLite\w+", listed.stdout))
    assert len(bound) == 24 and bound <= exported
    assert exported == declared and len(exported) > 200
    assert LIBRARY.resolve() == (ROOT / "out/lib/libplait.so").resolve()


@pytest.mark.parametrize("path", models.model_paths(), ids=models.label)
def test_every_model(cabi, path):
    model = models.read(path)
    inputs = model.random_inputs(0)
    lib = cabi.Lib(str(LIBRARY))
    interpreter = cabi.Interpreter(lib, str(path))
    ours = interpreter.run(inputs)
    if model.integer_only() and len(model.signatures()) < 2:
        for a, b in zip(ours, oracle.answers(path, [(None, inputs)])[0], strict=True):
            assert compare.difference(a, b) is None
    with plait_c.Interpreter() as native:  # the same core: every bit
        loaded = native.load(path, "model")
        native.allocate()
        assert [a.tobytes() for a in ours] == [a.tobytes() for a in loaded(inputs)]
    interpreter.close()


def test_as_a_program():
    paths = [str(path) for path in models.model_paths() if path.stat().st_size < 300_000]
    done = subprocess.run([sys.executable, str(TOOL), "compare", str(LIBRARY), str(LIBRARY), "--seconds", "0.01",
                           *paths], capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()[1:-1]
    assert len(lines) == len(paths), done.stdout
    assert all(re.search(r"  0$", line) for line in lines), done.stdout
    done = subprocess.run([sys.executable, str(TOOL), "memory", str(LIBRARY), *paths], capture_output=True, text=True,
                          timeout=600)
    assert done.returncode == 0 and f'"models": {len(paths)}' in done.stdout, done.stderr


def test_resize(cabi):
    interpreter = cabi.Interpreter(cabi.Lib(str(LIBRARY)), str(models.OWN / "dynamic_batch_fp32.tflite"))
    with np.load(models.OWN / "dynamic_batch_fp32.b3.npz") as stored:
        interpreter.resize(0, stored["in_0"].shape)
        interpreter.allocate()
        assert compare.difference(interpreter.run([stored["in_0"]])[0], stored["ref_0"]) is None
    interpreter.close()


# What TensorFlow Lite's own library cannot do: operators of TensorFlow Lite Micro's, and files that only that takes.
THEIRS_FAILS = {"audio_preprocessor_int8", "keyword_scrambled_8bit", "person_detect"}


@pytest.mark.parametrize("path", sorted((models.SHARED / "models").rglob("*.tflite")), ids=models.label)
def test_beside_tensorflow_lite(path):
    """One process runs a model through both libraries."""
    sys.path[:0] = [str(ROOT / "bench"), str(ROOT / "tests" / "dropin")]
    c_library, capi = __import__("c_library"), __import__("capi")
    if capi.real_library() is None:
        pytest.skip("the wheel pyopen-wakeword, which has TensorFlow Lite's own library, is not installed")
    theirs = LIBRARY if path.stem in THEIRS_FAILS else capi.real_library()
    found = c_library.compare(path, 0.01, LIBRARY, theirs)
    assert isinstance(found, tuple) and np.isfinite(found[2]), found
