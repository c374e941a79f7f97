# SPDX-License-Identifier: Apache-2.0
"""The page at / in a real browser: what it shows, what it sends, and that it sends it to its own server alone.

PLAIT_SCREENSHOTS=FOLDER keeps a picture of each test there, to be looked at; docs/serve.webp is one of them.
"""
import json
import os
import re
import shutil
import subprocess
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

import tiny
from headless_browser import Browser, browser_program
from plait_server import MODELS, ROOT, Server, binary_input

pytestmark = [pytest.mark.long,
              pytest.mark.skipif(browser_program() is None, reason="no Chromium here: scripts/test-long installs one")]
SHARED = ROOT.parent / "shared"
VISION, AUDIO, DATA = SHARED / "models/vision", SHARED / "models/audio", SHARED / "data"
SECONDS_OF_TRAFFIC = 6 if "PLAIT_SCREENSHOTS" not in os.environ else 60  # long lines look better
EXAMPLES = ROOT / "examples/pipelines"
DIGITS = MODELS / "digits_whole_int8.tflite"
needs_shared = pytest.mark.skipif(not SHARED.exists(), reason="../shared is not there")


class Page(Browser):
    """A browser that has opened the page. At the end, nothing went wrong in it, and it asked nobody else."""

    def __init__(self, server, model="", width=1440, height=900, name=None, ready="a.row", **options):
        super().__init__(width, height, **options)
        self.server, self.name = server, name
        if server.url.startswith("https"):
            self.command("Security.setIgnoreCertificateErrors", ignore=True)
        self.open(f"{server.url}/{'#' + model if model else ''}")
        self.wait_for(f"document.querySelector('{ready}')")

    def shot(self, name):
        if "PLAIT_SCREENSHOTS" in os.environ:
            folder = Path(os.environ["PLAIT_SCREENSHOTS"])
            folder.mkdir(parents=True, exist_ok=True)
            self.screenshot(folder / f"{name}.webp")

    def __exit__(self, kind, *rest):
        try:
            if self.name or kind:
                self.shot(self.name or "failed")
            if kind is None:
                assert self.complaints() == []
                assert all(url.startswith(self.server.url + "/") for url in self.requests())
        finally:
            super().__exit__(kind, *rest)

    def answer(self, selector=".answers"):
        self.wait_for(f"document.querySelector('{selector}') || document.querySelector('.try .bad').textContent")
        assert self.text(".try .bad") == ""
        return self.text(selector)


def requests(server, model, count):
    """Some for it to have something to show."""
    metadata = server.get(f"/v2/models/{model}").json["inputs"][0]
    values = np.zeros([abs(dim) for dim in metadata["shape"]], {"INT8": np.int8, "UINT8": np.uint8, "FP32": np.float32}[metadata["datatype"]])
    for _ in range(count):
        server.infer(model, {"inputs": [binary_input(metadata["name"], metadata["datatype"], values)]}, values.tobytes())


# ---- looking -----------------------------------------------------------------------------------------------------------


def test_all_models(tmp_path):
    with Server(DIGITS, MODELS / "dynamic_batch_fp32.tflite", EXAMPLES / "three_heads/pipeline.json", "--class", "pipeline=3") as server:
        with Page(server, name="all_models") as page:
            page.wait_for("document.querySelectorAll('.row:not(.heads)').length === 3")
            said = page.text(".list")
            for words in ("digits_whole_int8", "INT8 1×8×8×1 → INT8 1×10", "pipeline of 4 · class 3", "FP32 ?×16×16×3 → FP32 ?×10"):
                assert words in said
            memory = server.get("/v2/models/details").json["memory"]
            assert f"{memory['allocated_peak'] / 1e6:.2f} MB so far" in page.text(".panel")
            requests(server, "digits_whole_int8", 40)
            page.wait_for("[...document.querySelectorAll('.totals b')].every((number) => /[0-9]/.test(number.innerText))")
            row = page.text("a.row[href='#digits_whole_int8/1']")
            assert re.search(r"[1-9][\d.]*\n[\d.]+ (µs|ms)", row), row
            assert page.text("a.row[href='#dynamic_batch_fp32/1']").splitlines()[-3:-1] == ["0", "–"]


