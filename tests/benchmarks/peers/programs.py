"""What runs beside Falx: every program in every setting that could be its fastest."""
import collections
import os

FOLDER = os.path.dirname(os.path.abspath(__file__))

# name of a record -> whose it is, the worker's script and options, whether it trains
Program = collections.namedtuple("Program", "family script options trains")


def _torch(mode, layout, trains=True):
    return Program("PyTorch", "torch_worker.py", ["--mode", mode, "--layout", layout], trains)


# In the order in which they run: a setting that is much slower than one before it gets a single turn.
PROGRAMS = {
    "freezing": _torch("freezing", "channels-last", trains=False),
    "freezing-contiguous": _torch("freezing", "contiguous", trains=False),
    "torchscript": _torch("torchscript", "channels-last", trains=False),
    "torchscript-contiguous": _torch("torchscript", "contiguous", trains=False),
    "eager": _torch("eager", "channels-last"),
    "eager-contiguous": _torch("eager", "contiguous"),
    "compile": _torch("compile", "channels-last"),
    "compile-contiguous": _torch("compile", "contiguous"),
    "max-autotune": _torch("max-autotune", "channels-last"),
    "openvino-latency": Program("OpenVINO", "openvino_worker.py", ["--hint", "LATENCY"], False),
    "openvino-throughput": Program("OpenVINO", "openvino_worker.py", ["--hint", "THROUGHPUT"], False),
    "onnxruntime": Program("ONNX Runtime", "onnxruntime_worker.py", [], False),
}


def command_of(python, name, key, more):
    """The worker's command line; key, more: its options by name."""
    program = PROGRAMS[name]
    command = [python, os.path.join(FOLDER, program.script)] + program.options
    for option, value in {**key, **more}.items():
        command += ["--" + option, str(value)]
    return command


def environment_of(key):
    """Variables that keep every program to the instructions of the row."""
    if key.get("instructions", "all") == "all":
        return dict(os.environ)
    return {**os.environ, "FALX_CPU": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2", "ATEN_CPU_CAPABILITY": "avx2"}
