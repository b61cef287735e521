"""The virtual environment of other programs that Falx is measured beside; made outside the tree, used again."""
import os
import re
import shutil
import subprocess
import sys

DEFAULT_FOLDER = os.path.join("~", ".cache", "falx", "peers")


def interpreter(folder, packages, pip_options=()):
    """Python of the environment in `folder`, in which `packages` (names of distributions) are. What is missing is
    installed by pip; RuntimeError with one line if that does not succeed."""
    folder = os.path.abspath(os.path.expanduser(folder))
    python = os.path.join(folder, "bin", "python")
    if not os.path.exists(python):
        _make(folder)
    missing = [name for name in packages if name not in _installed(python)]
    if missing:
        print("installs %s in %s" % (", ".join(missing), folder), file=sys.stderr, flush=True)
        wanted = [_without_cuda(python, pip_options) if name == "torch" else name for name in missing]
        _run([python, "-m", "pip", "install", "--quiet", *pip_options, *wanted],
             "install %s (is there a network?)" % " ".join(missing))
    return python


def _make(folder):
    was_there = os.path.exists(folder)
    try:
        _run([sys.executable, "-m", "venv", folder], "make a virtual environment in %s (Debian: python3-venv)" % folder)
    except RuntimeError:
        if not was_there:
            shutil.rmtree(folder, ignore_errors=True)
        raise


def versions(python, packages):
    installed = _installed(python)
    return {name: installed.get(name, "missing") for name in packages}


def _installed(python):
    """Distributions by name, with their versions."""
    program = "import importlib.metadata as m\nfor d in m.distributions(): print(d.name.lower(), d.version)"
    lines = subprocess.run([python, "-c", program], capture_output=True, text=True, check=True).stdout.splitlines()
    return dict(line.split() for line in lines)


def _without_cuda(python, pip_options):
    """The newest build of PyTorch for the CPU alone if pip's index has one, else PyTorch."""
    listed = subprocess.run([python, "-m", "pip", "index", "versions", *pip_options, "torch"], capture_output=True,
                            text=True).stdout
    builds = re.findall(r"[0-9.]+\+cpu\b", listed)
    return "torch==" + builds[0] if builds else "torch"


def _run(command, purpose):
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode != 0:
        words = (result.stderr.strip() or result.stdout.strip() or "ended with %d" % result.returncode).splitlines()
        raise RuntimeError("cannot %s: %s" % (purpose, words[-1]))
