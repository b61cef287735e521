// Convolution as its definition says, in double, loop by loop: what the kernels are compared with.
#pragma once

#include <cmath>
#include <vector>

#include "nn/core/philox.h"
#include "nn/kernels/conv.h"

namespace nn::test {

struct ConvCase {
  const char* name;
  Shape x, w;
  ConvGeometry geometry{};
};

inline std::vector<ConvCase> conv_cases() {
  return {
      {"1x1", {2, 5, 4, 7}, {3, 1, 1, 7}},
      {"1x1 of one pixel", {3, 1, 1, 5}, {6, 1, 1, 5}},
      {"1x1 stride 2 leaves pixels unread", {2, 5, 6, 3}, {4, 1, 1, 3}, {.stride_h = 2, .stride_w = 2}},
      {"2x2 valid", {2, 6, 5, 3}, {8, 2, 2, 3}},
      {"2x2 padded below and right", {1, 5, 7, 4}, {3, 2, 2, 4}, {.padding = {.bottom = 1, .right = 1}}},
      {"3x3 same", {2, 7, 5, 3}, {4, 3, 3, 3}, {.padding = pad(1)}},
      {"3x3 on one pixel", {2, 1, 1, 5}, {3, 3, 3, 5}, {.padding = pad(1)}},
      {"3x3 stride 2", {2, 9, 8, 5}, {7, 3, 3, 5}, {.stride_h = 2, .stride_w = 2, .padding = pad(1)}},
      {"3x3 stride 3 by 2", {1, 11, 10, 2}, {3, 3, 3, 2}, {.stride_h = 3, .stride_w = 2, .padding = {1, 0, 0, 2}}},
      {"3x3 stride 4, wider than the kernel", {1, 13, 9, 2}, {3, 3, 3, 2}, {.stride_h = 4, .stride_w = 4}},
      {"3x2 with four paddings",
       {2, 6, 7, 3},
       {5, 3, 2, 3},
       {.padding = {.top = 2, .left = 1, .bottom = 0, .right = 3}}},
      {"7x7 stride 2", {1, 19, 17, 3}, {10, 7, 7, 3}, {.stride_h = 2, .stride_w = 2, .padding = pad(3)}},
      {"7x7 stride 2 to whole vectors",
       {2, 19, 23, 3},
       {32, 7, 7, 3},
       {.stride_h = 2, .stride_w = 2, .padding = pad(3)}},
      {"3x3 stride 2 of many pixels", {1, 8, 60, 5}, {33, 3, 3, 5}, {.stride_h = 2, .stride_w = 2, .padding = pad(1)}},
      {"3x3 stride 2 over several depth runs",
       {2, 15, 19, 45},
       {48, 3, 3, 45},
       {.stride_h = 2, .stride_w = 2, .padding = {.top = 1, .left = 0, .bottom = 2, .right = 3}}},
      {"3x3 stride 2 to more channels than a piece has",
       {1, 5, 16, 3},
       {536, 3, 3, 3},
       {.stride_h = 2, .stride_w = 2, .padding = pad(1)}},
      {"3x3 stride 2 from whole tiles of channels",  // all pixels of the input's gradient at once
       {2, 10, 32, 33},
       {17, 3, 3, 33},
       {.stride_h = 2, .stride_w = 2, .padding = pad(1)}},
      {"4x5 stride 2 and 3 from whole tiles of channels",
       {1, 8, 30, 40},
       {6, 4, 5, 40},
       {.stride_h = 2, .stride_w = 3, .padding = {1, 2, 3, 1}}},
      {"3x3 stride 2 whose gradients of weights outgrow the cache",
       {1, 3, 16, 92},
       {64, 3, 3, 92},
       {.stride_h = 2, .stride_w = 2, .padding = pad(1)}},
      {"3x3 of one channel", {2, 8, 9, 1}, {5, 3, 3, 1}, {.padding = pad(1)}},
      {"3x3 over several depth runs and tiles", {3, 7, 9, 37}, {45, 3, 3, 37}, {.padding = pad(1)}},
      {"3x3 over several groups of tiles", {1, 21, 22, 18}, {20, 3, 3, 18}, {.padding = pad(1)}},
      {"3x3 of more channels than a depth run has", {1, 4, 5, 300}, {7, 3, 3, 300}, {.padding = pad(1)}},
      {"3x3 to many channels", {1, 5, 6, 6}, {150, 3, 3, 6}, {.padding = pad(1)}},
      {"3x3 with four paddings",
       {2, 6, 9, 5},
       {4, 3, 3, 5},
       {.padding = {.top = 2, .left = 0, .bottom = 1, .right = 3}}},
      {"2x2 over several depth runs and tiles", {3, 8, 10, 85}, {45, 2, 2, 85}, {.padding = {.top = 1, .left = 1}}},
      {"2x2 over several groups of tiles", {1, 26, 31, 18}, {20, 2, 2, 18}},
      {"2x2 on one pixel", {2, 2, 2, 5}, {3, 2, 2, 5}},
      {"2x2 with four paddings",
       {2, 6, 9, 5},
       {4, 2, 2, 5},
       {.padding = {.top = 1, .left = 0, .bottom = 3, .right = 2}}},
      {"1x1 over several row and column blocks", {2, 23, 11, 19}, {300, 1, 1, 19}},
  };
}

/// Values in [-1, 1), the same for the same purpose; `slice` makes a channel range of a wider buffer of NaN.
template <class T>
Tensor random_tensor(Shape shape, std::uint32_t purpose, bool slice = false) {
  Tensor t;
  if (slice) {
    Shape wide = shape;
    wide.c += 7;
    const Tensor buffer = Tensor::empty(wide, dtype_of<T>);
    std::fill_n(buffer.data<T>(), buffer.elements(), std::numeric_limits<T>::quiet_NaN());
    t = buffer.channel_range(3, 3 + shape.c);
  } else {
    t = Tensor::empty(shape, dtype_of<T>);
  }
  Random random(11, purpose);
  for (std::int64_t r = 0; r < t.rows(); ++r) {
    for (std::int64_t c = 0; c < t.c(); ++c) t.row<T>(r)[c] = static_cast<T>(random.uniform(-1, 1));
  }
  return t;
}

inline std::vector<double> doubles(const Tensor& t) {
  if (t.dtype() == DType::f64) return t.to_vector<double>();
  const std::vector<float> values = t.to_vector<float>();
  return {values.begin(), values.end()};
}

/// Calls body(x index, w index, y index) for every product of the definition.
template <class Body>
void for_each_product(const ConvCase& c, const Body& body) {
  const Shape y = conv2d_output_shape(c.x, c.w, c.geometry);
  const auto at = [](const Shape& s, std::int64_t n, std::int64_t h, std::int64_t w, std::int64_t k) {
    return static_cast<std::size_t>(((n * s.h + h) * s.w + w) * s.c + k);
  };
  for (std::int64_t n = 0; n < y.n; ++n)
    for (std::int64_t i = 0; i < y.h; ++i)
      for (std::int64_t j = 0; j < y.w; ++j)
        for (std::int64_t o = 0; o < y.c; ++o)
          for (std::int64_t p = 0; p < c.w.h; ++p)
            for (std::int64_t q = 0; q < c.w.w; ++q) {
              const std::int64_t h = i * c.geometry.stride_h - c.geometry.padding.top + p;
              const std::int64_t w = j * c.geometry.stride_w - c.geometry.padding.left + q;
              if (h < 0 || h >= c.x.h || w < 0 || w >= c.x.w) continue;
              for (std::int64_t k = 0; k < c.x.c; ++k)
                body(at(c.x, n, h, w, k), at(c.w, o, p, q, k), at(y, n, i, j, o));
            }
}

inline std::vector<double> reference_forward(const ConvCase& c, const std::vector<double>& z,
                                             const std::vector<double>& w) {
  std::vector<double> y(static_cast<std::size_t>(conv2d_output_shape(c.x, c.w, c.geometry).elements()));
  for_each_product(c, [&](std::size_t xi, std::size_t wi, std::size_t yi) { y[yi] += z[xi] * w[wi]; });
  return y;
}
inline std::vector<double> reference_backward_data(const ConvCase& c, const std::vector<double>& dy,
                                                   const std::vector<double>& w) {
  std::vector<double> dz(static_cast<std::size_t>(c.x.elements()));
  for_each_product(c, [&](std::size_t xi, std::size_t wi, std::size_t yi) { dz[xi] += dy[yi] * w[wi]; });
  return dz;
}
inline std::vector<double> reference_backward_weights(const ConvCase& c, const std::vector<double>& z,
                                                      const std::vector<double>& dy) {
  std::vector<double> dw(static_cast<std::size_t>(c.w.elements()));
  for_each_product(c, [&](std::size_t xi, std::size_t wi, std::size_t yi) { dw[wi] += z[xi] * dy[yi]; });
  return dw;
}

/// Largest difference over the largest reference value.
inline double relative_error(const std::vector<double>& values, const std::vector<double>& reference) {
  if (values.size() != reference.size()) return std::numeric_limits<double>::infinity();
  double error = 0, size = 1e-30;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double difference = std::abs(values[i] - reference[i]);
    error = std::isnan(difference) ? std::numeric_limits<double>::infinity() : std::max(error, difference);
    size = std::max(size, std::abs(reference[i]));
  }
  return error / size;
}

}  // namespace nn::test
