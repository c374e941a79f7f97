# SPDX-License-Identifier: Apache-2.0
"""HASHTABLE and its kin, HASHTABLE_LOOKUP, LSH_PROJECTION and SKIP_GRAM against LiteRT."""
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

import oracle
import plait_c
import tiny

F32, I32, I64, U8 = np.float32, np.int32, np.int64, np.uint8
STRING, RESOURCE = schema.TensorType.STRING, schema.TensorType.RESOURCE


class Graph(tiny.Graph):
    """Tensors of strings and handles too, and constants of strings."""

    def special(self, kind, shape, strings=None):
        index = self.tensor(U8, shape)
        self.graph.tensors[index].type = kind
        if strings is not None:
            buffer = schema.BufferT()
            buffer.data = np.frombuffer(plait_c.pack_strings(strings), U8)
            self.graph.tensors[index].buffer = len(self.model.buffers)
            self.model.buffers.append(buffer)
        return index


def run(data, feeds):
    with plait_c.Interpreter() as interpreter:
        model = interpreter.load(data, "table")
        interpreter.allocate()
        return [[np.array(array) for array in model(arrays)] for arrays in feeds]


def check(data, feeds, resolver=oracle.REFERENCE):
    reference = oracle.open_reference(data, resolver)
    for ours, arrays in zip(run(data, feeds), feeds):
        for a, b in zip(ours, oracle.invoke(reference, arrays), strict=True):
            assert a.shape == b.shape
            if b.dtype.kind in "SO":
                assert [bytes(x) for x in a.ravel()] == [bytes(x) for x in b.ravel()]
            else:
                np.testing.assert_array_equal(a, b)


def refused(data, *words):
    with plait_c.Interpreter() as interpreter:
        with pytest.raises(plait_c.PlaitError) as error:
            interpreter.load(data, "table")
            interpreter.allocate()
    for word in words:
        assert word in str(error.value)


# ---- HASHTABLE -------------------------------------------------------------------------------------------------------

WORDS = [b"alpha", b"", b"a much longer word than the others", b"alpha", b"z", b"\xc3\xa4"]
NUMBERS = [5, -7, 2**40, 6, 0, -2**63]


def handle(graph, number=3, key=STRING, value=schema.TensorType.INT64):
    made = schema.HashtableOptionsT()
    made.tableId, made.keyDtype, made.valueDtype = number, key, value
    index = graph.special(RESOURCE, [1])
    graph.op("HASHTABLE", [], [index], made)
    return index


def table(by_text, wanted, default=None, imported=True, count=len(WORDS), twice=False, number=3):
    """One subgraph: import, find, size."""
    graph = Graph()
    kinds = (STRING, schema.TensorType.INT64) if by_text else (schema.TensorType.INT64, STRING)
    resource = handle(graph, number, *kinds)
    texts, numbers = graph.special(STRING, [count], WORDS[:count]), graph.tensor(I64, [count], data=NUMBERS[:count])
    entries = [texts, numbers] if by_text else [numbers, texts]
    for _ in range(imported + twice):
        graph.op("HASHTABLE_IMPORT", [resource, *entries], [])
        entries = entries if not twice else [graph.special(STRING, [1], [b"late"]), graph.tensor(I64, [1], data=[9])]
    keys = graph.special(STRING, wanted) if by_text else graph.tensor(I64, wanted)
    found = graph.tensor(I64, wanted) if by_text else graph.special(STRING, wanted)
    otherwise = graph.tensor(I64, [], data=-1) if by_text else graph.special(STRING, [], [default or b"none"])
    size = graph.tensor(I64, [1])
    graph.graph.operators[0].outputs = [resource]
    graph.op("HASHTABLE_FIND", [resource, keys, otherwise], [found])
    graph.op("HASHTABLE_SIZE", [resource], [size])
    return graph.build([keys], [found, size])


OPTIMIZED = oracle.OPTIMIZED


@pytest.mark.parametrize("wanted", [[4], [2, 3], [], [1]])
def test_table_by_text(wanted):
    rng = np.random.default_rng(len(wanted))
    pool = [*WORDS, b"missing", b"alph", b"alphaa"]
    if not wanted:
        pool.remove(b"")  # the wheel hands over scalars with all the zeros behind them
    feeds = [[np.array(rng.choice(pool, wanted) if wanted else pool[k], "S")] for k in range(4)]
    check(table(True, wanted), feeds, OPTIMIZED)


@pytest.mark.parametrize("wanted", [[4], [2, 3], [1]])
def test_table_by_number(wanted):
    rng = np.random.default_rng(len(wanted))
    feeds = [[rng.choice([*NUMBERS, 1, 2**40 + 1], wanted).astype(I64)] for _ in range(4)]
    check(table(False, wanted), feeds, OPTIMIZED)
    check(table(False, wanted, b"a default that is longer than most"), feeds, OPTIMIZED)


