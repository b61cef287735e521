// Products of factors rounded to bf16: every kernel against the definition in double, through the convolution.
#include <gmock/gmock.h>

#include <bit>
#include <cmath>
#include <cstring>

#include "nn/core/parallel.h"
#include "nn/cpu/bf16/bf16_amx.h"
#include "nn/cpu/bf16/bf16_product.h"
#include "nn/cpu/bf16/product_precision.h"
#include "nn/cpu/choice/conv_choice.h"
#include "nn/cpu/conv/patches.h"
#include "nn/cpu/target/simd_target.h"
#include "tests/nn/cpu/bf16/amx_emulator.h"
#include "tests/nn/kernels/conv_reference.h"
#include "tests/support/environment.h"
#include "tests/support/error_of.h"

namespace nn::test {
namespace {

// Of the largest value of a result: sums in f32 of products that are exact. Measured over all cases: at most 5e-7.
constexpr double sums_bound = 1e-6;

std::vector<std::string> bf16_kernels() {
  std::vector<std::string> names = cpu::product_precisions();
  names.back() = "portable_bf16";  // in place of f32
  return names;
}

/// Convolutions run direct, as bf16 products do; everything is put back.
class Bf16Product : public testing::Test {
 protected:
  Bf16Product() { cpu::set_conv_choice("direct"); }
  ~Bf16Product() override {
    cpu::set_product_precision("f32");
    cpu::set_simd_target(target_);
    cpu::set_conv_choice(choice_);
    set_thread_count(threads_);
  }

