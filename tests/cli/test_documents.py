# SPDX-License-Identifier: Apache-2.0
"""The documents name what is there: files, folders and links."""
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("include", "src", "cli", "server", "examples", "tests", "bench", "fuzz", "scripts", "docs", "cmake", "deploy", "python")
DOCUMENTS = ["README.md", "ARCHITECTURE.md", "SECURITY.md", "CHANGELOG.md", "docs/OPERATORS.md", "docs/pipelines.md", "docs/serve.md",
             "deploy/README.md"]


def files():
    return [path for folder in FOLDERS for path in (ROOT / folder).rglob("*") if path.is_file()]


def missing(text, paths, folder=ROOT):
    """Names of source files in backquotes, links and paths that end nowhere."""
    named = re.findall(r"`((?:[\w.]+/)*[\w.]+\.(?:[ch]|def|py|sh))`", text)
    named += re.findall(r"\]\(([^)#:]+)\)", text)
    return [name for name in named
            if not (ROOT / name).exists() and not (folder / name).exists() and not any(str(path).endswith("/" + name) for path in paths)]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_names_are_there(name):
    assert missing((ROOT / name).read_text(encoding="utf-8"), files(), (ROOT / name).parent) == []


def test_a_wrong_name_is_seen():
    assert missing("`nowhere.c` and [x](docs/nowhere.1), `options.c`", files()) == ["nowhere.c", "docs/nowhere.1"]