def test_first_import_counts():
    data = table(True, [2], twice=True)
    check(data, [[np.array([b"late", b"alpha"], object)]] * 2, OPTIMIZED)


def test_empty_table():
    check(table(True, [2], count=0), [[np.array([b"", b"alpha"], object)]], OPTIMIZED)


@pytest.mark.parametrize("by_text", [True, False])
def test_table_without_import(by_text):
    data = table(by_text, [1], imported=False)
    key = np.array([b"x"], object) if by_text else np.array([1], I64)
    with plait_c.Interpreter() as interpreter:
        model = interpreter.load(data, "table")
        interpreter.allocate()
        with pytest.raises(plait_c.PlaitError, match="imported"):
            model([key])


def test_reset_empties():
    with plait_c.Interpreter() as interpreter:
        model = interpreter.load(table(True, [1]), "table")
        interpreter.allocate()
        key = np.array([b"alpha"], object)
        assert model([key])[0][0] == 5
        interpreter.check(plait_c.api().reset_variables(model.handle))
        assert model([key])[0][0] == 5  # it is imported anew


def test_large_table():
    rng = np.random.default_rng(0)
    keys = rng.integers(-2**62, 2**62, 20000)
    graph = Graph()
    resource = handle(graph, 0, schema.TensorType.INT64, STRING)
    names = [b"%d" % key for key in keys]
    graph.op("HASHTABLE_IMPORT", [resource, graph.tensor(I64, [len(keys)], data=keys),
                                  graph.special(STRING, [len(keys)], names)], [])
    wanted, found = graph.tensor(I64, [500]), graph.special(STRING, [500])
    graph.op("HASHTABLE_FIND", [resource, wanted, graph.special(STRING, [], [b"none"])], [found])
    picks = rng.integers(0, len(keys), 500)
    data = graph.build([wanted], [found])
    assert [bytes(x) for x in run(data, [[keys[picks]]])[0][0]] == [names[k] for k in picks]


def test_table_refused():
    graph = Graph()
    resource = handle(graph, 0, STRING, STRING)
    refused(graph.build([], [resource]), "HASHTABLE", "int64 and string")
    graph = Graph()
    resource = graph.special(RESOURCE, [1])
    size = graph.tensor(I64, [1])
    graph.op("HASHTABLE_SIZE", [resource], [size])
    refused(graph.build([resource], [size]), "subgraph")
    graph = Graph()
    resource, size = handle(graph), graph.tensor(I32, [1])
    graph.op("HASHTABLE_SIZE", [resource], [size])
    refused(graph.build([], [size]), "output 0", "int32", "int64")
    graph = Graph()
    resource = handle(graph)
    keys, found = graph.tensor(I64, [1]), graph.tensor(I64, [1])
    graph.op("HASHTABLE_FIND", [resource, keys, graph.tensor(I64, [], data=0)], [found])
    refused(graph.build([keys], [found]), "input 1", "int64", "string")
    graph = Graph()
    resource = handle(graph)
    size = graph.tensor(I64, [1])
    entries = [graph.special(STRING, [1], [b"x"]), graph.tensor(I64, [2], data=[1, 2])]
    graph.op("HASHTABLE_IMPORT", [resource, *entries], [])
    graph.op("HASHTABLE_SIZE", [resource], [size])
    refused(graph.build([], [size]), "[2]", "[1]")


# ---- HASHTABLE_LOOKUP ------------------------------------------------------------------------------------------------

def lookup(kind, rows, columns, wanted, strings=None):
    graph = Graph()
    keys = graph.tensor(I32, [wanted])
    known = graph.tensor(I32, [rows], data=np.arange(rows) * 3)
    shape, made = [rows, *columns], [wanted, *columns]
    if kind == STRING:
        values, output = graph.special(STRING, shape, strings), graph.special(STRING, made)
    else:
        data = np.arange(np.prod(shape)).reshape(shape).astype(kind)
        values, output = graph.tensor(kind, shape, data=data), graph.tensor(kind, made)
    hits = graph.tensor(U8, [wanted])
    graph.op("HASHTABLE_LOOKUP", [keys, known, values], [output, hits])
    return graph.build([keys], [output, hits])


@pytest.mark.parametrize("kind,columns", [(F32, [2]), (I64, [2, 3]), (U8, []), (I32, [1])])
def test_lookup(kind, columns):
    rng = np.random.default_rng(1)
    feeds = [[rng.integers(-3, 24, 9).astype(I32)] for _ in range(4)]
    check(lookup(kind, 7, columns, 9), feeds)


