#!/usr/bin/env python3
"""Falx beside PyTorch on one device: images a second and peak memory of training steps and inference.

    tests/cuda/peers_gpu.py --falx build/release/apps/falx --model densenet121 --precision bf16 --results peers.jsonl
    tests/cuda/peers_gpu.py --results peers.jsonl --table-only

PyTorch runs eager (channels last, cudnn.benchmark, AMP for bf16) and under torch.compile, default and max-autotune,
beside falx bench --autotune, which stays deterministic. Answers are compared first. Every measurement is
added to --results as soon as it is there; the same command goes on where the last one stopped, which is how a network
whose compilations take longer than --budget seconds is measured whole; until then the exit code is 75. Each of
PyTorch's settings has a trial; the fastest then takes turns with Falx, in rounds. A row's number is the median over all
rounds of a step's time (± half the distance between the fastest and the slowest round), its ratio that of these
medians. PyTorch's batch lies on the device. Nothing is fetched from anywhere. All but this command line is in
tests/benchmarks/peers/.
"""
import argparse
import datetime
import os
import platform
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "benchmarks", "peers"))

from results import Results  # noqa: E402
from rounds import is_measured, measure_rows  # noqa: E402
from summary import text_of  # noqa: E402
from table import table_of_settings  # noqa: E402


UNFINISHED = 75  # exit code if the same command has to be run again: the EX_TEMPFAIL of sysexits.h


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--falx", help="the program")
    parser.add_argument("--results", required=True, help="JSON lines; read, and added to")
    parser.add_argument("--model", nargs="+", default=["cnn", "cnn-2019", "densenet121", "vgg16"])
    parser.add_argument("--precision", nargs="+", default=["f32", "bf16"], choices=["f32", "bf16"])
    parser.add_argument("--what", nargs="+", default=["train", "infer"], choices=["train", "infer"])
    parser.add_argument("--batch", nargs="+", type=int, default=[256, 64, 32])
    parser.add_argument("--size", nargs="+", type=int, default=[224], help="pixels a side")
    parser.add_argument("--variant", nargs="+", default=["eager", "compile", "max-autotune"])
    parser.add_argument("--device", default="cuda", choices=["cuda", "cpu"], help="cpu: to test this script")
    parser.add_argument("--falx-options", help="more for falx bench (default: --autotune on a GPU; add --fast for what "
                        "is not deterministic, as PyTorch is here)")
    parser.add_argument("--rounds", type=int, default=3, help="in which each takes a turn")
    parser.add_argument("--seconds", type=float, default=1.5, help="a turn takes")
    parser.add_argument("--budget", type=float, default=540, help="seconds after which nothing new is begun")
    parser.add_argument("--table-only", action="store_true", help="the table of --results, without measuring")
    options = parser.parse_args()
    options.finalists = 1  # the GPU's memory holds it beside one that is tried
    options.python = sys.executable  # the one with PyTorch
    if options.falx_options is None:
        options.falx_options = "--autotune" if options.device == "cuda" else ""
    return options


def machine(options):
    """Date, device and versions, for the head of the table."""
    import torch
    facts = {"kind": "machine", "date": datetime.date.today().isoformat(), "python": platform.python_version(),
             "torch": torch.__version__,
             "falx": subprocess.run([options.falx, "--version"], capture_output=True, text=True).stdout.strip()}
    if options.device == "cuda":
        driver = subprocess.run(["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"],
                                capture_output=True, text=True).stdout.strip()
        facts.update(device=torch.cuda.get_device_name(), driver=driver, cuda=torch.version.cuda,
                     cudnn=torch.backends.cudnn.version())
    else:
        facts.update(device="CPU", threads=torch.get_num_threads())
    facts["command"] = " ".join(sys.argv)
    return facts


def measurements(options):
    """What there is to measure, network by network."""
    for model in options.model:
        for precision in options.precision:
            for size in options.size:
                for batch in options.batch:
                    for what in options.what:
                        yield {"model": model, "precision": precision, "size": size, "batch": batch, "what": what}


def unmeasured(options, results):
    """How many rows the budget did not reach."""
    return sum(not is_measured(key, options.variant, results) for key in measurements(options))


def main():
    options = parse()
    results, differing = Results(options.results), []
    if not options.table_only:
        if not options.falx:
            sys.exit("--falx is missing: the program to measure")
        results.add(machine(options))
        differing = measure_rows(options, ((key, options.variant) for key in measurements(options)), results)
    print(text_of(results.records))
    print("\n" + table_of_settings(results.records))
    if differing:
        sys.exit("not measured, for the answers differ: " + ", ".join(differing))
    if not options.table_only and unmeasured(options, results):
        sys.exit(UNFINISHED)


if __name__ == "__main__":
    main()
