# SPDX-License-Identifier: Apache-2.0
"""What test_kserve.py runs in an environment with the kserve package: its REST client against a server of models that give back
what they get. Arguments: the server, and a file of arrays by data type. Prints what was right."""
import asyncio
import sys

import httpx
import numpy as np
from kserve import InferInput, InferRequest, InferenceRESTClient, RESTConfig
from kserve.protocol.infer_type import RequestedOutput

TEXTS = np.array([b"a", b"", "\u00e4\u20ac".encode(), b"d", b"e", b"f" * 300], object).reshape(2, 3)


async def infer(client, url, model, values, datatype, binary, name="in", output="out", headers=None):
    """The output as an array, by way of the response that the client reads."""
    given = InferInput(name, list(values.shape), datatype)
    given.set_data_from_numpy(values, binary_data=binary)
    request = InferRequest(model, [given], request_id="seven", parameters={"binary_data_output": binary},
                           request_outputs=[RequestedOutput(output)])
    answer = await client.infer(url, request, model_name=model, headers=headers)
    assert answer.id == "seven" and answer.model_name == model, answer
    return answer.get_output_by_name(output)


async def every_type(client, url, arrays):
    for datatype, values in [*arrays.items(), ("BYTES", TEXTS)]:
        for binary in (True, False):
            if datatype == "FP16" and not binary:
                continue  # JSON has no form of it
            found = await infer(client, url, f"same_{datatype}", values, datatype, binary)
            assert found.datatype == datatype and list(found.shape) == [3, 2]
            array = found.as_numpy()
            if datatype == "BYTES":
                texts = [text if isinstance(text, bytes) else text.encode() for text in array.ravel()]
                assert texts == list(values.ravel()), texts
            else:
                assert array.dtype == values.dtype and array.tobytes() == values.tobytes(), (datatype, binary, array)
            print("infer", datatype, "binary" if binary else "json")


async def batches(client, url):
    for count in (1, 4, 2):
        values = np.random.default_rng(count).random((count, 16, 16, 3), np.float32)
        whole = (await infer(client, url, "dynamic_batch_fp32", values, "FP32", True, "input", "logits")).as_numpy()
        alone = [(await infer(client, url, "dynamic_batch_fp32", row[None], "FP32", True, "input", "logits")).as_numpy()
                 for row in values]
        assert whole.shape == (count, 10) and whole.tobytes() == np.concatenate(alone).tobytes()
    print("batches")


async def refused(client, url, arrays):
    """Each bad request by its status, with the words of the server."""
    values = arrays["INT32"]
    for model, array, datatype, status, words in (
            ("nobody", values, "INT32", 404, "not loaded"), ("same_INT32", values.ravel(), "INT32", 400, "where the model has [2,3]"),
            ("same_INT32", arrays["FP32"], "FP32", 400, "datatype FP32 where the model has INT32")):
        try:
            await infer(client, url, model, array, datatype, True)
        except httpx.HTTPStatusError as error:
            assert error.response.status_code == status and words in str(error), error
        else:
            raise AssertionError((model, words))
    try:
        await infer(client, url, "same_INT32", values, "INT32", True, output="other")
    except httpx.HTTPStatusError as error:
        assert "has no output other" in str(error)
    else:
        raise AssertionError("no such output")
    print("refused")


async def main(url, path):
    arrays = dict(np.load(path))
    client = InferenceRESTClient(RESTConfig(protocol="v2", timeout=20))
    assert await client.is_server_live(url) and await client.is_server_ready(url)
    assert await client.is_model_ready(url, "digits") and not await client.is_model_ready(url, "nobody")
    print("health")
    await every_type(client, url, arrays)
    await batches(client, url)
    await refused(client, url, arrays)
    await client.close()


asyncio.run(main(*sys.argv[1:]))
