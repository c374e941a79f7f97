# SPDX-License-Identifier: Apache-2.0
"""RFFT2D and the custom operators AudioSpectrogram and Mfcc against LiteRT's reference kernels."""
import numpy as np
import pytest
from flatbuffers import flexbuffers

import compare
import oracle
import plait_c
import tiny

F32, I32, C64 = np.float32, np.int32, np.complex64


def check(data, feeds, relative=compare.RELATIVE):
    reference = oracle.open_reference(data)
    with plait_c.Interpreter() as interpreter:
        model = interpreter.load(data, "audio")
        interpreter.allocate()
        for arrays in feeds:
            ours, theirs = model(arrays)[0], oracle.invoke(reference, arrays)[0]
            if theirs.dtype == C64:
                ours, theirs = np.ascontiguousarray(ours).view(F32), np.ascontiguousarray(theirs).view(F32)
            wrong = compare.difference(ours, theirs, relative)
            assert not wrong, wrong


def refused(data, *words):
    with plait_c.Interpreter() as interpreter:
        with pytest.raises(plait_c.PlaitError) as error:
            interpreter.load(data, "audio")
            interpreter.allocate()
    for word in words:
        assert word in str(error.value)


# ---- RFFT2D ----------------------------------------------------------------------------------------------------------

def rfft2d(shape, lengths, constant=True, kind=F32, length_kind=I32):
    graph = tiny.Graph()
    signal = graph.tensor(kind, shape)
    given = graph.tensor(length_kind, [len(lengths)], data=lengths if constant else None)
    output = graph.tensor(C64, [*shape[:-2], lengths[0], lengths[-1] // 2 + 1])
    graph.op("RFFT2D", [signal, given], [output])
    return graph.build([signal] if constant else [signal, given], [output])


@pytest.mark.parametrize("shape", [(8, 8), (3, 5, 7), (1, 16), (2, 2, 1, 4), (64, 128)])
@pytest.mark.parametrize("lengths", [(1, 2), (2, 2), (1, 16), (8, 4), (16, 32), (128, 2)])
def test_rfft2d(shape, lengths):
    rng = np.random.default_rng(lengths[1])
    check(rfft2d(shape, lengths), [[rng.normal(size=shape).astype(F32)] for _ in range(2)])


def test_rfft2d_is_the_transform():
    rng = np.random.default_rng(0)
    signal = rng.normal(size=(4, 3, 6)).astype(F32)
    with plait_c.Interpreter() as interpreter:
        for lengths in ((8, 8), (2, 4), (1, 1), (4, 1)):
            model = interpreter.load(rfft2d(signal.shape, lengths), f"m{lengths[0]}-{lengths[1]}")
            interpreter.allocate()
            np.testing.assert_allclose(model([signal])[0], np.fft.rfft2(signal, lengths), atol=1e-4)


def test_rfft2d_of_late_lengths():
    rng = np.random.default_rng(0)
    feeds = [[rng.normal(size=(2, 6, 9)).astype(F32), np.array(lengths, I32)] for lengths in ((4, 8), (2, 2), (16, 16))]
    check(rfft2d((2, 6, 9), (4, 8), constant=False), feeds)


def test_rfft2d_refused():
    refused(rfft2d((8, 8), (3, 8)), "3", "power of two")
    refused(rfft2d((8, 8), (4, 0)), "power of two")
    with plait_c.Interpreter() as interpreter:
        model = interpreter.load(rfft2d((8, 8), (4, 4), constant=False), "audio")
        interpreter.allocate()
        with pytest.raises(plait_c.PlaitError, match="power of two"):
            model([np.zeros((8, 8), F32), np.array([4, -4], I32)])
    refused(rfft2d((8, 8), (4, 4, 4)), "input 1", "3 elements")
    refused(rfft2d((8, 8), (4, 4), kind=I32), "input 0", "int32")
    refused(rfft2d((8, 8), (4, 4), length_kind=np.int64), "input 1", "int64")
    refused(rfft2d((8,), (4, 4)), "dimensions")


# ---- AudioSpectrogram, Mfcc ------------------------------------------------------------------------------------------

def spectrogram(samples, channels, custom=None, kind=F32, **values):
    settings = {"window_size": 480, "stride": 160, "magnitude_squared": True, **values}
    graph = tiny.Graph()
    sound = graph.tensor(kind, [samples, channels])
    output = graph.tensor(F32, [channels, 1, 1])
    graph.custom("AudioSpectrogram", [sound], [output],
                 bytes(flexbuffers.Dumps(settings)) if custom is None else custom)
    return graph.build([sound], [output])


@pytest.mark.parametrize("samples,channels,size,stride", [(1600, 1, 480, 160), (1000, 2, 256, 100), (64, 3, 2, 1),
                                                          (100, 1, 100, 7), (50, 1, 64, 8), (500, 1, 33, 90)])
@pytest.mark.parametrize("squared", [True, False])
def test_spectrogram(samples, channels, size, stride, squared):
    rng = np.random.default_rng(size)
    data = spectrogram(samples, channels, window_size=size, stride=stride, magnitude_squared=squared)
    check(data, [[rng.uniform(-1, 1, (samples, channels)).astype(F32)] for _ in range(2)])


def test_spectrogram_refused():
    refused(spectrogram(100, 1, window_size=1), "window_size")
    refused(spectrogram(100, 1, stride=0), "stride")
    refused(spectrogram(100, 1, custom=b"abc"), "FlexBuffer")
    refused(spectrogram(100, 1, kind=np.int16), "int16")


def mfcc(bins, frames=3, channels=1, rate=16000, constant=True, **values):
    settings = {"upper_frequency_limit": 4000, "lower_frequency_limit": 20, "filterbank_channel_count": 40,
                "dct_coefficient_count": 13, **values}
    graph = tiny.Graph()
    spectrum = graph.tensor(F32, [channels, frames, bins])
    given = graph.tensor(I32, [1], data=[rate] if constant else None)
    output = graph.tensor(F32, [channels, frames, settings["dct_coefficient_count"]])
    graph.custom("Mfcc", [spectrum, given], [output], bytes(flexbuffers.Dumps(settings)))
    return graph.build([spectrum] if constant else [spectrum, given], [output])


@pytest.mark.parametrize("bins,channels,values", [
    (257, 1, {}), (513, 2, {"upper_frequency_limit": 7000, "dct_coefficient_count": 40}),
    (129, 1, {"filterbank_channel_count": 10, "dct_coefficient_count": 10}), (257, 1, {"lower_frequency_limit": 0}),
    (33, 1, {}), (257, 1, {"upper_frequency_limit": 9000}), (257, 1, {"upper_frequency_limit": 4000.7}),
    (257, 1, {"lower_frequency_limit": 3990})])
def test_mfcc(bins, channels, values):
    rng = np.random.default_rng(bins)
    feeds = [[rng.uniform(0, scale, (channels, 3, bins)).astype(F32)] for scale in (1, 1e4)]
    check(mfcc(bins, channels=channels, **values), feeds + [[np.zeros((channels, 3, bins), F32)]])


def test_mfcc_of_late_rate():
    rng = np.random.default_rng(0)
    spectrum = rng.uniform(0, 9, (1, 3, 257)).astype(F32)
    check(mfcc(257, constant=False), [[spectrum, np.array([rate], I32)] for rate in (16000, 8000, 44100)])


def test_mfcc_refused():
    refused(mfcc(257, rate=0), "rate")
    refused(mfcc(1), "1 bins")
    refused(mfcc(257, upper_frequency_limit=20), "upper_frequency_limit")
    refused(mfcc(257, dct_coefficient_count=41), "dct_coefficient_count")
    refused(mfcc(257, filterbank_channel_count=0), "filterbank_channel_count")
    refused(mfcc(257, lower_frequency_limit=-1), "lower_frequency_limit")
