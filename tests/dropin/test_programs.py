# SPDX-License-Identifier: Apache-2.0
"""Programs as users of TensorFlow Lite's C++ API have them (programs/): they compile without a warning and say what
LiteRT says of the same models."""
import struct
import subprocess

import numpy as np
import pytest
from ai_edge_litert import interpreter as litert

import made_models
from test_cpp import COMPILERS, HERE, ROOT, build, pytestmark  # noqa: F401

MODELS = ROOT / "tests" / "models"


@pytest.fixture(params=COMPILERS)
def run(request, tmp_path):
    """run(name, arguments...): what the program prints on stdout, and on stderr."""
    def compiled(name, *arguments):
        program = build(HERE / "programs" / f"{name}.cc", tmp_path / name, request.param)
        done = subprocess.run([program, *map(str, arguments)], capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout, done.stderr
    return compiled


def expected(path, *arrays):
    """LiteRT's answers."""
    made = litert.Interpreter(str(path), experimental_op_resolver_type=litert.OpResolverType.BUILTIN_REF)
    made.allocate_tensors()
    for detail, array in zip(made.get_input_details(), arrays):
        made.set_tensor(detail["index"], array)
    made.invoke()
    return [made.get_tensor(detail["index"]) for detail in made.get_output_details()], made.get_output_details()


def bmp(gray):
    """A picture of one byte per pixel, from below, rows padded to 4 bytes."""
    height, width = gray.shape
    rows = b"".join(row.tobytes() + bytes(-width % 4) for row in gray[::-1])
    head = struct.pack("<2sIHHI", b"BM", 54 + len(rows), 0, 0, 54)
    return head + struct.pack("<IiiHHIIiiII", 40, width, height, 1, 8, 0, len(rows), 0, 0, 0, 0) + rows


def test_classify_picture(run, tmp_path):
    gray = np.load(ROOT / "examples" / "digits.npy").reshape(-1, 8, 8)[3]
    gray = (gray.astype(np.float64) - gray.min()) / np.ptp(gray.astype(np.float64)) * 255
    gray = gray.astype(np.uint8)
    model = MODELS / "digits_whole_int8.tflite"
    (tmp_path / "digit.bmp").write_bytes(bmp(gray))
    (tmp_path / "labels.txt").write_text("".join(f"digit {k}\n" for k in range(10)))
    told, verbose = run("classify_picture", "-m", model, "-i", tmp_path / "digit.bmp", "-l", tmp_path / "labels.txt",
                        "-t", 2, "-c", 3, "-v")
    detail = litert.Interpreter(str(model)).get_input_details()[0]
    scale, zero = detail["quantization"]
    real = gray.astype(np.float32) / np.float32(255) / np.float32(scale) + np.float32(zero)
    fed = np.clip(real, -128, 127).astype(np.int8).reshape(detail["shape"])
    (scores,), (output,) = expected(model, fed)
    real = (scores[0].astype(np.int32) - output["quantization"][1]) * np.float32(output["quantization"][0])
    best = [k for k in np.argsort(-real, kind="stable") if real[k] >= 0.001][:3]
    lines = [line for line in told.splitlines() if ": " in line and "digit" in line and not line.startswith("Tensor")]
    assert sorted(int(line.split()[1]) for line in lines) == sorted(int(k) for k in best)
    assert f"digit {best[0]}" in lines[0]
    assert float(lines[0].split(":")[0]) == pytest.approx(float(real[best[0]]), abs=1e-5)
    assert "CONV_2D" in verbose or "FULLY_CONNECTED" in verbose
    assert f"input(0) name: {detail['name']}" in verbose


def test_two_interpreters(run):
    paths = [MODELS / f"digits_{name}_int8.tflite" for name in ("features", "whole")]
    told, _ = run("two_interpreters", *paths)
    lines = [line.split() for line in told.splitlines() if line.startswith(("first", "second"))]
    assert len(lines) == 4 and lines[:2] == lines[2:]
    for (_, name, size, found), path in zip(lines, paths):
        shape = litert.Interpreter(str(path)).get_input_details()[0]["shape"]
        (answer,), (detail,) = expected(path, np.zeros(shape, np.int8))
        total = 0
        for byte in answer.tobytes():
            total = (total * 31 + byte) % 2**32
        assert (name, int(size), int(found)) == (detail["name"], answer.nbytes, total)


def test_own_operator(run, tmp_path):
    made = made_models.write(tmp_path)
    told, _ = run("own_operator", made["affine"])
    assert told == "0 0 1 3 | Affine takes 2 dimensions, found 3 | 1 3 5 7 9 11\n"


def test_signatures_and_strings(run, tmp_path):
    made = tmp_path / "strings.tflite"
    made.write_bytes(made_models.texts())
    path = MODELS / "signatures_fp32.tflite"
    *lines, strings = run("signatures_and_strings", path, made)[0].splitlines()
    assert strings == "[one][][three words here]"
    told = {tuple(line.split()[:2]): float(line.split()[-1]) for line in lines}
    interpreter = litert.Interpreter(str(path))
    for key in interpreter.get_signature_list():
        runner = interpreter.get_signature_runner(key)
        fed = {name: (np.arange(np.prod(detail["shape"])) % 7 * 0.25).astype(np.float32).reshape(detail["shape"])
               for name, detail in runner.get_input_details().items()}
        for name, value in runner(**fed).items():
            assert told.pop((key, name)) == pytest.approx(float(value.sum(dtype=np.float64)), abs=2e-3)
    assert not told
