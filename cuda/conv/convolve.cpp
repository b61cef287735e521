#include "cuda/conv/convolve.h"

#include <array>
#include <span>

#include "cuda/conv/conv_plan.h"
#include "cuda/kernels/staging.h"
#include "cuda/runtime/check.h"
#include "cuda/runtime/context.h"
#include "cuda/runtime/stopwatch.h"
#include "nn/kernels/fill.h"

namespace cuda {
namespace {

using cudnn::Binding;
using nn::Tensor;

cudnn::Device this_device() {
  int number = 0;
  CUDA_CHECK(cudaGetDevice(&number));
  return cudnn::Device::of_machine(number);
}

ConvPlans& conv_plans() {
  static auto* plans = new ConvPlans(this_device(), conv_workspace_limit(context().properties().totalGlobalMem),
                                     PlanStore(cache_folder(), cudnnGetVersion(), this_device().description()));
  return *plans;  // never destroyed, as the context
}

void run(const cudnn::Plan& plan, std::span<const Binding> tensors) {
  const Workspace workspace(plan.workspace_bytes());
  plan.execute(context().cudnn(), tensors, workspace.data());
}

/// Milliseconds of one run on the tensors given; what is written goes to scratch memory.
double measure(const cudnn::Plan& plan, std::span<const Binding> tensors) {
  const Workspace workspace(plan.workspace_bytes());
  Stopwatch stopwatch(context().stream());
  return stopwatch.milliseconds([&] { plan.execute(context().cudnn(), tensors, workspace.data()); });
}

ConvKey key_of(ConvPattern pattern, const Tensor& x, const Tensor& w, const nn::ConvGeometry& geometry, float beta) {
  const ConvKey key{
      .pattern = pattern, .dtype = x.dtype(), .x = x.shape(), .w = w.shape(), .geometry = geometry, .beta = beta};
  return with_options(key, context().options());
}

Binding bind(ConvOperand operand, const Tensor& t) { return {operand, t.raw()}; }

/// Queues the plan of `key`; `written` is the tensor that it writes.
template <std::size_t count>
void compute(const ConvKey& key, std::array<Binding, count> tensors, const Tensor& written) {
  MeasurePlan measure_plan;
  if (context().options().autotune && !context().recording()) {
    measure_plan = [&](const cudnn::Plan& plan) {
      const Tensor scratch = Tensor::empty(written.shape(), written.dtype(), written.device());
      auto elsewhere = tensors;
      for (Binding& tensor : elsewhere) {
        if (tensor.address == written.raw()) tensor.address = scratch.raw();
      }
      return measure(plan, elsewhere);
    };
  }
  run(conv_plans().get(key, measure_plan).plan, tensors);
}

/// y = relu?(y + bias), for a cuDNN without compiled engines that do it beside the convolution (9.26 has none, 9.19
/// has): one more pass, and in bf16 one more rounding.
void add_bias(const Tensor& y, const Tensor& bias, bool relu) {
  const Tensor shift = Tensor::empty(bias.shape(), nn::DType::f32, bias.device());
  nn::cast(bias, shift);
  gather(y, {.scale = {}, .shift = shift, .relu = relu}, y);  // every element is read and written by one thread
}

}  // namespace

void convolve_forward(const Tensor& x, const Tensor& w, const Tensor& bias, bool relu, const nn::ConvGeometry& geometry,
                      const Tensor& y) {
  if (bias.defined()) {
    const ConvKey fused = key_of(relu ? ConvPattern::forward_bias_relu : ConvPattern::forward_bias, x, w, geometry, 0);
    if (conv_plans().serves(fused)) {
      return compute(fused, std::array{bind(conv_x, x), bind(conv_w, w), bind(conv_bias, bias), bind(conv_y, y)}, y);
    }
  }
  compute(key_of(ConvPattern::forward, x, w, geometry, 0),
          std::array{bind(conv_x, x), bind(conv_w, w), bind(conv_y, y)}, y);
  if (bias.defined()) add_bias(y, bias, relu);
}

void convolve_backward_data(const Tensor& dy, const Tensor& w, const nn::ConvGeometry& geometry, const Tensor& dx,
                            float beta) {
  compute(key_of(ConvPattern::backward_data, dx, w, geometry, beta),
          std::array{bind(conv_y, dy), bind(conv_w, w), bind(conv_x, dx)}, dx);
}

void convolve_backward_weights(const Tensor& x, const Tensor& dy, const nn::ConvGeometry& geometry, const Tensor& dw,
                               float beta) {
  compute(key_of(ConvPattern::backward_weights, x, dw, geometry, beta),
          std::array{bind(conv_x, x), bind(conv_y, dy), bind(conv_w, dw)}, dw);
}

}  // namespace cuda
