# SPDX-License-Identifier: Apache-2.0
"""plait.h through ctypes, for tests only: the thinnest layer that lets NumPy arrays in and out.

The library is $PLAIT_LIB, else the first of out/lib, build/release, build/dev that has libplait.so.
"""
import ctypes as C
import os
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]

STATUS = ["OK", "INVALID_ARGUMENT", "NOT_FOUND", "OUT_OF_MEMORY", "INVALID_MODEL", "UNSUPPORTED", "MISMATCH",
          "NOT_ALLOCATED", "BUSY", "IO", "RUN_ERROR", "CANCELLED", "INVALID_PIPELINE",
          "TOO_LATE", "DROPPED"]
for _number, _name in enumerate(STATUS):
    globals()[_name] = _number

# plait_type -> NumPy; types NumPy lacks are shown as what holds their bytes.
DTYPES = {1: np.float32, 2: np.int32, 3: np.uint8, 4: np.int64, 6: np.bool_, 7: np.int16, 8: np.complex64, 9: np.int8,
          10: np.float16, 11: np.float64, 12: np.complex128, 13: np.uint64, 16: np.uint32, 17: np.uint16,
          19: np.uint16}

STRING = 5


def pack_strings(strings):
    """TensorFlow Lite's buffer of strings: count, offsets, characters."""
    ends = np.cumsum([4 * (len(strings) + 2)] + [len(text) for text in strings])
    return np.array([len(strings), *ends], np.int32).tobytes() + b"".join(strings)


def unpack_strings(data):
    offsets = np.frombuffer(data, np.int32, 1 + np.frombuffer(data, np.int32, 1)[0], 4)
    return [data[a:b] for a, b in zip(offsets, offsets[1:])]


ALLOCATE = C.CFUNCTYPE(C.c_void_p, C.c_void_p, C.c_void_p, C.c_size_t, C.c_size_t, C.c_size_t)


class Options(C.Structure):
    _fields_ = [("struct_bytes", C.c_size_t), ("threads", C.c_int32), ("lanes", C.c_int32), ("cpu", C.c_char_p),
                ("memory_limit_bytes", C.c_size_t), ("tensor_limit_bytes", C.c_size_t), ("memory", C.c_void_p),
                ("memory_bytes", C.c_size_t), ("allocate", ALLOCATE), ("allocate_user", C.c_void_p),
                ("requests", C.c_int32), ("sleep_below_class", C.c_int32), ("share", C.c_char_p)]


class LoadOptions(C.Structure):
    _fields_ = [("struct_bytes", C.c_size_t), ("keep_mapped", C.c_bool), ("borrow", C.c_bool),
                ("allow_unsupported", C.c_bool), ("keep_all_tensors", C.c_bool)]


class AnchorLevel(C.Structure):
    _fields_ = [("step", C.c_double), ("size_count", C.c_size_t), ("sizes", C.c_double * 8)]


class Boxes(C.Structure):
    _fields_ = [("struct_bytes", C.c_size_t), ("boxes", C.c_char_p), ("scores", C.c_char_p), ("class_index", C.c_int32),
                ("sigmoid", C.c_bool), ("x_first", C.c_bool), ("least", C.c_double), ("overlap", C.c_double),
                ("most", C.c_int32), ("level_count", C.c_size_t), ("levels", AnchorLevel * 8), ("picture", C.c_int32 * 2),
                ("variances", C.c_double * 2), ("linear", C.c_bool)]

    @classmethod
    def of(cls, levels=(), picture=(), variances=(1, 1), **fields):
        """Keywords are the fields; levels: [(step, [size...])...]."""
        made = cls()
        api().boxes_default(C.byref(made))
        for name, value in fields.items():
            setattr(made, name, value.encode() if isinstance(value, str) else value)
        made.level_count = len(levels)
        for level, (step, sizes) in zip(made.levels, levels):
            level.step, level.size_count = step, len(sizes)
            level.sizes[:len(sizes)] = sizes
        made.picture[:len(picture)] = picture
        made.variances[:] = variances
        return made


class Box(C.Structure):
    _fields_ = [(name, C.c_double) for name in ("top", "left", "bottom", "right", "score")] + [("index", C.c_int32)]

    def corners(self):
        return [self.top, self.left, self.bottom, self.right]


