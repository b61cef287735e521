// Normalisation by given statistics, with ReLU fused: each direction is one pass over memory.
#include <cmath>
#include <vector>

#include "nn/cpu/elementwise.h"
#include "nn/cpu/row_sums.h"
#include "nn/cpu/rows.h"
#include "nn/functors/activation.h"
#include "nn/functors/batch_norm.h"
#include "nn/kernels/batch_norm.h"

namespace nn {
namespace cpu {
namespace {

void check_vectors(const char* kernel, const Tensor& x, const NormalizeParameters& p) {
  for (const Tensor* vector : {&p.mean, &p.variance, &p.gamma, &p.shift}) {
    check_vector(kernel, *vector, x);
  }
}

double inverse_deviation(double variance, double epsilon) { return 1 / std::sqrt(variance + epsilon); }

/// What the loops over the elements need of the parameters.
template <class T>
struct Vectors {
  const T *mean, *shift;
  std::vector<T> scales;  // gamma / sqrt(variance + epsilon)

  explicit Vectors(const NormalizeParameters& p) : mean(p.mean.data<T>()), shift(p.shift.data<T>()) {
    for (std::int64_t i = 0; i < p.gamma.c(); ++i) {
      const double inverse = inverse_deviation(static_cast<double>(p.variance.data<T>()[i]), p.epsilon);
      scales.push_back(static_cast<T>(static_cast<double>(p.gamma.data<T>()[i]) * inverse));
    }
  }
};

/// shift - mean scale, by the scale as it is rounded: then an x near the mean gives `shift`, however far from zero both
/// are.
template <class T>
T folded_shift(const Vectors<T>& v, std::int64_t i) {
  const auto scale = static_cast<double>(v.scales[static_cast<std::size_t>(i)]);
  return static_cast<T>(static_cast<double>(v.shift[i]) - static_cast<double>(v.mean[i]) * scale);
}

void fold_normalization(const NormalizeParameters& p, const Tensor& scale, const Tensor& shift) {
  for (const Tensor* vector : {&p.mean, &p.variance, &p.gamma, &p.shift, &shift}) {
    check_same("fold_normalization", *vector, scale);
  }
  dispatch_float("fold_normalization", scale, [&]<class T>() {
    const Vectors<T> v(p);
    std::copy(v.scales.begin(), v.scales.end(), scale.data<T>());
    for (std::int64_t i = 0; i < scale.c(); ++i) shift.data<T>()[i] = folded_shift(v, i);
  });
}

/// As a convolution's prologue does it, with the same bits.
void normalize_forward(const Tensor& x, const NormalizeParameters& p, const Tensor& y) {
  check_same("normalize", x, y);
  check_vectors("normalize", x, p);
  dispatch_float("normalize", x, [&]<class T>() {
    const Vectors<T> v(p);
    std::vector<T> shifts;
    for (std::int64_t i = 0; i < x.c(); ++i) shifts.push_back(folded_shift(v, i));
    parallel_for(0, x.rows(), rows_per_chunk(x.c()), [&](std::int64_t begin, std::int64_t end) {
      transform_rows<T>({.from = x.row<T>(begin),
                         .from_pitch = x.pitch(),
                         .to = y.row<T>(begin),
                         .to_pitch = y.pitch(),
                         .rows = end - begin,
                         .columns = x.c(),
                         .scale = v.scales.data(),
                         .shift = shifts.data(),
                         .relu = p.relu});
    });
  });
}

/// What happens to a row of dx.
enum class Write { nothing, overwrite, add };

/// Channels that the backward loop takes at a stretch: with eight streams through memory, longer stretches are slower
/// (measured with 160 to 512 channels: 16 GB/s in one stretch, 25 GB/s in stretches of 128).
constexpr std::int64_t stretch = 128;

/// One row: its terms of sum dz and of sum dz (x - mean), and dx = scale dz + beta dx.
template <bool relu, Write write, class T>
void backward_row(std::int64_t c, const T* __restrict x, const T* __restrict dy, const T* __restrict mean,
                  const T* __restrict scale, const T* __restrict shift, T* __restrict sum, T* __restrict product,
                  [[maybe_unused]] T beta, [[maybe_unused]] T* __restrict dx) {
  for (std::int64_t first = 0; first < c; first += stretch) {
    const std::int64_t last = std::min(first + stretch, c);
    for (std::int64_t i = first; i < last; ++i) {
      const T centred = x[i] - mean[i];
      const T dz = relu ? functors::ReluBackward{}(centred * scale[i] + shift[i], dy[i]) : dy[i];
      sum[i] += dz;
      product[i] += dz * centred;
      if constexpr (write == Write::overwrite) dx[i] = scale[i] * dz;
      if constexpr (write == Write::add) dx[i] = scale[i] * dz + beta * dx[i];
    }
  }
}

template <bool relu, class T>
auto backward_row_for(const NormalizeGradient& dx) {
  if (!dx.gradient.defined()) return backward_row<relu, Write::nothing, T>;
  return dx.beta == 0 ? backward_row<relu, Write::overwrite, T> : backward_row<relu, Write::add, T>;
}

/// vector = value(i) + beta * vector
template <class T, class Value>
void write_vector(const NormalizeGradient& target, const Tensor& x, const Value& value) {
  if (!target.gradient.defined()) return;
  check_vector("normalize_backward", target.gradient, x);
  T* out = target.gradient.data<T>();
  for (std::int64_t i = 0; i < x.c(); ++i) {
    const double before = target.beta == 0 ? 0 : static_cast<double>(target.beta) * static_cast<double>(out[i]);
    out[i] = static_cast<T>(value(i) + before);
  }
}

template <class T>
void normalize_backward_typed(const Tensor& x, const Tensor& dy, const NormalizeParameters& p,
                              const NormalizeGradients& g) {
  const std::int64_t c = x.c();
  const Vectors<T> v(p);
  const Tensor& dx = g.x.gradient;
  const auto backward = p.relu ? backward_row_for<true, T>(g.x) : backward_row_for<false, T>(g.x);
  const auto row = [&](std::int64_t r, T* partial) {
    T* to = dx.defined() ? dx.row<T>(r) : nullptr;
    backward(c, x.row<T>(r), dy.row<T>(r), v.mean, v.scales.data(), v.shift, partial, partial + c, T(g.x.beta), to);
  };
  const auto sums =
      sum_over_chunks(x.rows(), rows_per_chunk(c), 2 * c, [&](std::int64_t begin, std::int64_t end, double* totals) {
        sum_rows_in_blocks<T>(begin, end, 2 * c, row, totals);
      });
  const auto inverse = [&](std::int64_t i) {
    return inverse_deviation(static_cast<double>(p.variance.data<T>()[i]), p.epsilon);
  };
  const auto gamma = [&](std::int64_t i) { return static_cast<double>(p.gamma.data<T>()[i]); };
  const auto dshift = [&](std::int64_t i) { return sums[static_cast<std::size_t>(i)]; };
  const auto dgamma = [&](std::int64_t i) { return sums[static_cast<std::size_t>(c + i)] * inverse(i); };
  write_vector<T>(g.mean, x, [&](std::int64_t i) { return -gamma(i) * inverse(i) * dshift(i); });
  write_vector<T>(g.variance, x, [&](std::int64_t i) { return -0.5 * gamma(i) * inverse(i) * inverse(i) * dgamma(i); });
  write_vector<T>(g.gamma, x, dgamma);
  write_vector<T>(g.shift, x, dshift);
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
