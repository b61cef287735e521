"""Falx and another program in turns, so that whoever else uses the machine disturbs both alike."""
import contextlib
import fcntl
import json
import subprocess
import time

from agreement import AGREEMENT, compare, name_of, network_of, reference_file, run
from floors import floor_milliseconds
from programs import PROGRAMS, command_of, environment_of
from results import median, ratio_of
from worker import Worker

HOPELESS = 1.3  # times the smallest lead: more than one machine's times scatter


def bench_command(options, key):
    command = [options.falx, "bench", "--device", options.device, "--seconds", str(options.seconds), "--json"]
    for name in ["model", "what", "precision", "batch", "size", "threads"]:
        command += ["--" + name, str(key[name])] if name in key else []
    return command + options.falx_options.split()


@contextlib.contextmanager
def alone(options):
    """Nobody else who asks for the same lock measures meanwhile."""
    if not getattr(options, "lock", None):
        yield
        return
    with open(options.lock, "a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


class FalxTurns:
    """Falx's record of one row, to which its turns beside every other program are added."""

    def __init__(self, options, key, left, results):
        self.options, self.key, self.left = options, key, left
        known = results.last(kind="speed", program="falx", **key)
        self.record = json.loads(json.dumps(known)) if known else {"kind": "speed", **key, "program": "falx",
                                                                   "milliseconds": []}

    def take(self):
        """Milliseconds of a step; None if it failed."""
        if "failed" in self.record:
            return None
        try:
            text = run(bench_command(self.options, self.key), self.left(), environment_of(self.key))
        except RuntimeError as error:
            self.record["failed"] = str(error)[-200:]
            return None
        line = json.loads(text.strip().splitlines()[-1])
        self.record["milliseconds"].append(line["milliseconds"])
        self.record["peak_bytes"] = max(self.record.get("peak_bytes", 0), line["peak_bytes"])
        return line["milliseconds"]


def best_ratio(key, program, results):
    """Of the settings of the same program that have been measured: Falx's smallest lead."""
    family = [name for name in PROGRAMS if PROGRAMS[name].family == PROGRAMS[program].family and name != program]
    known = [results.last(kind="speed", program=name, **key) for name in family]
    ratios = [ratio_of(record) for record in known if record and ratio_of(record)]
    return min(ratios, default=float("inf"))


def turns(options, key, program, left, falx, more, best):
    """Falx and one program in turns; the program's record. Where Falx's lead over another setting is far smaller
    (best), one turn will do. TimeoutError, subprocess.TimeoutExpired: time is up."""
    record = {"kind": "speed", **key, "program": program, "milliseconds": [], "falx_milliseconds": []}
    command = command_of(options.python, program, key, {"device": options.device, **more})
    try:
        with Worker(command, environment_of(key), left()) as worker:
            record.update(worker.ready)
            if (record.get("difference") or 0) >= AGREEMENT[key["precision"]]:
                raise RuntimeError("answers differ by %.1e of the largest" % record["difference"])
            for _ in range(options.rounds):
                with alone(options):
                    record["falx_milliseconds"].append(falx.take())
                    answer = worker.measure(options.seconds, left())
                record["milliseconds"].append(median(answer["milliseconds"]))
                record["peak_bytes"] = answer["peak_bytes"]
                if (ratio_of(record) or 0) > HOPELESS * best:
                    break
    except RuntimeError as error:
        record["failed"] = str(error)[-200:]
        while len(falx.record["milliseconds"]) < options.rounds and "failed" not in falx.record:
            with alone(options):
                falx.take()
    return record


def measure_pair(options, key, program, left, results, more):
    """Adds a record of the program, and Falx's; False if there was no time for them."""
    falx, begun_with = FalxTurns(options, key, left, results), left()
    try:
        record = turns(options, key, program, left, falx, more, best_ratio(key, program, results))
    except (TimeoutError, subprocess.TimeoutExpired):
        if begun_with < 0.9 * options.budget:
            return False  # the next command has more time for it
        record = {"kind": "speed", **key, "program": program, "failed": "took longer than %.0f s" % begun_with}
    device = results.last(kind="machine")["device"]
    work = results.last(kind="agreement", **network_of(key))
    floor = floor_milliseconds(work, key["what"], key["precision"], key["batch"], device)
    for each in [record, falx.record]:
        results.add({**each, "floor_milliseconds": floor})
    print(" ".join(str(value) for value in key.values()), line_of(record), flush=True)
    return True


def line_of(record):
    if "failed" in record:
        return "%s: %s" % (record["program"], record["failed"])
    ours, theirs = record["falx_milliseconds"], median(record["milliseconds"])
    beside = ", falx %.1f ms" % median(ours) if None not in ours else ""
    return "%s: %.1f ms%s" % (record["program"], theirs, beside)


def measure_row(options, key, programs, left, results):
    """How many of the programs there was no time for."""
    undone = list(programs)
    try:
        with_onnx = any(PROGRAMS[name].family != "PyTorch" for name in programs)
        with reference_file(options, key, left, with_onnx) as more:
            while undone and left() > 0 and measure_pair(options, key, undone[0], left, results, more):
                undone.pop(0)
    except subprocess.TimeoutExpired:
        pass
    except RuntimeError as error:
        print("%s: no reference: %s" % (name_of(key), error), flush=True)
    return len(undone)


def measure_rows(options, rows, results):
    """rows: pairs of a key and names of programs. Returns the networks that were not measured, for answers differ."""
    end = time.monotonic() + options.budget

    def left():
        return end - time.monotonic()

    undone, differing = 0, []
    for key, programs in rows:
        programs = [name for name in programs if not results.last(kind="speed", program=name, **key)]
        if not programs:
            continue
        if not results.last(kind="agreement", **network_of(key)) and left() > 0:
            compare(options, key, left, results)
        agreement = results.last(kind="agreement", **network_of(key))
        if agreement and not agreement["agrees"]:
            differing += [name_of(key)] if name_of(key) not in differing else []
        elif agreement:
            undone += measure_row(options, key, programs, left, results)
        else:
            undone += len(programs)
    if undone:
        print("%d measurements are left: run the same command again" % undone, flush=True)
    return differing
