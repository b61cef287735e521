#!/usr/bin/env python3
"""Falx beside PyTorch, OpenVINO and ONNX Runtime on the CPU: images a second and peak memory, f32.

    tests/benchmarks/peers.py --quick                     batch 8 alone; about half an hour on two cores
    tests/benchmarks/peers.py                             batch 1, 8, 32 at 224 and 256 pixels: hours
    tests/benchmarks/peers.py --model cnn --what infer --batch 8 --size 256 --program compile      a row alone
    tests/benchmarks/peers.py --table-only [--settings]   the table of what was measured
    tests/benchmarks/peers.py --table-only --write README.md    the same into the document

The other programs are installed in a virtual environment outside the tree. In every row each of their settings
(peers/programs.py) is tried for half a turn. Then rounds follow: in each, falx bench takes a turn and after
it the --finalists settings of PyTorch that were fastest in their trials, and as many of OpenVINO's and ONNX Runtime's.
A number is the median over a program's turns in the rounds (± half the distance between the fastest and the slowest
turn), a turn the median over its steps; of PyTorch the setting with the most images a second is shown, which stands in
brackets, and the ratio is the quotient of the two numbers.

Answers are compared first: Falx's logits, and every program's logits or first training step (loss and norm of the
gradient), with those of PyTorch in its plainest form. Who differs by more than 0.1 % gets no number. A step of training
is forward, weighted log loss, backward, clip, AdamW.

MiB is the largest resident set of the process, without what PyTorch took to compile; at rest: PyTorch's before it has a
network, which is its libraries; above rest, all of Falx's stands beside what is left of PyTorch's. Of peak: operations
by definition (peers/work.py) a second over the multiply-add peak that bench_ops measures; minimal filtering multiplies
less often, so that it can pass 100 %. What is measured is added to --results at once, and the same command goes on
where it stopped; what PyTorch compiled is found again in its own cache.
"""
import argparse
import datetime
import json
import os
import platform
import subprocess
import sys

FOLDER = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(FOLDER, "peers"))

import environment  # noqa: E402
from programs import PROGRAMS, environment_of  # noqa: E402
from results import Results  # noqa: E402
from rounds import measure_rows  # noqa: E402
from summary import paragraph_of, text_of  # noqa: E402
from table import table_of_settings  # noqa: E402

ROOT = os.path.dirname(os.path.dirname(FOLDER))
PACKAGES = ["torch", "openvino", "onnxruntime", "onnx"]
# Smallest first, so that a short budget shows something of each.
NETWORKS = ["cnn", "densenet121", "vgg16", "cnn-2019"]
QUICK_SIZE = {"cnn": 256}  # others 224
AVX2_NETWORKS = ["densenet121", "vgg16"]  # measured with AVX2 alone too, unless --instructions says otherwise
MARKS = ("<!-- table of tests/benchmarks/peers.py -->", "<!-- end of the table -->")
WEEK = 7 * 24 * 3600


