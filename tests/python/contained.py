# SPDX-License-Identifier: Apache-2.0
"""A server in the image's root as in a container: a user without rights, nothing can be written, a network of its own.

`image` is a fixture, to be imported: a folder with the image as root/ and as an OCI layout, plait/.
"""
import ctypes
import os
import re
import subprocess
import sys
import threading

import pytest

from plait_server import ROOT, program

IMAGE = ROOT / "deploy/image"
# In namespaces of its own: $1 is the root, $2 is seen there at $3, the rest is what to start.
CONTAIN = """mkdir -p "$1$3" && mount --bind "$1" "$1" && mount --bind "$2" "$1$3" && mount -o remount,ro,bind "$1$3" &&
mount -o remount,ro,bind "$1" && root=$1 && shift 3 &&
exec setpriv --no-new-privs --bounding-set=-all,+sys_chroot,+setuid,+setgid chroot --userspec=65532:65532 "$root" "$@" """
RAISE_LOOPBACK = """import fcntl, os, socket, struct, sys
SIOCSIFFLAGS, IFF_UP = 0x8914, 1
fcntl.ioctl(socket.socket(), SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", IFF_UP))
os.execvp(sys.argv[1], sys.argv[1:])"""
NEEDS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to give it up")


def version():
    return re.search(r"project\(plait VERSION ([\d.]+)", (ROOT / "CMakeLists.txt").read_text())[1]


def lay_out(folder, architecture, root="root", name="plait"):
    subprocess.run([sys.executable, IMAGE / "layout.py", folder / name, version(), f"{architecture}={folder / root}"],
                   check=True)


made = []


@pytest.fixture
def image(tmp_path_factory):
    """Of what is installed in out/; made once for all test files."""
    if made:
        return made[0]
    prefix = program().parents[1]
    if prefix.name != "out":
        pytest.skip("an image is made from out/: scripts/build")
    folder = tmp_path_factory.mktemp("image")
    subprocess.run([sys.executable, IMAGE / "root.py", prefix, folder / "root"], check=True)
    lay_out(folder, "amd64")
    made.append(folder)
    return folder


def contain(root, models, where="/models"):
    """What goes before a command, so that it runs in this root, with models there."""
    return ["unshare", "--mount", "--net", sys.executable, "-c", RAISE_LOOPBACK, "sh", "-ec", CONTAIN, "sh", root, models, where]


def inside(process, function):
    """What the function returns, called by a thread in the network of a process."""
    answers = []

    def call():
        space = os.open(f"/proc/{process.pid}/ns/net", os.O_RDONLY)
        assert ctypes.CDLL(None, use_errno=True).setns(space, 0) == 0, os.strerror(ctypes.get_errno())
        os.close(space)
        answers.append(function())
    thread = threading.Thread(target=call)
    thread.start()
    thread.join()
    assert answers, "it failed: see above"
    return answers[0]
