# SPDX-License-Identifier: Apache-2.0
"""The page at / in a real browser: a picture, a sound or numbers are given to a model, and what it says is shown."""
import json
import re
import shutil
import subprocess

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

import tiny
from browser_page import DATA, EXAMPLES, Page, VISION, in_a_browser, needs_shared
from plait_server import MODELS, ROOT, Server, binary_input

pytestmark = in_a_browser


@needs_shared
def test_a_picture(tmp_path):
    with Server(VISION / "mobilenet_v2_1.0_224_quant.tflite") as server:
        with Page(server, "mobilenet_v2_1.0_224_quant/1", name="picture", ready=".try") as page:
            for picture, name in (("cat.bmp", "Egyptian cat"), ("bird.bmp", "chickadee"), ("grace_hopper.bmp", "military uniform")):
                page.drop(".try", DATA / picture)
                page.wait_for(f"document.querySelector('.note').innerText.startsWith('{picture}')")
                page.wait_for(f"document.querySelector('.bars .name')?.innerText === '{name}'")
            assert "640×480 → 224×224" not in page.text(".note") and "→ 224×224" in page.text(".note")
            page.choose("input[type=file]", DATA / "cat.bmp")
            page.wait_for("document.querySelector('.bars .name').innerText === 'Egyptian cat'")
            page.evaluate("(() => { const select = document.querySelectorAll('select')[1]; select.value = 'nearest'; select.dispatchEvent(new Event('change')); })()")
            # What LiteRT's reference kernels give for nearest neighbours is 192 of 256.
            page.wait_for("document.querySelector('.bars .number').innerText === '0.75'")


def test_what_is_sent_of_a_picture(tmp_path):
    """A model that gives back what it gets: each type, and each way to make pixels of it."""
    folder = tmp_path / "models"
    folder.mkdir()
    for name, dtype, scale, zero in (("uint8", np.uint8, 1 / 128, 128), ("int8", np.int8, 1 / 255, -128), ("float", np.float32, None, None)):
        graph = tiny.Graph()
        quantization = None if scale is None else (scale, zero)
        source, target = (graph.tensor(dtype, [1, 8, 8, 3], quantization, name=end) for end in ("in", "out"))
        options = schema.ReshapeOptionsT()
        options.newShape = [1, 8, 8, 3]
        graph.op("RESHAPE", [source, graph.tensor(np.int32, [4], data=[1, 8, 8, 3])], [target], options)
        (folder / f"{name}.tflite").write_bytes(graph.build([source], [target]))
    pixels = np.arange(192, dtype=np.uint8).reshape(8, 8, 3)
    header = b"BM" + (54 + 192).to_bytes(4, "little") + bytes(4) + (54).to_bytes(4, "little")
    header += (40).to_bytes(4, "little") + (8).to_bytes(4, "little") * 2 + (1).to_bytes(2, "little") + (24).to_bytes(2, "little") + bytes(24)
    (tmp_path / "p.bmp").write_bytes(header + pixels[::-1, :, ::-1].tobytes())  # from below, blue first
    wanted = {"uint8": {"bytes": pixels / 128 - 1, "unit": np.clip(np.rint(pixels / 255 * 128 + 128), 0, 255) / 128 - 1},
              "int8": {"bytes": pixels / 255, "unit": pixels / 255, "signed": np.clip(np.rint((pixels / 127.5 - 1) * 255 - 128), -128, 127) / 255 + 128 / 255},
              "float": {"unit": pixels / 255, "signed": pixels / 127.5 - 1, "full": pixels.astype(float)}}
    with Server("--repository", folder) as server:
        for name, ranges in wanted.items():
            with Page(server, f"{name}/1", ready=".try") as page:
                page.choose("input[type=file]", tmp_path / "p.bmp")
                page.answer()
                for kind, values in ranges.items():
                    page.evaluate(f"(() => {{ document.querySelector('.answers').dataset.old = 1; const select = document.querySelector('select'); select.value = '{kind}'; select.dispatchEvent(new Event('change')); }})()")
                    page.wait_for("document.querySelector('.answers:not([data-old])')")
                    low, high = re.search(r"(\S+) is black, (\S+) white", page.text(".answers")).groups()
                    assert abs(float(low) - values.min()) < 2e-3 * max(1, abs(values.min())), (name, kind, low, values.min())
                    assert abs(float(high) - values.max()) < 2e-3 * max(1, abs(values.max())), (name, kind, high, values.max())
                    shown = np.array(page.evaluate("[...document.querySelector('.answers canvas').getContext('2d').getImageData(0, 0, 8, 8).data]")).reshape(8, 8, 4)[..., :3]
                    assert np.abs(shown - np.rint(255 * (values - values.min()) / (values.max() - values.min()))).max() <= 1, (name, kind)


@needs_shared
def test_a_sound(tmp_path):
    with Server("speech=" + str(EXAMPLES / "micro_speech/pipeline.json")) as server:
        with Page(server, "speech/1", name="sound", ready=".try") as page:
            for word in ("yes", "no"):
                page.drop(".try", DATA / f"{word}_1000ms.wav")
                page.wait_for(f"document.querySelector('.note').innerText.startsWith('{word}_1000ms.wav')")
                page.wait_for(f"document.querySelector('.bars .name')?.innerText === '{word}'")
            assert "1.00 s at 16000 Hz" in page.text(".note")
            page.drop(".try", DATA / "cat.bmp")
            page.wait_for("document.querySelector('.try .bad').innerText.includes('cat.bmp: sound takes no picture')")
            page.choose("input[type=file]", DATA / "yes_1000ms.wav")
            page.wait_for("document.querySelector('.bars .name').innerText === 'yes'")