class Crop(C.Structure):
    _fields_ = [("boxes_model", C.c_char_p), ("boxes", Boxes), ("margin", C.c_double)]


class LinkOptions(C.Structure):
    _fields_ = [("struct_bytes", C.c_size_t), ("cast", C.c_bool), ("reshape", C.c_bool), ("has_scale", C.c_bool),
                ("has_offset", C.c_bool), ("scale", C.c_float), ("offset", C.c_float), ("hop", C.c_int32),
                ("axis", C.c_int32), ("zero_rows", C.c_int32), ("from_input", C.c_bool),
                ("when", C.c_int), ("when_index", C.c_int32), ("when_least", C.c_double), ("when_has_until", C.c_bool),
                ("when_until", C.c_double), ("when_output", C.c_char_p), ("crop", C.POINTER(Crop))]


class Quantization(C.Structure):
    _fields_ = [("count", C.c_size_t), ("scale", C.POINTER(C.c_float)), ("zero_point", C.POINTER(C.c_int32)),
                ("dimension", C.c_int32)]


class OperatorInfo(C.Structure):
    _fields_ = [("name", C.c_char_p), ("version", C.c_int32), ("supported", C.c_bool), ("input_count", C.c_size_t),
                ("inputs", C.POINTER(C.c_int32)), ("output_count", C.c_size_t), ("outputs", C.POINTER(C.c_int32))]


class Memory(C.Structure):
    _fields_ = [(name, C.c_size_t) for name in ("arena_bytes", "arena_bound_bytes", "arena_sum_bytes",
                                                "constant_bytes", "io_bytes", "state_bytes", "sleeping_bytes")]


class Stats(C.Structure):
    _fields_ = ([(name, C.c_size_t) for name in
                 ("models", "lanes", "arena_bytes", "arena_sum_bytes", "constant_bytes", "constant_sum_bytes",
                  "io_bytes", "state_bytes", "memory_bytes", "memory_peak_bytes")]
                + [("allocations", C.c_uint64), ("invocations", C.c_uint64), ("cpu", C.c_char_p),
                   ("sleeping", C.c_size_t), ("sleeping_bytes", C.c_size_t), ("wakes", C.c_uint64)])


class ProfileEntry(C.Structure):
    _fields_ = [("name", C.c_char_p), ("operator_index", C.c_int32), ("calls", C.c_uint64),
                ("nanoseconds", C.c_uint64)]


class Reuse(C.Structure):
    _fields_ = [("fresh_rows", C.c_int32), ("window_rows", C.c_int32), ("why_not", C.c_char_p), ("work", C.c_uint64),
                ("whole_work", C.c_uint64), ("output_bytes", C.c_size_t), ("whole_bytes", C.c_size_t)]


class Sharing(C.Structure):
    _fields_ = [("computed_by", C.c_char_p), ("operator_index", C.c_size_t), ("models", C.c_size_t), ("why_not", C.c_char_p),
                ("work", C.c_uint64), ("output_bytes", C.c_size_t)]


class ArenaPiece(C.Structure):
    _fields_ = [("tensor", C.c_char_p)] + [(name, C.c_size_t) for name in ("offset", "bytes", "first_step", "last_step")]


class Event(C.Structure):
    _fields_ = [("model", C.c_void_p), ("name", C.c_char_p), ("operator_index", C.c_int32), ("step", C.c_int32),
                ("is_part", C.c_bool), ("begin_nanoseconds", C.c_uint64), ("end_nanoseconds", C.c_uint64),
                ("kind", C.c_int), ("class_number", C.c_int32), ("request", C.c_uint64)]


class Answer(C.Structure):
    _fields_ = [("request", C.c_uint64), ("status", C.c_int), ("message", C.c_char_p), ("submitted", C.c_uint64),
                ("started", C.c_uint64), ("ended", C.c_uint64), ("deadline", C.c_uint64),
                ("interrupted_nanoseconds", C.c_uint64), ("interruptions", C.c_uint32), ("nested", C.c_bool)]


class RequestData(C.Structure):
    _fields_ = [("tensor", C.c_void_p), ("data", C.c_void_p), ("bytes", C.c_size_t)]


ON_DONE = C.CFUNCTYPE(None, C.c_void_p, C.POINTER(Answer))


