// --precision bf16 without a GPU: for what only predicts, where the CPU has instructions for it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "nn/core/device_runtime.h"
#include "nn/cpu/bf16/product_precision.h"
#include "tests/apps/run_falx.h"
#include "tests/support/environment.h"

namespace {

using nlohmann::json;
using test::ProgramResult;
using test::run_falx;
using testing::HasSubstr;

void expect_one_line(const ProgramResult& result, const std::string& text) {
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_EQ(std::count(result.error.begin(), result.error.end(), '\n'), 1) << result.error;
  EXPECT_THAT(result.error, HasSubstr(text));
}

constexpr const char* bench = "bench --device cpu --precision bf16 --size 32 --batch 1 --seconds 0 --json --what ";

TEST(FalxBf16, PredictsInBf16WhereTheCpuCan) {
  const std::vector<std::string> available = nn::cpu::product_precisions();
  const json system = json::parse(run_falx("info --json").out);
  EXPECT_EQ(system.at("products_available"), available);
  EXPECT_EQ(system.at("bf16"), nn::cpu::bf16_products_name());
  const ProgramResult result = run_falx(bench + std::string("infer"));
  if (available.size() == 1) return expect_one_line(result, "--precision bf16: " + nn::cpu::why_no_bf16_products());
  ASSERT_EQ(result.exit_code, 0) << result.error;
  EXPECT_EQ(json::parse(result.lines().back())["precision"], "bf16");
  EXPECT_EQ(json::parse(result.lines().back())["products"], nn::cpu::bf16_products_name());
  const test::Environment environment("FALX_BF16", "best");
  expect_one_line(run_falx(bench + std::string("infer")), "FALX_BF16 is one of avx512");
}

TEST(FalxBf16, IsLeftOutByALesserSimdTarget) {
  if (nn::cpu::product_precisions().size() == 1) GTEST_SKIP() << nn::cpu::why_no_bf16_products();
  const test::Environment environment("FALX_CPU", "avx2");
  expect_one_line(run_falx(bench + std::string("infer")), "--precision bf16: FALX_CPU=avx2 leaves out AVX512_BF16");
}

TEST(FalxBf16, TrainsInF32Alone) {
  expect_one_line(run_falx(bench + std::string("train")),
                  "--precision bf16 needs a GPU to train: in bf16 the CPU only predicts");
}

TEST(FalxBf16, Tf32NeedsAGpu) {
  expect_one_line(run_falx("bench --device cpu --what infer --precision tf32"),
                  "--precision tf32 needs a GPU: the CPU computes in f32, and in bf16 for inference");
}

}  // namespace
