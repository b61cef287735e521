#!/usr/bin/env python3
"""Writes thin-vgg.safetensors, thin-vgg-bn.safetensors, thin-vgg-top.safetensors and vggs.safetensors beside itself:
what torchvision computes for the networks that tests/models/vgg_golden_test.cpp makes too.

    /usr/bin/python3 tests/golden/make_vgg_golden.py     (Debian 12: python3-torch 1.13, python3-torchvision 0.14)

golden.py says what the first two hold. thin-vgg-top holds "logits" of the imagenet head, f64, in evaluation mode; each
tensor of its weights is golden_value(number) in PyTorch's own order, by He's uniform bound, rounded to f32. vggs is about
the networks at full size:

    NAME/logits      {2, 6} f64, ct head, training mode, of a batch of 2 x 64 x 64 pixels
    NAME/evaluation  {2, 6} f64, then in evaluation mode: with the running statistics that this one batch has moved
    metadata NAME    "TENSORS HASH" of the names and shapes with the imagenet head: golden.py, describe
"""
import os

import numpy as np
import torch
from torch import nn
from torchvision.models import vgg, vgg16, vgg16_bn

from golden import FOLDER, batch_of, describe, golden_value, make_golden, set_parameters, write_safetensors

THIN = [8, 8, "M", 12, "M", 16, 16, "M", 20, "M"]
THIN_WITH_TOP = [8, "M", 12, "M", 10, "M"]


class Vgg(nn.Module):
    """torchvision's features under the ct head."""

    def __init__(self, features, width):
        super().__init__()
        self.features = features
        self.head = nn.Linear(width, 6)

    def forward(self, x):
        return self.head(self.features(x).mean((2, 3)))


def make_thin(batch_norm):
    return Vgg(vgg.make_layers(THIN, batch_norm), 20)


class ThinVggWithTop(nn.Module):
    """torchvision's VGG for a last map of 2 x 3 instead of 7 x 7."""

    def __init__(self):
        super().__init__()
        self.features = vgg.make_layers(THIN_WITH_TOP)
        self.classifier = nn.Sequential(
            nn.Linear(10 * 2 * 3, 14), nn.ReLU(), nn.Dropout(0.5),
            nn.Linear(14, 14), nn.ReLU(), nn.Dropout(0.5),
            nn.Linear(14, 7))

    def forward(self, x):
        return self.classifier(torch.flatten(self.features(x), 1))


def make_top_golden():
    shape = (2, 17, 26, 3)
    network = ThinVggWithTop().to(torch.float64).eval()
    with torch.no_grad():
        for number, parameter in enumerate(network.parameters()):
            bound = np.sqrt(6.0 / parameter[0].numel()) if parameter.ndim > 1 else 0.1
            value = (golden_value(number, parameter.numel()) * bound).astype(np.float32)
            parameter.copy_(torch.from_numpy(value.astype(np.float64).reshape(parameter.shape)))
        logits = network(batch_of(shape, torch.float64)[0]).numpy()
    write_safetensors(os.path.join(FOLDER, "thin-vgg-top.safetensors"), {"logits": logits},
                      {"input": " ".join(map(str, shape)), "torch": torch.__version__})
    print("thin-vgg-top", logits)


def make_full_size():
    tensors, shape = {}, (2, 64, 64, 3)
    metadata = {"input": " ".join(map(str, shape)), "torch": torch.__version__}
    x, _ = batch_of(shape, torch.float64)
    for name, make in [("vgg16", vgg16), ("vgg16-bn", vgg16_bn)]:
        original = make()
        metadata[name] = describe(original)
        network = Vgg(original.features, 512).to(torch.float64)
        set_parameters(network)
        with torch.no_grad():
            tensors[name + "/logits"] = network.train()(x).numpy()
            tensors[name + "/evaluation"] = network.eval()(x).numpy()
        print(name, metadata[name], tensors[name + "/logits"])
    write_safetensors(os.path.join(FOLDER, "vggs.safetensors"), tensors, metadata)


if __name__ == "__main__":
    make_golden("thin-vgg", lambda: make_thin(False), (3, 34, 45, 3), {"sgd": 0.02, "adamw": 0.002})
    make_golden("thin-vgg-bn", lambda: make_thin(True), (3, 34, 45, 3), {"sgd": 0.02, "adamw": 0.002})
    make_top_golden()
    make_full_size()
