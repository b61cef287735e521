"""Tables of recorded measurements in Markdown: a row for each network and work, beside the fastest of the others; and a
row for each setting of each program."""
from floors import operations_of
from programs import PROGRAMS
from results import median, spread

ROW_NAMES = ["model", "what", "precision", "instructions", "size", "batch"]
WORK = {"train": "training step", "infer": "inference"}
# Columns of other programs: title, whose settings compete for them.
RIVALS = {"PyTorch": ["PyTorch"], "OpenVINO, ONNX Runtime": ["OpenVINO", "ONNX Runtime"]}
LABELS = {"falx": "Falx", "openvino-latency": "OpenVINO, latency", "openvino-throughput": "OpenVINO, throughput",
          "onnxruntime": "ONNX Runtime"}


def key_of(record):
    return tuple(record.get(name) for name in ROW_NAMES)


def rows_of(records):
    """Programs' records by name, by row."""
    rows = {}
    for record in records:
        if record["kind"] == "speed":
            rows.setdefault(key_of(record), {})[record["program"]] = record
    return rows


def ratio_of(record):
    """How many times as fast Falx is: medians of turns taken beside each other. None if one of them failed."""
    ours = record.get("falx_milliseconds", [])
    if "failed" in record or not ours or None in ours:
        return None
    return median(record["milliseconds"]) / median(ours)


def fastest(row, families):
    """The record of these families that leaves Falx the smallest ratio; None if there is no number."""
    measured = [r for name, r in row.items()
                if name in PROGRAMS and PROGRAMS[name].family in families and ratio_of(r) is not None]
    return min(measured, key=ratio_of, default=None)


def rate_text(record):
    """Images a second and half the spread of the turns' medians; why not, where there is no number."""
    if "failed" in record:
        return record["failed"]
    if not record["milliseconds"]:
        return ""
    rate = 1000 * record["batch"] / median(record["milliseconds"])
    return "%s ± %.0f %%" % ("%.0f" % rate if rate >= 100 else "%.3g" % rate, 50 * spread(record["milliseconds"]))


def memory_text(record):
    return "%.0f" % (record["peak_bytes"] / 2**20) if record.get("peak_bytes") and "failed" not in record else ""


def label_of(program):
    return LABELS.get(program, program)


def rival_cells(row, families, with_memory):
    record = fastest(row, families)
    if record is None:
        failed = [r["failed"] for n, r in row.items() if n in PROGRAMS and PROGRAMS[n].family in families
                  and "failed" in r]
        return [failed[0] if failed else ""] + ([""] if with_memory else []) + [""]
    memory = [memory_text(record)] if with_memory else []
    return ["%s (%s)" % (rate_text(record), label_of(record["program"]))] + memory + ["**%.2f**" % ratio_of(record)]


def share_of_peak(record, facts):
    """Operations a second over the multiply-add peak of all threads; None if one of them is unknown."""
    work = facts["work"].get((record["model"], record["size"]))
    peak = facts["peaks"].get(record.get("instructions"))
    if not work or not peak or not record.get("threads") or not record.get("milliseconds") or "failed" in record:
        return None
    seconds = median(record["milliseconds"]) / 1000
    return operations_of(work, record["what"], record["batch"]) / seconds / (1e9 * peak * record["threads"])


def facts_of(records):
    """Multiply-adds of networks and peaks of the machine, from the records that hold them."""
    work = {(r["model"], r["size"]): r for r in records if r["kind"] == "agreement" and "multiply_adds" in r}
    peaks = {}
    for record in records:
        peaks.update(record.get("peaks", {}) if record["kind"] == "machine" else {})
    return {"work": work, "peaks": peaks}


def percent(share):
    return "%.0f %%" % (100 * share) if share is not None else ""


def floor_cells(record):
    floor = record.get("floor_milliseconds")
    if not floor or "failed" in record or not record["milliseconds"]:
        return ["", ""]
    return ["%.0f" % (1000 * record["batch"] / floor), percent(floor / median(record["milliseconds"]))]


def cells_of(key, row, facts, titles):
    """The row's cells by column title; those without titles are left out."""
    model, what, precision, instructions, size, batch = key
    ours = row["falx"]
    cells = {"network": model, "work": WORK[what], "type": precision, "instructions": instructions or "",
             "pixels": str(size), "batch": str(batch), "Falx images/s": rate_text(ours), "MiB": memory_text(ours),
             "of peak": percent(share_of_peak(ours, facts))}
    cells["floor images/s"], cells["Falx of it"] = floor_cells(ours)
    for title, families in RIVALS.items():
        with_memory = title == "PyTorch"
        values = rival_cells(row, families, with_memory)
        cells[title + " images/s"] = values[0]
        if with_memory:
            cells[title + " MiB"] = values[1]
        cells["Falx / " + title] = values[-1]
    return cells


def markdown(lines, left_columns):
    """lines: dictionaries with the same keys. Columns that are empty everywhere are left out."""
    titles = [title for title in lines[0] if any(line[title] for line in lines)] if lines else []
    table = ["| " + " | ".join(titles) + " |",
             "|" + "".join("---|" if title in left_columns else "---:|" for title in titles)]
    return "\n".join(table + ["| " + " | ".join(line[title] for title in titles) + " |" for line in lines])


def table_of(records):
    """Each network and work beside the fastest setting of the others."""
    facts = facts_of(records)
    rows = sorted(rows_of(records).items(), key=lambda item: tuple(str(part).rjust(6) for part in item[0]))
    lines = [cells_of(key, row, facts, None) for key, row in rows if "falx" in row]
    return markdown(lines, ["network", "work", "type", "instructions"])


def table_of_settings(records):
    """Every setting of every program."""
    lines = []
    for key, row in rows_of(records).items():
        for name, record in row.items():
            ratio = ratio_of(record) if name != "falx" else None
            lines.append({"network": key[0], "work": WORK[key[1]], "type": key[2], "instructions": key[3] or "",
                          "pixels": str(key[4]), "batch": str(key[5]), "program": label_of(name),
                          "images/s": rate_text(record), "MiB": memory_text(record),
                          "Falx / it": "%.2f" % ratio if ratio else ""})
    return markdown(lines, ["network", "work", "type", "instructions", "program"])


def text_of(records):
    """The table under what it was measured on, and what was compared first."""
    lines, commands = [], []
    for record in records:
        if record["kind"] == "machine":
            facts = ", ".join("%s %s" % fact for fact in record.items() if fact[0] not in ["kind", "command", "peaks"])
            lines += [facts] if facts not in lines else []
            commands += ["    " + record["command"]] if "    " + record["command"] not in commands else []
    for instructions, peak in facts_of(records)["peaks"].items():
        lines.append("multiply-add peak, instructions %s: %.0f GF/s a thread" % (instructions, peak))
    lines += [""] + commands + [""]
    agreements = {tuple(r.get(n) for n in ROW_NAMES): r for r in records if r["kind"] == "agreement"}
    for record in agreements.values():
        found = record["failed"] if "failed" in record else "%.1e" % record["difference"]
        name = " ".join(str(record[n]) for n in ROW_NAMES if record.get(n))
        lines.append("%s: largest difference of logits from PyTorch's, over the largest: %s" % (name, found))
    return "\n".join(lines + ["", table_of(records)])
