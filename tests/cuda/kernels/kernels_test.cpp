// Kernel by kernel, a device against the CPU: every layout of rows (whole vectors, broken vectors, single elements)
// between canaries, beta 0 over NaN and beta 1, f32 and bf16. Needs a device: a GPU, or tests/threads.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "nn/core/device_runtime.h"
#include "nn/kernels/activation.h"
#include "nn/kernels/arithmetic.h"
#include "nn/kernels/dropout.h"
#include "nn/kernels/fill.h"
#include "nn/kernels/pool.h"
#include "nn/tensor/copy.h"
#include "tests/support/compare.h"
#include "tests/support/values.h"

namespace {

using nn::Device;
using nn::DType;
using nn::Shape;
using nn::Tensor;

/// Channels [first, first + c) of rows of `pitch` channels.
struct Layout {
  std::int64_t c, pitch, first;
};
const Layout layouts[] = {
    {16, 16, 0},  // whole vectors, contiguous
    {24, 40, 8},  // a slice in whole vectors
    {20, 32, 0},  // a slice whose last vector is broken
    {7, 7, 0},    // contiguous, rows that are no whole vectors
    {7, 12, 3},   // a slice that only single elements reach
    {1, 1, 0},
};

/// One way to run a kernel. Numbers are drawn anew for each, the same every time, and are exact in bf16.
class Setting {
 public:
  Setting(Device device, DType dtype, const Layout& layout) : device_(device), dtype_(dtype), layout_(layout) {}

  std::int64_t c() const { return layout_.c; }
  Device device() const { return device_; }
  DType dtype() const { return dtype_; }

  /// A slice between NaNs with n x h x w pixels of random numbers.
  Tensor draw(Shape shape, const test::Values& values = test::normal()) {
    nn::Random random(5, 0, buffers_.size());
    shape.c = c();
    const Tensor numbers = Tensor::from<double>(shape, values(shape.elements(), random));
    const Tensor rounded = Tensor::empty(shape, DType::bf16), host = Tensor::empty(shape, dtype_);
    nn::cast(numbers, rounded);
    nn::cast(rounded, host);
    const Tensor slice = blank(shape);
    nn::copy_into(host, slice);
    return slice;
  }
  /// A slice of NaN, of the activations' type or another.
  Tensor blank(Shape shape) { return blank(shape, dtype_); }
  Tensor blank(Shape shape, DType dtype) {
    shape.c = layout_.pitch;
    const Tensor buffer = Tensor::empty(shape, dtype, device_);
    nn::copy_into(canaries(shape, dtype), buffer);
    buffers_.push_back(buffer);
    return buffer.channel_range(layout_.first, layout_.first + c());
  }

  /// Everything outside the slices is as it was.
  bool unharmed() const {
    for (const Tensor& buffer : buffers_) {
      const Tensor expected = canaries(buffer.shape(), buffer.dtype());
      for (const auto& [begin, end] :
           {std::pair(std::int64_t{0}, layout_.first), {layout_.first + c(), layout_.pitch}}) {
        if (begin == end) continue;
        const Tensor host = nn::to_device(buffer, Device::cpu);
        const auto now = test::values_of(host.channel_range(begin, end));
        const auto before = test::values_of(expected.channel_range(begin, end));
        for (std::size_t i = 0; i < now.size(); ++i) {
          if (now[i] != before[i] && !(std::isnan(now[i]) && std::isnan(before[i]))) return false;
        }
      }
    }
    return true;
  }

 private:
  static Tensor canaries(const Shape& shape, DType dtype) {
    const bool floating = dtype == DType::f32 || dtype == DType::bf16;
    const Tensor host = Tensor::empty(shape, dtype);
    nn::fill(floating ? std::numeric_limits<double>::quiet_NaN() : 99, host);
    return host;
  }

