#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""layout.py FOLDER VERSION ARCHITECTURE=ROOT...: an OCI image layout of image roots, one image for each architecture.

Equal roots make equal bytes: files are sorted, belong to root, and have one time, SOURCE_DATE_EPOCH or 0.
"""
import datetime
import gzip
import hashlib
import io
import json
import os
import shutil
import sys
import tarfile
from pathlib import Path

MEDIA = "application/vnd.oci.image"
TIME = int(os.environ.get("SOURCE_DATE_EPOCH", "0"))
CREATED = datetime.datetime.fromtimestamp(TIME, datetime.timezone.utc).isoformat().replace("+00:00", "Z")
SECOND = 10**9
# As in the Dockerfile, which tests/deploy/test_image.py holds this against.
CONFIG = {
    "User": "65532:65532",
    "ExposedPorts": {"8000/tcp": {}},
    "Entrypoint": ["/usr/bin/plait"],
    "Cmd": ["serve", "--repository", "/models", "--bind", "0.0.0.0"],
    "WorkingDir": "/models",
    "StopSignal": "SIGTERM",
    "Labels": {
        "org.opencontainers.image.title": "plait",
        "org.opencontainers.image.description": "TensorFlow Lite models and pipelines by the Open Inference Protocol",
        "org.opencontainers.image.licenses": "Apache-2.0",
    },
    # Docker's and podman's; the specification leaves it to them.
    "Healthcheck": {"Test": ["CMD", "/usr/bin/plait", "health"], "Interval": 10 * SECOND, "Timeout": 5 * SECOND,
                    "StartPeriod": 5 * SECOND, "Retries": 3},
}


class Layout:
    def __init__(self, folder):
        self.folder = folder
        shutil.rmtree(folder, ignore_errors=True)
        (folder / "blobs/sha256").mkdir(parents=True)

    def add(self, data, kind):
        """A blob, and its descriptor."""
        name = hashlib.sha256(data).hexdigest()
        (self.folder / "blobs/sha256" / name).write_bytes(data)
        return {"mediaType": f"{MEDIA}.{kind}", "digest": f"sha256:{name}", "size": len(data)}

    def add_json(self, document, kind):
        return self.add(json.dumps(document, sort_keys=True).encode(), kind)

    def finish(self, manifests, name):
        index = {"schemaVersion": 2, "mediaType": f"{MEDIA}.index.v1+json"}
        whole = self.add_json({**index, "manifests": manifests}, "index.v1+json")
        whole["annotations"] = {"org.opencontainers.image.ref.name": name}
        (self.folder / "index.json").write_text(json.dumps({**index, "manifests": [whole]}))
        (self.folder / "oci-layout").write_text(json.dumps({"imageLayoutVersion": "1.0.0"}))


def archive(root):
    """A tar of all below a folder."""
    def plain(member):
        member.uid = member.gid = 0
        member.uname = member.gname = ""
        member.mtime = TIME
        member.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
        return member
    text = io.BytesIO()
    with tarfile.open(fileobj=text, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for path in sorted(root.rglob("*")):
            tar.add(path, str(path.relative_to(root)), recursive=False, filter=plain)
    return text.getvalue()


def add_image(layout, architecture, root, version):
    """The manifest's descriptor."""
    tar = archive(root)
    layer = layout.add(gzip.compress(tar, 6, mtime=0), "layer.v1.tar+gzip")
    labels = {**CONFIG["Labels"], "org.opencontainers.image.version": version}
    config = {"created": CREATED, "os": "linux", "architecture": architecture, "config": {**CONFIG, "Labels": labels},
              "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(tar).hexdigest()]},
              "history": [{"created": CREATED, "created_by": "deploy/image/build"}]}
    if architecture == "arm64":
        config["variant"] = "v8"
    manifest = {"schemaVersion": 2, "mediaType": f"{MEDIA}.manifest.v1+json",
                "config": layout.add_json(config, "config.v1+json"), "layers": [layer], "annotations": labels}
    platform = {name: config[name] for name in ("os", "architecture", "variant") if name in config}
    return {**layout.add_json(manifest, "manifest.v1+json"), "platform": platform}


if __name__ == "__main__":
    made = Layout(Path(sys.argv[1]))
    roots = dict(argument.split("=", 1) for argument in sys.argv[3:])
    made.finish([add_image(made, name, Path(root), sys.argv[2]) for name, root in roots.items()], sys.argv[2])
