# SPDX-License-Identifier: Apache-2.0
"""Broken models are fused and split under sanitizers: a clear refusal, or files that LiteRT takes. 5,000 with
PLAIT_LONG=1."""
import subprocess
import sys
from pathlib import Path

import pytest

import asan_program
import fusing
import models

HERE = Path(__file__).resolve().parent
ROOT = models.ROOT
MUTATE = ROOT / "tests" / "mutate"
GOOD = models.OWN / "control_if_fp32.tflite"
COUNT = 5000 if fusing.LONG else 400


@pytest.fixture(scope="module")
def program():
    return asan_program.build(HERE / "mutate_fuse.c", MUTATE / "mutator.c")


def verdicts(paths):
    """{path: "good", "refused ..." or "crashed"}"""
    found, waiting = {}, [str(path) for path in paths]
    while waiting:
        done = subprocess.run([sys.executable, HERE / "verdicts.py"], input="\n".join(waiting) + "\n",
                              capture_output=True, text=True, check=False)
        for line in done.stdout.splitlines():
            name, _, verdict = line.partition(" ")
            found[name] = verdict
        left = [name for name in waiting if name not in found]
        if left:
            found[left[0]] = "crashed"
        waiting = left[1:]
    return found


def test_broken_models(program, tmp_path):
    sources = sorted(models.OWN.glob("*.tflite"))
    done = subprocess.run([program, "--count", str(COUNT), "--out", tmp_path, GOOD, *sources], capture_output=True,
                          text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr[-4000:]
    print(done.stdout)
    judged = verdicts(sorted(tmp_path.glob("*.tflite")))
    files = {name: verdict for name, verdict in judged.items() if "-" in Path(name).stem}
    print(f"{len(files)} files came of {len(judged) - len(files)} mutations; LiteRT takes "
          f"{sum(verdict == 'good' for verdict in files.values())} of the files and "
          f"{sum(verdict == 'good' for name, verdict in judged.items() if name not in files)} of the mutations")
    bad = {Path(name).name: verdict for name, verdict in files.items() if verdict != "good"}
    assert files and not bad, bad
