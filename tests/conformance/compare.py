# SPDX-License-Identifier: Apache-2.0
"""How an output is compared with the reference's: contract 4.2 in one place.

Integers, booleans and strings: every bit. Floats: |a - b| <= relative * max|b| + 1e-6, NaN and infinities in the same
places. Hybrid recurrent operators may be off by one unit of their state (operators.state_unit). Nothing else in the
tests decides what is close enough.
"""
import numpy as np

RELATIVE = 1e-5
ABSOLUTE = 1e-6


def difference(ours, reference, relative=RELATIVE, absolute=ABSOLUTE, steps=0):
    """None if `ours` is right, else what is wrong. `steps`: by how much quantized values may differ."""
    ours, reference = np.asarray(ours), np.asarray(reference)
    if ours.shape != reference.shape:
        return f"shape {ours.shape}, expected {reference.shape}"
    if ours.dtype.kind in "SO" and reference.dtype.kind in "SO":  # strings, as bytes
        ours, reference = ours.astype(object), reference.astype(object)
    if ours.dtype != reference.dtype:
        return f"type {ours.dtype}, expected {reference.dtype}"
    if reference.size == 0:
        return None
    if reference.dtype.kind in "fc":
        return _floats(ours, reference, relative, absolute)
    if steps and reference.dtype.kind in "iu":
        wrong = np.abs(ours.astype(np.int64) - reference.astype(np.int64)) > steps
    else:
        wrong = ours != reference
    return _told(ours, reference, wrong, "equal" if not steps else f"within {steps}")


def _floats(ours, reference, relative, absolute):
    a, b = (x.astype(np.complex128 if x.dtype.kind == "c" else np.float64) for x in (ours, reference))
    finite = np.isfinite(b)
    allowed = relative * (np.abs(b[finite]).max() if finite.any() else 0.0) + absolute
    with np.errstate(invalid="ignore"):
        wrong = np.where(finite, ~(np.abs(a - b) <= allowed), ~((a == b) | (np.isnan(a) & np.isnan(b))))
    return _told(ours, reference, wrong, f"within {allowed:.3g}")


def _told(ours, reference, wrong, rule):
    if not wrong.any():
        return None
    at = tuple(int(k) for k in np.argwhere(wrong)[0])
    return (f"{int(wrong.sum())} of {wrong.size} elements are not {rule}; first at {at}: "
            f"{ours[at]!r}, expected {reference[at]!r}")
