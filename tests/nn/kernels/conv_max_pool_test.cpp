// A convolution and the maximum pool behind it in one against the two one after the other, to the bit: every geometry,
// both types, every SIMD target and algorithm, slices, NaN, any number of threads.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <limits>

#include "nn/kernels/conv_pool.h"
#include "tests/nn/kernels/conv_kernel_fixture.h"
#include "tests/support/error_of.h"

namespace nn::test {
namespace {

class ConvMaxPool : public ConvKernel {};

constexpr PoolGeometry halves{};
constexpr PoolGeometry halves_of_all{.ceil = true};
constexpr PoolGeometry keras_same{.padding = {.bottom = 1, .right = 1}};
constexpr PoolGeometry stem{.kernel_h = 3, .kernel_w = 3, .padding = {1, 1, 1, 1}};
constexpr PoolGeometry pools[] = {halves, halves_of_all, keras_same, stem};

bool fits(const PoolGeometry& pool, const Shape& map) {
  return map.h + pool.padding.top + pool.padding.bottom >= pool.kernel_h &&
         map.w + pool.padding.left + pool.padding.right >= pool.kernel_w;
}

template <class T>
bool same_bits(const Tensor& a, const Tensor& b) {
  const std::vector<T> one = a.to_vector<T>(), other = b.to_vector<T>();
  return one.size() == other.size() && std::memcmp(one.data(), other.data(), one.size() * sizeof(T)) == 0;
}

template <class T>
Tensor by_parts(const Tensor& x, const Tensor& w, const ConvEpilogue& epilogue, const ConvGeometry& geometry,
                const PoolGeometry& pool) {
  const Tensor map = Tensor::empty(conv2d_output_shape(x.shape(), w.shape(), geometry), x.dtype());
  conv2d_forward(x, w, {}, epilogue, geometry, map);
  const Tensor y = Tensor::empty(pool_output_shape(map.shape(), pool), x.dtype());
  max_pool_forward(map, pool, y, {});
  return y;
}

template <class T>
void check(const ConvCase& c, const PoolGeometry& pool) {
  const Tensor x = random_tensor<T>(c.x, 1, true), w = random_tensor<T>(c.w, 2, true);
  const Shape vector = vector_shape(c.w.n);
  const Tensor bias = random_tensor<T>(vector, 3), scale = random_tensor<T>(vector, 4),
               shift = random_tensor<T>(vector, 5);
  for (const ConvEpilogue& epilogue : {ConvEpilogue{}, ConvEpilogue{.bias = bias, .relu = true},
                                       ConvEpilogue{.bias = bias, .scale = scale, .shift = shift, .relu = true}}) {
    const Tensor y = random_tensor<T>(pool_output_shape(output_shape(c), pool), 6, true);
    conv2d_max_pool_forward(x, w, epilogue, c.geometry, pool, y);
    EXPECT_TRUE(same_bits<T>(y, by_parts<T>(x, w, epilogue, c.geometry, pool)));
    EXPECT_TRUE(surroundings_untouched<T>(y));
  }
}

template <class T>
void check_all_pools(const ConvCase& c) {
  for (const PoolGeometry& pool : pools) {
    if (!fits(pool, output_shape(c))) continue;
    SCOPED_TRACE("a pool of " + std::to_string(pool.kernel_h) + (pool.ceil ? ", ceil" : ""));
    check<T>(c, pool);
  }
}

TEST_F(ConvMaxPool, IsThePoolOfTheConvolution) {
  for_every_case([](const ConvCase& c) { check_all_pools<float>(c); });
}

TEST_F(ConvMaxPool, IsThePoolOfTheConvolutionInDouble) {
  for (const ConvCase& c : conv_cases()) {
    SCOPED_TRACE(c.name);
    check_all_pools<double>(c);
  }
}

// Tiles of 4x4 and 2x2 that the map's edge cuts off in every way.
TEST_F(ConvMaxPool, IsThePoolOfTheConvolutionForMapsOfAnySize) {
  for (const char* choice : {"winograd-2x2", "winograd"}) {
    cpu::set_conv_choice(choice);
    for (std::int64_t h = 2; h <= 9; ++h) {
      for (std::int64_t w = 2; w <= 9; ++w) {
        SCOPED_TRACE(std::string(choice) + ", a map of " + std::to_string(h) + " x " + std::to_string(w));
        check<float>({"3x3", {2, h, w, 5}, {20, 3, 3, 5}, {.padding = pad(1)}}, halves);
      }
    }
  }
}

TEST_F(ConvMaxPool, IsTheSameByParts) {
  const ConvCase c{"3x3", {2, 13, 11, 24}, {16, 3, 3, 24}, {.padding = pad(1)}};
  const Tensor x = random_tensor<float>(c.x, 1), w = random_tensor<float>(c.w, 2);
  const Tensor y = Tensor::empty(pool_output_shape(output_shape(c), halves));
  conv2d_max_pool_forward_by_parts(x, w, {.relu = true}, c.geometry, halves, y);
  EXPECT_TRUE(same_bits<float>(y, by_parts<float>(x, w, {.relu = true}, c.geometry, halves)));
}

TEST_F(ConvMaxPool, LetsNanThrough) {
  for_every_case([](const ConvCase& c) {
    if (!fits(halves, output_shape(c))) return;
    const Tensor x = random_tensor<float>(c.x, 1), w = random_tensor<float>(c.w, 2);
    x.row<float>(0)[0] = std::numeric_limits<float>::quiet_NaN();
    const Tensor y = Tensor::empty(pool_output_shape(output_shape(c), halves));
    conv2d_max_pool_forward(x, w, {.relu = true}, c.geometry, halves, y);
    const std::vector<float> found = y.to_vector<float>(),
                             expected = by_parts<float>(x, w, {.relu = true}, c.geometry, halves).to_vector<float>();
    const auto is_nan = [](float value) { return std::isnan(value); };
    EXPECT_GT(std::count_if(found.begin(), found.end(), is_nan), 0);
    for (std::size_t i = 0; i < found.size(); ++i) EXPECT_EQ(std::isnan(found[i]), std::isnan(expected[i])) << i;
  });
}

TEST_F(ConvMaxPool, HasTheSameBitsWithAnyNumberOfThreads) {
  const ConvCase c{"3x3", {2, 37, 41, 24}, {20, 3, 3, 24}, {.padding = pad(1)}};
  const Tensor x = random_tensor<float>(c.x, 1), w = random_tensor<float>(c.w, 2);
  std::vector<Tensor> found;
  for (const int threads : {1, 2, 5}) {
    set_thread_count(threads);
    found.push_back(Tensor::empty(pool_output_shape(output_shape(c), halves)));
    conv2d_max_pool_forward(x, w, {.relu = true}, c.geometry, halves, found.back());
  }
  EXPECT_TRUE(same_bits<float>(found[0], found[1]));
  EXPECT_TRUE(same_bits<float>(found[0], found[2]));
}

TEST_F(ConvMaxPool, RefusesWhatOnlyAMapCouldHave) {
  const Tensor x = random_tensor<float>({1, 6, 6, 3}, 1), w = random_tensor<float>({4, 3, 3, 3}, 2);
  const Tensor vector = random_tensor<float>(vector_shape(4), 3), y = Tensor::empty({1, 2, 2, 4});
  const auto error = [&](const ConvEpilogue& epilogue, const Tensor& to) {
    return ::test::error_of([&] { conv2d_max_pool_forward(x, w, epilogue, {}, halves, to); });
  };
  EXPECT_EQ(error({}, y), "");
  const testing::Matcher<std::string> refused = testing::HasSubstr("without beta and statistics");
  EXPECT_THAT(error({.beta = 1}, y), refused);
  EXPECT_THAT(error({.mean = vector, .variance = vector}, y), refused);
  EXPECT_THAT(error({}, Tensor::empty({1, 4, 4, 4})), testing::HasSubstr("expects an output of {1, 2, 2, 4}"));
  EXPECT_THAT(error({.bias = random_tensor<float>(vector_shape(3), 3)}, y), testing::HasSubstr("expects a vector"));
}

}  // namespace
}  // namespace nn::test
