# SPDX-License-Identifier: Apache-2.0
"""The single-operator models of ../shared/optests against LiteRT's stored answers.

    python tests/conformance/optests.py conv fb_conv2d ...      families, by prefix; none: all
    python tests/conformance/optests.py --case fb_conv2d-05 -v  one case, with every message
    python tests/conformance/optests.py --op CONV_2D            all cases that hold this operator
    pytest tests/conformance/test_optests.py -k family          the same as a test

Only cases whose operators all stand in src/ops/op_list.def are run. Each runs in a process of its own, so a crash costs
one case. Verdicts: pass, wrong (the answer breaks the rules of the folder's README), error (accepted, then failed while
running, or crashed), refused (not loaded or not allocated), skipped (no answer to compare with, see NO_ANSWER). The exit
code is 1 if any case is wrong, in error or refused.
"""
import argparse
import collections
import csv
import os
import pickle
import re
import signal
import sys
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "python")]
import compare  # noqa: E402
import plait_c  # noqa: E402

ROOT = HERE.parents[1]
FOLDER = ROOT.parent / "shared" / "optests"
SECONDS = 60
# Stored answers that cannot be followed, and why; they count as skipped.
NO_ANSWER = {
    "local_response_norm-16": "a running sum cancels in the optimized kernel: 0.13 % off at one element, see "
                              "test_elementwise.py",
    "fb_conv2d-22": "the reference reads the 32-bit bias as 64-bit, past its end: every output is saturated",
    "fb_bidi_lstm-05": "the reference keeps the state of the second batch behind the end of the state",
    "fb_conv2d-34": "the reference reads the 32-bit bias as 64-bit, past its end: every output is saturated",
}
# Stored answers that LiteRT 2.3.0 does not give for the file as it is: asked anew.
STALE = {"tf_gru-01"}


def supported_operators():
    """Names of the builtin operators that plait implements, and of the custom ones."""
    text = (ROOT / "src/ops/op_list.def").read_text()
    return set(re.findall(r"^PL_(?:OP|CUSTOM_OP)\(\"?([\w.]+)", text, re.M))


def cases():
    """The rows of index.csv that plait must be able to run, in order."""
    known = supported_operators()
    with open(FOLDER / "index.csv", newline="") as file:
        return [row for row in csv.DictReader(file) if set(row["ops"].split()) <= known]


def families():
    found = collections.defaultdict(list)
    for row in cases():
        found[row["optest"]].append(row)
    return found


def expected_outputs(row, arrays):
    """The stored answers the folder's README says to follow. Where the reference is wrong, the optimized kernels come
    before XNNPACK: both agree on what is wrong, but the other operators of a model have the reference's bits there."""
    count = sum(1 for name in arrays if re.fullmatch(r"ref_\d+", name))
    sources = {"auto_ref_suspect": ("opt_", "auto_", "ref_")}.get(row["golden"], ("ref_",))
    return [next(arrays[source + str(k)] for source in sources if source + str(k) in arrays) for k in range(count)]


def dequantize_steps(data):
    """For each output of the file: the scale of the quantized tensor it is read from by DEQUANTIZE, or 0."""
    from ai_edge_litert import schema_py_generated as schema
    graph = schema.ModelT.InitFromPackedBuf(data, 0)
    codes, subgraph = graph.operatorCodes, graph.subgraphs[0]
    steps = []
    for output in subgraph.outputs:
        step = 0.0
        for op in subgraph.operators:
            code = codes[op.opcodeIndex]
            if output in op.outputs and max(code.builtinCode, code.deprecatedBuiltinCode) == \
                    schema.BuiltinOperator.DEQUANTIZE:
                scale = subgraph.tensors[op.inputs[0]].quantization.scale
                step = float(scale[0]) if scale is not None and len(scale) else 0.0
        steps.append(step)
    return steps


