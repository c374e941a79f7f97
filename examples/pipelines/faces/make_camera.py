#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes camera.tflite again, which makes any picture 128 by 128: needs numpy, flatbuffers and ai-edge-litert."""
import sys
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path.append(str(HERE.parents[2] / "tests/python"))
import tiny  # noqa: E402

SIDE, BYTES = 128, (1 / 127.5, 128)  # bytes are -1 to 1

graph = tiny.Graph()
picture = graph.tensor(np.uint8, [1, 1, 1, 3], BYTES, name="picture", signature=[1, -1, -1, 3])
small = graph.tensor(np.uint8, [1, SIDE, SIDE, 3], BYTES, name="small")
options = tiny.schema.ResizeBilinearOptionsT()
options.halfPixelCenters = True
graph.op("RESIZE_BILINEAR", [picture, graph.tensor(np.int32, [2], data=[SIDE, SIDE])], [small], options, version=3)
(HERE / "camera.tflite").write_bytes(graph.build([picture], [small]))
