# SPDX-License-Identifier: Apache-2.0
"""TensorFlow Lite Micro's signal operators against TensorFlow Lite Micro itself: models of one operator made here, each
run several times so that state counts. Integers must be equal in every bit."""
import numpy as np
import pytest
from flatbuffers import flexbuffers
from tflite_micro.python.tflite_micro import runtime

import compare
import plait_c
import tiny

I16, I32, U32, U64, F32 = np.int16, np.int32, np.uint32, np.uint64, np.float32
T = {I16: 7, I32: 2, F32: 0}  # as option T names types


def options(**values):
    return bytes(flexbuffers.Dumps(values))


def build(name, custom, inputs, outputs):
    """inputs: (dtype, shape) or an array, which becomes a constant; outputs: (dtype, shape)."""
    graph = tiny.Graph()
    tensors, fed = [], []
    for entry in inputs:
        if isinstance(entry, np.ndarray):
            tensors.append(graph.tensor(entry.dtype, entry.shape, data=entry))
        else:
            tensors.append(graph.tensor(*entry))
            fed.append(tensors[-1])
    results = [graph.tensor(*entry) for entry in outputs]
    graph.custom(name, tensors, results, custom)
    return graph.build(fed, results)


def micro(data):
    return runtime.Interpreter.from_bytes(data, arena_size=1 << 20)


def both(data, feeds):
    """Outputs of plait and of TensorFlow Lite Micro for the same feeds on one interpreter each."""
    ours, theirs = [], []
    reference = micro(data)
    count = None
    with plait_c.Interpreter() as interpreter:
        model = interpreter.load(data, "signal")
        interpreter.allocate()
        count = len(model.outputs())
        for arrays in feeds:
            ours.append([array.copy() for array in model(arrays)])
            for k, array in enumerate(arrays):
                reference.set_input(array, k)
            reference.invoke()
            theirs.append([np.array(reference.get_output(k)) for k in range(count)])
    return ours, theirs


def check_equal(data, feeds):
    ours, theirs = both(data, feeds)
    for run, (a, b) in enumerate(zip(ours, theirs, strict=True)):
        for k, (x, y) in enumerate(zip(a, b, strict=True)):
            np.testing.assert_array_equal(x.ravel(), y.ravel(), err_msg=f"run {run}, output {k}")


def refused(data, *words):
    with plait_c.Interpreter() as interpreter:
        with pytest.raises(plait_c.PlaitError) as error:
            interpreter.load(data, "signal")
            interpreter.allocate()
    for word in words:
        assert word in str(error.value)


def samples(rng, shape, low=-32768, high=32768):
    return rng.integers(low, high, shape).astype(I16)


# ---- transforms ------------------------------------------------------------------------------------------------------

LENGTHS = (4, 6, 8, 10, 12, 16, 18, 20, 24, 30, 32, 50, 60, 64, 90, 128, 150, 256, 480, 512, 600, 1000, 1024)


@pytest.mark.parametrize("length", LENGTHS)
def test_rfft_int16(length):
    rng = np.random.default_rng(length)
    given = length - length // 5
    data = build("SignalRfft", options(T=7, fft_length=length), [(I16, [3, given])], [(I16, [3, length + 2])])
    feeds = [[samples(rng, (3, given), -limit, limit)] for limit in (32768, 1000, 3)]
    feeds.append([np.full((3, given), -32768, I16)])
    check_equal(data, feeds)


@pytest.mark.parametrize("length", LENGTHS)
def test_irfft_int16(length):
    rng = np.random.default_rng(length)
    data = build("SignalIrfft", options(T=7, fft_length=length), [(I16, [2, length + 2])], [(I16, [2, length])])
    check_equal(data, [[samples(rng, (2, length + 2), -limit, limit)] for limit in (32768, 9000, 30)])


@pytest.mark.parametrize("length", LENGTHS)
def test_rfft_int32(length):
    rng = np.random.default_rng(length)
    data = build("SignalRfft", options(T=2, fft_length=length), [(I32, [2, length])], [(I32, [2, length + 2])])
    check_equal(data, [[rng.integers(-2**30, 2**30, (2, length)).astype(I32)] for _ in range(3)])
    data = build("SignalIrfft", options(T=2, fft_length=length), [(I32, [2, length + 2])], [(I32, [2, length])])
    check_equal(data, [[rng.integers(-2**28, 2**28, (2, length + 2)).astype(I32)] for _ in range(3)])


