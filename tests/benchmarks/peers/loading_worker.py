"""DICOM files to a network's input by pydicom, NumPy and OpenCV, on one thread; run by ../loading.py.

    loading_worker.py encode SYNTAX FROM TO    the files of FROM, compressed by pydicom's encoders
    loading_worker.py inputs DIR SIZE TO       what becomes of each file: TO.npz
    loading_worker.py time DIR SIZE ROUNDS     milliseconds per file of the fastest round, as JSON; with arrays reused,
                                               for each of pydicom's plug-ins that can decode the files
"""
import json
import pathlib
import sys
import time

import cv2
import numpy as np
import pydicom
from pydicom.pixels import get_decoder

WINDOWS = [(40, 80), (80, 200), (40, 380)]  # centre and width in HU: falx bench's

cv2.setNumThreads(1)


def files_of(folder):
    return sorted(path for path in pathlib.Path(folder).iterdir() if path.suffix == ".dcm")


class Plain:
    """The way it is usually written: a new array at every step."""

    def __init__(self, size):
        self.size = size

    def input(self, path):
        dataset = pydicom.dcmread(path)
        hu = dataset.pixel_array.astype(np.float32) * float(dataset.RescaleSlope) + float(dataset.RescaleIntercept)
        shown = [np.clip((hu - (centre - width / 2)) / width, 0, 1) for centre, width in WINDOWS]
        return cv2.resize(np.stack(shown, axis=-1), (self.size, self.size), interpolation=cv2.INTER_AREA)


class Reused:
    """The fastest way found: every step writes into memory that is there already. plugin: decodes what is compressed;
    None: what pydicom takes."""

    def __init__(self, size, plugin=None):
        self.size, self.options = size, {"decoding_plugin": plugin} if plugin else {}
        self.hu = self.shown = np.empty((0, 0), np.float32)

    def input(self, path):
        dataset = pydicom.dcmread(path)
        dataset.pixel_array_options(**self.options)
        stored = dataset.pixel_array
        if self.hu.shape != stored.shape:
            self.hu, self.shown = np.empty(stored.shape, np.float32), np.empty(stored.shape, np.float32)
        hu, shown = self.hu, self.shown
        np.multiply(stored, np.float32(dataset.RescaleSlope), out=hu)
        np.add(hu, np.float32(dataset.RescaleIntercept), out=hu)
        result = np.empty((self.size, self.size, len(WINDOWS)), np.float32)
        for channel, (centre, width) in enumerate(WINDOWS):
            np.subtract(hu, np.float32(centre - width / 2), out=shown)
            np.multiply(shown, np.float32(1 / width), out=shown)
            np.clip(shown, 0, 1, out=shown)
            result[..., channel] = cv2.resize(shown, (self.size, self.size), interpolation=cv2.INTER_AREA)
        return result


def plugins_of(path):
    """What can decode the file, or [None] where nothing is compressed."""
    syntax = pydicom.dcmread(path, stop_before_pixels=True).file_meta.TransferSyntaxUID
    return list(get_decoder(syntax).available_plugins) if syntax.is_compressed else [None]


def agrees(plugin, path, size):
    """Whether it decodes the file to what pydicom's own choice does."""
    try:
        return np.array_equal(Reused(size, plugin).input(path), Reused(size).input(path))
    except Exception as error:  # plug-ins raise what they like
        print("%s: %s" % (plugin, error), file=sys.stderr)
        return False


def times_of(files, size, rounds):
    reused = {plugin or "": fastest_round(Reused(size, plugin), files, rounds) for plugin in plugins_of(files[0])
              if agrees(plugin, files[0], size)}
    return {"plain": fastest_round(Plain(size), files, rounds), "reused": reused}


def fastest_round(way, files, rounds):
    durations = []
    for _ in range(rounds + 1):  # the first is not counted
        begin = time.perf_counter()
        for path in files:
            way.input(path)
        durations.append((time.perf_counter() - begin) * 1000 / len(files))
    return min(durations[1:])


def main(command, *arguments):
    if command == "encode":
        syntax, source, target = arguments
        for path in files_of(source):
            dataset = pydicom.dcmread(path)
            dataset.compress(syntax, generate_instance_uid=False)
            dataset.save_as(pathlib.Path(target) / path.name)
    elif command == "inputs":
        folder, size, target = arguments
        way = Reused(int(size))
        np.savez(target, **{path.name: way.input(path) for path in files_of(folder)})
    else:
        folder, size, rounds = arguments
        files = files_of(folder)
        print(json.dumps(times_of(files, int(size), int(rounds))))


if __name__ == "__main__":
    main(*sys.argv[1:])
