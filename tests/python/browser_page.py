# SPDX-License-Identifier: Apache-2.0
"""The page of plait serve in a browser, for tests.

PLAIT_SCREENSHOTS=FOLDER keeps a picture of each test there, to be looked at; docs/serve.webp is one of them.
"""
import os
from pathlib import Path

import pytest

from headless_browser import Browser, browser_program
from plait_server import ROOT

SHARED = ROOT.parent / "shared"
VISION, AUDIO, DATA = SHARED / "models/vision", SHARED / "models/audio", SHARED / "data"
EXAMPLES = ROOT / "examples/pipelines"
in_a_browser = [pytest.mark.long,
                pytest.mark.skipif(browser_program() is None, reason="no Chromium here: scripts/test-long installs one")]
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
