# SPDX-License-Identifier: Apache-2.0
"""What programs know as tf.lite: `from plait import lite as tflite`."""
from types import SimpleNamespace

from plait.interpreter import Interpreter, OpResolverType, load_delegate

experimental = SimpleNamespace(OpResolverType=OpResolverType, load_delegate=load_delegate)

__all__ = ["Interpreter", "OpResolverType", "experimental", "load_delegate"]
