#pragma once

#include <memory>

#include "nn/core/device_runtime.h"

namespace cuda {

std::unique_ptr<nn::Transfer> make_transfer();

}  // namespace cuda
