"""What every make_*_golden.py here shares: PyTorch trains a network for ten steps, the results become a small file.

Weights, input and labels come from a formula (golden_value) that tests/models/golden_run.cpp computes too, so the files
hold results only. In f64:

    logits             {batch, 6}, training mode, before any step
    gradient/PATH      summary of a gradient before any step
    OPTIMIZER/losses   {11}: the weighted loss before each of ten steps of sgd or adamw, and after the last
    OPTIMIZER/parameter/PATH, OPTIMIZER/buffer/PATH
                       summaries of parameters and running statistics after the ten steps
    OPTIMIZER/evaluation
                       {batch, 6}: logits in evaluation mode after the ten steps
and in f32 logits, sgd/losses and sgd/evaluation.

A summary is up to 64 samples at even distances in the order {out, kernel_h, kernel_w, in}, then the norm, and the scalar
product with the formula's numbers, which no wrong element leaves as it is.
"""
import json
import os
import struct

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

SAMPLES = 64
STEPS = 10
LABELS = 6
LABEL_WEIGHTS = [2 / 7, 1 / 7, 1 / 7, 1 / 7, 1 / 7, 1 / 7]
FOLDER = os.path.dirname(os.path.abspath(__file__))


def golden_value(tensor, count):
    """`count` numbers in [-1, 1) of tensor number `tensor`: a 32-bit integer hash of (tensor, index)."""
    u = np.arange(count, dtype=np.uint32) * np.uint32(2654435761) + np.uint32(tensor * 40503 % 2**32)
    u ^= u >> np.uint32(15)
    u *= np.uint32(2246822519)
    u ^= u >> np.uint32(13)
    u *= np.uint32(3266489917)
    u ^= u >> np.uint32(16)
    return u.astype(np.float64) / 2.0**31 - 1.0


def to_channels_last(array):
    """OIHW -> O, kernel_h, kernel_w, I; other ranks stay."""
    return np.transpose(array, (0, 2, 3, 1)) if array.ndim == 4 else array


