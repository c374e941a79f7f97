# SPDX-License-Identifier: Apache-2.0
"""The page at /: its files as they are served. What it does in a browser is in test_page_browser.py and test_page_trying.py."""
import hashlib
import re
import shutil
import subprocess

import pytest

from plait_server import ROOT, Server, MODELS
from served_models import server  # noqa: F401

FOLDER = ROOT / "server" / "page"
FILES = sorted(FOLDER.iterdir())
TYPES = {".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8",
         ".svg": "image/svg+xml"}
NAMESPACES = {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xhtml"}  # names, which nobody fetches
MOST_BYTES = 60 * 1024


def lean(file):
    """As cmake/embed.cmake makes it: without what only people need."""
    text = file.read_text()
    text = re.sub(r"\n +", "\n", "\n" + text)
    text = re.sub(r"\n(//[^\n]*|/\*[^\n]*\*/)", "", text)
    text = re.sub(r"\n\n+", "\n", text)[1:]
    if file.suffix == ".css":
        text = re.sub(r"([{:;,]) ", r"\1", re.sub(r" ([{}])", r"\1", text))
    elif file.suffix == ".js":
        text = re.sub(r"([;{,]) //[^\n]*", r"\1", text)
        text = re.sub(r" (=>|===|!==|=|&&|\|\||\?\?|\*|<|>) ", r"\1", text).replace(" {\n", "{\n")
    return text.encode()


def path_of(file):
    return "/" if file.name == "index.html" else f"/page/{file.name}"


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_served_as_it_is(server, file):
    answer = server.get(path_of(file))
    assert answer.status == 200 and answer.body == lean(file)
    assert answer.headers["content-type"] == TYPES[file.suffix]
    assert answer.headers["x-content-type-options"] == "nosniff" and answer.headers["cache-control"] == "no-cache"
    assert answer.headers["etag"] == f'"{hashlib.sha256(answer.body).hexdigest()}"'
    assert server.call("HEAD", path_of(file)).headers["content-length"] == str(len(answer.body))
    for known in (answer.headers["etag"], "*", 'W/' + answer.headers["etag"], '"x", ' + answer.headers["etag"]):
        again = server.get(path_of(file), headers={"If-None-Match": known})
        assert again.status == 304 and again.headers["etag"] == answer.headers["etag"], known
    assert server.get(path_of(file), headers={"If-None-Match": '"another"'}).body == answer.body


def test_policy_allows_nothing_but_itself(server):
    policy = dict(rule.split(" ", 1) for rule in server.get("/").headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'none'" and policy["frame-ancestors"] == policy["base-uri"] == policy["form-action"] == "'none'"
    assert all(policy[f"{kind}-src"] == "'self'" for kind in ("script", "style", "img", "connect"))
    assert not re.search(r"unsafe|\*|data:|blob:|http", " ".join(policy.values()))


def test_what_it_refers_to_is_there():
    names = {file.name for file in FILES}
    used = {"index.html"}
    for file in FILES:
        text = file.read_text()
        used |= set(re.findall(r'(?:src|href)="page/([^"]+)"', text)) | set(re.findall(r'from "\./([^"]+)"', text))
        assert set(re.findall(r"https?://[^\s\"'`<>)]+", text)) <= NAMESPACES, file.name
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|\beval\b|<script>| style=| on\w+=\"|@import|url\((?!#)", text), file.name
        assert not re.search(r"[\"'`(]//|fetch\(\s*[\"'`]/", text), f"{file.name}: paths are relative, also behind a proxy"
    assert used == names
    assert sum(len(lean(file)) for file in FILES) <= MOST_BYTES


@pytest.mark.parametrize("file", [file for file in FILES if file.suffix == ".js"], ids=lambda file: file.name)
def test_what_is_lean_says_the_same(file):
    # Strings, also those with values in them, whose own code may be leaner.
    literal = r'"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`'

    def strings(text):
        whole = re.findall(literal, re.sub(r"(?m)(^|[;{,]) *//.*$", r"\1", text))
        return [re.sub(r"\$\{[^}]*\}", "", string) for string in whole]
    assert strings(lean(file).decode()) == strings(file.read_text())


def test_only_its_files(server):
    for path in ("/page/", "/page/index.html", "/page/nothing.js", "/page/..%2fopenapi.json", "/page/../serve.c", "/page/app.js/x"):
        assert server.get(path, check=False).status == 404, path
    assert server.post("/").status == 405 and server.post("/page/app.js").status == 405


def test_scripts_can_be_parsed():
    if shutil.which("node") is None:
        pytest.skip("no node here to parse the page's scripts")
    for file in FOLDER.glob("*.js"):
        subprocess.run(["node", "--input-type=module", "--check"], input=lean(file), check=True)


def test_open_where_a_token_is_asked_for(tmp_path):
    (tmp_path / "tokens").write_text("secret\n")
    with Server(MODELS / "digits_whole_int8.tflite", "--token-file", tmp_path / "tokens") as guarded:
        for file in FILES:
            assert guarded.get(path_of(file)).status == 200
        for path in ("/v2/models/details", "/v2/models/stats", "/metrics", "/page", "/pages", "//"):
            assert guarded.get(path, check=False).status == 401, path
        assert guarded.get("/v2/models/details", headers={"Authorization": "Bearer secret"}).status == 200


def test_details(server):
    answer = server.get("/v2/models/details").json
    models = {model["name"]: model for model in answer["models"]}
    chain, digits = models["chain"], models["digits"]
    assert answer["memory"]["constants_alone"] >= answer["memory"]["constants"] > 0 and answer["cpu"]
    assert digits["memory"]["constants"] > 0 and "links" not in digits and digits["class"] == 0
    metadata = server.get("/v2/models/digits").json
    assert digits["inputs"] == metadata["inputs"] and digits["outputs"] == metadata["outputs"]
    assert [part["name"] for part in chain["models"]] == ["features", "head"]
    assert chain["links"] == [{"from": "features", "output": "", "to": "head", "input": "", "of_input": False, "notes": []}]
    assert chain["inputs"][0]["feeds"] == ["features"] and chain["outputs"][0]["from"] == "head"
    for kind in ("constants", "io", "state"):
        assert chain["memory"][kind] == sum(part["memory"][kind] for part in chain["models"])
    assert chain["memory"]["arena"] == max(part["memory"]["arena"] for part in chain["models"])
    text = server.get("/metrics").body.decode()
    for name, model in models.items():
        assert f'plait_model_memory_bytes{{model="{name}",version="1",kind="constants"}} {model["memory"]["constants"]}\n' in text
