# SPDX-License-Identifier: Apache-2.0
"""pyopen-wakeword's seven models as linked windows, beside the package's own client with its own library.

    .cache/venv/bin/python bench/wake_windows.py [WAV...] [--seconds 60] [--turns 3] [--json]

Feeds both the same 16 kHz audio in chunks of 80 ms, behind 8 s of zeros, in turns: the largest difference of any score, CPU
time per second of audio (the fastest turn), what wake words beyond the first cost beside their heads run alone, and private
memory. The library is $PLAIT_LIB or the first that is built."""
import argparse
import ctypes
import json
import os
import sys
import time
import wave
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # read when NumPy is loaded
import numpy as np  # noqa: E402

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests" / folder) for folder in ("python", "dropin")]
import plait_c  # noqa: E402
from wake_words import SOUNDS, private_bytes  # noqa: E402

CHUNK, ZEROS, MEL_SAMPLES = 1280, 8 * 16000, 1760
PER_SECOND = 16000 / CHUNK


def models():
    from pyopen_wakeword import const
    return Path(const.__file__).parent / "models", [model.value for model in const.Model]


def first_float(tensor):
    return ctypes.cast(plait_c.api().tensor_data(tensor.handle), ctypes.POINTER(ctypes.c_float))


class Linked:
    """plait: mel frames -> embedding -> a head for each word, all of them windows."""

    def __init__(self, words):
        before = private_bytes()
        folder, _ = models()
        self.words, self.interpreter = words, plait_c.Interpreter()
        self.mel, self.embedding, *self.heads = (self.interpreter.load(folder / f"{name}.tflite", name)
                                                 for name in ("melspectrogram", "embedding_model", *words))
        self.mel.resize(0, [1, MEL_SAMPLES])
        self.embedding.resize(0, [1, 76, 32, 1])
        self.interpreter.stream("melspectrogram", "", hop=CHUNK, axis=1)
        self.interpreter.link("melspectrogram", "", "embedding_model", "", hop=8, axis=1, has_scale=True, scale=0.1,
                              has_offset=True, offset=2.0)
        for word in words:
            self.interpreter.link("embedding_model", "", word, "", hop=1, axis=1)
        self.interpreter.allocate()
        self.scores = {word: [] for word in words}
        for word, head in zip(words, self.heads):
            score, add = first_float(head.outputs()[0]), self.scores[word].append
            head.on_run(lambda score=score, add=add: add(score[0]))
        self.feed = self.mel.inputs()[0].push
        self.restart()
        stats = self.interpreter.stats()
        self.memory, self.constants, self.counted = private_bytes() - before, stats.constant_bytes, stats.memory_bytes

    def restart(self):
        for model in (self.mel, self.embedding, *self.heads):
            model.reset()
        self.feed(np.zeros(ZEROS, np.float32))
        for scores in self.scores.values():
            scores.clear()


class Package:
    """The package's own client with its own library. It has 8 s of zeros at the beginning."""

    def __init__(self):
        from pyopen_wakeword.const import Model
        from pyopen_wakeword.openwakeword import OpenWakeWord, OpenWakeWordFeatures
        before = private_bytes()
        self.features = OpenWakeWordFeatures.from_builtin()
        self.heads = {model.value: OpenWakeWord.from_builtin(model) for model in Model}
        self.scores = {word: [] for word in self.heads}
        self.restart()
        self.feed(np.zeros(CHUNK, np.float32))
        self.memory = private_bytes() - before

    def restart(self):
        for one in (self.features, *self.heads.values()):
            one.reset()
        for scores in self.scores.values():
            scores.clear()

    def feed(self, samples):
        for embeddings in self.features.process_streaming(samples.astype(np.int16).tobytes()):
            for word, head in self.heads.items():
                self.scores[word].extend(head.process_streaming(embeddings))


class Alone:
    """Heads that are fed and invoked, each a model by itself."""

    def __init__(self, words):
        folder, _ = models()
        self.interpreter = plait_c.Interpreter()
        self.heads = [self.interpreter.load(folder / f"{word}.tflite", word) for word in words]
        self.interpreter.allocate()
        random = np.random.default_rng(1)
        for head in self.heads:
            head.inputs()[0].write(random.standard_normal(head.inputs()[0].shape).astype(np.float32))

    def turn(self, windows):
        invoke, handles = plait_c.api().invoke, [head.handle for head in self.heads]
        start = time.process_time()
        for _ in range(windows):
            for handle in handles:
                invoke(handle)
        return (time.process_time() - start) / windows * PER_SECOND


def read(paths, seconds):
    parts = []
    for path in paths:
        with wave.open(str(path)) as file:
            parts.append(np.frombuffer(file.readframes(file.getnframes()), np.int16).astype(np.float32))
    audio = np.concatenate(parts)
    audio = np.tile(audio, -(-seconds * 16000 // len(audio)))[:seconds * 16000]
    return audio[:len(audio) - len(audio) % CHUNK]


def turn(client, audio):
    """CPU seconds per second of audio in the steady state: the package works off its zeros with the first chunk."""
    client.restart()
    client.feed(audio[:CHUNK])
    start = time.process_time()
    for at in range(CHUNK, len(audio), CHUNK):
        client.feed(audio[at:at + CHUNK])
    return (time.process_time() - start) / (len(audio) - CHUNK) * 16000


def largest_difference(ours, theirs):
    largest = 0.0
    for word, scores in theirs.items():
        count = min(len(scores), len(ours[word]))
        largest = max(largest, float(np.max(np.abs(np.subtract(ours[word][-count:], scores[-count:])))))
    return largest


def measure(audio, turns):
    _, words = models()
    plait_c.Interpreter().close()  # the library is loaded before memory is looked at
    ours, one, alone, package = Linked(words), Linked(words[:1]), Alone(words[1:]), Package()
    times = {"ours": [], "one": [], "alone": [], "package": []}
    for _ in range(turns):
        for name, client in (("ours", ours), ("one", one), ("package", package)):
            times[name].append(turn(client, audio))
        times["alone"].append(alone.turn(int(len(audio) / CHUNK)))
    best = {name: 1000 * min(found) for name, found in times.items()}
    return {"seconds of audio": len(audio) / 16000, "scores of a word": len(ours.scores[words[0]]),
            "largest difference": largest_difference(ours.scores, package.scores),
            "CPU ms per second": best["ours"], "package's": best["package"], "times less": best["package"] / best["ours"],
            "words beyond the first": best["ours"] - best["one"], "their heads alone": best["alone"],
            "private MB": ours.memory / 1e6, "of which counted": ours.counted / 1e6, "of which constants": ours.constants / 1e6,
            "package's private MB": package.memory / 1e6}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sounds", nargs="*", type=Path)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    sounds = arguments.sounds or SOUNDS
    if not sounds:
        sys.exit("no sounds: name WAV files of 16 kHz")
    found = measure(read(sounds, arguments.seconds), arguments.turns)
    if arguments.json:
        json.dump(found, sys.stdout)
        return
    for name, value in found.items():
        print(f"{name:24} {value:.6g}")


if __name__ == "__main__":
    main()
