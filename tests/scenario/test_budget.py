# SPDX-License-Identifier: Apache-2.0
"""A limit for the memory of an interpreter: what exceeds it is refused with the limit that it takes, to the byte."""
import pytest

import plait_c
from plait_c import Interpreter, PlaitError
from programs import OWN

FIRST, SECOND = OWN / "digits_whole_int8.tflite", OWN / "detector_int8.tflite"


def load(interpreter):
    interpreter.load(FIRST, "first")


def load_both(interpreter):
    interpreter.load(FIRST, "first")
    interpreter.load(SECOND, "second")


def allocate(interpreter):
    load_both(interpreter)
    interpreter.allocate()


def allocate_one(interpreter):
    load_both(interpreter)
    interpreter.check(plait_c.api().allocate_model(interpreter.model("second").handle))


def clone(interpreter):
    allocate(interpreter)
    interpreter.model("second").clone("third")
    interpreter.allocate()


def link(interpreter):
    interpreter.load(OWN / "digits_features_int8.tflite", "features")
    interpreter.load(OWN / "digits_classifier_int8.tflite", "head")
    interpreter.link("features", "", "head", "")
    interpreter.allocate()


def replace(interpreter):
    load(interpreter)
    interpreter.allocate()
    interpreter.model("first").replace(SECOND)


def needed(use, limit):
    """The limit that the message says, None if it is enough."""
    with Interpreter(memory_limit_bytes=limit) as interpreter:
        try:
            use(interpreter)
        except PlaitError as error:
            assert error.status == plait_c.OUT_OF_MEMORY
            return int(error.message.split("options.memory_limit_bytes must be ")[1].split()[0])


@pytest.mark.parametrize("use", [load, load_both, allocate, allocate_one, clone, link, replace])
def test_the_exact_limit(use):
    """Each call that does not fit says what it takes; the last of them is what all of it takes."""
    with Interpreter() as empty:
        limit, said = empty.stats().memory_bytes + 500, []
    while (more := needed(use, limit)) is not None:
        assert more > limit
        said.append(limit := more)
    assert said and needed(use, limit - 1) == limit, said
