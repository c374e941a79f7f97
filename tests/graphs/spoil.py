# SPDX-License-Identifier: Apache-2.0
"""Steps made slightly wrong: both sides must refuse them, or give the same answer after all."""
import copy

import numpy as np
from ai_edge_litert import schema_py_generated as schema  # noqa: F401

from values import KINDS

NUMBERS = [-2147483648, -100, -2, -1, 0, 1, 2, 3, 7, 100, 2147483647]


def replace(step, at, **fields):
    value = copy.copy(step.inputs[at])
    for name, content in fields.items():
        setattr(value, name, content)
    step.inputs[at] = value


def some_input(draw, step, where=lambda value: True):
    places = [k for k, value in enumerate(step.inputs) if value is not None and where(value)]
    return draw.one(places) if places else None


def drop_input(draw, step):
    if len(step.inputs) > 1:
        step.inputs.pop(draw.integer(0, len(step.inputs) - 1))


def add_input(draw, step):
    step.inputs.append(draw.one(step.inputs) or draw.fresh("f32", (2,)))


def leave_out(draw, step):
    step.inputs[draw.integer(0, len(step.inputs) - 1)] = None


def other_version(draw, step):
    if not step.is_custom():  # those have none here
        step.version = draw.one([step.version + 1, 99, 0])


def other_type(draw, step):
    at = some_input(draw, step, lambda value: value.kind != "str")
    if at is None:
        return
    value = step.inputs[at]
    kind = draw.one([k for k in ("f32", "i8", "u8", "i16", "i32", "i64", "bool") if k != value.kind])
    replace(step, at, kind=kind, data=draw.array(kind, value.shape), constant=value.constant)


def other_shape(draw, step):
    at = some_input(draw, step, lambda value: value.kind != "str")
    if at is None or step.operator == "aeq.hadamard_rotation":  # LiteRT writes behind an output that is too small
        return
    value, shape = step.inputs[at], list(step.inputs[at].shape)
    if shape and draw.chance(0.6):
        shape[draw.integer(0, len(shape) - 1)] += 1
    elif shape and draw.chance(0.5):
        shape.pop()
    else:
        shape.append(2)
    replace(step, at, shape=tuple(shape), data=draw.array(value.kind, shape), constant=value.constant)


def other_content(draw, step):
    at = some_input(draw, step, lambda value: value.constant and value.kind in ("i32", "i64") and value.data.size > 0)
    if at is None:
        return
    data = step.inputs[at].data.copy()
    data.reshape(-1)[draw.integer(0, data.size - 1)] = draw.one(NUMBERS[1:-1])
    replace(step, at, data=np.asarray(data, KINDS[step.inputs[at].kind]))


def other_option(draw, step):
    names = [] if step.options is None or step.is_custom() else [k for k, v in vars(step.options).items() if isinstance(v, int)]
    if names:
        setattr(step.options, draw.one(names), draw.one(NUMBERS))


def no_quantization(draw, step):
    value = draw.one(step.outputs)
    value.scale = None


def other_output(draw, step):
    value = draw.one(step.outputs)
    value.kind = draw.one(["f32", "i8", "i32", "bool", "i64"])


FAULTS = [drop_input, add_input, leave_out, other_version, other_type, other_shape, other_content, other_content,
          other_option, other_option, no_quantization, other_output]


def spoil(draw, step):
    """Changes the step in place (its values are copies where they change). The fault's name."""
    step.inputs = list(step.inputs)
    fault = draw.one(FAULTS)
    try:
        fault(draw, step)
    except (OverflowError, ValueError, TypeError):
        pass                         # the file cannot even say this
    return fault.__name__
