# SPDX-License-Identifier: Apache-2.0
"""Broken pipeline files, under sanitizers: each is refused with its place and leaves nothing, or runs. 5,000 with
PLAIT_LONG=1."""
import re
import subprocess

import pytest

import asan_program
from test_mutate import HERE, LONG, ROOT

FILES = sorted((HERE / "pipelines").glob("*.json"))
COUNT = 5000 if LONG else 600


@pytest.fixture(scope="module")
def program():
    return asan_program.build(HERE / "mutate_pipeline.c")


def test_broken_pipelines(program):
    done = subprocess.run([program, "--count", str(COUNT), ROOT / "tests" / "models", *FILES], capture_output=True, text=True,
                          check=False)
    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr[-4000:]
    refused, ran = (int(re.search(rf"(\d+) {word}", done.stdout)[1]) for word in ("refused", "ran"))
    assert refused > COUNT / 2 and ran > COUNT / 50  # some of both, or the mutations prove nothing


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_what_is_broken_is_good(program, path):
    done = subprocess.run([program, "--count", "1", ROOT / "tests" / "models", path], capture_output=True, text=True, check=False)
    assert " 1 ran, " in done.stdout, done.stdout + done.stderr
