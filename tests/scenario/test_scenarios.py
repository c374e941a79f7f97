# SPDX-License-Identifier: Apache-2.0
"""The C programs of this folder over our models. Each says in its head what it shows.

Sanitized builds get the small models and smaller counts; the release build gets everything.
"""
import os
import re

import numpy as np
import pytest

import programs
import tiny
from programs import LONG, NEED_A_SHAPE, all_models, run, small_models

VARIANTS = programs.variants()
pytestmark = pytest.mark.skipif(not VARIANTS, reason="no static library is built: run scripts/build")
every_variant = pytest.mark.parametrize("variant", VARIANTS)
SANITIZED = ("asan", "tsan")


def named(*stems):
    """Models by stem; those that are not here are left out."""
    return [path for stem in stems for path in all_models() if path.stem == stem][:len(stems)]


@every_variant
def test_interleaved(variant):
    if variant == "asan" and LONG:
        run("interleave", variant, all_models(), "--count", 300, timeout=3600)
    if variant in SANITIZED:
        run("interleave", variant, small_models(), "--count", 600 if LONG else 150)
    else:
        run("interleave", variant, all_models(), "--count", 2000 if LONG else 400, timeout=3600)


@every_variant
def test_ranges(variant):
    if variant in SANITIZED:
        run("ranges", variant, small_models(), "--count", 1)
    else:
        run("ranges", variant, all_models(), "--count", 4 if LONG else 1, timeout=3600)


@every_variant
def test_ranges_of_operators(variant):
    """Every model of ../shared/optests; sanitized builds get some of them."""
    paths = [path for path in sorted((programs.SHARED / "optests").glob("*.tflite")) if path.stem not in NEED_A_SHAPE]
    if variant in SANITIZED:
        paths = paths[::1 if LONG else 23]
    told = run("ranges", variant, paths, "--count", 2 if LONG else 1, timeout=3600)
    if paths:
        assert told.count("not what random numbers may be") < 0.15 * len(paths)


@every_variant
@pytest.mark.parametrize("stems", [("digits_features_int8", "detector_int8", "digits_classifier_int8"),
                                   ("dynamic_batch_fp32", "digits_whole_int8", "control_if_fp32"),
                                   ("late_fp32", "digits_whole_int8", "control_if_fp32")], ids=str)
def test_two_threads(variant, stems):
    run("two_threads", variant, named(*stems), "--count", 400 if LONG else 100)


@every_variant
@pytest.mark.parametrize("stems", [("digits_features_int8", "detector_int8", "digits_whole_int8"),
                                   ("digits_whole_int8", "digits_features_int8", "detector_int8")], ids=str)
def test_windows_of_two_threads(variant, stems):
    run("windows", variant, named(*stems), "--count", 200 if LONG else 40)


@every_variant
def test_soak(variant):
    """Longer with $PLAIT_SOAK seconds."""
    seconds = int(os.environ.get("PLAIT_SOAK", "10"))
    told = run("soak", variant, small_models(), "--count", seconds, timeout=2 * seconds + 1200)
    assert int(re.search(r"(\d+) replaced", told)[1]) > 20 * seconds


@every_variant
def test_threads_of_tensorflow_lite(variant, tmp_path):
    stems = ("digits_classifier_int8", "digits_features_int8", "detector_int8", "dynamic_batch_fp32")
    waits = tmp_path / "relu.tflite"
    waits.write_bytes(tiny.relu(np.float32, (1, 4)))
    run("tflite_threads", variant, [*named(*stems), waits], "--count", 400 if LONG else 60)


@every_variant
def test_failing_allocations(variant):
    paths = small_models(100_000)
    run("alloc_fail", variant, paths, "--count", 1_000_000 if LONG else 60, timeout=3600)


@every_variant
def test_memory(variant):
    first = named("digits_classifier_int8", "digits_features_int8", "control_while_fp32")
    rest = small_models() if variant in SANITIZED else all_models()
    run("memory", variant, first + [path for path in rest if path not in first])


@every_variant
def test_float_state(variant):
    run("float_state", variant, small_models())


@pytest.mark.skipif("release" not in VARIANTS, reason="times count in the release build: run scripts/build")
def test_periodic_models_are_in_time(monkeypatch):
    programs.build("periodic", "release")
    if not LONG:
        pytest.skip("what is late here is asked in scripts/test-long, where nothing else runs")
    monkeypatch.setenv("PERIODIC_SECONDS", "10")
    slow = sorted((programs.SHARED / "models/vision").glob("mobilenet*.tflite"))
    run("periodic", "release", small_models() + slow, "--count", 100, timeout=7200)
