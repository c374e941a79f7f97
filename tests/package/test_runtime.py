# SPDX-License-Identifier: Apache-2.0
"""plait.Runtime and plait.ModelManager, and labels that files bring along."""
import io
import socket
import threading
import zipfile

import numpy as np
import pytest

import both
import models
from both import plait

OWN = models.OWN
FEATURES, HEAD, WHOLE = (OWN / f"digits_{name}_int8.tflite" for name in ("features", "classifier", "whole"))


def picture(seed=1):
    return models.Model(WHOLE.read_bytes()).random_inputs(seed)[0]


def expected(seed=1):
    return both.answer(both.open_litert(WHOLE), [picture(seed)])[0]


def test_a_chain_gives_what_the_whole_gives():
    with plait.Runtime() as runtime:
        features, head = runtime.load(FEATURES, "features"), runtime.load(HEAD, "head")
        runtime.link("features", "head")
        for seed in range(3):
            features.set(0, picture(seed))
            features.run()
            assert np.array_equal(head.get(), expected(seed))


def test_models_are_called_like_functions():
    with plait.Runtime(threads=2) as runtime:
        model = runtime.load(WHOLE)
        assert model.name == "digits_whole_int8" and "digits_whole_int8" in runtime and len(runtime) == 1
        assert np.array_equal(model(picture()), expected())
        assert np.array_equal(model(**{model.inputs[0]["name"]: picture()}), expected())


def test_clones_have_inputs_of_their_own():
    with plait.Runtime() as runtime:
        first = runtime.load(WHOLE, "a")
        second = first.clone("b")
        first.set(0, picture(1))
        second.set(0, picture(2))
        first.invoke()
        second.invoke()
        assert np.array_equal(first.get(), expected(1)) and np.array_equal(second.get(), expected(2))
        assert "int8[1, 8, 8, 1] -> " in repr(first) and "constants" in repr(first) and " bytes>" in repr(first)
        stats = runtime.stats()
        assert stats["constant_bytes"] < 0.6 * stats["constant_sum_bytes"]


def test_views_need_no_copy():
    with plait.Runtime() as runtime:
        model = runtime.load(WHOLE, "a")
        runtime.allocate()
        model.view(0, of="input")[:] = picture()
        model.invoke()
        assert np.array_equal(model.view(), expected())


def test_resizing_plans_anew():
    with plait.Runtime() as runtime:
        model = runtime.load(OWN / "dynamic_batch_fp32.tflite", "a")
        shape = (3, *model.inputs[0]["shape"][1:])
        model.resize(0, shape)
        assert model(np.zeros(shape, np.float32)).shape[0] == 3


@pytest.mark.parametrize("call, kind, words", [
    (lambda r: r["b"], KeyError, "there is no model 'b'"),
    (lambda r: r.load(WHOLE, "a"), plait.Error, "already"),
    (lambda r: r.load(b"no model", "x"), plait.Error, ""),
    (lambda r: r.load(WHOLE.read_bytes()), ValueError, "needs a name"),
    (lambda r: r["a"].set(0, np.zeros(3)), ValueError, "takes int8[1, 8, 8, 1]"),
    (lambda r: r["a"].set(1, np.zeros(3)), IndexError, "found number 1"),
    (lambda r: r["a"].set("nobody", np.zeros(3)), KeyError, "unknown"),
    (lambda r: r.link("a", "a"), plait.Error, "a"),
    (lambda r: r.link("a.nothing", "a"), plait.Error, "nothing"),
])
def test_errors_say_what_is_wrong(call, kind, words):
    with plait.Runtime() as runtime:
        runtime.load(WHOLE, "a")
        with pytest.raises(kind) as error:
            call(runtime)
        assert words in str(error.value)
        assert np.array_equal(runtime["a"](picture()), expected())


