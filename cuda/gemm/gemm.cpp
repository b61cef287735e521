#include "cuda/gemm/gemm.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "cuda/cudnn/cudnn_graph.h"
#include "cuda/gemm/gemm_algorithm.h"
#include "cuda/runtime/check.h"
#include "cuda/runtime/context.h"
#include "cuda/runtime/plan_store.h"
#include "nn/kernels/fill.h"
#include "nn/tensor/copy.h"

namespace cuda {
namespace {

/// A key's descriptors and the algorithm that was chosen for it.
struct GemmPlan {
  explicit GemmPlan(const GemmKey& key) : descriptors(key) {}

  GemmDescriptors descriptors;
  GemmAlgorithm chosen{};
  bool final = false;  // false: was to be timed, but a step was being recorded
};

/// Queues the product with its result in `c`: the product's own, or scratch memory of that size.
void launch(const MatrixProduct& product, const GemmDescriptors& descriptors, const GemmAlgorithm& algorithm, void* c) {
  const Context& gpu = context();
  const Workspace workspace(algorithm.workspace_bytes);
  const auto& [operation, a, b, d] = descriptors;
  CUDA_CHECK(cublasLtMatmul(gpu.cublas(), operation.get(), &product.alpha, product.b.data, a.get(), product.a.data,
                            b.get(), &product.beta, c, d.get(), c, d.get(), &algorithm.algorithm, workspace.data(),
                            workspace.bytes(), gpu.stream()));
}

/// Times the algorithms on the product's own factors. Its result stays as it is.
GemmAlgorithm time_algorithms(const MatrixProduct& product, const GemmDescriptors& descriptors,
                              const std::vector<GemmAlgorithm>& algorithms) {
  const auto& [data, dtype, rows, columns, row_stride] = product.c;
  const std::size_t elements = static_cast<std::size_t>((rows - 1) * row_stride + columns);
  const Workspace result(elements * nn::size_of(dtype));
  const cudaStream_t stream = context().stream();
  CUDA_CHECK(cudaMemsetAsync(result.data(), 0, result.bytes(), stream));
  return fastest(algorithms, stream,
                 [&](const GemmAlgorithm& algorithm) { launch(product, descriptors, algorithm, result.data()); });
}

const PlanStore& timed_choices() {
  static const auto* store = [] {
    int device = 0;
    CUDA_CHECK(cudaGetDevice(&device));
    return new PlanStore(cache_folder(), cudnnGetVersion(), cudnn::Device::of_machine(device).description());
  }();
  return *store;  // never destroyed, as the context
}

/// The fastest of the algorithms, in this run or an earlier one.
GemmAlgorithm timed_choice(const MatrixProduct& product, const GemmKey& key, const GemmDescriptors& descriptors,
                           const std::vector<GemmAlgorithm>& algorithms) {
  const std::string name = nn::message("cuBLAS ", cublasLtGetVersion(), " product ", key);
  if (const std::optional<StoredPlan> stored = timed_choices().load(name)) {
    for (const GemmAlgorithm& algorithm : algorithms) {  // only what cuBLASLt offers now is trusted
      if (text_of(algorithm) == stored->plan) return algorithm;
    }
  }
  const GemmAlgorithm chosen = time_algorithms(product, descriptors, algorithms);
  timed_choices().save(name, {.measured = true, .plan = text_of(chosen)});
  return chosen;
}

void choose_algorithm(const MatrixProduct& product, const GemmKey& key, GemmPlan& plan) {
  const std::vector<GemmAlgorithm> algorithms = find_algorithms(context().cublas(), key, plan.descriptors);
  NN_CHECK(!algorithms.empty(), "[matrix product] cuBLASLt has no algorithm for ", key);
  const bool timed = context().options().autotune && algorithms.size() > 1;
  plan.final = !timed || !context().recording();
  plan.chosen = timed && plan.final ? timed_choice(product, key, plan.descriptors, algorithms) : algorithms.front();
}

/// Multiplies NaN by ones; large enough for the algorithms that networks get.
bool ask_whether_relu_keeps_nan(nn::DType dtype) {
  const nn::Shape square = nn::matrix_shape(128, 128);
  const auto filled = [&](double value) {
    const nn::Tensor matrix = nn::Tensor::empty(square, dtype, nn::Device::cuda);
    nn::fill(value, matrix);
    return matrix;
  };
  const nn::Tensor y = filled(0);
  multiply(forward_product(filled(std::numeric_limits<double>::quiet_NaN()), filled(1),
                           filled(1).flat_range(0, nn::vector_shape(128)), true, 0, y));
  const nn::Tensor wide = nn::Tensor::empty(square, nn::DType::f32, nn::Device::cuda);
  nn::cast(y, wide);
  const std::vector<float> values = nn::to_device(wide, nn::Device::cpu).to_vector<float>();
  return std::all_of(values.begin(), values.end(), [](float value) { return std::isnan(value); });
}

}  // namespace

bool relu_keeps_nan(nn::DType dtype) {
  static std::map<nn::DType, bool> known;  // kernels are queued by one thread
  if (const auto found = known.find(dtype); found != known.end()) return found->second;
  if (context().recording()) return false;
  return known[dtype] = ask_whether_relu_keeps_nan(dtype);
}

void multiply(const MatrixProduct& product) {
  if (product.c.rows == 0 || product.c.columns == 0) return;
  static std::map<GemmKey, GemmPlan> plans;  // kernels are queued by one thread
  const GemmKey key = gemm_key(product, context().options());
  const auto [entry, is_new] = plans.try_emplace(key, key);
  GemmPlan& plan = entry->second;
  if (key.has_bias()) plan.descriptors.set_bias(product.bias);
  if (is_new || !plan.final) choose_algorithm(product, key, plan);
  launch(product, plan.descriptors, plan.chosen, product.c.data);
}

}  // namespace cuda
