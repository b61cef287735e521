// The threads of ct_input, run on the CPU, against the CPU's kernel: the same picture but for rounding.
#include "cuda/kernels/ct_pixel.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "cuda/launch/dispatch.h"
#include "nn/kernels/ct_input.h"
#include "nn/kernels/fill.h"
#include "nn/tensor/copy.h"
#include "tests/cuda/launch/run_threads.h"
#include "tests/cuda/with_gpu.h"

namespace {

using nn::bfloat16;
using nn::DType;
using nn::Shape;
using nn::Tensor;
using nn::functors::CtColumn;

TEST(CtTiles, CoverEveryPixelOnce) {
  for (const std::int64_t h : {1, 7, 8, 9, 40}) {
    for (const std::int64_t w : {1, 31, 32, 33, 70}) {
      const cuda::CtTiles tiles(h, w);
      std::vector<int> seen(static_cast<std::size_t>(3 * h * w));
      for (std::uint32_t block = 0; block < tiles.blocks(3); ++block) {
        for (std::uint32_t thread = 0; thread < cuda::block_threads; ++thread) {
          const cuda::CtTiles::Pixel p = tiles.pixel(block, thread);
          ASSERT_LT(p.image, 3U);
          if (p.row < h && p.column < w) ++seen[(p.image * h + p.row) * w + p.column];
        }
      }
      EXPECT_EQ(seen, std::vector<int>(seen.size(), 1)) << h << 'x' << w;
    }
  }
}

/// A map that turns, scales by `step` source pixels and lets the picture's rim be seen.
std::vector<double> affine(double step, double degrees, int size, int h, int w) {
  const double angle = degrees / 180 * 3.14159265358979, cosine = step * std::cos(angle), sine = step * std::sin(angle);
  const double middle = (size - 1) / 2.0 + 1.3;
  return {cosine, sine,   (w - 1) / 2.0 - (cosine + sine) * middle,
          -sine,  cosine, (h - 1) / 2.0 - (cosine - sine) * middle};
}

struct Case {
  int images, slices, windows, h, w, size;
  double step, degrees, noise;
  bool shared_slices = false, normalised = true;
};

/// The arguments of nn::ct_input for a case.
struct Arguments {
  Tensor slices, parameters, mean, deviation;
  Shape y;

