# SPDX-License-Identifier: Apache-2.0
"""NON_MAX_SUPPRESSION_V4 and V5 and TFLite_Detection_PostProcess against LiteRT's reference kernels. Which of two equal
boxes wins must be equal too, so many scores here are equal."""
import itertools

import numpy as np
import pytest
from flatbuffers import flexbuffers

import compare
import oracle
import plait_c
import tiny

F32, I32, U8 = np.float32, np.int32, np.uint8


def ours_of(data, feeds):
    with plait_c.Interpreter() as interpreter:
        model = interpreter.load(data, "detector")
        interpreter.allocate()
        return [[array.copy() for array in model(arrays)] for arrays in feeds]


def check(data, feeds):
    reference = oracle.open_reference(data)
    for a, arrays in zip(ours_of(data, feeds), feeds):
        for k, (x, y) in enumerate(zip(a, oracle.invoke(reference, arrays), strict=True)):
            wrong = compare.difference(x, y)
            assert not wrong, f"output {k}: {wrong}"


def refused(data, *words):
    with plait_c.Interpreter() as interpreter:
        with pytest.raises(plait_c.PlaitError) as error:
            interpreter.load(data, "detector")
            interpreter.allocate()
    for word in words:
        assert word in str(error.value)


# ---- NON_MAX_SUPPRESSION ---------------------------------------------------------------------------------------------

def suppression(boxes=12, limit=5, iou=0.5, score=0.2, sigma=None, kind=F32, shape=None, scores=None, limit_shape=()):
    graph = tiny.Graph()
    fed = [graph.tensor(kind, shape or [boxes, 4]), graph.tensor(F32, scores or [boxes])]
    inputs = fed + [graph.tensor(I32, limit_shape, data=limit), graph.tensor(F32, [], data=iou),
                    graph.tensor(F32, [], data=score)]
    room = max(limit, 0)
    outputs = [graph.tensor(I32, [room])]
    if sigma is not None:
        inputs.append(graph.tensor(F32, [], data=sigma))
        outputs.append(graph.tensor(F32, [room]))
    outputs.append(graph.tensor(I32, []))
    graph.op("NON_MAX_SUPPRESSION_V4" if sigma is None else "NON_MAX_SUPPRESSION_V5", inputs, outputs)
    return graph.build(fed, outputs)


def random_boxes(rng, count, steps=None):
    corners = rng.uniform(0, 1, (count, 4)) if steps is None else rng.integers(0, steps, (count, 4)) / steps
    return corners.astype(F32)


@pytest.mark.parametrize("sigma", [None, 0.0, 0.4])
@pytest.mark.parametrize("boxes,limit", [(1, 1), (12, 5), (40, 40), (60, 7), (7, 20), (5, 0)])
def test_suppression(boxes, limit, sigma):
    rng = np.random.default_rng(boxes)
    for iou, score in ((0.5, 0.2), (0.1, -1.0), (0.9, 0.6), (0.3, 2.0)):
        feeds = [[random_boxes(rng, boxes, steps), rng.integers(0, levels, boxes).astype(F32) / F32(levels)]
                 for steps in (None, 4, 8) for levels in (3, 10, 1000)]
        check(suppression(boxes, limit, iou, score, sigma), feeds)


def test_suppression_refused():
    refused(suppression(limit=-1), "-1", "NON_MAX_SUPPRESSION_V4")
    refused(suppression(kind=I32), "input 0", "int32", "float32")
    refused(suppression(shape=[12, 5]), "5 numbers", "4")
    refused(suppression(shape=[48]), "2 dimensions")
    refused(suppression(scores=[11]), "11 elements", "12")
    refused(suppression(limit_shape=[1]), "input 2")
    data = suppression(sigma=-1.0)
    with plait_c.Interpreter() as interpreter:
        model = interpreter.load(data, "detector")
        interpreter.allocate()
        with pytest.raises(plait_c.PlaitError, match="sigma"):
            model([np.zeros((12, 4), F32), np.zeros(12, F32)])


# ---- TFLite_Detection_PostProcess ------------------------------------------------------------------------------------

OPTIONS = dict(max_detections=6, max_classes_per_detection=1, nms_score_threshold=0.25, nms_iou_threshold=0.45,
               num_classes=4, y_scale=10.0, x_scale=10.0, h_scale=5.0, w_scale=5.0)


def detector(boxes=20, kinds=(F32, F32), background=1, numbers=4, anchors=None, custom=None, score_shape=None,
             **changes):
    settings = {**OPTIONS, **changes}
    graph = tiny.Graph()
    box_scale, score_scale = (((0.08, 127), None)[kinds[0] == F32], ((1 / 256, 0), None)[kinds[1] == F32])
    found = settings["max_detections"] * settings["max_classes_per_detection"]
    inputs = [graph.tensor(kinds[0], [1, boxes, numbers], box_scale),
              graph.tensor(kinds[1], score_shape or [1, boxes, settings["num_classes"] + background], score_scale),
              graph.tensor(kinds[0], anchors or [boxes, 4], (0.004, 3) if kinds[0] == U8 else None)]
    outputs = [graph.tensor(F32, shape) for shape in ([1, found, 4], [1, found], [1, found], [1])]
    graph.custom("TFLite_Detection_PostProcess", inputs, outputs,
                 bytes(flexbuffers.Dumps(settings)) if custom is None else custom)
    return graph.build(inputs, outputs)


