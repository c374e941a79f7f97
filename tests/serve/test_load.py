# SPDX-License-Identifier: Apache-2.0
"""Many requests at once: queues, classes, clients that leave, and the end of the server."""
import json
import signal
import threading
import time

from fault_server import ENDLESS, REQUEST, SLOW, VALUES, head, is_well, metric, models, raw, rest, start, wait_until, wanted  # noqa: F401


def send(server, model):
    """A request whose answer nobody has read yet."""
    body = json.dumps(SLOW).encode()
    return raw(server, head(len(body), f"/v2/models/{model}/infer") + body)


def test_queue(start, wanted):
    with start("--queue", 1) as server:
        def errors(reason):
            return metric(server, f'plait_request_errors_total{{model="endless",version="1",reason="{reason}"')

        def waiting():
            return metric(server, 'plait_queue_requests{model="endless"')

        two = [send(server, "endless") for _ in range(2)]  # one runs, the other waits, whichever came first
        wait_until(lambda: waiting() == 1)
        full = server.infer("endless", SLOW)
        assert full.status == 429 and full.headers["retry-after"] == "1"
        assert is_well(server, wanted)  # another model is not held up
        two.pop().close()
        wait_until(lambda: errors("gone") == 1 and waiting() == 0)
        late = server.infer("endless", {**SLOW, "parameters": {"timeout": 1000}})
        assert late.status == 503 and "timeout" in late.error
        answers = []
        last = {"inputs": [{**SLOW["inputs"][0], "data": [ENDLESS - 1]}]}
        brief = threading.Thread(target=lambda: answers.append(server.infer("endless", last)))
        brief.start()
        wait_until(lambda: waiting() == 1)
        two.pop().close()
        brief.join()
        assert answers[0].status == 200 and answers[0].json["outputs"][0]["data"] == [ENDLESS]
        assert [errors(reason) for reason in ("gone", "late", "busy")] == [2, 1, 1]


def ask_and_leave(server, model):
    """Sends a request, waits until the model has it, and gives the connection."""
    connected = send(server, model)
    wait_until(lambda: metric(server, "plait_body_bytes") > 0)
    time.sleep(0.1)
    return connected


def test_a_run_ends_when_its_client_has_gone(start, wanted):
    with start("--runs", 2) as server:
        def gone():
            return metric(server, 'plait_request_errors_total{model="endless",version="1",reason="gone"')
        running = ask_and_leave(server, "endless")
        waiting = send(server, "endless")
        wait_until(lambda: metric(server, 'plait_queue_requests{model="endless"') == 1)
        waiting.close()
        wait_until(lambda: gone() == 1)
        running.close()
        wait_until(lambda: gone() == 2)
        assert is_well(server, wanted)


def test_what_does_not_end_is_cut_off(start):
    with start("--drain-seconds", 0.2) as server:
        connected = ask_and_leave(server, "endless")
        server.process.send_signal(signal.SIGTERM)
        assert b" 503 " in rest(connected)
        server.wait_for('event="cut off" requests=1')


def test_classes(start, wanted):
    """An urgent model does not wait for the end of another one, although only one of a class may run."""
    with start("--runs", 1, "--class", "quick=5") as server:
        connected = ask_and_leave(server, "endless")
        assert is_well(server, wanted) and is_well(server, wanted)
        assert metric(server, 'plait_request_errors_total{model="endless"') == 0
        connected.close()


def test_end_under_load(start, wanted):
    wrong, answered, slow = [], [0], []

    def ask(server):
        try:
            connection = server.connect()
            while True:
                answer = server.infer("quick", REQUEST, VALUES.tobytes(), connection=connection)
                if answer.binary != wanted:
                    wrong.append(answer.body)
                answered[0] += 1
                if answer.headers.get("connection") == "close":
                    return
        except OSError:
            pass
        except Exception as error:  # half an answer
            wrong.append(error)

    with start() as server:
        threads = [threading.Thread(target=ask, args=[server]) for _ in range(8)]
        threads.append(threading.Thread(target=lambda: slow.append(server.infer("slow", SLOW).status)))
        for thread in threads:
            thread.start()
        wait_until(lambda: answered[0] > 20 and metric(server, "plait_requests_total") > 20)
        server.process.send_signal(signal.SIGTERM)
        for thread in threads:
            thread.join(60)
        assert server.process.wait(30) == 0
    assert wrong == [] and slow == [200]
