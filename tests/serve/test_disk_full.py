# SPDX-License-Identifier: Apache-2.0
"""Where nothing can be written any more: the log is all that a server writes, and without it answers are as ever."""
import contextlib
import http.client
import os
import re
import signal
import socket
import subprocess

import pytest

from fault_server import REQUEST, VALUES, VARIANTS, is_well, metric, models, wait_until, wanted  # noqa: F401
from plait_server import Server, program


class Quiet(Server):
    """A server whose log goes elsewhere, so that its port must be given."""

    def __init__(self, models, log, variant, *before):
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.host, self.port = "127.0.0.1", free.getsockname()[1]
        self.process = subprocess.Popen([*before, program(variant), "serve", "--repository", models, "--log", "requests", "--port",
                                         str(self.port)], stderr=log, env={**os.environ, "ASAN_OPTIONS": "detect_leaks=1"})
        wait_until(self.is_there)

    def is_there(self):
        assert self.process.poll() is None
        with contextlib.suppress(OSError, http.client.HTTPException):
            return self.get("/v2/health/ready").status == 200

    def __exit__(self, kind, *_):
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(60)
        assert kind is not None or code == 0, f"exit code {code}"


def asks_on(server, wanted, count=50):
    for _ in range(count):
        assert is_well(server, wanted)
        assert server.get("/v2/models/nobody").status == 404
    assert server.post("/v2/repository/models/quick/load").status == 200


@pytest.fixture(params=VARIANTS or [None])
def variant(request):
    return request.param


@pytest.fixture
def full_disk(tmp_path):
    """A folder on a disk of 64 KiB and a few files."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k,nr_inodes=6", "none", folder], capture_output=True).returncode:
        pytest.skip("mounting a small disk needs root")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_a_log_that_takes_nothing(models, wanted, variant):
    with open("/dev/full", "wb") as log, Quiet(models, log, variant) as server:
        asks_on(server, wanted)


def test_a_log_that_nobody_reads(models, wanted, variant):
    reading, writing = os.pipe()
    with open(writing, "wb") as log, Quiet(models, log, variant) as server:
        os.close(reading)
        asks_on(server, wanted)


def test_a_log_that_may_not_grow(models, wanted, variant, tmp_path):
    with open(tmp_path / "log", "wb") as log, Quiet(models, log, variant, "prlimit", "--fsize=4096") as server:
        asks_on(server, wanted)
    assert (tmp_path / "log").stat().st_size == 4096


def test_a_disk_that_gets_full_and_empty_again(models, wanted, variant, full_disk):
    with open(full_disk / "log", "ab") as log, Quiet(models, log, variant) as server:
        (full_disk / "filling").write_bytes(b"x" * (56 << 10))
        wait_until(lambda: is_well(server, wanted) and os.statvfs(full_disk).f_bfree == 0)
        asks_on(server, wanted)
        (full_disk / "filling").unlink()
        before = (full_disk / "log").stat().st_size
        assert is_well(server, wanted)
        wait_until(lambda: (full_disk / "log").stat().st_size > before)


def test_no_place_for_what_others_watch(models, full_disk):
    """PLAIT_WATCH on a full disk: it says so, and does not start."""
    with pytest.raises(OSError):
        for number in range(100):
            (full_disk / f"{number}").touch()
    done = subprocess.run([program(), "serve", "--repository", models, "--port", "0"], env={**os.environ, "PLAIT_WATCH": full_disk},
                          capture_output=True, text=True, timeout=30)
    assert done.returncode == 2 and "PLAIT_WATCH: no socket can be opened there" in done.stderr, done.stderr


@pytest.fixture
def unread(models, variant):
    """A server whose log is a pipe that is full, and the pipe."""
    reading, writing = os.pipe()
    with Quiet(models, writing, variant) as server:
        os.close(writing)
        connection = server.connect()
        while metric(server, "plait_log_lines_lost_total") < 100:
            assert server.get("/v2/models/" + "x" * 3000, connection=connection).status == 404
        yield server, reading
    os.close(reading)


def test_a_log_that_is_read_late(unread, wanted):
    """It holds up nobody; once it is read, it says how much is missing, and goes on."""
    server, reading = unread
    assert is_well(server, wanted)
    os.set_blocking(reading, False)
    text = bytearray()

    def has(pattern):
        with contextlib.suppress(BlockingIOError):
            while piece := os.read(reading, 1 << 20):
                text.extend(piece)
        return re.findall(pattern, text)

    wait_until(lambda: has(rb'"lines lost" count=(\d+)'))
    assert server.get("/v2/models/after").status == 404
    wait_until(lambda: has(rb"path=/v2/models/after"))
    lost, answers = metric(server, "plait_log_lines_lost_total"), metric(server, "plait_http_answers_total")
    assert sum(map(int, has(rb'"lines lost" count=(\d+)'))) == lost >= 100
    wait_until(lambda: len(has(rb"event=answered")) >= answers - lost)
    assert len(has(rb"\n")) == len(has(rb"(?m)^time=\S+Z level=")) == text.count(b"level=")


def test_the_end_where_nobody_reads(unread):
    server, _ = unread
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(5) == 0
