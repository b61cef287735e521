"""Tables of recorded measurements in Markdown: a row for each network and work, beside the fastest of the others; and a
row for each setting of each program."""
from floors import operations_of
from programs import GROUPS
from results import median, ratio_of, spread

ROW_NAMES = ["model", "what", "precision", "instructions", "size", "batch"]
WORK = {"infer": "inference", "train": "training step"}
LABELS = {"falx": "Falx", "openvino-latency": "OpenVINO, latency", "openvino-throughput": "OpenVINO, throughput",
          "onnxruntime": "ONNX Runtime"}


def key_of(record):
    return tuple(record.get(name) for name in ROW_NAMES)


def rows_of(records):
    """The latest rounds by row."""
    return {key_of(record): record for record in records if record["kind"] == "speed"}


def fastest(row, names):
    """Of these programs the one with the smallest median in the row's rounds; None if there is no number."""
    measured = [name for name in names if ratio_of(row["programs"].get(name, {}), row["programs"]["falx"]) is not None]
    return min(measured, key=lambda name: median(row["programs"][name]["milliseconds"]), default=None)


def rate_text(entry, batch):
    """Images a second and, of several turns, half the spread of their medians; why not, where there is no number."""
    if "failed" in entry:
        return entry["failed"]
    if not entry["milliseconds"]:
        return ""
    rate = 1000 * batch / median(entry["milliseconds"])
    number = "%.0f" % rate if rate >= 100 else "%.3g" % rate
    return "%s ± %.0f %%" % (number, 50 * spread(entry["milliseconds"])) if len(entry["milliseconds"]) > 1 else number


def mebibytes(entry, name):
    return "%.0f" % (entry[name] / 2**20) if entry.get(name) and "failed" not in entry else ""


def label_of(program):
    return LABELS.get(program, program)


def rival_cells(title, names, row, trials):
    """The fastest of these programs, by column title; why there is none, if they failed."""
    name = fastest(row, names)
    if name is None:
        entries = {**trials, **row["programs"]}
        failed = [entries[name]["failed"] for name in names if "failed" in entries.get(name, {})]
        return {title + " images/s": failed[0] if failed else "", "Falx / " + title: ""}
    entry = row["programs"][name]
    return {title + " images/s": "%s (%s)" % (rate_text(entry, row["batch"]), label_of(name)),
            "Falx / " + title: "**%.2f**" % ratio_of(entry, row["programs"]["falx"])}


def memory_cells(row):
    """Falx's peak beside that of PyTorch's fastest setting, and beside the part of it above PyTorch at rest."""
    ours, name = row["programs"]["falx"], fastest(row, GROUPS["PyTorch"])
    theirs = row["programs"].get(name, {})
    cells = {"Falx MiB": mebibytes(ours, "peak_bytes"), "PyTorch MiB": mebibytes(theirs, "peak_bytes"),
             "at rest": mebibytes(theirs, "at_rest_bytes"), "of it": "", "of it above rest": ""}
    if cells["Falx MiB"] and cells["PyTorch MiB"]:
        cells["of it"] = percent(ours["peak_bytes"] / theirs["peak_bytes"])
        above = theirs["peak_bytes"] - theirs.get("at_rest_bytes", theirs["peak_bytes"])
        cells["of it above rest"] = percent(ours["peak_bytes"] / above if above > 0 else None)
    return cells


def share_of_peak(row, facts):
    """Falx's operations a second over the multiply-add peak of all threads; None if one of them is unknown."""
    work, falx = facts["work"].get((row["model"], row["size"])), row["programs"]["falx"]
    peak = facts["peaks"].get(row.get("instructions"))
    if not work or not peak or not row.get("threads") or not falx["milliseconds"] or "failed" in falx:
        return None
    seconds = median(falx["milliseconds"]) / 1000
    return operations_of(work, row["what"], row["batch"]) / seconds / (1e9 * peak * row["threads"])


