# SPDX-License-Identifier: Apache-2.0
"""random_operators.py as a test: 25 random models of each operator, 400 in the long form."""
import os

import numpy as np
import pytest

import random_operators

ROUNDS = 400 if os.environ.get("PLAIT_LONG") == "1" else 25


@pytest.mark.parametrize("name", random_operators.MAKERS)
def test_operator(name):
    answers = [random_operators.check(name, np.random.default_rng([2026, number])) for number in range(ROUNDS)]
    wrong = [f"round {number}: {answer}" for number, answer in enumerate(answers)
             if answer != "pass" and not answer.startswith("skipped")]
    assert not wrong, "\n".join(wrong)
    assert answers.count("pass") > ROUNDS // 2, "the reference refuses most models"