def detector_feeds(rng, boxes, kinds, columns, levels, numbers=4):
    if kinds[0] == F32:
        encoded = rng.normal(size=(1, boxes, numbers)).astype(F32)
        anchors = rng.uniform(0.1, 1, (boxes, 4)).astype(F32)
    else:
        encoded = rng.integers(90, 160, (1, boxes, numbers)).astype(U8)
        anchors = rng.integers(30, 256, (boxes, 4)).astype(U8)
    scores = rng.integers(0, levels + 1, (1, boxes, columns))
    scores = (scores / levels).astype(F32) if kinds[1] == F32 else (scores * (255 // levels)).astype(U8)
    return [encoded, scores, anchors]


def check_detector(boxes, kinds, background, numbers=4, **changes):
    """LiteRT leaves rows that no detection fills as they were."""
    rng = np.random.default_rng(boxes)
    settings = {**OPTIONS, **changes}
    data = detector(boxes, kinds, background, numbers, **changes)
    columns = settings["num_classes"] + background
    feeds = [detector_feeds(rng, boxes, kinds, columns, levels, numbers) for levels in (2, 5, 20, 250)]
    reference = oracle.open_reference(data)
    counts = set()
    for ours, arrays in zip(ours_of(data, feeds), feeds):
        theirs = oracle.invoke(reference, arrays)
        assert ours[3] == theirs[3]
        counts.add(float(ours[3][0]))
        filled = int(ours[3][0])
        if not settings.get("use_regular_nms"):
            filled *= settings["max_classes_per_detection"]
        gaps = settings["max_classes_per_detection"] > settings["num_classes"]
        for k in range(3):
            x, y = ours[k][0], theirs[k][0]
            if gaps:  # the rows between
                x, y = (z.reshape(settings["max_detections"], -1, *z.shape[1:]) for z in (x, y))
                x, y = (z[:int(ours[3][0]), :settings["num_classes"]] for z in (x, y))
            else:
                assert not x[filled:].any()
                x, y = x[:filled], y[:filled]
            wrong = compare.difference(x, y)
            assert not wrong, f"output {k}: {wrong}"
    return counts


@pytest.mark.parametrize("regular,background", list(itertools.product((False, True), (0, 1))))
@pytest.mark.parametrize("kinds", list(itertools.product((F32, U8), repeat=2)), ids=lambda k: "-".join(t.__name__ for t in k))
def test_detector(kinds, regular, background):
    counts = set()
    for boxes in (1, 6, 20, 150):
        counts |= check_detector(boxes, kinds, background, use_regular_nms=regular, max_detections=10)
    assert len(counts) >= 3


@pytest.mark.parametrize("changes", [
    dict(max_classes_per_detection=2), dict(max_classes_per_detection=3, num_classes=7),
    dict(max_classes_per_detection=6), dict(max_detections=1), dict(max_detections=100), dict(num_classes=1),
    dict(use_regular_nms=True, max_detections=1), dict(use_regular_nms=True, detections_per_class=2),
    dict(use_regular_nms=True, detections_per_class=1, num_classes=9),
    dict(use_regular_nms=True, max_detections=30), dict(nms_score_threshold=-1.0), dict(nms_score_threshold=2.0),
    dict(nms_iou_threshold=1.0), dict(use_regular_nms=False, detections_per_class=-5)])
def test_detector_options(changes):
    check_detector(40, (F32, F32), 1, **changes)


def test_detector_more_numbers():
    check_detector(15, (F32, F32), 0, numbers=7)
    check_detector(15, (U8, U8), 1, numbers=6)


@pytest.mark.parametrize("changes,words", [
    (dict(nms_iou_threshold=0.0), ["nms_iou_threshold"]), (dict(nms_iou_threshold=1.5), ["nms_iou_threshold"]),
    (dict(nms_iou_threshold=float("nan")), ["nms_iou_threshold"]), (dict(max_detections=0), ["max_detections"]),
    (dict(num_classes=0), ["num_classes"]), (dict(max_classes_per_detection=0), ["max_classes_per_detection"]),
    (dict(use_regular_nms=True, detections_per_class=0), ["detections_per_class"]),
    (dict(background=2), ["[1,20,6]", "4 classes"]), (dict(background=-1), ["[1,20,3]"]),
    (dict(numbers=3), ["[1,20,3]", "input 0"]), (dict(anchors=[19, 4]), ["input 2", "76", "80"]),
    (dict(score_shape=[1, 19, 5]), ["input 1", "[1,19,5]"]), (dict(score_shape=[19, 5]), ["input 1", "dimensions"]),
    (dict(kinds=(np.int8, F32)), ["int8", "uint8"]), (dict(custom=b""), ["FlexBuffer"]),
    (dict(y_scale="a"), ["y_scale"]),
])
def test_detector_refused(changes, words):
    refused(detector(**changes), "TFLite_Detection_PostProcess", *words)


def test_detector_refuses_inverted_boxes():
    with plait_c.Interpreter() as interpreter:
        model = interpreter.load(detector(), "detector")
        interpreter.allocate()
        anchors = np.full((20, 4), -0.5, F32)  # heights below 0
        with pytest.raises(plait_c.PlaitError, match="box 0"):
            model([np.zeros((1, 20, 4), F32), np.zeros((1, 20, 5), F32), anchors])
