# SPDX-License-Identifier: Apache-2.0
"""Windows that compute only what is new: random networks (streamed.py), what is refused, and that a wrong trait is noticed."""
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import plait_c
import streamed
import tiny
from random_network import Network

HERE, ROOT = Path(__file__).resolve().parent, Path(__file__).resolve().parents[2]
COUNT = 5000 if os.environ.get("PLAIT_LONG") else 250


def test_random_networks():
    found = [streamed.check(seed) for seed in range(COUNT)]
    assert [problem for problem, _ in found if problem] == []
    assert sum(reused for _, reused in found) > COUNT


def compile_with_wrong_trait(folder, name, before, after):
    """The library with the traits of one operator changed."""
    places = [ROOT / folder / "libplait.a" for folder in ("out/lib", "build/release", "build/dev")]
    archive = max((place for place in places if place.exists()), key=lambda place: place.stat().st_mtime, default=None)
    if archive is None or not shutil.which("gcc"):
        pytest.skip("no libplait.a (scripts/build), or no gcc")
    text = (ROOT / "src" / "ops" / "op_list.def").read_text()
    line = next(line for line in text.splitlines() if f"({name}," in line)
    assert before in line
    (folder / "ops").mkdir()
    (folder / "ops" / "op_list.def").write_text(text.replace(line, line.replace(before, after)))
    shutil.copy(archive, folder / "libplait.a")
    subprocess.run(["ar", "d", folder / "libplait.a", "op.c.o"], check=True)
    subprocess.run(["gcc", "-std=gnu11", "-fPIC", "-g", f"-I{folder}", f"-I{ROOT / 'src'}", f"-I{ROOT / 'include'}", "-shared",
                    "-o", folder / "libplait.so", ROOT / "src" / "ops" / "op.c", "-Wl,--whole-archive",
                    folder / "libplait.a", "-Wl,--no-whole-archive", "-lm", "-lpthread"], check=True)
    return folder / "libplait.so"


@pytest.mark.parametrize("name,before,after", [("CUMSUM", "PL_TRAIT_PURE", "PL_TRAIT_ELEMENTWISE"),
                                               ("CONV_2D", "PL_TRAIT_HALO", "PL_TRAIT_ROW_LOCAL")])
def test_a_wrong_trait_is_noticed(tmp_path, name, before, after):
    library = compile_with_wrong_trait(tmp_path, name, before, after)
    done = subprocess.run([sys.executable, HERE / "streamed.py", "--count", "1500", "--stop"], capture_output=True, text=True, timeout=300,
                          env={**os.environ, "PLAIT_LIB": str(library)})
    assert done.returncode == 1 and "differs" in done.stdout, done.stdout + done.stderr


@pytest.fixture
def interpreter():
    with plait_c.Interpreter() as interpreter:
        yield interpreter


def window_model(rows, row):
    return streamed.same(np.float32, [rows, row], None)


def two_convolutions():
    graph = tiny.Graph()
    x = graph.tensor(np.float32, [1, 40, 1, 16])
    w, b = (graph.tensor(np.float32, shape, data=np.ones(shape, np.float32)) for shape in ([16, 3, 1, 16], [16]))
    y, z = graph.tensor(np.float32, [1, 38, 1, 16]), graph.tensor(np.float32, [1, 36, 1, 16])
    options = tiny.schema.Conv2DOptionsT()
    options.padding, options.strideH, options.strideW, options.dilationHFactor, options.dilationWFactor = 1, 1, 1, 1, 1
    graph.op("CONV_2D", [x, w, b], [y], options, 3)
    graph.op("CONV_2D", [y, w, b], [z], options, 3)
    return graph.build([x], [z])


def test_state_is_rows_that_later_windows_need(interpreter):
    """A convolution of three rows over a window of forty keeps two rows, not forty."""
    model = interpreter.load(two_convolutions(), "model")
    interpreter.stream("model", "", hop=1, axis=1)
    interpreter.allocate()
    assert [model.reuse(k) for k in range(2)] == [(1, 38, None), (1, 36, None)]
    row, hop, whole = 64, 1, 35  # bytes of a row; the rows that came; the output's, which callers see
    assert model.memory().state_bytes <= (2 + 2 + hop + whole) * row


@pytest.mark.parametrize("options,said", [({"hop": -1}, "hop of 1 row"), ({"hop": 1, "axis": 2}, "axis of the input"),
                                          ({"hop": 1, "zero_rows": -1}, "rows"), ({"hop": 1, "axis": -3}, "axis")])
def test_refused_windows(interpreter, options, said):
    interpreter.load(window_model(4, 2), "model")
    with pytest.raises(plait_c.PlaitError, match=said):
        interpreter.stream("model", "", **options)
    interpreter.allocate()


def test_rows_that_do_not_fit(interpreter):
    interpreter.load(window_model(3, 3), "producer")
    interpreter.load(window_model(4, 2), "model")
    interpreter.link("producer", "", "model", "", hop=1)
    with pytest.raises(plait_c.PlaitError, match="no sequence of rows of 8 bytes"):
        interpreter.allocate()


