// cuBLASLt's descriptors hold what the key says. Making and reading them needs no device.
#include "cuda/gemm/gemm_descriptors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cuda/gemm/cublas.h"
#include "cuda/gemm/gemm_algorithm.h"
#include "cuda/runtime/check.h"
#include "tests/support/error_of.h"

namespace {

using cuda::GemmDescriptors;
using cuda::GemmKey;
using nn::DType;

/// What cuBLASLt's function `get` says of a descriptor.
template <class T, class Get, class Descriptor, class Attribute>
T ask(Get* get, const Descriptor& descriptor, Attribute attribute) {
  T value{};
  std::size_t written = 0;
  CUDA_CHECK(get(descriptor.get(), attribute, &value, sizeof value, &written));
  return value;
}
template <class T>
T read(const cuda::MatrixLayout& layout, cublasLtMatrixLayoutAttribute_t attribute) {
  return ask<T>(CUBLAS_FUNCTION(cublasLtMatrixLayoutGetAttribute), layout, attribute);
}
template <class T>
T read(const cuda::MatmulDescriptor& operation, cublasLtMatmulDescAttributes_t attribute) {
  return ask<T>(CUBLAS_FUNCTION(cublasLtMatmulDescGetAttribute), operation, attribute);
}
template <class T>
T read(const cuda::MatmulPreference& preference, cublasLtMatmulPreferenceAttributes_t attribute) {
  return ask<T>(CUBLAS_FUNCTION(cublasLtMatmulPreferenceGetAttribute), preference, attribute);
}

/// dw (f32) of a pointwise convolution with 32 inputs, 16 outputs, 100 pixels, in bf16.
GemmKey weight_gradient() {
  return {.a = {DType::bf16, 32, 100, 48, 64},
          .b = {DType::bf16, 16, 100, 64, 32},
          .d = {DType::f32, 32, 16, 32, 16},
          .transpose_b = true};
}

TEST(GemmDescriptors, LayoutsHoldSizesTypesAndStrides) {
  const GemmDescriptors descriptors(weight_gradient());
  EXPECT_EQ(read<std::uint32_t>(descriptors.a, CUBLASLT_MATRIX_LAYOUT_TYPE), CUDA_R_16BF);
  EXPECT_EQ(read<std::uint64_t>(descriptors.a, CUBLASLT_MATRIX_LAYOUT_ROWS), 32U);
  EXPECT_EQ(read<std::uint64_t>(descriptors.a, CUBLASLT_MATRIX_LAYOUT_COLS), 100U);
  EXPECT_EQ(read<std::int64_t>(descriptors.a, CUBLASLT_MATRIX_LAYOUT_LD), 48);
  EXPECT_EQ(read<std::int64_t>(descriptors.b, CUBLASLT_MATRIX_LAYOUT_LD), 64);
  EXPECT_EQ(read<std::uint32_t>(descriptors.d, CUBLASLT_MATRIX_LAYOUT_TYPE), CUDA_R_32F);
  EXPECT_EQ(read<std::uint64_t>(descriptors.d, CUBLASLT_MATRIX_LAYOUT_COLS), 16U);
  EXPECT_EQ(read<std::int32_t>(descriptors.a, CUBLASLT_MATRIX_LAYOUT_ORDER), CUBLASLT_ORDER_COL);
}

TEST(GemmDescriptors, OperationHoldsTransposesComputeTypeAndEpilogue) {
  GemmKey key = weight_gradient();
  const GemmDescriptors plain(key);
  EXPECT_EQ(read<std::int32_t>(plain.operation, CUBLASLT_MATMUL_DESC_TRANSA), CUBLAS_OP_N);
  EXPECT_EQ(read<std::int32_t>(plain.operation, CUBLASLT_MATMUL_DESC_TRANSB), CUBLAS_OP_T);
  EXPECT_EQ(read<std::int32_t>(plain.operation, CUBLASLT_MATMUL_DESC_COMPUTE_TYPE), CUBLAS_COMPUTE_32F);
  EXPECT_EQ(read<std::int32_t>(plain.operation, CUBLASLT_MATMUL_DESC_SCALE_TYPE), CUDA_R_32F);
  EXPECT_EQ(read<std::uint32_t>(plain.operation, CUBLASLT_MATMUL_DESC_EPILOGUE), CUBLASLT_EPILOGUE_DEFAULT);
  key.tensor_float32 = true;
  key.relu = true;
  EXPECT_EQ(read<std::uint32_t>(GemmDescriptors(key).operation, CUBLASLT_MATMUL_DESC_EPILOGUE), CUBLASLT_EPILOGUE_RELU);
  EXPECT_EQ(read<std::int32_t>(GemmDescriptors(key).operation, CUBLASLT_MATMUL_DESC_COMPUTE_TYPE),
            CUBLAS_COMPUTE_32F_FAST_TF32);
  key.bias_alignment = 64;
  const GemmDescriptors biased(key);
  EXPECT_EQ(read<std::uint32_t>(biased.operation, CUBLASLT_MATMUL_DESC_EPILOGUE), CUBLASLT_EPILOGUE_RELU_BIAS);
  const float bias = 0;
  biased.set_bias(&bias);
  EXPECT_EQ(read<const void*>(biased.operation, CUBLASLT_MATMUL_DESC_BIAS_POINTER), &bias);
  key.relu = false;
  EXPECT_EQ(read<std::uint32_t>(GemmDescriptors(key).operation, CUBLASLT_MATMUL_DESC_EPILOGUE), CUBLASLT_EPILOGUE_BIAS);
}

TEST(GemmDescriptors, PreferenceHoldsWorkspaceAlignmentsAndReductions) {
  const GemmKey key = weight_gradient();
  const cuda::MatmulPreference preference = cuda::make_preference(key, 1U << 20U);
  EXPECT_EQ(read<std::uint64_t>(preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES), 1U << 20U);
  EXPECT_EQ(read<std::uint32_t>(preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES), 64U);
  EXPECT_EQ(read<std::uint32_t>(preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES), 32U);
  EXPECT_EQ(read<std::uint32_t>(preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES), 16U);
  EXPECT_EQ(read<std::uint32_t>(preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES), 16U);
  EXPECT_EQ(read<std::uint32_t>(preference, CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK),
            CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE);
}

TEST(GemmDescriptors, PartsOfASumAreAddedInF32AndInOrder) {
  GemmKey key = weight_gradient();
  EXPECT_EQ(cuda::allowed_reductions(key), CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE);
  key.deterministic = false;
  EXPECT_EQ(cuda::allowed_reductions(key), CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE | CUBLASLT_REDUCTION_SCHEME_INPLACE);
  key.d.dtype = DType::bf16;  // in place would round every part to bf16
  EXPECT_EQ(cuda::allowed_reductions(key), CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE);
}

TEST(GemmAlgorithm, ItsTextHoldsEveryBit) {
  cuda::GemmAlgorithm algorithm;
  const std::string text = cuda::text_of(algorithm);
  for (std::uint64_t& word : algorithm.algorithm.data) {
    word = 1;
    EXPECT_NE(cuda::text_of(algorithm), text);
    word = 0;
  }
}

TEST(Cublas, IsLoadedWhenItIsNeededAndSaysWhatItLacks) {
  EXPECT_EQ(cublasLtGetVersion() / 10000, static_cast<std::size_t>(CUBLAS_VER_MAJOR));
  EXPECT_THAT(test::error_of([] { cuda::cublas_symbol("cublasLtThink"); }), testing::HasSubstr("has no cublasLtThink"));
}

TEST(GemmDescriptors, KnowF32AndBf16) {
  EXPECT_EQ(cuda::cuda_type(DType::f32), CUDA_R_32F);
  EXPECT_EQ(cuda::cuda_type(DType::bf16), CUDA_R_16BF);
  EXPECT_THAT(test::error_of([] { cuda::cuda_type(DType::f64); }), testing::HasSubstr("got f64"));
}

}  // namespace
