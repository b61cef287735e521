// Normalisation by given statistics, with ReLU fused: each direction is one pass over memory.
#include <cmath>
#include <vector>

#include "nn/cpu/elementwise.h"
#include "nn/cpu/row_sums.h"
#include "nn/functors/activation.h"
#include "nn/functors/batch_norm.h"
#include "nn/kernels/batch_norm.h"

namespace nn {
namespace cpu {
namespace {

void check_vectors(const char* kernel, const Tensor& x, const NormalizeParameters& p) {
  for (const Tensor* vector : {&p.mean, &p.variance, &p.gamma, &p.shift}) {
    NN_CHECK(vector->defined() && vector->elements() == x.c() && vector->dtype() == x.dtype(), "[", kernel,
             "] expects vectors of ", x.c(), " ", x.dtype(), ", got ", vector->shape(), " ", vector->dtype());
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

template <bool relu, class T>
void normalize_row(std::int64_t c, const T* __restrict x, const T* __restrict mean, const T* __restrict scale,
                   const T* __restrict shift, T* __restrict y) {
  for (std::int64_t i = 0; i < c; ++i) {
    const T z = functors::Normalize{}(x[i], mean[i], scale[i], shift[i]);
    y[i] = relu ? functors::Relu{}(z) : z;
  }
}

void normalize_forward(const Tensor& x, const NormalizeParameters& p, const Tensor& y) {
  check_same("normalize", x, y);
  check_vectors("normalize", x, p);
  dispatch_float("normalize", x, [&]<class T>() {
    const Vectors<T> v(p);
    const auto row_of = p.relu ? normalize_row<true, T> : normalize_row<false, T>;
    parallel_for(0, x.rows(), rows_per_chunk(x.c()), [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t r = begin; r < end; ++r) {
        row_of(x.c(), x.row<T>(r), v.mean, v.scales.data(), v.shift, y.row<T>(r));
      }
    });
  });
}

/// One row: dx = scale dz + beta dx where wanted, and the row's terms of sum dz and sum dz (x - mean).
template <bool relu, class T>
struct BackwardRow {
  static T masked(T centred, T scale, T shift, T dy) {
    return relu ? functors::ReluBackward{}(centred * scale + shift, dy) : dy;
  }

  static void write(std::int64_t c, const T* __restrict x, const T* __restrict dy, const T* __restrict mean,
                    const T* __restrict scale, const T* __restrict shift, float beta, T* __restrict dx) {
    if (beta == 0) {
      for (std::int64_t i = 0; i < c; ++i) dx[i] = scale[i] * masked(x[i] - mean[i], scale[i], shift[i], dy[i]);
    } else {
      for (std::int64_t i = 0; i < c; ++i) {
        dx[i] = scale[i] * masked(x[i] - mean[i], scale[i], shift[i], dy[i]) + T(beta) * dx[i];
      }
    }
  }

  static void add(std::int64_t c, const T* __restrict x, const T* __restrict dy, const T* __restrict mean,
                  const T* __restrict scale, const T* __restrict shift, T* __restrict sum, T* __restrict product) {
    for (std::int64_t i = 0; i < c; ++i) {
      const T centred = x[i] - mean[i];
      const T dz = masked(centred, scale[i], shift[i], dy[i]);
      sum[i] += dz;
      product[i] += dz * centred;
    }
  }
};

/// vector = value(i) + beta * vector
template <class T, class Value>
void write_vector(const NormalizeGradient& target, std::int64_t c, const Value& value) {
  if (!target.gradient.defined()) return;
  NN_CHECK(target.gradient.elements() == c, "[normalize_backward] expects vectors of ", c, ", got ",
           target.gradient.shape());
  T* out = target.gradient.data<T>();
  for (std::int64_t i = 0; i < c; ++i) {
    const double before = target.beta == 0 ? 0 : static_cast<double>(target.beta) * static_cast<double>(out[i]);
    out[i] = static_cast<T>(value(i) + before);
  }
}

template <bool relu, class T>
void normalize_backward(const Tensor& x, const Tensor& dy, const NormalizeParameters& p, const NormalizeGradients& g) {
  const std::int64_t c = x.c();
  const Vectors<T> v(p);
  const T* scale = v.scales.data();
  const Tensor& dx = g.x.gradient;
  const auto sums = sum_over_rows<T>(x.rows(), rows_per_chunk(c), 2 * c, [&](std::int64_t r, T* partial) {
    const T *in = x.row<T>(r), *gradient = dy.row<T>(r);
    BackwardRow<relu, T>::add(c, in, gradient, v.mean, scale, v.shift, partial, partial + c);
    if (dx.defined()) {
      BackwardRow<relu, T>::write(c, in, gradient, v.mean, scale, v.shift, g.x.beta, dx.row<T>(r));
    }
  });
  const auto inverse = [&](std::int64_t i) {
    return inverse_deviation(static_cast<double>(p.variance.data<T>()[i]), p.epsilon);
  };
  const auto gamma = [&](std::int64_t i) { return static_cast<double>(p.gamma.data<T>()[i]); };
  const auto dshift = [&](std::int64_t i) { return sums[static_cast<std::size_t>(i)]; };
  const auto dgamma = [&](std::int64_t i) { return sums[static_cast<std::size_t>(c + i)] * inverse(i); };
  write_vector<T>(g.mean, c, [&](std::int64_t i) { return -gamma(i) * inverse(i) * dshift(i); });
  write_vector<T>(g.variance, c, [&](std::int64_t i) { return -0.5 * gamma(i) * inverse(i) * inverse(i) * dgamma(i); });
  write_vector<T>(g.gamma, c, dgamma);
  write_vector<T>(g.shift, c, dshift);
}

void normalize_backward(const Tensor& x, const Tensor& dy, const NormalizeParameters& p, const NormalizeGradients& g) {
  check_same("normalize_backward", x, dy);
  check_vectors("normalize_backward", x, p);
  if (g.x.gradient.defined()) check_same("normalize_backward", x, g.x.gradient);
  dispatch_float("normalize_backward", x, [&]<class T>() {
    (p.relu ? normalize_backward<true, T> : normalize_backward<false, T>)(x, dy, p, g);
  });
}

}  // namespace
}  // namespace cpu

NN_DEFINE_KERNEL(normalize_forward, cpu::normalize_forward);
NN_DEFINE_KERNEL(normalize_backward, cpu::normalize_backward);

}  // namespace nn
