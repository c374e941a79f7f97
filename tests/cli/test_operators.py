# SPDX-License-Identifier: Apache-2.0
"""plait ops and docs/OPERATORS.md: every operator is listed with its types, the document is what the program says, and
no single-operator model that runs has only types that the list leaves out."""
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(ROOT / "docs"), str(ROOT / "tests/conformance")]
import make_operators  # noqa: E402
from test_cli import program  # noqa: E402


def listed():
    return json.loads(subprocess.run([program(), "ops", "--json"], check=True, capture_output=True).stdout)["ops"]


def names_in(file, pattern):
    return re.findall(pattern, (ROOT / "src/ops" / file).read_text(), re.M)


def test_every_operator_is_listed():
    known = names_in("op_list.def", r'^PL_(?:CUSTOM_)?OP\("?([\w.]+)')
    found = listed()
    assert sorted(op["name"] for op in found) == sorted(known)
    assert [op["name"] for op in found if not op["types"]] == []


def test_every_note_once():
    notes = names_in("op_notes.def", r"^PL_OP_NOTE\(([\w.]+)")
    assert sorted(notes) == sorted(set(notes))


def test_document_is_current():
    current = (ROOT / "docs/OPERATORS.md").read_text()
    assert current == make_operators.document(program()), "docs/make_operators.py PLAIT >docs/OPERATORS.md"


def test_text_shows_all():
    shown = subprocess.run([program(), "ops"], check=True, capture_output=True, text=True).stdout.splitlines()
    assert len(shown) == len(listed())


def cases_with_types():
    """(case, operator, types of its tensors) of what ../shared/optests has."""
    import optests
    from ai_edge_litert import schema_py_generated as schema
    words = {number: name.lower() for name, number in vars(schema.TensorType).items() if not name.startswith("_")}
    for row in optests.cases():
        tree = schema.ModelT.InitFromPackedBuf((optests.FOLDER / (row["case"] + ".tflite")).read_bytes(), 0)
        for graph in tree.subgraphs:
            for op in graph.operators:
                code = tree.operatorCodes[op.opcodeIndex]
                number = max(code.builtinCode, code.deprecatedBuiltinCode)
                name = next(n for n, value in vars(schema.BuiltinOperator).items() if value == number)
                if op.outputs is not None and len(op.outputs):
                    yield row["case"], name, [words[graph.tensors[t].type] for t in [*op.inputs, *op.outputs] if t >= 0]


def test_types_cover_what_runs():
    if not (ROOT.parent / "shared/optests").exists():
        pytest.skip("../shared is missing: no single-operator models")
    types = {op["name"]: op["types"] for op in listed()}
    wrong = [entry for entry in cases_with_types()
             if entry[2] and types.get(entry[1], "all") != "all"
             and not any(re.search(rf"\b{word}\b", types[entry[1]]) for word in entry[2])]
    assert wrong == []