def test_what_a_window_takes(interpreter):
    model = interpreter.load(window_model(4, 2), "model")
    interpreter.stream("model", "", hop=2)
    interpreter.allocate()
    seen = []
    model.on_run(lambda: seen.append(model.outputs()[0].read().reshape(-1).tolist()))
    with pytest.raises(plait_c.PlaitError, match="no number of rows"):
        model.inputs()[0].push(np.zeros(3, np.float32))
    with pytest.raises(plait_c.PlaitError, match="takes windows"):
        model.invoke()
    with pytest.raises(plait_c.PlaitError, match="pushed"):
        model.inputs()[0].write(np.zeros([4, 2], np.float32))
    model.inputs()[0].push(np.arange(14, dtype=np.float32))
    assert seen == [list(range(8)), list(range(4, 12))]
    with pytest.raises(plait_c.PlaitError, match="window of rows that are pushed; unlink"):
        interpreter.stream("model", "", hop=1)


def test_rows_survive_what_happens_to_others(interpreter):
    """Another model is loaded and everything allocated in the middle of a window."""
    network = Network(7)
    rows, size = network.rows(60), network.shape[network.window_axis]
    pushed = streamed.Streamed(network, 1, 0, 0)
    with pushed.interpreter:
        pushed.feed(rows[:size + 3])
        pushed.interpreter.load(window_model(5, 5), "other")
        pushed.interpreter.allocate()
        pushed.feed(rows[size + 3:])
        wanted = streamed.whole_windows(network, rows, 1)
        assert [[x.tobytes() for x in one] for one in pushed.found] == [[x.tobytes() for x in one] for one in wanted]


def test_hop_beyond_the_window_and_a_new_hop(interpreter):
    model = interpreter.load(window_model(2, 1), "model")
    seen = []
    for hop, wanted in ((3, [[0, 1], [3, 4]]), (1, [[0, 1], [1, 2], [2, 3], [3, 4]])):
        interpreter.stream("model", "", hop=hop)
        interpreter.allocate()
        model.on_run(lambda: seen.append(model.outputs()[0].read().reshape(-1).tolist()))
        model.inputs()[0].push(np.arange(5, dtype=np.float32))
        assert seen == wanted
        seen.clear()
        interpreter.check(plait_c.api().unlink(interpreter.handle, b"model", b""))


PLACES = [ROOT / "out/bin/plait", ROOT / "build/release/plait", ROOT / "build/dev/plait"]


def inspect(tmp_path, *options):
    program = os.environ.get("PLAIT_PROGRAM") or next((place for place in PLACES if place.exists()), None)
    if program is None:
        pytest.skip("no plait: run scripts/build")
    (tmp_path / "rows.tflite").write_bytes(window_model(1, 16))
    (tmp_path / "model.tflite").write_bytes(two_convolutions())
    return subprocess.run([program, "inspect", tmp_path / "rows.tflite", tmp_path / "model.tflite", *options],
                          capture_output=True, text=True)


def test_inspect_says_what_is_reused(tmp_path):
    text = inspect(tmp_path, "--link", "rows=model,window=1,axis=1", "--ops")
    assert text.returncode == 0, text.stderr
    assert "windows: 2 of 2 operators compute new rows alone, 2 of 74 rows" in text.stdout
    assert "1 of 38 rows" in text.stdout and "1 of 36 rows" in text.stdout
    assert "work 1,536 instead of 56,832 a run, outputs 128 instead of 4,736 bytes" in text.stdout
    document = json.loads(inspect(tmp_path, "--link", "rows=model,window=40,axis=1", "--ops", "--json").stdout)
    assert "fresh_rows" not in document["models"][1]["operators"][0]
    document = json.loads(inspect(tmp_path, "--link", "rows=model,axis=1,window=1", "--ops", "--json").stdout)
    assert document["models"][1]["operators"][0]["fresh_rows"] == 1
    assert document["models"][1]["windows"]["work"] * 37 == document["models"][1]["windows"]["whole_work"]
    assert document["models"][1]["windows"]["output_bytes"] == 128
    for wrong in ("window=", "window=x", "window=-1", "window=1,axis=9", "windows=1"):
        assert inspect(tmp_path, "--link", f"rows=model,{wrong}").returncode != 0, wrong


def test_inspect_says_what_is_shared(tmp_path):
    """Two files of the same model on one input: all but what makes the output is computed once."""
    inspect(tmp_path)
    shutil.copy(tmp_path / "model.tflite", tmp_path / "rows.tflite")
    program = os.environ.get("PLAIT_PROGRAM") or next(place for place in PLACES if place.exists())
    command = [program, "inspect", tmp_path / "rows.tflite", tmp_path / "model.tflite", "--link", "rows=model,input", "--ops"]
    text = subprocess.run(command, capture_output=True, text=True).stdout
    assert "also for 1 other\n" in text and "as operator 0 of rows\n" in text
    assert "1 of 2 operators are computed by other models, work 29,184 and outputs of 2,432 bytes less" in text
    assert "not shared from operator 1 (CONV_2D) on: its output is one of its model" in text
    model = json.loads(subprocess.run([*command, "--json"], capture_output=True, text=True).stdout)["models"][1]
    assert model["shared"] == {"computed_for_others": 0, "computed_by_others": 1, "work": 29184, "output_bytes": 2432}
    assert model["operators"][0]["computed_by"] == "rows" and model["operators"][0]["computed_as"] == 0
    assert model["operators"][1]["not_shared"] == "its output is one of its model"
