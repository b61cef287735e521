// Small files of reference values, made once by another framework and read by tests.
#pragma once

#include <map>
#include <string>

#include "nn/tensor/tensor.h"

namespace test {

/// Reads a text file with one tensor a line, `name n h w c value value ...`, all f64; lines that begin with # are
/// comments. `path` is relative to the project's root, where tests run.
std::map<std::string, nn::Tensor> read_golden(const std::string& path);

}  // namespace test
