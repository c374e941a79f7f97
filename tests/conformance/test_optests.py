# SPDX-License-Identifier: Apache-2.0
"""Every family of ../shared/optests whose operators plait has: see optests.py for the rules and a quicker form."""
import pytest

import optests

FAMILIES = optests.families() if (optests.FOLDER / "index.csv").exists() else {}


@pytest.mark.skipif(not FAMILIES, reason="../shared/optests is not there")
def test_there_are_cases():
    assert sum(len(rows) for rows in FAMILIES.values()) > 1000


@pytest.mark.parametrize("family", FAMILIES)
def test_family(family, record_property):
    verdicts = [(row["case"], *optests.run_isolated(row)) for row in FAMILIES[family]]
    refused = [f"{case}: {message}" for case, verdict, message in verdicts if verdict == "refused"]
    print(f"{family}: {len(verdicts) - len(refused)} ran, {len(refused)} refused")
    print("\n".join("  refused " + line for line in refused))
    record_property("refused", len(refused))
    wrong = [f"{case}: {verdict}: {message}" for case, verdict, message in verdicts if verdict in ("wrong", "error")]
    assert not wrong, "\n".join(wrong)