def test_unloading_is_at_once():
    runtime = plait.Runtime()
    model = runtime.load(WHOLE, "a")
    assert np.array_equal(model(picture()), expected())
    runtime.unload("a")
    assert runtime.stats()["models"] == 0 and "a" not in runtime
    for call in (model.invoke, model.get, lambda: model.memory, lambda: model.name, lambda: model.set(0, picture()),
                 lambda: model.clone("b"), lambda: model.resize(0, (1, 8, 8, 1)), lambda: model.view()):
        with pytest.raises(plait.Error, match="unloaded"):
            call()
    assert np.array_equal(runtime.load(WHOLE, "a")(picture()), expected())
    with pytest.raises(KeyError, match="there is no model 'b'"):
        runtime.unload("b")


def test_unlinking():
    with plait.Runtime() as runtime:
        features, head = runtime.load(FEATURES, "features"), runtime.load(HEAD, "head")
        runtime.link("features", "head")
        middle = features(picture())
        runtime.unlink("head")
        head.set(0, middle)
        head.invoke()
        assert np.array_equal(head.get(), expected())
        with pytest.raises(plait.Error):
            runtime.unlink("head")


def test_conditions():
    """The head runs where the condition says; what a condition cannot be is refused."""
    ran = []

    def runs(**when):
        with plait.Runtime() as runtime:
            runtime.load(FEATURES, "features")
            head = runtime.load(HEAD, "head")
            runtime.link("features", "head", **when)
            ran.clear()
            head.on_run(lambda: ran.append(1))
            for value in 0, 60, 127:
                runtime["features"].set(0, np.full((1, 8, 8, 1), value, np.int8))
                head.run()
            return len(ran)

    assert [runs(every=1), runs(every=2), runs(every=4)] == [3, 1, 0]
    assert [runs(threshold=-1e9), runs(threshold=1e9), runs(threshold=1e9, until=-1e9, index=3)] == [3, 0, 0]
    assert sum(runs(best=k) for k in range(64)) == 3
    assert runs(every=1, when_output="#0") == 3
    for wrong in ({"threshold": 1, "best": 2}, {"until": 1}, {"index": 1}, {"best": -1}, {"when_output": "#0"}):
        with pytest.raises(ValueError):
            runs(**wrong)
    with pytest.raises(plait.Error, match="cannot end at 2"):
        runs(threshold=1, until=2)


def test_one_input_for_two():
    with plait.Runtime() as runtime:
        first, second = runtime.load(FEATURES, "first"), runtime.load(FEATURES, "second")
        runtime.link("first", "second", from_input=True)
        first.set(0, picture())
        first.run()
        assert np.array_equal(first.get(), second.get())
        with pytest.raises(plait.Error):
            second.set(0, picture())


def test_unloading():
    runtime = plait.Runtime()
    runtime.load(FEATURES, "features"), runtime.load(HEAD, "head")
    runtime.link("features", "head")
    assert "features -> head" in repr(runtime)
    runtime.unload("head")
    assert "->" not in repr(runtime).splitlines()[-1].replace("-> output", "")
    assert runtime.stats()["models"] == 1
    runtime.close()
    assert runtime.stats()["models"] == 0


def test_names_come_from_files(tmp_path):
    """The same of a Runtime, which leaves them to plait_load_file(), and of a manager, which numbers them."""
    path = tmp_path / "a b.c_\u00e9.tflite"
    path.write_bytes(WHOLE.read_bytes())
    with plait.Runtime() as runtime, plait.ModelManager([path, path, path]) as manager:
        name = runtime.load(path).name
        assert name == "a_b_c___" and manager.names == [name, f"{name}_1", f"{name}_2"]