@pytest.mark.parametrize("length", LENGTHS)
def test_rfft_float(length):
    rng = np.random.default_rng(length)
    for name, wide, narrow in (("SignalRfft", length, length + 2), ("SignalIrfft", length + 2, length)):
        data = build(name, options(T=0, fft_length=length), [(F32, [2, wide])], [(F32, [2, narrow])])
        ours, theirs = both(data, [[rng.normal(size=(2, wide)).astype(F32)] for _ in range(2)])
        for a, b in zip(ours, theirs):
            assert not compare.difference(a[0].ravel(), b[0].ravel())


def test_there_and_back():
    """The inverse transform of the transform is the signal."""
    rng = np.random.default_rng(0)
    signal = rng.normal(size=(1, 360)).astype(F32)
    forward = build("SignalRfft", options(T=0, fft_length=360), [(F32, [1, 360])], [(F32, [1, 362])])
    back = build("SignalIrfft", options(T=0, fft_length=360), [(F32, [1, 362])], [(F32, [1, 360])])
    with plait_c.Interpreter() as interpreter:
        a, b = interpreter.load(forward, "a"), interpreter.load(back, "b")
        interpreter.allocate()
        spectrum = a([signal])[0]
        np.testing.assert_allclose(b([spectrum])[0], signal, atol=1e-5)
    expected = np.fft.rfft(signal[0])
    np.testing.assert_allclose(spectrum[0, 0::2] + 1j * spectrum[0, 1::2], expected, atol=1e-4)


@pytest.mark.parametrize("custom,shapes,words", [
    (options(T=7, fft_length=14), ((1, 14), (1, 16)), ["SignalRfft", "7 points"]),
    (options(T=7, fft_length=9), ((1, 9), (1, 10)), ["fft_length", "odd"]),
    (options(T=7, fft_length=2), ((1, 2), (1, 4)), ["fft_length"]),
    (options(T=7), ((1, 2), (1, 4)), ["fft_length"]),
    (options(T=0, fft_length=8), ((1, 8), (1, 10)), ["int16", "float32"]),
    (options(T=7, fft_length=8), ((1, 9), (1, 10)), ["9 samples", "8"]),
    (options(T=7, fft_length="8"), ((1, 8), (1, 10)), ["fft_length", "no number"]),
    (b"", ((1, 8), (1, 10)), ["FlexBuffer"]),
    (b"\x01\x02\x03", ((1, 8), (1, 10)), ["FlexBuffer"]),
    (options(T=7, fft_length=8), ((), ()), ["dimensions"]),
    (options(T=7, fft_length=8), ((0, 8), (0, 10)), ["dimension is 0"]),
])
def test_rfft_refused(custom, shapes, words):
    refused(build("SignalRfft", custom, [(I16, shapes[0])], [(I16, shapes[1])]), *words)


def test_transform_types_refused():
    refused(build("SignalRfft", options(T=9, fft_length=8), [(np.int8, [8])], [(np.int8, [10])]), "int8", "int16")
    refused(build("SignalRfft", options(T=7, fft_length=8), [(I16, [8])], [(I32, [10])]), "output 0", "int32")
    refused(build("SignalIrfft", options(T=7, fft_length=8), [(I16, [8])], [(I16, [8])]), "8 numbers", "10")


# ---- frames ----------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("count", [1, 7, 480])
def test_auto_scale(count):
    rng = np.random.default_rng(count)
    data = build("SignalFftAutoScale", options(), [(I16, [count])], [(I16, [count]), (I32, [])])
    feeds = [[samples(rng, count, -limit, limit)] for limit in (1, 2, 3, 100, 1024, 5000, 16384, 32767, 32768)]
    feeds += [[np.full(count, value, I16)] for value in (-32768, 32767, -1, 0)]
    check_equal(data, feeds)


@pytest.mark.parametrize("shift", [0, 3, 12, 31])
def test_window(shift):
    rng = np.random.default_rng(shift)
    data = build("SignalWindow", options(shift=shift), [(I16, [2, 3, 16]), samples(rng, 16)], [(I16, [2, 3, 16])])
    check_equal(data, [[samples(rng, (2, 3, 16))] for _ in range(3)])


def test_window_refused():
    def of(weights, kind=I16, shift=1):
        return build("SignalWindow", options(shift=shift), [(I16, [2, 8]), (kind, weights)], [(I16, [2, 8])])
    refused(of([7]), "7 weights", "16 samples")
    refused(of([0]), "0 weights")
    refused(of([8], I32), "input 1", "int32")
    refused(of([1, 8]), "input 1", "1 dimensions")
    refused(of([8], shift=32), "shift", "32")
    refused(of([8], shift=1e30), "shift")
    refused(build("SignalWindow", options(shift=1), [(I16, [8])], [(I16, [8])]), "1 inputs")


