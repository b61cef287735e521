"""Holds a worker (serving.py): starts it, asks it, gives up on it in time."""
import contextlib
import json
import queue
import subprocess
import threading


class Worker:
    def __init__(self, command, environment, timeout):
        """Returns when it is warm. RuntimeError with its last words if it fails, TimeoutError if it takes longer."""
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        env=environment, text=True)
        self.lines, self.complaints = queue.Queue(), []
        self.readers = [threading.Thread(target=self._read_answers, daemon=True),
                        threading.Thread(target=self._read_complaints, daemon=True)]
        for reader in self.readers:
            reader.start()
        try:
            self.ready = self._answer(timeout)
        except BaseException:
            self.close()
            raise

    def _read_answers(self):
        for line in self.process.stdout:
            if line.startswith("{"):
                self.lines.put(line)
        self.lines.put(None)

    def _read_complaints(self):
        for line in self.process.stderr:
            self.complaints = (self.complaints + [line.rstrip()])[-20:]

    def _answer(self, timeout):
        try:
            line = self.lines.get(timeout=max(0, timeout))
        except queue.Empty:
            raise TimeoutError("not ready after %.0f s" % timeout)
        if line is None:
            self.process.wait()
            self.readers[1].join(1)  # until its last words are read
            raise RuntimeError(self.complaints[-1] if self.complaints else "ended with %d" % self.process.returncode)
        return json.loads(line)

    def measure(self, seconds, fewest, timeout):
        """At least so many steps, however long they take."""
        with contextlib.suppress(BrokenPipeError):  # it has ended, and _answer says how
            self.process.stdin.write("measure %g %d\n" % (seconds, fewest))
            self.process.stdin.flush()
        return self._answer(timeout)

    def close(self):
        self.process.kill()
        self.process.wait()
        with contextlib.suppress(BrokenPipeError):  # of a line that it did not read
            self.process.stdin.close()
        for reader, pipe in zip(self.readers, (self.process.stdout, self.process.stderr)):
            reader.join(1)  # longer only if a child of the worker's still writes
            if not reader.is_alive():
                pipe.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
