# SPDX-License-Identifier: Apache-2.0
"""TensorFlow Lite's C API: what scenarios.py does gives the same in plait's library and in TensorFlow Lite's own, and
no function could be empty without being noticed."""
import faulthandler
import os
import pickle
import signal
import traceback

import pytest

import capi
import made_models
import scenarios

REAL = capi.real_library()
pytestmark = pytest.mark.skipif(not capi.OURS.exists(), reason=f"no {capi.OURS}: run scripts/build")
OWN = ("digits_classifier_fp32", "signatures_fp32", "dynamic_batch_fp32")

# What a library without delegates and without hardware of its own has nothing to do in: these could as well be empty.
NOTHING_TO_DO = {
    "TfLiteInterpreterOptionsSetUseNNAPI", "TfLiteInterpreterOptionsSetEnableDelegateFallback",
    "TfLiteInterpreterOptionsSetTelemetryProfiler", "TfLiteSetAllowBufferHandleOutput",
    "TfLiteOperatorSetAsyncKernel", "TfLiteOperatorSetInplaceOperator",
    "TfLiteRegistrationExternalSetInplaceOperator", "TfLiteNnapiDelegateCreate", "TfLiteNnapiDelegateDelete",
    "TfLiteXNNPackDelegateGetThreadPool", "TfLiteOpaqueNodeGetBuiltinData", "TfLiteDelegateCreate"}


@pytest.fixture(scope="module")
def paths(tmp_path_factory):
    found = made_models.write(tmp_path_factory.mktemp("models"))
    found.update({name: capi.ROOT / "tests" / "models" / f"{name}.tflite" for name in OWN})
    return found


def in_child(function, seconds=60):
    """What function returns, or how it ended, from a process of its own: a library may crash in it."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        faulthandler.disable()
        signal.alarm(seconds)
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 2)
        try:
            answer = ("ok", function())
        except BaseException:
            answer = ("failed", traceback.format_exc())
        with os.fdopen(writing, "wb") as file:
            pickle.dump(answer, file)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as file:
        content = file.read()
    status = os.waitpid(child, 0)[1]
    return pickle.loads(content) if content else ("crashed", status)


def notes(library, scenario, paths, stubbed=None):
    """Everything a scenario sees, and what it refuses."""
    seen = []
    scenario(capi.Library(library, stubbed), paths, lambda *values: seen.append(values))
    return seen


@pytest.mark.parametrize("scenario", scenarios.ALL, ids=lambda scenario: scenario.__name__)
def test_like_tensorflow_lite(scenario, paths):
    ended, ours = in_child(lambda: notes(capi.OURS, scenario, paths))
    assert ended == "ok", ours
    if REAL is None:
        pytest.skip("the wheel pyopen-wakeword, which has TensorFlow Lite's own library, is not installed")
    ended, theirs = in_child(lambda: notes(REAL, scenario, paths))
    assert ended == "ok", theirs
    for step, (mine, their) in enumerate(zip(ours, theirs)):
        assert mine == their, f"step {step}"
    assert len(ours) == len(theirs)


@pytest.fixture(scope="module")
def used(paths):
    """function: the scenarios that call it."""
    found = {}

    class Noting(capi.Library):
        def __getattr__(self, name):
            self.names.add(name)
            return capi.Library.__getattr__(self, name)

    def names_of(scenario):
        library = Noting(capi.OURS)
        library.names = set()
        scenario(library, paths, lambda *values: None)
        return library.names

    for scenario in scenarios.ALL:
        ended, names = in_child(lambda: names_of(scenario))
        assert ended == "ok", names
        for name in names & set(capi.PROTOTYPES):
            found.setdefault(name, []).append(scenario)
    return found


@pytest.fixture(scope="module")
def right(paths):
    """What each scenario notes when nothing is empty."""
    return {scenario: in_child(lambda: notes(capi.OURS, scenario, paths)) for scenario in scenarios.ALL}


@pytest.mark.parametrize("name", sorted(set(capi.PROTOTYPES) - NOTHING_TO_DO))
def test_an_empty_function_is_noticed(name, used, right, paths):
    for scenario in used.get(name, []):
        if in_child(lambda: notes(capi.OURS, scenario, paths, name)) != right[scenario]:
            return
    pytest.fail(f"{name} could be empty: {[scenario.__name__ for scenario in used.get(name, [])]} do not notice")


@pytest.mark.parametrize("name", sorted(NOTHING_TO_DO))
def test_what_does_nothing_is_called(name, used):
    assert used.get(name)
