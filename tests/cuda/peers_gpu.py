#!/usr/bin/env python3
"""Falx beside PyTorch on one device: images a second and peak memory of training steps and inference.

    tests/cuda/peers_gpu.py --falx build/release/apps/falx --model densenet121 --precision bf16 --results peers.jsonl
    tests/cuda/peers_gpu.py --results peers.jsonl --table-only

PyTorch runs eager (channels last, cudnn.benchmark, AMP for bf16) and under torch.compile, default and max-autotune, each
in turns with falx bench --autotune, which stays deterministic. Answers are compared first. Every measurement is added to
--results as soon as it is there; the same command goes on where the last one stopped, which is how a network whose
compilations take longer than --budget seconds is measured whole. A row's number is the median over all rounds of a
step's time, its spread that of the rounds' medians. PyTorch's batch lies on the device. Nothing is fetched from anywhere.
"""
import argparse
import datetime
import json
import os
import platform
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "peers"))


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
    parser.add_argument("--rounds", type=int, default=3, help="turns of each program")
    parser.add_argument("--seconds", type=float, default=1.5, help="a turn takes")
    parser.add_argument("--budget", type=float, default=540, help="seconds after which nothing new is begun")
    parser.add_argument("--table-only", action="store_true", help="the table of --results, without measuring")
    options = parser.parse_args()
    if options.falx_options is None:
        options.falx_options = "--autotune" if options.device == "cuda" else ""
    return options


class Results:
    """What was measured, now and before."""

    def __init__(self, path):
        self.path, self.records = path, []
        if os.path.exists(path):
            with open(path) as file:
                self.records = [json.loads(line) for line in file if line.strip()]

    def add(self, record):
        self.records.append(record)
        with open(self.path, "a") as file:
            file.write(json.dumps(record) + "\n")

    def last(self, **wanted):
        """The latest record with these values; None if there is none."""
        fitting = [r for r in self.records if all(r.get(name) == value for name, value in wanted.items())]
        return fitting[-1] if fitting else None


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


def compare(options, model, precision, left, results):
    """Adds whether both programs compute the same network: the speed of another one would say nothing."""
    from falx_peer import AGREEMENT, disagreement
    record = {"kind": "agreement", "model": model, "precision": precision, "agrees": True}
    try:
        record["difference"] = disagreement(options.falx, model, precision, options.device, options.size[0], left())
        if not record["difference"] < AGREEMENT[precision]:
            record.update(agrees=False, failed="logits differ by %.1e of the largest" % record["difference"])
    except (RuntimeError, OSError, subprocess.TimeoutExpired) as error:  # no answers to compare: measured all the same
        record["failed"] = str(error)
    results.add(record)
    print("%s %s: %s" % (model, precision, record.get("failed", "%.1e" % record.get("difference", 0))), flush=True)


class FalxTurns:
    """Falx's record of one row, to which its turns beside every variant of PyTorch are added."""

    def __init__(self, options, key, left, results):
        self.options, self.key, self.left = options, key, left
        known = results.last(kind="speed", program="falx", **key)
        self.record = json.loads(json.dumps(known)) if known else {"kind": "speed", **key, "program": "falx",
                                                                   "milliseconds": []}

    def take(self):
        from falx_peer import bench
        if "failed" in self.record:
            return
        names = ["model", "what", "precision", "batch", "size"]
        model, what, precision, batch, size = (self.key[name] for name in names)
        try:
            line = bench(self.options.falx, model, what, precision, self.options.device, batch, size,
                         self.options.seconds, self.options.falx_options.split(), self.left())
        except RuntimeError as error:
            self.record["failed"] = str(error)[-200:]
            return
        self.record["milliseconds"].append(line["milliseconds"])
        self.record["peak_bytes"] = max(self.record.get("peak_bytes", 0), line["peak_bytes"])


def turns(options, key, variant, left, falx):
    """Falx and one variant in turns; the variant's record. TimeoutError, subprocess.TimeoutExpired: time is up."""
    from table import median
    from torch_peer import Worker
    record = {"kind": "speed", **key, "program": variant, "milliseconds": []}
    try:
        with Worker(device=options.device, variant=variant, timeout=left(), **key) as worker:
            record["ready_seconds"] = worker.ready["ready_seconds"]
            for _ in range(options.rounds):
                falx.take()
                answer = worker.measure(options.seconds, left())
                record["milliseconds"].append(median(answer["milliseconds"]))
                record["peak_bytes"] = answer["peak_bytes"]
    except RuntimeError as error:
        record["failed"] = str(error)[-200:]
        while len(falx.record["milliseconds"]) < options.rounds and "failed" not in falx.record:
            falx.take()
    return record


def measure_pair(options, key, variant, left, results):
    """Adds a record of the variant, and Falx's; False if there was no time for them."""
    from floors import floor_milliseconds
    falx, begun_with = FalxTurns(options, key, left, results), left()
    try:
        record = turns(options, key, variant, left, falx)
    except (TimeoutError, subprocess.TimeoutExpired):
        if begun_with < 0.9 * options.budget:
            return False  # the next command has more time for it
        record = {"kind": "speed", **key, "program": variant, "failed": "took longer than %.0f s" % begun_with}
    device = results.last(kind="machine")["device"]
    floor = floor_milliseconds(key["model"], key["what"], key["precision"], key["batch"], key["size"], device)
    for each in [record, falx.record]:
        results.add({**each, "floor_milliseconds": floor})
    return True


def measurements(options):
    """What there is to measure, network by network."""
    for model in options.model:
        for precision in options.precision:
            for size in options.size:
                for batch in options.batch:
                    for what in options.what:
                        yield {"model": model, "precision": precision, "size": size, "batch": batch, "what": what}


def measure_all(options, results):
    end = time.monotonic() + options.budget

    def left():
        return end - time.monotonic()

    results.add(machine(options))
    undone, differing = 0, set()
    for key in measurements(options):
        network = {"model": key["model"], "precision": key["precision"]}
        if not results.last(kind="agreement", **network) and left() > 0:
            compare(options, key["model"], key["precision"], left, results)
        agreement = results.last(kind="agreement", **network)
        if agreement and not agreement["agrees"]:
            differing.add("%s %s" % (key["model"], key["precision"]))
            continue
        for variant in options.variant:
            if not results.last(kind="speed", program=variant, **key):
                undone += left() <= 0 or not measure_pair(options, key, variant, left, results)
    if undone:
        print("%d measurements are left: run the same command again" % undone)
    return sorted(differing)


def main():
    options = parse()
    from table import text_of
    results, differing = Results(options.results), []
    if not options.table_only:
        if not options.falx:
            sys.exit("--falx is missing: the program to measure")
        differing = measure_all(options, results)
    print(text_of(results.records))
    if differing:
        sys.exit("not measured, for the answers differ: " + ", ".join(differing))


if __name__ == "__main__":
    main()