def facts_of(records):
    """Multiply-adds of networks and peaks of the machine, from the records that hold them."""
    work = {(r["model"], r["size"]): r for r in records if r["kind"] == "agreement" and "multiply_adds" in r}
    peaks = {}
    for record in records:
        peaks.update(record.get("peaks", {}) if record["kind"] == "machine" else {})
    return {"work": work, "peaks": peaks}


def percent(share):
    return "%.0f %%" % (100 * share) if share is not None else ""


def floor_cells(row):
    """Images a second at the floor of floors.py, and how much of them Falx reaches."""
    floor, falx = row.get("floor_milliseconds"), row["programs"]["falx"]
    if not floor or "failed" in falx or not falx["milliseconds"]:
        return {"floor images/s": "", "of the floor": ""}
    return {"floor images/s": "%.0f" % (1000 * row["batch"] / floor),
            "of the floor": percent(floor / median(falx["milliseconds"]))}


def network_text(model, instructions):
    return model + (", AVX2 alone" if instructions == "avx2" else "")


def cells_of(key, row, trials, facts):
    """The row's cells by column title."""
    model, _, precision, instructions, size, batch = key
    cells = {"network": network_text(model, instructions), "type": precision, "pixels": str(size), "batch": str(batch),
             "Falx images/s": rate_text(row["programs"]["falx"], batch), "of peak": percent(share_of_peak(row, facts))}
    cells.update(floor_cells(row))
    for title, names in GROUPS.items():
        cells.update(rival_cells(title, names, row, trials))
    cells.update(memory_cells(row))
    return cells


def markdown(lines, left_columns):
    """lines: dictionaries with the same keys. Columns that are empty everywhere are left out."""
    titles = [title for title in lines[0] if any(line[title] for line in lines)] if lines else []
    table = ["| " + " | ".join(titles) + " |",
             "|" + "".join("---|" if title in left_columns else "---:|" for title in titles)]
    return "\n".join(table + ["| " + " | ".join(line[title] for title in titles) + " |" for line in lines])


def order_of(key):
    """Rows by network, numbers by size."""
    return tuple(str(part).rjust(8) if isinstance(part, int) else str(part) for part in key)


def trials_by_row(records):
    """The latest trials by name, by row."""
    rows = {}
    for record in records:
        if record["kind"] == "trial":
            rows.setdefault(key_of(record), {})[record["program"]] = record
    return rows


def table_of(records, what):
    """Each network beside the fastest setting of the others; empty if there is none."""
    facts, rows, trials = facts_of(records), rows_of(records), trials_by_row(records)
    lines = [cells_of(key, rows[key], trials.get(key, {}), facts) for key in sorted(rows, key=order_of)
             if key[1] == what]
    if len({line["type"] for line in lines}) == 1:
        lines = [{title: text for title, text in line.items() if title != "type"} for line in lines]
    return markdown(lines, ["network", "type"]) if lines else ""


def table_of_settings(records):
    """Every setting of every program: in the rounds where it took part in them, else in its trial. At rest: memory of
    the process before it has a network."""
    rows, trials = rows_of(records), trials_by_row(records)
    lines = []
    for key in dict.fromkeys([*trials, *rows]):
        entries = rows[key]["programs"] if key in rows else {}
        for name, entry in {**trials.get(key, {}), **entries}.items():
            ratio = ratio_of(entry, entries["falx"]) if name in entries and name != "falx" else None
            lines.append({"network": network_text(key[0], key[3]), "work": WORK[key[1]], "type": key[2],
                          "pixels": str(key[4]), "batch": str(key[5]), "program": label_of(name),
                          "turns": str(len(entry.get("milliseconds", []))), "images/s": rate_text(entry, key[5]),
                          "MiB": mebibytes(entry, "peak_bytes"), "at rest": mebibytes(entry, "at_rest_bytes"),
                          "Falx / it": "%.2f" % ratio if ratio else ""})
    return markdown(lines, ["network", "work", "type", "program"])
