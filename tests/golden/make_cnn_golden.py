#!/usr/bin/env python3
"""Writes cnn.safetensors and cnn-2019.safetensors beside itself: what PyTorch computes for the networks of models/.

    /usr/bin/python3 tests/golden/make_cnn_golden.py          (Debian 12: python3-torch 1.13)

Weights, input and labels come from a formula (golden_value) that tests/models/golden_test.cpp computes too, so the files
hold results only. For each precision f64 and f32:

    logits       {batch, 6}, training mode, before any step
    losses       {11}: the weighted loss before each of ten SGD steps, and after the last
    evaluation   {batch, 6}: logits in evaluation mode after the ten steps (running statistics included)
and in f64, before any step,
    gradient/PATH {up to 256 + 2}: samples at even distances in the order {out, kernel_h, kernel_w, in}, then the norm, and
                  the scalar product with the formula's numbers, which no wrong element leaves as it is
    buffer/PATH   running statistics after the ten steps
"""
import json
import os
import struct

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

SAMPLES = 256
LEARNING_RATE = 0.05
LABEL_WEIGHTS = [2 / 7, 1 / 7, 1 / 7, 1 / 7, 1 / 7, 1 / 7]


def golden_value(tensor, count):
    """`count` numbers in [-1, 1) of tensor number `tensor`: a 32-bit integer hash of (tensor, index)."""
    u = np.arange(count, dtype=np.uint32) * np.uint32(2654435761) + np.uint32(tensor * 40503 % 2**32)
    u ^= u >> np.uint32(15)
    u *= np.uint32(2246822519)
    u ^= u >> np.uint32(13)
    u *= np.uint32(3266489917)
    u ^= u >> np.uint32(16)
    return u.astype(np.float64) / 2.0**31 - 1.0


class Cnn2019(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 96, 2)
        self.conv2 = nn.Conv2d(96, 96, 2)
        self.conv3 = nn.Conv2d(96, 96, 2)
        self.conv4 = nn.Conv2d(96, 96, 2)
        self.classifier = nn.Linear(96, 6)

    def forward(self, x):
        x = F.relu(self.conv3(F.relu(self.conv2(F.relu(self.conv1(x))))))
        x = F.max_pool2d(x, 2, ceil_mode=True)  # "same": the last row and column stand alone if the size is odd
        x = F.relu(self.conv4(x))
        return self.classifier(x.mean((2, 3)))


class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.norm1 = nn.BatchNorm2d(width)
        self.conv1 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)

    def forward(self, x):
        return x + self.conv2(F.relu(self.norm2(self.conv1(F.relu(self.norm1(x))))))


class Stage(nn.Module):
    def __init__(self, width_in, width):
        super().__init__()
        self.norm = nn.BatchNorm2d(width_in)
        self.down = nn.Conv2d(width_in, width, 3, stride=2, padding=1, bias=False)
        self.block = Block(width)

    def forward(self, x):
        return self.block(self.down(F.relu(self.norm(x))))


class Cnn(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 32, 3, stride=2, padding=1, bias=False)
        self.stage1 = Stage(32, 48)
        self.stage2 = Stage(48, 96)
        self.stage3 = Stage(96, 192)
        self.norm = nn.BatchNorm2d(192)
        self.classifier = nn.Linear(2 * 192, 6)

    def forward(self, x):
        x = F.relu(self.norm(self.stage3(self.stage2(self.stage1(self.stem(x))))))
        return self.classifier(torch.cat([x.mean((2, 3)), x.amax((2, 3))], 1))


def to_channels_last(array):
    """OIHW -> O, kernel_h, kernel_w, I; other ranks stay."""
    return np.transpose(array, (0, 2, 3, 1)) if array.ndim == 4 else array


