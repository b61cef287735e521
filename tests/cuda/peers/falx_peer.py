"""Falx's side of the benchmark: the program's own measurements, and its answers for a network that PyTorch made."""
import csv
import hashlib
import json
import os
import struct
import subprocess
import sys
import tempfile
import zlib

import numpy as np
import torch

from networks import make_network

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "golden"))
from golden import write_safetensors  # noqa: E402

LABEL_NAMES = ["any", "epidural", "intraparenchymal", "intraventricular", "subarachnoid", "subdural"]
# Largest difference of logits over the largest logit; f32 sums in another order, bf16 keeps 8 bits.
AGREEMENT = {"f32": 1e-3, "bf16": 0.1}


def run(command, timeout):
    result = subprocess.run(command, capture_output=True, text=True, timeout=timeout)
    if result.returncode != 0:
        words = result.stderr.strip().splitlines() or ["ended with %d" % result.returncode]
        raise RuntimeError(words[-1])
    return result.stdout


def bench(falx, model, what, precision, device, batch, size, seconds, extra, timeout):
    """The JSON object that falx bench prints; extra: more options."""
    command = [falx, "bench", "--model", model, "--what", what, "--precision", precision, "--device", device,
               "--batch", str(batch), "--size", str(size), "--seconds", str(seconds), "--json"] + extra
    return json.loads(run(command, timeout).strip().splitlines()[-1])


def write_png(path, picture):
    """picture: u8 {rows, columns, 3}."""
    rows, columns, _ = picture.shape

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    lines = np.concatenate([np.zeros((rows, 1), np.uint8), picture.reshape(rows, -1)], 1)  # 0: no filter
    with open(path, "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", columns, rows, 8, 2, 0, 0, 0)) +
                   chunk(b"IDAT", zlib.compress(lines.tobytes())) + chunk(b"IEND", b""))


def write_model(path, model, size, network):
    """A model file of falx: weights, and the description that it keeps beside them."""
    tensors = {name: value.numpy().astype(np.float32) for name, value in network.state_dict().items()
               if not name.endswith("num_batches_tracked")}
    digest = hashlib.sha256()
    for name in sorted(tensors):
        digest.update(np.ascontiguousarray(tensors[name]).tobytes())
    by_label = {label: 0.5 for label in LABEL_NAMES}
    description = {
        "format_version": "1.0", "architecture": model, "labels": LABEL_NAMES,
        "preprocessing": {"images": "pictures", "input": "windows", "size": size, "channels": 3,
                          "windows": [[127.5, 255.0]], "mean": [], "deviation": [], "field_of_view": "matrix",
                          "spacing": "aspect"},
        "class_prior": by_label, "data_hash": "", "split_hash": "", "split_by_patient": True, "seed": 1, "epoch": 0,
        "validation": {"loss": 1.0, "weighted_log_loss": 1.0, "auc": by_label}, "program_version": "0",
        "weight_hash": digest.hexdigest()}
    write_safetensors(path, tensors, {"falx": json.dumps(description)})


def disagreement(falx, model, precision, device, size, timeout, pictures=3):
    """How far falx's logits of a few pictures lie from PyTorch's in f32 on the CPU, over the largest of them."""
    network = make_network(model)
    images = np.random.default_rng(1).integers(0, 256, (pictures, size, size, 3), np.uint8)
    x = torch.from_numpy(images.astype(np.float32) / 255).permute(0, 3, 1, 2)
    with torch.no_grad():
        network.train()(x)  # moves the running statistics from where they begin
        expected = network.eval()(x).numpy()
    with tempfile.TemporaryDirectory() as folder:
        inputs, out = os.path.join(folder, "pictures"), os.path.join(folder, "out")
        os.mkdir(inputs)
        for i, image in enumerate(images):
            write_png(os.path.join(inputs, "%d.png" % i), image)
        weights = os.path.join(folder, "model.safetensors")
        write_model(weights, model, size, network)
        command = [falx, "predict", "--model", weights, "--input", inputs, "--out", out, "--quiet"]
        if device != "cpu":
            command += ["--device", device, "--precision", precision]
        run(command, timeout)
        with open(os.path.join(out, "predictions.csv"), newline="") as file:
            rows = {os.path.basename(row["file"]): row for row in csv.DictReader(file)}
    actual = np.array([[float(rows["%d.png" % i]["logit_" + label]) for label in LABEL_NAMES]
                       for i in range(pictures)])
    return float(np.abs(actual - expected).max() / np.abs(expected).max())
