#include "cuda/gemm/cublas.h"

#include <dlfcn.h>

#include <string>

#include "nn/core/error.h"

namespace cuda {
namespace {

/// By its name, as the loader would find it; else where it was when the program was built.
void* load() {
  const std::string name = nn::message("libcublasLt.so.", CUBLAS_VER_MAJOR);
  if (void* library = dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL)) return library;
  const std::string reason = dlerror();
  if (void* library = dlopen(FALX_CUBLASLT_LIBRARY, RTLD_NOW | RTLD_LOCAL)) return library;
  throw nn::Error(nn::message("[cublas] ", name, " cannot be loaded: ", reason));
}

}  // namespace

void* cublas_symbol(const char* name) {
  static void* library = load();  // stays for the life of the program
  void* symbol = dlsym(library, name);
  NN_CHECK(symbol != nullptr, "[cublas] libcublasLt.so.", CUBLAS_VER_MAJOR, " has no ", name);
  return symbol;
}

}  // namespace cuda

/// Defines the function of that name: it asks for the library's, once, and calls it.
#define HAND_ON(result, name, parameters, arguments) \
  result name parameters {                           \
    static const auto found = CUBLAS_FUNCTION(name); \
    return found arguments;                          \
  }

HAND_ON(cublasStatus_t, cublasLtCreate, (cublasLtHandle_t * handle), (handle))
HAND_ON(const char*, cublasLtGetStatusString, (cublasStatus_t status), (status))
HAND_ON(std::size_t, cublasLtGetVersion, (), ())
HAND_ON(cublasStatus_t, cublasLtMatrixLayoutCreate,
        (cublasLtMatrixLayout_t * layout, cudaDataType type, std::uint64_t rows, std::uint64_t columns,
         std::int64_t leading_dimension),
        (layout, type, rows, columns, leading_dimension))
HAND_ON(cublasStatus_t, cublasLtMatrixLayoutDestroy, (cublasLtMatrixLayout_t layout), (layout))
HAND_ON(cublasStatus_t, cublasLtMatmulDescCreate,
        (cublasLtMatmulDesc_t * operation, cublasComputeType_t compute, cudaDataType_t scale),
        (operation, compute, scale))
HAND_ON(cublasStatus_t, cublasLtMatmulDescDestroy, (cublasLtMatmulDesc_t operation), (operation))
HAND_ON(cublasStatus_t, cublasLtMatmulDescSetAttribute,
        (cublasLtMatmulDesc_t operation, cublasLtMatmulDescAttributes_t attribute, const void* value,
         std::size_t bytes),
        (operation, attribute, value, bytes))
HAND_ON(cublasStatus_t, cublasLtMatmulPreferenceCreate, (cublasLtMatmulPreference_t * preference), (preference))
HAND_ON(cublasStatus_t, cublasLtMatmulPreferenceDestroy, (cublasLtMatmulPreference_t preference), (preference))
HAND_ON(cublasStatus_t, cublasLtMatmulPreferenceSetAttribute,
        (cublasLtMatmulPreference_t preference, cublasLtMatmulPreferenceAttributes_t attribute, const void* value,
         std::size_t bytes),
        (preference, attribute, value, bytes))
HAND_ON(cublasStatus_t, cublasLtMatmulAlgoConfigGetAttribute,
        (const cublasLtMatmulAlgo_t* algorithm, cublasLtMatmulAlgoConfigAttributes_t attribute, void* value,
         std::size_t bytes, std::size_t* written),
        (algorithm, attribute, value, bytes, written))
HAND_ON(cublasStatus_t, cublasLtMatmulAlgoGetHeuristic,
        (cublasLtHandle_t handle, cublasLtMatmulDesc_t operation, cublasLtMatrixLayout_t a, cublasLtMatrixLayout_t b,
         cublasLtMatrixLayout_t c, cublasLtMatrixLayout_t d, cublasLtMatmulPreference_t preference, int wanted,
         cublasLtMatmulHeuristicResult_t results[], int* found_algorithms),
        (handle, operation, a, b, c, d, preference, wanted, results, found_algorithms))
HAND_ON(cublasStatus_t, cublasLtMatmul,
        (cublasLtHandle_t handle, cublasLtMatmulDesc_t operation, const void* alpha, const void* a,
         cublasLtMatrixLayout_t a_layout, const void* b, cublasLtMatrixLayout_t b_layout, const void* beta,
         const void* c, cublasLtMatrixLayout_t c_layout, void* d, cublasLtMatrixLayout_t d_layout,
         const cublasLtMatmulAlgo_t* algorithm, void* workspace, std::size_t workspace_bytes, cudaStream_t stream),
        (handle, operation, alpha, a, a_layout, b, b_layout, beta, c, c_layout, d, d_layout, algorithm, workspace,
         workspace_bytes, stream))
