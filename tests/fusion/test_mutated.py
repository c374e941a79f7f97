# SPDX-License-Identifier: Apache-2.0
"""Broken models are fused and split under sanitizers: a clear refusal, or files that LiteRT takes wherever it takes the
broken model itself. What is wrong with an operator that plait does not implement stays unseen: few such files come out,
and they are counted. 5,000 with PLAIT_LONG=1."""
import subprocess
import sys
from pathlib import Path

import pytest

import fusing
import models

HERE = Path(__file__).resolve().parent
ROOT = models.ROOT
LIBRARY = ROOT / "build" / "asan" / "libplait.a"
PROGRAM = ROOT / "build" / "mutate" / "mutate_fuse"
MUTATE = ROOT / "tests" / "mutate"
GOOD = models.OWN / "control_if_fp32.tflite"
COUNT = 5000 if fusing.LONG else 400


@pytest.fixture(scope="module")
def program():
    if not LIBRARY.exists():
        pytest.skip("build/asan is not built")
    cache = (ROOT / "build" / "asan" / "CMakeCache.txt").read_text(encoding="utf-8")
    compiler = next(line.split("=", 1)[1] for line in cache.splitlines() if line.startswith("CMAKE_C_COMPILER:"))
    PROGRAM.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run([compiler, "-std=gnu11", "-g", "-O1", "-Wall", "-Wextra", "-Werror",
                    "-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-I", ROOT / "src",
                    "-I", ROOT / "include", "-I", MUTATE, HERE / "mutate_fuse.c", MUTATE / "mutator.c", LIBRARY,
                    "-lm", "-lpthread", "-o", PROGRAM], check=True)
    return PROGRAM


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
    bad = []
    for name, verdict in judged.items():
        path = Path(name)
        number, _, part = path.stem.partition("-")
        # A broken model that LiteRT refuses, or dies of, on its own is no good file's fault.
        if part and verdict != "good" and judged[str(path.with_name(f"{number}.tflite"))] == "good":
            bad.append((path.name, verdict))
    own = [name for name in judged if "-" not in Path(name).stem]
    print(f"{len(judged) - len(own)} files came of {len(own)} mutations; LiteRT takes "
          f"{sum(v == 'good' for n, v in judged.items() if '-' in Path(n).stem)} of the files and "
          f"{sum(judged[n] == 'good' for n in own)} of the mutations")
    assert not bad, bad
    files = [verdict for name, verdict in judged.items() if "-" in Path(name).stem]
    assert sum(verdict != "good" for verdict in files) < 0.06 * len(files), files
