#!/usr/bin/env python3
"""Writes thin-densenet.safetensors (see golden.py) and densenets.safetensors beside itself.

    /usr/bin/python3 tests/golden/make_densenet_golden.py     (Debian 12: python3-torch 1.13, python3-torchvision 0.14)

densenets.safetensors is about the networks at full size with the imagenet head, made of the formula's weights:

    NAME/logits      {2, 1000} f64, training mode, of a batch of 64 x 64 pixels
    NAME/evaluation  {2, 1000} f64, then in evaluation mode: with the running statistics that this one batch has moved
    metadata NAME    "TENSORS HASH" of torchvision's names and shapes: golden.py, describe
"""
import os

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F
from torchvision.models import densenet, densenet121, densenet169, densenet201

from golden import FOLDER, batch_of, describe, make_golden, set_parameters, write_safetensors


class ThinDenseNet(nn.Module):
    """torchvision's DenseNet under Falx's name for the ct head."""

    def __init__(self):
        super().__init__()
        network = densenet.DenseNet(growth_rate=4, block_config=(2, 3, 2), num_init_features=8, num_classes=6)
        self.features = network.features
        self.head = network.classifier

    def forward(self, x):
        return self.head(F.relu(self.features(x)).mean((2, 3)))


def make_full_size(path):
    tensors, shape = {}, (2, 64, 64, 3)
    metadata = {"input": " ".join(map(str, shape)), "torch": torch.__version__}
    x, _ = batch_of(shape, torch.float64)
    for name, make in [("densenet121", densenet121), ("densenet169", densenet169), ("densenet201", densenet201)]:
        network = make().to(torch.float64)
        set_parameters(network)
        metadata[name] = describe(network)
        with torch.no_grad():
            tensors[name + "/logits"] = network.train()(x).numpy()
            tensors[name + "/evaluation"] = network.eval()(x).numpy()
        print(name, metadata[name], "logits up to", np.abs(tensors[name + "/logits"]).max(), "in evaluation",
              np.abs(tensors[name + "/evaluation"]).max())
    write_safetensors(path, tensors, metadata)


if __name__ == "__main__":
    make_golden("thin-densenet", ThinDenseNet, (4, 54, 61, 3), {"sgd": 0.02, "adamw": 0.002})
    make_full_size(os.path.join(FOLDER, "densenets.safetensors"))
