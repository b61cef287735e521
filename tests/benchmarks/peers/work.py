"""What a network has to do, counted in one place: multiply-adds of convolutions and linear layers, and memory traffic.

Traffic: what is left when everything elementwise is fused with a convolution beside it. Per convolution or linear layer
with input x and output y, in elements:
    forward    x + y
    backward   2 y's gradient (for dx and for dw) + 2 x (for dw, and for its ReLU or batch norm) + dx
a pooling: x + y forward, dx + dy backward; AdamW 28 bytes a parameter. DenseNet's convolutions read and write channels
of one buffer a block (no concatenation): backward, the 1x1 adds to its input's gradient, and batch norm takes three
more passes over the maps around the 3x3. Its transitions take their mean of 2x2 before their convolution.
"""
import torch
from torch import nn

from networks import make_network


def layer_work(name, module, x, y):
    """Multiply-adds, elements forward, elements backward of one layer with x elements in and y out."""
    if isinstance(module, (nn.MaxPool2d, nn.AvgPool2d)):
        return 0, x + y, x + y
    multiply_adds, forward, backward = y * module.weight[0].numel(), x + y, 2 * y + 3 * x
    if name.startswith("features.transition"):  # the mean of 2x2 comes first, which changes no number
        return multiply_adds // 4, forward // 4, backward // 4
    if name.startswith("features.denseblock"):
        backward += x if name.endswith("conv1") else 3 * (x + y)
    return multiply_adds, forward, backward


def work_of(model, size):
    """One image: multiply-adds, elements moved forward and backward; and the parameters."""
    layers = []
    network = make_network(model).eval()
    for name, module in network.named_modules():
        if isinstance(module, (nn.Conv2d, nn.Linear, nn.MaxPool2d, nn.AvgPool2d)):
            module.register_forward_hook(lambda layer, inputs, output, name=name: layers.append(
                layer_work(name, layer, inputs[0].numel(), output.numel())))
    with torch.no_grad():
        network(torch.zeros(1, 3, size, size))
    multiply_adds, forward, backward = (sum(column) for column in zip(*layers))
    return {"multiply_adds": multiply_adds, "forward": forward, "backward": backward,
            "parameters": sum(p.numel() for p in network.parameters())}
