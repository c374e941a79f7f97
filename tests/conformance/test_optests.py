# SPDX-License-Identifier: Apache-2.0
"""Every family of ../shared/optests whose operators plait has: see optests.py for the rules and a quicker form."""
import pytest

import optests

FAMILIES = optests.families() if (optests.FOLDER / "index.csv").exists() else {}
pytestmark = pytest.mark.skipif(not FAMILIES, reason="../shared/optests is not there")


def test_there_are_cases():
    assert sum(len(rows) for rows in FAMILIES.values()) > 1000


@pytest.mark.parametrize("family", FAMILIES)
def test_family(family):
    verdicts = [(row["case"], *optests.run_isolated(row)) for row in FAMILIES[family]]
    wrong = [f"{case}: {verdict}: {message}" for case, verdict, message in verdicts if verdict not in ("pass", "skipped")]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("case", optests.NO_ANSWER)
def test_without_an_answer(case):
    pytest.skip(f"{case}: {optests.NO_ANSWER[case]}")
