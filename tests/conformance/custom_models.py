# SPDX-License-Identifier: Apache-2.0
"""A model of each custom operator alone, as their tests make them: {operator: bytes}."""
import numpy as np

from test_audio import mfcc, spectrogram
from test_custom import rotation, verify
from test_detection import detector
from test_signal import F32, I16, I32, U32, U64, bank, build, options, subtraction

FLAG = (np.bool_, [])
WEIGHTS = np.arange(8, dtype=I16)


def all_models():
    return {
        "AudioSpectrogram": spectrogram(1000, 1), "Mfcc": mfcc(257), "TFLite_Detection_PostProcess": detector(),
        "aeq.hadamard_rotation": rotation((2, 24), 8), "NumericVerify": verify(np.int8, 5.0, False),
        "SignalRfft": build("SignalRfft", options(T=0, fft_length=8), [(F32, [2, 8])], [(F32, [2, 10])]),
        "SignalIrfft": build("SignalIrfft", options(T=0, fft_length=8), [(F32, [2, 10])], [(F32, [2, 8])]),
        "SignalFftAutoScale": build("SignalFftAutoScale", options(), [(I16, [7])], [(I16, [7]), (I32, [])]),
        "SignalWindow": build("SignalWindow", options(shift=3), [(I16, [2, 8]), WEIGHTS], [(I16, [2, 8])]),
        "SignalDelay": build("SignalDelay", options(delay_length=3), [(I16, [2, 8])], [(I16, [2, 8])]),
        "SignalFramer": build("SignalFramer", options(frame_size=12, frame_step=4, prefill=False), [(I16, [8])],
                              [(I16, [2, 12]), FLAG]),
        "SignalStacker": build("SignalStacker", options(num_channels=4, stacker_left_context=1, stacker_right_context=1,
                                                        stacker_step=1), [(I16, [4])], [(I16, [12]), FLAG]),
        "SignalOverlapAdd": build("SignalOverlapAdd", options(T=7, frame_step=4), [(I16, [2, 8])], [(I16, [8])]),
        "SignalEnergy": build("SignalEnergy", options(start_index=2, end_index=7), [(I16, [18])], [(U32, [9])]),
        "SignalFilterBank": bank(), "SignalFilterBankSpectralSubtraction": subtraction(),
        "SignalFilterBankSquareRoot": build("SignalFilterBankSquareRoot", options(), [(U64, [12]), np.array(3, I32)],
                                            [(U32, [12])]),
        "SignalPCAN": build("SignalPCAN", options(snr_shift=6), [(U32, [8]), (U32, [8]), np.arange(125, dtype=I16)],
                            [(U32, [8])]),
        "SignalFilterBankLog": build("SignalFilterBankLog", options(input_correction_bits=3, output_scale=64),
                                     [(U32, [40])], [(I16, [40])]),
    }