def test_real_numbers_as_integers():
    rng = np.random.default_rng(0)
    weights, signal = samples(rng, 8), samples(rng, (1, 8))
    results = []
    for shift in (3, 3.0, True + 2):
        data = build("SignalWindow", options(shift=shift), [(I16, [1, 8]), weights], [(I16, [1, 8])])
        with plait_c.Interpreter() as interpreter:
            model = interpreter.load(data, "window")
            interpreter.allocate()
            results.append(model([signal])[0].copy())
    for result in results:
        np.testing.assert_array_equal(result, results[0])


@pytest.mark.parametrize("shape,delay", [([8], 3), ([8], 8), ([8], 20), ([2, 3, 5], 7), ([4, 6], 0)])
def test_delay(shape, delay):
    rng = np.random.default_rng(delay)
    data = build("SignalDelay", options(delay_length=delay), [(I16, shape)], [(I16, shape)])
    check_equal(data, [[samples(rng, shape)] for _ in range(8)])


def test_delay_refused():
    refused(build("SignalDelay", options(delay_length=-1), [(I16, [8])], [(I16, [8])]), "delay_length", "-1")
    refused(build("SignalDelay", options(delay_length=1), [(F32, [8])], [(F32, [8])]), "float32")
    refused(build("SignalDelay", options(delay_length=1), [(I16, [0])], [(I16, [0])]), "dimension is 0")


@pytest.mark.parametrize("size,step,prefill", [(16, 8, False), (16, 8, True), (12, 8, False), (12, 8, True),
                                               (20, 8, False), (8, 8, True), (5, 8, False), (30, 4, False)])
@pytest.mark.parametrize("rows", [(), (3,)])
def test_framer(size, step, prefill, rows):
    """Frames that are not filled are zeros here; there they are what was."""
    rng = np.random.default_rng(size)
    shape, frames = [*rows, 16], 16 // step
    data = build("SignalFramer", options(frame_size=size, frame_step=step, prefill=prefill), [(I16, shape)],
                 [(I16, [*rows, frames, size]), (np.bool_, [])])
    ours, theirs = both(data, [[samples(rng, shape)] for _ in range(8)])
    assert any(bool(b[1]) for b in theirs)
    for a, b in zip(ours, theirs):
        assert bool(a[1]) == bool(b[1])
        if b[1]:
            np.testing.assert_array_equal(a[0].ravel(), b[0].ravel())


def test_framer_waits():
    data = build("SignalFramer", options(frame_size=12, frame_step=4, prefill=False), [(I16, [4])],
                 [(I16, [1, 12]), (np.bool_, [])])
    with plait_c.Interpreter() as interpreter:
        model = interpreter.load(data, "framer")
        interpreter.allocate()
        for k in range(5):
            frame, valid = model([np.arange(4 * k + 1, 4 * k + 5).astype(I16)])
            expected = np.arange(4 * k - 7, 4 * k + 5) if k >= 2 else np.zeros(12)
            assert bool(valid) == (k >= 2)
            np.testing.assert_array_equal(frame.ravel(), expected)
        interpreter.check(plait_c.api().reset_variables(model.handle))
        assert not bool(model([np.ones(4, I16)])[1])


def test_framer_refused():
    def of(shape=(16,), **values):
        frames = options(**{"frame_size": 8, "frame_step": 4, "prefill": False, **values})
        return build("SignalFramer", frames, [(I16, shape)], [(I16, [4, 8]), (np.bool_, [])])
    refused(of(frame_size=0), "frame_size")
    refused(of(frame_step=0), "frame_step")
    refused(of(frame_step=16, prefill=True), "prefill")
    refused(of((15,)), "15 samples", "multiple")
    refused(of((1,) * 7 + (16,)), "rank 9")


@pytest.mark.parametrize("channels,left,right,step", [(5, 2, 1, 1), (5, 0, 0, 1), (4, 1, 2, 3), (3, 3, 0, 2),
                                                      (2, 0, 3, 4)])
def test_stacker(channels, left, right, step):
    rng = np.random.default_rng(channels)
    count = channels * (left + right + 1)
    data = build("SignalStacker", options(num_channels=channels, stacker_left_context=left,
                                          stacker_right_context=right, stacker_step=step),
                 [(I16, [channels])], [(I16, [count]), (np.bool_, [])])
    ours, theirs = both(data, [[samples(rng, channels)] for _ in range(10)])
    assert any(bool(b[1]) for b in theirs)
    for a, b in zip(ours, theirs):
        assert bool(a[1]) == bool(b[1])
        np.testing.assert_array_equal(a[0], b[0] if b[1] else np.zeros(count))


