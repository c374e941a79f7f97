# SPDX-License-Identifier: Apache-2.0
"""Threads that answer have a short slice of time, so that they get a processor soon; those that compute for long have the usual one."""
import ctypes
import os
import platform
from pathlib import Path

import pytest

import tiny
from plait_server import Server

CALLS = {"x86_64": (314, 315), "aarch64": (274, 275)}  # sched_setattr, sched_getattr


class Attributes(ctypes.Structure):
    _fields_ = [("size", ctypes.c_uint32), ("policy", ctypes.c_uint32), ("flags", ctypes.c_uint64), ("nice", ctypes.c_int32),
                ("priority", ctypes.c_uint32), ("runtime", ctypes.c_uint64), ("deadline", ctypes.c_uint64),
                ("period", ctypes.c_uint64)]


def slice_of(thread):
    attributes = Attributes(size=ctypes.sizeof(Attributes))
    call = CALLS[platform.machine()][1]
    if ctypes.CDLL(None, use_errno=True).syscall(call, thread, ctypes.byref(attributes), attributes.size, 0) != 0:
        pytest.skip("the system does not tell: " + os.strerror(ctypes.get_errno()))
    return attributes.runtime


def threads_of(server):
    return {int(path.name) for path in Path(f"/proc/{server.process.pid}/task").iterdir()}


def test_threads_that_answer(tmp_path):
    if platform.machine() not in CALLS:
        pytest.skip("the numbers of the calls are not known here")
    path = tmp_path / "slow.tflite"
    path.write_bytes(tiny.counting_loop(200_000))
    with Server(path) as server:
        before = threads_of(server)
        usual = slice_of(server.process.pid)
        if usual == 0:
            pytest.skip("the kernel has no slices of time of threads")
        connection = server.connect()
        assert server.get("/v2/health/live", connection=connection).status == 200
        [answers] = threads_of(server) - before
        assert slice_of(answers) < usual
        document = {"inputs": [{"name": "t0", "datatype": "INT32", "shape": [1], "data": [0]}]}
        assert server.infer("slow", document, connection=connection).status == 200
        computes = threads_of(server) - before - {answers}
        assert computes and all(slice_of(thread) == usual for thread in computes)