class SubmitOptions(C.Structure):
    _fields_ = [("struct_bytes", C.c_size_t), ("whole_set", C.c_bool), ("deadline", C.c_uint64), ("late", C.c_int),
                ("surplus", C.c_int), ("inputs", C.POINTER(RequestData)), ("input_count", C.c_size_t),
                ("outputs", C.POINTER(RequestData)), ("output_count", C.c_size_t), ("done", ON_DONE), ("user", C.c_void_p),
                ("on_loop", C.c_bool)]


class PipelineModel(C.Structure):
    _fields_ = [("model", C.c_void_p), ("path", C.c_char_p), ("resized", C.c_bool)]


class PipelineLink(C.Structure):
    _fields_ = [(name, C.c_char_p) for name in ("from_model", "output", "to_model", "input")] + [("options", LinkOptions),
                                                                                                      ("crop", Crop)]


class PipelineInput(C.Structure):
    _fields_ = [("name", C.c_char_p), ("target_count", C.c_size_t), ("targets", C.POINTER(C.c_void_p)),
                ("is_stream", C.c_bool), ("hop", C.c_int32), ("axis", C.c_int32), ("is_picture", C.c_bool), ("nearest", C.c_bool), ("mean", C.c_double),
                ("deviation", C.c_double), ("sound_rate", C.c_int32)]


class PipelineOutput(C.Structure):
    _fields_ = [("name", C.c_char_p), ("tensor", C.c_void_p), ("model", C.c_void_p), ("top", C.c_int32),
                ("labels", C.c_char_p), ("has_boxes", C.c_bool), ("boxes", Boxes), ("has_threshold", C.c_bool),
                ("threshold_index", C.c_int32), ("threshold", C.c_double), ("until", C.c_double)]


class OutputState(C.Structure):
    _fields_ = [("on", C.c_bool), ("changed", C.c_bool), ("changes", C.c_uint64)]


class Timing(C.Structure):
    _fields_ = [(name, C.c_uint64) for name in ("own_runs", "own", "own_worst", "longest_part", "blocking", "switching",
                                                "waking", "machine", "longest_wait")] + [("class_number", C.c_int32)]


class Periodic(C.Structure):
    _fields_ = [("model", C.c_void_p), ("period", C.c_uint64), ("deadline", C.c_uint64)]


class Response(C.Structure):
    _fields_ = [("in_time", C.c_bool)] + [(name, C.c_uint64) for name in ("longest", "own", "blocked", "higher", "same", "system")]


class Machine(C.Structure):
    _fields_ = [(name, C.c_uint64) for name in ("usual", "longest", "milliseconds")]


ON_RUN = C.CFUNCTYPE(None, C.c_void_p, C.c_void_p)
ON_EVENT = C.CFUNCTYPE(None, C.c_void_p, C.POINTER(Event))

