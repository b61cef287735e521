#!/usr/bin/env python3
"""Writes cnn.safetensors and cnn-2019.safetensors beside itself: what PyTorch computes for these networks of models/.

    /usr/bin/python3 tests/golden/make_cnn_golden.py          (Debian 12: python3-torch 1.13)

golden.py says what the files hold.
"""
import torch
from torch import nn
from torch.nn import functional as F

from golden import make_golden


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


if __name__ == "__main__":
    rates = {"sgd": 0.02, "adamw": 0.002}
    make_golden("cnn-2019", Cnn2019, (3, 9, 12, 3), rates)
    make_golden("cnn", Cnn, (4, 38, 45, 3), rates)
