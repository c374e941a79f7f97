# SPDX-License-Identifier: Apache-2.0
"""Every model of tests/models and ../shared, and the example pipelines: a served answer has the bits of
`plait run`."""
import json
import subprocess

import numpy as np
import pytest

from plait_server import MODELS, ROOT, Server, binary_input, program
from served_models import TYPES

SHARED = ROOT.parent / "shared" / "models"
FILES = sorted(MODELS.glob("*.tflite")) + sorted(SHARED.rglob("*.tflite"))
PIPELINES = sorted((ROOT / "examples/pipelines").glob("*/pipeline.json"))


ROWS = 20000  # pushed at once, where an input is a stream


def inputs_of(metadata, open_size):
    """Small values for every input; where a request chooses a size, it is `open_size`."""
    made = []
    for place, tensor in enumerate(metadata["inputs"]):
        rng = np.random.default_rng(place)
        shape = [open_size if size < 0 else size for size in tensor["shape"]]
        datatype = np.dtype(TYPES[tensor["datatype"]])
        made.append(rng.integers(0, 9, shape).astype(datatype) if datatype.kind in "iub" else
                    rng.standard_normal(shape).astype(datatype))
    return made


def ask(server, metadata, arrays):
    """The served outputs, by name."""
    inputs = [binary_input(tensor["name"], tensor["datatype"], array) for tensor, array in zip(metadata["inputs"], arrays)]
    answer = server.infer("m", {"inputs": inputs, "parameters": {"binary_data_output": True}},
                          b"".join(array.tobytes() for array in arrays))
    assert answer.status == 200, answer.body
    outputs, left = {}, answer.binary
    for output in answer.json["outputs"]:
        size = output["parameters"]["binary_data_size"]
        outputs[output["name"]], left = left[:size], left[size:]
    assert left == b"" and list(outputs) == [output["name"] for output in metadata["outputs"]]
    return outputs


def run(arguments, inputs, folder):
    """The outputs of `plait run`, by name; `inputs` are arrays by the name they have there."""
    for number, (name, array) in enumerate(inputs.items()):
        np.save(folder / f"{number}.npy", array)
        arguments += ["--input", f"{name}={folder / f'{number}.npy'}"]
    done = subprocess.run([program(), "run", *arguments, "--json", "--output-dir", folder / "out"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return {output.get("name", output["tensor"]): np.load(output["file"]).tobytes()
            for output in json.loads(done.stdout)["outputs"]}


def serve(path):
    try:
        return Server(f"m={path}")
    except AssertionError as error:
        if "cannot open" in str(error):
            pytest.skip("a file of it is not there")
        raise


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_models(path, tmp_path):
    with serve(path) as server:
        metadata = server.get("/v2/models/m").json
        arrays = inputs_of(metadata, 1)
        served = ask(server, metadata, arrays)
    inputs = {f"m.{tensor['name']}": array for tensor, array in zip(metadata["inputs"], arrays)}
    assert served == run([f"m={path}"], inputs, tmp_path)


@pytest.mark.parametrize("path", PIPELINES, ids=lambda path: path.parent.name)
def test_pipelines(path, tmp_path):
    with serve(path) as server:
        metadata = server.get("/v2/models/m").json
        arrays = inputs_of(metadata, ROWS)
        served = ask(server, metadata, arrays)
    inputs = {tensor["name"]: array for tensor, array in zip(metadata["inputs"], arrays)}
    assert served == run([path, "--last"], inputs, tmp_path)
