"""What the programs must answer: PyTorch's logits in its plainest form, for a few pictures; how far Falx is from it.

    reference.py --model M --size PX --what W --batch N --out FILE.npz [--onnx FILE]
                            writes images, logits, first_step (of training); the network as ONNX for this batch
    reference.py --model M --size PX --falx FALX [--device D --precision P]   compares
Prints a line of JSON.
"""
import argparse
import contextlib
import json
import warnings

import numpy as np
import torch

from networks import make_network
from training import first_step, training_step
from work import work_of

PICTURES = 3


def pictures(size):
    """u8 {PICTURES, size, size, 3}."""
    return np.random.default_rng(1).integers(0, 256, (PICTURES, size, size, 3), np.uint8)


def as_input(images):
    return np.ascontiguousarray(images.astype(np.float32).transpose(0, 3, 1, 2) / 255)


def settled_network(model, images):
    """Its running statistics have moved from where they begin, towards those of the images {n, 3, size, size}."""
    network = make_network(model)
    with torch.no_grad():
        network.train()(torch.from_numpy(images))
    return network.eval()


def write_onnx(network, images, path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that there is a newer exporter, which needs more packages
        torch.onnx.export(network.eval(), (torch.from_numpy(images),), path, dynamo=False, input_names=["images"])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True)
    parser.add_argument("--size", type=int, required=True)
    parser.add_argument("--what", default="infer")
    parser.add_argument("--batch", type=int)
    parser.add_argument("--out")
    parser.add_argument("--onnx")
    parser.add_argument("--falx")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--precision", default="f32")
    options = parser.parse_args()
    shown = pictures(options.size)
    images = as_input(shown)
    network = settled_network(options.model, images)
    with torch.no_grad():
        logits = network(torch.from_numpy(images)).numpy()
    result = work_of(options.model, options.size)
    if options.falx:
        from falx_logits import logits_of
        from serving import difference
        actual = logits_of(options.falx, options.model, network, shown, options.device, options.precision)
        result["difference"] = difference(actual, logits)
    if options.out:
        x = torch.from_numpy(images[np.arange(options.batch) % PICTURES])
        train = options.what == "train"
        step = first_step(training_step(network, x, contextlib.nullcontext)) if train else []
        np.savez(options.out, images=images, logits=logits, first_step=step)
    if options.onnx:
        write_onnx(network, images[np.arange(options.batch) % PICTURES], options.onnx)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
