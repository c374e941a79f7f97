# SPDX-License-Identifier: Apache-2.0
"""A camera, a detector that gives what it is fed, and a model that runs on what is cut out; with boxes as pipeline files say
them, and as --link does."""
import json

import numpy as np

import tiny

PICTURE = np.arange(16 * 24 * 3, dtype=np.float32).reshape(1, 16, 24, 3)
MODELS = ("camera", "detector", "second")
CORNERS = {"from": "detector.y0", "scores": "detector.y1"}
ANCHORS = {"picture": [16, 24], "levels": [{"step": 8, "sizes": [6, 9.5]}, {"step": 16, "sizes": [12]}]}
SCENES = {  # boxes as a file has them: as --link has them
    "corners": (CORNERS, ""),
    "others": (CORNERS | {"class": 1, "threshold": 0.75, "overlap": 0.2, "order": "xy"}, ",class=1,least=0.75,overlap=0.2,order=xy"),
    "few": (CORNERS | {"most": 2}, ",most=2"),
    "anchors": (CORNERS | {"anchors": ANCHORS, "sigmoid": True}, ",anchors=16x24:8/6/9.5:16/12,sigmoid"),
    "linear": (CORNERS | {"anchors": ANCHORS | {"variances": [0.1, 0.2], "linear": True}, "order": "yx", "threshold": 0},
               ",linear,anchors=16x24:8/6/9.5:16/12,variances=0.1/0.2,order=yx,least=0"),
}


def copies(shapes):
    graph = tiny.Graph()
    ends = []
    for k, shape in enumerate(shapes):
        x, y = (graph.tensor(np.float32, shape, name=f"{name}{k}") for name in "xy")
        graph.op("RESHAPE", [x, graph.tensor(np.int32, [len(shape)], data=shape)], [y])
        ends.append((x, y))
    return graph.build([x for x, _ in ends], [y for _, y in ends])


class Scene:
    """Files in a folder: the three models, what they are fed, and the pipeline."""
    def __init__(self, folder, name):
        self.boxes, self.text = SCENES[name]
        count, random = 14, np.random.default_rng(sorted(SCENES).index(name))
        low, size = random.uniform(0, 0.6, (count, 2)), random.uniform(0.1, 0.5, (count, 2))
        values = random.normal(0, 0.5, (count, 4)) if "anchors" in self.boxes else np.concatenate([low, low + size], axis=1)
        self.fed = {"camera": PICTURE, "boxes": values[None].astype(np.float32),
                    "scores": random.uniform(0, 1, (1, count, 2)).astype(np.float32)}
        shapes = {"camera": [[1, 16, 24, 3]], "detector": [[1, count, 4], [1, count, 2]], "second": [[1, 5, 4, 3]]}
        for model in MODELS:
            (folder / f"{model}.tflite").write_bytes(copies(shapes[model]))
        for end, value in self.fed.items():
            np.save(folder / f"{end}.npy", value)
        self.pipeline = {"models": {model: f"{model}.tflite" for model in MODELS}, "boxes": {"b": self.boxes},
                         "links": [{"from": "camera", "to": "second", "crop": {"boxes": "b", "margin": 0.25}}],
                         "inputs": {"camera": "camera", "boxes": "detector.x0", "scores": "detector.x1"}, "outputs": {"y": "second"}}
        (folder / "p.json").write_text(json.dumps(self.pipeline))
