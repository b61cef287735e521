#include "nn/kernels/arithmetic.h"

#include "nn/cpu/loops/elementwise.h"
#include "nn/cpu/loops/row_sums.h"
#include "nn/functors/arithmetic.h"

namespace nn {
namespace cpu {
namespace {

void add_forward(const Tensor& a, const Tensor& b, const Tensor& y) { binary("add", functors::Add{}, a, b, y, 0); }

void accumulate(const Tensor& x, const Tensor& y, float beta) {
  binary(
      "accumulate", [](auto value, auto) { return value; }, x, x, y, beta);
}

void sum_rows(const Tensor& x, const Tensor& y, float beta) {
  check_vector("sum_rows", y, x);
  dispatch_float("sum_rows", x, [&]<class T>() {
    const std::int64_t c = x.c();
    const auto sums =
        sum_over_chunks(x.rows(), rows_per_chunk(c), c, [&](std::int64_t begin, std::int64_t end, double* totals) {
          sum_values_in_blocks<T>(
              x, begin, end, [](T value, std::int64_t) { return value; }, totals);
        });
    T* out = y.data<T>();
    for (std::int64_t i = 0; i < c; ++i) {
      const double sum = sums[static_cast<std::size_t>(i)];
      out[i] = static_cast<T>(beta == 0 ? sum : sum + static_cast<double>(beta) * static_cast<double>(out[i]));
    }
  });
}

}  // namespace
}  // namespace cpu

NN_DEFINE_KERNEL(add_forward, cpu::add_forward);
NN_DEFINE_KERNEL(accumulate, cpu::accumulate);
NN_DEFINE_KERNEL(sum_rows, cpu::sum_rows);

}  // namespace nn