_P, _S, _I, _T, _N = C.c_void_p, C.c_size_t, C.c_int32, C.c_char_p, C.c_int
FUNCTIONS = {  # name: (result, arguments)
    "status_text": (_T, [_N]), "version": (_T, []),
    "options_default": (None, [C.POINTER(Options)]), "open": (_N, [C.POINTER(Options), C.POINTER(_P)]),
    "close": (None, [_P]), "last_error": (_T, [_P]),
    "load_options_default": (None, [C.POINTER(LoadOptions)]),
    "load_file": (_N, [_P, _T, _T, C.POINTER(LoadOptions), C.POINTER(_P)]),
    "load_buffer": (_N, [_P, _T, _P, _S, C.POINTER(LoadOptions), C.POINTER(_P)]),
    "allocate_model": (_N, [_P]), "replace": (_N, [_P, _T, C.POINTER(LoadOptions)]), "replace_buffer": (_N, [_P, _P, _S, C.POINTER(LoadOptions)]),
    "clone": (_N, [_P, _T, C.POINTER(_P)]), "unload": (_N, [_P]), "model_count": (_S, [_P]),
    "model_at": (_P, [_P, _S]), "find_model": (_P, [_P, _T]), "model_name": (_T, [_P]),
    "model_description": (_T, [_P]), "set_threads": (_N, [_P, _I]),
    "signature_count": (_S, [_P]), "signature_key": (_T, [_P, _S]), "signature": (_P, [_P, _T]),
    "input_count": (_S, [_P]), "output_count": (_S, [_P]), "input": (_P, [_P, _S]), "output": (_P, [_P, _S]),
    "find_input": (_P, [_P, _T]), "find_output": (_P, [_P, _T]), "tensor_name": (_T, [_P]),
    "tensor_signature_name": (_T, [_P]), "tensor_index": (_I, [_P]), "tensor_type": (_N, [_P]),
    "type_name": (_T, [_N]), "tensor_rank": (_I, [_P]), "tensor_dim": (_I, [_P, _I]),
    "tensor_dim_signature": (_I, [_P, _I]), "tensor_bytes": (_S, [_P]),
    "tensor_quantization": (_N, [_P, C.POINTER(Quantization)]), "tensor_data": (_P, [_P]),
    "tensor_write": (_N, [_P, _P, _S]), "tensor_read": (_N, [_P, _P, _S]), "bind": (_N, [_P, _P, _S]),
    "tensor_write_strings": (_N, [_P, C.POINTER(_T), C.POINTER(_S), _S]),
    "tensor_string": (_N, [_P, _S, C.POINTER(_P), C.POINTER(_S)]),
    "link_options_default": (None, [C.POINTER(LinkOptions)]),
    "link": (_N, [_P, _T, _T, _T, _T, C.POINTER(LinkOptions)]), "unlink": (_N, [_P, _T, _T]),
    "stream": (_N, [_P, _T, _T, C.POINTER(LinkOptions)]), "push": (_N, [_P, _P, _S]), "on_run": (_N, [_P, ON_RUN, _P]),
    "operator_reuse": (_N, [_P, _S, C.POINTER(Reuse)]), "operator_sharing": (_N, [_P, _S, C.POINTER(Sharing)]),
    "boxes_default": (None, [C.POINTER(Boxes)]), "tensor_box": (_N, [_P, C.POINTER(Box)]),
    "find_boxes": (_N, [_P, C.POINTER(Boxes), C.POINTER(Box), _S, C.POINTER(_S)]),
    "set_whole": (_N, [_P, C.c_bool]), "resize_input": (_N, [_P, _S, C.POINTER(_I), _I]),
    "allocate": (_N, [_P]), "check_batch": (_N, [_P, _I]), "invoke": (_N, [_P]), "run": (_N, [_P]), "reset_variables": (_N, [_P]),
    "operator_count": (_S, [_P]), "operator_at": (_N, [_P, _S, C.POINTER(OperatorInfo)]),
    "tensor_count": (_S, [_P]), "tensor_at": (_P, [_P, _S]),
    "model_memory": (_N, [_P, C.POINTER(Memory)]), "get_stats": (_N, [_P, C.POINTER(Stats)]),
    "model_arena": (_S, [_P, C.POINTER(ArenaPiece), _S]), "trace": (_N, [_P, ON_EVENT, _P]),
    "watch": (_N, [_P, _T]), "set_class": (_N, [_P, _I]), "class": (_I, [_P]), "set_queue": (_N, [_P, _I]),
    "submit_options_default": (None, [C.POINTER(SubmitOptions)]),
    "submit": (_N, [_P, C.POINTER(SubmitOptions), C.POINTER(C.c_uint64)]),
    "pipeline_submit": (_N, [_P, C.POINTER(SubmitOptions), C.POINTER(C.c_uint64)]),
    "wait": (_N, [_P, C.c_uint64, C.c_int64, C.POINTER(Answer)]), "cancel": (_N, [_P, C.c_uint64]),
    "event_fd": (_N, [_P, C.POINTER(C.c_int)]), "dispatch": (_S, [_P]), "get_timing": (_N, [_P, C.POINTER(Timing)]),
    "check_deadlines": (_N, [_P, C.POINTER(Periodic), _S, C.POINTER(Response), C.POINTER(C.c_bool)]),
    "measure_machine": (_N, [_P, C.c_uint64, C.POINTER(Machine)]),
    "profile_enable": (_N, [_P, C.c_bool]), "profile_count": (_S, [_P]),
    "pipeline_load": (_N, [_P, _T, C.POINTER(LoadOptions), C.POINTER(_P)]),
    "pipeline_load_buffer": (_N, [_P, _P, _S, _T, C.POINTER(LoadOptions), C.POINTER(_P)]), "pipeline_unload": (_N, [_P]),
    "pipeline_model_at": (_N, [_P, _S, C.POINTER(PipelineModel)]),
    "pipeline_link_at": (_N, [_P, _S, C.POINTER(PipelineLink)]),
    "pipeline_input_at": (_N, [_P, _S, C.POINTER(PipelineInput)]),
    "pipeline_output_at": (_N, [_P, _S, C.POINTER(PipelineOutput)]),
    "pipeline_write": (_N, [_P, _T, _P, _S]), "pipeline_push": (_N, [_P, _T, _P, _S]),
    "pipeline_read": (_N, [_P, _T, _P, _S]), "pipeline_run": (_N, [_P]),
    "pipeline_state": (_N, [_P, _T, C.POINTER(OutputState)]),
    "profile_at": (_N, [_P, _S, C.POINTER(ProfileEntry)]),
}


