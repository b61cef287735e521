"""How long steps take, by the clock of falx bench."""
import time

FEWEST_STEPS = 3


def measure(step, seconds, wait=lambda: None, fewest=FEWEST_STEPS):
    """Milliseconds of every step, each timed alone as falx bench times them. wait: until steps have ended that only
    were begun; on a GPU all but the last, as falx bench does."""
    times, end = [], time.perf_counter() + seconds
    while len(times) < fewest or time.perf_counter() < end:
        start = time.perf_counter()
        step()
        wait()
        times.append(1000 * (time.perf_counter() - start))
    return times
