# SPDX-License-Identifier: Apache-2.0
"""pyopen-wakeword's seven models as linked windows, beside the package's own client with its own library.

    .cache/venv/bin/python bench/wake_windows.py [WAV...] [--seconds 15] [--turns 5] [--json]

Feeds both the same 16 kHz audio in chunks of 80 ms, behind 8 s of zeros, in turns: the largest difference of any score, CPU
time per second of audio (medians; the ratio is that of neighbouring turns), what wake words beyond the first cost beside
their heads run alone, and private memory. Heads alone are invoked behind each chunk, where their weights have left the cache
as those of linked ones have, and in a loop. Ours is pushed, and heard, from C: the package's client is Python, plait_push()
is not. The library is $PLAIT_LIB or the first that is built."""
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
import measured  # noqa: E402
import plait_c  # noqa: E402
from wake_words import SOUNDS, private_bytes  # noqa: E402

CHUNK, ZEROS, MEL_SAMPLES = 1280, 8 * 16000, 1760
PER_SECOND = 16000 / CHUNK
TURNS_OF_OURS = 12  # in a turn of the package's


def models():
    from pyopen_wakeword import const
    return Path(const.__file__).parent / "models", [model.value for model in const.Model]


def code_bytes():
    """Private pages that nobody wrote: those of libraries, as long as no other process has them."""
    with open("/proc/self/smaps_rollup") as file:
        return sum(int(line.split()[1]) * 1024 for line in file if line.startswith("Private_Clean"))


class Kept(ctypes.Structure):
    """As measure.c has it: what a head's output was each time."""
    _fields_ = [("output", ctypes.c_void_p), ("values", ctypes.c_void_p), ("capacity", ctypes.c_size_t), ("count", ctypes.c_size_t)]

    def __init__(self, head, capacity):
        self.array = np.zeros(capacity, np.float32)
        super().__init__(plait_c.api().tensor_data(head.outputs()[0].handle), self.array.ctypes.data, capacity, 0)

    def listen(self, head):
        function = ctypes.cast(measured.library().keep_output, plait_c.ON_RUN)
        head.interpreter.check(plait_c.api().on_run(head.handle, function, ctypes.byref(self)))


class Chunks(ctypes.Structure):
    """As measure.c has it."""
    _fields_ = [("push", ctypes.c_void_p), ("input", ctypes.c_void_p), ("rows", ctypes.c_void_p), ("chunk_bytes", ctypes.c_size_t),
                ("count", ctypes.c_size_t), ("invoke", ctypes.c_void_p), ("handles", ctypes.c_void_p), ("handle_count", ctypes.c_size_t)]


