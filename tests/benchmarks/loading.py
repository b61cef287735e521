#!/usr/bin/env python3
"""How fast DICOM files become a network's input: Falx beside pydicom + OpenCV, one thread each, alternating in one run.

    tests/benchmarks/loading.py --falx build/release/apps/falx
    tests/benchmarks/loading.py --falx build/release/apps/falx --images FOLDER    real files (*.dcm) besides

Both read the file, decode it, make Hounsfield units, show them in three windows and bring 512 x 512 to 256 x 256 pixels
by the mean over area, as float32; that they make the same is checked first. With arrays reused, pydicom decodes by the
fastest of its plug-ins, which is measured in every turn and named in the table. The slices come from `falx synth`, and
are compressed by DCMTK's tools (package dcmtk) and pydicom's encoders. The other programs live in a virtual environment
outside the tree, made when it is missing. Prints a table as Markdown.
"""
import argparse
import json
import os
import pathlib
import shutil
import statistics
import struct
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "peers"))
import environment  # noqa: E402

WORKER = pathlib.Path(__file__).parent / "peers" / "loading_worker.py"
PACKAGES = ["numpy", "pydicom", "opencv-python-headless", "pylibjpeg", "pylibjpeg-libjpeg", "pylibjpeg-openjpeg",
            "pylibjpeg-rle", "pyjpegls", "python-gdcm"]
SIZE = 256
ROUNDS_A_TURN = 5  # as falx bench has them
LARGEST_DIFFERENCE = 2e-6  # of values 0 .. 1 in float32: sums of four in another order; 4e-7 was measured

# Name in the table -> the program that writes a file FROM as TO, or the transfer syntax for pydicom's encoder.
FORMATS = {"uncompressed": None, "RLE": ["dcmcrle"], "JPEG-LS": ["dcmcjpls"], "JPEG lossless": ["dcmcjpeg", "+e1"],
           "JPEG 2000": "1.2.840.10008.1.2.4.90"}


def run(command):
    result = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if result.returncode != 0:
        words = (result.stderr.strip() or "ended with %d" % result.returncode).splitlines()
        raise RuntimeError("%s: %s" % (command[0], words[-1]))
    return result.stdout


def encode(encoder, source, target, python):
    target.mkdir()
    if isinstance(encoder, str):
        run([python, WORKER, "encode", encoder, source, target])
        return
    if shutil.which(encoder[0]) is None:
        raise RuntimeError("%s is not there (package dcmtk)" % encoder[0])
    for path in source.iterdir():
        run([*encoder, path, target / path.name])


def safetensors(path):
    """Arrays of float32 by name."""
    import numpy as np
    with open(path, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        data = file.read()
    header.pop("__metadata__", None)
    return {name: np.frombuffer(data[slice(*entry["data_offsets"])], "<f4").reshape(entry["shape"])
            for name, entry in header.items()}


def largest_difference(falx, python, folder, scratch):
    """Of any value of any file between the two programs; RuntimeError if they do not read the same files."""
    run([falx, "bench", "--what", "load", "--images", folder, "--size", SIZE, "--inputs", scratch / "falx.safetensors"])
    run([python, WORKER, "inputs", folder, SIZE, scratch / "peer.npz"])
    return float(run([python, __file__, "--compare", scratch / "falx.safetensors", scratch / "peer.npz"]))


def compare(ours, theirs):
    import numpy as np
    falx, peer = safetensors(ours), np.load(theirs)
    if set(falx) != set(peer.files):
        raise RuntimeError("falx made inputs of %d files, pydicom of %d" % (len(falx), len(peer.files)))
    return float(np.max([np.abs(falx[name] - peer[name]).max() for name in falx]))  # NaN if one of them is


def measure(falx, python, folder, rounds):
    """Milliseconds per file, medians over `rounds` in which the programs take turns; of each turn the fastest of
    ROUNDS_A_TURN passes over the files, after one that is not counted."""
    ours, theirs = [], []
    for _ in range(rounds):
        line = run([falx, "bench", "--what", "load", "--images", folder, "--size", SIZE, "--threads", 1, "--json"])
        ours.append(json.loads(line.splitlines()[-1]))
        theirs.append(json.loads(run([python, WORKER, "time", folder, SIZE, ROUNDS_A_TURN])))
    middle = sorted(ours, key=lambda one: one["milliseconds_min"])[len(ours) // 2]
    return {"falx": middle["milliseconds_min"], "stages": middle["stages"],
            "plain": statistics.median(one["plain"] for one in theirs), **fastest_plugin(theirs)}


def fastest_plugin(turns):
    """Of pydicom's plug-ins the one with the smallest median over the turns; no name where nothing is compressed."""
    medians = {name: statistics.median(one["reused"][name] for one in turns) for name in turns[0]["reused"]}
    plugin = min(medians, key=medians.get)
    return {"plugin": plugin, "reused": medians[plugin]}


def row(name, times):
    stages = times["stages"]
    return "| %s | %.2f | %.2f | %s | **%.3f** | %.0f | **%.1fx** | %.3f | %.3f | %.3f | %.3f |" % (
        name, times["plain"], times["reused"], times["plugin"], times["falx"], 1000 / times["falx"],
        times["reused"] / times["falx"], stages["header"], stages["pixels"], stages["hounsfield"], stages["input"])


TITLES = ["ms a file, one thread", "pydicom + OpenCV", "arrays reused", "plug-in", "Falx", "images/s", "ratio", "header",
          "pixels", "HU", "input"]


def table(options, python, scratch):
    run([options.falx, "synth", "--out", scratch / "data", "--patients", options.patients, "--test-patients", 1,
         "--slices", 24, "--quiet"])
    folders = {"uncompressed": scratch / "data" / "stage_2_train"}
    for name, encoder in FORMATS.items():
        if encoder is None:
            continue
        folder = scratch / name.replace(" ", "-")
        try:
            encode(encoder, folders["uncompressed"], folder, python)
            folders[name] = folder
        except RuntimeError as error:
            print("%s: left out: %s" % (name, error), file=sys.stderr)
    if options.images:
        folders["real files"] = options.images
    print("| %s |\n|---|---:|---:|---|%s" % (" | ".join(TITLES), "---:|" * 7), flush=True)
    for name, folder in folders.items():
        try:
            difference = largest_difference(options.falx, python, folder, scratch)
        except RuntimeError as error:
            print("%s: left out: %s" % (name, error), file=sys.stderr)
            continue
        if not difference <= LARGEST_DIFFERENCE:  # nor NaN
            raise RuntimeError("%s: the programs differ by %g, expected at most %g" %
                               (name, difference, LARGEST_DIFFERENCE))
        print("%s: largest difference %.1e" % (name, difference), file=sys.stderr)
        print(row(name, measure(options.falx, python, folder, options.rounds)), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--falx", default="build/release/apps/falx")
    parser.add_argument("--images", type=pathlib.Path, help="a folder of real slices, *.dcm")
    parser.add_argument("--patients", type=int, default=2, help="synthetic ones, of 24 slices")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--environment", default=environment.DEFAULT_FOLDER, help="folder of the virtual environment")
    parser.add_argument("--compare", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.compare:
        print(compare(*options.compare))
        return
    python = environment.interpreter(options.environment, PACKAGES)
    with tempfile.TemporaryDirectory() as folder:
        table(options, python, pathlib.Path(folder))


if __name__ == "__main__":
    try:
        main()
    except RuntimeError as error:
        sys.exit("loading.py: %s" % error)
