# SPDX-License-Identifier: Apache-2.0
"""wake_words.py LIBRARY WAV...: what pyopen-wakeword, as it is, hears with this library: all its wake words on each
file, and private memory and CPU time, as JSON. The first chunk of a file, at which pyopen-wakeword takes 8 seconds of
silence for heard, is not in the time: what is told is the steady state. heard() asks a process of its own."""
import json
import os
import subprocess
import sys
import time
import wave
from pathlib import Path

CHUNK_BYTES = 2 * 1280
SOUNDS = sorted((Path(__file__).resolve().parents[3] / "shared" / "data" / "wakewords").glob("*.wav"))


def heard(library, sounds):
    """{"scores": {file: {word: [score]}}, "cpu_ms_per_second": ..., "private_mb": ...}"""
    done = subprocess.run([sys.executable, __file__, library, *sounds], capture_output=True, text=True, timeout=600,
                          env=os.environ | {"OPENBLAS_NUM_THREADS": "1"})
    if done.returncode != 0:
        raise RuntimeError(done.stderr)
    return json.loads(done.stdout)


def private_bytes():
    with open("/proc/self/smaps_rollup") as file:
        return sum(int(line.split()[1]) * 1024 for line in file if line.startswith(("Private_Clean", "Private_Dirty")))


def scores_of(path, features, words):
    """{word: the score of each step}, seconds of sound after the first chunk and CPU seconds that they took."""
    with wave.open(path) as file:
        audio = file.readframes(file.getnframes())
    found = {word.id: [] for word in words}
    start = None
    for begin in range(0, len(audio), CHUNK_BYTES):
        for embeddings in features.process_streaming(audio[begin:begin + CHUNK_BYTES]):
            for word in words:
                found[word.id].extend(word.process_streaming(embeddings))
        start = start or time.process_time()
    taken = time.process_time() - start
    for one in (features, *words):
        one.reset()
    return found, (len(audio) - CHUNK_BYTES) / 2 / 16000, taken


def main():
    from pyopen_wakeword.const import Model
    from pyopen_wakeword.openwakeword import OpenWakeWord, OpenWakeWordFeatures
    library, paths = sys.argv[1], sys.argv[2:]
    before = private_bytes()
    features = OpenWakeWordFeatures.from_builtin(libtensorflowlite_c_path=library)
    words = [OpenWakeWord.from_builtin(model, libtensorflowlite_c_path=library) for model in Model]
    scores_of(paths[0], features, words)
    used = private_bytes() - before
    scores, seconds, cpu = {}, 0, 0
    for path in paths:
        scores[os.path.basename(path)], length, taken = scores_of(path, features, words)
        seconds += length
        cpu += taken
    json.dump({"scores": scores, "cpu_ms_per_second": 1000 * cpu / seconds, "private_mb": used / 1e6}, sys.stdout)


if __name__ == "__main__":
    main()