 private:
  std::string target_ = cpu::simd_target(), choice_ = cpu::conv_choice();
  int threads_ = thread_count();
};

std::vector<double> rounded(std::vector<double> values) {
  for (double& value : values) value = static_cast<float>(bfloat16(static_cast<float>(value)));
  return values;
}

Tensor forward(const ConvCase& c, const ConvPrologue& prologue = {}, const ConvEpilogue& epilogue = {},
               bool slices = false) {
  Tensor y = random_tensor<float>(conv2d_output_shape(c.x, c.w, c.geometry), 3, slices);
  conv2d_forward(random_tensor<float>(c.x, 1, slices), random_tensor<float>(c.w, 2, slices), prologue, epilogue,
                 c.geometry, y);
  return y;
}

std::vector<ConvCase> cases() {
  std::vector<ConvCase> all = conv_cases();
  // Ends of tiles (14, 16 or 32 rows, 16 and 32 columns), of runs of depth (576) and of their units (32).
  all.push_back({"1x1, a tile and a row", {1, 1, 33, 64}, {33, 1, 1, 64}});
  all.push_back({"1x1, whole tiles", {1, 4, 16, 96}, {64, 1, 1, 96}});
  all.push_back({"1x1, two runs of depth", {1, 3, 5, 577}, {17, 1, 1, 577}});
  all.push_back({"1x1, more than a piece", {1, 10, 30, 40}, {530, 1, 1, 40}});
  all.push_back({"linear", {31, 1, 1, 1200}, {6, 1, 1, 1200}});
  return all;
}

TEST_F(Bf16Product, ForwardIsItsDefinitionOfRoundedFactors) {
  for (const std::string& kernel : bf16_kernels()) {
    cpu::set_product_precision(kernel);
    for (const ConvCase& c : cases()) {
      SCOPED_TRACE(kernel + ", " + c.name);
      const bool rounds = c.w.elements() / c.w.n >= cpu::least_bf16_depth;  // else f32 is faster
      for (const bool slices : {false, true}) {
        const std::vector<double> x = doubles(random_tensor<float>(c.x, 1)), w = doubles(random_tensor<float>(c.w, 2));
        const std::vector<double> y =
            rounds ? reference_forward(c, rounded(x), rounded(w)) : reference_forward(c, x, w);
        EXPECT_LT(relative_error(doubles(forward(c, {}, {}, slices)), y), sums_bound);
      }
    }
  }
}

Tensor vector_of(std::int64_t channels, std::initializer_list<float> values) {
  Tensor t = Tensor::empty(vector_shape(channels));
  for (std::int64_t k = 0; k < channels; ++k)
    t.data<float>()[k] = values.begin()[static_cast<std::size_t>(k) % values.size()];
  return t;
}

TEST_F(Bf16Product, PrologueIsBeforeTheRoundingAndEpilogueBehindTheSum) {
  const ConvCase c{"3x3", {2, 7, 5, 19}, {35, 3, 3, 19}, {.padding = pad(1)}};
  // Scales that are powers of two: then it does not matter whether scale and shift round once or twice.
  const ConvPrologue prologue{.scale = vector_of(19, {2, -0.5, 1}), .shift = vector_of(19, {0.1F, 0.3F}), .relu = true};
  const ConvEpilogue epilogue{.bias = vector_of(35, {0.5, -1}),
                              .scale = vector_of(35, {0.25, -2, 1}),
                              .shift = vector_of(35, {0.7F, 0}),
                              .relu = true,
                              .beta = 0.5};
  std::vector<double> z = doubles(random_tensor<float>(c.x, 1));
  for (std::size_t i = 0; i < z.size(); ++i) {
    const auto k = static_cast<std::size_t>(i % 19);
    const float value = static_cast<float>(z[i]) * prologue.scale.data<float>()[k] + prologue.shift.data<float>()[k];
    z[i] = value < 0 ? 0 : value;
  }
  const std::vector<double> before = doubles(random_tensor<float>(conv2d_output_shape(c.x, c.w, c.geometry), 3));
  std::vector<double> expected = reference_forward(c, rounded(z), rounded(doubles(random_tensor<float>(c.w, 2))));
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const auto k = static_cast<std::size_t>(i % 35);
    const double y = (expected[i] + epilogue.bias.data<float>()[k]) * epilogue.scale.data<float>()[k] +
                     epilogue.shift.data<float>()[k];
    expected[i] = std::max(y, 0.0) + 0.5 * before[i];
  }
  for (const std::string& kernel : bf16_kernels()) {
    SCOPED_TRACE(kernel);
    cpu::set_product_precision(kernel);
    EXPECT_LT(relative_error(doubles(forward(c, prologue, epilogue)), expected), sums_bound);
  }
}

TEST_F(Bf16Product, BitsDependNeitherOnThreadsNorOnTheOtherImages) {
  const ConvCase batch{"3x3", {5, 13, 11, 67}, {40, 3, 3, 67}, {.padding = pad(1)}};
  ConvCase first = batch;
  first.x.n = 1;
  for (const std::string& kernel : bf16_kernels()) {
    SCOPED_TRACE(kernel);
    cpu::set_product_precision(kernel);
    set_thread_count(1);
    const std::vector<float> alone = forward(first).to_vector<float>(), one = forward(batch).to_vector<float>();
    set_thread_count(3);
    EXPECT_EQ(forward(batch).to_vector<float>(), one);
    EXPECT_TRUE(std::equal(alone.begin(), alone.end(), one.begin()));
  }
}

TEST_F(Bf16Product, RoundsToTheNearestAndTiesToEven) {
  if (cpu::avx512_bf16_kernel() == nullptr) GTEST_SKIP() << "this CPU has no instructions for bf16";
  std::vector<float> values{1.00390625F, 1.01171875F, -1.00390625F, 3.4e38F, 0, -0.0F, HUGE_VALF, -HUGE_VALF};
  Random random(5);
  while (values.size() < 100) values.push_back(random.uniform(-3, 3));
  for (const cpu::Bf16Kernel* kernel : {cpu::avx512_bf16_kernel(), cpu::amx_bf16_kernel()}) {
    for (std::size_t count = 0; kernel != nullptr && count <= values.size(); ++count) {
      std::vector<bfloat16> to(count + 1);
      kernel->round(values.data(), static_cast<std::int64_t>(count), to.data());
      for (std::size_t i = 0; i < count; ++i) EXPECT_EQ(to[i].bits, bfloat16(values[i]).bits) << values[i];
      EXPECT_EQ(to[count].bits, 0) << "behind the end";
    }
  }
}

TEST_F(Bf16Product, RoundsNoNanToANumber) {
  std::vector<float> values;  // quiet and signalling, with bits that rounding drops or that a carry would run through
  while (values.size() < 35) {
    for (const std::uint32_t bits : {0x7fc00000U, 0xffc00000U, 0x7f800001U, 0xff80ffffU, 0x7fffffffU}) {
      values.push_back(std::bit_cast<float>(bits));
    }
  }
  for (const cpu::Bf16Kernel* kernel :
       {&cpu::portable_bf16_kernel(), cpu::avx512_bf16_kernel(), cpu::amx_bf16_kernel()}) {
    if (kernel == nullptr) continue;
    std::vector<bfloat16> to(values.size());
    kernel->round(values.data(), static_cast<std::int64_t>(values.size()), to.data());
    for (const bfloat16 value : to) EXPECT_TRUE(std::isnan(static_cast<float>(value))) << kernel->name;
  }
}

TEST_F(Bf16Product, WeightsThatOneKernelRoundedAreNotTakenByAnother) {
  if (cpu::product_precisions().size() == 1) GTEST_SKIP() << "this CPU has no instructions for bf16";
  const Tensor x = vector_of(64, {1e30F}), w = vector_of(64, {1e-39F});  // a denormal number: zero to AVX512_BF16
  const auto product_by = [&](const char* kernel) {
    cpu::set_product_precision(kernel);
    Tensor y = Tensor::empty(vector_shape(1));
    for (int call = 0; call < 3; ++call) conv2d_forward(x, w, {}, {}, {}, y);  // rounded, kept, used
    return *y.data<float>();
  };
  EXPECT_EQ(product_by("avx512_bf16"), 0);
  EXPECT_GT(product_by("portable_bf16"), 0);
}

/// A {rows,1,1,depth} B^T, B {columns,1,1,depth}, by a kernel, whether it may be chosen or not.
Tensor product(const Tensor& a, const Tensor& b, const cpu::Bf16Kernel& kernel) {
  Tensor c = Tensor::empty(matrix_shape(a.n(), b.n()));
  multiply_bf16(cpu::PatchReader<float>(a, {}), a.n(),
                cpu::Bf16Matrix(cpu::PatchReader<float>(b, {}), a.c(), b.n(), kernel),
                cpu::PixelWriter<float>(c, {}, {}), kernel);
  return c;
}

/// Every end of tiles, runs and units.
void expect_portable_products(const cpu::Bf16Kernel& kernel) {
  for (const std::int64_t rows : {1, 16, 17, 32, 33, 131}) {
    for (const std::int64_t columns : {1, 16, 17, 33, 64}) {
      for (const std::int64_t depth : {1, 33, 64, 600}) {
        const Tensor a = random_tensor<float>(matrix_shape(rows, depth), 1);
        const Tensor b = random_tensor<float>(matrix_shape(columns, depth), 2);
        const std::vector<double> expected = doubles(product(a, b, cpu::portable_bf16_kernel()));
        EXPECT_LT(relative_error(doubles(product(a, b, kernel)), expected), sums_bound)
            << rows << " x " << columns << " x " << depth;
      }
    }
  }
}

TEST_F(Bf16Product, IsThatOfPlainLoops) {
  for (const std::int64_t depth : {1, 2, 31, 600}) {
    const Tensor a = random_tensor<float>(matrix_shape(17, depth), 1),
                 b = random_tensor<float>(matrix_shape(19, depth), 2);
    const ConvCase c{"", {17, 1, 1, depth}, {19, 1, 1, depth}};
    const std::vector<double> expected = reference_forward(c, rounded(doubles(a)), rounded(doubles(b)));
    EXPECT_LT(relative_error(doubles(product(a, b, cpu::portable_bf16_kernel())), expected), sums_bound);
  }
}

TEST_F(Bf16Product, Avx512InstructionsGiveThePortableProducts) {
  const cpu::Bf16Kernel* kernel = cpu::avx512_bf16_kernel();
  if (kernel == nullptr) GTEST_SKIP() << "this CPU has no AVX512_BF16";
  expect_portable_products(*kernel);
}

TEST_F(Bf16Product, AmxInstructionsGiveThePortableProducts) {
#if defined(__x86_64__)
  if (!AmxEmulator::is_possible()) GTEST_SKIP() << "AMX instructions are emulated on Linux alone";
  const bool emulated = cpu::amx_bf16_kernel() == nullptr;
  const AmxEmulator emulator;
  expect_portable_products(cpu::amx_instructions(cpu::portable_bf16_kernel().round));
  if (!emulated) return;
  EXPECT_GT(AmxEmulator::products(), 0);
  EXPECT_TRUE(AmxEmulator::configured_rightly());
#else
  GTEST_SKIP() << "AMX is part of x86-64";
#endif
}

TEST_F(Bf16Product, IsForPredictionNotForStatisticsOrGradients) {
  const ConvCase c{"3x3", {2, 7, 5, 19}, {35, 3, 3, 19}, {.padding = pad(1)}};
  const auto all_passes = [&] {
    const ConvEpilogue measured{.mean = Tensor::empty(vector_shape(35)), .variance = Tensor::empty(vector_shape(35))};
    const Tensor y = forward(c, {}, measured), dx = Tensor::empty(c.x), dw = Tensor::empty(c.w);
    conv2d_backward_data(y, random_tensor<float>(c.w, 2), c.geometry, dx, 0);
    conv2d_backward_weights(random_tensor<float>(c.x, 1), y, {}, c.geometry, dw, 0);
    return std::vector{y.to_vector<float>(), measured.mean.to_vector<float>(), dx.to_vector<float>(),
                       dw.to_vector<float>()};
  };
  const auto expected = all_passes();
  const std::vector<float> predicted = forward(c).to_vector<float>();
  cpu::set_product_precision("portable_bf16");
  EXPECT_EQ(all_passes(), expected);
  EXPECT_NE(forward(c).to_vector<float>(), predicted) << "without statistics a pass is taken for prediction";
}

TEST_F(Bf16Product, IsByAvx512UnlessTheEnvironmentNamesAmx) {
  if (cpu::product_precisions().size() == 1) GTEST_SKIP() << "this CPU has no instructions for bf16";
  for (const char* variable : {"", "avx512"}) {
    const ::test::Environment environment("FALX_BF16", variable);
    cpu::set_product_precision("bf16");
    EXPECT_EQ(cpu::product_precision(), "avx512_bf16");
  }
  const ::test::Environment environment("FALX_BF16", "amx");
  const std::string error = ::test::error_of([] { cpu::set_product_precision("bf16"); });
  if (cpu::amx_bf16_kernel() == nullptr) {
    EXPECT_EQ(error, "[product] FALX_BF16 is one of avx512 (what this CPU can run), not 'amx'");
  } else {
    EXPECT_EQ(cpu::product_precision(), "amx_bf16");
  }
}

TEST_F(Bf16Product, IsLeftOutWhileALesserSimdTargetIsSet) {
  if (cpu::product_precisions().size() == 1) GTEST_SKIP() << "this CPU has no instructions for bf16";
  cpu::set_product_precision("bf16");
  const std::string kernel = cpu::product_precision();
  cpu::set_simd_target("baseline");
  EXPECT_EQ(cpu::bf16_products(cpu::least_bf16_depth), nullptr);
  EXPECT_EQ(cpu::product_precision(), "f32");
  cpu::set_simd_target(cpu::simd_targets().front());
  EXPECT_NE(cpu::bf16_products(cpu::least_bf16_depth), nullptr);
  EXPECT_EQ(cpu::product_precision(), kernel);
}

TEST_F(Bf16Product, IsRefusedWhereTheCpuHasNoInstructionsForIt) {
  EXPECT_EQ(cpu::product_precisions().back(), "f32");
  EXPECT_EQ(cpu::product_precision(), "f32");
  cpu::set_simd_target("baseline");
  EXPECT_EQ(cpu::product_precisions(), std::vector<std::string>{"f32"});
  EXPECT_EQ(cpu::bf16_products_name(), "none");
  const bool left_out = cpu::avx512_bf16_kernel() != nullptr && cpu::simd_targets().front() == "avx512";
  EXPECT_THAT(cpu::why_no_bf16_products(), testing::StartsWith(left_out ? "FALX_CPU=baseline leaves out AVX512_BF16"
                                                                        : "this CPU has neither AVX512_BF16 nor AMX"));
  EXPECT_EQ(::test::error_of([] { cpu::set_product_precision("bf16"); }),
            "[product] bf16 products need a CPU with AVX512_BF16 or AMX-BF16 (and FALX_CPU not below avx512); here "
            "there is f32 alone");
  EXPECT_EQ(cpu::product_precision(), "f32");
}

}  // namespace
}  // namespace nn::test