def library_path():
    """The shared object under test, or None if nothing is built."""
    if os.environ.get("PLAIT_LIB"):
        return Path(os.environ["PLAIT_LIB"])
    for folder in ("out/lib", "build/release", "build/dev"):
        path = ROOT / folder / "libplait.so"
        if path.exists():
            return path
    return None


_api = None


def api():
    """The functions of plait.h without their prefix: api().open(...)."""
    global _api
    if _api is None:
        path = library_path()
        if path is None:
            raise RuntimeError("no libplait.so: run scripts/build first, or set PLAIT_LIB")
        dll = C.CDLL(str(path))
        _api = type("Api", (), {"dll": dll})()
        for name, (result, arguments) in FUNCTIONS.items():
            function = getattr(dll, "plait_" + name)
            function.restype, function.argtypes = result, arguments
            setattr(_api, name, function)
    return _api


def leave(code=0):
    """Ends a forked process at once. What a build that counts lines has counted in it is kept."""
    if _api is not None and hasattr(_api.dll, "__gcov_dump"):
        getattr(_api.dll, "__gcov_dump")()
    os._exit(code)


class PlaitError(Exception):
    def __init__(self, status, message):
        super().__init__(f"{STATUS[status]}: {message}")
        self.status, self.message = status, message


def _text(value):
    return None if value is None else value.encode()


