// Normalisation by given statistics, with ReLU fused: each direction is one pass over memory.
#include <vector>

#include "nn/cpu/loops/elementwise.h"
#include "nn/cpu/loops/normalize_gradients.h"
#include "nn/cpu/loops/normalize_rows.h"
#include "nn/cpu/loops/row_sums.h"
#include "nn/cpu/loops/rows.h"

namespace nn {
namespace cpu {
namespace {

void check_vectors(const char* kernel, const Tensor& x, const NormalizeParameters& p) {
  for (const Tensor* vector : {&p.mean, &p.variance, &p.gamma, &p.shift}) {
    check_vector(kernel, *vector, x);
  }
}

template <class T>
void fold(const NormalizeParameters& p, T* scale, T* shift) {
  const T *gamma = p.gamma.data<T>(), *variance = p.variance.data<T>(), *mean = p.mean.data<T>(),
          *beta = p.shift.data<T>();
  for (std::int64_t i = 0; i < p.gamma.c(); ++i) {
    scale[i] =
        static_cast<T>(static_cast<double>(gamma[i]) * inverse_deviation(static_cast<double>(variance[i]), p.epsilon));
    // By the scale as it is rounded: then an x near the mean gives `beta`, however far from zero both are.
    shift[i] =
        static_cast<T>(static_cast<double>(beta[i]) - static_cast<double>(mean[i]) * static_cast<double>(scale[i]));
  }
}

/// The vectors of fold_normalization.
template <class T>
struct Folded {
  std::vector<T> scale, shift;

  explicit Folded(const NormalizeParameters& p) : scale(static_cast<std::size_t>(p.gamma.c())), shift(scale.size()) {
    fold(p, scale.data(), shift.data());
  }
};

void fold_normalization(const NormalizeParameters& p, const Tensor& scale, const Tensor& shift) {
  for (const Tensor* vector : {&p.mean, &p.variance, &p.gamma, &p.shift, &shift}) {
    check_same("fold_normalization", *vector, scale);
  }
  dispatch_float("fold_normalization", scale, [&]<class T>() { fold(p, scale.data<T>(), shift.data<T>()); });
}

/// As a convolution's prologue does it, with the same bits.
void normalize_forward(const Tensor& x, const NormalizeParameters& p, const Tensor& y) {
  check_same("normalize", x, y);
  check_vectors("normalize", x, p);
  dispatch_float("normalize", x, [&]<class T>() {
    const Folded<T> folded(p);
    parallel_for(0, x.rows(), rows_per_chunk(x.c()), [&](std::int64_t begin, std::int64_t end) {
      transform_rows<T>({.from = x.row<T>(begin),
                         .from_pitch = x.pitch(),
                         .to = y.row<T>(begin),
                         .to_pitch = y.pitch(),
                         .rows = end - begin,
                         .columns = x.c(),
                         .scale = folded.scale.data(),
                         .shift = folded.shift.data(),
                         .relu = p.relu});
    });
  });
}

template <class T>
void normalize_backward_typed(const Tensor& x, const Tensor& dy, const NormalizeParameters& p,
                              const NormalizeGradients& g) {
  const std::int64_t c = x.c();
  const Folded<T> folded(p);
  const Tensor& dx = g.x.gradient;
  const auto back = [&](std::int64_t first, std::int64_t rows, T* sums) {
    normalize_rows_backward<T>({.dz = dy.row<T>(first),
                                .dz_pitch = dy.pitch(),
                                .x = x.row<T>(first),
                                .x_pitch = x.pitch(),
                                .dx = dx.defined() ? dx.row<T>(first) : nullptr,
                                .dx_pitch = dx.defined() ? dx.pitch() : 0,
                                .rows = rows,
                                .columns = c,
                                .mean = p.mean.data<T>(),
                                .scale = folded.scale.data(),
                                .shift = folded.shift.data(),
                                .relu = p.relu,
                                .beta = static_cast<T>(g.x.beta),
                                .sum = sums,
                                .product = sums + c});
  };
  const auto sums =
      sum_over_chunks(x.rows(), rows_per_chunk(c), 2 * c, [&](std::int64_t begin, std::int64_t end, double* totals) {
        sum_blocks_of_rows<T>(begin, end, 2 * c, back, totals);
      });
  write_vector_gradients<T>(x, p, sums, g);
}

void normalize_backward(const Tensor& x, const Tensor& dy, const NormalizeParameters& p, const NormalizeGradients& g) {
  check_same("normalize_backward", x, dy);
  check_vectors("normalize_backward", x, p);
  if (g.x.gradient.defined()) check_same("normalize_backward", x, g.x.gradient);
  dispatch_float("normalize_backward", x, [&]<class T>() { normalize_backward_typed<T>(x, dy, p, g); });
}

}  // namespace
}  // namespace cpu

NN_DEFINE_KERNEL(normalize_forward, cpu::normalize_forward);
NN_DEFINE_KERNEL(fold_normalization, cpu::fold_normalization);
NN_DEFINE_KERNEL(normalize_backward, cpu::normalize_backward);

}  // namespace nn
