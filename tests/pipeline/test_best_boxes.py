# SPDX-License-Identifier: Apache-2.0
"""Which boxes are found, beside looking through all of them once for each: the same to the bit, ties, NaN and all."""
import math
import os
import time

import numpy as np
import pytest

import crop_scenes
from plait_c import Boxes, Interpreter

LONG = os.environ.get("PLAIT_LONG") == "1"


def plainly(corners, scores, least, overlap, most, sigmoid):
    """[(corners, score, index)] by the definition: one after the other, the best first, of equal ones the first."""
    scores = [1 / (1 + math.exp(-score)) if sigmoid else score for score in scores.tolist()]
    corners = corners.tolist()
    order = sorted((index for index, score in enumerate(scores) if least <= score < math.inf), key=lambda index: -scores[index])
    kept = []
    for best in order:
        if len(kept) == most:
            break
        top, left_edge, bottom, right = corners[best]
        if bottom > top and right > left_edge and all(over(other, corners[best]) <= overlap for other, _, _ in kept):
            kept.append((corners[best], scores[best], best))
    return kept


def over(a, b):
    top, left, bottom, right = max(a[0], b[0]), max(a[1], b[1]), min(a[2], b[2]), min(a[3], b[3])
    if bottom <= top or right <= left:
        return 0.0
    both = (bottom - top) * (right - left)
    return both / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - both)


def random_scores(random, count, kind):
    """All different, few different ones, or some that are no numbers."""
    scores = random.normal(0, 2, count).astype(np.float32)
    if kind == "ties":
        scores = np.round(scores)
    if kind == "falling":
        scores = np.sort(scores)[::-1]
    if kind == "rising":
        scores = np.sort(scores)
    if kind == "strange":
        scores[random.random(count) < 0.3] = np.float32([np.nan, np.inf, -np.inf])[random.integers(0, 3)]
        scores[random.random(count) < 0.2] = np.finfo(np.float32).max
    return scores


class Detector:
    def __init__(self, count):
        self.interpreter = Interpreter()
        self.model = self.interpreter.load(crop_scenes.copies([[1, count, 4], [1, count, 1]]), "d")
        self.interpreter.allocate()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.interpreter.close()

    def run(self, corners, scores):
        for tensor, values in zip(self.model.inputs(), (corners, scores)):
            tensor.write(values.reshape(tensor.shape))
        self.model.invoke()

    def find(self, **options):
        return self.model.find_boxes(Boxes.of(boxes="y0", scores="y1", **options))


@pytest.mark.parametrize("kind", ["different", "ties", "falling", "rising", "strange"])
@pytest.mark.parametrize("count", [1, 40, 1023, 1024, 1025, 2049, *([4000, 16384] if LONG else [])])
def test_the_same_boxes(count, kind):
    random = np.random.default_rng([count, len(kind)])
    with Detector(count) as detector:
        for options in {"least": -9.0, "overlap": 0.0, "most": 150}, {"least": 0.5, "overlap": 0.3, "most": 20}, {
                "least": 0.4, "overlap": 1.0, "most": 1000 if LONG else 100, "sigmoid": True}, {"least": -9.0, "overlap": 0.01, "most": 3}:
            low = random.uniform(0, 0.95, (count, 2))
            corners = np.concatenate([low, low + random.uniform(-0.01, 0.05, (count, 2))], axis=1).astype(np.float32)
            scores = random_scores(random, count, kind)
            if options["overlap"] == 0.0:  # the better ones lie over each other: it goes far down
                corners[scores >= np.nanquantile(scores, 0.3)] = [0, 0, 1e-3, 1e-3]
            if options.get("sigmoid"):
                scores = np.nan_to_num(scores, nan=np.nan, posinf=30, neginf=-30).clip(-30, 30)
            detector.run(corners, scores)
            found = [(box.corners(), box.score, box.index) for box in detector.find(**options)]
            wanted = plainly(corners.astype(float), scores.astype(float), options["least"], options["overlap"], options["most"],
                             options.get("sigmoid", False))
            assert found == wanted


def test_it_does_not_take_the_square():
    """Where all scores are high and no box stays but one: eight times the boxes take nowhere near 64 times the time."""
    took = {}
    for count in 2000, 16000:
        with Detector(count) as detector:
            detector.run(np.tile(np.float32([0.2, 0.2, 0.8, 0.8]), (count, 1)), np.linspace(1, 2, count, dtype=np.float32))
            best = math.inf
            for _ in range(5):
                start = time.process_time()
                assert len(detector.find(least=0.5, overlap=0.5, most=10)) == 1
                best = min(best, time.process_time() - start)
            took[count] = best
    assert took[16000] < 0.2, took  # the square took seconds
