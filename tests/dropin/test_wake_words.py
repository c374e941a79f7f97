# SPDX-License-Identifier: Apache-2.0
"""pyopen-wakeword from PyPI, untouched, hears the same with plait's library as with the one it brings."""
import numpy as np
import pytest

import capi
from wake_words import SOUNDS, heard

REAL = capi.real_library()
pytestmark = [pytest.mark.skipif(not capi.OURS.exists(), reason=f"no {capi.OURS}: run scripts/build"),
              pytest.mark.skipif(REAL is None, reason="pyopen-wakeword is not installed"),
              pytest.mark.skipif(not SOUNDS, reason="../shared is not there")]


@pytest.fixture(scope="module")
def both():
    return heard(capi.OURS, SOUNDS), heard(REAL, SOUNDS)


def test_scores(both):
    ours, theirs = (one["scores"] for one in both)
    assert ours.keys() == theirs.keys() and len(ours) == len(SOUNDS)
    for sound, words in theirs.items():
        assert ours[sound].keys() == words.keys() and len(words) == 5
        for word, scores in words.items():
            assert len(scores) > 10 and np.max(np.abs(np.subtract(ours[sound][word], scores))) <= 1e-4, (sound, word)
        word = max(words, key=lambda word: max(words[word]))
        assert max(words[word]) < 0.5 or word == sound.split("__")[0]


def test_it_needs_less_memory(both):
    ours, theirs = (one["private_mb"] for one in both)
    assert ours < theirs, f"{ours:.1f} MB against {theirs:.1f} MB"


def test_it_takes_at_most_a_third_of_the_time(both):
    ours, theirs = (one["cpu_ms_per_second"] for one in both)
    assert ours <= theirs / 3, f"{ours:.1f} ms of CPU per second of sound against {theirs:.1f} ms"