class Interpreter:
    def __init__(self, **options):
        """Keywords are the fields of struct plait_options."""
        filled = Options()
        api().options_default(C.byref(filled))
        assert filled.struct_bytes == C.sizeof(filled), "Options is not struct plait_options: the call wrote beyond it"
        for name, value in options.items():
            setattr(filled, name, value.encode() if isinstance(value, str) else value)
        self._keep = filled
        handle = C.c_void_p()
        status = api().open(C.byref(filled), C.byref(handle))
        if status:
            raise PlaitError(status, "plait_open")
        self.handle = handle.value

    def check(self, status):
        if status:
            raise PlaitError(status, (api().last_error(self.handle) or b"").decode(errors="replace"))

    def load(self, source, name=None, **options):
        """source: a path, or bytes (which need a name)."""
        filled, handle = LoadOptions(), C.c_void_p()
        api().load_options_default(C.byref(filled))
        for key, value in options.items():
            setattr(filled, key, value)
        if isinstance(source, (bytes, bytearray)):
            source = bytes(source)
            self.check(api().load_buffer(self.handle, _text(name), source, len(source), C.byref(filled),
                                         C.byref(handle)))
        else:
            self.check(api().load_file(self.handle, _text(name), os.fsencode(source), C.byref(filled),
                                       C.byref(handle)))
        return Model(self, handle.value, source if filled.borrow else None)

    def link(self, from_model, output, to_model, input_name, **options):
        filled = LinkOptions()
        api().link_options_default(C.byref(filled))
        for key, value in options.items():
            setattr(filled, key, value)
        self.check(api().link(self.handle, _text(from_model), _text(output), _text(to_model), _text(input_name),
                              C.byref(filled)))

    def stream(self, model, input_name, **options):
        filled = LinkOptions()
        api().link_options_default(C.byref(filled))
        for key, value in options.items():
            setattr(filled, key, value)
        self.check(api().stream(self.handle, _text(model), _text(input_name), C.byref(filled)))

    def pipeline(self, source, folder=None, **options):
        """source: a path, or the text itself, whose paths are relative to `folder`."""
        filled, handle = LoadOptions(), C.c_void_p()
        api().load_options_default(C.byref(filled))
        for key, value in options.items():
            setattr(filled, key, value)
        if isinstance(source, bytes):
            self.check(api().pipeline_load_buffer(self.handle, source, len(source), folder and os.fsencode(folder),
                                                  C.byref(filled), C.byref(handle)))
        else:
            self.check(api().pipeline_load(self.handle, os.fsencode(source), C.byref(filled), C.byref(handle)))
        return Pipeline(self, handle.value)

    def model(self, name):
        return Model(self, api().find_model(self.handle, name.encode()))

    def trace(self, function):
        """Calls function(event) at the end of all that runs; None: no more."""
        self._on_event = ON_EVENT(lambda _, event: function(event.contents)) if function else ON_EVENT()
        self.check(api().trace(self.handle, self._on_event, None))

    def model_count(self):
        return api().model_count(self.handle)

    def allocate(self):
        self.check(api().allocate(self.handle))

    def stats(self):
        stats = Stats()
        self.check(api().get_stats(self.handle, C.byref(stats)))
        return stats

    def close(self):
        if self.handle:
            api().close(self.handle)
            self.handle = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Model:
    def __init__(self, interpreter, handle, keep=None):
        self.interpreter, self.handle, self._keep = interpreter, handle, keep

    @property
    def name(self):
        return api().model_name(self.handle).decode()

    def inputs(self):
        return [Tensor(self, api().input(self.handle, k)) for k in range(api().input_count(self.handle))]

    def outputs(self):
        return [Tensor(self, api().output(self.handle, k)) for k in range(api().output_count(self.handle))]

    def find_input(self, name):
        return self._tensor(api().find_input(self.handle, name.encode()))

    def find_output(self, name):
        return self._tensor(api().find_output(self.handle, name.encode()))

    def _tensor(self, handle):
        if not handle:
            raise PlaitError(2, (api().last_error(self.interpreter.handle) or b"").decode(errors="replace"))
        return Tensor(self, handle)

    def signature(self, key):
        handle = api().signature(self.handle, key.encode())
        if not handle:
            raise KeyError(key)
        return Model(self.interpreter, handle)

    def clone(self, name):
        handle = C.c_void_p()
        self.interpreter.check(api().clone(self.handle, name.encode(), C.byref(handle)))
        return Model(self.interpreter, handle.value)

    def resize(self, index, shape):
        dims = (C.c_int32 * max(1, len(shape)))(*[int(d) for d in shape])
        self.interpreter.check(api().resize_input(self.handle, index, dims, len(shape)))

    def replace(self, source, **options):
        """source: a path, or bytes."""
        filled = LoadOptions()
        api().load_options_default(C.byref(filled))
        for key, value in options.items():
            setattr(filled, key, value)
        if isinstance(source, bytes):
            self.interpreter.check(api().replace_buffer(self.handle, source, len(source), C.byref(filled)))
        else:
            self.interpreter.check(api().replace(self.handle, os.fsencode(source), C.byref(filled)))

    def invoke(self):
        self.interpreter.check(api().invoke(self.handle))

    def run(self):
        self.interpreter.check(api().run(self.handle))

    def on_run(self, function):
        """Calls function() each time the model has run in a set with windows."""
        self._on_run = ON_RUN(lambda *_: function())
        self.interpreter.check(api().on_run(self.handle, self._on_run, None))

    def reset(self):
        self.interpreter.check(api().reset_variables(self.handle))

    def find_boxes(self, boxes, capacity=1000):
        """What the last run found; as many as there is room for."""
        found, count = (Box * max(capacity, 1))(), C.c_size_t()
        self.interpreter.check(api().find_boxes(self.handle, C.byref(boxes), found, capacity, C.byref(count)))
        return list(found[:min(count.value, capacity)])

    def reuse(self, index):
        """(fresh rows, rows, why not) of an operator, None where it has nothing to do with windows."""
        found = Reuse()
        if api().operator_reuse(self.handle, index, C.byref(found)):
            return None
        return found.fresh_rows, found.window_rows, found.why_not.decode() if found.why_not else None

    def sharing(self, index):
        """What an operator is to other models, None where there is nothing to say."""
        found = Sharing()
        return None if api().operator_sharing(self.handle, index, C.byref(found)) else found

    def unload(self):
        self.interpreter.check(api().unload(self.handle))

    def memory(self):
        memory = Memory()
        self.interpreter.check(api().model_memory(self.handle, C.byref(memory)))
        return memory

    def arena(self):
        """What lies where in the arena."""
        pieces = (ArenaPiece * api().model_arena(self.handle, None, 0))()
        assert api().model_arena(self.handle, pieces, len(pieces)) == len(pieces)
        return list(pieces)

    def operators(self):
        found = []
        for k in range(api().operator_count(self.handle)):
            info = OperatorInfo()
            self.interpreter.check(api().operator_at(self.handle, k, C.byref(info)))
            found.append(info)
        return found

    def __call__(self, arrays):
        """Feeds, invokes, and returns the outputs as arrays."""
        for tensor, array in zip(self.inputs(), arrays, strict=True):
            tensor.write(array)
        self.invoke()
        return [tensor.read() for tensor in self.outputs()]


