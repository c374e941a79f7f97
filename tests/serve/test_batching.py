# SPDX-License-Identifier: Apache-2.0
"""Requests that wait are run as one, with the bits of single runs; what is wrong with one harms no other. Priorities."""
import json
import socket
import threading
import time

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

import tiny
from fault_server import COUNT, VARIANTS, head, metric, raw, wait_until
from plait_server import MODELS, Server

GATHER = 400_000  # microseconds: long enough for all that a test sends at once
DIGITS = [np.random.default_rng(seed).integers(-128, 128, (1, 8, 8, 1), np.int8) for seed in range(16)]


def divide():
    """y = 100 / x, which fails where x is 0."""
    graph = tiny.Graph()
    x, y = graph.tensor(np.int32, [1, 2], name="x"), graph.tensor(np.int32, [1, 2], name="y")
    graph.op("DIV", [graph.tensor(np.int32, [1, 2], data=[100, 100]), x], [y], schema.DivOptionsT())
    return graph.build([x], [y])


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("batches")
    for name, stem in (("digits", "digits_whole_int8"), ("open", "dynamic_batch_fp32"), ("state", "stateful_fp32")):
        (folder / f"{name}.tflite").write_bytes((MODELS / f"{stem}.tflite").read_bytes())
    (folder / "divide.tflite").write_bytes(divide())
    (folder / "slow.tflite").write_bytes(tiny.counting_loop(COUNT))
    (folder / "endless.tflite").write_bytes(tiny.counting_loop(1000 * COUNT))
    return folder


@pytest.fixture(params=VARIANTS or [None])
def start(request, models):
    def begin(*options):
        return Server("--repository", models, *options, variant=request.param)
    return begin


def request_of(server, model, values, **parameters):
    tensor = server.get(f"/v2/models/{model}").json["inputs"][0]
    return {"inputs": [{"name": tensor["name"], "datatype": tensor["datatype"], "shape": list(values.shape),
                        "data": values.ravel().tolist()}], "parameters": parameters}


