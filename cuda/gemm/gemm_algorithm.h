// Which of cuBLASLt's algorithms computes a product.
#pragma once

#include <cublasLt.h>

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "cuda/gemm/gemm_descriptors.h"

namespace cuda {

/// Memory that an algorithm may ask for: what cuBLAS's documentation advises for Hopper.
inline constexpr std::size_t largest_gemm_workspace = std::size_t{32} << 20U;
/// As many are timed.
inline constexpr int most_gemm_algorithms = 8;

struct GemmAlgorithm {
  cublasLtMatmulAlgo_t algorithm{};
  std::size_t workspace_bytes = 0;
};

/// At most most_gemm_algorithms, the one that cuBLASLt expects to be fastest first, all within allowed_reductions(key).
/// Empty if it has none.
std::vector<GemmAlgorithm> find_algorithms(cublasLtHandle_t cublas, const GemmKey& key,
                                           const GemmDescriptors& descriptors);

/// True if the algorithm does not split the inner dimension, or adds the parts up as `allowed`
/// (cublasLtReductionScheme_t's bits) has it.
bool reduces_as_allowed(const cublasLtMatmulAlgo_t& algorithm, std::uint32_t allowed);

/// The algorithm's bits as text: cuBLAS of the same version gives them the same meaning in any program.
std::string text_of(const GemmAlgorithm& algorithm);

/// The algorithm with which `run`, which queues the product on `stream`, takes the device least time (stopwatch.h).
/// Waits for the stream.
GemmAlgorithm fastest(const std::vector<GemmAlgorithm>& algorithms, cudaStream_t stream,
                      const std::function<void(const GemmAlgorithm&)>& run);

}  // namespace cuda
