"""The tables with what a reader must know of them: machine, versions, peaks, what was compared."""
import textwrap

from table import WORK, facts_of, network_text, table_of


def machines_of(records):
    """A line for each machine and date."""
    lines = []
    for record in records:
        if record["kind"] == "machine":
            left_out = ["kind", "command", "peaks", "date", "device", "threads"]
            versions = ", ".join("%s %s" % fact for fact in record.items() if fact[0] not in left_out)
            line = "%s, %s threads, %s: %s" % (record["device"], record.get("threads", ""), record["date"], versions)
            lines += [line] if line not in lines else []
    return lines


def peaks_of(records):
    names = {"all": "all instructions", "avx2": "AVX2 alone"}
    return ["multiply-add peak of a thread, %s: %.0f GF/s" % (names[instructions], peak)
            for instructions, peak in facts_of(records)["peaks"].items()]


def agreements_of(records):
    """What was compared first."""
    lines = {}
    for record in records:
        if record["kind"] == "agreement":
            name = ", ".join([network_text(record["model"], record.get("instructions")), record["precision"],
                              "%d pixels" % record["size"]])
            found = record["failed"] if "failed" in record else "%.1e" % record["difference"]
            lines[name] = "%s: largest difference of logits from PyTorch's, over the largest: %s" % (name, found)
    return list(lines.values())


def tables_of(records):
    """For inference and for training steps, under their names."""
    tables = {what: table_of(records, what) for what in WORK}
    return "\n\n".join("%s:\n\n%s" % (WORK[what].capitalize(), table) for what, table in tables.items() if table)


def text_of(records):
    """The tables under what they were measured on, and what was compared first."""
    commands = ["    " + r["command"] for r in records if r["kind"] == "machine" and "command" in r]
    head = machines_of(records) + peaks_of(records) + [""] + list(dict.fromkeys(commands)) + [""]
    return "\n".join(head + agreements_of(records) + ["", tables_of(records)])


def paragraph_of(records):
    """The same for a document, shorter."""
    differences = [r["difference"] for r in records if r["kind"] == "agreement" and r["agrees"]]
    compared = "Logits differ from PyTorch's by at most %.0e of the largest." % max(differences) if differences else ""
    facts = ["; ".join(machines_of(records) + peaks_of(records)) + ".", compared]
    return "\n\n".join([textwrap.fill(" ".join(facts), 120), tables_of(records)])
