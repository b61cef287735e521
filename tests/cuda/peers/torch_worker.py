"""PyTorch's side of the benchmark, a process of its own: makes one network ready, then measures when told to.

Reads lines "measure SECONDS" from standard input; every answer is one line of JSON. It ends with its input.
"""
import argparse
import contextlib
import json
import sys
import time

import torch
from torch.nn import functional as F

from networks import LABELS, make_network

LABEL_WEIGHTS = [2 / 7, 1 / 7, 1 / 7, 1 / 7, 1 / 7, 1 / 7]
COMPILE = {"compile": "default", "max-autotune": "max-autotune"}
MOST_STEPS_A_SAMPLE = 50
SAMPLE_SECONDS = 0.05  # a sample is the mean of as many steps as take so long: the host waits for the device once in it


def set_up():
    """What its documentation advises for speed; f32 is f32, without TF32, on both sides."""
    torch.backends.cudnn.benchmark = True
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cuda.matmul.allow_tf32 = False


def autocast(options):
    if options.precision == "bf16":
        return torch.autocast(options.device, dtype=torch.bfloat16)
    return contextlib.nullcontext()


def parameter_groups(network):
    """Matrices and filters decay, vectors do not."""
    return [{"params": [p for p in network.parameters() if p.ndim > 1], "weight_decay": 0.1},
            {"params": [p for p in network.parameters() if p.ndim == 1], "weight_decay": 0.0}]


def training_step(options, network, x):
    """Forward, weighted log loss, backward, clip, AdamW: what falx bench --what train does."""
    network.train()
    labels = (torch.rand(options.batch, LABELS, device=options.device) < 0.1).float()
    weights = torch.tensor(LABEL_WEIGHTS, device=options.device)
    fused = {"fused": True} if options.device == "cuda" else {}
    optimizer = torch.optim.AdamW(parameter_groups(network), lr=1e-4, **fused)

    def loss_of(images):
        with autocast(options):
            logits = network(images)
        return (F.binary_cross_entropy_with_logits(logits.float(), labels, reduction="none").mean(0) * weights).sum()

    if options.variant in COMPILE:
        loss_of = torch.compile(loss_of, mode=COMPILE[options.variant])

    def step():
        optimizer.zero_grad(set_to_none=True)
        loss_of(x).backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()

    return step


def inference_step(options, network, x):
    network.eval()
    forward = torch.compile(network, mode=COMPILE[options.variant]) if options.variant in COMPILE else network

    def step():
        with torch.inference_mode(), autocast(options):
            forward(x)

    return step


def synchronize(device):
    if device == "cuda":
        torch.cuda.synchronize()


def seconds_of(step, repetitions, device):
    synchronize(device)
    start = time.perf_counter()
    for _ in range(repetitions):
        step()
    synchronize(device)
    return time.perf_counter() - start


def measure(step, seconds, device):
    """Milliseconds a step, several times."""
    one = seconds_of(step, 1, device)
    repetitions = max(1, min(MOST_STEPS_A_SAMPLE, round(SAMPLE_SECONDS / max(one, 1e-6))))
    samples, end = [], time.perf_counter() + seconds
    while len(samples) < 3 or time.perf_counter() < end:
        samples.append(1000 * seconds_of(step, repetitions, device) / repetitions)
    return samples


def peak_bytes(device):
    """Of memory in use, without what PyTorch keeps in reserve."""
    if device == "cuda":
        return torch.cuda.max_memory_allocated()
    import resource
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def versions(device):
    result = {"torch": torch.__version__}
    if device == "cuda":
        result.update(cuda=torch.version.cuda, cudnn=torch.backends.cudnn.version(),
                      device=torch.cuda.get_device_name())
    return result


def answer(**values):
    print(json.dumps(values), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ["model", "what", "precision", "device", "variant"]:
        parser.add_argument("--" + name, required=True)
    for name in ["batch", "size"]:
        parser.add_argument("--" + name, type=int, required=True)
    options = parser.parse_args()
    set_up()
    started = time.perf_counter()
    network = make_network(options.model).to(options.device, memory_format=torch.channels_last)
    x = torch.rand(options.batch, 3, options.size, options.size, device=options.device)
    x = x.contiguous(memory_format=torch.channels_last)
    make_step = training_step if options.what == "train" else inference_step
    step = make_step(options, network, x)
    for _ in range(3):  # tunes, compiles, records
        step()
    synchronize(options.device)
    answer(ready_seconds=time.perf_counter() - started, versions=versions(options.device))
    for line in sys.stdin:
        samples = measure(step, float(line.split()[1]), options.device)
        answer(milliseconds=samples, peak_bytes=peak_bytes(options.device))


if __name__ == "__main__":
    main()