  Device device_;
  DType dtype_;
  Layout layout_;
  std::vector<Tensor> buffers_;
};

/// Runs `kernel` on the CPU in f32, and on the device in f32 and bf16, in every layout; compares what it returns.
void compare(const std::function<std::vector<Tensor>(Setting&)>& kernel) {
  for (const Layout& layout : layouts) {
    Setting cpu(Device::cpu, DType::f32, layout);
    const std::vector<Tensor> expected = kernel(cpu);
    for (const DType dtype : {DType::f32, DType::bf16}) {
      Setting device(Device::cuda, dtype, layout);
      const std::vector<Tensor> actual = kernel(device);
      // Sums in another order, in f32; the rounding of the result and of what it is added to, in bf16.
      const double bound = dtype == DType::f32 ? 2e-6 : 1.0 / 256;
      const std::string where = nn::message(dtype, ", ", layout.c, " of ", layout.pitch, " channels, result ");
      for (std::size_t i = 0; i < expected.size(); ++i) {
        EXPECT_EQ(test::difference(nn::message(where, i), actual[i], expected[i], bound), "");
      }
      EXPECT_TRUE(device.unharmed()) << where << "or another slice was written beside";
    }
  }
}

class Kernels : public testing::Test {
 public:
  void SetUp() override {
    if (!nn::has_device(Device::cuda)) GTEST_SKIP() << "no CUDA device in this program";
  }
};

const Shape pixels{2, 9, 11, 0};

TEST_F(Kernels, OfActivationsAreTheCpus) {
  compare([](Setting& s) {
    const Tensor x = s.draw(pixels), relu = s.blank(pixels), sigmoid = s.blank(pixels);
    nn::relu_forward(x, relu);
    nn::sigmoid_forward(x, sigmoid);
    const Tensor dy = s.draw(pixels), overwritten = s.blank(pixels), added = s.draw(pixels);
    nn::relu_backward(x, dy, overwritten, 0);
    nn::sigmoid_backward(x, dy, added, 1);
    return std::vector{relu, sigmoid, overwritten, added};
  });
}

TEST_F(Kernels, OfArithmeticAreTheCpus) {
  compare([](Setting& s) {
    const Tensor a = s.draw(pixels), b = s.draw(pixels), sum = s.blank(pixels);
    nn::add_forward(a, b, sum);
    nn::accumulate(a, b, 0.5F);
    const Tensor overwritten = s.blank(pixels);
    nn::accumulate(a, overwritten, 0);
    return std::vector{sum, b, overwritten};
  });
}

TEST_F(Kernels, OfSumsOverRowsAreTheCpus) {
  compare([](Setting& s) {
    const Shape many{7, 31, 33, 0};
    const Tensor x = s.draw(many, test::uniform(0, 1));
    const Tensor sums = Tensor::empty(nn::vector_shape(s.c()), DType::f32, s.device());
    const Tensor added = Tensor::empty(nn::vector_shape(s.c()), DType::f32, s.device());
    nn::fill(std::numeric_limits<double>::quiet_NaN(), sums);
    nn::fill(100, added);
    nn::sum_rows(x, sums, 0);
    nn::sum_rows(x, added, 1);
    return std::vector{sums, added};
  });
}

TEST_F(Kernels, OfDropoutDropTheSameElements) {
  compare([](Setting& s) {
    const Tensor random_state =
        nn::to_device(Tensor::from<std::int32_t>(nn::vector_shape(4), {3, -1, 17, 0}), s.device());
    const Tensor x = s.draw(pixels), y = s.blank(pixels), added = s.draw(pixels);
    nn::apply_dropout(x, random_state, {.probability = 0.3, .stream = 2}, y, 0);
    nn::apply_dropout(x, random_state, {.probability = 0.3, .stream = 2}, added, 1);
    return std::vector{y, added};
  });
}

struct NamedGeometry {
  const char* name;
  nn::PoolGeometry geometry;
};
const NamedGeometry geometries[] = {
    {"TwoByTwo", {}},
    {"ThreeByThreeWithStride2", {.kernel_h = 3, .kernel_w = 3, .padding = nn::pad(1)}},
    {"Overlapping", {.kernel_h = 3, .kernel_w = 2, .stride_h = 1, .stride_w = 1, .padding = {1, 0, 2, 1}}},
    {"Ceil", {.kernel_h = 2, .kernel_w = 3, .stride_h = 2, .stride_w = 2, .padding = {0, 1, 1, 0}, .ceil = true}},
    {"WithGaps", {.kernel_h = 2, .kernel_w = 1, .stride_h = 3, .stride_w = 4}},
    {"Large", {.kernel_h = 17, .kernel_w = 16, .stride_h = 2, .stride_w = 3, .padding = nn::pad(7)}},
};

class PoolKernels : public Kernels, public testing::WithParamInterface<NamedGeometry> {};
INSTANTIATE_TEST_SUITE_P(Geometries, PoolKernels, testing::ValuesIn(geometries),
                         [](const auto& which) { return which.param.name; });

TEST_P(PoolKernels, OfMaximaAreTheCpus) {
  const nn::PoolGeometry geometry = GetParam().geometry;
  compare([&](Setting& s) {
    // Many equal values, of which the first must win.
    const Tensor x = s.draw(pixels, test::whole_numbers_below(5));
    const Shape shape = nn::pool_output_shape(x.shape(), geometry);
    const Tensor y = s.blank(shape), without_argmax = s.blank(shape);
    const Tensor argmax = s.blank(shape, nn::argmax_dtype(geometry));
    nn::max_pool_forward(x, geometry, y, argmax);
    nn::max_pool_forward(x, geometry, without_argmax, {});
    const Tensor dy = s.draw(shape), dx = s.blank(pixels), added = s.draw(pixels);
    nn::max_pool_backward(dy, argmax, geometry, dx, 0);
    nn::max_pool_backward(dy, argmax, geometry, added, 1);
    return std::vector{y, without_argmax, argmax, dx, added};
  });
}

TEST_P(PoolKernels, OfMeansAreTheCpus) {
  const nn::PoolGeometry geometry = GetParam().geometry;
  for (const bool count_padding : {false, true}) {
    compare([&](Setting& s) {
      const Tensor x = s.draw(pixels);
      const Shape shape = nn::pool_output_shape(x.shape(), geometry);
      const Tensor y = s.blank(shape);
      nn::average_pool_forward(x, geometry, count_padding, y);
      const Tensor dy = s.draw(shape), dx = s.blank(pixels), added = s.draw(pixels);
      nn::average_pool_backward(dy, geometry, count_padding, dx, 0);
      nn::average_pool_backward(dy, geometry, count_padding, added, 1);
      return std::vector{y, dx, added};
    });
  }
}

TEST_F(Kernels, OfMeansOverImagesAreTheCpus) {
  for (const Shape& images : {pixels, Shape{3, 1, 1, 0}, Shape{1, 20, 21, 0}}) {
    compare([&](Setting& s) {
      const Tensor x = s.draw(images, test::uniform(0, 1)), y = s.blank({images.n, 1, 1, 0});
      nn::global_average_pool_forward(x, y);
      const Tensor dy = s.draw({images.n, 1, 1, 0}), dx = s.blank(images), added = s.draw(images);
      nn::global_average_pool_backward(dy, dx, 0);
      nn::global_average_pool_backward(dy, added, 1);
      return std::vector{y, dx, added};
    });
  }
}

TEST_F(Kernels, OfMaximaLetNanThrough) {
  Tensor x = Tensor::zeros({1, 4, 4, 8});
  x.data<float>()[5 * 8 + 3] = std::numeric_limits<float>::quiet_NaN();
  const Tensor y = Tensor::empty({1, 2, 2, 8}, DType::f32, Device::cuda);
  nn::max_pool_forward(nn::to_device(x, Device::cuda), {}, y, {});
  const auto maxima = test::values_of(y);
  for (std::size_t i = 0; i < maxima.size(); ++i) EXPECT_EQ(std::isnan(maxima[i]), i == 3) << i;
}

TEST_F(Kernels, OfCastsAndFillsAreTheCpusToTheBit) {
  const DType types[] = {DType::f32, DType::f64, DType::bf16, DType::i16, DType::u8, DType::i32};
  nn::Random random(3);
  const Shape shape{3, 2, 5, 7};
  const Tensor numbers = Tensor::from<double>(shape, test::uniform(0, 255)(shape.elements(), random));
  for (const DType from : types) {
    for (const DType to : types) {
      const Tensor source = Tensor::empty(shape, from), expected = Tensor::zeros(shape, to);
      nn::cast(numbers, source);
      nn::cast(source.channel_range(1, 6), expected.channel_range(1, 6));
      const Tensor actual = Tensor::zeros(shape, to, Device::cuda);
      nn::cast(nn::to_device(source, Device::cuda).channel_range(1, 6), actual.channel_range(1, 6));
      EXPECT_EQ(test::values_of(actual), test::values_of(expected)) << from << " to " << to;
    }
    const Tensor expected = Tensor::zeros(shape, from), actual = Tensor::zeros(shape, from, Device::cuda);
    nn::fill(3.14159, expected.channel_range(2, 5));
    nn::fill(3.14159, actual.channel_range(2, 5));
    EXPECT_EQ(test::values_of(actual), test::values_of(expected)) << from;
  }
}

TEST_F(Kernels, OfConditionalCopiesLookAtTheFlag) {
  for (const DType dtype : {DType::f32, DType::f64}) {
    for (const double flag : {0.0, 1.0}) {
      const Tensor x = Tensor::empty(nn::vector_shape(300), dtype, Device::cuda);
      const Tensor y = Tensor::empty(nn::vector_shape(300), dtype, Device::cuda);
      nn::fill(1, x);
      nn::fill(2, y);
      nn::copy_if(nn::to_device(Tensor::from<double>(nn::vector_shape(1), {flag}), Device::cuda), x, y);
      EXPECT_EQ(test::values_of(y), std::vector<double>(300, flag != 0 ? 1 : 2));
    }
  }
}

TEST_F(Kernels, RefuseFloat64) {
  const Tensor x = Tensor::zeros(nn::vector_shape(3), DType::f64, Device::cuda);
  EXPECT_THROW(nn::relu_forward(x, x), nn::Error);
}

}  // namespace
