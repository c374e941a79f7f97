# SPDX-License-Identifier: Apache-2.0
"""pyopen-wakeword's seven models as linked windows: the bits of computing every window whole, and the package's own scores."""
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("pyopen_wakeword")
sys.path[:0] = [str(Path(__file__).resolve().parents[2] / folder) for folder in ("bench", "tests/dropin")]
import plait_c  # noqa: E402
import wake_windows  # noqa: E402
from wake_windows import CHUNK, MEL_SAMPLES, SOUNDS, ZEROS  # noqa: E402

FOLDER, WORDS = wake_windows.models()
MEL_ROWS, EMBEDDINGS = 76, 16


def windows(rows, size, hop):
    return [rows[at:at + size] for at in range(0, len(rows) - size + 1, hop)]


def in_whole_windows(samples):
    """{word: scores}: every window of every model by itself."""
    with plait_c.Interpreter() as interpreter:
        mel, embedding, *heads = (interpreter.load(FOLDER / f"{name}.tflite", name)
                                  for name in ("melspectrogram", "embedding_model", *WORDS))
        mel.resize(0, [1, MEL_SAMPLES])
        embedding.resize(0, [1, MEL_ROWS, 32, 1])
        interpreter.allocate()
        frames = np.concatenate([mel([window[None]])[0].reshape(-1, 32) for window in windows(samples, MEL_SAMPLES, CHUNK)])
        frames = frames * np.float32(0.1) + np.float32(2)
        rows = np.concatenate([embedding([window[None, :, :, None]])[0].reshape(1, -1) for window in windows(frames, MEL_ROWS, 8)])
        return {word: [head([window[None]])[0].item() for window in windows(rows, EMBEDDINGS, 1)]
                for word, head in zip(WORDS, heads)}


def test_bits_of_whole_windows():
    samples = np.random.default_rng(3).integers(-3000, 3000, 50 * CHUNK).astype(np.float32)
    linked = wake_windows.Linked(WORDS, 100)
    for model in (linked.mel, linked.embedding, *linked.heads):
        model.reset()
    linked.feed(samples)
    scores = linked.scores()
    for word, wanted in in_whole_windows(samples).items():
        assert len(wanted) > 10 and scores[word].tobytes() == np.float32(wanted).tobytes(), word


@pytest.mark.skipif(not SOUNDS, reason="../shared is not there")
def test_scores_of_the_package():
    audio = wake_windows.read(SOUNDS[:2], 4)
    linked, package = wake_windows.Linked(WORDS, 100), wake_windows.Package()
    for client in (linked, package):
        client.restart()
        client.feed(audio)
    assert ZEROS % CHUNK == 0 and len(linked.scores()[WORDS[0]]) > 40
    assert wake_windows.largest_difference(linked.scores(), package.scores()) <= 1e-4
