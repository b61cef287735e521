#!/usr/bin/env python3
"""Writes cnn.safetensors and cnn-2019.safetensors beside itself: what PyTorch computes for these networks of models/.

    /usr/bin/python3 tests/golden/make_cnn_golden.py          (Debian 12: python3-torch 1.13)

golden.py says what the files hold.
"""
import os
import sys

from golden import FOLDER, make_golden

sys.path.insert(0, os.path.join(FOLDER, "..", "benchmarks", "peers"))
from networks import Cnn, Cnn2019, without_dropout  # noqa: E402

if __name__ == "__main__":
    rates = {"sgd": 0.02, "adamw": 0.002}
    make_golden("cnn-2019", lambda: without_dropout(Cnn2019()), (3, 9, 12, 3), rates)
    make_golden("cnn", lambda: without_dropout(Cnn()), (4, 38, 45, 3), rates)
