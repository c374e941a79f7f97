# SPDX-License-Identifier: Apache-2.0
"""The socket of a process: what it tells, who may read, and that nobody who reads badly holds the process up."""
import json
import os
import socket
import stat
import subprocess
import sys
import time

import numpy as np
import pytest

import plait_c
import tiny
from models import OWN

MODEL = OWN / "digits_whole_int8.tflite"


def report(path):
    with socket.socket(socket.AF_UNIX) as end:
        end.connect(str(path))
        data = b""
        while part := end.recv(1 << 16):
            data += part
    return json.loads(data)


def watch(interpreter, path):
    return plait_c.api().watch(interpreter.handle, None if path is None else os.fsencode(path))


def gather():
    graph = tiny.Graph()
    data, index, out = graph.tensor(np.float32, [4]), graph.tensor(np.int32, [1]), graph.tensor(np.float32, [1])
    graph.op("GATHER", [data, index], [out])
    return graph.build([data, index], [out])


def test_runs_are_counted_from_the_first_report_on(tmp_path):
    path = tmp_path / "one.plait"
    with plait_c.Interpreter() as interpreter:
        models = [interpreter.load(MODEL, name) for name in ("a", "b")]
        interpreter.allocate()
        assert watch(interpreter, path) == plait_c.OK
        assert stat.S_IMODE(os.stat(path).st_mode) & 0o077 == 0
        models[0].invoke()
        assert plait_c.api().set_class(models[1].handle, 3) == plait_c.OK
        interpreter.allocate()
        first = report(path)
        assert [(model["name"], model["class"], model["runs"]) for model in first["models"]] == [("a", 0, 0), ("b", 3, 0)]
        for _ in range(5):
            models[0].invoke()
        models[1].run()
        second = report(path)
        assert [model["runs"] for model in second["models"]] == [5, 1]
        assert [sum(count for _, count in model["latencies"]) for model in second["models"]] == [5, 1]
        assert all(end < 10**10 for model in second["models"] for end, _ in model["latencies"])
        assert second["process"] == os.getpid() and second["now"] > first["now"]
        assert second["memory"]["constants"] == interpreter.stats().constant_bytes > 0
        assert second["models"][0]["memory"]["arena"] == models[0].memory().arena_bytes > 0
        models[0].unload()
        assert [(model["name"], model["runs"]) for model in report(path)["models"]] == [("b", 1)]
    assert not path.exists()


def test_requests_that_wait_are_counted(tmp_path):
    """The thread that would take them is in the callback that looks."""
    path, waiting = tmp_path / "one.plait", []
    with plait_c.Interpreter() as interpreter:
        busy, model = interpreter.load(OWN / "detector_int8.tflite", "busy"), interpreter.load(MODEL, "model")
        interpreter.allocate()
        assert watch(interpreter, path) == plait_c.OK
        report(path)

        @plait_c.ON_DONE
        def look(user, answer):
            for _ in range(3):
                assert plait_c.api().submit(model.handle, None, None) == plait_c.OK
            waiting.extend(one["waiting"] for one in report(path)["models"])

        options = plait_c.SubmitOptions(struct_bytes=plait_c.C.sizeof(plait_c.SubmitOptions), done=look)
        request = plait_c.C.c_uint64()
        assert plait_c.api().submit(busy.handle, options, request) == plait_c.OK
        deadline = time.monotonic() + 20
        while report(path)["models"][1]["runs"] < 3 and time.monotonic() < deadline:
            time.sleep(0.01)
        assert waiting == [0, 3]


def test_failed_runs_are_counted(tmp_path):
    path = tmp_path / "one.plait"
    with plait_c.Interpreter() as interpreter:
        model = interpreter.load(gather(), "gather")
        interpreter.allocate()
        assert watch(interpreter, path) == plait_c.OK
        report(path)
        model.inputs()[1].write(np.array([100], np.int32))
        with pytest.raises(plait_c.PlaitError):
            model.invoke()
        assert [(one["runs"], one["failed"]) for one in report(path)["models"]] == [(1, 1)]


def test_a_linked_set_counts_for_each_of_its_models(tmp_path):
    path = tmp_path / "one.plait"
    with plait_c.Interpreter() as interpreter:
        features = interpreter.load(OWN / "digits_features_int8.tflite", "features")
        interpreter.load(OWN / "digits_classifier_own_int8.tflite", "head")
        interpreter.link("features", "", "head", "")
        interpreter.allocate()
        assert watch(interpreter, path) == plait_c.OK
        report(path)
        features.run()
        features.invoke()
        assert [(model["name"], model["runs"]) for model in report(path)["models"]] == [("features", 2), ("head", 1)]


