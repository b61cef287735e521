// The bits of a result depend on neither the number of threads nor the other images of a batch.
#include <gtest/gtest.h>

#include <cstring>

#include "tests/nn/kernels/conv_kernel_fixture.h"

namespace nn::test {
namespace {

class ConvBits : public ConvKernel {};

/// All results of the three kernels, statistics included, as bytes.
std::vector<float> everything(const ConvCase& c) {
  const Tensor x = random_tensor<float>(c.x, 1), w = random_tensor<float>(c.w, 2),
               dy = random_tensor<float>(output_shape(c), 3);
  const Tensor y = Tensor::empty(output_shape(c)), dz = Tensor::empty(c.x), dw = Tensor::empty(c.w);
  const Tensor mean = Tensor::empty(vector_shape(c.w.n)), variance = Tensor::empty(vector_shape(c.w.n));
  conv2d_forward(x, w, {}, {.mean = mean, .variance = variance}, c.geometry, y);
  conv2d_backward_data(dy, w, c.geometry, dz, 0);
  conv2d_backward_weights(x, dy, {}, c.geometry, dw, 0);
  std::vector<float> all;
  for (const Tensor& t : {y, dz, dw, mean, variance}) {
    const std::vector<float> values = t.to_vector<float>();
    all.insert(all.end(), values.begin(), values.end());
  }
  return all;
}

TEST_F(ConvBits, BitsDoNotDependOnTheNumberOfThreads) {
  for_every_case([](const ConvCase& c) {
    set_thread_count(1);
    const std::vector<float> one = everything(c);
    for (const int threads : {2, 4}) {
      set_thread_count(threads);
      const std::vector<float> more = everything(c);
      EXPECT_EQ(std::memcmp(one.data(), more.data(), one.size() * sizeof(float)), 0) << threads << " threads";
    }
  });
}

/// Image `image` of the batch alone: the bits that it has in the batch, forward and back.
template <class T>
void check_alone(const ConvCase& c, std::int64_t image) {
  const Tensor x = random_tensor<T>(c.x, 1), w = random_tensor<T>(c.w, 2), dy = random_tensor<T>(output_shape(c), 3);
  const Tensor y = Tensor::empty(output_shape(c), dtype_of<T>), dx = Tensor::empty(c.x, dtype_of<T>);
  conv2d_forward(x, w, {}, {}, c.geometry, y);
  conv2d_backward_data(dy, w, c.geometry, dx, 0);
  const auto alone = [&](const Tensor& batch) { return batch.batch_range(image, image + 1); };
  const Tensor y1 = Tensor::empty(alone(y).shape(), dtype_of<T>), dx1 = Tensor::empty(alone(x).shape(), dtype_of<T>);
  conv2d_forward(alone(x), w, {}, {}, c.geometry, y1);
  conv2d_backward_data(alone(dy), w, c.geometry, dx1, 0);
  EXPECT_EQ(y1.template to_vector<T>(), alone(y).template to_vector<T>()) << "forward, image " << image;
  EXPECT_EQ(dx1.template to_vector<T>(), alone(dx).template to_vector<T>()) << "backward, image " << image;
}

TEST_F(ConvBits, BitsOfAnImageDoNotDependOnTheOthers) {
  for_every_case([](ConvCase c) {
    c.x.n = 3;
    for (const std::int64_t image : {0, 2}) {
      check_alone<float>(c, image);
      check_alone<double>(c, image);
    }
  });
}

TEST_F(ConvBits, BitsOfARowOfALinearLayerDoNotDependOnTheOthers) {
  for (const std::string& target : cpu::simd_targets()) {
    cpu::set_simd_target(target);
    for (const std::int64_t rows : {2, 5, 8, 23, 61}) {
      for (const std::int64_t depth : {1, 3, 16, 17, 64, 290}) {
        for (const std::int64_t columns : {1, 2, 6, 33, 65}) {
          SCOPED_TRACE(target + ": " + std::to_string(rows) + " x " + std::to_string(depth) + " x " +
                       std::to_string(columns));
          const ConvCase c{"linear", {rows, 1, 1, depth}, {columns, 1, 1, depth}};
          for (const std::int64_t row : {std::int64_t{0}, rows - 1}) {
            check_alone<float>(c, row);
            check_alone<double>(c, row);
          }
        }
      }
    }
  }
}

}  // namespace
}  // namespace nn::test
