# SPDX-License-Identifier: Apache-2.0
"""plait on Ray Serve: a deployment for each model or pipeline. `pip install plait[ray]`.

    from ray import serve
    import plait.serve

    serve.run(plait.serve.deployment("digits.tflite", num_replicas=3, share="/var/cache/plait"))

    curl -d '{"inputs": [{"name": "image", "datatype": "INT8", "shape": [1, 64], "data": [...]}]}' localhost:8000

For Ray Data, `plait.Predictor` goes into `map_batches` as it is.
"""
import asyncio
import importlib
import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from plait import inference_json
from plait.predictor import Predictor


def _need_ray() -> Any:
    try:
        return importlib.import_module("ray.serve")
    except ImportError as error:
        raise ImportError("plait.serve.deployment() needs Ray Serve: pip install 'plait[ray]'") from error


async def run_together(predictor: Predictor, items: list[Mapping[str, Any]]) -> list[dict[str, np.ndarray] | Exception]:
    """What each item gives, or what went wrong with it alone: others of its batch are other clients'."""
    async def run(item: Mapping[str, Any]) -> dict[str, np.ndarray] | Exception:
        try:
            return predictor.told(await predictor.submit(item))
        except Exception as error:  # noqa: BLE001: it is the caller's
            return error
    return await asyncio.gather(*map(run, items))


def deployment(source: str | os.PathLike, *, lanes: int = 1, threads: int = 1, share: str | os.PathLike | None = None,
               max_batch_size: int = 16, batch_wait_timeout_s: float = 0.001, **options: Any) -> Any:
    """An application for serve.run(): replicas of one model or pipeline. They answer inference requests of the Open Inference
    Protocol as JSON at their route, and `handle.predict.remote({"image": pixels})` from Python with named arrays.

    Requests that come within batch_wait_timeout_s are taken together and run on `lanes` threads. share: a folder through which
    replicas on one machine share their packed weights. options: of serve.deployment(): name, num_replicas,
    autoscaling_config, ray_actor_options, ..."""
    serve = _need_ray()
    settings = {"lanes": lanes, "threads": threads, "waiting": max(max_batch_size, 8), "share": share}
    path = os.path.abspath(source)

    class Replica:
        def __init__(self) -> None:
            self._predictor = Predictor(path, **settings)

        @serve.batch(max_batch_size=max_batch_size, batch_wait_timeout_s=batch_wait_timeout_s)
        async def _run(self, items: list[Mapping[str, Any]]) -> list[Any]:
            return await run_together(self._predictor, items)

        async def predict(self, values: Mapping[str, Any]) -> dict[str, np.ndarray]:
            result = await self._run(values)
            if isinstance(result, Exception):
                raise result
            return result

        async def __call__(self, request: Any) -> Any:
            responses = importlib.import_module("starlette.responses")
            try:
                values = inference_json.read(await request.json())
                answer = inference_json.written(self._predictor.name, await self.predict(values))
            except (ValueError, KeyError, TypeError) as error:
                return responses.JSONResponse({"error": str(error.args[0] if error.args else error)}, 400)
            return responses.JSONResponse(answer)

        def check_health(self) -> None:
            if not self._predictor.inputs:
                raise RuntimeError("nothing is loaded")

    options.setdefault("max_ongoing_requests", 2 * max_batch_size)  # one batch runs, the next one is collected
    options.setdefault("name", os.path.splitext(os.path.basename(path))[0])
    return serve.deployment(**options)(Replica).bind()
