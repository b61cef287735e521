#include "nn/kernels/arithmetic.h"

#include <vector>

#include "nn/cpu/elementwise.h"

namespace nn {
namespace cpu {
namespace {

void add_forward(const Tensor& a, const Tensor& b, const Tensor& y) {
  binary(
      "add", [](auto left, auto right) { return left + right; }, a, b, y, 0);
}

void accumulate(const Tensor& x, const Tensor& y, float beta) {
  binary(
      "accumulate", [](auto value, auto) { return value; }, x, x, y, beta);
}

void sum_rows(const Tensor& x, const Tensor& y, float beta) {
  NN_CHECK(y.elements() == x.c() && y.dtype() == x.dtype(), "[sum_rows] x has ", x.c(), " channels of ", x.dtype(),
           ", y ", y.elements(), " of ", y.dtype());
  dispatch_float("sum_rows", x, [&]<class T>() {
    const std::int64_t c = x.c();
    const std::int64_t grain = rows_per_chunk(c);
    const std::int64_t chunks = (x.rows() + grain - 1) / grain;
    std::vector<double> partial(static_cast<std::size_t>(chunks * c));
    parallel_for(0, x.rows(), grain, [&](std::int64_t begin, std::int64_t end) {
      double* sum = partial.data() + begin / grain * c;
      for (std::int64_t r = begin; r < end; ++r) {
        const T* in = x.row<T>(r);
        for (std::int64_t i = 0; i < c; ++i) sum[i] += static_cast<double>(in[i]);
      }
    });
    T* out = y.data<T>();
    for (std::int64_t i = 0; i < c; ++i) {
      double sum = 0;
      for (std::int64_t chunk = 0; chunk < chunks; ++chunk) sum += partial[static_cast<std::size_t>(chunk * c + i)];
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
