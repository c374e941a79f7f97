# SPDX-License-Identifier: Apache-2.0
"""kserve_manifests.py FILE...: holds manifests against the types of the kserve package and, below, of Kubernetes' client:
each field is known, of its type, and none that is needed is missing. Prints how many values each file has.
tests/deploy/test_manifests.py runs it with the environment that has both.
"""
import re
import sys

import kserve
import kubernetes.client
import yaml

PLAIN = {"str": str, "int": int, "bool": bool, "float": (int, float), "object": object}
ROOTS = {"ServingRuntime": kserve.V1alpha1ServingRuntime, "InferenceService": kserve.V1beta1InferenceService}


def type_of(name):
    return getattr(kserve, name, None) or getattr(kubernetes.client, name)


def made(value, kind, place):
    """The value as the type has it, and how many values are in it."""
    if isinstance(kind, str):
        if found := re.fullmatch(r"[Ll]ist\[(.+)\]", kind):
            assert isinstance(value, list), f"{place}: a list, not {value!r}"
            parts = [made(one, found[1], f"{place}[{i}]") for i, one in enumerate(value)]
            return [one for one, _ in parts], sum(count for _, count in parts)
        if found := re.fullmatch(r"[Dd]ict[(\[]str, (.+)[)\]]", kind):
            assert isinstance(value, dict), f"{place}: a map, not {value!r}"
            parts = {key: made(one, found[1], f"{place}.{key}") for key, one in value.items()}
            return {key: one for key, (one, _) in parts.items()}, sum(count for _, count in parts.values())
        if kind in PLAIN:
            assert isinstance(value, PLAIN[kind]), f"{place}: {kind}, not {value!r}"
            return value, 1
        kind = type_of(kind)
    fields = {text: name for name, text in kind.attribute_map.items()}
    assert isinstance(value, dict) and set(value) <= set(fields), f"{place}: {kind.__name__} has no {sorted(set(value) - set(fields))}"
    parts = {fields[key]: made(one, kind.openapi_types[fields[key]], f"{place}.{key}") for key, one in value.items()}
    # The constructor refuses what lacks a field that is needed.
    return kind(**{name: one for name, (one, _) in parts.items()}), sum(count for _, count in parts.values())


for path in sys.argv[1:]:
    with open(path) as file:
        document = yaml.safe_load(file)
    print(made(document, ROOTS[document["kind"]], document["kind"])[1])
