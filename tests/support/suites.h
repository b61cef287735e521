// The suites that every OpCase goes through. Each returns an empty string if the case passes, else lines that say what
// is wrong: so the suites can be tested themselves (tests/nn/support/suites_test.cpp).
#pragma once

#include <string>

#include "tests/support/op_run.h"

namespace test {

/// CPU, f64: every element of every gradient against central differences of the forward pass, with a random upstream
/// gradient. Elements within a step of a kink (found from the forward pass alone) are tried again with smaller steps.
std::string check_gradient(const OpCase& op);

/// Every input and, for ops that can write into given variables, every output as a slice of a larger buffer between
/// canaries, values and gradients; results as with contiguous tensors, canaries untouched, inputs unchanged. f64, f32.
std::string check_views(const OpCase& op);
std::string check_views(const OpCase& op, const Setting& setting, double bound);

/// Gradient buffers filled with NaN before a first touch (beta 0 must not read), and holding a constant (beta 1 must
/// add). f64, f32.
std::string check_beta(const OpCase& op);
std::string check_beta(const OpCase& op, const Setting& setting, double bound);

/// CPU f32 against CPU f64 by normalised error, every choice of kernel forced in turn.
std::string check_precision(const OpCase& op);

/// CUDA against CPU f32: in f32, and in bf16 on inputs rounded to bf16; Views and Beta there too. Needs
/// has_device(Device::cuda).
std::string check_parity(const OpCase& op);

/// op.function against op.reference, f64.
std::string check_reference(const OpCase& op);

}  // namespace test
