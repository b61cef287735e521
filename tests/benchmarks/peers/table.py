"""Tables of recorded measurements in Markdown: a row for each network and work, beside the fastest of the others; and a
row for each setting of each program."""
from floors import operations_of
from programs import PROGRAMS
from results import median, ratio_of, spread

ROW_NAMES = ["model", "what", "precision", "instructions", "size", "batch"]
WORK = {"infer": "inference", "train": "training step"}
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


def rival_cells(title, families, row):
    """The fastest of these programs, by column title; why there is none, if they failed."""
    record = fastest(row, families)
    if record is None:
        failed = [r["failed"] for name, r in row.items()
                  if name in PROGRAMS and PROGRAMS[name].family in families and "failed" in r]
        return {title + " images/s": failed[0] if failed else "", "Falx / " + title: ""}
    return {title + " images/s": "%s (%s)" % (rate_text(record), label_of(record["program"])),
            "Falx / " + title: "**%.2f**" % ratio_of(record)}


def memory_cells(row):
    """Falx's peak beside that of PyTorch's fastest setting."""
    ours, theirs = row["falx"], fastest(row, ["PyTorch"])
    if theirs is None or not memory_text(ours) or not memory_text(theirs):
        return {"Falx MiB": memory_text(ours), "PyTorch MiB": "", "of it": ""}
    return {"Falx MiB": memory_text(ours), "PyTorch MiB": memory_text(theirs),
            "of it": percent(ours["peak_bytes"] / theirs["peak_bytes"])}


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
    """Images a second at the floor of floors.py, and how much of them Falx reaches."""
    floor = record.get("floor_milliseconds")
    if not floor or "failed" in record or not record["milliseconds"]:
        return {"floor images/s": "", "of the floor": ""}
    return {"floor images/s": "%.0f" % (1000 * record["batch"] / floor),
            "of the floor": percent(floor / median(record["milliseconds"]))}


def network_text(model, instructions):
    return model + (", AVX2 alone" if instructions == "avx2" else "")


def cells_of(key, row, facts):
    """The row's cells by column title."""
    model, _, precision, instructions, size, batch = key
    cells = {"network": network_text(model, instructions), "type": precision, "pixels": str(size), "batch": str(batch),
             "Falx images/s": rate_text(row["falx"]), "of peak": percent(share_of_peak(row["falx"], facts))}
    cells.update(floor_cells(row["falx"]))
    for title, families in RIVALS.items():
        cells.update(rival_cells(title, families, row))
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


def table_of(records, what):
    """Each network beside the fastest setting of the others; empty if there is none."""
    facts, rows = facts_of(records), rows_of(records)
    lines = [cells_of(key, rows[key], facts) for key in sorted(rows, key=order_of)
             if key[1] == what and "falx" in rows[key]]
    if len({line["type"] for line in lines}) == 1:
        lines = [{title: text for title, text in line.items() if title != "type"} for line in lines]
    return markdown(lines, ["network", "type"]) if lines else ""


def table_of_settings(records):
    """Every setting of every program; at rest: memory of the process before it has a network."""
    lines = []
    for key, row in rows_of(records).items():
        for name, record in row.items():
            ratio = ratio_of(record) if name != "falx" else None
            at_rest = record.get("at_rest_bytes")
            lines.append({"network": network_text(key[0], key[3]), "work": WORK[key[1]], "type": key[2],
                          "pixels": str(key[4]), "batch": str(key[5]), "program": label_of(name),
                          "images/s": rate_text(record), "MiB": memory_text(record),
                          "at rest": "%.0f" % (at_rest / 2**20) if at_rest else "",
                          "Falx / it": "%.2f" % ratio if ratio else ""})
    return markdown(lines, ["network", "work", "type", "program"])