@pytest.mark.parametrize("dark", [False, True])
def test_a_pipeline_is_a_graph(dark):
    with Server(EXAMPLES / "three_heads/pipeline.json") as server:
        with Page(server, "pipeline/1", dark=dark, name=f"pipeline_{'dark' if dark else 'light'}", ready=".graph") as page:
            assert page.evaluate("document.querySelectorAll('.graph .model').length") == 4
            assert page.evaluate("document.querySelectorAll('.graph .end').length") == 4
            assert page.evaluate("document.querySelectorAll('.graph .edge').length") == 7
            assert page.evaluate("document.querySelector('.graph svg').getAttribute('aria-label')") == (
                "in:picture → trunk, trunk → a, trunk → b, trunk → c, a → out:class, b → out:boxes, c → out:kind")
            places = dict(page.evaluate("[...document.querySelectorAll('.graph .model')].map((node) => [node.textContent.split(':')[0], node.getCTM().e])"))
            assert places["trunk"] < places["a"] == places["b"] == places["c"]
            paper = [int(part) for part in re.findall(r"\d+", page.evaluate("getComputedStyle(document.documentElement).backgroundColor"))]
            assert (sum(paper) < 200) == dark


def counts(server):
    return {entry["name"]: entry["inference_count"] for entry in server.get("/v2/models/stats").json["model_stats"]}


@needs_shared
def test_rates_and_latencies_as_they_are():
    """Two models that are asked at a steady rate each, and how often the page says that is."""
    paths = [VISION / "mobilenet_v1_0.25_128_quant.tflite", SHARED / "models/tiny/ad01_int8.tflite", SHARED / "models/tiny/vww_96_int8.tflite",
             VISION / "deeplabv3_mnv2_dm05_pascal_quant.tflite", AUDIO / "keyword_scrambled_8bit.tflite", MODELS / "stateful_fp32.tflite"]
    pipelines = [f"{name}={EXAMPLES}/{name}/pipeline.json" for name in ("three_heads", "micro_speech", "digits")]
    with Server(*paths, *pipelines, "--class", "digits=4") as server, Page(server, "mobilenet_v1_0.25_128_quant/1", name="serve", width=1280, height=860) as page:
        ends = threading.Event()

        def ask(model, rate):
            begins, number = time.monotonic(), 0
            while not ends.is_set():
                requests(server, model, 1)
                number += 1
                ends.wait(max(0, begins + number / rate - time.monotonic()))

        asking = [threading.Thread(target=ask, args=asked) for asked in (("ad01_int8", 20), ("mobilenet_v1_0.25_128_quant", 5), ("three_heads", 2))]
        for thread in asking:
            thread.start()
        try:
            page.drop(".try", DATA / "sunflower.bmp")
            page.wait_for("document.querySelector('.bars .name')?.innerText === 'daisy'")
            time.sleep(SECONDS_OF_TRAFFIC)
            # What the server counts is what is meant: how often a busy machine comes to ask is not known.
            began, before, shown = time.monotonic(), counts(server), []
            for _ in range(8):
                time.sleep(1)
                shown.append({row[0][:-2]: float(row[-3]) for row in page.evaluate(
                    "[...document.querySelectorAll('a.row')].map((row) => row.innerText.split('\\n'))") if "pipeline" not in row[0]})
            rates = {name: (count - before[name]) / (time.monotonic() - began) for name, count in counts(server).items()}
            for model in ("ad01_int8", "mobilenet_v1_0.25_128_quant"):
                found = np.mean([each[model] for each in shown])
                assert 0.6 * rates[model] < found < 1.6 * rates[model], (model, rates[model], shown)
            assert all(each["vww_96_int8"] == 0 for each in shown)
            assert "chart" in page.evaluate("document.querySelector('.chart .line.first').getAttribute('d').length > 40 && 'chart'")
        finally:
            ends.set()
            for thread in asking:
                thread.join()


