# SPDX-License-Identifier: Apache-2.0
"""A pipeline file: models, links and names in one place. A digit is read by a feature extractor and a classifier."""
from pathlib import Path

import numpy as np
import plait

EXAMPLES = Path(__file__).resolve().parents[1]

with plait.Pipeline(EXAMPLES / "pipelines" / "digits" / "pipeline.json") as digits:
    pictures = np.load(EXAMPLES / "digits.npy") / 16 * 255  # they are of 0 to 16
    for picture in pictures[::50].astype(np.uint8):
        digits(picture=picture)
        label, score, _ = digits.best("digit")[0]
        print(f"digit {label} ({score:.3f})")
