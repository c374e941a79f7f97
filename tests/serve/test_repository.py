# SPDX-License-Identifier: Apache-2.0
"""The folder of plait serve: versions, loading and unloading while requests run, files that are broken; tokens and TLS."""
import json
import shutil
import ssl
import subprocess
import threading
import urllib.error
import urllib.request

import numpy as np
import pytest

import tiny
from plait_server import MODELS, Server, binary_input, program

VALUES = np.array([-1, 2, -3], np.float32)
REQUEST = {"inputs": [binary_input("x", "FP32", VALUES)]}


def scaled(factor):
    graph = tiny.Graph()
    source, target = graph.tensor(np.float32, [3], name="x"), graph.tensor(np.float32, [3], name="y")
    options = tiny.schema.MulOptionsT()
    graph.op("MUL", [source, graph.tensor(np.float32, [1], data=[factor])], [target], options)
    return graph.build([source], [target])


def put(folder, name, factor, version=1):
    path = folder / name / str(version) / "model.tflite"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(scaled(factor))
    return path


def ask(server, name="scale", **options):
    return server.infer(name, REQUEST, VALUES.tobytes(), **options).json["outputs"][0]["data"]


def states(server):
    return {(item["name"], item["version"]): item["state"] for item in server.post("/v2/repository/index").json}


def test_versions(tmp_path):
    for version, factor in ((1, 1), (2, 2), (10, 10)):
        put(tmp_path, "scale", factor, version)
    (tmp_path / "flat.tflite").write_bytes(scaled(5))
    (tmp_path / "notes.txt").write_text("no model")
    (tmp_path / "scale" / "old").mkdir()
    with Server("--repository", tmp_path) as server:
        assert set(states(server)) == {("scale", "1"), ("scale", "2"), ("scale", "10"), ("flat", "1")}
        assert server.get("/v2/models/scale").json["versions"] == ["1", "2", "10"]
        assert ask(server) == [-10, 20, -30] and ask(server, "flat") == [-5, 10, -15]
        for version, factor in ((1, 1), (2, 2), (10, 10)):
            answer = server.post(f"/v2/models/scale/versions/{version}/infer", {
                "inputs": [{"name": "x", "datatype": "FP32", "shape": [3], "data": [1, 2, 3]}]}).json
            assert answer["model_version"] == str(version)
            assert answer["outputs"][0]["data"] == [factor, 2 * factor, 3 * factor]
        assert len(server.get("/v2/models/scale/stats").json["model_stats"]) == 3
        assert len(server.get("/v2/models/scale/versions/2/stats").json["model_stats"]) == 1


def test_a_folder_of_one_model(tmp_path):
    """NAME=FOLDER, as a model's files lie where KServe puts them: model.json before model.tflite before the only pipeline
    before the only model, whatever lies deeper; without a name, the file's."""
    pipeline = json.dumps({"models": {"m": "scale.tflite"}, "inputs": {"in": "m"}, "outputs": {"out": "m"}})
    put(tmp_path, "deeper", 1)
    (tmp_path / "readme.txt").write_text("no model")
    done = refused(f"one={tmp_path}")
    assert f"{tmp_path}: a folder without a .tflite or .json file" in done
    for name, content, inputs in [("scale.tflite", scaled(2), "x"), ("whole.json", pipeline.encode(), "in"),
                                  ("model.tflite", scaled(3), "x"), ("model.json", pipeline.encode(), "in")]:
        (tmp_path / name).write_bytes(content)
        with Server(f"one={tmp_path}", f"{tmp_path}") as server:
            assert server.get("/v2/models/one").json["inputs"][0]["name"] == inputs
            assert server.get(f"/v2/models/{name.split('.')[0]}").status == 200
    for name in ("model.json", "model.tflite", "whole.json"):
        (tmp_path / name).unlink()
    (tmp_path / "other.tflite").write_bytes(scaled(4))
    assert "a folder of several models, none of which is model.tflite or model.json" in refused(f"one={tmp_path}")


def refused(*arguments):
    done = subprocess.run([program(), "serve", "--port", "0", *arguments], capture_output=True, text=True, timeout=30)
    assert done.returncode != 0
    return done.stderr


