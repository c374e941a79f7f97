# SPDX-License-Identifier: Apache-2.0
"""The image: what is in it, that its layout is one, and that it serves: as a user without rights, with a root that nobody
can write, and with the bits of `plait run`. The long tests build it for arm64, and with the Dockerfile, and run it by podman.
"""
import gzip
import hashlib
import io
import json
import os
import re
import shlex
import shutil
import subprocess
import tarfile
from pathlib import Path

import numpy as np
import pytest

from contained import IMAGE, NEEDS_ROOT, contain, image, inside, lay_out, version  # noqa: F401
from plait_server import MODELS, ROOT, Server, binary_input, program

MODEL = "digits_whole_int8"
LARGEST = 30 * 10**6


def blob(layout, descriptor):
    """A blob's bytes, which have the size and the hash of its descriptor."""
    data = (layout / "blobs" / descriptor["digest"].replace(":", "/")).read_bytes()
    assert len(data) == descriptor["size"]
    assert hashlib.sha256(data).hexdigest() == descriptor["digest"].split(":")[1]
    return data


def images(layout):
    """(platform, manifest, config, members of the layer) of each image."""
    assert json.loads((layout / "oci-layout").read_text()) == {"imageLayoutVersion": "1.0.0"}
    index = json.loads((layout / "index.json").read_text())
    assert index["manifests"][0]["annotations"]["org.opencontainers.image.ref.name"] == version()
    for one in json.loads(blob(layout, index["manifests"][0]))["manifests"]:
        manifest = json.loads(blob(layout, one))
        config = json.loads(blob(layout, manifest["config"]))
        tar = gzip.decompress(blob(layout, manifest["layers"][0]))
        assert config["rootfs"]["diff_ids"] == ["sha256:" + hashlib.sha256(tar).hexdigest()]
        assert one["platform"]["architecture"] == config["architecture"]
        yield one["platform"], manifest, config, tarfile.open(fileobj=io.BytesIO(tar)).getmembers()


def test_layout(image):
    kinds = "application/vnd.oci.image."
    [(platform, manifest, config, members)] = images(image / "plait")
    assert platform == {"os": "linux", "architecture": "amd64"}
    assert [manifest["mediaType"], manifest["config"]["mediaType"], manifest["layers"][0]["mediaType"]] == \
        [kinds + "manifest.v1+json", kinds + "config.v1+json", kinds + "layer.v1.tar+gzip"]
    assert config["config"]["Labels"]["org.opencontainers.image.version"] == version()
    blobs = {path.name for path in (image / "plait/blobs/sha256").iterdir()}
    assert len(blobs) == 4, "what is there is named"
    names = [member.name for member in members]
    assert names == sorted(names) and len(set(names)) == len(names)


def test_what_is_in_it(image):
    [(_, _, _, members)] = images(image / "plait")
    assert sum(member.size for member in members) <= LARGEST
    names = {member.name for member in members if member.isfile()}
    allowed = r"usr/bin/plait|usr/lib/libplait.so.0|(usr/)?lib(64)?/([\w-]+/)?[\w+.-]+\.so\.\d+|etc/(passwd|group)|usr/share/doc/.*"
    assert [name for name in names if not re.fullmatch(allowed, name)] == [], "no shell, no tools"
    assert {"usr/share/doc/plait/LICENSE", "usr/share/doc/libgnutls30/copyright"} <= names
    for member in members:
        assert (member.uid, member.gid, member.mtime) == (0, 0, 0) and member.isfile() or member.isdir()
        assert member.mode in (0o644, 0o755), f"{member.name}: nobody else writes, nothing is setuid"


def test_equal_roots_make_equal_images(tmp_path):
    """Whatever their times, and in whatever order they were written."""
    for root, names in (("one", "ab"), ("two", "ba")):
        (tmp_path / root).mkdir()
        for name in names:
            (tmp_path / root / name).write_text(name)
        os.utime(tmp_path / root / "a", (len(root), names.index("a")))
        lay_out(tmp_path, "amd64", root, name=root + "-image")
    assert (tmp_path / "one-image/index.json").read_bytes() == (tmp_path / "two-image/index.json").read_bytes()


def dockerfile():
    """Instructions of the last stage, and their arguments."""
    text = re.sub(r"\\\n\s*", "", (IMAGE / "Dockerfile").read_text()).split("FROM scratch")[1]
    return dict(line.split(" ", 1) for line in text.splitlines() if line)


