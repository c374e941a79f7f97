# SPDX-License-Identifier: Apache-2.0
"""plait: many TensorFlow Lite models in one interpreter.

    import plait as tflite                      # where it said: import tflite_runtime.interpreter as tflite
    interpreter = tflite.Interpreter("model.tflite")

`Interpreter` is TensorFlow Lite's, to the letter; all of them in a process share one arena, one pool of threads and every
equal weight. `ModelManager` runs several models by number or name. `Runtime` is plait itself: many models by name, links
between them, windows over streams, clones, requests with deadlines, figures. `Pipeline` is a pipeline file: models, links and names.
`Predictor` is a model or pipeline as one callable; `plait.serve` puts it on Ray.
"""
from plait import lite
from plait._core import Error, version as __version__
from plait.interpreter import (Delegate, Interpreter, InterpreterWithCustomOps, OpResolverType, SignatureRunner,
                               load_delegate)
from plait.labels import associated_files, labels
from plait.manager import ModelManager
from plait.pipeline import Pipeline
from plait.predictor import Predictor
from plait.request import Request
from plait.runtime import Model, Runtime

__all__ = ["Delegate", "Error", "Interpreter", "InterpreterWithCustomOps", "Model", "ModelManager", "OpResolverType",
           "Pipeline", "Predictor", "Request", "Runtime", "SignatureRunner", "associated_files", "labels", "lite", "load_delegate", "__version__"]
