# SPDX-License-Identifier: Apache-2.0
"""A file that is loaded again is not imported again: models of one file share all that does not change."""
import ctypes as C
import shutil

import numpy as np
import pytest

import plait_c
from plait_c import Interpreter, PlaitError, api
from programs import OWN

CLASSIFIER = OWN / "digits_classifier_fp32.tflite"
LIMIT = 400_000


def loads_that_fit(paths):
    """How many models of these files can be made ready in so much memory."""
    with Interpreter(memory_limit_bytes=LIMIT) as interpreter:
        for count, path in enumerate(paths):
            try:
                interpreter.load(path, f"m{count}")
                interpreter.allocate()
            except PlaitError as error:
                assert error.status == plait_c.OUT_OF_MEMORY
                return count
    return len(paths)


def test_further_loads_take_a_fraction(tmp_path):
    copies = [shutil.copy(CLASSIFIER, tmp_path / f"{k}.tflite") for k in range(100)]
    apart, together = loads_that_fit(copies), loads_that_fit(300 * [CLASSIFIER])
    assert 2 < apart < 100 and together >= 5 * apart, (apart, together)


def answer(model):
    return model([np.linspace(-1, 1, 64, dtype=np.float32).reshape(model.inputs()[0].shape)])[0]


def test_a_file_that_was_changed_in_place_is_another(tmp_path):
    path = tmp_path / "model.tflite"
    shutil.copy(CLASSIFIER, path)
    content = path.read_bytes()
    with Interpreter() as interpreter:
        first = interpreter.load(path, "first")
        interpreter.allocate()
        largest = constant_of(CLASSIFIER)
        content = content.replace(largest, (-np.frombuffer(largest, np.float32)).tobytes())
        with open(path, "r+b") as file:  # the same file, as long as before
            file.write(content)
        second, third = interpreter.load(path, "second"), interpreter.load(CLASSIFIER, "third")
        interpreter.allocate()
        answers = [answer(model) for model in (first, second, third)]
        assert np.array_equal(answers[0], answers[2]) and not np.array_equal(answers[0], answers[1])


def constant_of(path):
    """The bytes of its largest constant."""
    from ai_edge_litert import schema_py_generated as schema
    model = schema.ModelT.InitFromPackedBuf(path.read_bytes(), 0)
    return max((bytes(buffer.data) for buffer in model.buffers if buffer.data is not None), key=len)


def test_constants_that_another_model_has_packed_can_be_kept():
    wanted = constant_of(CLASSIFIER)
    with Interpreter() as interpreter:
        interpreter.load(CLASSIFIER, "packs")
        interpreter.allocate()
        keeps = interpreter.load(CLASSIFIER, "keeps", keep_all_tensors=True)
        interpreter.allocate()
        tensors = [api().tensor_at(keeps.handle, k) for k in range(api().tensor_count(keeps.handle))]
        found = [C.string_at(data, api().tensor_bytes(tensor)) for tensor in tensors
                 if (data := api().tensor_data(tensor))]
        assert wanted in found


@pytest.mark.parametrize("unload_first", [False, True])
def test_who_has_it_last_ends_it(unload_first):
    with Interpreter() as interpreter:
        models = [interpreter.load(CLASSIFIER, f"m{k}") for k in range(3)]
        interpreter.allocate()
        wanted = answer(models[0])
        models[0 if unload_first else 2].unload()
        again = interpreter.load(CLASSIFIER, "again")
        interpreter.allocate()
        assert np.array_equal(answer(models[1]), wanted) and np.array_equal(answer(again), wanted)
        for model in (models[1], models[2 if unload_first else 0], again):
            model.unload()
        last = interpreter.load(CLASSIFIER, "last")
        interpreter.allocate()
        assert np.array_equal(answer(last), wanted)
