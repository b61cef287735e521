#include "tests/support/canary.h"

#include <cmath>
#include <cstring>
#include <limits>

#include "nn/kernels/fill.h"
#include "nn/tensor/copy.h"

namespace test {
namespace {

bool is_floating(nn::DType dtype) {
  return dtype == nn::DType::f32 || dtype == nn::DType::f64 || dtype == nn::DType::bf16;
}

}  // namespace

Framed::Framed(const nn::Tensor& values) {
  const nn::Shape s = values.shape();
  buffer_ = nn::Tensor::empty({s.n + 2, s.h, s.w, s.c + 8}, values.dtype(), values.device());
  nn::fill(is_floating(values.dtype()) ? std::numeric_limits<double>::quiet_NaN() : 77, buffer_);
  nn::copy_into(values, inside());
  before_ = nn::clone(buffer_);
}

std::string Framed::harm(const std::string& what) const {
  const nn::Tensor now = nn::to_device(buffer_, nn::Device::cpu), before = nn::to_device(before_, nn::Device::cpu);
  const std::size_t size = nn::size_of(now.dtype());
  const std::int64_t pixels = now.h() * now.w(), c = now.c();
  for (std::int64_t row = 0; row < now.rows(); ++row) {
    const bool in_images = row >= pixels && row < now.rows() - pixels;
    for (std::int64_t channel = 0; channel < c; ++channel) {
      if (in_images && channel >= begin() && channel < end()) continue;
      const std::size_t at = static_cast<std::size_t>(row * c + channel) * size;
      if (std::memcmp(static_cast<const char*>(now.raw()) + at, static_cast<const char*>(before.raw()) + at, size) == 0)
        continue;
      return nn::message(what, ": wrote outside its slice, at pixel ", row - pixels, " of ", now.rows() - 2 * pixels,
                         ", channel ", channel - begin(), " of ", end() - begin(), '\n');
    }
  }
  return {};
}

}  // namespace test
