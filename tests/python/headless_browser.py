# SPDX-License-Identifier: Apache-2.0
"""A headless Chromium for tests, by its DevTools protocol over two pipes: no driver, no port, no package."""
import base64
import fcntl
import itertools
import json
import os
import shutil
import subprocess
import tempfile
import threading
import time
from pathlib import Path

PROGRAMS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")


def browser_program():
    return next((found for name in PROGRAMS if (found := shutil.which(name))), None)


class Failed(Exception):
    pass


class Browser:
    """with Browser(800, 600) as page: page.open(url); page.evaluate("1 + 1")"""

    def __init__(self, width, height, dark=False, phone=False):
        self.folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)  # its helpers end a little later
        command_out, self.to_browser = os.pipe()
        self.from_browser, answer_in = os.pipe()
        ends = [fcntl.fcntl(end, fcntl.F_DUPFD, 10) for end in (command_out, answer_in)]  # none of them is 3 or 4
        arguments = [browser_program(), "--headless", "--remote-debugging-pipe", "--no-sandbox", "--disable-gpu", "--no-first-run",
                     "--disable-dev-shm-usage", "--hide-scrollbars", "--mute-audio", "--disable-extensions", "--disable-background-networking",
                     f"--user-data-dir={self.folder.name}", "about:blank"]
        # The protocol is on descriptors 3 and 4 of the browser.
        shell = ["bash", "-c", f'exec 3<&{ends[0]} 4>&{ends[1]}; exec "$@"', "bash", *arguments]
        self.process = subprocess.Popen(shell, pass_fds=ends, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for end in (command_out, answer_in, *ends):
            os.close(end)
        self.numbers, self.answers, self.events, self.news = itertools.count(1), {}, [], threading.Condition()
        threading.Thread(target=self._read, daemon=True).start()
        self.session = None
        target = self.command("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.command("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.command(f"{domain}.enable")
        self.command("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=2 if phone else 1, mobile=phone)
        self.command("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(20)
        os.close(self.to_browser)
        os.close(self.from_browser)
        self.folder.cleanup()

    def _read(self):
        rest = b""
        while True:
            try:
                piece = os.read(self.from_browser, 1 << 20)
            except OSError:
                piece = b""
            *messages, rest = (rest + piece).split(b"\0")
            with self.news:
                for message in map(json.loads, messages):
                    if "id" in message:
                        self.answers[message["id"]] = message
                    else:
                        self.events.append(message)
                if not piece:
                    self.answers[None] = {"error": "the browser has ended"}
                self.news.notify_all()
            if not piece:
                return

    def command(self, method, timeout=30, **parameters):
        number = next(self.numbers)
        message = {"id": number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.to_browser, json.dumps(message).encode() + b"\0")
        with self.news:
            if not self.news.wait_for(lambda: number in self.answers or None in self.answers, timeout):
                raise Failed(f"{method}: no answer within {timeout} s")
            answer = self.answers.pop(number, None) or self.answers[None]
        if "error" in answer:
            raise Failed(f"{method}: {answer['error']}")
        return answer["result"]

    def open(self, url):
        self.command("Page.navigate", url=url)

    def evaluate(self, expression):
        """The value of an expression; a promise's is waited for."""
        answer = self.command("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True, userGesture=True)
        if "exceptionDetails" in answer:
            raise Failed(f"{expression}: {answer['exceptionDetails'].get('exception', {}).get('description')}")
        return answer["result"].get("value")

    def wait_for(self, expression, seconds=20):
        """Until the expression is true; what it then is."""
        end = time.monotonic() + seconds
        while not (value := self.evaluate(f"((it) => it instanceof Node || it)({expression})")):
            if time.monotonic() > end:
                raise Failed(f"not within {seconds} s: {expression}; the page says {self.evaluate('document.body.innerText')!r}")
            time.sleep(0.05)
        return value

    def text(self, selector):
        return self.evaluate(f"document.querySelector({json.dumps(selector)})?.innerText ?? ''")

    def click(self, selector):
        self.wait_for(f"document.querySelector({json.dumps(selector)}) !== null")
        self.evaluate(f"document.querySelector({json.dumps(selector)}).click()")

    def key(self, key, code=None, text=None):
        for kind in ("keyDown", "keyUp"):
            extra = {"text": text} if text and kind == "keyDown" else {}
            self.command("Input.dispatchKeyEvent", type=kind, key=key, code=code or key, **extra,
                         windowsVirtualKeyCode={"Tab": 9, "Enter": 13, "ArrowDown": 40, "ArrowUp": 38}.get(key, ord(key[0])))

    def choose(self, selector, path):
        """Gives a file to a file field."""
        found = self.command("Runtime.evaluate", expression=f"document.querySelector({json.dumps(selector)})")["result"]["objectId"]
        self.command("DOM.setFileInputFiles", files=[str(path)], objectId=found)

    def drop(self, selector, path):
        """Drops a file, as from the desktop. A drag during which the page moves can be lost: it is done again then."""
        self.evaluate("window.dropped = null; window.onDrop ??= addEventListener('drop', (event) => { window.dropped = event.dataTransfer.files[0]?.name; }, true) ?? true")
        for _ in range(5):
            x, y = self.evaluate(f"(() => {{ const place = document.querySelector({json.dumps(selector)}); place.scrollIntoView({{block: 'center'}}); "
                                 "const box = place.getBoundingClientRect(); return [box.x + box.width / 2, Math.max(box.y + 12, Math.min(150, box.bottom - 12))]; })()")
            data = {"items": [], "files": [str(path)], "dragOperationsMask": 1}
            for kind in ("dragEnter", "dragOver", "drop"):
                self.command("Input.dispatchDragEvent", type=kind, x=x, y=y, data=data)
            end = time.monotonic() + 1
            while time.monotonic() < end:
                if self.evaluate("window.dropped") == Path(path).name:
                    return
                time.sleep(0.05)
        raise Failed(f"{path} could not be dropped on {selector}")

    def screenshot(self, path):
        kind = {"format": "webp", "quality": 85} if Path(path).suffix == ".webp" else {"format": "png"}
        Path(path).write_bytes(base64.b64decode(self.command("Page.captureScreenshot", **kind)["data"]))

    def complaints(self):
        """What went wrong in the page: exceptions, errors of the console, refusals by the policy; not answers that say no."""
        with self.news:
            events = list(self.events)
        found = [event["params"]["exceptionDetails"] for event in events if event["method"] == "Runtime.exceptionThrown"]
        found += [event["params"]["args"] for event in events if event["method"] == "Runtime.consoleAPICalled" and event["params"]["type"] == "error"]
        return found + [event["params"]["entry"]["text"] for event in events
                        if event["method"] == "Log.entryAdded" and event["params"]["entry"]["level"] == "error"
                        and event["params"]["entry"]["source"] != "network"]

    def requests(self):
        with self.news:
            return [event["params"]["request"]["url"] for event in self.events if event["method"] == "Network.requestWillBeSent"]
