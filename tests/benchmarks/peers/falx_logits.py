"""Falx's answers for a network that PyTorch made."""
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

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "golden"))
from golden import write_safetensors  # noqa: E402

LABEL_NAMES = ["any", "epidural", "intraparenchymal", "intraventricular", "subarachnoid", "subdural"]


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


def logits_of(falx, model, network, pictures, device, precision):
    """Falx's logits {n, 6} of u8 pictures {n, size, size, 3}, with the weights of a network of PyTorch."""
    with tempfile.TemporaryDirectory() as folder:
        inputs, out = os.path.join(folder, "pictures"), os.path.join(folder, "out")
        os.mkdir(inputs)
        for i, picture in enumerate(pictures):
            write_png(os.path.join(inputs, "%d.png" % i), picture)
        weights = os.path.join(folder, "model.safetensors")
        write_model(weights, model, pictures.shape[1], network)
        command = [falx, "predict", "--model", weights, "--input", inputs, "--out", out, "--quiet",
                   "--cache", "none"]  # pictures that nobody reads again
        if device != "cpu":
            command += ["--device", device, "--precision", precision]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        with open(os.path.join(out, "predictions.csv"), newline="") as file:
            rows = {os.path.basename(row["file"]): row for row in csv.DictReader(file)}
    return np.array([[float(rows["%d.png" % i]["logit_" + label]) for label in LABEL_NAMES]
                     for i in range(len(pictures))])
