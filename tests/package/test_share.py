# SPDX-License-Identifier: Apache-2.0
"""Processes that share their packed weights through a folder: the same bits, and the memory of one."""
import subprocess
import sys

import numpy as np
import pytest

from both import PACKAGE, plait
import tiny

PROGRAM = """import sys
sys.path.insert(0, sys.argv[1])
import plait
import numpy as np
runtime = plait.Runtime(share=sys.argv[3] or None)
model = runtime.load(sys.argv[2], "m")
values = model(np.linspace(-1, 1, 1024, dtype=np.float32).reshape(1, 1024))
print(values.tobytes().hex(), flush=True)
input()
with open("/proc/self/smaps_rollup") as file:
    sizes = {line.split()[0]: int(line.split()[1]) for line in list(file)[1:]}
print(sizes["Private_Clean:"] + sizes["Private_Dirty:"], flush=True)
input()"""
WEIGHTS = 4 << 10  # KiB


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    graph = tiny.Graph()
    source = graph.tensor(np.float32, [1, 1024], name="x")
    target = graph.tensor(np.float32, [1, 1024], name="y")
    weights = np.random.default_rng(3).normal(size=(1024, 1024)).astype(np.float32)
    graph.op("FULLY_CONNECTED", [source, graph.tensor(np.float32, [1024, 1024], data=weights)], [target],
             tiny.schema.FullyConnectedOptionsT())
    path = tmp_path_factory.mktemp("model") / "m.tflite"
    path.write_bytes(graph.build([source], [target]))
    return path


def ask_three(model, folder):
    """What three processes at once answer, and the memory that each has for itself, in KiB."""
    command = [sys.executable, "-c", PROGRAM, PACKAGE, model, folder]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    running = [subprocess.Popen(command, **pipes) for _ in range(3)]

    def next_lines():
        lines = [process.stdout.readline() for process in running]
        for process in running:
            process.stdin.write("\n")
            process.stdin.flush()
        return lines
    answers, sizes = next_lines(), next_lines()
    assert [process.wait(30) for process in running] == [0, 0, 0]
    return answers, sum(map(int, sizes))


def test_three_processes_have_the_weights_of_one(model, tmp_path):
    folder = tmp_path / "shared"
    folder.mkdir(mode=0o700)
    answers, apart = ask_three(model, "")
    answers_shared, together = ask_three(model, folder)
    assert answers_shared == answers and len(set(answers)) == 1 and len(answers[0]) > 8000
    assert apart - together > 2.5 * WEIGHTS, "three copies"


def test_a_folder_that_others_may_write(tmp_path):
    folder = tmp_path / "shared"
    folder.mkdir()
    folder.chmod(0o777)
    with pytest.raises(plait.Error):
        plait.Runtime(share=folder)
    with pytest.raises(plait.Error):
        plait.Runtime(share=tmp_path / "nowhere")
