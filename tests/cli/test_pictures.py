# SPDX-License-Identifier: Apache-2.0
"""plait inspect --svg: XML whatever a file's names are, nothing drawn over a name, and an arena in which no two tensors
lie at one place at a time."""
import itertools
import json
import os
import re
import subprocess
import xml.etree.ElementTree as ElementTree

import pytest
from test_cli import ROOT, program

SVG = "{http://www.w3.org/2000/svg}"
THREE_HEADS = ["examples/pipelines/three_heads/pipeline.json"]
SETS = {"three_heads": THREE_HEADS,
        "one": ["tests/models/detector_int8.tflite"],
        "five": ["anomaly_0", "camera_a", "digits_features", "digits_classifier", "camera_c"],
        "linked": ["a=tests/models/digits_whole_int8.tflite", "b=tests/models/digits_features_int8.tflite",
                   "c=tests/models/digits_classifier_own_int8.tflite", "--link", "a.input=b,input", "--link", "b=c"],
        "stream": ["tests/cli/files/rows.json"],
        "control_flow": ["tests/models/control_while_fp32.tflite", "tests/models/late_fp32.tflite"]}
SETS["five"] = [f"examples/models/{name}.tflite" for name in SETS["five"]]


def inspect(arguments, code=0):
    done = subprocess.run([program(), "inspect", *arguments], cwd=ROOT, capture_output=True, text=True, errors="replace",
                          check=False, env=os.environ | {"PLAIT_CPU": "c"})
    assert done.returncode == code, done.stderr
    return done


def draw(arguments, path):
    inspect([*arguments, "--svg", path])
    return ElementTree.parse(path).getroot()


def texts(root):
    return ["".join(text.itertext()) for text in root.iter(SVG + "text")]


def area(text):
    """Left, right, top and bottom of a text, as wide as letters are at most on average."""
    size, x, y = (float(text.get(name)) for name in ("font-size", "x", "y"))
    width = 0.6 * size * len("".join(text.itertext()))
    left = x - {"middle": width / 2, "end": width}.get(text.get("text-anchor"), 0)
    return left, left + width, y - 0.75 * size, y + 0.2 * size


def overlap(one, other):
    return one[0] < other[1] and other[0] < one[1] and one[2] < other[3] and other[2] < one[3]


def pieces(root):
    """(model, first byte, end, first step, last step) of what lies in the arena, steps counted in the picture."""
    found = []
    for box in root.iter(SVG + "rect"):
        title = box.find(SVG + "title")
        match = re.fullmatch(r"(\S+): .*\n([\d,]+) bytes at ([\d,]+)\noperators .*", title.text, re.S) \
            if title is not None else None
        if match:
            size, begin = (int(number.replace(",", "")) for number in match.groups()[1:])
            left, width = float(box.get("x")), float(box.get("width"))
            found.append((match[1], begin, begin + size, left, left + width))
    return found


@pytest.fixture(scope="module", params=SETS)
def picture(request, tmp_path_factory):
    return SETS[request.param], draw(SETS[request.param], tmp_path_factory.mktemp("svg") / "picture.svg")


def test_names_are_apart_and_inside(picture):
    root = picture[1]
    areas = [area(text) for text in root.iter(SVG + "text")]
    assert areas
    assert [pair for pair in itertools.combinations(areas, 2) if overlap(*pair)] == []
    width, height = float(root.get("width")), float(root.get("height"))
    assert all(left >= 0 and right <= width and top >= 0 and bottom <= height for left, right, top, bottom in areas)


def test_arena_is_what_inspect_says(picture):
    arguments, root = picture
    memory = json.loads(inspect([*arguments, "--memory", "--json"]).stdout)["memory"]
    mark = next(text for text in texts(root) if text.startswith("high-water mark"))
    assert int(re.sub(r"\D", "", mark)) == memory["together"]["arena_bytes"]
    for model in memory["models"]:
        ends = [end for name, _, end, _, _ in pieces(root) if name == model["name"]]
        assert model["arena_bytes"] - 64 < max(ends, default=0) <= model["arena_bytes"]


def test_no_two_at_one_place(picture):
    """At the last step of one, another may be written over it: in place. Never longer."""
    found = pieces(picture[1])
    for one, other in itertools.combinations(found, 2):
        if one[0] == other[0] and one[1] < other[2] and other[1] < one[2]:
            step = min(end - begin for name, _, _, begin, end in found if name == one[0])
            assert min(one[4], other[4]) - max(one[3], other[3]) < step + 0.5, (one, other)


def test_three_heads(tmp_path):
    shown = texts(draw(THREE_HEADS, tmp_path / "picture.svg"))
    for name in ("trunk", "a", "b", "c", "picture", "class", "boxes", "kind", "62 operators", "constants"):
        assert any(text.startswith(name) for text in shown), name


def test_adapters_and_windows_are_named(tmp_path):
    shown = texts(draw(SETS["linked"], tmp_path / "picture.svg"))
    assert "requantized" in shown
    assert "3 run elsewhere" in shown
    assert "window 8, hop 2" in texts(draw(SETS["stream"], tmp_path / "picture.svg"))


def test_names_of_any_bytes(tmp_path):
    model = (ROOT / "tests/models/digits_whole_int8.tflite").read_bytes()
    (tmp_path / "odd.tflite").write_bytes(model.replace(b"input", b"<&\xff\x01>"))
    shown = texts(draw([tmp_path / "odd.tflite"], tmp_path / "picture.svg"))
    assert "<&??>" in shown


def test_nothing_is_drawn_of_what_cannot_run(tmp_path):
    inspect(["tests/cli/files/custom_operators.tflite", "--svg", tmp_path / "picture.svg"], code=4)
    assert not (tmp_path / "picture.svg").exists()


def test_a_place_that_is_not_there(tmp_path):
    done = inspect([*THREE_HEADS, "--svg", tmp_path / "nowhere" / "picture.svg"], code=2)
    assert "--svg" in done.stderr and "No such file" in done.stderr
