# SPDX-License-Identifier: Apache-2.0
"""Writes a .npy file without NumPy: make_npy.py DESCR SHAPE FORTRAN_ORDER BYTES [VERSION]. The
elements are zeros; an empty shape makes BYTES the value of the one element instead."""
import struct
import sys

descr, shape, order, count = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
version = int(sys.argv[5]) if len(sys.argv) > 5 else 1
header = f"{{'descr': '{descr}', 'fortran_order': {order}, 'shape': {shape}, }}\n".encode()
length = struct.pack("<H" if version == 1 else "<I", len(header))
elements = struct.pack("<i", count) if shape == "()" else bytes(count)
sys.stdout.buffer.write(b"\x93NUMPY" + bytes([version, 0]) + length + header + elements)
