"""PyTorch's side of the benchmark, a worker (serving.py)."""
import collections
import contextlib
import time
import warnings

import numpy as np
import torch

import serving
from networks import make_network
from reference import settled_network
from training import first_step, training_step

COMPILE = {"compile": "default", "max-autotune": "max-autotune", "freezing": "default",
           "freezing-max-autotune": "max-autotune"}


def set_up(options):
    """What its documentation advises for speed, but for the allocator, which is set before a process begins
    (programs.ALLOCATOR); f32 is f32, without TF32, on both sides."""
    warnings.filterwarnings("ignore")  # that TorchScript is deprecated
    if options.threads:
        torch.set_num_threads(options.threads)
    torch.backends.cudnn.benchmark = True
    torch.backends.cudnn.benchmark_limit = 0  # of plans that are tried; 0: all, as Falx does
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cuda.matmul.allow_tf32 = False
    if options.mode in COMPILE:
        import torch._inductor.config as inductor
        inductor.fallback_random = True  # the first step's dropout is eager's, so that its loss can be compared
        inductor.freezing = options.mode.startswith("freezing")
        if options.instructions == "avx2":
            inductor.cpp.simdlen = 256


def autocast_of(options):
    if options.precision == "bf16":
        return lambda: torch.autocast(options.device, dtype=torch.bfloat16)
    return contextlib.nullcontext


def network_and_input(options):
    """On the device, in the layout; with the reference's pictures if there is one."""
    if options.reference:
        images, _ = serving.images_and_logits(options.reference, options.batch)
        network = settled_network(options.model, serving.reference_images(options.reference))
        x = torch.from_numpy(images)
    else:
        network = make_network(options.model)
        x = torch.rand(options.batch, 3, options.size, options.size)
    layout = torch.channels_last if options.layout == "channels-last" else torch.contiguous_format
    return (network.to(options.device, memory_format=layout),
            x.to(options.device).contiguous(memory_format=layout))


def optimizer_of_functions(options):
    if options.mode in COMPILE:
        return lambda function: torch.compile(function, mode=COMPILE[options.mode])
    return lambda function: function


def inference_step(options, network, x):
    """A function that computes the logits."""
    network.eval()
    if options.mode == "torchscript":
        with torch.no_grad():
            forward = torch.jit.optimize_for_inference(torch.jit.freeze(torch.jit.trace(network, x)))
    else:
        forward = optimizer_of_functions(options)(network)
    autocast = autocast_of(options)

    def step():
        with torch.inference_mode(), autocast():
            return forward(x)

    return step


def compare(options, step):
    """How far the first answer is from the reference's."""
    if not options.reference:
        return None
    if options.what == "train":
        with np.load(options.reference) as file:
            expected = file["first_step"]
        differences = [serving.difference(ours, theirs) for ours, theirs in zip(first_step(step), expected)]
        return float(np.max(differences))  # NaN if one of them is
    return serving.difference(step().float().cpu(), serving.images_and_logits(options.reference, options.batch)[1])


def peak_bytes(device):
    """On a GPU of tensors and workspaces, without what PyTorch keeps in reserve; on the CPU of the whole process."""
    return torch.cuda.max_memory_allocated() if device == "cuda" else serving.resident_peak_bytes()


def wait_of(device):
    """On a GPU the host stays one step ahead; elsewhere a step that returns has ended."""
    begun = collections.deque()

    def wait():
        event = torch.cuda.Event()
        event.record()
        begun.append(event)
        if len(begun) > 1:
            begun.popleft().synchronize()

    return wait if device == "cuda" else lambda: None


def main():
    parser = serving.parser(__doc__)
    parser.add_argument("--mode", required=True, choices=["eager", "torchscript", *COMPILE])
    parser.add_argument("--layout", default="channels-last", choices=["channels-last", "contiguous"])
    options = parser.parse_args()
    set_up(options)
    started, at_rest = time.perf_counter(), serving.resident_bytes()
    network, x = network_and_input(options)
    if options.what == "train":
        step = training_step(network, x, autocast_of(options), optimizer_of_functions(options))
    else:
        step = inference_step(options, network, x)
    found = compare(options, step)
    for warm_up in range(serving.warm_ups(options.device)):  # tunes, compiles, records
        if options.device == "cuda" and warm_up == 1:  # the memory that tuning took is no part of the peak
            torch.cuda.reset_peak_memory_stats()
        step()
    if options.device == "cuda":
        torch.cuda.synchronize()
    else:
        serving.forget_peak_memory()
    serving.answer(ready_seconds=time.perf_counter() - started, at_rest_bytes=at_rest, difference=found)
    serving.serve(step, wait_of(options.device), lambda: peak_bytes(options.device))


if __name__ == "__main__":
    main()
