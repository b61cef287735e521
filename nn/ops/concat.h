// Concatenation of channels, by copies. Where the producers can write into a buffer, ConcatBuffer needs none.
#pragma once

#include <vector>

#include "nn/autograd/variable.h"

namespace nn {

/// Variables of equal n, h, w side by side: {n, h, w, sum of c}.
Variable concat(const std::vector<Variable>& parts);

}  // namespace nn