class Pipeline:
    def __init__(self, interpreter, handle):
        self.interpreter, self.handle = interpreter, handle

    def _all(self, at, kind):
        found = []
        while True:
            one = kind()
            status = at(self.handle, len(found), C.byref(one))
            if status == 2:
                return found
            self.interpreter.check(status)
            found.append(one)

    def models(self):
        return self._all(api().pipeline_model_at, PipelineModel)

    def links(self):
        return self._all(api().pipeline_link_at, PipelineLink)

    def inputs(self):
        return {one.name.decode(): one for one in self._all(api().pipeline_input_at, PipelineInput)}

    def outputs(self):
        return {one.name.decode(): one for one in self._all(api().pipeline_output_at, PipelineOutput)}

    def _give(self, function, name, array):
        array = np.ascontiguousarray(array)
        self.interpreter.check(function(self.handle, name.encode(), array.ctypes.data, array.nbytes))

    def write(self, name, array):
        self._give(api().pipeline_write, name, array)

    def push(self, name, rows):
        self._give(api().pipeline_push, name, rows)

    def read(self, name):
        tensor = Tensor(None, self.outputs()[name].tensor) if name in self.outputs() else None
        array = np.empty(tensor.shape, tensor.dtype) if tensor else np.empty(1)
        self.interpreter.check(api().pipeline_read(self.handle, name.encode(), array.ctypes.data, array.nbytes))
        return array

    def state(self, name):
        """(on, changed, changes)"""
        state = OutputState()
        self.interpreter.check(api().pipeline_state(self.handle, name.encode(), C.byref(state)))
        return state.on, state.changed, state.changes

    def run(self):
        self.interpreter.check(api().pipeline_run(self.handle))

    def unload(self):
        self.interpreter.check(api().pipeline_unload(self.handle))


class Tensor:
    def __init__(self, model, handle):
        self.model, self.handle = model, handle

    @property
    def name(self):
        return api().tensor_name(self.handle).decode(errors="replace")

    @property
    def shape(self):
        return tuple(api().tensor_dim(self.handle, k) for k in range(api().tensor_rank(self.handle)))

    @property
    def type(self):
        return api().tensor_type(self.handle)

    @property
    def dtype(self):
        return np.dtype(DTYPES[self.type])

    @property
    def bytes(self):
        return api().tensor_bytes(self.handle)

    def quantization(self):
        """(scales, zero points, dimension) as lists."""
        q = Quantization()
        self.model.interpreter.check(api().tensor_quantization(self.handle, C.byref(q)))
        return q.scale[:q.count], q.zero_point[:q.count], q.dimension

    def write(self, array):
        """Strings: an array of bytes."""
        if self.type == STRING and np.asarray(array).dtype.kind in "SO":
            array = np.frombuffer(pack_strings(np.asarray(array).reshape(-1).tolist()), np.uint8)
        array = np.ascontiguousarray(array)
        self.model.interpreter.check(api().tensor_write(self.handle, array.ctypes.data, array.nbytes))

    def box(self):
        """What was cut out for it last; None: nothing was."""
        found = Box()
        return found if api().tensor_box(self.handle, C.byref(found)) == OK else None

    def push(self, rows):
        rows = np.ascontiguousarray(rows)
        self.model.interpreter.check(api().push(self.handle, rows.ctypes.data, rows.nbytes))

    def read(self):
        if self.type in DTYPES:
            array = np.empty(self.shape, self.dtype)
        else:
            array = np.empty(self.bytes, np.uint8)
        self.model.interpreter.check(api().tensor_read(self.handle, array.ctypes.data, array.nbytes))
        if self.type == STRING:
            return np.array(unpack_strings(array.tobytes()), object).reshape(self.shape)
        return array
