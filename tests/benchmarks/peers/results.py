"""What was measured, now and before: JSON lines, a record each, later ones replacing earlier ones."""
import json
import os


class Results:
    def __init__(self, path):
        self.path, self.records = path, []
        if os.path.exists(path):
            with open(path) as file:
                self.records = [json.loads(line) for line in file if line.strip()]

    def add(self, record):
        self.records.append(record)
        os.makedirs(os.path.dirname(os.path.abspath(self.path)), exist_ok=True)
        with open(self.path, "a") as file:
            file.write(json.dumps(record) + "\n")

    def last(self, **wanted):
        """The latest record with these values; None if there is none."""
        fitting = [r for r in self.records if all(r.get(name) == value for name, value in wanted.items())]
        return fitting[-1] if fitting else None


def median(values):
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def spread(values):
    """(slowest - fastest) / median."""
    return (max(values) - min(values)) / median(values)


def ratio_of(entry, falx):
    """How many times as fast Falx is: medians of turns in the same rounds. None if one of them failed."""
    if "failed" in entry or "failed" in falx or not entry.get("milliseconds") or not falx.get("milliseconds"):
        return None
    return median(entry["milliseconds"]) / median(falx["milliseconds"])
