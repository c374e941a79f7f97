# SPDX-License-Identifier: Apache-2.0
"""Thousands of broken models: each is refused with a message that says where, or runs; nothing
crashes or hangs.

Under AddressSanitizer and UndefinedBehaviorSanitizer (build/asan); 28,000 files with PLAIT_LONG=1.
"""
import os
import subprocess
from pathlib import Path

import pytest

import asan_program

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
MODELS = sorted((ROOT / "tests" / "models").glob("*.tflite"))
LONG = os.environ.get("PLAIT_LONG") == "1"
COUNT = 28000 if LONG else 2000


@pytest.fixture(scope="module")
def program():
    return asan_program.build(HERE / "mutate_run.c", HERE / "mutator.c")


def run(program, tmp_path, *arguments):
    return subprocess.run([program, "--keep", tmp_path, *arguments], capture_output=True,
                          text=True, check=False)


def test_broken_models(program, tmp_path):
    assert len(MODELS) >= 10
    done = run(program, tmp_path, "--count", str(COUNT), *MODELS)
    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr[-4000:]
    assert "0 crashes, 0 bad messages" in done.stdout


def test_what_is_broken_is_mostly_refused(program, tmp_path):
    """The mutator would prove nothing if what it makes were still good."""
    model = ROOT / "tests" / "models" / "digits_whole_int8.tflite"
    done = run(program, tmp_path, "--count", "300", "--seed", "2", model)
    refused = int(done.stdout.split(" refused by load")[0].split()[-1])
    assert done.returncode == 0, done.stdout + done.stderr[-4000:]
    assert refused > 100, done.stdout
