"""Who takes turns in a row: processes of other programs that are ready and wait, and falx bench, which runs anew."""
import json

from agreement import AGREEMENT, run
from programs import command_of, environment_of
from results import median
from worker import Worker


class Entrants:
    """Workers (worker.py) by the names of their programs. One that waits takes memory, but no time."""

    def __init__(self, options, key, more):
        """more: workers' options beside the row's (agreement.reference_file)."""
        self.options, self.key, self.more, self.workers = options, key, more, {}

    def start(self, program, left):
        """The worker, ready. RuntimeError if it fails or its answers differ, TimeoutError if it takes too long."""
        if program not in self.workers:
            more = {"device": self.options.device, **self.more}
            worker = Worker(command_of(self.options.python, program, self.key, more),
                            environment_of(self.key, program), left())
            self.workers[program] = worker
            difference = worker.ready.get("difference")
            if difference is not None and not difference < AGREEMENT[self.key["precision"]]:  # nor NaN
                raise RuntimeError("answers differ by %.1e of the largest" % difference)
        return self.workers[program]

    def take(self, program, seconds, fewest_steps, left):
        """Milliseconds of a step, peak memory in bytes."""
        answer = self.workers[program].measure(seconds, fewest_steps, left())
        return median(answer["milliseconds"]), answer["peak_bytes"]

    def stop(self, program):
        if program in self.workers:
            self.workers.pop(program).close()

    def stop_all_but(self, programs):
        for program in set(self.workers) - set(programs):
            self.stop(program)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop_all_but([])


class FalxTurns:
    def __init__(self, options, key, left):
        self.options, self.key, self.left = options, key, left

    def command(self):
        options = self.options
        command = [options.falx, "bench", "--device", options.device, "--seconds", str(options.seconds), "--json"]
        for name in ["model", "what", "precision", "batch", "size", "threads"]:
            command += ["--" + name, str(self.key[name])] if name in self.key else []
        return command + options.falx_options.split()

    def take(self):
        """Milliseconds of a step, peak memory in bytes. RuntimeError with its last words if it failed."""
        text = run(self.command(), self.left(), environment_of(self.key, "falx"))
        line = json.loads(text.strip().splitlines()[-1])
        return line["milliseconds"], line["peak_bytes"]