def set_parameters(network):
    for number, (name, parameter) in enumerate(network.named_parameters()):
        shape = to_channels_last(parameter.detach().numpy()).shape
        value = golden_value(number, parameter.numel()).reshape(shape)
        if len(shape) > 1:  # He's uniform bound
            value = value * np.sqrt(6.0 / np.prod(shape[1:]))
        else:  # biases near 0, the scales of batch norm near 1
            value = 0.1 * value + (1.0 if "norm" in name and name.endswith("weight") else 0.0)
        if value.ndim == 4:
            value = np.transpose(value, (0, 3, 1, 2))
        with torch.no_grad():
            parameter.copy_(torch.from_numpy(np.ascontiguousarray(value)))


def weighted_loss(logits, labels):
    weights = torch.tensor(LABEL_WEIGHTS, dtype=logits.dtype)
    return (F.binary_cross_entropy_with_logits(logits, labels, reduction="none").mean(0) * weights).sum()


def run(make, shape, dtype):
    """The results of one precision by name. shape: n, h, w, c of the input."""
    network = make().to(torch.float64)
    set_parameters(network)
    network.to(dtype).train()
    x = np.transpose(golden_value(1000, np.prod(shape)).reshape(shape), (0, 3, 1, 2))
    x = torch.from_numpy(np.ascontiguousarray(x)).to(dtype)
    labels = torch.from_numpy((golden_value(1001, shape[0] * 6) > 0).reshape(shape[0], 6)).to(dtype)
    results, losses = {}, []
    for step in range(11):
        network.zero_grad()
        logits = network(x)
        loss = weighted_loss(logits, labels)
        losses.append(loss.item())
        if step == 10:
            break
        loss.backward()
        if step == 0:
            results["logits"] = logits.detach().numpy()
            if dtype == torch.float64:
                for number, (name, parameter) in enumerate(network.named_parameters()):
                    gradient = to_channels_last(parameter.grad.numpy()).reshape(-1)
                    stride = -(-gradient.size // SAMPLES)
                    product = gradient @ golden_value(2000 + number, gradient.size)
                    sums = [np.linalg.norm(gradient), product]
                    results["gradient/" + name] = np.concatenate([gradient[::stride], sums])
        with torch.no_grad():
            for parameter in network.parameters():
                parameter -= LEARNING_RATE * parameter.grad
        if step == 9 and dtype == torch.float64:  # the eleventh forward pass would move them once more
            for name, value in network.named_buffers():
                if not name.endswith("num_batches_tracked"):
                    results["buffer/" + name] = value.detach().numpy().copy()
        if step == 9:
            with torch.no_grad():
                results["evaluation"] = network.eval()(x).numpy()
            network.train()
    results["losses"] = np.array(losses)
    return results


def write_safetensors(path, tensors, metadata):
    names = {np.dtype(np.float64): "F64", np.dtype(np.float32): "F32"}
    header, data = {"__metadata__": metadata}, b""
    for name, value in sorted(tensors.items(), key=lambda item: (-item[1].dtype.itemsize, item[0])):
        raw = np.ascontiguousarray(value).tobytes()
        header[name] = {"dtype": names[value.dtype], "shape": list(value.shape),
                        "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


def main():
    torch.set_num_threads(1)
    folder = os.path.dirname(os.path.abspath(__file__))
    for name, make, shape in [("cnn-2019", Cnn2019, (3, 9, 12, 3)), ("cnn", Cnn, (4, 38, 45, 3))]:
        tensors = {}
        for precision, dtype in [("f64", torch.float64), ("f32", torch.float32)]:
            for key, value in run(make, shape, dtype).items():
                tensors[precision + "/" + key] = value
        metadata = {"input": " ".join(map(str, shape)), "learning_rate": str(LEARNING_RATE), "torch": torch.__version__}
        write_safetensors(os.path.join(folder, name + ".safetensors"), tensors, metadata)
        f64, f32 = tensors["f64/losses"], tensors["f32/losses"]
        print(name, "losses", f64, "f32 differs by", np.abs(f64 - f32).max())


if __name__ == "__main__":
    main()