  explicit Arguments(const Case& c) : y{c.images, c.size, c.size, c.slices * c.windows} {
    nn::Random random(static_cast<std::uint64_t>(c.h * 1000 + c.size));
    slices = Tensor::empty({c.shared_slices ? 1 : c.images, c.h, c.w, c.slices}, DType::i16);
    for (std::int64_t i = 0; i < slices.elements(); ++i) {
      slices.data<std::int16_t>()[i] = static_cast<std::int16_t>(random.below(1400));
    }
    parameters = Tensor::zeros(nn::matrix_shape(c.images, nn::functors::ct_columns(c.windows)), DType::f64);
    for (std::int64_t n = 0; n < c.images; ++n) {
      double* row = parameters.row<double>(n);
      for (int s = 0; s < c.slices; ++s) {
        row[CtColumn::slope + s] = 1 + 0.1 * s;
        row[CtColumn::intercept + s] = -1024 + 3 * s;
      }
      const std::vector<double> map = affine(c.step + 0.03 * static_cast<double>(n), c.degrees, c.size, c.h, c.w);
      std::copy(map.begin(), map.end(), row + CtColumn::affine);
      row[CtColumn::noise] = n % 2 == 0 ? c.noise : 0;
      for (int word = 0; word < 2; ++word) row[CtColumn::noise_key + word] = random.bits();
      for (int v = 0; v < c.windows; ++v) {
        row[CtColumn::windows + 2 * v] = 40 + 50 * v + static_cast<double>(n);
        row[CtColumn::windows + 2 * v + 1] = 80 + 400 * v;
      }
    }
    if (!c.normalised) return;
    mean = Tensor::empty(nn::vector_shape(y.c), DType::f64);
    deviation = Tensor::empty(nn::vector_shape(y.c), DType::f64);
    for (std::int64_t i = 0; i < y.c; ++i) {
      mean.data<double>()[i] = 0.485 - 0.01 * static_cast<double>(i);
      deviation.data<double>()[i] = 0.229 + 0.01 * static_cast<double>(i);
    }
  }
};

template <class T>
void run_pixels(const Arguments& a, const Tensor& y) {
  const cuda::CtTiles tiles(y.h(), y.w());
  test::run_threads(
      cuda::CtPixels<T>{tiles, cuda::rows_of<const std::int16_t>(a.slices), static_cast<int>(a.slices.h()),
                        static_cast<int>(a.slices.w()), static_cast<int>(a.slices.c()), a.slices.n() == 1,
                        cuda::rows_of<const double>(a.parameters), a.mean.defined() ? a.mean.data<double>() : nullptr,
                        a.deviation.defined() ? a.deviation.data<double>() : nullptr, cuda::rows_of<T>(y),
                        static_cast<std::uint32_t>(y.h()), static_cast<std::uint32_t>(y.w()),
                        static_cast<int>(y.c() / a.slices.c())},
      tiles.blocks(y.n()));
}

/// With five channels more, which are 7 and must stay so.
Tensor padded(const Shape& shape, DType dtype) {
  Tensor wide = Tensor::empty({shape.n, shape.h, shape.w, shape.c + 5}, dtype);
  nn::fill(7, wide);
  return wide;
}

/// The CPU adds samples in another order, row by row: values of size 1 to 3 are as near as 1.2e-6 (measured over the
/// cases below). bf16 is f32 rounded once.
void expect_picture_of_cpu(const Case& c, const Tensor& f32, const Tensor& bf16) {
  const Arguments a(c);
  const Tensor expected = Tensor::empty(a.y);
  nn::ct_input(a.slices, a.parameters, a.mean, a.deviation, expected);
  double error = 0;
  std::int64_t wrongly_rounded = 0;
  for (std::int64_t row = 0; row < expected.rows(); ++row) {
    for (std::int64_t i = 0; i < f32.c(); ++i) {
      const float value = f32.row<float>(row)[i], of_cpu = i < a.y.c ? expected.row<float>(row)[i] : 7;
      error = std::max(error, static_cast<double>(std::abs(value - of_cpu)));
      wrongly_rounded += bf16.row<bfloat16>(row)[i].bits != bfloat16(value).bits;
    }
  }
  EXPECT_LT(error, 4e-6) << c.slices << " slices, " << c.windows << " windows, step " << c.step;
  EXPECT_EQ(wrongly_rounded, 0) << c.slices << " slices, " << c.windows << " windows, step " << c.step;
  const auto [least, most] = std::minmax_element(expected.data<float>(), expected.data<float>() + expected.elements());
  EXPECT_NE(*least, *most);
}

const std::vector<Case> cases = {
    {.images = 2, .slices = 1, .windows = 3, .h = 61, .w = 47, .size = 33, .step = 1, .degrees = 0, .noise = 0},
    {.images = 3, .slices = 1, .windows = 3, .h = 61, .w = 47, .size = 24, .step = 2.29, .degrees = 9, .noise = 3},
    {.images = 2, .slices = 1, .windows = 7, .h = 20, .w = 35, .size = 40, .step = 0.7, .degrees = -4, .noise = 2},
    {.images = 2, .slices = 3, .windows = 1, .h = 61, .w = 47, .size = 24, .step = 2.29, .degrees = 9, .noise = 3},
    {.images = 2, .slices = 2, .windows = 2, .h = 30, .w = 30, .size = 20, .step = 1.5, .degrees = 100, .noise = 3},
    {.images = 3,
     .slices = 3,
     .windows = 1,
     .h = 20,
     .w = 21,
     .size = 20,
     .step = 1,
     .degrees = 0,
     .noise = 4,
     .shared_slices = true,
     .normalised = false},
    // A picture of one pixel has rims on all sides; far outside is air.
    {.images = 2, .slices = 1, .windows = 2, .h = 1, .w = 1, .size = 9, .step = 0.4, .degrees = 5, .noise = 3},
    {.images = 2, .slices = 1, .windows = 3, .h = 5, .w = 3, .size = 16, .step = 3, .degrees = 45, .noise = 3},
};

TEST(CtPixels, AreThoseOfTheCpuButForRounding) {
  for (const Case& c : cases) {
    const Arguments a(c);
    const Tensor f32 = padded(a.y, DType::f32), bf16 = padded(a.y, DType::bf16);
    run_pixels<float>(a, f32.channel_range(0, a.y.c));
    run_pixels<bfloat16>(a, bf16.channel_range(0, a.y.c));
    expect_picture_of_cpu(c, f32, bf16);
  }
}

class CudaCtInput : public test::WithGpu {};

TEST_F(CudaCtInput, MakesThePictureOfTheCpu) {
  for (const Case& c : cases) {
    const Arguments a(c);
    const auto on_gpu = [](const Tensor& t) { return t.defined() ? nn::to_device(t, nn::Device::cuda) : t; };
    const auto made = [&](DType dtype) {
      Tensor y = on_gpu(padded(a.y, dtype));
      nn::ct_input(on_gpu(a.slices), on_gpu(a.parameters), on_gpu(a.mean), on_gpu(a.deviation),
                   y.channel_range(0, a.y.c));
      return nn::to_device(y, nn::Device::cpu);
    };
    expect_picture_of_cpu(c, made(DType::f32), made(DType::bf16));
  }
}

}  // namespace