@needs_shared
def test_classes_of_each_pixel():
    with Server(VISION / "deeplabv3_mnv2_dm05_pascal_quant.tflite") as server:
        with Page(server, "deeplabv3_mnv2_dm05_pascal_quant/1", name="segmentation", ready=".try") as page:
            page.drop(".try", DATA / "dog_segmentation.bmp")
            assert "class 12" in page.answer(".pictured")
            page.drop(".try", DATA / "pascal_voc_segmentation_labels.txt")
            page.wait_for("document.querySelector('.pictured').innerText.includes('dog')")


@needs_shared
def test_boxes_are_drawn(tmp_path):
    found = sorted((ROOT / ".cache/venv").rglob("face_detection_front.tflite"))
    if not found:
        pytest.skip("the package with a face detector is not there")
    for path in (found[0], found[0].parent / "face_landmark.tflite", EXAMPLES / "faces/camera.tflite", EXAMPLES / "faces/pipeline.json"):
        shutil.copy(path, tmp_path)
    with Server("faces=" + str(tmp_path / "pipeline.json")) as server:
        with Page(server, "faces/1", name="boxes", ready=".try") as page:
            page.drop(".try", DATA / "grace_hopper.bmp")
            assert "for each box" in page.text(".graph")
            said = page.answer()
            assert page.evaluate("document.querySelectorAll('.answers canvas').length") == 1
            # What plait run says of it, see the example's README.
            assert "0.9154\t0.228, 0.3383 to 0.5896, 0.6999" in said and "1404 elements, -33.66 to 156.5" in said


def test_boxes_of_a_detector_as_tensorflow_has_them(tmp_path):
    """Four outputs, as TFLite_Detection_PostProcess gives: here whatever goes in."""
    graph = tiny.Graph()
    shapes = {"boxes": [1, 3, 4], "classes": [1, 3], "scores": [1, 3], "count": [1]}
    ends = [[graph.tensor(np.float32, shape, name=name + end) for name, shape in shapes.items()] for end in ("_in", "")]
    for source, target in zip(*ends):
        graph.op("ABS", [source], [target], None)
    (tmp_path / "picture.tflite").write_bytes(graph.build(*ends))
    with Server(tmp_path / "picture.tflite") as server, Page(server, "picture/1", name="detector", ready=".try") as page:
        found = page.evaluate("""import("./page/answer.js").then(({showAnswer}) => {
            const floats = (...numbers) => new Uint8Array(new Float32Array(numbers).buffer);
            const output = (name, shape, ...numbers) => ({name, shape, datatype: "FP32", data: floats(...numbers)});
            const picture = document.createElement("canvas");
            const answer = showAnswer([output("b", [1, 3, 4], 0, 0, 0.5, 0.5, 0.5, 0.5, 1, 1, 0, 0, 1, 1), output("c", [1, 3], 1, 0, 2),
                output("s", [1, 3], 0.9, 0.8, 0.7), output("n", [1], 2)], ["cat", "dog", "owl"], picture);
            const pixels = answer.querySelector("canvas").getContext("2d").getImageData(0, 0, 300, 150).data;
            const isDrawn = (x, y) => pixels[4 * (300 * y + x) + 3] > 0;
            return [isDrawn(1, 30), isDrawn(150, 100), isDrawn(299, 20), answer.querySelectorAll("canvas").length];
        })""")
        assert found == [True, True, False, 1]


def test_numbers_and_what_is_wrong_with_them():
    with Server(MODELS / "control_while_fp32.tflite") as server:
        with Page(server, "control_while_fp32/1", name="numbers", ready=".try") as page:
            write = "(() => {{ const field = document.querySelectorAll('.field input[type=text]')[{}]; field.value = '{}'; field.dispatchEvent(new Event('change')); }})()"
            page.evaluate(write.format(1, "3"))
            page.answer()
            page.evaluate(write.format(0, "1, 2, 3"))
            page.wait_for("document.querySelector('.try .bad').innerText === 'x: 3 numbers where 1×8 has 8 elements; one alone is taken for all.'")
            page.evaluate(write.format(0, "one"))
            page.wait_for("document.querySelector('.try .bad').innerText.includes('not numbers only')")
            page.evaluate(write.format(0, "[1, 2, 3, 4, 5, 6, 7, 8]"))
            page.wait_for("document.querySelector('.try .bad').innerText === '' && document.querySelector('.note').innerText === 'as written'")
            values = np.arange(1, 9, dtype=np.float32)[None]
            document = {"inputs": [binary_input("x", "FP32", values), {"name": "n", "datatype": "INT32", "shape": [], "data": [3]}]}
            wanted = max(server.infer("control_while_fp32", document, values.tobytes()).json["outputs"][0]["data"])
            page.wait_for(f"Math.abs(Number(document.querySelector('.answers .number')?.innerText) / {wanted} - 1) < 1e-3")


@pytest.mark.parametrize("model", ["digits_whole_int8", "control_while_fp32", "dynamic_batch_fp32"])
def test_the_command_works(model):
    with Server(MODELS / f"{model}.tflite") as server:
        with Page(server, f"{model}/1", ready=".command") as page:
            command = page.text(".command code")
            page.click("section:last-child button")
            page.wait_for("['Copied', 'Selected'].includes(document.querySelector('section:last-child button').innerText)")
        done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=30)
        assert json.loads(done.stdout)["model_name"] == model, (command, done.stdout, done.stderr)
