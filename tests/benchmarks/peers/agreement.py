"""Whether Falx and the others compute the same network: the speed of another one would say nothing."""
import contextlib
import json
import os
import subprocess
import tempfile

from programs import FOLDER, environment_of

# Largest difference from PyTorch's plainest form over the largest number; f32 sums in another order, and Winograd's
# filtering rounds more; bf16 keeps 8 bits.
AGREEMENT = {"f32": 1e-3, "bf16": 0.1}


def run(command, timeout, environment=None):
    result = subprocess.run(command, capture_output=True, text=True, timeout=timeout, env=environment)
    if result.returncode != 0:
        words = result.stderr.strip().splitlines() or ["ended with %d" % result.returncode]
        raise RuntimeError(words[-1])
    return result.stdout


def reference(options, key, timeout, **more):
    """What reference.py prints."""
    command = [options.python, os.path.join(FOLDER, "reference.py"), "--model", key["model"]]
    for name, value in {"size": key["size"], **more}.items():
        command += ["--" + name, str(value)]
    return json.loads(run(command, timeout, environment_of(key)).splitlines()[-1])


def network_of(key):
    """Where answers are compared, and work is counted: batch and kind of work do not matter."""
    return {name: key[name] for name in ["model", "precision", "size", "instructions"] if name in key}


def name_of(key):
    return " ".join(str(value) for value in network_of(key).values())


def compare(options, key, left, results):
    """Adds whether Falx computes the same network as PyTorch: the speed of another one would say nothing."""
    record = {"kind": "agreement", **network_of(key), "agrees": False}
    try:
        record.update(reference(options, key, left(), falx=options.falx, device=options.device,
                                precision=key["precision"]))
        record["agrees"] = record["difference"] < AGREEMENT[key["precision"]]
        if not record["agrees"]:
            record["failed"] = "logits differ by %.1e of the largest" % record["difference"]
    except subprocess.TimeoutExpired:
        return  # the next command has more time for it
    except (RuntimeError, OSError) as error:
        record["failed"] = str(error)[-200:]
    results.add(record)
    print("%s: %s" % (name_of(record), record.get("failed") or "answers differ by %.1e" % record["difference"]),
          flush=True)


@contextlib.contextmanager
def reference_file(options, key, left, with_onnx):
    """Workers' options that say what they must answer, and where the network is as ONNX. On the CPU alone: elsewhere
    dropout draws other numbers."""
    if options.device != "cpu":
        yield {}
        return
    with tempfile.TemporaryDirectory() as folder:
        path, onnx = os.path.join(folder, "reference.npz"), os.path.join(folder, "network.onnx")
        reference(options, key, left(), what=key["what"], batch=key["batch"], out=path,
                  **({"onnx": onnx} if with_onnx else {}))
        yield {"reference": path, **({"onnx": onnx} if with_onnx else {})}
