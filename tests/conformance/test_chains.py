# SPDX-License-Identifier: Apache-2.0
"""Real models whose oracle is TensorFlow Lite Micro: the audio front end in front of its classifier, with the scores that
../shared/README.md states, and models that LiteRT cannot run."""
import wave

import numpy as np
import pytest

import models
import plait_c

MODELS, DATA = models.SHARED / "models", models.SHARED / "data"
needs_shared = pytest.mark.skipif(not MODELS.exists(), reason="../shared is missing: no real models to run")
FRAME, HOP, FRAMES = 480, 320, 49
SCORES = {"yes": [-128, -128, 127, -128], "no": [-128, -114, -128, 114], "noise": [120, -125, -126, -125],
          "silence": [-42, -68, -68, -78]}


def find(name):
    return next(MODELS.glob(f"*/{name}.tflite")).read_bytes()


def read_sound(name):
    with wave.open(str(DATA / f"{name}_1000ms.wav")) as file:
        return np.frombuffer(file.readframes(file.getnframes()), np.int16)


def frames_of(sound):
    return [np.ascontiguousarray(sound[k * HOP:k * HOP + FRAME].reshape(1, FRAME)) for k in range(FRAMES)]


def micro(data):
    from tflite_micro.python.tflite_micro import runtime
    return runtime.Interpreter.from_bytes(data, arena_size=1 << 20)


@needs_shared
@pytest.mark.parametrize("name", SCORES)
def test_speech(name):
    """wav -> audio_preprocessor_int8 -> micro_speech_quantized, every feature equal to TensorFlow Lite Micro's."""
    front = find("audio_preprocessor_int8")
    reference = micro(front)
    with plait_c.Interpreter() as interpreter:
        preprocessor = interpreter.load(front, "preprocessor")
        classifier = interpreter.load(find("micro_speech_quantized"), "classifier")
        interpreter.allocate()
        preprocessor([np.full((1, FRAME), 12345, np.int16)])  # leaves a noise estimate behind
        interpreter.check(plait_c.api().reset_variables(preprocessor.handle))
        features = []
        for frame in frames_of(read_sound(name)):
            features.append(preprocessor([frame])[0].ravel().copy())
            reference.set_input(frame, 0)
            reference.invoke()
            np.testing.assert_array_equal(features[-1], np.asarray(reference.get_output(0)).ravel())
        scores = classifier([np.concatenate(features).reshape(classifier.inputs()[0].shape)])[0]
    assert scores.ravel().tolist() == SCORES[name]


@needs_shared
def test_keyword():
    """LiteRT crashes on this one."""
    data = find("keyword_scrambled_8bit")
    reference = micro(data)
    rng = np.random.default_rng(0)
    with plait_c.Interpreter() as interpreter:
        model = interpreter.load(data, "keyword")
        interpreter.allocate()
        shape, kind = model.inputs()[0].shape, model.inputs()[0].dtype
        limits = np.iinfo(kind)
        for _ in range(20):
            array = rng.integers(limits.min, limits.max + 1, shape).astype(kind)
            reference.set_input(array, 0)
            reference.invoke()
            for k, ours in enumerate(model([array])):
                np.testing.assert_array_equal(ours.ravel(), np.asarray(reference.get_output(k)).ravel())
