# SPDX-License-Identifier: Apache-2.0
"""plait run --trace: what Perfetto and Chrome take (X, M and C events, times in microseconds), whose slices nest on every
thread, cover the run and agree with its profile."""
import collections
import json
import os
import subprocess

import pytest
from test_cli import ROOT, program

THREE_HEADS = ["examples/pipelines/three_heads/pipeline.json"]
RUNS = {"three_heads": THREE_HEADS,
        "two_threads": [*THREE_HEADS, "--threads", "2"],
        "apart": [f"examples/models/{name}.tflite" for name in ("anomaly_0", "camera_a", "digits_features")],
        "stream": ["tests/cli/files/rows.json"],
        "boxes": ["tests/cli/files/boxes.json"],
        "control_flow": ["tests/models/control_while_fp32.tflite", "tests/models/late_fp32.tflite"]}
NANOSECOND = 1e-3 * 0.5


def run(arguments, path, code=0):
    done = subprocess.run([program(), "run", *arguments, "--random-input", "--trace", path, "--profile", "--json"], cwd=ROOT,
                          capture_output=True, text=True, check=False, env=os.environ | {"PLAIT_CPU": "c"})
    assert done.returncode == code, done.stderr
    return done


@pytest.fixture(scope="module", params=RUNS)
def traced(request, tmp_path_factory):
    """The trace's document, and the profile of the same run."""
    path = tmp_path_factory.mktemp("trace") / "trace.json"
    profile = json.loads(run(RUNS[request.param], path).stdout)["profile"]
    return json.loads(path.read_text()), profile


def of(document, phase, category=None):
    return [event for event in document["traceEvents"] if event["ph"] == phase and category in (None, event.get("cat"))]


def end(event):
    return event["ts"] + event["dur"]


def within(inner, outer):
    return outer["ts"] <= inner["ts"] + NANOSECOND and end(inner) <= end(outer) + NANOSECOND


# What the Trace Event Format has of each phase: the fields that must be there, and those that may.
FIELDS = {"X": ({"ph", "name", "ts", "dur", "pid", "tid"}, {"cat", "args"}), "C": ({"ph", "name", "ts", "pid", "args"}, {"tid", "cat"}),
          "M": ({"ph", "name", "pid", "args"}, {"tid"})}
METADATA = {"process_name": "name", "thread_name": "name", "process_sort_index": "sort_index", "thread_sort_index": "sort_index"}


def test_form(traced):
    document = traced[0]
    assert document["displayTimeUnit"] == "ns" and set(document) <= {"traceEvents", "displayTimeUnit", "otherData"}
    for event in document["traceEvents"]:
        needed, allowed = FIELDS[event["ph"]]
        assert needed <= set(event) <= needed | allowed, event
        assert all(type(event[key]) in (int, float) for key in ("ts", "dur") if key in event)
        assert event["ph"] != "M" or list(event["args"]) == [METADATA[event["name"]]], event
        assert all(isinstance(value, (int, float, str, bool)) for value in event.get("args", {}).values()), event
        assert event["ph"] in "XMC" and isinstance(event["name"], str)
        assert isinstance(event["pid"], int) and isinstance(event["tid"], int)
        assert event["ph"] == "M" or event["ts"] >= 0
        assert event["ph"] != "X" or event["dur"] >= 0
        assert event["ph"] != "C" or all(isinstance(value, int) for value in event["args"].values())
    named = {event["tid"] for event in of(document, "M") if event["name"] == "thread_name"}
    assert {event["tid"] for event in of(document, "X")} <= named


def test_slices_nest(traced):
    document = traced[0]
    for thread in {event["tid"] for event in of(document, "X")}:
        open_slices = []
        slices = [event for event in of(document, "X") if event["tid"] == thread]
        for event in sorted(slices, key=lambda event: (event["ts"], -event["dur"])):
            while open_slices and end(open_slices[-1]) <= event["ts"] + NANOSECOND:
                open_slices.pop()
            assert not open_slices or within(event, open_slices[-1]), event
            open_slices.append(event)


def test_run_is_covered(traced):
    document, profile = traced
    whole, = of(document, "X", "run")
    assert all(within(event, whole) for event in of(document, "X"))
    models = of(document, "X", "model")
    assert {event["name"] for event in models} == \
        {model["model"] for model in profile if any(operator["calls"] for operator in model["operators"])}
    for event in of(document, "X", "operator"):
        assert any(within(event, model) and model["name"] == event["args"]["model"] for model in models), event


def test_operators_are_those_of_the_profile(traced):
    document, profile = traced
    calls = {(model["model"], operator["index"], operator["name"]): operator["calls"]
             for model in profile for operator in model["operators"] if operator["index"] >= 0 and operator["calls"]}
    seen = collections.Counter((event["args"]["model"], event["args"]["operator"], event["name"])
                               for event in of(document, "X", "operator") if event["args"]["operator"] != "of a link")
    inside = {"control_while_fp32", "late_fp32"}  # operators in subgraphs have numbers of their own
    assert all(seen[key] >= count if key[0] in inside else seen[key] == count for key, count in calls.items())
    assert all(key in calls or key[0] in inside for key in seen)


def test_parts_are_of_operators(traced):
    document = traced[0]
    operators = of(document, "X", "operator")
    for part in of(document, "X", "part"):
        assert any(within(part, operator) and operator["name"] == part["name"] and operator["args"] == part["args"]
                   for operator in operators), part


def test_arena(traced):
    document = traced[0]
    counters = collections.defaultdict(list)
    for event in sorted(of(document, "C"), key=lambda event: event["ts"]):
        counters[event["name"]].append(event["args"]["bytes"])
    marks = counters["arena high-water mark"]
    assert marks == sorted(marks)
    if marks:
        assert document["otherData"]["arena_bytes"] - 64 < marks[-1] <= document["otherData"]["arena_bytes"]
        assert max(counters["arena in use"]) <= marks[-1]
    assert counters["arena in use"][-1] == 0
    looked_at = {event["ts"] for event in of(document, "C")}
    assert all(event["ts"] in looked_at for event in of(document, "X", "model"))


def test_helpers_have_lines_of_their_own(tmp_path):
    if len(os.sched_getaffinity(0)) < 2:
        pytest.skip("one processor")
    run([*THREE_HEADS, "--threads", "2"], tmp_path / "trace.json")
    document = json.loads((tmp_path / "trace.json").read_text())
    assert {event["tid"] for event in of(document, "X", "part")} == {1, 2}
    assert {event["tid"] for event in of(document, "X", "operator")} == {1}


def test_a_place_that_is_not_there(tmp_path):
    done = run(THREE_HEADS, tmp_path / "nowhere" / "trace.json", code=2)
    assert "--trace" in done.stderr and done.stdout == ""
