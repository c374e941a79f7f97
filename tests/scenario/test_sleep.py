# SPDX-License-Identifier: Apache-2.0
"""Models that sleep: under a limit that holds some of them, all answer with the bits of no limit."""
import ctypes as C
import os
import shutil

import numpy as np
import pytest

import plait_c
from plait_c import Interpreter
from programs import LONG, ROOT, refused, run, variants

EXAMPLES = ROOT / "examples" / "models"
LARGE = 16 * 1024  # constants of so many bytes become others


def another(path, seed, to):
    """The same model with other weights."""
    content, random = bytearray(path.read_bytes()), np.random.default_rng(seed)
    with Interpreter() as interpreter:
        model = interpreter.load(path, "model")
        for k in range(plait_c.api().tensor_count(model.handle)):
            tensor = plait_c.Tensor(model, plait_c.api().tensor_at(model.handle, k))
            there = tensor.bytes >= LARGE and plait_c.api().tensor_data(tensor.handle)
            data = tensor.read().tobytes() if there else b""
            at = content.find(data) if data else -1
            if at >= 0:
                content[at:at + len(data)] = random.integers(-99, 99, len(data), np.int8).tobytes()
    to.write_bytes(content)
    return to


@pytest.fixture(scope="session")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sleep")
    kinds = [EXAMPLES / "anomaly_0.tflite", EXAMPLES / "camera_a.tflite"]
    return [another(kinds[k % 2], k, folder / f"model{k}.tflite") for k in range(30 if LONG else 14)]


def feed(model, seed):
    random = np.random.default_rng(seed)
    for tensor in model.inputs():
        tensor.write(random.integers(-128, 127, tensor.shape).astype(tensor.dtype))


def given(model):
    return b"".join(tensor.read().tobytes() for tensor in model.outputs())


def answer(model, seed):
    feed(model, seed)
    model.invoke()
    return given(model)


def load_all(interpreter, files):
    return [interpreter.load(path) for path in files]


@pytest.fixture(scope="session")
def expected(files):
    with Interpreter() as interpreter:
        models = load_all(interpreter, files)
        interpreter.allocate()
        return [answer(model, k) for k, model in enumerate(models)]


def open_limited(limit, **options):
    return Interpreter(memory_limit_bytes=limit, **{"sleep_below_class": 1, **options})


def needed(files, limit):
    """What the message of load or allocate says is needed; None: it is enough."""
    with open_limited(limit) as interpreter:
        try:
            load_all(interpreter, files)
            interpreter.allocate()
        except plait_c.PlaitError as error:
            assert error.status == plait_c.OUT_OF_MEMORY
            return int(error.message.split("options.memory_limit_bytes must be ")[1].split()[0])


@pytest.fixture(scope="session")
def least(files):
    """The least limit, in which one is awake at a time."""
    limit = 10**6
    while (more := needed(files, limit)) is not None:
        assert more > limit
        limit = more
    return limit


def fall_asleep(interpreter, model, others):
    """Runs others until this one sleeps, which then shows in what all that sleep have given up."""
    answer(model, 0)
    before = interpreter.stats().wakes
    for other in others:
        answer(other, 1)
    assert interpreter.stats().wakes > before


def test_the_exact_limit(files, least):
    assert needed(files, least - 1) == least


@pytest.mark.parametrize("more", [0, 300_000, 900_000])
def test_all_answer_as_without_a_limit(files, expected, least, more):
    with open_limited(least + more) as interpreter:
        models = load_all(interpreter, files)
        interpreter.allocate()
        before = interpreter.stats()
        for k in np.random.default_rng(more).integers(0, len(files), 600 if LONG else 100):
            assert answer(models[k], k) == expected[k], files[k]
        after = interpreter.stats()
        assert after.memory_peak_bytes <= least + more
        assert after.wakes - before.wakes > 20 and after.sleeping > 0 and after.sleeping_bytes > 100_000
        assert after.constant_bytes == before.constant_bytes
        assert after.allocations - before.allocations < 30 * (after.wakes - before.wakes)  # to read raw bytes


def test_without_the_option_none_sleeps(files):
    with Interpreter(memory_limit_bytes=5_000_000) as interpreter:
        refused(plait_c.OUT_OF_MEMORY, lambda: load_all(interpreter, files), "must be")
        assert interpreter.stats().sleeping == 0


@pytest.mark.parametrize("spoil, words", [
    (lambda path: path.write_bytes(bytes(path.stat().st_size)), ["was changed since it was loaded"]),
    (lambda path: path.unlink(), ["cannot open", "No such file"]),
    (lambda path: path.write_bytes(path.read_bytes()[:5000]), ["became shorter"]),
])
def test_a_file_that_is_no_more_what_it_was(files, expected, least, tmp_path, spoil, words):
    """The model that needs it says so; the others are not harmed, and with the file comes the model."""
    path = tmp_path / "spoilt.tflite"
    shutil.copy(files[3], path)
    with open_limited(least) as interpreter:
        models = load_all(interpreter, files[:3] + [path] + files[4:])
        interpreter.allocate()
        fall_asleep(interpreter, models[3], models[4:] + models[:3])
        spoil(path)
        for _ in range(2):
            refused(plait_c.IO, lambda: answer(models[3], 3), "model 'spoilt'", path.name, *words)
            assert answer(models[5], 5) == expected[5]
        shutil.copy(files[3], path)
        assert answer(models[3], 3) == expected[3]
        fall_asleep(interpreter, models[3], models[4:] + models[:3])
        path.unlink()
        models[3].replace(files[6])  # needs nothing of the old one
        assert answer(models[3], 6) == expected[6]


