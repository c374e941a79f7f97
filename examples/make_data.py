#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the data of the examples again: needs numpy, pillow and scikit-learn.

digits.npy          450 handwritten digits, 8 x 8, 0 to 16: the part of scikit-learn's digits (UCI's
                    Optical Recognition of Handwritten Digits, test set) that the models were not
                    trained on
digits_answers.npy  what they are
digit_N.png         some of them as pictures, 0 to 255
machines.npy        10 sounds of each of four synthetic machines, as 5 frames of 128 logarithmic bands
"""
from pathlib import Path

import numpy as np
from PIL import Image
from sklearn.datasets import load_digits

HERE = Path(__file__).resolve().parent


def machine(number, count, seed):
    """Sounds of one machine: harmonics of its own pitch, slowly drifting, and noise."""
    own = np.random.default_rng(1000 + number)
    band = np.arange(128)
    pitch, decay = own.uniform(4, 17), own.uniform(.01, .03)
    spectrum = -decay * band
    for harmonic in range(1, 14):
        height = own.uniform(.5, 3)
        width = own.uniform(.7, 1.6)
        spectrum = spectrum + height * np.exp(-.5 * ((band - harmonic * pitch) / width) ** 2)
    drift = np.cumsum(own.standard_normal((4, 128)), 1) * .08
    rng = np.random.default_rng(seed)
    phase = rng.uniform(0, 2 * np.pi, (count, 1, 4))
    turning = np.sin(phase + np.arange(5)[None, :, None] * own.uniform(.2, 1.5, 4))
    loudness = 1 + .15 * rng.standard_normal((count, 1, 1))
    sound = spectrum * loudness + turning @ drift + .25 * rng.standard_normal((count, 5, 128))
    return ((sound - .2) / 1.2).reshape(count, 640).astype(np.float32)


def main():
    digits = load_digits()
    held_out = np.random.default_rng(1).permutation(len(digits.images))[1347:]
    pictures = digits.images[held_out].astype(np.uint8)
    answers = digits.target[held_out].astype(np.uint8)
    np.save(HERE / "digits.npy", pictures)
    np.save(HERE / "digits_answers.npy", answers)
    for digit in (3, 7, 9):
        first = pictures[answers == digit][0].astype(np.float64)
        Image.fromarray(np.round(first * 255 / 16).astype(np.uint8)).save(HERE / f"digit_{digit}.png")
    np.save(HERE / "machines.npy", np.stack([machine(k, 10, 9500 + k) for k in range(4)]))


if __name__ == "__main__":
    main()
