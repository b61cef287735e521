// Comparing tensors by normalised error: the largest difference over the largest expected magnitude.
#pragma once

#include <string>
#include <vector>

#include "nn/tensor/tensor.h"

namespace test {

/// The values of a tensor of any type and device, in row order.
std::vector<double> values_of(const nn::Tensor& tensor);

/// max |actual - expected| / max |expected|; infinity where a NaN came or the sizes differ. If all that is expected is
/// zero, max |actual|.
double normalised_error(const std::vector<double>& actual, const std::vector<double>& expected);
double normalised_error(const nn::Tensor& actual, const nn::Tensor& expected);

/// Empty if the shapes agree and the normalised error is at most `bound`, else a line that says what differs, where and
/// by how much.
std::string difference(const std::string& what, const nn::Tensor& actual, const nn::Tensor& expected, double bound);

/// Element `index` in row order as "[n, h, w, c]".
std::string position(const nn::Shape& shape, std::int64_t index);

}  // namespace test
