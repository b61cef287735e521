#!/usr/bin/env python3
"""Writes weight files of full size, as large as public ones, with random numbers, and what PyTorch makes of them.

    /usr/bin/python3 tests/golden/make_full_size_weights.py FOLDER     (1.3 GB; Debian 12: python3-torchvision 0.14)
    FALX_TEST_WEIGHTS=FOLDER build/tests/tests/test_train --gtest_filter='*FullSizeWeights*'

NAME.safetensors has the whole state_dict, torchvision's names and layout; NAME-logits.npy the {2, 1000} f32 logits in
evaluation mode of the formula's batch (golden.py, batch_of) of 224 x 224 pixels.
"""
import os
import sys

import numpy as np
import torch
from torch import nn
from torchvision.models import densenet121, densenet169, densenet201, vgg16, vgg16_bn

from golden import batch_of, write_safetensors


def randomize(network):
    """PyTorch's own initial weights; and vectors, which it sets to zeros and ones, drawn too."""
    for module in network.modules():
        if isinstance(module, (nn.Conv2d, nn.Linear)) and module.bias is not None:
            nn.init.normal_(module.bias, std=0.1)
        if isinstance(module, nn.Linear):
            nn.init.kaiming_normal_(module.weight)
        if isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.bias, std=0.1)
            nn.init.normal_(module.running_mean, std=0.1)
            nn.init.uniform_(module.weight, 0.8, 1.2)
            nn.init.uniform_(module.running_var, 0.8, 1.2)


if __name__ == "__main__":
    folder = sys.argv[1]
    os.makedirs(folder, exist_ok=True)
    x, _ = batch_of((2, 224, 224, 3), torch.float32)
    for name, make in [("vgg16", vgg16), ("vgg16-bn", vgg16_bn), ("densenet121", densenet121),
                       ("densenet169", densenet169), ("densenet201", densenet201)]:
        torch.manual_seed(1)
        network = make()
        randomize(network)
        with torch.no_grad():
            logits = network.eval()(x).numpy()
        tensors = {key: value.numpy() for key, value in network.state_dict().items()}
        write_safetensors(os.path.join(folder, name + ".safetensors"), tensors, {"torch": torch.__version__})
        np.save(os.path.join(folder, name + "-logits.npy"), logits)
        print(name, "logits up to", np.abs(logits).max())
