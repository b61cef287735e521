// Device::cuda for record_step: memory without content, kernels without work.
#pragma once

#include <vector>

#include "tests/traffic/recorded_step.h"

namespace test {

/// Enters it, once in the life of a program. From then on every call of a kernel is appended to `calls`.
void install_recording_device(std::vector<RecordedCall>& calls);

}  // namespace test
