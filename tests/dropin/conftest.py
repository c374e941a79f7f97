# SPDX-License-Identifier: Apache-2.0
"""Modules of this folder are found by each other."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
