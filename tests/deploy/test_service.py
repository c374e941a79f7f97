# SPDX-License-Identifier: Apache-2.0
"""The systemd unit: systemd takes it, and what it starts serves the folder."""
import re
import shlex
import shutil
import subprocess

import pytest

from plait_server import MODELS, ROOT, Server, program

FOLDER = "/var/lib/plait/models"


def unit():
    return (ROOT / "server/plait-serve.service.in").read_text().replace("@CMAKE_INSTALL_FULL_BINDIR@", str(program().parent))


def setting(name):
    [value] = re.findall(rf"^{name}=(.*)$", unit(), re.M)
    return value


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_systemd_takes_it(tmp_path):
    path = tmp_path / "plait-serve.service"
    path.write_text(unit())
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", path], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


def test_what_it_starts(tmp_path):
    """Its options, as systemd puts them in; the time that it has to end is more than the server takes for it."""
    shutil.copy(MODELS / "digits_whole_int8.tflite", tmp_path)
    name, options = setting("Environment").split("=", 1)
    command = shlex.split(setting("ExecStart").replace(f"${name}", options).replace(FOLDER, str(tmp_path)))
    assert setting("StateDirectory").split()[-1] == FOLDER.removeprefix("/var/lib/")
    with Server("--port", "0", command=command) as server:
        assert server.get("/v2/models/digits_whole_int8").status == 200
        assert server.log[0].startswith("{"), "JSON, for the journal"
    drained = int(re.search(r"under way may take at the end, (\d+) by default", (ROOT / "docs/plait.1").read_text())[1])
    assert int(setting("TimeoutStopSec")) > drained + 2
