# SPDX-License-Identifier: Apache-2.0
"""The manifests of deploy/: they fit Kubernetes' own schemas, fit each other, and ask of plait what there is: it is started
with exactly their arguments, and asked what their probes and the autoscaler ask.
"""
import copy
import re
import shutil
import subprocess

import kubernetes_validate
import pytest
import yaml

import contained
from contained import NEEDS_ROOT, image, version  # noqa: F401
from plait_server import MODELS, ROOT, Server

DEPLOY = ROOT / "deploy"
KSERVE = ROOT / ".cache/kserve/bin/python"
VERSIONS = ["1.30", kubernetes_validate.latest_version()]  # the first one in which preStop can sleep by default
# Of KServe's ServingRuntime, InferenceService and what is in them (pkg/apis/serving): a field, and the fields in it.
POD = {"containers", "volumes", "nodeSelector", "affinity", "tolerations", "labels", "annotations", "imagePullSecrets"}
FIELDS = {"runtime": POD | {"supportedModelFormats", "multiModel", "disabled", "protocolVersions", "workerSpec"},
          "format": {"name", "version", "autoSelect", "priority"},
          "predictor": POD | {"minReplicas", "maxReplicas", "scaleTarget", "scaleMetric", "timeout", "batcher", "model",
                              "serviceAccountName"},
          "model": {"modelFormat", "runtime", "protocolVersion", "storageUri", "storage", "runtimeVersion", "resources",
                    "args", "env"}}


def read(path):
    return yaml.safe_load((DEPLOY / path).read_text())


@pytest.fixture(scope="module")
def settings():
    """The configuration map of kustomization.yaml."""
    [made] = read("kubernetes/kustomization.yaml")["configMapGenerator"]
    assert made["name"] == "plait"
    return dict(text.split("=", 1) for text in made["literals"])


@pytest.fixture(scope="module")
def objects():
    """What kustomization.yaml lists, by kind."""
    found = [read(f"kubernetes/{name}") for name in read("kubernetes/kustomization.yaml")["resources"]]
    return {one["kind"]: one for one in found}


def container_of(pod):
    [container] = pod["containers"]
    return container


@pytest.mark.parametrize("release", VERSIONS)
def test_kubernetes_takes_them(objects, release):
    assert set(objects) == {"Deployment", "Service", "PersistentVolumeClaim", "PodDisruptionBudget", "HorizontalPodAutoscaler"}
    for one in objects.values():
        kubernetes_validate.validate(one, release, strict=True)
    runtime = container_of(read("kserve/runtime.yaml")["spec"])
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}, "spec": {"containers": [runtime]}}
    kubernetes_validate.validate(pod, release, strict=True)


def test_a_wrong_field_is_seen(objects):
    wrong = copy.deepcopy(objects["Deployment"])
    container_of(wrong["spec"]["template"]["spec"])["readynessProbe"] = {}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, VERSIONS[-1], strict=True)


@pytest.mark.long
def test_kustomize_makes_the_same(objects, settings):
    if shutil.which("kubectl") is None:
        pytest.skip("kubectl is not installed")
    text = subprocess.run(["kubectl", "kustomize", DEPLOY / "kubernetes"], capture_output=True, text=True, check=True).stdout
    made = {one["kind"]: one for one in yaml.safe_load_all(text)}
    assert made.pop("ConfigMap")["data"] == settings
    assert set(made) == set(objects)
    for one in made.values():
        kubernetes_validate.validate(one, VERSIONS[-1], strict=True)
    assert container_of(made["Deployment"]["spec"]["template"]["spec"])["image"] == f"plait:{version()}"


def test_they_fit_each_other(objects, settings):
    template = objects["Deployment"]["spec"]["template"]
    pod, labels = template["spec"], template["metadata"]["labels"]
    container = container_of(pod)
    selectors = [objects["Deployment"]["spec"]["selector"]["matchLabels"], objects["Service"]["spec"]["selector"],
                 objects["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"],
                 *(spread["labelSelector"]["matchLabels"] for spread in pod["topologySpreadConstraints"])]
    for selector in selectors:
        assert selector and selector.items() <= labels.items()
    target = objects["HorizontalPodAutoscaler"]["spec"]["scaleTargetRef"]
    assert (target["kind"], target["name"]) == ("Deployment", objects["Deployment"]["metadata"]["name"])
    assert "replicas" not in objects["Deployment"]["spec"], "who applies it again would undo what the autoscaler did"
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    assert {port["targetPort"] for port in objects["Service"]["spec"]["ports"]} <= set(ports)
    assert template["metadata"]["annotations"]["prometheus.io/port"] == str(ports["http"])
    [volume] = pod["volumes"]
    assert volume["persistentVolumeClaim"]["claimName"] == objects["PersistentVolumeClaim"]["metadata"]["name"]
    assert {mount["name"] for mount in container["volumeMounts"]} == {volume["name"]}
    waits = container["lifecycle"]["preStop"]["sleep"]["seconds"] + int(settings["DRAIN_SECONDS"]) + 2
    assert pod["terminationGracePeriodSeconds"] > waits, "what is under way is answered before the pod is killed"


def test_the_images_are_of_this_version():
    [image_of] = read("kubernetes/kustomization.yaml")["images"]
    assert image_of["newTag"] == version()
    assert container_of(read("kserve/runtime.yaml")["spec"])["image"] == f"plait:{version()}"


