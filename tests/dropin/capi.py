# SPDX-License-Identifier: Apache-2.0
"""TensorFlow Lite's C API through ctypes, as include/compat declares it: for plait's library and for TensorFlow Lite's own.

Types of functions are read from the headers, so that what is declared is what is called.
"""
import ctypes as C
import importlib.util
import os
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HEADERS = ROOT / "include" / "compat" / "tensorflow" / "lite"
OURS = ROOT / "out" / "lib" / "libtensorflowlite_c.so"


def real_library():
    """TensorFlow Lite's own library, as the wheel pyopen-wakeword brings it; None if that is not installed."""
    found = importlib.util.find_spec("pyopen_wakeword")
    if found is None:
        return None
    path = Path(found.origin).parent / "lib" / "libtensorflowlite_c.so"
    return path if path.exists() else None


def both_libraries():
    """plait's and TensorFlow Lite's own; ends a program that needs both where one is missing."""
    real = real_library()
    if not OURS.exists() or real is None:
        sys.exit(f"needs {OURS} (scripts/build) and the wheel pyopen-wakeword, which brings TensorFlow Lite's library")
    return OURS, real


class IntArray(C.Structure):
    _fields_ = [("size", C.c_int), ("data", C.c_int * 16)]

    def list(self):
        return self.data[:self.size]


class FloatArray(C.Structure):
    _fields_ = [("size", C.c_int), ("data", C.c_float * 1024)]


class Params(C.Structure):
    _fields_ = [("scale", C.c_float), ("zero_point", C.c_int32)]


class Quantization(C.Structure):
    _fields_ = [("type", C.c_int), ("params", C.c_void_p)]


class Affine(C.Structure):
    _fields_ = [("scale", C.POINTER(FloatArray)), ("zero_point", C.POINTER(IntArray)), ("dimension", C.c_int32)]


class Tensor(C.Structure):
    _fields_ = [("type", C.c_int), ("data", C.c_void_p), ("dims", C.POINTER(IntArray)), ("params", Params),
                ("allocation_type", C.c_int), ("bytes", C.c_size_t), ("allocation", C.c_void_p),
                ("name", C.c_char_p), ("delegate", C.c_void_p), ("buffer_handle", C.c_int),
                ("data_is_stale", C.c_bool), ("is_variable", C.c_bool), ("quantization", Quantization),
                ("sparsity", C.c_void_p), ("dims_signature", C.POINTER(IntArray))]


class Node(C.Structure):
    _fields_ = [("inputs", C.POINTER(IntArray)), ("outputs", C.POINTER(IntArray)),
                ("intermediates", C.POINTER(IntArray)), ("temporaries", C.POINTER(IntArray)),
                ("user_data", C.c_void_p), ("builtin_data", C.c_void_p), ("custom_initial_data", C.c_void_p),
                ("custom_initial_data_size", C.c_int), ("delegate", C.c_void_p),
                ("might_have_side_effect", C.c_bool)]


INIT = C.CFUNCTYPE(C.c_void_p, C.c_void_p, C.c_void_p, C.c_size_t)
FREE = C.CFUNCTYPE(None, C.c_void_p, C.c_void_p)
RUN = C.CFUNCTYPE(C.c_int, C.c_void_p, C.c_void_p)
INIT_WITH = C.CFUNCTYPE(C.c_void_p, C.c_void_p, C.c_void_p, C.c_void_p, C.c_size_t)
FREE_WITH = C.CFUNCTYPE(None, C.c_void_p, C.c_void_p, C.c_void_p)
RUN_WITH = C.CFUNCTYPE(C.c_int, C.c_void_p, C.c_void_p, C.c_void_p)
REPORT = C.CFUNCTYPE(None, C.c_void_p, C.c_char_p, C.c_void_p)
FIND_BUILTIN = C.CFUNCTYPE(C.c_void_p, C.c_void_p, C.c_int, C.c_int)
FIND_CUSTOM = C.CFUNCTYPE(C.c_void_p, C.c_void_p, C.c_char_p, C.c_int)


class Registration(C.Structure):
    _fields_ = [("init", INIT), ("free", FREE), ("prepare", RUN), ("invoke", RUN), ("profiling_string", C.c_void_p),
                ("builtin_code", C.c_int32), ("custom_name", C.c_char_p), ("version", C.c_int),
                ("registration_external", C.c_void_p), ("async_kernel", C.c_void_p),
                ("inplace_operator", C.c_uint64)]


CONTEXT_FUNCTIONS = {"GetExecutionPlan": 8, "ResizeTensor": 32, "ReportError": 40, "AddTensors": 48}


class Context(C.Structure):
    _fields_ = [("tensors_size", C.c_size_t), ("GetExecutionPlan", C.CFUNCTYPE(C.c_int, C.c_void_p, C.c_void_p)),
                ("tensors", C.POINTER(Tensor)), ("impl_", C.c_void_p),
                ("ResizeTensor", C.CFUNCTYPE(C.c_int, C.c_void_p, C.c_void_p, C.c_void_p)),
                ("ReportError", C.c_void_p),
                ("AddTensors", C.CFUNCTYPE(C.c_int, C.c_void_p, C.c_int, C.POINTER(C.c_int)))]


