// Precision, Parity and Reference: one run compared with another.
#include <algorithm>

#include "nn/tensor/copy.h"
#include "tests/support/kernel_choices.h"
#include "tests/support/op_run.h"
#include "tests/support/suites.h"

namespace test {
namespace {

// Measured between the CPU's kernels: f32 sums in another order differ by a few 1e-7.
constexpr double parity_bound = 1e-5;
// bf16 rounds by 2^-9 at most, once for every result that is added to another. Measured, thread by thread on the CPU:
// at most 7.2e-3 (2.5e-7 in f32).
constexpr double bf16_bound = 1.0 / 64;
// Sums in another order, in f64.
constexpr double reference_bound = 1e-10;

OpResult on_cpu(OpResult result) {
  for (nn::Tensor& tensor : result.outputs) tensor = nn::to_device(tensor, nn::Device::cpu);
  for (nn::Tensor& tensor : result.gradients) {
    if (tensor.defined()) tensor = nn::to_device(tensor, nn::Device::cpu);
  }
  return result;
}

}  // namespace

std::string check_precision(const OpCase& op) {
  const OpResult expected = run(op, op.function, {nn::DType::f64});
  std::string report;
  for_each_kernel_choice([&](const KernelChoice& choice) {
    const double bound = std::max(op.precision, choice.precision);
    const std::string found = differences(run(op, op.function, {nn::DType::f32}), expected, bound);
    if (!found.empty()) report += "kernel choice " + choice.name + ":\n" + found;
  });
  return report;
}

std::string check_parity(const OpCase& op) {
  std::string report;
  for (const Setting& gpu : {Setting{nn::DType::f32, nn::Device::cuda}, Setting{nn::DType::bf16, nn::Device::cuda}}) {
    const double bound = gpu.rounded ? bf16_bound : parity_bound;
    const Setting cpu{nn::DType::f32, nn::Device::cpu, gpu.rounded};
    const std::string found = differences(on_cpu(run(op, op.function, gpu)), run(op, op.function, cpu), bound) +
                              check_views(op, gpu, bound) + check_beta(op, gpu, bound);
    if (!found.empty()) report += nn::message("CUDA ", gpu.dtype, ":\n", found);
  }
  return report;
}

std::string check_reference(const OpCase& op) {
  return differences(run(op, op.function, {nn::DType::f64}), run(op, op.reference, {nn::DType::f64}), reference_bound);
}

}  // namespace test
