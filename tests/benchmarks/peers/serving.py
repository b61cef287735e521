"""A worker's side: options that all workers take, measuring when told to, memory.

A worker is a process of its own that makes one network ready and says so in a line of JSON. Then it reads lines
"measure SECONDS FEWEST" (steps) from standard input and answers each by one line of JSON; it ends with its input.
"""
import argparse
import json
import sys

import numpy as np

from steps import measure


def parser(description):
    result = argparse.ArgumentParser(description=description)
    for name in ["model", "what"]:
        result.add_argument("--" + name, required=True)
    for name in ["batch", "size"]:
        result.add_argument("--" + name, type=int, required=True)
    result.add_argument("--precision", default="f32")
    result.add_argument("--device", default="cpu")
    result.add_argument("--threads", type=int, default=0, help="0: as many as the program likes")
    result.add_argument("--instructions", default="all", choices=["all", "avx2"])
    result.add_argument("--reference", help="a file of reference.py: what the answers must be")
    result.add_argument("--onnx", help="another: the network for this batch")
    return result


def warm_ups(device):
    """Steps after the first, which is compared, that count for nothing: as many as falx bench has."""
    return 1 if device == "cpu" else 4


def answer(**values):
    print(json.dumps(values), flush=True)


def reference_images(path):
    """The pictures {n, 3, size, size} of a file of reference.py."""
    with np.load(path) as file:
        return file["images"]


def images_and_logits(path, batch):
    """Those pictures, repeated to fill the batch, and their logits."""
    with np.load(path) as file:
        images, logits = file["images"], file["logits"]
    which = np.arange(batch) % len(images)
    return np.ascontiguousarray(images[which]), logits[which]


def difference(actual, expected):
    """Largest difference over the largest number."""
    actual, expected = np.asarray(actual, np.float64), np.asarray(expected, np.float64)
    return float(np.abs(actual - expected).max() / np.abs(expected).max())


def forget_peak_memory():
    """What making ready took is no part of the peak."""
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")


def _status_bytes(name):
    with open("/proc/self/status") as file:
        return next(1024 * int(line.split()[1]) for line in file if line.startswith(name))


def resident_bytes():
    return _status_bytes("VmRSS")


def resident_peak_bytes():
    return _status_bytes("VmHWM")


def serve(step, wait=lambda: None, peak_bytes=resident_peak_bytes, batches_a_step=1):
    """Until the input ends."""
    for line in sys.stdin:
        _, seconds, fewest = line.split()
        times = measure(step, float(seconds), wait, int(fewest))
        answer(milliseconds=[one / batches_a_step for one in times], peak_bytes=peak_bytes())

