# SPDX-License-Identifier: Apache-2.0
"""What a link cuts out of a picture, as a pipeline file says it: for Runtime.link()."""
from collections.abc import Mapping
from typing import Any

FIELDS = {"a crop": ("boxes", "margin"),
          "boxes": ("from", "scores", "class", "sigmoid", "order", "threshold", "overlap", "most", "anchors"),
          "anchors": ("picture", "levels", "variances", "linear"), "a level of anchors": ("step", "sizes")}


def _known(what: str, value: Any, needed: tuple[str, ...]) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise TypeError(f"{what} must be a dictionary, found {type(value).__name__}")
    for name in value:
        if name not in FIELDS[what]:
            raise ValueError(f"unknown field '{name}' of {what}; known: {', '.join(FIELDS[what])}")
    for name in needed:
        if name not in value:
            raise ValueError(f"{what} needs '{name}'")
    return value


def _level(value: Any) -> tuple[float, tuple[float, ...]]:
    level = _known("a level of anchors", value, ("step", "sizes"))
    return level["step"], tuple(level["sizes"])


def crop_of(value: Any) -> tuple:
    """The same as the core takes it."""
    crop = _known("a crop", value, ("boxes",))
    boxes = _known("boxes", crop["boxes"], ("from", "scores"))
    model, _, of_boxes = boxes["from"].partition(".")
    of_model, _, of_scores = boxes["scores"].partition(".")
    if of_model != model:
        raise ValueError(f"the scores of boxes must come from the model of the boxes, '{model}', found '{of_model}'")
    anchors = _known("anchors", boxes["anchors"], ("picture", "levels")) if "anchors" in boxes else {}
    if anchors and not anchors["levels"]:
        raise ValueError("'levels' of anchors must be a list of 1 to 8 dictionaries")
    order = boxes.get("order", "xy" if anchors else "yx")
    if order not in ("xy", "yx"):
        raise ValueError(f"'order' of boxes must be 'xy' or 'yx', found {order!r}")
    return (model, of_boxes, of_scores, crop.get("margin", 0.0), boxes.get("class", 0), boxes.get("sigmoid", False), order == "xy",
            boxes.get("threshold", 0.5), boxes.get("overlap", 0.5), boxes.get("most", 10),
            tuple(_level(level) for level in anchors.get("levels", ())), tuple(anchors.get("picture", (0, 0))),
            tuple(anchors.get("variances", (1.0, 1.0))), anchors.get("linear", False))