def test_fifty_models(tmp_path):
    names = [f"{path.stem}_{number}" for number in range(4) for path in sorted(MODELS.glob("*.tflite"))][:50]
    for name in names:
        shutil.copy(MODELS / f"{name.rsplit('_', 1)[0]}.tflite", tmp_path / f"{name}.tflite")
    with Server("--repository", tmp_path) as server:
        with Page(server, name="fifty") as page:
            page.wait_for("document.querySelectorAll('a.row').length === 50")
            page.key("/", text="/")
            for letter in "late_":
                page.key(letter, text=letter)
            page.wait_for("document.querySelectorAll('a.row').length === 3")
            assert "3 of 50" in page.text(".filter")


@pytest.mark.parametrize("width", [320, 390, 768, 1024, 1920])
def test_every_width(tmp_path, width):
    graph, long = tiny.Graph(), "a/name/as/" + "/".join(["tensors", "have"] * 8)
    source, target = graph.tensor(np.float32, [1, 2, 3, 4, 100], name=long), graph.tensor(np.float32, [1, 2, 3, 4, 100], name="out")
    graph.op("ABS", [source], [target], None)
    (tmp_path / f"{'long_' * 12}.tflite").write_bytes(graph.build([source], [target]))
    with Server(DIGITS, EXAMPLES / "three_heads/pipeline.json", tmp_path / f"{'long_' * 12}.tflite") as server:
        for model in ("", "pipeline/1", f"{'long_' * 12}/1"):
            name = f"width_{width}_{'long' if 'long' in model else 'model' if model else 'all'}"
            with Page(server, model, width, 844, name=name, phone=width < 500, ready=".chart") as page:
                assert page.evaluate("document.documentElement.scrollWidth") <= width
                beyond = "[...document.querySelectorAll('.panel *')].filter((element) => !element.closest('.graph, .wide, svg') && element.getBoundingClientRect().right > innerWidth + 1).length"
                assert page.evaluate(beyond) == 0


def test_by_keyboard_alone(tmp_path):
    with Server(DIGITS, MODELS / "late_fp32.tflite", MODELS / "stateful_fp32.tflite") as server:
        with Page(server, name="keyboard") as page:
            for _ in range(4):  # the name, all models, the filter, the first line
                page.key("Tab")
            assert page.evaluate("document.activeElement.getAttribute('href')") == "#digits_whole_int8/1"
            page.key("ArrowDown")
            page.key("Enter", text="\r")
            page.wait_for("document.querySelector('h2').innerText.startsWith('late_fp32')")
            page.wait_for("document.activeElement.tagName === 'H2'")
            reached = set()
            for _ in range(20):
                page.key("Tab")
                reached.add(page.evaluate("(document.activeElement.getAttribute('aria-label') ?? document.activeElement.innerText).trim()"))
            assert {"Load again", "Unload", "Random", "Copy"} <= reached and any(text.startswith("Numbers for") for text in reached)


def test_polls_each_second_and_not_when_hidden():
    with Server(DIGITS) as server, Page(server) as page:
        def asked():
            return sum("/v2/models/stats" in url for url in page.requests())
        began = asked()
        time.sleep(3)
        assert 2 <= asked() - began <= 4
        page.evaluate("Object.defineProperty(document, 'hidden', {value: true, configurable: true}); document.dispatchEvent(new Event('visibilitychange'))")
        time.sleep(0.5)
        began = asked()
        time.sleep(3)
        assert asked() == began
        page.evaluate("Object.defineProperty(document, 'hidden', {value: false, configurable: true}); document.dispatchEvent(new Event('visibilitychange'))")
        time.sleep(1.5)
        assert asked() > began


# ---- trying ------------------------------------------------------------------------------------------------------------


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


