#include "cuda/kernels/normalize.h"

#include "cuda/launch/channel_map.cuh"
#include "cuda/launch/row_reduction.cuh"
#include "nn/kernels/batch_norm.h"
#include "nn/kernels/check.h"

namespace cuda {
namespace {

using nn::Tensor;

Normalization normalization_of(const char* kernel, const Tensor& x, const nn::NormalizeParameters& p) {
  for (const Tensor* vector : {&p.mean, &p.variance, &p.gamma, &p.shift}) nn::check_vector(kernel, *vector, x);
  return {p.mean.data<float>(),  p.variance.data<float>(),      p.gamma.data<float>(),
          p.shift.data<float>(), static_cast<float>(p.epsilon), p.relu};
}

void normalize_forward(const Tensor& x, const nn::NormalizeParameters& p, const Tensor& y) {
  nn::check_same("normalize", x, y);
  dispatch_activation("normalize", x, [&]<class T>() {
    const Normalization normalization = normalization_of("normalize", x, p);
    dispatch_width<T>([&]<int width>() { map_channels<T, width>(normalization, x, y, 0); }, x, y);
  });
}

void fold_normalization(const nn::NormalizeParameters& p, const Tensor& scale, const Tensor& folded_shift) {
  nn::check_same("fold_normalization", scale, folded_shift);
  const Normalization normalization = normalization_of("fold_normalization", scale, p);
  launch(FoldNormalization{normalization, scale.data<float>(), folded_shift.data<float>(),
                           static_cast<std::uint32_t>(scale.c())},
         ceil_div(scale.c(), block_threads));
}

VectorTarget target_of(const nn::NormalizeGradient& target, const Tensor& x) {
  if (!target.gradient.defined()) return {};
  nn::check_vector("normalize_backward", target.gradient, x);
  return {target.gradient.data<float>(), target.beta};
}

void normalize_backward(const Tensor& x, const Tensor& dy, const nn::NormalizeParameters& p,
                        const nn::NormalizeGradients& g) {
  nn::check_same("normalize_backward", x, dy);
  const Tensor& dx = g.x.gradient;
  if (dx.defined()) nn::check_same("normalize_backward", x, dx);
  dispatch_activation("normalize_backward", x, [&]<class T>() {
    const Normalization normalization = normalization_of("normalize_backward", x, p);
    const WriteVectorGradients write{normalization.variance, normalization.gamma,      p.epsilon,
                                     target_of(g.mean, x),   target_of(g.variance, x), target_of(g.gamma, x),
                                     target_of(g.shift, x)};
    const Rows<T> to = dx.defined() ? rows_of<T>(dx) : Rows<T>{nullptr, 0};
    dispatch_width<T>(
        [&]<int width>() {
          const NormalizeBackwardTerms<T, width> terms{normalization, rows_of<const T>(x), rows_of<const T>(dy), to,
                                                       g.x.beta};
          reduce_rows(x.rows(), x.c(), terms, write);
        },
        x, dy, dx.defined() ? dx : x);
  });
}

}  // namespace
}  // namespace cuda

namespace nn {

NN_FILL_KERNEL(normalize_forward, Device::cuda, cuda::normalize_forward);
NN_FILL_KERNEL(fold_normalization, Device::cuda, cuda::fold_normalization);
NN_FILL_KERNEL(normalize_backward, Device::cuda, cuda::normalize_backward);

}  // namespace nn
