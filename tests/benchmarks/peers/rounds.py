"""A row of the table: first every setting gets half a turn alone, a trial; then Falx and the fastest settings of each group
take turns in rounds, so that whoever else uses the machine disturbs all alike."""
import contextlib
import fcntl
import subprocess
import time

from agreement import compare, name_of, network_of, reference_file
from entrants import Entrants, FalxTurns
from floors import floor_milliseconds
from programs import GROUPS, PROGRAMS
from results import median
from steps import FEWEST_STEPS

HOPELESS = 1.3  # times the fastest trial of its group: more than one machine's times scatter


@contextlib.contextmanager
def alone(options):
    """Nobody else who asks for the same lock measures meanwhile."""
    if not getattr(options, "lock", None):
        yield
        return
    with open(options.lock, "a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def trials_of(key, programs, results):
    """The records of those programs that have been tried, by name."""
    known = {name: results.last(kind="trial", program=name, **key) for name in programs}
    return {name: record for name, record in known.items() if record}


def finalists(trials, most):
    """Names of the fastest, at most so many of each group and none that is hopeless."""
    names = []
    for programs in GROUPS.values():
        times = {name: record["milliseconds"][0] for name, record in trials.items()
                 if name in programs and "failed" not in record}
        fastest = sorted(times, key=times.get)[:most]
        names += [name for name in fastest if times[name] <= HOPELESS * times[fastest[0]]]
    return names


def is_measured(key, programs, results):
    """Whether all programs have been tried and the fastest of them have taken their turns."""
    trials, speed = trials_of(key, programs, results), results.last(kind="speed", **key)
    return len(trials) == len(programs) and speed is not None and set(speed["tried"]) >= set(programs)


def try_out(options, key, program, left, entrants):
    """The program's trial. TimeoutError: time is up."""
    record = {"kind": "trial", **key, "program": program, "milliseconds": []}
    try:
        record.update(entrants.start(program, left).ready)
        with alone(options):
            milliseconds, record["peak_bytes"] = entrants.take(program, options.seconds / 2, 1, left)
        record["milliseconds"].append(milliseconds)
    except RuntimeError as error:
        entrants.stop(program)
        record["failed"] = str(error)[-200:]
    return record


def try_all(options, key, programs, left, results, entrants):
    """Adds the trials that are missing; False if there was no time for one. Those that may take part in the rounds go
    on running."""
    for program in programs:
        if trials_of(key, [program], results):
            continue
        begun_with = left()
        try:
            record = try_out(options, key, program, left, entrants)
        except TimeoutError:
            entrants.stop(program)
            if begun_with < 0.9 * options.budget:
                return False  # the next command has more time for it
            record = {"kind": "trial", **key, "program": program, "failed": "took longer than %.0f s" % begun_with}
        results.add(record)
        print(" ".join(str(value) for value in key.values()), trial_line(record), flush=True)
        entrants.stop_all_but(finalists(trials_of(key, programs, results), options.finalists))
    return True


def trial_line(record):
    return "%s: %s" % (record["program"], record.get("failed") or "%.1f ms" % record["milliseconds"][0])


def take_turn(entry, take):
    """Adds a turn to an entry of the row's record; what failed once takes no more turns."""
    if "failed" in entry:
        return
    try:
        milliseconds, peak_bytes = take()
    except RuntimeError as error:
        entry["failed"] = str(error)[-200:]
        return
    entry["milliseconds"].append(milliseconds)
    entry["peak_bytes"] = max(entry.get("peak_bytes", 0), peak_bytes)


def take_rounds(options, key, trials, left, entrants):
    """The row's record: turns of Falx and of the finalists, by name. TimeoutError, subprocess.TimeoutExpired: time is
    up."""
    takes = {"falx": FalxTurns(options, key, left).take}
    entries = {"falx": {"milliseconds": []}}
    for name in finalists(trials, options.finalists):
        takes[name] = lambda name=name: entrants.take(name, options.seconds, FEWEST_STEPS, left)
        entries[name] = {"milliseconds": []}
        try:
            entries[name].update(entrants.start(name, left).ready)
        except RuntimeError as error:
            entries[name]["failed"] = str(error)[-200:]
    for _ in range(options.rounds):
        with alone(options):
            for name, take in takes.items():
                take_turn(entries[name], take)
    return {"kind": "speed", **key, "tried": sorted(trials), "programs": entries}


def measure_row(options, key, programs, left, results):
    """Whether there was time for it."""
    try:
        tried_or_asked = [*trials_of(key, PROGRAMS, results), *programs]
        with_onnx = any(PROGRAMS[name].family != "PyTorch" for name in tried_or_asked)
        with reference_file(options, key, left, with_onnx) as more, Entrants(options, key, more) as entrants:
            if not try_all(options, key, programs, left, results, entrants):
                return False
            record = take_rounds(options, key, trials_of(key, PROGRAMS, results), left, entrants)
    except (TimeoutError, subprocess.TimeoutExpired):
        return False
    except RuntimeError as error:
        print("%s: no reference: %s" % (name_of(key), error), flush=True)
        return False
    device = results.last(kind="machine")["device"]
    work = results.last(kind="agreement", **network_of(key))
    record["floor_milliseconds"] = floor_milliseconds(work, key["what"], key["precision"], key["batch"], device)
    results.add(record)
    print(" ".join(str(value) for value in key.values()), line_of(record), flush=True)
    return True


def line_of(record):
    return ", ".join("%s %s" % (name, entry.get("failed") or "%.1f ms" % median(entry["milliseconds"]))
                     for name, entry in record["programs"].items())


def measure_rows(options, rows, results):
    """rows: pairs of a key and names of programs. Returns the networks that were not measured, for answers differ."""
    end = time.monotonic() + options.budget

    def left():
        return end - time.monotonic()

    undone, differing = 0, []
    for key, programs in rows:
        if is_measured(key, programs, results):
            continue
        if not results.last(kind="agreement", **network_of(key)) and left() > 0:
            compare(options, key, left, results)
        agreement = results.last(kind="agreement", **network_of(key))
        if agreement and not agreement["agrees"]:
            differing += [name_of(key)] if name_of(key) not in differing else []
        elif not agreement or left() <= 0 or not measure_row(options, key, programs, left, results):
            undone += 1
    if undone:
        print("%d rows are left: run the same command again" % undone, flush=True)
    return differing