def test_stacker_refused():
    def of(shape=(4,), **values):
        stack = options(**{"num_channels": 4, "stacker_left_context": 1, "stacker_right_context": 1,
                           "stacker_step": 1, **values})
        return build("SignalStacker", stack, [(I16, shape)], [(I16, [12]), (np.bool_, [])])
    refused(of(stacker_step=4), "stacker_step")
    refused(of(stacker_step=0), "stacker_step")
    refused(of(num_channels=5), "4 elements", "5")
    refused(of(stacker_left_context=-1), "stacker_left_context")
    refused(of((2, 2)), "1 dimensions")
    refused(of((2**23,), num_channels=2**23, stacker_left_context=300), "too large")


@pytest.mark.parametrize("kind", [I16, F32])
@pytest.mark.parametrize("shape,step", [([1, 8], 8), ([3, 8], 3), ([2, 4, 6], 5), ([1, 5], 1)])
def test_overlap_add(kind, shape, step):
    rng = np.random.default_rng(step)
    data = build("SignalOverlapAdd", options(T=T[kind], frame_step=step), [(kind, shape)],
                 [(kind, shape[:-2] + [shape[-2] * step])])
    feeds = [[samples(rng, shape) if kind == I16 else rng.normal(size=shape).astype(F32)] for _ in range(6)]
    check_equal(data, feeds)


def test_overlap_add_refused():
    def of(step, kind=I16, shape=(2, 8)):
        return build("SignalOverlapAdd", options(T=7, frame_step=step), [(kind, shape)], [(kind, [2 * step])])
    refused(of(9), "frame_step", "9")
    refused(of(0), "frame_step")
    refused(of(4, I32), "int32")
    refused(of(4, shape=(8,)), "dimensions")


# ---- channels --------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("start,end", [(0, 9), (2, 7), (4, 4)])
def test_energy(start, end):
    rng = np.random.default_rng(start)
    data = build("SignalEnergy", options(start_index=start, end_index=end), [(I16, [18])], [(U32, [9])])
    feeds = [[samples(rng, 18)] for _ in range(3)] + [[np.full(18, -32768, I16)]]
    ours, theirs = both(data, feeds)
    for a, b in zip(ours, theirs):
        np.testing.assert_array_equal(a[0][start:end], b[0][start:end])
        assert not a[0][:start].any() and not a[0][end:].any()


def test_energy_refused():
    refused(build("SignalEnergy", options(start_index=0, end_index=10), [(I16, [18])], [(U32, [9])]), "end_index")
    refused(build("SignalEnergy", options(start_index=5, end_index=4), [(I16, [18])], [(U32, [9])]), "start_index")
    refused(build("SignalEnergy", options(start_index=0, end_index=4), [(I16, [18])], [(I32, [9])]), "int32")


def bank(channels=3, starts=(0, 2, 4, 6), weight_starts=(0, 4, 8, 12), widths=(3, 4, 2, 4), unweights=16, seed=0):
    rng = np.random.default_rng(seed)
    return build("SignalFilterBank", options(num_channels=channels),
                 [(U32, [10]), samples(rng, 16), samples(rng, unweights), np.array(starts, I16),
                  np.array(weight_starts, I16), np.array(widths, I16)], [(U64, [channels])])


def test_filter_bank():
    rng = np.random.default_rng(0)
    check_equal(bank(), [[rng.integers(0, 2**32, 10).astype(U32)] for _ in range(4)])


def test_filter_bank_refused():
    refused(bank(starts=(0, 2, 4, 7)), "channel 3", "bins")
    refused(bank(starts=(0, -2, 4, 6)), "channel 1")
    refused(bank(weight_starts=(0, 4, 8, 13)), "channel 3", "weights")
    refused(bank(widths=(3, -4, 2, 4)), "channel 1")
    refused(bank(widths=(3, 4, 2)), "3 elements")
    refused(bank(channels=2), "4 elements", "3")
    refused(bank(channels=0), "num_channels")
    refused(bank(unweights=15), "[15]", "[16]")


@pytest.mark.parametrize("shift", [0, 1, 15, 31])
def test_square_root(shift):
    rng = np.random.default_rng(shift)
    data = build("SignalFilterBankSquareRoot", options(), [(U64, [12]), np.array(shift, I32)], [(U32, [12])])
    small = np.array([0, 1, 2, 3, 6, 7, 2**32 - 1, 2**32 - 2**16, 2**32, 2**32 + 1, 0xfffe0001, 0xffff0000], U64)
    large = np.array([2**64 - 1, 2**64 - 2**33, 2**63, 2**62 + 5, 0xfffffffe00000001, 10**18, 10**17, 10**16, 10**15,
                      12345678901234567, 2**48, 2**48 - 1], U64)
    feeds = [[small], [large]] + [[rng.integers(0, 2**bits, 12).astype(U64)] for bits in (8, 31, 33, 50, 62)]
    check_equal(data, feeds)