class Linked:
    """plait: mel frames -> embedding -> a head for each word, all of them windows. Behind each chunk the models of
    `beside` are invoked, if there are any."""

    def __init__(self, words, most_scores, beside=()):
        before, code_before = private_bytes(), code_bytes()
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
        self.beside = (ctypes.c_void_p * len(beside))(*[model.handle for model in beside])
        self.kept = [Kept(head, most_scores) for head in self.heads]
        for kept, head in zip(self.kept, self.heads):
            kept.listen(head)
        self.restart()
        stats = self.interpreter.stats()
        self.memory, self.code = private_bytes() - before, code_bytes() - code_before
        self.constants, self.counted = stats.constant_bytes, stats.memory_bytes

    def restart(self):
        for model in (self.mel, self.embedding, *self.heads):
            model.reset()
        self.feed(np.zeros(ZEROS, np.float32))
        for kept in self.kept:
            kept.count = 0

    def feed(self, samples):
        api, bytes_of_one = plait_c.api(), CHUNK * samples.itemsize
        of = Chunks(measured.pointer(api.push), self.mel.inputs()[0].handle, samples.ctypes.data, bytes_of_one,
                    samples.nbytes // bytes_of_one, measured.pointer(api.invoke), ctypes.addressof(self.beside), len(self.beside))
        self.interpreter.check(measured.library().push_chunks(ctypes.byref(of)))

    def scores(self):
        return {word: kept.array[:kept.count] for word, kept in zip(self.words, self.kept)}


class Package:
    """The package's own client with its own library. It has 8 s of zeros at the beginning."""

    def __init__(self):
        from pyopen_wakeword.const import Model
        from pyopen_wakeword.openwakeword import OpenWakeWord, OpenWakeWordFeatures
        before = private_bytes()
        self.features = OpenWakeWordFeatures.from_builtin()
        self.heads = {model.value: OpenWakeWord.from_builtin(model) for model in Model}
        self.heard = {word: [] for word in self.heads}
        self.restart()
        self.feed(np.zeros(CHUNK, np.float32))
        self.memory = private_bytes() - before

    def restart(self):
        for one in (self.features, *self.heads.values()):
            one.reset()
        for scores in self.heard.values():
            scores.clear()

    def feed(self, samples):
        for at in range(0, len(samples), CHUNK):
            for embeddings in self.features.process_streaming(samples[at:at + CHUNK].astype(np.int16).tobytes()):
                for word, head in self.heads.items():
                    self.heard[word].extend(head.process_streaming(embeddings))

    def scores(self):
        return self.heard


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

    def restart(self):
        pass

    def feed(self, samples):
        """As often as they run for so much sound."""
        handles = (ctypes.c_void_p * len(self.heads))(*[head.handle for head in self.heads])
        self.interpreter.check(measured.library().call_each(measured.pointer(plait_c.api().invoke), handles, ctypes.c_size_t(
            len(handles)), ctypes.c_size_t(len(samples) // CHUNK)))


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
    client.feed(audio[CHUNK:])
    return (time.process_time() - start) / (len(audio) - CHUNK) * 16000


def largest_difference(ours, theirs):
    largest = 0.0
    for word, scores in theirs.items():
        count = min(len(scores), len(ours[word]))
        largest = max(largest, float(np.max(np.abs(np.subtract(ours[word][-count:], scores[-count:])))))
    return largest


def measure(audio, turns):
    _, words = models()
    measured.library()
    plait_c.Interpreter().close()  # the libraries are loaded before memory is looked at
    most = len(audio) // CHUNK
    ours, one, alone, package = Linked(words, most), Linked(words[:1], most), Alone(words[1:]), Package()
    beside = Linked(words[:1], most, alone.heads)
    times = {client: [] for client in (package, ours, one, alone, beside)}
    for _ in range(turns):
        times[package].append(turn(package, audio))
        for _ in range(TURNS_OF_OURS):
            for client in (ours, one, beside, alone):
                times[client].append(turn(client, audio))
    middle = {client: 1000 * float(np.median(found)) for client, found in times.items()}
    ratios = np.array(times[package]) / np.median(np.reshape(times[ours], [turns, TURNS_OF_OURS]), axis=1)
    # Differences of neighbouring turns: what the machine does besides is in both.
    further, invoked = (1000 * float(np.median(np.subtract(times[client], times[one]))) for client in (ours, beside))
    return {"seconds of audio": len(audio) / 16000, "scores of a word": len(ours.scores()[words[0]]),
            "largest difference": largest_difference(ours.scores(), package.scores()),
            "CPU ms per second": middle[ours], "package's": middle[package], "times less": float(np.median(ratios)),
            "words beyond the first": further, "their heads alone, behind each chunk": invoked, "more than these": further / invoked - 1,
            "their heads alone, in a loop": middle[alone], "more than in a loop": further / middle[alone] - 1,
            "private MB": ours.memory / 1e6, "of which code": ours.code / 1e6, "of which constants": ours.constants / 1e6,
            "the rest": (ours.memory - ours.code - ours.constants) / 1e6, "what the interpreter counts": ours.counted / 1e6,
            "package's private MB": package.memory / 1e6}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sounds", nargs="*", type=Path)
    parser.add_argument("--seconds", type=int, default=15)
    parser.add_argument("--turns", type=int, default=5)
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
        print(f"{name:36} {value:.6g}")


if __name__ == "__main__":
    main()