def test_the_dockerfile_says_the_same(image):
    [(_, _, config, _)] = images(image / "plait")
    config, found = config["config"], dockerfile()
    assert found["USER"] == config["User"] and found["WORKDIR"] == config["WorkingDir"]
    assert found["STOPSIGNAL"] == config["StopSignal"]
    assert {found["EXPOSE"]: {}} == config["ExposedPorts"]
    assert json.loads(found["ENTRYPOINT"]) == config["Entrypoint"] and json.loads(found["CMD"]) == config["Cmd"]
    labels = dict(label.split("=", 1) for label in shlex.split(found["LABEL"]))
    assert labels == {name: text for name, text in config["Labels"].items() if not name.endswith("version")}
    times, command = found["HEALTHCHECK"].split(" CMD ")
    given = dict(re.findall(r"--([a-z-]+)=(\d+)", times))
    health = config["Healthcheck"]
    assert ["CMD", *json.loads(command)] == health["Test"] and int(given["retries"]) == health["Retries"]
    assert [int(given[name]) * 10**9 for name in ("interval", "timeout", "start-period")] == \
        [health[name] for name in ("Interval", "Timeout", "StartPeriod")]


def test_what_the_dockerfile_copies_is_there():
    for line in (IMAGE / "Dockerfile.dockerignore").read_text().splitlines():
        assert not line.startswith("!") or (ROOT / line[1:]).exists(), line


def check_answers(server, folder):
    """The bits of `plait run`."""
    pixels = np.random.default_rng(5).integers(-128, 128, (1, 8, 8, 1)).astype(np.int8)
    np.save(folder / "in.npy", pixels)
    subprocess.run([program(), "run", MODELS / f"{MODEL}.tflite", "--input", f"{MODEL}={folder / 'in.npy'}",
                    "--output", f"{MODEL}={folder / 'out.npy'}"], check=True, capture_output=True)
    answer = server.infer(MODEL, {"inputs": [binary_input("input", "INT8", pixels)],
                          "outputs": [{"name": "output_0", "parameters": {"binary_data": True}}]}, pixels.tobytes())
    assert answer.status == 200 and answer.binary == np.load(folder / "out.npy").tobytes()
    return True


@NEEDS_ROOT
def test_serves(image, tmp_path):
    """With exactly what the image says is started, and its health check."""
    [(_, _, config, _)] = images(image / "plait")
    config = config["config"]
    models = tmp_path / "models"
    models.mkdir(mode=0o755)
    shutil.copy(MODELS / f"{MODEL}.tflite", models)
    with Server(command=[*contain(image / "root", models), *config["Entrypoint"], *config["Cmd"]]) as server:
        inside(server.process, lambda: check_answers(server, tmp_path))
        status = Path(f"/proc/{server.process.pid}/status").read_text()
        assert re.search(r"^Uid:\s+65532\s+65532", status, re.M) and "CapEff:\t0000000000000000" in status
        check = ["chroot", image / "root", *config["Healthcheck"]["Test"][1:]]
        assert inside(server.process, lambda: subprocess.run(check, check=False).returncode) == 0


def need(*programs):
    for name in programs:
        if shutil.which(name) is None:
            pytest.skip(f"{name} is not installed")


@pytest.fixture(scope="module")
def both():
    """The image by its script, for both architectures."""
    subprocess.run([IMAGE / "build", "amd64", "arm64"], check=True)
    return ROOT / "build/image/plait"


@pytest.mark.long
def test_both_architectures(both):
    found = {platform["architecture"]: members for platform, _, _, members in images(both)}
    assert set(found) == {"amd64", "arm64"}
    for members in found.values():
        assert sum(member.size for member in members) <= LARGEST


@pytest.mark.long
@pytest.mark.parametrize("architecture", ["amd64", "arm64"])
def test_other_tools_read_it(both, architecture, tmp_path):
    """skopeo chooses one of the two by architecture, umoci unpacks it: to the root that it was made of."""
    need("skopeo", "umoci")
    subprocess.run(["skopeo", "--override-arch", architecture, "copy", f"oci:{both}:{version()}", f"oci:{tmp_path}/one:x"],
                   check=True, capture_output=True)
    subprocess.run(["umoci", "unpack", "--image", f"{tmp_path}/one:x", tmp_path / "bundle"], check=True, capture_output=True)
    left, right = tmp_path / "bundle/rootfs", both.parent / "root" / architecture
    files = sorted(str(path.relative_to(right)) for path in right.rglob("*"))
    assert files == sorted(str(path.relative_to(left)) for path in left.rglob("*"))
    assert all((left / name).read_bytes() == (right / name).read_bytes() for name in files if (right / name).is_file())


@pytest.mark.long
def test_arm64_serves(both, tmp_path):
    need("qemu-aarch64")
    root = both.parent / "root/arm64"
    with Server(MODELS / f"{MODEL}.tflite",
                command=["qemu-aarch64", "-L", root, root / "usr/bin/plait", "serve", "--port", "0"]) as server:
        check_answers(server, tmp_path)
