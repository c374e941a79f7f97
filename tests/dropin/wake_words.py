# SPDX-License-Identifier: Apache-2.0
"""wake_words.py LIBRARY WAV...: what pyopen-wakeword, as it is, hears with this library: all its wake words on each
file, and CPU time and private memory, as JSON."""
import json
import os
import sys
import time
import wave

from pyopen_wakeword.const import Model
from pyopen_wakeword.openwakeword import OpenWakeWord, OpenWakeWordFeatures

CHUNK_BYTES = 2 * 1280


def private_bytes():
    with open("/proc/self/smaps_rollup") as file:
        return sum(int(line.split()[1]) * 1024 for line in file if line.startswith(("Private_Clean", "Private_Dirty")))


def scores_of(path, features, words):
    """word: the score of each step."""
    with wave.open(path) as file:
        audio = file.readframes(file.getnframes())
    found = {word.id: [] for word in words}
    for begin in range(0, len(audio), CHUNK_BYTES):
        for embeddings in features.process_streaming(audio[begin:begin + CHUNK_BYTES]):
            for word in words:
                found[word.id].extend(word.process_streaming(embeddings))
    for one in (features, *words):
        one.reset()
    return found, len(audio) / 2 / 16000


def main():
    library, paths = sys.argv[1], sys.argv[2:]
    before = private_bytes()
    features = OpenWakeWordFeatures.from_builtin(libtensorflowlite_c_path=library)
    words = [OpenWakeWord.from_builtin(model, libtensorflowlite_c_path=library) for model in Model]
    scores_of(paths[0], features, words)
    used = private_bytes() - before
    scores, seconds, cpu = {}, 0, 0
    for path in paths:
        start = time.process_time()
        scores[os.path.basename(path)], length = scores_of(path, features, words)
        cpu += time.process_time() - start
        seconds += length
    json.dump({"scores": scores, "cpu_ms_per_second": 1000 * cpu / seconds, "private_mb": used / 1e6}, sys.stdout)


main()
