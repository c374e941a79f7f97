# SPDX-License-Identifier: Apache-2.0
"""The page at / in a real browser: what it shows, also when something goes wrong. Trying models is in test_page_trying.py."""
import json
import os
import re
import shutil
import subprocess
import threading
import time

import numpy as np
import pytest

import tiny
from browser_page import AUDIO, DATA, EXAMPLES, Page, SHARED, VISION, in_a_browser, needs_shared
from headless_browser import Browser
from plait_server import MODELS, Server, binary_input

pytestmark = in_a_browser
DIGITS = MODELS / "digits_whole_int8.tflite"
SECONDS_OF_TRAFFIC = 6 if "PLAIT_SCREENSHOTS" not in os.environ else 60  # long lines look better


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