def test_paths_that_cannot_be(tmp_path):
    path = tmp_path / "one.plait"
    with plait_c.Interpreter() as interpreter, plait_c.Interpreter() as other:
        assert watch(interpreter, tmp_path / ("x" * 200)) == plait_c.INVALID_ARGUMENT
        assert watch(interpreter, tmp_path / "nowhere/one.plait") == plait_c.IO
        assert watch(interpreter, path) == plait_c.OK
        assert watch(interpreter, tmp_path / "two.plait") == plait_c.BUSY
        assert watch(other, path) == plait_c.BUSY
        assert report(path)["models"] == []
        assert watch(interpreter, None) == plait_c.OK and not path.exists()
        with socket.socket(socket.AF_UNIX) as left_behind:
            left_behind.bind(str(path))
        assert watch(other, path) == plait_c.OK
        assert report(path)["models"] == []
        path.with_name("file").write_text("kept")
        assert watch(interpreter, path.with_name("file")) == plait_c.BUSY
        assert path.with_name("file").read_text() == "kept"


def test_who_does_not_read_holds_nobody_up(tmp_path):
    path = tmp_path / "one.plait"
    with plait_c.Interpreter() as interpreter:
        model = interpreter.load(MODEL, "model0")
        for number in range(1, 1500):
            model.clone(f"model{number}")
        interpreter.allocate()
        assert watch(interpreter, path) == plait_c.OK
        with socket.socket(socket.AF_UNIX) as silent:
            silent.connect(str(path))
            model.invoke()
            start = time.monotonic()
            assert len(report(path)["models"]) == 1500
            assert time.monotonic() - start < 20
        with socket.socket(socket.AF_UNIX) as silent:
            silent.connect(str(path))
            start = time.monotonic()
            assert watch(interpreter, None) == plait_c.OK
            assert time.monotonic() - start < 20


FORKS = """
import os, signal, socket, sys, threading
import plait_c
interpreter = plait_c.Interpreter()
model = interpreter.load(sys.argv[2], "model")
interpreter.allocate()
interpreter.check(plait_c.api().watch(interpreter.handle, sys.argv[1].encode()))
ending = threading.Event()


def read():
    while not ending.is_set():
        with socket.socket(socket.AF_UNIX) as end:
            end.connect(sys.argv[1])
            while end.recv(1 << 16):
                pass


threads = [threading.Thread(target=read) for _ in range(3)]
for thread in threads:
    thread.start()
for number in range(300):
    child = os.fork()
    if child == 0:
        signal.alarm(30)
        if number % 2:
            model.invoke()
        interpreter.close()
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    assert status == 0, f"child {number} ended with {status}"
ending.set()
for thread in threads:
    thread.join()
plait_c.leave()
"""


def test_children_do_not_wait_for_the_thread_that_answers(tmp_path):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run([sys.executable, "-c", FORKS, tmp_path / "one.plait", MODEL], env=environment, check=True, timeout=120)


PROGRAM = """
import os, sys, time
import plait_c
first, second = plait_c.Interpreter(), plait_c.Interpreter()
child = os.fork()
if child == 0:
    first.close()
    os._exit(0)
os.waitpid(child, 0)
print("ready", flush=True)
sys.stdin.readline()
first.close()
print("closed", flush=True)
sys.stdin.readline()
plait_c.leave()
"""


def test_every_interpreter_of_a_process_has_one_where_the_environment_says(tmp_path):
    environment = {**os.environ, "PLAIT_WATCH": str(tmp_path), "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen([sys.executable, "-c", PROGRAM], env=environment, text=True, stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == "ready\n"
        names = sorted(path.name for path in tmp_path.iterdir())
        assert names == [f"{process.pid}-{number}.plait" for number in (0, 1)]
        assert all(report(tmp_path / name)["process"] == process.pid for name in names)
        process.stdin.write("go\n")
        process.stdin.flush()
        assert process.stdout.readline() == "closed\n"
        assert [path.name for path in tmp_path.iterdir()] == names[1:]
        process.stdin.write("go\n")
    assert process.returncode == 0


def test_a_folder_that_is_not_there_is_told(tmp_path, monkeypatch):
    monkeypatch.setenv("PLAIT_WATCH", str(tmp_path / "nowhere"))
    with pytest.raises(plait_c.PlaitError) as error:
        plait_c.Interpreter()
    assert error.value.status == plait_c.IO