def summary_of(tensor, number):
    """number: the parameter's, or the buffer's."""
    values = to_channels_last(tensor.detach().numpy()).reshape(-1)
    stride = -(-values.size // SAMPLES)
    product = values @ golden_value(2000 + number, values.size)
    return np.concatenate([values[::stride], [np.linalg.norm(values), product]])


def buffers_of(network):
    """Running means and variances, in order."""
    return [(name, value) for name, value in network.named_buffers() if not name.endswith("num_batches_tracked")]


def set_parameters(network):
    scales = {name + ".weight" for name, module in network.named_modules() if isinstance(module, nn.BatchNorm2d)}
    for number, (name, parameter) in enumerate(network.named_parameters()):
        shape = to_channels_last(parameter.detach().numpy()).shape
        value = golden_value(number, parameter.numel()).reshape(shape)
        if len(shape) > 1:  # He's uniform bound
            value = value * np.sqrt(6.0 / np.prod(shape[1:]))
        else:  # biases near 0, the scales of batch norm near 1
            value = 0.1 * value + (1.0 if name in scales else 0.0)
        if value.ndim == 4:
            value = np.transpose(value, (0, 3, 1, 2))
        with torch.no_grad():
            parameter.copy_(torch.from_numpy(np.ascontiguousarray(value)))


def batch_of(shape, dtype):
    """Input {n, c, h, w} and labels {n, 6}; shape: n, h, w, c."""
    x = np.transpose(golden_value(1000, np.prod(shape)).reshape(shape), (0, 3, 1, 2))
    labels = (golden_value(1001, shape[0] * LABELS) > 0).reshape(shape[0], LABELS)
    return torch.from_numpy(np.ascontiguousarray(x)).to(dtype), torch.from_numpy(labels).to(dtype)


def fnv1a(text):
    value = 0xCBF29CE484222325
    for byte in text.encode():
        value = (value ^ byte) * 0x100000001B3 % 2**64
    return value


def describe(network):
    """"TENSORS HASH": how many tensors there are (num_batches_tracked left out), and the 64-bit FNV-1a hash of their
    sorted lines "name size size ...\\n"."""
    lines = [" ".join([name] + [str(size) for size in value.shape]) + "\n"
             for name, value in network.state_dict().items() if not name.endswith("num_batches_tracked")]
    return "%d %016x" % (len(lines), fnv1a("".join(sorted(lines))))


def weighted_loss(logits, labels):
    weights = torch.tensor(LABEL_WEIGHTS, dtype=logits.dtype)
    return (F.binary_cross_entropy_with_logits(logits, labels, reduction="none").mean(0) * weights).sum()


def optimizer_of(kind, network, rates):
    """Matrices and filters decay, vectors do not."""
    decay = {"sgd": 1e-4, "adamw": 0.1}[kind]
    groups = [{"params": [p for p in network.parameters() if p.ndim > 1], "weight_decay": decay},
              {"params": [p for p in network.parameters() if p.ndim == 1], "weight_decay": 0.0}]
    if kind == "sgd":
        return torch.optim.SGD(groups, lr=rates[kind], momentum=0.9)
    return torch.optim.AdamW(groups, lr=rates[kind], betas=(0.9, 0.999), eps=1e-8)


def train(make, shape, dtype, kind, rates):
    """The results of one precision and optimizer by name."""
    network = make().to(torch.float64)
    set_parameters(network)
    network.to(dtype).train()
    optimizer = optimizer_of(kind, network, rates)
    x, labels = batch_of(shape, dtype)
    results, losses = {}, []
    for step in range(STEPS):
        optimizer.zero_grad()
        logits = network(x)
        loss = weighted_loss(logits, labels)
        losses.append(loss.item())
        loss.backward()
        if step == 0:
            results["logits"] = logits.detach().numpy()
            for number, (name, parameter) in enumerate(network.named_parameters()):
                results["gradient/" + name] = summary_of(parameter.grad, number)
        optimizer.step()
    for number, (name, parameter) in enumerate(network.named_parameters()):
        results[kind + "/parameter/" + name] = summary_of(parameter, number)
    for number, (name, buffer) in enumerate(buffers_of(network)):
        results[kind + "/buffer/" + name] = summary_of(buffer, number)
    with torch.no_grad():
        results[kind + "/evaluation"] = network.eval()(x).numpy()
        losses.append(weighted_loss(network.train()(x), labels).item())
    results[kind + "/losses"] = np.array(losses)
    return results


def write_safetensors(path, tensors, metadata):
    names = {np.dtype(np.float64): "F64", np.dtype(np.float32): "F32", np.dtype(np.int64): "I64"}
    header, data, size = {"__metadata__": metadata}, [], 0
    for name, value in sorted(tensors.items(), key=lambda item: (-item[1].dtype.itemsize, item[0])):
        raw = np.ascontiguousarray(value).tobytes()
        header[name] = {"dtype": names[value.dtype], "shape": list(value.shape),
                        "data_offsets": [size, size + len(raw)]}
        data.append(raw)
        size += len(raw)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        file.writelines(data)


def make_golden(name, make, shape, rates):
    """Writes NAME.safetensors beside this file. make: a function without arguments that makes the network, with a ct
    head and without dropout; shape: n, h, w, c of the input; rates: the learning rates of "sgd" and "adamw"."""
    torch.set_num_threads(1)
    tensors = {}
    for kind in ["sgd", "adamw"]:
        for key, value in train(make, shape, torch.float64, kind, rates).items():
            tensors["f64/" + key] = value
    single = train(make, shape, torch.float32, "sgd", rates)
    for key in ["logits", "sgd/losses", "sgd/evaluation"]:
        tensors["f32/" + key] = single[key]
    metadata = {"input": " ".join(map(str, shape)), "torch": torch.__version__}
    metadata.update({kind + "_learning_rate": str(rate) for kind, rate in rates.items()})
    write_safetensors(os.path.join(FOLDER, name + ".safetensors"), tensors, metadata)
    sgd = tensors["f64/sgd/losses"]
    print(name, "sgd", sgd, "adamw", tensors["f64/adamw/losses"], "f32 differs by",
          np.abs(sgd - tensors["f32/sgd/losses"]).max())