def test_square_root_of_wrong_shift():
    data = build("SignalFilterBankSquareRoot", options(), [(U64, [2]), (I32, [])], [(U32, [2])])
    with plait_c.Interpreter() as interpreter:
        model = interpreter.load(data, "root")
        interpreter.allocate()
        for shift in (-1, 32):
            with pytest.raises(plait_c.PlaitError, match="scale_bits"):
                model([np.ones(2, U64), np.array(shift, I32)])
    refused(build("SignalFilterBankSquareRoot", options(), [(U64, [2]), (I32, [1])], [(U32, [2])]), "dimensions")
    refused(build("SignalFilterBankSquareRoot", options(), [(U32, [2]), (I32, [])], [(U32, [2])]), "uint64")


SUBTRACTION = dict(alternate_one_minus_smoothing=15401, alternate_smoothing=983, clamping=False,
                   min_signal_remaining=819, num_channels=40, one_minus_smoothing=15975, smoothing=409,
                   smoothing_bits=10, spectral_subtraction_bits=14)


def subtraction(shape=(40,), **changes):
    return build("SignalFilterBankSpectralSubtraction", options(**{**SUBTRACTION, **changes}), [(U32, shape)],
                 [(U32, shape), (U32, shape)])


@pytest.mark.parametrize("changes", [{}, {"clamping": True}, {"smoothing_bits": 0}, {"smoothing": -5},
                                     {"spectral_subtraction_bits": 20, "min_signal_remaining": 2**30}])
def test_spectral_subtraction(changes):
    rng = np.random.default_rng(1)
    check_equal(subtraction(**changes), [[rng.integers(0, 2**bits, 40).astype(U32)] for bits in (8, 20, 5, 32, 12, 3)])


def test_spectral_subtraction_refused():
    refused(subtraction(num_channels=39), "40 elements", "39")
    refused(subtraction(smoothing_bits=32), "smoothing_bits")
    refused(subtraction(spectral_subtraction_bits=64), "spectral_subtraction_bits")
    refused(subtraction(smoothing=2**40), "smoothing")
    refused(subtraction(shape=(2, 20)), "dimensions")


@pytest.mark.parametrize("shift", [0, 6, 20, 63])
def test_gain_control(shift):
    rng = np.random.default_rng(shift)
    data = build("SignalPCAN", options(snr_shift=shift), [(U32, [32]), (U32, [32]), samples(rng, 125)], [(U32, [32])])
    feeds = [[rng.integers(0, 2**bits, 32).astype(U32), np.arange(32).astype(U32)] for bits in (4, 12, 32)]
    feeds += [[rng.integers(0, 2**16, 32).astype(U32), (rng.integers(2**31, 2**32, 32) >> np.arange(32)).astype(U32)]]
    check_equal(data, feeds)


def test_gain_control_refused():
    def of(gains=125, noise=8, shift=6):
        return build("SignalPCAN", options(snr_shift=shift), [(U32, [8]), (U32, [noise]), (I16, [gains])], [(U32, [8])])
    refused(of(gains=124), "124 gains", "125")
    refused(of(noise=7), "[7]", "[8]")
    refused(of(shift=64), "snr_shift")


@pytest.mark.parametrize("bits,scale", [(3, 64), (0, 1000), (31, 64), (0, -1)])
def test_log(bits, scale):
    rng = np.random.default_rng(bits)
    data = build("SignalFilterBankLog", options(input_correction_bits=bits, output_scale=scale), [(U32, [40])],
                 [(I16, [40])])
    feeds = [[rng.integers(0, 2**width, 40).astype(U32)] for width in (3, 8, 16, 17, 24, 32)]
    check_equal(data, feeds + [[np.arange(40).astype(U32)]])


def test_log_refused():
    refused(build("SignalFilterBankLog", options(input_correction_bits=32), [(U32, [4])], [(I16, [4])]),
            "input_correction_bits")
    refused(build("SignalFilterBankLog", options(), [(U32, [4])], [(I32, [4])]), "int32", "int16")
    refused(build("SignalFilterBankLog", options(), [(U32, [4]), (U32, [4])], [(I16, [4])]), "2 inputs")