def test_lookup_of_strings():
    rng = np.random.default_rng(1)
    data = lookup(STRING, 5, [], 6, [b"zero", b"", b"two", b"three hundred", b"4"])
    check(data, [[rng.integers(-1, 14, 6).astype(I32)] for _ in range(4)])


def test_lookup_in_nothing():
    data = lookup(F32, 0, [2], 3)  # LiteRT divides by zero
    values, hits = run(data, [[np.arange(3, dtype=I32)]])[0]
    assert not values.any() and not hits.any()


def test_lookup_refused():
    graph = Graph()
    keys, output, hits = graph.tensor(I32, [2]), graph.tensor(F32, [2]), graph.tensor(U8, [2])
    graph.op("HASHTABLE_LOOKUP", [keys, graph.tensor(I32, [3], data=[1, 2, 3]), graph.tensor(F32, [2], data=[1, 2])],
             [output, hits])
    refused(graph.build([keys], [output, hits]), "3 elements", "2")


# ---- LSH_PROJECTION --------------------------------------------------------------------------------------------------

def projection(kind, functions, bits, shape, dtype=I32, weighed=True):
    rng = np.random.default_rng(bits)
    graph = Graph()
    options = schema.LSHProjectionOptionsT()
    options.type = kind
    seeds = graph.tensor(F32, [functions, bits], data=rng.normal(size=(functions, bits)).astype(F32))
    rows = graph.tensor(dtype, shape)
    inputs, fed = [seeds, rows], [rows]
    if weighed:
        fed.append(graph.tensor(F32, [shape[0]]))
        inputs.append(fed[1])
    output = graph.tensor(I32, [functions if kind == 1 else functions * bits])
    graph.op("LSH_PROJECTION", inputs, [output], options)
    return graph.build(fed, [output])


@pytest.mark.parametrize("kind", [1, 2], ids=["sparse", "dense"])
@pytest.mark.parametrize("weighed", [True, False])
@pytest.mark.parametrize("shape,dtype", [
    ([5], U8), ([4, 3], I32), ([3, 2, 7], U8), ([2, 6], I64), ([3, 30], U8), ([3, 14], I32), ([2, 40], I64),
    ([2, 61], U8), ([2, 200], F32), ([6], np.int8)])
def test_projection(kind, weighed, shape, dtype):
    """Rows of 1 to 800 bytes, so that the fingerprint takes all its ways."""
    rng = np.random.default_rng(2)
    feeds = []
    for _ in range(3):
        rows = rng.integers(0, 100, shape).astype(dtype)
        feeds.append([rows] + ([rng.normal(size=shape[0]).astype(F32)] if weighed else []))
    check(projection(kind, 3, 5, shape, dtype, weighed), feeds)


def test_projection_refused():
    refused(projection(0, 3, 5, [4]), "type")
    refused(projection(1, 3, 33, [4]), "33 bits", "32")
    graph = Graph()
    options = schema.LSHProjectionOptionsT()
    options.type = 1
    rows, output = graph.special(STRING, [2]), graph.tensor(I32, [1])
    graph.op("LSH_PROJECTION", [graph.tensor(F32, [1, 2], data=[1, 2]), rows], [output], options)
    with plait_c.Interpreter() as interpreter:  # strings are looked at while running
        model = interpreter.load(graph.build([rows], [output]), "projection")
        interpreter.allocate()
        with pytest.raises(plait_c.PlaitError, match="found string, expected whole bytes"):
            model([np.array([b"a", b"b"], object)])


# ---- SKIP_GRAM -------------------------------------------------------------------------------------------------------

def skip_gram(size, skip, shorter):
    graph = Graph()
    options = schema.SkipGramOptionsT()
    options.ngramSize, options.maxSkipSize, options.includeAllNgrams = size, skip, shorter
    text, grams = graph.special(STRING, [1]), graph.special(STRING, [0])
    graph.op("SKIP_GRAM", [text], [grams], options)
    return graph.build([text], [grams])


TEXTS = [b"The quick\t brown fox\n jumps over the lazy dog!", b"", b"one", b" ab cd", b" ab", b"a b ",
         b"a  b   c d", b"  ", b"a\x0bb\x0cc\rd"]


@pytest.mark.parametrize("size,skip,shorter", [
    (3, 0, False), (3, 0, True), (2, 1, False), (3, 2, True), (1, 0, False), (4, 3, False), (0, 0, False), (0, 0, True),
    (20, 1, True), (2, -1, True)])
def test_skip_gram(size, skip, shorter):
    check(skip_gram(size, skip, shorter), [[np.array([text], object)] for text in TEXTS])


def test_skip_gram_has_an_end():
    with plait_c.Interpreter() as interpreter:
        model = interpreter.load(skip_gram(14, 100, False), "gram")
        interpreter.allocate()
        with pytest.raises(plait_c.PlaitError, match="too many"):
            model([np.array([b"w " * 100], object)])
