"""The least time that a step can take: the longer of its arithmetic at the device's best rate and its memory traffic
(work.py counts both)."""
# Operations a second by precision, bytes a second. bf16 and memory: measured (a product of large matrices, a copy);
# f32 without tensor cores: the data sheet.
DEVICES = {"H200": ({"bf16": 790e12, "f32": 67e12}, 4.3e12)}
ADAMW_BYTES = 28
BYTES = {"f32": 4, "bf16": 2}


def device_rates(name):
    """(operations by precision, bytes) a second; None for a device that nobody has measured."""
    return next((rates for key, rates in DEVICES.items() if key in name), None)


def operations_of(work, what, batch):
    """Two a multiply-add. A step is three forward passes: forward, gradients of the input, gradients of the weights."""
    return 2 * batch * work["multiply_adds"] * (3 if what == "train" else 1)


def floor_milliseconds(work, what, precision, batch, device_name):
    """work: what work_of says. None where the device's rates are unknown."""
    rates = device_rates(device_name)
    if rates is None or work is None:
        return None
    operations, bandwidth = rates
    training = what == "train"
    moved = batch * BYTES[precision] * (work["forward"] + (work["backward"] if training else 0))
    if training:
        moved += ADAMW_BYTES * work["parameters"]
    return 1000 * max(operations_of(work, what, batch) / operations[precision], moved / bandwidth)