def judge(row, data, ours, expected):
    """None, or what is wrong with the outputs."""
    one_step = 1 if row["ref_kind"] == "opt" and row["class"].startswith("quant") else 0
    if len(ours) != len(expected):
        return f"{len(ours)} outputs, expected {len(expected)}"
    for k, (a, b) in enumerate(zip(ours, expected)):
        if b.dtype.kind == "S":
            b = b.astype(object)
        wrong = compare.difference(a, b, steps=one_step)
        if wrong and row["class"].startswith("quant") and np.asarray(b).dtype == np.float32:
            half = dequantize_steps(data)[k] / 2
            wrong = compare.difference(a, b, absolute=max(compare.ABSOLUTE, half))
        if wrong:
            return f"output {k}: {wrong}"
    return None


def run_case(row):
    """(verdict, message) of one case, in this process."""
    if row["case"] in NO_ANSWER:
        return "skipped", NO_ANSWER[row["case"]]
    data = (FOLDER / (row["case"] + ".tflite")).read_bytes()
    with np.load(FOLDER / (row["case"] + ".npz")) as stored:
        arrays = {name: stored[name] for name in stored.files}
    inputs = [arrays[f"in_{k}"] for k in range(len(arrays["in_names"]))]
    if row["case"] in STALE:
        import oracle
        for k, array in enumerate(oracle.invoke(oracle.open_reference(data), inputs)):
            arrays[f"ref_{k}"] = array
    with plait_c.Interpreter() as interpreter:
        try:
            model = interpreter.load(data, "case")
            for k, (tensor, array) in enumerate(zip(model.inputs(), inputs, strict=True)):
                if tensor.shape != array.shape:
                    model.resize(k, array.shape)
            interpreter.allocate()
        except plait_c.PlaitError as error:
            return "refused", str(error)
        try:
            wrong = judge(row, data, model(inputs), expected_outputs(row, arrays))
            if wrong is None and "second_0" in arrays:
                second = expected_outputs(row, arrays)
                for k in range(len(second)):
                    second[k] = arrays.get(f"second_{k}", second[k])
                wrong = judge(row, data, model(inputs), second)
                wrong = wrong and "second invocation: " + wrong
        except plait_c.PlaitError as error:
            return "error", str(error)
    return ("wrong", wrong) if wrong else ("pass", "")


def run_isolated(row):
    """run_case() in a child process."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        signal.alarm(SECONDS)
        try:
            answer = run_case(row)
        except BaseException as error:  # the parent reports it
            answer = "error", f"{type(error).__name__}: {error}"
        os.write(writer, pickle.dumps(answer)[:60000])
        plait_c.leave()
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        told = pipe.read()
    status = os.waitpid(child, 0)[1]
    if os.WIFSIGNALED(status):
        return "error", f"ended by {signal.Signals(os.WTERMSIG(status)).name}"
    return pickle.loads(told) if told else ("error", f"exit code {os.WEXITSTATUS(status)}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("families", nargs="*")
    parser.add_argument("--case", action="append", default=[])
    parser.add_argument("--op", action="append", default=[])
    parser.add_argument("-v", "--verbose", action="store_true", help="say why a case is skipped, too")
    asked = parser.parse_args()
    plait_c.api()
    rows = [row for row in cases()
            if (not asked.families or row["optest"].startswith(tuple(asked.families)))
            and (not asked.case or row["case"] in asked.case)
            and (not asked.op or set(asked.op) & set(row["ops"].split()))]
    if not rows:
        sys.exit("no case of that name with supported operators only")
    table = collections.defaultdict(collections.Counter)
    for row in rows:
        verdict, message = run_isolated(row)
        table[row["optest"]][verdict] += 1
        if verdict != "pass" and (verdict != "skipped" or asked.verbose):
            print(f"{verdict:8}{row['case']:34}{row['ops']} [{row['class']}]: {message}", flush=True)
    total = collections.Counter()
    print(f"{'family':44}{'pass':>6}{'wrong':>7}{'error':>7}{'refused':>9}{'skipped':>9}")
    for family, counts in list(table.items()) + [("total", total)]:
        print(f"{family:44}{counts['pass']:>6}{counts['wrong']:>7}{counts['error']:>7}{counts['refused']:>9}"
              f"{counts['skipped']:>9}")
        if family != "total":
            total.update(counts)
    sys.exit(1 if total["wrong"] or total["error"] or total["refused"] else 0)


if __name__ == "__main__":
    main()