def parse(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--falx", default=os.path.join(ROOT, "build", "release", "apps", "falx"), help="the program")
    parser.add_argument("--bench-ops", default=os.path.join(ROOT, "build", "tests", "tests", "bench_ops"),
                        help="measures the peak; without it that column is empty")
    parser.add_argument("--results", default=os.path.join(ROOT, "out", "peers.jsonl"),
                        help="JSON lines; read, and added to")
    parser.add_argument("--venv", default=environment.DEFAULT_FOLDER,
                        help="of the other programs (default: %(default)s)")
    parser.add_argument("--pip-options", default="", help="in one word, as in --pip-options='--index-url URL'")
    parser.add_argument("--model", nargs="+", default=NETWORKS, choices=NETWORKS)
    parser.add_argument("--what", nargs="+", default=["infer", "train"], choices=["infer", "train"])
    parser.add_argument("--batch", nargs="+", type=int, help="default: 8 1 32")
    parser.add_argument("--size", nargs="+", type=int, help="pixels a side (default: 224 256)")
    parser.add_argument("--program", nargs="+", choices=PROGRAMS,
                        default=[name for name in PROGRAMS if name != "max-autotune"])
    parser.add_argument("--instructions", nargs="+", choices=["all", "avx2"],
                        help="default: all; avx2 too for %s at batch 8" % " and ".join(AVX2_NETWORKS))
    parser.add_argument("--quick", action="store_true", help="batch 8, 256 pixels for cnn, 224 for others")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--falx-options", default="", help="more for falx bench")
    parser.add_argument("--rounds", type=int, default=3, help="in which each takes a turn (default: %(default)s)")
    parser.add_argument("--finalists", type=int, default=2, help="settings of PyTorch, and of the others, that take "
                        "part in the rounds; they hold their memory at the same time (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=1.5, help="a turn takes, and three steps at least (default: %(default)s)")
    parser.add_argument("--budget", type=float, default=WEEK, help="seconds after which nothing new is begun")
    parser.add_argument("--lock", help="a file that is locked (flock) during a turn, where several people measure")
    parser.add_argument("--table-only", action="store_true", help="the table of --results, without measuring")
    parser.add_argument("--settings", action="store_true", help="a table of every setting too")
    parser.add_argument("--write", metavar="FILE", help="put the table into a document, between the lines %s" %
                        " and ".join(MARKS))
    options = parser.parse_args(arguments)
    options.device = "cpu"
    return options


def sizes(options, model):
    if options.size:
        return options.size
    return [QUICK_SIZE.get(model, 224)] if options.quick else [224, 256]


def instruction_sets(options, model, batch, size):
    if options.instructions:
        return options.instructions
    return ["all", "avx2"] if model in AVX2_NETWORKS and batch == 8 and size == 224 else ["all"]


def programs_for(options, what, instructions):
    """With AVX2 alone, PyTorch's: the others cannot be told."""
    return [name for name in options.program if (PROGRAMS[name].trains or what == "infer") and
            (instructions == "all" or PROGRAMS[name].family == "PyTorch")]


def rows(options):
    """What there is to measure: keys, and the programs beside Falx."""
    for batch in options.batch or ([8] if options.quick else [8, 1, 32]):
        for model in options.model:
            for size in sizes(options, model):
                for instructions in instruction_sets(options, model, batch, size):
                    for what in options.what:
                        key = {"model": model, "what": what, "precision": "f32", "instructions": instructions,
                               "size": size, "batch": batch, "threads": options.threads}
                        yield key, programs_for(options, what, instructions)


def processor():
    try:
        with open("/proc/cpuinfo") as file:
            return next(line.split(":", 1)[1].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.machine()


def peak(options, instructions):
    """The multiply-add peak of a thread, GF/s; nothing without bench_ops."""
    try:
        text = subprocess.run([options.bench_ops, "--peak"], capture_output=True, text=True, check=True,
                              env=environment_of({"instructions": instructions})).stdout
        return {instructions: json.loads(text)["multiply_add_gigaflops_a_thread"]}
    except (OSError, subprocess.CalledProcessError, ValueError, KeyError):
        return {}


def machine(options):
    """Date, machine and versions, for the head of the table."""
    falx = subprocess.run([options.falx, "--version"], capture_output=True, text=True).stdout.strip()
    return {"kind": "machine", "date": datetime.date.today().isoformat(), "device": processor(),
            "threads": options.threads, "falx": falx.split()[-1] if falx else "",
            **environment.versions(options.python, PACKAGES),
            "peaks": {**peak(options, "all"), **peak(options, "avx2")}, "command": " ".join(sys.argv)}


def write_into(path, text):
    """Replaces what stands between the marks of the document."""
    with open(path) as file:
        before, found, rest = file.read().partition(MARKS[0] + "\n")
    _, found_end, after = rest.partition(MARKS[1] + "\n")
    if not found or not found_end:
        sys.exit("%s has no lines %s" % (path, " and ".join(MARKS)))
    with open(path, "w") as file:
        file.write("%s%s\n\n%s\n\n%s\n%s" % (before, MARKS[0], text, MARKS[1], after))


def main():
    options = parse()
    results, differing = Results(options.results), []
    if not options.table_only:
        if not os.access(options.falx, os.X_OK):
            sys.exit(options.falx + " is missing: cmake --preset release && cmake --build --preset release, or --falx")
        try:
            options.python = environment.interpreter(options.venv, PACKAGES, options.pip_options.split())
        except RuntimeError as error:
            sys.exit(str(error))
        results.add(machine(options))
        differing = measure_rows(options, rows(options), results)
    print(text_of(results.records))
    if options.settings:
        print("\n" + table_of_settings(results.records))
    if options.write:
        write_into(options.write, paragraph_of(results.records))
    if differing:
        sys.exit("not measured, for the answers differ: " + ", ".join(differing))


if __name__ == "__main__":
    main()