def test_the_manager_runs_models_by_number_and_name():
    with plait.ModelManager([WHOLE, FEATURES]) as manager:
        assert manager.names == ["digits_whole_int8", "digits_features_int8"] and len(manager) == 2
        assert np.array_equal(manager.run_inference(0, picture()), expected())
        assert np.array_equal(manager.run_inference("digits_whole_int8", [picture()][0]), expected())
        details = manager.get_input_details(0)[0]
        theirs = both.open_litert(WHOLE).get_input_details()[0]
        assert details["name"] == theirs["name"] and details["quantization"] == theirs["quantization"]
        assert "ModelManager of 2 models" in repr(manager)
        with pytest.raises(IndexError, match="there is no model 2"):
            manager.run_inference(2, picture())
        with pytest.raises(KeyError, match="nobody"):
            manager.run_inference("nobody", picture())
    with pytest.raises(FileNotFoundError, match="nowhere.tflite"):
        plait.ModelManager(["/nowhere.tflite"])
    with pytest.raises(ValueError, match="empty"):
        plait.ModelManager([])


def test_one_file_twice_gets_two_names():
    with plait.ModelManager([WHOLE, WHOLE, WHOLE]) as manager:
        assert manager.names == ["digits_whole_int8", "digits_whole_int8_1", "digits_whole_int8_2"]


def test_labels_of_a_file(tmp_path):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("labels.txt", "zero\none\ntwo\n")
        archive.writestr("other.bin", b"\0\1")
    path = tmp_path / "with_labels.tflite"
    path.write_bytes(WHOLE.read_bytes() + packed.getvalue())
    assert plait.labels(path) == {"labels.txt": ["zero", "one", "two"]}
    assert plait.labels(path.read_bytes()) == plait.Interpreter(str(path)).labels
    assert plait.associated_files(path)["other.bin"] == b"\0\1"
    assert plait.labels(WHOLE) == {}
    assert np.array_equal(both.answer(both.open_plait(path), [picture()])[0], expected())


def test_watch(tmp_path):
    path = tmp_path / "process.plait"
    runtime = plait.Runtime()
    runtime.load(OWN / "digits_whole_int8.tflite", "digits")
    runtime.watch(path)
    with socket.socket(socket.AF_UNIX) as end:
        end.connect(str(path))
        assert b'"name":"digits"' in end.makefile("rb").read()
    with pytest.raises(RuntimeError, match="open already"):
        runtime.watch(path)
    runtime.watch(None)
    assert not path.exists()


def test_a_model_gets_another_file():
    own = OWN / "digits_classifier_own_int8.tflite"
    with plait.Runtime() as runtime:
        features, head = runtime.load(FEATURES, "features"), runtime.load(HEAD, "head")
        runtime.link("features", "head")
        features.set(0, picture())
        features.run()
        assert np.array_equal(head.get(), expected())
        head.replace(own)
        with pytest.raises(plait.Error):
            head.replace(b"no model")
        features.run()
        after = head.get()
        with plait.Runtime() as other:
            other.load(FEATURES, "features")
            other.load(own, "head")
            other.link("features", "head")
            other["features"].set(0, picture())
            other["features"].run()
            assert np.array_equal(after, other["head"].get())
        features.replace(FEATURES.read_bytes())
        with pytest.raises(TypeError):
            head._core.replace()


def test_replacing_while_another_thread_runs_it():
    stop = threading.Event()
    with plait.Runtime() as runtime:
        model = runtime.load(WHOLE, "model")
        answers = []

        def run():
            while not stop.is_set():
                answers.append(model(picture()))

        thread = threading.Thread(target=run)
        thread.start()
        for _ in range(50):
            model.replace(WHOLE.read_bytes())
        stop.set()
        thread.join()
        assert answers and all(np.array_equal(answer, expected()) for answer in answers)


def test_handles_of_the_old_file_end():
    core = plait._core.Engine().load("model", path=OWN / "signatures_fp32.tflite")
    key = next(iter(core.signatures()))
    signature, subgraph = core.signature(key), core.subgraph(0)
    core.replace(path=OWN / "signatures_fp32.tflite")
    for old in (signature, subgraph):
        with pytest.raises(plait.Error):
            old.inputs()
    assert core.signature(key).inputs() is not None
