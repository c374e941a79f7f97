# SPDX-License-Identifier: Apache-2.0
"""Models of a pipeline that finds boxes get other files: who finds them, who is fed the picture, who runs on its parts."""
import numpy as np
import pytest

import plait_c
import tiny
from plait_c import PlaitError
from test_crops import BOXES, HEIGHT, SCORES, WIDTH, Camera, copies, detector, part_of, picture_of, resized


def plus(constant, shape, dtype=np.float32):
    """y0 = x0 + constant"""
    graph = tiny.Graph()
    x, y = (graph.tensor(dtype, shape, name=name) for name in ("x0", "y0"))
    graph.op("ADD", [x, graph.tensor(dtype, (1,), data=[constant])], [y], tiny.schema.AddOptionsT())
    return graph.build([x], [y])


def parts(picture, size=(HEIGHT, WIDTH)):
    return [resized(part_of(picture, box), None, size=size) for box in BOXES[:3]]


def check(camera, picture, wanted):
    """What the second model gave for each box."""
    found = [value for value, _ in camera.run(picture, BOXES[:3], SCORES[:3])]
    assert len(found) == len(wanted)
    for one, other in zip(found, wanted):
        assert one.tobytes() == np.asarray(other, np.float32).tobytes()


@pytest.fixture
def camera(tmp_path):
    made = Camera(tmp_path, 3)
    with made.interpreter:
        yield made


def test_who_runs_on_parts(camera):
    """Another file, and then one that wants parts of another size."""
    picture = picture_of(np.float32)
    check(camera, picture, parts(picture))
    camera.second.replace(plus(2, [1, HEIGHT, WIDTH, 3]))
    check(camera, picture, [part + np.float32(2) for part in parts(picture)])
    camera.second.replace(plus(3, [1, 5, 4, 3]))
    check(camera, picture, [part + np.float32(3) for part in parts(picture, (5, 4))])


def test_the_part_that_was_cut_out_last_begins_anew(camera):
    picture = picture_of(np.float32)
    camera.run(picture, BOXES[:3], SCORES[:3])
    second = camera.second
    assert second.inputs()[0].box() is not None
    second.replace(plus(2, [1, HEIGHT, WIDTH, 3]))
    assert second.inputs()[0].box() is None
    second.invoke()  # as before anything was found: the whole picture
    assert second.outputs()[0].read().tobytes() == (resized(picture, None) + np.float32(2)).tobytes()


def test_whose_picture_it_is(camera):
    picture = picture_of(np.float32)
    camera.run(picture, BOXES[:3], SCORES[:3])
    camera.interpreter.model("camera").replace(plus(4, picture.shape))
    check(camera, picture, parts(picture + np.float32(4)))


def test_who_finds_boxes(camera):
    """Another file with as many boxes, in other places among its ends; then one that finds more classes."""
    picture = picture_of(np.float32)
    camera.run(picture, BOXES[:3], SCORES[:3])
    found = camera.interpreter.model("detector")
    for source in (copies([[1, 3, 4], [1, 3, 2]]), copies([[1, 3, 2], [1, 3, 4]], names=[1, 0])):
        found.replace(source)
        check(camera, picture, parts(picture))


@pytest.mark.parametrize("name, source, words", [
    ("detector", detector(3, columns=3), ["second", "boxes"]), ("detector", detector(4, classes=0), []),
    ("second", tiny.relu(np.float32, (1, HEIGHT, 3)), ["second"]), ("second", copies([[1, HEIGHT, WIDTH, 4]]), ["second"]),
    ("camera", copies([[1, 23, 31, 2]]), ["camera", "second"]), ("camera", copies([[23, 31, 3]]), ["camera", "second"])], ids=str)
def test_what_does_not_fit_is_refused(camera, name, source, words):
    """And the old file stays, with what was found."""
    picture = picture_of(np.float32)
    check(camera, picture, parts(picture))
    before = camera.interpreter.stats().memory_bytes
    with pytest.raises(PlaitError) as error:
        camera.interpreter.model(name).replace(source)
    for word in words:
        assert word in str(error.value), str(error.value)
    assert camera.interpreter.stats().memory_bytes == before
    assert camera.second.inputs()[0].box() is not None
    check(camera, picture, parts(picture))
