#include "tests/support/compare.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "nn/kernels/fill.h"
#include "nn/tensor/copy.h"

namespace test {

std::vector<double> values_of(const nn::Tensor& tensor) {
  const nn::Tensor host = nn::to_device(tensor, nn::Device::cpu);
  const nn::Tensor values = nn::Tensor::empty(host.shape(), nn::DType::f64);
  nn::cast(host, values);
  return values.to_vector<double>();
}

double normalised_error(const std::vector<double>& actual, const std::vector<double>& expected) {
  if (actual.size() != expected.size()) return std::numeric_limits<double>::infinity();
  double error = 0, scale = 0;
  for (std::size_t i = 0; i < actual.size(); ++i) {
    const double difference = std::abs(actual[i] - expected[i]);
    if (std::isnan(difference)) return std::numeric_limits<double>::infinity();
    error = std::max(error, difference);
    scale = std::max(scale, std::abs(expected[i]));
  }
  return scale > 0 ? error / scale : error;
}

double normalised_error(const nn::Tensor& actual, const nn::Tensor& expected) {
  return normalised_error(values_of(actual), values_of(expected));
}

std::string difference(const std::string& what, const nn::Tensor& actual, const nn::Tensor& expected, double bound) {
  if (actual.shape() != expected.shape()) {
    return nn::message(what, ": shape ", actual.shape(), ", expected ", expected.shape(), '\n');
  }
  const std::vector<double> a = values_of(actual), e = values_of(expected);
  const double error = normalised_error(a, e);
  if (error <= bound) return {};
  std::size_t worst = 0;
  double most = -1;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double gap = std::abs(a[i] - e[i]);
    if (std::isnan(gap) || gap > most) {
      worst = i;
      most = std::isnan(gap) ? std::numeric_limits<double>::infinity() : gap;
    }
  }
  return nn::message(what, ": normalised error ", error, " > ", bound, "; at ",
                     position(actual.shape(), static_cast<std::int64_t>(worst)), " got ", a[worst], ", expected ",
                     e[worst], '\n');
}

std::string position(const nn::Shape& shape, std::int64_t index) {
  const std::int64_t c = index % shape.c, w = index / shape.c % shape.w;
  const std::int64_t h = index / (shape.c * shape.w) % shape.h, n = index / (shape.c * shape.w * shape.h);
  return nn::message('[', n, ", ", h, ", ", w, ", ", c, ']');
}

}  // namespace test
