# SPDX-License-Identifier: Apache-2.0
"""run.py as a test: 600 random graphs, 20,000 in the long form."""
import os

import run

COUNT = 20000 if os.environ.get("PLAIT_LONG") == "1" else 600


def test_random_graphs():
    runner = run.Runner()
    for seed in range(COUNT):
        run.Graph(runner, seed, None).run()
    counts = runner.tally.counts
    print(dict(counts), "refused by plait alone:", sum(runner.tally.stricter.values()))
    assert not runner.tally.failures, "\n".join(runner.tally.failures[:20])
    assert counts["LiteRT accepts"] >= 0.6 * counts["graphs"]