class Delegate(C.Structure):
    _fields_ = [("data", C.c_void_p), ("prepare", C.c_void_p), ("copy_from", C.c_void_p), ("copy_to", C.c_void_p),
                ("free", C.c_void_p), ("flags", C.c_int64), ("builder", C.c_void_p)]


class DelegateBuilder(C.Structure):
    _fields_ = [("data", C.c_void_p), ("prepare", C.c_void_p), ("copy_from", C.c_void_p), ("copy_to", C.c_void_p),
                ("free", C.c_void_p), ("flags", C.c_int64)]


class XnnpackOptions(C.Structure):
    _fields_ = [("num_threads", C.c_int32), ("flags", C.c_uint32), ("cache", C.c_void_p), ("variables", C.c_bool),
                ("path", C.c_char_p)]


class NnapiOptions(C.Structure):
    _fields_ = [("preference", C.c_int), ("accelerator", C.c_char_p), ("cache", C.c_char_p), ("token", C.c_char_p),
                ("no_cpu", C.c_int), ("fp16", C.c_int), ("partitions", C.c_int), ("handle", C.c_void_p)]


class Allocation(C.Structure):
    _fields_ = [("data", C.c_void_p), ("bytes", C.c_size_t)]


VALUES = {"TfLiteQuantizationParams": Params, "TfLiteQuantization": Quantization, "TfLiteDelegate": Delegate,
          "TfLiteXNNPackDelegateOptions": XnnpackOptions, "TfLiteNnapiDelegateOptions": NnapiOptions}
SIMPLE = {"void": None, "bool": C.c_bool, "size_t": C.c_size_t, "int64_t": C.c_int64, "uint64_t": C.c_uint64,
          "va_list": C.c_void_p}


def ctype(text):
    """The ctypes type of a parameter or result."""
    if "(*" in text or "[]" in text:
        return C.c_void_p
    words = [word for word in re.findall(r"\w+|\*", text) if word not in ("const", "struct")]
    if "*" in words:
        return C.c_char_p if words[0] == "char" and words.count("*") == 1 else C.c_void_p
    if words[0] in VALUES:
        return VALUES[words[0]]
    return SIMPLE.get(words[0], C.c_int32)  # int, int32_t, enumerations


def split(parameters):
    """At the commas that are in no brackets."""
    depth, part, parts = 0, "", []
    for character in parameters:
        depth += {"(": 1, ")": -1}.get(character, 0)
        if character == "," and depth == 0:
            parts.append(part)
            part = ""
        else:
            part += character
    return parts + [part]


def prototypes():
    """name: (result, parameters) of every function that the headers declare."""
    found = {}
    for path in HEADERS.rglob("*.h"):
        text = re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.S)
        for result, name, rest in re.findall(r"TFL_CAPI_EXPORT\s+([\w\s*]+?)\b(TfLite\w+)\((.*?)\);", text, re.S):
            parameters = [part for part in split(rest) if part.strip() not in ("void", "")]
            found[name] = (ctype(result), [ctype(part) for part in parameters if part.strip() != "..."])
    return found


PROTOTYPES = prototypes()


class Library:
    """Its functions are attributes. One that is `stubbed` returns 0 at once."""

    def __init__(self, path, stubbed=None):
        self.ours = Path(path).resolve() != real_library()
        self.dll = C.CDLL(os.path.abspath(path), mode=os.RTLD_LOCAL | getattr(os, "RTLD_DEEPBIND", 0))
        self.stubbed = stubbed
        self.kept = []  # callbacks must not be collected

    def __getattr__(self, name):
        result, parameters = PROTOTYPES[name]
        if name == self.stubbed:
            return lambda *_: result() if isinstance(result, type) and issubclass(result, C.Structure) else \
                None if result in (None, C.c_void_p, C.c_char_p) else 0
        function = getattr(self.dll, name)
        function.restype, function.argtypes = result, parameters
        setattr(self, name, function)
        return function

    def keep(self, kind, function):
        """A callback for as long as the library."""
        made = kind(function)
        self.kept.append(made)
        return C.cast(made, C.c_void_p)

    def options(self, **settings):
        made = self.TfLiteInterpreterOptionsCreate()
        for name, arguments in settings.items():
            getattr(self, "TfLiteInterpreterOptions" + name)(made, *arguments)
        return made

    def open(self, content, **settings):
        """An interpreter of these bytes, which must be kept, allocated."""
        options = self.options(**settings)
        made = self.TfLiteInterpreterCreate(self.TfLiteModelCreate(content, len(content)), options)
        self.TfLiteInterpreterOptionsDelete(options)
        if not made or self.TfLiteInterpreterAllocateTensors(made) != 0:
            raise RuntimeError("cannot be opened")
        return made
