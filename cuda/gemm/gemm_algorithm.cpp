#include "cuda/gemm/gemm_algorithm.h"

#include <array>
#include <limits>
#include <sstream>

#include "cuda/runtime/check.h"
#include "cuda/runtime/stopwatch.h"

namespace cuda {
namespace {

template <class T>
T config(const cublasLtMatmulAlgo_t& algorithm, cublasLtMatmulAlgoConfigAttributes_t attribute) {
  T value{};
  std::size_t written = 0;
  CUDA_CHECK(cublasLtMatmulAlgoConfigGetAttribute(&algorithm, attribute, &value, sizeof value, &written));
  return value;
}

}  // namespace

bool reduces_as_allowed(const cublasLtMatmulAlgo_t& algorithm, std::uint32_t allowed) {
  const auto scheme = config<std::uint32_t>(algorithm, CUBLASLT_ALGO_CONFIG_REDUCTION_SCHEME);
  return (scheme & ~allowed) == 0;  // CUBLASLT_REDUCTION_SCHEME_NONE is 0
}

std::vector<GemmAlgorithm> find_algorithms(cublasLtHandle_t cublas, const GemmKey& key,
                                           const GemmDescriptors& descriptors) {
  const MatmulPreference preference = make_preference(key, largest_gemm_workspace);
  std::array<cublasLtMatmulHeuristicResult_t, most_gemm_algorithms> found{};
  int count = 0;
  const auto& [operation, a, b, d] = descriptors;
  const cublasStatus_t status =
      cublasLtMatmulAlgoGetHeuristic(cublas, operation.get(), a.get(), b.get(), d.get(), d.get(), preference.get(),
                                     most_gemm_algorithms, found.data(), &count);
  if (status == CUBLAS_STATUS_NOT_SUPPORTED) return {};
  check(status, "cublasLtMatmulAlgoGetHeuristic");

  std::vector<GemmAlgorithm> algorithms;
  for (int i = 0; i < count; ++i) {
    const auto& [algorithm, workspace_bytes, state, waves, reserved] = found[static_cast<std::size_t>(i)];
    if (state == CUBLAS_STATUS_SUCCESS && workspace_bytes <= largest_gemm_workspace &&
        reduces_as_allowed(algorithm, allowed_reductions(key))) {
      algorithms.push_back({algorithm, workspace_bytes});
    }
  }
  return algorithms;
}

std::string text_of(const GemmAlgorithm& algorithm) {
  std::ostringstream text;
  text << std::hex;
  for (const std::uint64_t word : algorithm.algorithm.data) text << word << ' ';
  return text.str();
}

GemmAlgorithm fastest(const std::vector<GemmAlgorithm>& algorithms, cudaStream_t stream,
                      const std::function<void(const GemmAlgorithm&)>& run) {
  Stopwatch stopwatch(stream);
  const GemmAlgorithm* best = nullptr;
  float best_time = std::numeric_limits<float>::infinity();
  for (const GemmAlgorithm& algorithm : algorithms) {
    const float time = stopwatch.milliseconds([&] { run(algorithm); });
    if (time < best_time) {
      best_time = time;
      best = &algorithm;
    }
  }
  NN_CHECK(best != nullptr, "[matrix product] there is no algorithm to time");
  return *best;
}

}  // namespace cuda
