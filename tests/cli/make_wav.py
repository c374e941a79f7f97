# SPDX-License-Identifier: Apache-2.0
"""Writes a .wav file of 16 bits and 8000 samples a second: make_wav.py CHANNELS SAMPLES."""
import io
import struct
import sys
import wave

channels, count = int(sys.argv[1]), int(sys.argv[2])
file = io.BytesIO()
with wave.open(file, "wb") as out:
    out.setnchannels(channels)
    out.setsampwidth(2)
    out.setframerate(8000)
    out.writeframes(b"".join(struct.pack("<h", (i * 997) % 65536 - 32768) for i in range(count * channels)))
sys.stdout.buffer.write(file.getvalue())