def test_load_and_unload(tmp_path):
    put(tmp_path, "scale", 2)
    with Server("--repository", tmp_path) as server:
        put(tmp_path, "later", 3)
        assert server.get("/v2/models/later").status == 404
        assert server.post("/v2/repository/models/later/load").status == 200
        assert ask(server, "later") == [-3, 6, -9]
        assert server.post("/v2/repository/models/scale/unload", {"parameters": {"unload_dependents": True}}).status == 200
        assert server.get("/v2/models/scale/ready").status == 404
        assert states(server) == {("scale", "1"): "UNAVAILABLE", ("later", "1"): "READY"}
        ready = server.post("/v2/repository/index", {"ready": True}).json
        assert [item["name"] for item in ready] == ["later"]
        assert server.post("/v2/repository/models/scale/load").status == 200 and ask(server) == [-2, 4, -6]
        for change in ("load", "unload"):
            assert server.post(f"/v2/repository/models/nobody/{change}").status == 404
        config = server.post("/v2/repository/models/scale/load", {"parameters": {"config": "{}"}})
        assert config.status == 400 and "config" in config.error
        wrong = server.post("/v2/repository/models/scale/unload", {"parameters": {"unload_dependents": 1}})
        assert wrong.status == 400 and "unload_dependents is not true or false" in wrong.error
        shutil.rmtree(tmp_path / "later")
        assert server.post("/v2/repository/models/later/unload").status == 200
        assert server.post("/v2/repository/models/later/load").status == 404


def test_a_broken_file_does_not_replace_what_serves(tmp_path):
    path = put(tmp_path, "scale", 2)
    with Server("--repository", tmp_path) as server:
        path.write_bytes(path.read_bytes()[:100])
        answer = server.post("/v2/repository/models/scale/load")
        assert answer.status == 400 and answer.error
        assert ask(server) == [-2, 4, -6]
        index = server.post("/v2/repository/index").json[0]
        assert index["state"] == "READY" and index["reason"] == answer.error
        put(tmp_path, "scale", 7)
        assert server.post("/v2/repository/models/scale/load").status == 200
        assert ask(server) == [-7, 14, -21]


def test_broken_files_do_not_hold_up_others(tmp_path):
    put(tmp_path, "scale", 2)
    (tmp_path / "broken.tflite").write_bytes(b"nothing")
    (tmp_path / "chain.json").write_text('{"models": {"a": "nowhere.tflite"}}')
    (tmp_path / "complex.tflite").write_bytes(tiny_complex())
    with Server("--repository", tmp_path) as server:
        found = states(server)
        assert found.pop(("scale", "1")) == "READY" and set(found.values()) == {"UNAVAILABLE"} and len(found) == 3
        reasons = {item["name"]: item["reason"] for item in server.post("/v2/repository/index").json}
        assert "nowhere.tflite" in reasons["chain"] and "complex64" in reasons["complex"] and reasons["broken"]
        assert ask(server) == [-2, 4, -6]


def tiny_complex():
    graph = tiny.Graph()
    source, target = graph.tensor(np.complex64, [3], name="x"), graph.tensor(np.float32, [3], name="y")
    graph.op("REAL", [source], [target])
    return graph.build([source], [target])


def test_watch(tmp_path):
    path = put(tmp_path, "scale", 2)
    with Server("--repository", tmp_path, "--watch", 0.05) as server:
        put(tmp_path, "later", 3)
        server.wait_for("event=loaded model=later")
        path.write_bytes(b"nothing")
        server.wait_for('event="not loaded" model=scale')
        assert ask(server, "later") == [-3, 6, -9] and ask(server) == [-2, 4, -6]
        path.write_bytes(scaled(4))
        server.wait_for("event=loaded model=scale.*", count=2)
        assert ask(server) == [-4, 8, -12]
        assert server.post("/v2/repository/models/scale/unload").status == 200
        put(tmp_path, "last", 5)
        server.wait_for("event=loaded model=last")
        assert server.get("/v2/models/scale/ready").status == 404  # unloaded on purpose, and it has not changed
        assert sum("event=\"not loaded\"" in line for line in server.log) == 1


def test_pipelines_whose_models_are_called_alike(tmp_path):
    """Two pipelines and a model of one name, and a pipeline that is loaded again."""
    put(tmp_path, "part", 3)
    for name, factor in (("one", 2), ("two", 5)):
        (tmp_path / f".{name}").mkdir()
        (tmp_path / f".{name}" / "part.tflite").write_bytes(scaled(factor))
        (tmp_path / f"{name}.json").write_text(json.dumps({"models": {"part": f".{name}/part.tflite"}, "inputs": {"x": "part"},
                                                           "outputs": {"y": "part"}}))
    with Server("--repository", tmp_path) as server:
        for _ in range(3):
            assert [ask(server, name)[0] for name in ("part", "one", "two")] == [-3, -2, -5]
            # three of three inputs and outputs, whichever interpreter they are in
            assert 'plait_memory_bytes{kind="io"} 72\n' in server.get("/metrics").body.decode()
            assert server.post("/v2/repository/models/one/load").status == 200


