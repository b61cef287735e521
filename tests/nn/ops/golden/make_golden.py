"""Writes the reference values of this folder with PyTorch (made with 1.13, f64). Not needed to build or test.

    python3 tests/nn/ops/golden/make_golden.py
"""
import pathlib
import torch
import torch.nn.functional as F

HERE = pathlib.Path(__file__).parent
torch.set_default_dtype(torch.float64)
torch.manual_seed(7)


def nhwc(t):
    """The four extents and the values of a tensor, channels last; vectors are {1,1,1,c}."""
    if t.dim() == 4:
        t = t.permute(0, 2, 3, 1)
    elif t.dim() == 2:
        t = t[:, None, None, :]
    else:
        t = t.reshape(1, 1, 1, -1)
    return list(t.shape), t.detach().contiguous().flatten().tolist()


def write(name, tensors):
    with open(HERE / f"{name}.txt", "w") as file:
        file.write("# name n h w c values...; made by make_golden.py\n")
        for key, tensor in tensors.items():
            shape, values = nhwc(tensor)
            file.write(" ".join([key, *map(str, shape), *(repr(v) for v in values)]) + "\n")


def rounded(*shape):
    """Three digits, to keep the files small."""
    return (torch.randn(*shape) * 1000).round() / 1000


def leaf(*shape):
    return rounded(*shape).requires_grad_()


def batch_norm():
    x, gamma, beta = leaf(2, 5, 3, 4), leaf(5), leaf(5)
    mean, variance = torch.randn(5), torch.rand(5) + 0.5
    out = dict(x=x, gamma=gamma, beta=beta, running_mean_before=mean.clone(), running_variance_before=variance.clone())
    y = F.batch_norm(x, mean, variance, gamma, beta, training=True, momentum=0.1, eps=1e-5)
    dy = rounded(*y.shape)
    y.backward(dy)
    out |= dict(y=y, dy=dy, dx=x.grad, dgamma=gamma.grad, dbeta=beta.grad, running_mean=mean, running_variance=variance)
    out |= dict(y_inference=F.batch_norm(x, mean, variance, gamma, beta, training=False, eps=1e-5))
    write("batch_norm", out)


def pool():
    out = {}
    for name, size, function in [
        ("max_3x3_stride_2_padding_1", (2, 2, 7, 6), lambda x: F.max_pool2d(x, 3, 2, 1)),
        ("max_2x2_ceil", (2, 2, 5, 7), lambda x: F.max_pool2d(x, 2, 2, 0, ceil_mode=True)),
        ("max_3x2_stride_2x3_ceil_padding_1x0", (1, 2, 8, 9),
         lambda x: F.max_pool2d(x, (3, 2), (2, 3), (1, 0), ceil_mode=True)),
        ("average_3x3_stride_2_padding_1", (2, 2, 7, 6), lambda x: F.avg_pool2d(x, 3, 2, 1)),
        ("average_3x3_stride_2_padding_1_ceil", (2, 2, 6, 8), lambda x: F.avg_pool2d(x, 3, 2, 1, ceil_mode=True)),
        ("average_3x3_stride_2_padding_1_ceil_uncounted", (2, 2, 6, 8),
         lambda x: F.avg_pool2d(x, 3, 2, 1, ceil_mode=True, count_include_pad=False)),
    ]:
        x = leaf(*size)
        y = function(x)
        dy = rounded(*y.shape)
        y.backward(dy)
        out |= {f"{name}.x": x, f"{name}.y": y, f"{name}.dy": dy, f"{name}.dx": x.grad}
    write("pool", out)


def loss():
    z, t, weights = leaf(5, 6), torch.rand(5, 6).round(), torch.tensor([2.0, 1, 1, 1, 1, 1])
    value = (F.binary_cross_entropy_with_logits(z, t, reduction="none").mean(0) * weights).sum() / weights.sum()
    value.backward()
    out = dict(z=z, targets=t, weights=weights, bce=value, dbce=z.grad)
    z, classes = leaf(5, 7), torch.tensor([3, 0, 6, 6, 2])
    value = F.cross_entropy(z, classes)
    value.backward()
    write("loss", out | dict(class_logits=z, classes=classes.double()[:, None], cross_entropy=value, dclass=z.grad))


batch_norm()
pool()
loss()
