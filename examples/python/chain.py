# SPDX-License-Identifier: Apache-2.0
"""A chain of two models without a copy between them: a feature extractor and a classifier of digits."""
from pathlib import Path

import numpy as np
import plait

EXAMPLES = Path(__file__).resolve().parents[1]

with plait.Runtime() as runtime:
    features = runtime.load(EXAMPLES / "models" / "digits_features.tflite")
    classifier = runtime.load(EXAMPLES / "models" / "digits_classifier.tflite")
    runtime.link(features.name, classifier.name)
    pictures = np.load(EXAMPLES / "digits.npy") / 16 * 255 - 128  # they are of 0 to 16, the model's of -128 to 127
    shape, dtype = features.inputs[0]["shape"], features.inputs[0]["dtype"]
    for picture in pictures.reshape(-1, *shape)[::50].astype(dtype):
        features.set(0, picture)
        features.run()
        print("digit", int(classifier.get().argmax()))
