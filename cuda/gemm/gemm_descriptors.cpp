#include "cuda/gemm/gemm_descriptors.h"

#include "cuda/runtime/check.h"

namespace cuda {
namespace {

template <class T>
void set(const MatmulDescriptor& descriptor, cublasLtMatmulDescAttributes_t attribute, const T& value) {
  CUDA_CHECK(cublasLtMatmulDescSetAttribute(descriptor.get(), attribute, &value, sizeof value));
}

template <class T>
void set(const MatmulPreference& preference, cublasLtMatmulPreferenceAttributes_t attribute, const T& value) {
  CUDA_CHECK(cublasLtMatmulPreferenceSetAttribute(preference.get(), attribute, &value, sizeof value));
}

MatrixLayout make_layout(const ColumnMajorMatrix& matrix) {
  cublasLtMatrixLayout_t layout = nullptr;
  CUDA_CHECK(cublasLtMatrixLayoutCreate(&layout, cuda_type(matrix.dtype), static_cast<std::uint64_t>(matrix.rows),
                                        static_cast<std::uint64_t>(matrix.columns), matrix.leading_dimension));
  return MatrixLayout(layout);
}

cublasLtEpilogue_t epilogue_of(const GemmKey& key) {
  if (key.relu) return key.has_bias() ? CUBLASLT_EPILOGUE_RELU_BIAS : CUBLASLT_EPILOGUE_RELU;
  return key.has_bias() ? CUBLASLT_EPILOGUE_BIAS : CUBLASLT_EPILOGUE_DEFAULT;
}

MatmulDescriptor make_operation(const GemmKey& key) {
  cublasLtMatmulDesc_t created = nullptr;
  const auto compute = key.tensor_float32 ? CUBLAS_COMPUTE_32F_FAST_TF32 : CUBLAS_COMPUTE_32F;
  CUDA_CHECK(cublasLtMatmulDescCreate(&created, compute, CUDA_R_32F));
  MatmulDescriptor operation(created);
  set(operation, CUBLASLT_MATMUL_DESC_TRANSA, key.transpose_a ? CUBLAS_OP_T : CUBLAS_OP_N);
  set(operation, CUBLASLT_MATMUL_DESC_TRANSB, key.transpose_b ? CUBLAS_OP_T : CUBLAS_OP_N);
  set(operation, CUBLASLT_MATMUL_DESC_EPILOGUE, epilogue_of(key));
  return operation;
}

}  // namespace

cudaDataType_t cuda_type(nn::DType dtype) {
  switch (dtype) {
    case nn::DType::f32:
      return CUDA_R_32F;
    case nn::DType::bf16:
      return CUDA_R_16BF;
    default:
      NN_CHECK(false, "[matrix product] the GPU computes f32 and bf16, got ", dtype);
  }
}

GemmDescriptors::GemmDescriptors(const GemmKey& key)
    : operation(make_operation(key)), a(make_layout(key.a)), b(make_layout(key.b)), d(make_layout(key.d)) {}

void GemmDescriptors::set_bias(const void* bias) const { set(operation, CUBLASLT_MATMUL_DESC_BIAS_POINTER, bias); }

std::uint32_t allowed_reductions(const GemmKey& key) {
  std::uint32_t allowed = CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE;
  if (key.d.dtype == nn::DType::f32 && !key.deterministic) allowed |= CUBLASLT_REDUCTION_SCHEME_INPLACE;
  return allowed;
}

MatmulPreference make_preference(const GemmKey& key, std::size_t largest_workspace) {
  cublasLtMatmulPreference_t created = nullptr;
  CUDA_CHECK(cublasLtMatmulPreferenceCreate(&created));
  MatmulPreference preference(created);
  set(preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, static_cast<std::uint64_t>(largest_workspace));
  set(preference, CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK, allowed_reductions(key));
  set(preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, static_cast<std::uint32_t>(key.a.alignment));
  set(preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, static_cast<std::uint32_t>(key.b.alignment));
  set(preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, static_cast<std::uint32_t>(key.d.alignment));
  set(preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, static_cast<std::uint32_t>(key.d.alignment));
  return preference;
}

}  // namespace cuda
