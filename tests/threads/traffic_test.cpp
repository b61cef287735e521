// What kernels move beside the tensors of a call: every byte that their threads load and store, scratch memory and the
// numbers of each thread's channels included, over the bytes of the tensors. What a GPU's caches keep counts here too.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <functional>
#include <string>
#include <vector>

#include "cuda/kernels/fold_weights.h"
#include "cuda/kernels/staging.h"
#include "nn/kernels/activation.h"
#include "nn/kernels/arithmetic.h"
#include "nn/kernels/batch_norm.h"
#include "nn/kernels/dropout.h"
#include "nn/kernels/fill.h"
#include "nn/kernels/optimizer.h"
#include "nn/kernels/pool.h"
#include "tests/threads/memory_trace.h"

namespace {

using nn::Device;
using nn::DType;
using nn::Shape;
using nn::Tensor;
using test::MemoryTrace;

Tensor map(const Shape& shape, DType dtype = DType::bf16) { return Tensor::zeros(shape, dtype, Device::cuda); }
Tensor vector(std::int64_t c, double value = 1) {
  Tensor tensor = Tensor::empty(nn::vector_shape(c), DType::f32, Device::cuda);
  nn::fill(value, tensor);
  return tensor;
}

std::int64_t bytes_of(const std::vector<Tensor>& tensors) {
  std::int64_t bytes = 0;
  for (const Tensor& t : tensors) bytes += t.elements() * static_cast<std::int64_t>(nn::size_of(t.dtype()));
  return bytes;
}

/// Bytes that `kernel` moves over those of `read` and `written`.
double moved(const char* name, const std::vector<Tensor>& read, const std::vector<Tensor>& written,
             const std::function<void()>& kernel) {
  MemoryTrace& trace = MemoryTrace::install();
  trace.forget();
  kernel();
  const double least = static_cast<double>(bytes_of(read) + bytes_of(written));
  const double ratio = static_cast<double>(trace.loaded() + trace.stored()) / least;
  std::printf("  %-32s %9.0f bytes, moved %6.3f times\n", name, least, ratio);
  return ratio;
}

/// Everything was moved, and not more than `most` times. Without the lower bound a kernel that does nothing would pass.
auto BetweenOnceAnd(double most) { return testing::AllOf(testing::Ge(1.0), testing::Lt(most)); }

class Traffic : public testing::Test {
 protected:
  void SetUp() override {
    if (!MemoryTrace::possible()) GTEST_SKIP() << "the kernels are compiled for another sanitizer";
  }
  // Maps as a dense block has them, with as many rows a thread as 8 images have.
  const Shape shape{1, 56, 56, 64};
  const Tensor x = map(shape), y = map(shape), z = map(shape);
  const std::int64_t c = shape.c;
};

TEST_F(Traffic, OfMapsIsTheirTensorsAndNothingElse) {
  const Tensor single = map(shape, DType::f32), other = map(shape, DType::f32);
  EXPECT_EQ(moved("relu_forward", {x}, {y}, [&] { nn::relu_forward(x, y); }), 1);
  EXPECT_EQ(moved("relu_backward", {x, y}, {z}, [&] { nn::relu_backward(x, y, z, 0); }), 1);
  EXPECT_EQ(moved("relu_backward, added", {x, y, z}, {z}, [&] { nn::relu_backward(x, y, z, 1); }), 1);
  EXPECT_EQ(moved("add_forward", {x, y}, {z}, [&] { nn::add_forward(x, y, z); }), 1);
  EXPECT_EQ(moved("accumulate", {x, y}, {y}, [&] { nn::accumulate(x, y, 1); }), 1);
  EXPECT_EQ(moved("fill", {}, {x}, [&] { nn::fill(0, x); }), 1);
  EXPECT_EQ(moved("cast", {single}, {x}, [&] { nn::cast(single, x); }), 1);
  EXPECT_EQ(moved("gather", {x}, {y}, [&] { cuda::gather(x, {}, y); }), 1);
  EXPECT_EQ(moved("scatter", {x}, {other}, [&] { cuda::scatter(x, other, 0); }), 1);
  EXPECT_EQ(moved("global_average_pool_backward", {x, x}, {y},
                  [&] {
                    nn::global_average_pool_backward(map({1, 1, 1, c}), y, 0);
                  }),
            2.0 / 3)
      << "dy's pixel is loaded for every pixel of dx: as many bytes as dx, out of the caches";
}

// A thread has 4 rows at least, in such a small map no more; with 16 bytes a row it loads 32 bytes for each vector of
// its channels. With 100 rows, as in large maps, that is a twenty-fifth of it.
TEST_F(Traffic, OfKernelsWithChannelsIsTheirNumbersOnceAThread) {
  const Tensor mean = vector(c), variance = vector(c), gamma = vector(c), shift = vector(c);
  const nn::NormalizeParameters p{mean, variance, gamma, shift, 1e-5, true};
  const Tensor dmean = vector(c), dvariance = vector(c), dgamma = vector(c), dshift = vector(c);
  const nn::NormalizeGradients g{{z, 1}, {dmean, 0}, {dvariance, 0}, {dgamma, 0}, {dshift, 0}};
  EXPECT_THAT(moved("normalize_forward", {x}, {y}, [&] { nn::normalize_forward(x, p, y); }), BetweenOnceAnd(2.1));
  EXPECT_THAT(moved("gather with a prologue", {x}, {y},
                    [&] {
                      cuda::gather(x, {mean, shift, true}, y);
                    }),
              BetweenOnceAnd(1.6));
  EXPECT_THAT(moved("channel_statistics_backward", {x, y}, {y},
                    [&] { nn::channel_statistics_backward(x, mean, dmean, dvariance, y, 1); }),
              BetweenOnceAnd(1.6));
  EXPECT_THAT(moved("normalize_backward, added", {x, y, z}, {z}, [&] { nn::normalize_backward(x, y, p, g); }),
              BetweenOnceAnd(1.6));
  EXPECT_THAT(moved("channel_statistics_forward", {x}, {}, [&] { nn::channel_statistics_forward(x, mean, variance); }),
              BetweenOnceAnd(1.7));
  EXPECT_THAT(moved("sum_rows", {x}, {}, [&] { nn::sum_rows(x, mean, 0); }), BetweenOnceAnd(1.1));
}

// gather, scatter and fold_weights are no slots, so tests/threads/call_watch.h does not see them.
TEST_F(Traffic, OfStagingIsItsPasses) {
  const Shape more{shape.n, shape.h, shape.w, c + 8};
  const Tensor wide = map(more), scale = vector(c), shift = vector(c);
  EXPECT_EQ(moved("gather, filled up", {x}, {wide}, [&] { cuda::gather(x, {}, wide); }), 1);
  const Tensor inside = wide.channel_range(0, c);
  EXPECT_THAT(moved("gather with a prologue, filled up", {x, inside}, {wide, inside},
                    [&] {
                      cuda::gather(x, {scale, shift, true}, wide);
                    }),
              BetweenOnceAnd(1.3))
      << "two passes";
  EXPECT_EQ(moved("scatter, cut back", {inside}, {y}, [&] { cuda::scatter(wide, y, 0); }), 1);
  EXPECT_EQ(moved("scatter, added", {inside, z}, {z}, [&] { cuda::scatter(wide, z, 1); }), 1);
}

// Each thread loads its channel's scale; one of a channel's threads loads bias and shift, too.
TEST_F(Traffic, OfFoldedWeightsIsTheWeightsAndANumberAThread) {
  const Tensor w = map({c, 3, 3, c}), folded = map(w.shape()), folded_bias = map(nn::vector_shape(c));
  const Tensor bias = map(nn::vector_shape(c)), scale = vector(c), shift = vector(c);
  EXPECT_THAT(
      moved("fold_weights", {w, bias, shift}, {folded, folded_bias},
            [&] { cuda::fold_weights(w, {.bias = bias, .scale = scale, .shift = shift}, folded, folded_bias); }),
      BetweenOnceAnd(1.13));  // 4 bytes beside 32
  EXPECT_EQ(moved("fold_weights, shift alone", {w, shift}, {folded, folded_bias},
                  [&] { cuda::fold_weights(w, {.shift = shift}, folded, folded_bias); }),
            1);
}

TEST_F(Traffic, OfPoolsIsWhatTheirWindowsSee) {
  const nn::PoolGeometry two{2, 2, 2, 2}, three{3, 3, 2, 2, nn::pad(1)};
  const Tensor half = map({1, 28, 28, c}), argmax = map({1, 28, 28, c}, DType::u8);
  EXPECT_EQ(moved("max_pool_forward 2x2/2", {x}, {half, argmax}, [&] { nn::max_pool_forward(x, two, half, argmax); }),
            1);
  EXPECT_THAT(
      moved("max_pool_forward 3x3/2", {x}, {half, argmax}, [&] { nn::max_pool_forward(x, three, half, argmax); }),
      BetweenOnceAnd(1.91));
  EXPECT_THAT(
      moved("max_pool_backward 2x2/2", {half, argmax}, {x}, [&] { nn::max_pool_backward(half, argmax, two, x, 0); }),
      BetweenOnceAnd(1.82));
  EXPECT_THAT(
      moved("max_pool_backward 3x3/2", {half, argmax}, {x}, [&] { nn::max_pool_backward(half, argmax, three, x, 0); }),
      BetweenOnceAnd(3.13));
  EXPECT_EQ(moved("average_pool_forward 2x2/2", {x}, {half}, [&] { nn::average_pool_forward(x, two, false, half); }),
            1);
}

TEST_F(Traffic, OfAnUpdateIsItsSegments) {
  const std::int64_t n = 40000;
  const Tensor value = vector(n), gradient = vector(n), first = vector(n), second = vector(n);
  const Tensor copy = map(nn::vector_shape(n)), sum = map(nn::vector_shape(1), DType::f64);
  const Tensor state = map(nn::vector_shape(nn::step_state::size), DType::f64);
  EXPECT_THAT(moved("sum_of_squares", {gradient}, {}, [&] { nn::sum_of_squares(gradient, sum); }),
              BetweenOnceAnd(1.02));
  // 30 bytes a parameter: four numbers read, three written, and the bf16 copy. Each thread loads the step's numbers
  // too.
  EXPECT_THAT(moved("adam_update", {value, gradient, first, second}, {value, first, second, copy},
                    [&] { nn::adam_update(value, gradient, first, second, {}, state, copy); }),
              BetweenOnceAnd(1.41));
}

}  // namespace