def together(server, model, batches, **parameters):
    """The answers to all of these, asked at the same time."""
    documents = [request_of(server, model, values, **parameters) for values in batches]
    answers = [None] * len(documents)

    def ask(index):
        answers[index] = server.infer(model, documents[index])

    threads = [threading.Thread(target=ask, args=[index]) for index in range(len(documents))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def outputs(answer):
    assert answer.status == 200, answer.body
    return [(output["name"], output["shape"], output["data"]) for output in answer.json["outputs"]]


def sizes(server, model):
    """How many runs there were of each size."""
    statistic = server.get(f"/v2/models/{model}/stats").json["model_stats"][0]
    assert statistic["execution_count"] == sum(size["compute_infer"]["count"] for size in statistic["batch_stats"])
    return {size["batch_size"]: size["compute_infer"]["count"] for size in statistic["batch_stats"]}


def test_requests_are_run_together(start):
    with start("--batch", 1) as server:
        wanted = [outputs(server.infer("digits", request_of(server, "digits", values))) for values in DIGITS]
        assert sizes(server, "digits") == {1: len(DIGITS)}
    with start("--batch", "digits=8", "--batch-delay", f"digits={GATHER}") as server:
        assert [outputs(answer) for answer in together(server, "digits", DIGITS)] == wanted
        assert sizes(server, "digits") == {8: 2}
        assert metric(server, 'plait_batch_rows_bucket{model="digits",version="1",le="4"}') == 0
        assert metric(server, 'plait_batch_rows_sum{model="digits"') == len(DIGITS)
        # what is no power of two goes in parts, and so does who is alone
        assert [outputs(answer) for answer in together(server, "digits", DIGITS[:7])] == wanted[:7]
        counts = sizes(server, "digits")
        assert sum(size * count for size, count in counts.items()) == len(DIGITS) + 7 and counts[4] == 1


def test_requests_of_several_rows(start):
    rng = np.random.default_rng(3)
    batches = [rng.standard_normal((rows, 16, 16, 3)).astype(np.float32) for rows in (3, 1, 2, 2)]
    with start("--batch", "open=8", "--batch-delay", GATHER) as server:
        answers = together(server, "open", batches)
        assert sizes(server, "open") == {8: 1}
        for values, answer in zip(batches, answers, strict=True):
            for row in range(len(values)):
                alone = outputs(server.infer("open", request_of(server, "open", values[row:row + 1])))
                for (_, shape, data), (_, _, single) in zip(outputs(answer), alone, strict=True):
                    assert shape[0] == len(values) and data[row * len(single):(row + 1) * len(single)] == single


def test_shapes_that_differ_go_apart(start):
    rng = np.random.default_rng(4)
    batches = [rng.standard_normal((1, side, side, 3)).astype(np.float32) for side in (16, 16, 16, 16)]
    with start("--batch", "open=4", "--batch-delay", GATHER) as server:
        for answer in together(server, "open", batches):
            outputs(answer)
        assert sizes(server, "open") == {4: 1}


def test_what_cannot_be_a_batch_is_none(start):
    """Its state is of one request after the other, and its file has no other rows."""
    with start("--batch", 4, "--batch-delay", GATHER) as server:
        tensor = server.get("/v2/models/state").json["inputs"][0]
        values = np.ones([max(dim, 1) for dim in tensor["shape"]], np.float32)
        for answer in together(server, "state", [values] * 4):
            outputs(answer)
        assert sizes(server, "state") == {1: 4}


def test_an_error_of_one_is_none_of_the_others(start):
    rows = [np.array([[2, 5]], np.int32), np.array([[1, 0]], np.int32), np.array([[4, 10]], np.int32), np.array([[50, 1]], np.int32)]
    with start("--batch", 4, "--batch-delay", GATHER) as server:
        answers = together(server, "divide", rows)
        assert answers[1].status == 400 and "divi" in answers[1].error
        for index in (0, 2, 3):
            assert outputs(answers[index])[0][2] == (100 // rows[index]).ravel().tolist()


def test_a_run_that_fails_at_once_has_failed(start):
    """Also where it has ended before the thread that asked for it goes on: the first run of a model is another thread's."""
    with start("--batch", 1) as server:
        document = request_of(server, "divide", np.array([[1, 0]], np.int32))
        for _ in range(50):
            assert server.post("/v2/repository/models/divide/unload").status == 200
            assert server.post("/v2/repository/models/divide/load").status == 200
            answer = server.infer("divide", document)
            assert answer.status == 400 and "divi" in answer.error


def test_who_leaves_a_batch_takes_nobody_along(start):
    with start("--batch", "digits=4", "--batch-delay", GATHER) as server:
        wanted = outputs(server.infer("digits", request_of(server, "digits", DIGITS[0])))
        body = json.dumps(request_of(server, "digits", DIGITS[1])).encode()
        leaving = [raw(server, head(len(body), "/v2/models/digits/infer") + body) for _ in range(3)]
        wait_until(lambda: metric(server, 'plait_queue_requests{model="digits"') == 2)
        for connected in leaving:
            connected.shutdown(socket.SHUT_RDWR)
            connected.close()
        assert outputs(server.infer("digits", request_of(server, "digits", DIGITS[0]))) == wanted


def test_batches_come_by_themselves_where_they_are_quicker(start, models):
    """Nobody asked: what waits while a run is under way goes together, unless that takes longer."""
    with start() as server:
        stop = time.monotonic() + (20 if VARIANTS else 5)
        document = request_of(server, "digits", DIGITS[0])
        wanted = outputs(server.infer("digits", document))
        wrong = []

        def ask():
            connection = server.connect()
            while time.monotonic() < stop and not wrong:
                answer = server.infer("digits", document, connection=connection, check=False)
                if outputs(answer) != wanted:
                    wrong.append(answer.body)

        threads = [threading.Thread(target=ask) for _ in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert wrong == []
        assert sum(count for size, count in sizes(server, "digits").items() if size > 1) > 0


# ---- priorities ------------------------------------------------------------------------------------------------------------


def test_priority_orders_what_waits(start):
    with start() as server:
        order, threads = [], []

        def ask(priority, begin):
            document = {"inputs": [{"name": "t0", "datatype": "INT32", "shape": [1], "data": [begin]}]}
            if priority is not None:
                document["parameters"] = {"priority": priority}
            assert server.infer("slow", document).status == 200
            order.append(priority)

        for priority, begin in ((1, 0), (0, COUNT - COUNT // 10), (3, COUNT - COUNT // 10), (None, COUNT - COUNT // 10), (2, COUNT - COUNT // 10)):
            threads.append(threading.Thread(target=ask, args=[priority, begin]))
            threads[-1].start()
            waiting = len(threads) - 1
            wait_until(lambda: metric(server, "plait_body_bytes") > 0)
            wait_until(lambda count=waiting: metric(server, 'plait_queue_requests{model="slow"') == count)
        for thread in threads:
            thread.join()
        assert order == [1, 2, 3, 0, None]


def test_priority_is_a_class_where_the_server_allows_it(start):
    """Of a class that another model holds up, requests of the highest priority are not."""
    with start("--runs", 1, "--class", "digits=0-5", "--class", "endless=3") as server:
        body = json.dumps({"inputs": [{"name": "t0", "datatype": "INT32", "shape": [1], "data": [0]}]}).encode()
        endless = raw(server, head(len(body), "/v2/models/endless/infer") + body)
        wait_until(lambda: metric(server, "plait_body_bytes") == len(body))
        time.sleep(0.1)
        for priority in (1, 2):
            assert server.infer("digits", request_of(server, "digits", DIGITS[0], priority=priority)).status == 200
        assert metric(server, 'plait_request_errors_total{model="endless"') == 0
        endless.close()


def test_priority_is_a_number(start):
    with start() as server:
        for wrong in (-1, "high", 1.5, True):
            refused = server.infer("digits", request_of(server, "digits", DIGITS[0], priority=wrong))
            assert refused.status == 400 and "priority" in refused.error
