// Pooling. Every op has a form that writes into a given variable `y` and returns it.
#pragma once

#include "nn/autograd/variable.h"
#include "nn/kernels/pool.h"

namespace nn {

/// The maximum of each window; padding counts as -infinity. The gradient goes to the first maximum.
Variable max_pool(const Variable& x, const PoolGeometry& geometry);
Variable max_pool_into(const Variable& x, const PoolGeometry& geometry, const Variable& y);

/// The mean of each window; count_padding: padding counts as zeros (PyTorch's default), else it is left out.
Variable average_pool(const Variable& x, const PoolGeometry& geometry, bool count_padding = true);
Variable average_pool_into(const Variable& x, const PoolGeometry& geometry, const Variable& y,
                           bool count_padding = true);

/// {n,h,w,c} -> {n,1,1,c}
Variable global_average_pool(const Variable& x);
Variable global_average_pool_into(const Variable& x, const Variable& y);
Variable global_max_pool(const Variable& x);

}  // namespace nn
