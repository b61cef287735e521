// Batch norm in training as textbooks write it: one op, the whole gradient at once, plain loops in f64. What the two
// ops of nn/ops/batch_norm.h are compared with.
#pragma once

#include "nn/autograd/variable.h"

namespace test {

/// gamma (x - mean) / sqrt(variance + epsilon) + beta, f64.
nn::Variable textbook_batch_norm(const nn::Variable& x, const nn::Variable& gamma, const nn::Variable& beta,
                                 double epsilon);

}  // namespace test
