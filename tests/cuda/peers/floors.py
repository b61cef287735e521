"""The least time that a step can take: the longer of its arithmetic at the device's best rate and its memory traffic.

Arithmetic: two operations a multiply-add of convolutions and linear layers; a training step costs three forward passes
(forward, gradient of the input, gradient of the weights).

Traffic: what is left when everything elementwise is fused with a convolution beside it. Per convolution or linear layer
with input x and output y, in elements:
    forward    x + y
    backward   2 y's gradient (for dx and for dw) + 2 x (for dw, and for its ReLU or batch norm) + dx
a pooling: x + y forward, dx + dy backward; AdamW 28 bytes a parameter. DenseNet's convolutions read and write channels of
one buffer a block (no concatenation): backward, the 1x1 adds to its input's gradient, and batch norm takes three more
passes over the maps around the 3x3. Its transitions take their mean of 2x2 before their convolution.
"""
import torch
from torch import nn

from networks import make_network

# Operations a second by precision, bytes a second. bf16 and memory: measured (a product of large matrices, a copy);
# f32 without tensor cores: the data sheet.
DEVICES = {"H200": ({"bf16": 790e12, "f32": 67e12}, 4.3e12)}
ADAMW_BYTES = 28
BYTES = {"f32": 4, "bf16": 2}


def device_rates(name):
    """(operations by precision, bytes) a second; None for a device that nobody has measured."""
    return next((rates for key, rates in DEVICES.items() if key in name), None)


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


def floor_milliseconds(model, what, precision, batch, size, device_name):
    """None where the device's rates are unknown."""
    rates = device_rates(device_name)
    if rates is None:
        return None
    operations, bandwidth = rates
    work = work_of(model, size)
    training = what == "train"
    arithmetic = 2 * batch * work["multiply_adds"] * (3 if training else 1) / operations[precision]
    moved = batch * BYTES[precision] * (work["forward"] + (work["backward"] if training else 0))
    if training:
        moved += ADAMW_BYTES * work["parameters"]
    return 1000 * max(arithmetic, moved / bandwidth)
