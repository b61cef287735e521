#pragma once

#include <memory>

#include "nn/core/device_runtime.h"

namespace cuda {

std::unique_ptr<nn::StepGraph> make_step_graph();

}  // namespace cuda
