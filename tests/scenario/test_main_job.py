# SPDX-License-Identifier: Apache-2.0
"""The main job on real pictures: a feature extractor and a head, linked, against LiteRT's reference fed the same pixels;
and a detector of persons that LiteRT refuses, against TFLite Micro."""
import numpy as np
import pytest

import models
import oracle
import pictures
import plait_c

SHARED = models.SHARED
VISION, DATA = SHARED / "models" / "vision", SHARED / "data"
EXTRACTOR = VISION / "mobilenet_v1_1.0_224_quant_embedding_extractor.tflite"
HEAD = VISION / "mobilenet_quant_v1_224_head_layers.tflite"
WHOLE = VISION / "mobilenet_v2_1.0_224_quant.tflite"
PICTURES = {"cat": "Egyptian cat", "bird": "chickadee", "grace_hopper": "military uniform", "sunflower": "daisy"}
needs_shared = pytest.mark.skipif(not SHARED.exists(), reason="../shared is not there")


def reference(path, array):
    return oracle.answers(path, [(None, [array])])[0][0]


@needs_shared
@pytest.mark.parametrize("whole", [False, True], ids=["pinned", "whole"])
def test_features_and_head(whole):
    labels = (DATA / "imagenet_labels.txt").read_text().splitlines()
    with plait_c.Interpreter() as interpreter:
        features, head = interpreter.load(EXTRACTOR, "features"), interpreter.load(HEAD, "head")
        interpreter.link("features", "", "head", "")
        interpreter.check(plait_c.api().set_whole(head.handle, whole))
        interpreter.allocate()
        for name, label in PICTURES.items():
            pixels = pictures.resize_nearest(pictures.read_bmp(DATA / f"{name}.bmp"), 224, 224)[None]
            features.inputs()[0].write(pixels)
            head.run()
            scores = head.outputs()[0].read()
            expected = reference(HEAD, reference(EXTRACTOR, pixels))
            assert scores.tobytes() == expected.tobytes(), name
            assert labels[int(np.argmax(scores))] == label


@needs_shared
def test_one_model_for_it_all():
    labels = (DATA / "imagenet_labels.txt").read_text().splitlines()
    with plait_c.Interpreter() as interpreter:
        model = interpreter.load(WHOLE)
        interpreter.allocate()
        for name, label in PICTURES.items():
            pixels = pictures.resize_nearest(pictures.read_bmp(DATA / f"{name}.bmp"), 224, 224)[None]
            scores = model([pixels])[0]
            assert scores.tobytes() == reference(WHOLE, pixels).tobytes(), name
            assert labels[int(np.argmax(scores))] == label


@needs_shared
def test_persons():
    """Fed the bytes of the pictures as they are, as TFLite Micro's own test does, and byte - 128 as plait run does."""
    path = VISION / "person_detect.tflite"
    with plait_c.Interpreter() as interpreter:
        model = interpreter.load(path)
        interpreter.allocate()
        person = {}
        for name in ("person", "no_person"):
            grey = pictures.read_bmp(DATA / f"{name}.bmp")[None, :, :, :1]
            for kind, pixels in (("raw", grey.view(np.int8)), ("shifted", (grey ^ 0x80).view(np.int8))):
                scores = model([pixels])[0]
                assert scores.tobytes() == reference(path, pixels).tobytes(), (name, kind)
                person[name, kind] = int(scores[0, 1])
    assert person["person", "shifted"] > person["no_person", "shifted"]
    print(person)


def test_digits_in_a_chain_are_the_whole():
    """In a clone alone: the two halves linked give the bits of the model they were cut from."""
    own = models.OWN
    with plait_c.Interpreter() as interpreter:
        features = interpreter.load(own / "digits_features_int8.tflite", "features")
        head = interpreter.load(own / "digits_classifier_int8.tflite", "head")
        whole = interpreter.load(own / "digits_whole_int8.tflite", "whole")
        interpreter.link("features", "", "head", "")
        interpreter.allocate()
        for seed in range(20):
            pixels = models.read(own / "digits_whole_int8.tflite").random_inputs(seed)
            features.inputs()[0].write(pixels[0])
            head.run()
            assert head.outputs()[0].read().tobytes() == whole(pixels)[0].tobytes()
