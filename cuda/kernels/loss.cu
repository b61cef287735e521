#include "cuda/kernels/loss.h"

#include "cuda/launch/dispatch.h"
#include "cuda/launch/launch.cuh"
#include "nn/kernels/check.h"
#include "nn/kernels/loss.h"

namespace cuda {
namespace {

using nn::Tensor;

void check_f32(const char* kernel, const Tensor& logits) {
  NN_CHECK(logits.dtype() == nn::DType::f32, "[", kernel, "] expects f32 on CUDA, got ", logits.dtype());
}

/// Room for the counts of known entries; none without a mask.
std::size_t count_bytes(const Tensor& mask) {
  return mask.defined() ? static_cast<std::size_t>(mask.c()) * sizeof(double) : 0;
}

/// Counts the known entries into `counts` and gathers what the kernels need.
BceEntries count_entries(const Tensor& logits, const Tensor& targets, const Tensor& mask, const Tensor& weights,
                         const Workspace& counts) {
  auto* const known = static_cast<double*>(counts.data());
  Rows<const float> label_mask{nullptr, 0};
  if (mask.defined()) {
    label_mask = rows_of<const float>(mask);
    launch_combining(KnownCounts(mask.rows(), label_mask, known), mask.c());
  }
  return {logits.rows(),
          static_cast<std::uint32_t>(logits.c()),
          rows_of<const float>(logits),
          rows_of<const float>(targets),
          label_mask,
          weights.data<float>(),
          known};
}

void sigmoid_bce_forward(const Tensor& logits, const Tensor& targets, const Tensor& mask, const Tensor& weights,
                         const Tensor& loss) {
  nn::check_sigmoid_bce(logits, targets, mask, weights, loss);
  check_f32("sigmoid_bce", logits);
  const Workspace counts(count_bytes(mask));
  launch_combining(BceForward(count_entries(logits, targets, mask, weights, counts), loss.data<float>()), 1);
}

void sigmoid_bce_backward(const Tensor& logits, const Tensor& targets, const Tensor& mask, const Tensor& weights,
                          const Tensor& dloss, const Tensor& dlogits, float beta) {
  nn::check_sigmoid_bce(logits, targets, mask, weights, dloss);
  nn::check_same("sigmoid_bce", logits, dlogits);
  check_f32("sigmoid_bce", logits);
  const Workspace counts(count_bytes(mask));
  const VectorGrid grid(logits.rows(), logits.c(), 1);
  launch(BceBackward{grid, count_entries(logits, targets, mask, weights, counts), dloss.data<float>(),
                     rows_of<float>(dlogits), beta},
         grid.blocks());
}

/// The logarithm of each row's sum of exponentials.
void sum_exponentials(const Tensor& logits, const Tensor& classes, const Workspace& log_sums) {
  launch_combining(LogSumExp{static_cast<std::uint32_t>(logits.c()), rows_of<const float>(logits),
                             rows_of<const std::int32_t>(classes), static_cast<double*>(log_sums.data())},
                   logits.rows());
}
std::size_t log_sum_bytes(const Tensor& logits) { return static_cast<std::size_t>(logits.rows()) * sizeof(double); }

void softmax_cross_entropy_forward(const Tensor& logits, const Tensor& classes, const Tensor& loss) {
  nn::check_softmax_cross_entropy(logits, classes, loss);
  check_f32("softmax_cross_entropy", logits);
  const Workspace log_sums(log_sum_bytes(logits));
  sum_exponentials(logits, classes, log_sums);
  launch_combining(SoftmaxForward(logits.rows(), rows_of<const float>(logits), rows_of<const std::int32_t>(classes),
                                  static_cast<const double*>(log_sums.data()), loss.data<float>()),
                   1);
}

void softmax_cross_entropy_backward(const Tensor& logits, const Tensor& classes, const Tensor& dloss,
                                    const Tensor& dlogits, float beta) {
  nn::check_softmax_cross_entropy(logits, classes, dloss);
  nn::check_same("softmax_cross_entropy", logits, dlogits);
  check_f32("softmax_cross_entropy", logits);
  const Workspace log_sums(log_sum_bytes(logits));
  sum_exponentials(logits, classes, log_sums);
  const VectorGrid grid(logits.rows(), logits.c(), 1);
  launch(
      SoftmaxBackward{grid, logits.rows(), rows_of<const float>(logits), rows_of<const std::int32_t>(classes),
                      static_cast<const double*>(log_sums.data()), dloss.data<float>(), rows_of<float>(dlogits), beta},
      grid.blocks());
}

}  // namespace
}  // namespace cuda

namespace nn {

NN_FILL_KERNEL(sigmoid_bce_forward, Device::cuda, cuda::sigmoid_bce_forward);
NN_FILL_KERNEL(sigmoid_bce_backward, Device::cuda, cuda::sigmoid_bce_backward);
NN_FILL_KERNEL(softmax_cross_entropy_forward, Device::cuda, cuda::softmax_cross_entropy_forward);
NN_FILL_KERNEL(softmax_cross_entropy_backward, Device::cuda, cuda::softmax_cross_entropy_backward);

}  // namespace nn