# ---- what goes wrong ---------------------------------------------------------------------------------------------------


def test_a_broken_model(tmp_path):
    shutil.copy(DIGITS, tmp_path / "fine.tflite")
    (tmp_path / "broken.tflite").write_bytes(DIGITS.read_bytes()[:3000])
    with Server("--repository", tmp_path) as server:
        with Page(server, "broken/1", ready=".broken") as page:
            reason = next(entry["reason"] for entry in server.post("/v2/repository/index").json if entry["name"] == "broken")
            page.shot("broken")
            assert reason and page.text(".broken pre") == reason and reason in page.text("a.row[href='#broken/1']")
            page.click("article header button")
            page.wait_for("document.querySelector('article header .bad').innerText !== ''")
            assert "broken" in page.text("article header .bad")
            shutil.copy(DIGITS, tmp_path / "broken.tflite")
            page.click("article header button")
            page.wait_for("document.querySelector('.try')")
            assert server.get("/v2/models/broken/ready").status == 200


def test_the_server_ends():
    with Server(DIGITS) as server:
        with Browser(1000, 800) as page:
            page.open(server.url)
            page.wait_for("document.querySelector('.state')?.innerText === 'live'")
            server.process.terminate()
            page.wait_for("document.querySelector('.state.bad')?.innerText === 'The server does not answer.'")


def test_a_token_is_asked_for(tmp_path):
    (tmp_path / "tokens").write_text("secret\n")
    with Server(DIGITS, "--token-file", tmp_path / "tokens") as server:
        with Browser(1000, 800) as page:
            page.open(server.url)
            for token, told in (("wrong", "asks for a token"), ("secret", "does not know this token")):
                page.wait_for(f"document.querySelector('dialog')?.innerText.includes('{told}')")
                assert page.evaluate("document.querySelectorAll('dialog').length") == 1
                page.evaluate(f"document.querySelector('dialog input').value = '{token}'")
                page.click("dialog button")
            page.wait_for("document.querySelectorAll('a.row').length === 1")
            page.open(f"{server.url}/#digits_whole_int8/1")
            page.wait_for("document.querySelector('.command')")
            done = subprocess.run(["bash", "-c", page.text(".command code")], capture_output=True, text=True, env={**os.environ, "TOKEN": "secret"})
            assert json.loads(done.stdout)["model_name"] == "digits_whole_int8"


def test_tls(tmp_path):
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate, "-days", "2",
                    "-subj", "/CN=127.0.0.1"], check=True, capture_output=True)
    with Server(DIGITS, "--tls-cert", certificate, "--tls-key", key) as server, Page(server, "digits_whole_int8/1", ready=".command") as page:
        assert "https://" in page.text(".command")


def test_names_are_text_and_nothing_else(tmp_path):
    graph = tiny.Graph()
    name = "<img src=x onerror=document.title=1>'; $(false) \""
    source, target = graph.tensor(np.float32, [12], name=name), graph.tensor(np.float32, [12], name="<script>document.title=1</script>")
    graph.op("ABS", [source], [target], None)
    (tmp_path / "odd.tflite").write_bytes(graph.build([source], [target]))
    (tmp_path / "names.txt").write_text("\n".join(f"<b onclick=x>{i}</b>" for i in range(12)))
    with Server(tmp_path / "odd.tflite") as server, Page(server, "odd/1", ready=".command") as page:
        assert name in page.text(".tensors") and "<script>" in page.text(".tensors")
        page.drop(".try", tmp_path / "names.txt")
        page.click(".try button")
        page.wait_for("document.querySelector('.answers')?.innerText.includes('<b onclick=x>')")
        assert page.evaluate("document.querySelectorAll('img').length") == 1 and page.evaluate("document.title") == "odd · plait"
        done = subprocess.run(["bash", "-c", page.text(".command code")], capture_output=True, text=True, timeout=30)
        assert json.loads(done.stdout)["outputs"][0]["data"] == [0] * 12
