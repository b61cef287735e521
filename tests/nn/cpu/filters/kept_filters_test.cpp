#include "nn/cpu/filters/kept_filters.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "nn/core/allocator.h"
#include "nn/cpu/bf16/product_precision.h"
#include "nn/cpu/choice/conv_choice.h"
#include "nn/cpu/target/simd_target.h"
#include "nn/kernels/conv.h"
#include "tests/nn/kernels/conv_reference.h"

namespace nn::test {
namespace {

/// Stands for filters: the first of the weights.
struct First {
  float value;
};

/// Makes them, and counts how often.
class Maker {
 public:
  std::shared_ptr<const First> operator()(const Tensor& w, int variant = 0, std::size_t bytes = 1000) {
    return cpu::kept_filters<First>(w, variant, bytes, [&] {
      ++made;
      return std::make_shared<const First>(First{w.data<float>()[0]});
    });
  }
  int made = 0;
};

TEST(KeptFilters, AreMadeTwiceThenUsedUntilTheWeightsChange) {
  const Tensor w = random_tensor<float>({3, 1, 1, 5}, 1);
  Maker filters;
  for (const int made : {1, 2, 2, 2}) {
    EXPECT_EQ(filters(w)->value, w.data<float>()[0]);
    EXPECT_EQ(filters.made, made);
  }
  w.data<float>()[0] = 7;
  for (const int made : {3, 4, 4}) {
    EXPECT_EQ(filters(w)->value, 7);
    EXPECT_EQ(filters.made, made);
  }
  w.data<float>()[14] = 8;
  filters(w);
  EXPECT_EQ(filters.made, 5);
}

TEST(KeptFilters, AreNotKeptOfWeightsThatChangeFromCallToCall) {
  const Tensor w = random_tensor<float>({3, 1, 1, 5}, 1);
  const std::size_t before = cpu::kept_filter_bytes();
  Maker filters;
  for (int step = 0; step < 5; ++step) {
    w.data<float>()[2] = static_cast<float>(step);
    filters(w);
    EXPECT_EQ(cpu::kept_filter_bytes(), before);
  }
  EXPECT_EQ(filters.made, 5);
}

TEST(KeptFilters, GoWithTheWeights) {
  const std::size_t before = cpu::kept_filter_bytes();
  std::weak_ptr<const First> kept;
  {
    const Tensor w = random_tensor<float>({3, 1, 1, 5}, 1);
    Maker filters;
    filters(w);
    kept = filters(w);
    EXPECT_EQ(cpu::kept_filter_bytes(), before + 1000);
    w.data<float>()[0] = 7;
    filters(w);
    EXPECT_EQ(cpu::kept_filter_bytes(), before) << "those of the values before";
    filters(w);
    kept = filters(w);
    EXPECT_FALSE(kept.expired());
  }
  EXPECT_TRUE(kept.expired());
  EXPECT_EQ(cpu::kept_filter_bytes(), before);
}

TEST(KeptFilters, OfSeveralWeightsInOneBufferAreTheirOwn) {
  const Tensor buffer = random_tensor<float>({1, 1, 1, 30}, 1);
  const Tensor one = buffer.flat_range(0, {3, 1, 1, 5}), two = buffer.flat_range(15, {3, 1, 1, 5}),
               other_shape = buffer.flat_range(0, {5, 1, 1, 3});
  Maker filters;
  for (int call = 0; call < 4; ++call) {
    for (const Tensor& w : {one, two, other_shape}) {
      for (const int variant : {0, 1}) EXPECT_EQ(filters(w, variant)->value, w.data<float>()[0]);
    }
  }
  EXPECT_EQ(filters.made, 2 * 3 * 2);
  one.data<float>()[1] += 1;
  filters(two);
  EXPECT_EQ(filters.made, 12);
  filters(one);
  EXPECT_EQ(filters.made, 13);
}

TEST(KeptFilters, GoInEveryFormWhenTheWeightsChange) {
  const Tensor w = random_tensor<float>({3, 1, 1, 5}, 1);
  const std::size_t before = cpu::kept_filter_bytes();
  Maker filters;
  for (int call = 0; call < 2; ++call) {
    for (const int variant : {0, 1, 2}) filters(w, variant);
  }
  EXPECT_EQ(cpu::kept_filter_bytes(), before + 3000);
  w.data<float>()[0] = 7;
  EXPECT_EQ(filters(w, 1)->value, 7);
  EXPECT_EQ(cpu::kept_filter_bytes(), before);
  for (const int variant : {0, 1, 2}) EXPECT_EQ(filters(w, variant)->value, 7);
}

TEST(KeptFilters, GoWhenTheNextCallWantsAnotherFormOfTheChangedWeights) {
  const Tensor w = random_tensor<float>({3, 1, 1, 5}, 1);
  const std::size_t before = cpu::kept_filter_bytes();
  Maker filters;
  for (int call = 0; call < 2; ++call) filters(w, 0);
  EXPECT_EQ(cpu::kept_filter_bytes(), before + 1000);
  w.data<float>()[0] = 7;
  EXPECT_EQ(filters(w, 1)->value, 7);
  EXPECT_EQ(cpu::kept_filter_bytes(), before);
}

TEST(KeptFilters, GoWhenACallHasManyPixels) {
  const std::string choice = cpu::conv_choice();
  const std::size_t before = cpu::kept_filter_bytes();
  for (const char* algorithm : {"direct", "winograd-2x2", "winograd"}) {
    cpu::set_conv_choice(algorithm);
    const Tensor w = random_tensor<float>({3, 3, 3, 2}, 2);
    for (const std::int64_t side : {8, 8, 100, 8, 8}) {  // validation, training, validation
      const Tensor x = random_tensor<float>({1, side, side, 2}, 1), y = Tensor::empty({1, side, side, 3});
      conv2d_forward(x, w, {}, {}, {.padding = pad(1)}, y);
      if (side == 100) {
        EXPECT_EQ(cpu::kept_filter_bytes(), before) << algorithm;
      }
    }
    EXPECT_GT(cpu::kept_filter_bytes(), before) << algorithm;
  }
  cpu::set_conv_choice(choice);
}

TEST(KeptFilters, OfASliceAreMadeInEveryCall) {
  const Tensor w = random_tensor<float>({3, 1, 1, 5}, 1, true);
  Maker filters;
  for (int call = 0; call < 3; ++call) filters(w);
  EXPECT_EQ(filters.made, 3);
}

TEST(KeptFilters, TakeNoMoreThanTheirBound) {
  const Tensor one = random_tensor<float>({3, 1, 1, 5}, 1), two = random_tensor<float>({3, 1, 1, 5}, 2);
  Maker filters;
  for (int call = 0; call < 3; ++call) filters(one, 0, cpu::most_kept_bytes + 1);
  EXPECT_EQ(filters.made, 3);
  const std::size_t most = cpu::most_kept_bytes - cpu::kept_filter_bytes();
  for (int call = 0; call < 3; ++call) filters(one, 0, most);
  EXPECT_EQ(filters.made, 5);
  for (int call = 0; call < 3; ++call) filters(two, 0, 1);
  EXPECT_EQ(filters.made, 8) << "there is no room left";
  EXPECT_EQ(cpu::kept_filter_bytes(), cpu::most_kept_bytes);
}

TEST(KeptFilters, CanBeAskedForByManyThreadsAtOnce) {
  const Tensor w = random_tensor<float>({3, 1, 1, 5}, 1);
  const std::size_t before = cpu::kept_filter_bytes();
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      Maker filters;
      for (int call = 0; call < 200; ++call) EXPECT_EQ(filters(w)->value, w.data<float>()[0]);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(cpu::kept_filter_bytes(), before + 1000);
}

/// The kernel with all that it keeps against one that has never seen these weights: every bit.
void expect_as_new(const ConvCase& c, const Tensor& x, const Tensor& w) {
  const Tensor y = Tensor::empty(conv2d_output_shape(c.x, c.w, c.geometry)), expected = Tensor::empty(y.shape());
  const std::vector<float> values = w.to_vector<float>();
  conv2d_forward(x, Tensor::from(w.shape(), std::span<const float>(values)), {}, {}, c.geometry, expected);
  for (int call = 0; call < 3; ++call) {
    conv2d_forward(x, w, {}, {}, c.geometry, y);
    EXPECT_EQ(y.to_vector<float>(), expected.to_vector<float>()) << c.name << ", call " << call;
  }
}

TEST(KeptFilters, NeverChangeWhatAConvolutionGives) {
  const std::string target = cpu::simd_target(), choice = cpu::conv_choice();
  for (const ConvCase& c : conv_cases()) {
    const Tensor x = random_tensor<float>(c.x, 1), w = random_tensor<float>(c.w, 2);
    for (int round = 0; round < 2; ++round) {  // the same weights by each kernel in turn, then others at their place
      for (const std::string& other : cpu::simd_targets()) {
        cpu::set_simd_target(other);
        for (const char* algorithm : {"direct", "winograd-2x2", "winograd"}) {
          cpu::set_conv_choice(algorithm);
          expect_as_new(c, x, w);
        }
      }
      w.data<float>()[w.elements() / 2] += 0.5F;
    }
  }
  cpu::set_simd_target(target);
  cpu::set_conv_choice(choice);
}

TEST(KeptFilters, AreThoseOfBothAlgorithms) {
  const std::string choice = cpu::conv_choice();
  const Tensor x = random_tensor<float>({1, 6, 6, 16}, 1), w = random_tensor<float>({16, 3, 3, 16}, 2),
               y = Tensor::empty({1, 6, 6, 16});
  const std::size_t before = cpu::kept_filter_bytes();
  // A frequency has room for a multiple of 1024 elements and 16 more (winograd_plan.h).
  for (const auto& [algorithm, bytes] : {std::pair{"direct", 9 * 256 * 4}, {"winograd", (9 * 256 + 36 * 1040) * 4}}) {
    cpu::set_conv_choice(algorithm);
    for (int call = 0; call < 2; ++call) conv2d_forward(x, w, {}, {}, {.padding = pad(1)}, y);
    EXPECT_EQ(cpu::kept_filter_bytes() - before, static_cast<std::size_t>(bytes)) << algorithm;
  }
  cpu::set_conv_choice(choice);
}

TEST(KeptFilters, AreCountedAsWhatTheyTake) {
  const std::string choice = cpu::conv_choice(), precision = cpu::product_precision();
  for (const std::string& product : cpu::product_precisions()) {
    cpu::set_product_precision(product);
    for (const char* algorithm : {"direct", "winograd-2x2", "winograd"}) {
      cpu::set_conv_choice(algorithm);
      for (const ConvCase& c : conv_cases()) {
        SCOPED_TRACE(c.name + (", " + product) + ", " + algorithm);
        const Tensor x = random_tensor<float>(c.x, 1), w = random_tensor<float>(c.w, 2),
                     y = Tensor::empty(conv2d_output_shape(c.x, c.w, c.geometry));
        const std::size_t counted = cpu::kept_filter_bytes(), taken = memory_use(Device::cpu).live;
        for (int call = 0; call < 2; ++call) conv2d_forward(x, w, {}, {}, c.geometry, y);
        EXPECT_GT(cpu::kept_filter_bytes(), counted);
        EXPECT_EQ(cpu::kept_filter_bytes() - counted, memory_use(Device::cpu).live - taken);
      }
    }
  }
  cpu::set_conv_choice(choice);
  cpu::set_product_precision(precision);
}

}  // namespace
}  // namespace nn::test
