#include "nn/kernels/optimizer.h"

#include <array>
#include <numeric>
#include <vector>

#include "nn/cpu/loops/elementwise.h"
#include "nn/functors/optimizer.h"
#include "nn/kernels/fill.h"

namespace nn {
namespace cpu {
namespace {

/// In several sums, because each addition waits for the one before it.
template <class T>
double sum_of_squares(const T* values, std::int64_t count) {
  constexpr std::int64_t lanes = 8;
  std::array<double, lanes> sums{};
  std::int64_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    for (std::int64_t k = 0; k < lanes; ++k) {
      const auto value = static_cast<double>(values[i + k]);
      sums[static_cast<std::size_t>(k)] += value * value;
    }
  }
  for (; i < count; ++i) sums[0] += static_cast<double>(values[i]) * static_cast<double>(values[i]);
  return std::accumulate(sums.begin(), sums.end(), 0.0);
}

void sum_of_squares(const Tensor& x, const Tensor& sum) {
  NN_CHECK(x.contiguous(), "[sum_of_squares] expects a contiguous tensor, got ", x.shape(), " with pitch ", x.pitch());
  dispatch_float("sum_of_squares", x, [&]<class T>() {
    const T* values = x.data<T>();
    const std::int64_t chunks = (x.elements() + elements_per_chunk - 1) / elements_per_chunk;
    std::vector<double> partial(static_cast<std::size_t>(chunks));
    parallel_for(0, x.elements(), elements_per_chunk, [&](std::int64_t begin, std::int64_t end) {
      partial[static_cast<std::size_t>(begin / elements_per_chunk)] = sum_of_squares(values + begin, end - begin);
    });
    *sum.data<double>() = std::accumulate(partial.begin(), partial.end(), 0.0);
  });
}

void prepare_update(const Tensor& sum, double max_norm, const Tensor& state) {
  check_step_state("prepare_update", state);
  functors::prepare_step(*sum.data<double>(), max_norm, state.data<double>());
}

void sgd_update(const Tensor& value, const Tensor& gradient, const Tensor& velocity, const SgdOptions& options,
                const Tensor& state, const Tensor& copy) {
  check_update("sgd_update", {value, gradient, velocity}, state, copy);
  const double* s = state.data<double>();
  if (s[step_state::skipped] != 0) return;
  dispatch_float("sgd_update", value, [&]<class T>() {
    const auto update = functors::SgdUpdate<T>::of(options, s);
    for_each_run<T>(
        [&](std::int64_t count, T* p, const T* g, T* v) {
          for (std::int64_t i = 0; i < count; ++i) update(p[i], g[i], v[i]);
        },
        value, gradient, velocity);
  });
  if (copy.defined()) nn::cast(value, copy);
}

void adam_update(const Tensor& value, const Tensor& gradient, const Tensor& first, const Tensor& second,
                 const AdamOptions& options, const Tensor& state, const Tensor& copy) {
  check_update("adam_update", {value, gradient, first, second}, state, copy);
  const double* s = state.data<double>();
  if (s[step_state::skipped] != 0) return;
  dispatch_float("adam_update", value, [&]<class T>() {
    const auto update = functors::AdamUpdate<T>::of(options, s);
    for_each_run<T>(
        [&](std::int64_t count, T* p, const T* g, T* m, T* v) {
          for (std::int64_t i = 0; i < count; ++i) update(p[i], g[i], m[i], v[i]);
        },
        value, gradient, first, second);
  });
  if (copy.defined()) nn::cast(value, copy);
}

}  // namespace
}  // namespace cpu

NN_DEFINE_KERNEL(sum_of_squares, cpu::sum_of_squares);
NN_DEFINE_KERNEL(prepare_update, cpu::prepare_update);
NN_DEFINE_KERNEL(sgd_update, cpu::sgd_update);
NN_DEFINE_KERNEL(adam_update, cpu::adam_update);

}  // namespace nn
