# SPDX-License-Identifier: Apache-2.0
"""What --link cuts out is what the same words of a pipeline file cut out."""
import json
import re
import subprocess

import pytest

import crop_scenes
from test_cli import program


def run(folder, *arguments):
    return subprocess.run([str(program()), "run", *arguments], cwd=folder, capture_output=True, text=True)


def runs_of(folder, *arguments):
    done = run(folder, *arguments, "--json")
    assert done.returncode == 0, done.stderr
    found, = (one.get("runs", []) for one in json.loads(done.stdout)["outputs"] if one["model"] == "second")
    return found


def models():
    return [f"{name}.tflite" for name in crop_scenes.MODELS]


FED = ["--input", "camera=camera.npy", "--input", "detector.x0=boxes.npy", "--input", "detector.x1=scores.npy"]


@pytest.mark.parametrize("name", crop_scenes.SCENES)
def test_link_is_the_file(name, tmp_path):
    scene = crop_scenes.Scene(tmp_path, name)
    wanted = runs_of(tmp_path, "p.json", *(text for end in scene.fed for text in ("--input", f"{end}={end}.npy")))
    link = f"camera=second,crop=detector.y0,scores=detector.y1,margin=0.25{scene.text}"
    assert runs_of(tmp_path, *models(), "--link", link, *FED) == wanted and len(wanted) >= 2
    for word in link.split(",")[3:]:
        if word.startswith("anchors="):  # without them the numbers say other things
            continue
        assert runs_of(tmp_path, *models(), "--link", link.replace(f",{word}", ""), *FED) != wanted, word


@pytest.mark.parametrize("text, message", [
    ("margin=1", r"of ,crop=DET.BOXES, which is missing"),
    ("sigmoid", r"of ,crop=DET.BOXES, which is missing"),
    ("crop=detector.y0", r"crop=detector.y0 needs ,scores=detector.OUT"),
    ("crop=detector.y0,scores=camera.y0", r"of the same model"),
    ("crop=detector.y0,scores=detectory1", r"of the same model"),
    ("crop=nobody.y0,scores=nobody.y1", r"no model 'nobody'"),
    ("crop=detector.y7,scores=detector.y1", r"y7"),
    ("crop=detector.y0,scores=detector.y1,order=zz", r"order=zz: it is xy or yx"),
    ("crop=detector.y0,scores=detector.y1,most=0", r"no number that can be there"),
    ("crop=detector.y0,scores=detector.y1,overlap=2", r"overlap from 0 to 1"),
    ("crop=detector.y0,scores=detector.y1,margin=-1", r"margin"),
    ("crop=detector.y0,scores=detector.y1,anchors=8x8:4/8", r"there are 4 anchors, output 'y0' .* has 14 boxes"),
    ("crop=detector.y0,scores=detector.y1,variances=1", r"the form is A/B"),
    *((f"crop=detector.y0,scores=detector.y1,anchors={wrong}", r"the form is ROWSxCOLUMNS:STEP/SIZE") for wrong in
      ("", "8", "8x8", "8x8:", "8x8:4", "8x8:4/", "8x8:4/8:", "8.5x8:4/8", "8x8:4/-8", "8x8:4/8/1/1/1/1/1/1/1/1", "8x8:4/8x",
       "0x8:4/8", "8x8" + ":4/8" * 9)),
])
def test_refused(text, message, tmp_path):
    crop_scenes.Scene(tmp_path, "corners")
    done = run(tmp_path, *models(), "--link", f"camera=second,{text}", *FED)
    assert done.returncode not in (0, 139, 134) and done.stdout == ""
    assert re.search(message, done.stderr), done.stderr
