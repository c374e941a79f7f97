# SPDX-License-Identifier: Apache-2.0
"""What `plait inspect --memory` says of models and pipelines is what they take: within 3 % and 256 kB of the private memory that
loading them and running them once adds to a process."""
import json
import subprocess
import sys

import pytest

import programs
from programs import OWN, ROOT, SHARED

sys.path.append(str(ROOT / "tests" / "cli"))
import test_cli  # noqa: E402

WARM = OWN / "digits_whole_int8.tflite"
PIPELINES = [ROOT / "examples" / "pipelines" / name / "pipeline.json" for name in ("three_heads", "digits", "anomaly")]
MODELS = sorted(OWN.glob("*.tflite")) + sorted(SHARED.glob("models/*/*.tflite"))


def within(predicted, measured):
    return abs(predicted - measured) <= 0.03 * measured + 256_000


def told(path):
    """As the command line says it, in an interpreter that has nothing else."""
    done = subprocess.run([test_cli.program(), "inspect", "--memory", "--json", path], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)["memory"]["together"]["total_bytes"]


def test_predicted_is_what_is_taken():
    if "release" not in programs.variants():
        pytest.skip("needs a release build: scripts/build")
    lines = programs.run("predicted", "release", [WARM, *MODELS, *PIPELINES]).splitlines()
    measured = {path: (int(predicted), int(taken)) for path, predicted, taken in (line.rsplit(" ", 2) for line in lines)}
    assert len(measured) == len(MODELS) + len(PIPELINES)
    wrong = {path: both for path, both in measured.items() if not within(*both)}
    assert not wrong
    for path in [*PIPELINES, *sorted(MODELS, key=lambda path: -path.stat().st_size)[:6]]:
        assert within(told(path), measured[str(path)][1]), path
    assert not within(1_300_000, 1_000_000) and not within(10_000_000, 10_700_000)  # it can fail