def test_kserve_knows_the_fields():
    runtime, service = read("kserve/runtime.yaml"), read("kserve/inferenceservice.yaml")
    assert runtime["apiVersion"] == "serving.kserve.io/v1alpha1" and runtime["kind"] == "ServingRuntime"
    assert service["apiVersion"] == "serving.kserve.io/v1beta1" and service["kind"] == "InferenceService"
    assert set(runtime["spec"]) <= FIELDS["runtime"] and set(service["spec"]) == {"predictor"}
    predictor = service["spec"]["predictor"]
    assert set(predictor) <= FIELDS["predictor"] and set(predictor["model"]) <= FIELDS["model"]
    formats = runtime["spec"]["supportedModelFormats"]
    assert all(set(one) <= FIELDS["format"] and one["priority"] > 0 for one in formats)
    assert container_of(runtime["spec"])["name"] == "kserve-container", "which KServe looks for"
    wanted = predictor["model"]["modelFormat"]
    assert wanted in [{name: one[name] for name in wanted} for one in formats]
    assert predictor["model"]["protocolVersion"] in runtime["spec"]["protocolVersions"]


@pytest.mark.skipif(not KSERVE.exists(), reason="no environment for kserve; scripts/test-long makes it")
@pytest.mark.parametrize("fault, said", [(None, ""), (("autoSelect", "autoselect"), "has no ['autoselect']"),
                                         (("periodSeconds: 2", 'periodSeconds: "2"'), "int, not '2'"),
                                         (("name: kserve-container", "image: x"), "V1Container")])
def test_kserve_knows_the_types(tmp_path, fault, said):
    """Of the package's own models; what is wrong is found."""
    runtime = tmp_path / "runtime.yaml"
    runtime.write_text((DEPLOY / "kserve/runtime.yaml").read_text().replace(*fault or ("", "")))
    done = subprocess.run([KSERVE, ROOT / "tests/deploy/kserve_manifests.py", runtime, DEPLOY / "kserve/inferenceservice.yaml"],
                          capture_output=True, text=True)
    assert done.returncode == (fault is not None) and said in done.stderr, done.stderr
    assert fault or all(int(count) > 5 for count in done.stdout.split())


def arguments_of(container, settings, limits):
    """The container's arguments, with $(NAME) as Kubernetes replaces it; each setting is used."""
    values = {**settings, **{one["name"]: limits[one["valueFrom"]["resourceFieldRef"]["resource"]]
                             for one in container.get("env", [])}}
    used = [name for text in container["args"] for name in re.findall(r"\$\((\w+)\)", text)]
    assert sorted(used) == sorted(values)
    return [re.sub(r"\$\((\w+)\)", lambda found: values[found[1]], text) for text in container["args"]]


def probe(server, container):
    """What each probe asks is answered with 200."""
    ports = {port.get("name"): port["containerPort"] for port in container["ports"]}
    for kind in ("startupProbe", "readinessProbe", "livenessProbe"):
        if kind in container:
            asked = container[kind]["httpGet"]
            assert ports.get(asked["port"], asked["port"]) == server.port
            assert server.get(asked["path"]).status == 200, kind
    return True


def infer(server, model):
    pixels = bytes(64)
    answer = server.post(f"/v2/models/{model}/infer", {"inputs": [
        {"name": "input", "datatype": "INT8", "shape": [1, 8, 8, 1], "data": list(pixels)}]})
    assert answer.status == 200, answer.body
    return True


def started(image, container, models, where, arguments):
    launcher = contained.contain(image / "root", models, where)
    config = container["securityContext"]
    assert config["readOnlyRootFilesystem"] and config["capabilities"] == {"drop": ["ALL"]}, "as it is started here"
    return Server(command=[*launcher, "/usr/bin/plait", *arguments])


@pytest.fixture
def models(tmp_path):
    folder = tmp_path / "models"
    folder.mkdir(mode=0o755)
    shutil.copy(MODELS / "digits_whole_int8.tflite", folder)
    return folder


@NEEDS_ROOT
def test_the_deployment_runs(image, objects, settings, models):
    template = objects["Deployment"]["spec"]["template"]
    container = container_of(template["spec"])
    arguments = arguments_of(container, settings, {"limits.cpu": container["resources"]["limits"]["cpu"]})
    [mount] = container["volumeMounts"]
    with started(image, container, models, mount["mountPath"], arguments) as server:
        contained.inside(server.process, lambda: probe(server, container) and infer(server, "digits_whole_int8"))
        path = template["metadata"]["annotations"]["prometheus.io/path"]
        metrics = contained.inside(server.process, lambda: server.get(path)).body.decode()
    check_metric(objects, metrics)


def check_metric(objects, metrics):
    """The autoscaler's metric is the adapter's, made of what plait tells."""
    [metric] = objects["HorizontalPodAutoscaler"]["spec"]["metrics"]
    [rule] = read("kubernetes/prometheus-adapter.yaml")["rules"]["custom"]
    assert metric["pods"]["metric"]["name"] == rule["name"]["as"]
    [series] = set(re.findall(r"plait_\w+", rule["seriesQuery"] + rule["metricsQuery"]))
    [value] = re.findall(rf"^{series}{{.*}} ([\d.]+)$", metrics, re.M)
    assert float(value) > 0


@NEEDS_ROOT
def test_the_runtime_of_kserve_runs(image, models):
    runtime, name = read("kserve/runtime.yaml")["spec"], read("kserve/inferenceservice.yaml")["metadata"]["name"]
    container = container_of(runtime)
    arguments = [text.replace("{{.Name}}", name) for text in container["args"]]
    with started(image, container, models, "/mnt/models", arguments) as server:
        assert runtime["annotations"]["prometheus.kserve.io/port"] == str(server.port)
        contained.inside(server.process, lambda: probe(server, container) and infer(server, name))
        path = runtime["annotations"]["prometheus.kserve.io/path"]
        assert contained.inside(server.process, lambda: server.get(path)).status == 200
