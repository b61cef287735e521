// Between the types of a network: bf16 inside, f32 at its loss.
#pragma once

#include "nn/autograd/variable.h"

namespace nn {

/// x in another type, and the gradient back in x's; x itself if it has that type.
Variable cast_to(const Variable& x, DType dtype);

}  // namespace nn
