# SPDX-License-Identifier: Apache-2.0
"""What a file carries beyond its numbers comes through fusing and splitting: sparsity, external buffers, finer
quantization, fields for debugging. And what fails on the way leaves nothing behind."""
import ctypes

import numpy as np
from ai_edge_litert import schema_py_generated as schema

import models
import plait_c
import tiny
from fusing import fuse, plait, read


def write(path, graph, inputs, outputs):
    path.write_bytes(graph.build(inputs, outputs))
    return path


def elaborate(path, seed):
    """A model with a sparse constant, one in another file, blocks with scales in a tensor, and a note for debuggers."""
    graph = tiny.Graph()
    x = graph.tensor(np.float32, [1, 4], name="x")
    sparse = graph.tensor(np.float32, [4, 4], data=np.arange(4) + seed + 1, name="sparse")
    apart = graph.tensor(np.float32, [4, 4], name="apart")
    scales = graph.tensor(np.float32, [4], data=np.arange(4) + seed, name="scales")
    blocks = graph.tensor(np.float32, [4, 4], data=np.ones((4, 4)), name="blocks")
    parameters = schema.SparsityParametersT()
    parameters.traversalOrder, parameters.dimMetadata = [0, 1], []
    dense, csr = schema.DimensionMetadataT(), schema.DimensionMetadataT()
    dense.denseSize = 4
    csr.format = schema.DimensionType.SPARSE_CSR
    csr.arraySegmentsType = csr.arrayIndicesType = schema.SparseIndexVector.Int32Vector
    csr.arraySegments, csr.arrayIndices = schema.Int32VectorT(), schema.Int32VectorT()
    csr.arraySegments.values, csr.arrayIndices.values = [0, 1, 2, 3, 4], [0, 1, 2, 3]
    parameters.dimMetadata = [dense, csr]
    graph.graph.tensors[sparse].sparsity = parameters
    group, external = schema.ExternalBufferGroupT(), schema.ExternalBufferT()
    group.name = f"weights_{seed}.bin".encode()
    external.id, external.group, external.offset, external.length = 1, 0, 64 * seed, 64
    graph.model.externalBufferGroups, graph.model.externalBuffers = [group], [external]
    graph.graph.tensors[apart].externalBuffer = 1
    details = schema.BlockwiseQuantizationT()
    details.scales, details.zeroPoints, details.blockSize = scales, -1, 2
    quantization = schema.QuantizationParametersT()
    quantization.details, quantization.detailsType = details, schema.QuantizationDetails.BlockwiseQuantization
    graph.graph.tensors[blocks].quantization = quantization
    value = x
    for k, weights in enumerate((sparse, apart, blocks)):
        made = graph.tensor(np.float32, [1, 4], name=f"y{k}")
        value = graph.op("FULLY_CONNECTED", [value, weights, -1], [made], schema.FullyConnectedOptionsT())
        graph.graph.operators[-1].debugMetadataIndex = 10 * seed + k
    return write(path, graph, [x], [value])


def test_all_fields_come_through(tmp_path):
    sources = {name: elaborate(tmp_path / f"{name}.tflite", seed) for seed, name in enumerate("ab")}
    tree = read(fuse(sources, ["a=b"], tmp_path / "fused.tflite")).tree
    graph = tree.subgraphs[0]
    by_name = {tensor.name.decode(): tensor for tensor in graph.tensors}
    for seed, name in enumerate("ab"):
        assert list(by_name[f"{name}/sparse"].sparsity.dimMetadata[1].arraySegments.values) == [0, 1, 2, 3, 4]
        external = next(e for e in tree.externalBuffers if e.id == by_name[f"{name}/apart"].externalBuffer)
        assert tree.externalBufferGroups[external.group].name == f"weights_{seed}.bin".encode()
        assert (external.offset, external.length) == (64 * seed, 64)
        details = by_name[f"{name}/blocks"].quantization.details
        assert graph.tensors[details.scales].name == f"{name}/scales".encode() and details.blockSize == 2
    assert [op.debugMetadataIndex for op in graph.operators] == [0, 1, 2, 10, 11, 12]


def test_splitting_keeps_them_too(tmp_path):
    path = elaborate(tmp_path / "m.tflite", 3)
    done = plait("split", path, "--at", "y1", "-o", tmp_path / "a.tflite", tmp_path / "b.tflite")
    assert done.returncode == 0, done.stderr
    first, second = read((tmp_path / "a.tflite").read_bytes()).tree, read((tmp_path / "b.tflite").read_bytes()).tree
    assert any(t.sparsity is not None for t in first.subgraphs[0].tensors)
    assert any(t.externalBuffer for t in first.subgraphs[0].tensors)
    blocks = next(t for t in second.subgraphs[0].tensors if t.name == b"blocks")
    assert second.subgraphs[0].tensors[blocks.quantization.details.scales].name == b"scales"


# ---- failures ------------------------------------------------------------------------------------------------------

class FuseModel(ctypes.Structure):
    _fields_ = [("name", ctypes.c_char_p), ("path", ctypes.c_char_p), ("data", ctypes.c_void_p),
                ("bytes", ctypes.c_size_t)]


class FuseOptions(ctypes.Structure):
    _fields_ = [("struct_bytes", ctypes.c_size_t), ("models", ctypes.POINTER(FuseModel)),
                ("model_count", ctypes.c_size_t), ("links", ctypes.c_void_p), ("link_count", ctypes.c_size_t), ("kept", ctypes.c_void_p),
                ("kept_count", ctypes.c_size_t), ("keep_signatures", ctypes.c_bool)]


def test_every_allocation_failing_once(tmp_path):
    """With the n-th allocation failing, for every n: an error, no file, and all memory given back."""
    libc = ctypes.CDLL(None)
    libc.aligned_alloc.restype, libc.aligned_alloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t, ctypes.c_size_t]
    libc.free.argtypes = [ctypes.c_void_p]
    state = {"calls": 0, "fail": -1, "alive": 0}

    def allocate(_user, pointer, _old, new, alignment):
        if new == 0:
            state["alive"] -= pointer is not None
            libc.free(pointer)
            return None
        state["calls"] += 1
        if state["calls"] == state["fail"]:
            return None
        state["alive"] += 1
        return libc.aligned_alloc(alignment, -(-new // alignment) * alignment)
    callback = plait_c.ALLOCATE(allocate)
    path = str(models.OWN / "control_nested_fp32.tflite").encode()
    listed = (FuseModel * 2)(FuseModel(b"a", path, None, 0), FuseModel(b"b", path, None, 0))
    options = FuseOptions(ctypes.sizeof(FuseOptions), listed, 2, None, 0, None, 0, True)
    dll = ctypes.CDLL(str(plait_c.library_path()))
    dll.plait_fuse.argtypes = [ctypes.c_void_p, ctypes.POINTER(FuseOptions), ctypes.c_char_p]
    out = tmp_path / "fused.tflite"
    refused = 0
    for fail in range(1, 2000):
        with plait_c.Interpreter(allocate=callback) as interpreter:
            before = state["alive"]
            state.update(calls=0, fail=fail)
            status = dll.plait_fuse(interpreter.handle, ctypes.byref(options), str(out).encode())
            state["fail"] = -1
            assert state["alive"] == before
        assert [p.name for p in tmp_path.iterdir()] == ([] if status else ["fused.tflite"])
        if status:
            refused += 1
            assert status == plait_c.OUT_OF_MEMORY
        else:
            out.unlink()
            if state["calls"] < fail:
                break
    assert refused > 10 and state["alive"] == 0
