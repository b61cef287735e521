"""What runs beside Falx: every program in every setting that could be its fastest."""
import collections
import os

FOLDER = os.path.dirname(os.path.abspath(__file__))

# name of a record -> whose it is, the worker's script and options, whether it trains
Program = collections.namedtuple("Program", "family script options trains")


def _torch(mode, layout, trains=True):
    return Program("PyTorch", "torch_worker.py", ["--mode", mode, "--layout", layout], trains)


PROGRAMS = {
    "freezing": _torch("freezing", "channels-last", trains=False),
    "freezing-contiguous": _torch("freezing", "contiguous", trains=False),
    "freezing-max-autotune": _torch("freezing-max-autotune", "channels-last", trains=False),
    "torchscript": _torch("torchscript", "channels-last", trains=False),
    "torchscript-contiguous": _torch("torchscript", "contiguous", trains=False),
    "eager": _torch("eager", "channels-last"),
    "eager-contiguous": _torch("eager", "contiguous"),
    "compile": _torch("compile", "channels-last"),
    "compile-contiguous": _torch("compile", "contiguous"),
    # Not by default on the CPU, where it tunes nothing but products with constants: as fast as compile (cnn).
    "max-autotune": _torch("max-autotune", "channels-last"),
    "openvino-latency": Program("OpenVINO", "openvino_worker.py", ["--hint", "LATENCY"], False),
    "openvino-throughput": Program("OpenVINO", "openvino_worker.py", ["--hint", "THROUGHPUT"], False),
    "onnxruntime": Program("ONNX Runtime", "onnxruntime_worker.py", [], False),
}

# Whose settings compete for a column of the table: its title, their names.
GROUPS = {"PyTorch": [name for name, program in PROGRAMS.items() if program.family == "PyTorch"],
          "OpenVINO, ONNX Runtime": [name for name, program in PROGRAMS.items() if program.family != "PyTorch"]}


def command_of(python, name, key, more):
    """The worker's command line; key, more: its options by name."""
    program = PROGRAMS[name]
    command = [python, os.path.join(FOLDER, program.script)] + program.options
    for option, value in {**key, **more}.items():
        command += ["--" + option, str(value)]
    return command


# For all workers: memory that a step frees is not given back to the kernel, which would have to clear it again, and
# lies in huge pages, as Falx has it. PyTorch's tuning guide advises other allocators for it; glibc (2.35 or later) that
# is told so was as fast as tcmalloc, which OpenVINO and ONNX Runtime do not start with.
ALLOCATOR = {"MALLOC_TOP_PAD_": str(2**28), "MALLOC_MMAP_THRESHOLD_": str(2**32),
             "MALLOC_TRIM_THRESHOLD_": str(2**33), "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1"}


def environment_of(key, program="falx"):
    """Variables that keep every program to the instructions of the row, and give workers a fast allocator."""
    variables = dict(os.environ) if program == "falx" else {**ALLOCATOR, **os.environ}
    if key.get("instructions", "all") == "avx2":
        variables.update(FALX_CPU="avx2", ONEDNN_MAX_CPU_ISA="AVX2", ATEN_CPU_CAPABILITY="avx2")
    return variables
