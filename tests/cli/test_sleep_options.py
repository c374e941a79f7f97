# SPDX-License-Identifier: Apache-2.0
"""A limit of memory on the command line: refused with what it takes, or kept by models that sleep, with the same answers."""
import json
import re
import subprocess

import pytest

from test_cli import ROOT, program

MODELS = [f"{name}=examples/models/{file}.tflite" for name, file in
          (("a", "anomaly_0"), ("b", "camera_a"), ("c", "camera_b"))]


def plait(command, *arguments):
    return subprocess.run([str(program()), command, *MODELS, *arguments], cwd=ROOT, capture_output=True, text=True)


def least(*options):
    """What the messages ask for until it runs."""
    limit = 1 << 18
    while True:
        done = plait("run", "--random-input", "--memory-limit", str(limit), *options)
        if done.returncode == 0:
            return limit
        asked = int(re.search(r"memory_limit_bytes must be (\d+) for this", done.stderr)[1])
        assert asked > limit, done.stderr
        limit = asked


@pytest.fixture(scope="module")
def limit():
    """That models which sleep live in, and others do not."""
    found = least("--sleep-below", "1")
    assert found < 0.9 * least()
    return str(found)


def test_models_sleep_and_answer(limit):
    wanted = plait("run", "--random-input", "--json")
    assert plait("run", "--random-input", "--memory-limit", limit).returncode != 0
    found = plait("run", "--random-input", "--json", "--memory-limit", limit, "--sleep-below", "1")
    assert found.returncode == 0 and found.stdout == wanted.stdout, found.stderr
    assert re.search(r"\d of 3 models sleep, which gave up \d+ bytes; \d+ runs and plans woke some", found.stderr), found.stderr
    assert "sleep" not in wanted.stderr
    done = plait("bench", "--rounds", "2", "--memory-limit", limit, "--sleep-below", "1")
    assert done.returncode == 0 and "models sleep" in done.stderr, done.stderr


def test_inspect_says_who_sleeps(limit):
    arguments = ["--memory", "--memory-limit", limit, "--sleep-below", "1"]
    memory = json.loads(plait("inspect", *arguments, "--json").stdout)["memory"]
    each = [row["sleeping_bytes"] for row in memory["models"]]
    assert memory["together"]["sleeping"] >= sum(size > 0 for size in each) > 0
    assert memory["together"]["sleeping_bytes"] == sum(each)
    assert memory["together"]["total_bytes"] <= int(limit)
    text = plait("inspect", *arguments).stdout
    assert "asleep" in text and re.search(r"of 3 models sleep; what waking them makes again is \S+ bytes", text), text
    assert "asleep" not in plait("inspect", "--memory").stdout
