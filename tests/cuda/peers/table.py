"""The table of recorded measurements: Markdown, a row for each network, work, precision, size and batch."""
from torch_peer import VARIANTS

PROGRAMS = ["falx"] + VARIANTS
HEADER = ["network", "work", "type", "pixels", "batch", "Falx images/s (spread)", "peak"]
for _variant in VARIANTS:
    HEADER += ["PyTorch %s" % _variant, "peak"]
HEADER += ["Falx / best", "floor images/s", "Falx of it"]


def median(values):
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def cell_of(record, batch):
    """Images a second and (slowest - fastest) / median of the rounds' medians; why not, where there is no number."""
    if "failed" in record:
        return None, record["failed"], ""
    times = record["milliseconds"]
    middle = median(times)
    peak = "%.1f GiB" % (record["peak_bytes"] / 2**30) if record.get("peak_bytes") else ""
    return 1000 * batch / middle, "%.0f (%.1f %%)" % (1000 * batch / middle,
                                                      100 * (max(times) - min(times)) / middle), peak


def row_of(key, records):
    model, what, precision, size, batch = key
    cells, rates = [model, what, precision, str(size), str(batch)], {}
    for program in PROGRAMS:
        rate, text, peak = cell_of(records[program], batch) if program in records else (None, "not measured", "")
        rates[program] = rate
        cells += [text, peak]
    peers = [rates[variant] for variant in VARIANTS if rates[variant]]
    ours = rates["falx"]
    floor = next(iter(records.values())).get("floor_milliseconds")
    cells.append("%.2f" % (ours / max(peers)) if ours and peers else "")
    cells.append("%.0f" % (1000 * batch / floor) if floor else "unknown")
    cells.append("%.0f %%" % (100 * ours * floor / 1000 / batch) if ours and floor else "")
    return "| " + " | ".join(cells) + " |"


def key_of(record):
    return tuple(record[name] for name in ["model", "what", "precision", "size", "batch"])


def table_of(records):
    """records: dictionaries as peers_gpu.py writes them, later ones replacing earlier ones."""
    rows = {}
    for record in records:
        if record["kind"] == "speed":
            rows.setdefault(key_of(record), {})[record["program"]] = record
    lines = ["| " + " | ".join(HEADER) + " |", "|" + "---|" * 5 + "---:|" * (len(HEADER) - 5)]
    lines += [row_of(key, rows[key]) for key in sorted(rows)]
    return "\n".join(lines)


def text_of(records):
    """The table under what it was measured on, and what was compared first."""
    lines, commands = [], []
    for record in records:
        if record["kind"] == "machine":
            facts = ", ".join("%s %s" % fact for fact in record.items() if fact[0] not in ["kind", "command"])
            lines += [facts] if facts not in lines else []
            commands += ["    " + record["command"]] if "    " + record["command"] not in commands else []
    lines += [""] + commands + [""]
    agreements = {(r["model"], r["precision"]): r for r in records if r["kind"] == "agreement"}
    for (model, precision), record in sorted(agreements.items()):
        found = record["failed"] if "failed" in record else "%.1e" % record["difference"]
        lines.append("%s %s, largest difference of logits from PyTorch's, over the largest: %s" %
                     (model, precision, found))
    return "\n".join(lines + ["", table_of(records)])