def test_streams(tmp_path):
    """Rows that are pushed: any number of them, and what the last run gave."""
    window = tiny.relu(np.float32, [1, 4])
    (tmp_path / ".model.tflite").write_bytes(window)
    (tmp_path / "stream.json").write_text(json.dumps({
        "models": {"m": ".model.tflite"}, "inputs": {"rows": {"to": "m", "window": {"hop": 2, "axis": 1, "zeros": 2}}},
        "outputs": {"y": "m"}}))
    with Server("--repository", tmp_path) as server:
        assert server.get("/v2/models/stream").json["inputs"][0]["shape"] == [1, -1]

        def push(*rows):
            return server.infer("stream", {"inputs": [{"name": "rows", "datatype": "FP32", "shape": [1, len(rows)],
                                                       "data": list(rows)}]}).json["outputs"][0]["data"]
        assert push(1, 2) == [0, 0, 1, 2]
        assert push(3) == [0, 0, 1, 2]
        assert push(4, 5, 6) == [3, 4, 5, 6]


def test_models_change_under_load(tmp_path):
    path, wrong, seen = put(tmp_path, "scale", 2), [], set()
    done = threading.Event()

    def work(server):
        connection = server.connect()
        while not done.is_set():
            answer = server.infer("scale", REQUEST, VALUES.tobytes(), connection=connection)
            if answer.status == 200:
                seen.add(answer.json["outputs"][0]["data"][0])
            elif answer.status != 404:
                wrong.append(answer.body)

    with Server("--repository", tmp_path) as server:
        threads = [threading.Thread(target=work, args=[server]) for _ in range(4)]
        for thread in threads:
            thread.start()
        for number in range(60):
            path.write_bytes(scaled(2 + number % 2))
            assert server.post("/v2/repository/models/scale/load").status == 200
            if number % 10 == 9:
                assert server.post("/v2/repository/models/scale/unload").status == 200
        done.set()
        for thread in threads:
            thread.join()
    assert wrong == [] and seen == {-2, -3}


def test_tokens(tmp_path):
    (tmp_path / "tokens").write_text("# who may ask\n\nfirst-secret\nsecond\n")
    put(tmp_path, "scale", 2)
    with Server("--repository", tmp_path, "--token-file", tmp_path / "tokens") as server:
        assert server.get("/v2/health/live").status == server.get("/v2/health/ready").status == 200
        for path in ("/v2", "/metrics", "/v2/models/scale", "/nowhere"):
            for header in (None, "Bearer", "Bearer ", "Bearer third", "Bearer second2", "Basic second", "second",
                           "Bearer # who may ask"):
                refused = server.get(path, headers={"Authorization": header} if header else {})
                assert refused.status == 401 and refused.headers["www-authenticate"] == "Bearer"
        for token in ("Bearer first-secret", "bearer second"):
            assert server.get("/v2", headers={"Authorization": token}).status == 200
            assert ask(server, headers={"Authorization": token}) == [-2, 4, -6]
        assert server.infer("scale", REQUEST, VALUES.tobytes()).status == 401
    (tmp_path / "tokens").write_text("# none\n")
    with pytest.raises(AssertionError, match="it has no token"), \
            Server("--repository", tmp_path, "--token-file", tmp_path / "tokens"):
        pass


def test_tls(tmp_path):
    put(tmp_path, "scale", 2)
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                    "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate],
                   check=True, capture_output=True)
    with Server("--repository", tmp_path, "--tls-cert", certificate, "--tls-key", key) as server:
        assert server.url.startswith("https://")
        context = ssl.create_default_context(cafile=certificate)
        with urllib.request.urlopen(server.url + "/v2/models/scale", context=context) as answer:
            assert json.load(answer)["name"] == "scale"
        with pytest.raises(urllib.error.URLError):
            urllib.request.urlopen(server.url + "/v2")
    key.write_text("no key")
    with pytest.raises(AssertionError, match="is the certificate one of this key"), \
            Server("--repository", tmp_path, "--tls-cert", certificate, "--tls-key", key):
        pass


def test_an_address_that_is_taken(tmp_path):
    put(tmp_path, "scale", 2)
    with Server(MODELS / "digits_whole_int8.tflite") as server:
        with pytest.raises(AssertionError, match="Address already in use"), \
                Server("--repository", tmp_path, "--port", server.port):
            pass
    with Server("--repository", tmp_path, "--bind", "::1") as server:
        assert server.url.startswith("http://[::1]:")
