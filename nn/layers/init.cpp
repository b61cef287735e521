#include "nn/layers/init.h"

#include <cmath>
#include <vector>

#include "nn/kernels/fill.h"
#include "nn/tensor/copy.h"

namespace nn::init {
namespace {

double fan_in(const Shape& s) { return static_cast<double>(s.h * s.w * s.c); }
double fan_out(const Shape& s) { return static_cast<double>(s.h * s.w * s.n); }

/// value_i = draw(), in the order of memory: the same numbers for every dtype and device.
template <class Draw>
void draw_all(const Tensor& value, const Draw& draw) {
  std::vector<float> numbers(static_cast<std::size_t>(value.elements()));
  for (float& number : numbers) number = draw();
  const Tensor single = Tensor::from(value.shape(), std::span<const float>(numbers));
  Tensor converted = Tensor::empty(value.shape(), value.dtype());
  cast(single, converted);
  copy_into(converted, value);
}

void normal(const Tensor& value, double variance, Random& random) {
  const auto deviation = static_cast<float>(std::sqrt(variance));
  draw_all(value, [&] { return deviation * random.normal(); });
}

void uniform(const Tensor& value, double limit, Random& random) {
  const auto high = static_cast<float>(limit);
  draw_all(value, [&] { return random.uniform(-high, high); });
}

}  // namespace

void zeros(const Tensor& value, Random& /*random*/) { fill(0.0, value); }
void ones(const Tensor& value, Random& /*random*/) { fill(1.0, value); }

void he_normal(const Tensor& value, Random& random) { normal(value, 2.0 / fan_in(value.shape()), random); }

void he_uniform(const Tensor& value, Random& random) { uniform(value, std::sqrt(6.0 / fan_in(value.shape())), random); }

void glorot_normal(const Tensor& value, Random& random) {
  normal(value, 2.0 / (fan_in(value.shape()) + fan_out(value.shape())), random);
}

void glorot_uniform(const Tensor& value, Random& random) {
  uniform(value, std::sqrt(6.0 / (fan_in(value.shape()) + fan_out(value.shape()))), random);
}

}  // namespace nn::init