def test_what_cannot_be_read_again_stays(files, expected):
    """Bytes that were copied are nobody's; those that are borrowed are read again where they are."""
    contents = [path.read_bytes() for path in files[:6:2]]
    with open_limited(2**40) as interpreter:
        for k, content in enumerate(contents):
            interpreter.load(content, f"model{k}")
        interpreter.allocate()
        stats = interpreter.stats()
    for borrow, limit, count in (False, stats.memory_peak_bytes + 300_000, 4), (True, stats.memory_bytes + 275_000, 1):
        with open_limited(limit) as interpreter:
            models = [interpreter.load(content, f"model{k}", borrow=borrow) for k, content in enumerate(contents)]
            interpreter.allocate()
            more = [lambda: load_all(interpreter, files[6:6 + 2 * count:2]), interpreter.allocate]
            if borrow:
                for step in more:
                    step()
                assert interpreter.stats().sleeping > 0
            else:
                refused(plait_c.OUT_OF_MEMORY, lambda: [step() for step in more], "must be")
            woken = interpreter.stats().wakes
            assert [answer(model, 2 * k) for k, model in enumerate(models)] == [expected[2 * k] for k in range(3)]
            assert (interpreter.stats().wakes > woken) == borrow


def check_deadlines(interpreter, periodic):
    response, all_in_time = plait_c.Response(), C.c_bool()
    interpreter.check(plait_c.api().check_deadlines(interpreter.handle, C.byref(periodic), 1, C.byref(response),
                                                    C.byref(all_in_time)))


def test_urgent_models_stay_awake(files, expected, least):
    with open_limited(least + 400_000) as interpreter:
        models = load_all(interpreter, files)
        interpreter.allocate()
        interpreter.check(plait_c.api().set_class(models[0].handle, 1))
        answer(models[0], 0)
        before = interpreter.stats().wakes
        for _ in range(2):
            for k in range(1, len(files), 2):
                answer(models[k], k)
            woken = interpreter.stats().wakes
            assert answer(models[0], 0) == expected[0]
            assert interpreter.stats().wakes == woken
        assert woken > before
        periodic = plait_c.Periodic(models[1].handle, 10**9, 0)
        refused(plait_c.INVALID_ARGUMENT, lambda: check_deadlines(interpreter, periodic), "may sleep", "class 1 or more")
        periodic.model = models[0].handle
        check_deadlines(interpreter, periodic)


def test_a_sleeping_model_is_cloned_linked_resized_and_replaced(files, expected, least):
    with open_limited(least + 1_500_000) as interpreter:
        models = load_all(interpreter, files)
        interpreter.allocate()
        others = models[1::2] + models[2::2]
        fall_asleep(interpreter, models[0], others)
        clone = models[0].clone("clone")
        interpreter.allocate()
        assert answer(clone, 0) == expected[0]
        fall_asleep(interpreter, models[0], others)
        models[0].resize(0, models[0].inputs()[0].shape)
        interpreter.allocate()
        assert answer(models[0], 0) == expected[0]
        fall_asleep(interpreter, models[0], others)
        models[0].replace(files[2])
        assert answer(models[0], 2) == expected[2]
        fall_asleep(interpreter, models[2], others[2:])
        again = interpreter.load(files[2], "again")  # the same constants, which sleep
        interpreter.allocate()
        assert answer(again, 2) == expected[2]


def test_sleeping_models_are_linked(files, least):
    answers = []
    for limit in (2**40, least + 1_500_000):
        with open_limited(limit) as interpreter:
            models = load_all(interpreter, files)
            interpreter.allocate()
            if limit != 2**40:
                fall_asleep(interpreter, models[0], models[1::2] + models[2::2])
            before = interpreter.stats().sleeping
            interpreter.link(models[0].name, "", models[2].name, "")
            assert interpreter.stats().sleeping >= before  # what is linked sleeps on
            interpreter.allocate()
            tensor = models[0].inputs()[0]
            tensor.write(np.arange(np.prod(tensor.shape)).reshape(tensor.shape).astype(tensor.dtype))
            for other in models[3:]:
                answer(other, 1)
            models[2].run()
            answers.append(models[2].outputs()[0].read().tobytes())
    assert answers[0] == answers[1]


def test_requests_wake_models(files, expected, least):
    with open_limited(least + 600_000) as interpreter:
        models = load_all(interpreter, files)
        interpreter.allocate()
        for k, model in enumerate(models):
            feed(model, k)
        before, options, numbers = interpreter.stats().wakes, plait_c.SubmitOptions(), []
        plait_c.api().submit_options_default(C.byref(options))
        for model in models:
            numbers.append(C.c_uint64())
            interpreter.check(plait_c.api().submit(model.handle, C.byref(options), C.byref(numbers[-1])))
        for number in numbers:
            interpreter.check(plait_c.api().wait(interpreter.handle, number, 10**10, None))
        assert [given(model) for model in models] == expected
        assert interpreter.stats().wakes > before


def test_a_child_process_wakes_its_own(files, expected, least):
    with open_limited(least + 300_000) as interpreter:
        models = load_all(interpreter, files)
        interpreter.allocate()
        child = os.fork()
        same = all(answer(model, k) == expected[k] for k, model in enumerate(models))
        if child == 0:
            os._exit(0 if same else 1)
        assert same and os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_options_are_checked():
    with pytest.raises(plait_c.PlaitError):
        Interpreter(sleep_below_class=17)
    with pytest.raises(plait_c.PlaitError):
        Interpreter(sleep_below_class=-1)
    memory = np.empty(1 << 20, np.uint8)
    with pytest.raises(plait_c.PlaitError):
        Interpreter(sleep_below_class=1, memory=memory.ctypes.data, memory_bytes=memory.nbytes)


@pytest.mark.parametrize("variant", variants())
def test_threads(variant, files):
    print(run("sleepers", variant, files, "--count", 400 if LONG else 100))
