#include "nn/kernels/arithmetic.h"

#include "cuda/launch/elementwise.cuh"
#include "cuda/launch/row_reduction.cuh"
#include "nn/functors/arithmetic.h"

namespace cuda {
namespace {

using nn::Tensor;
namespace functors = nn::functors;

void add_forward(const Tensor& a, const Tensor& b, const Tensor& y) { map("add", functors::Add{}, 0, y, a, b); }

void accumulate(const Tensor& x, const Tensor& y, float beta) { map("accumulate", functors::Itself{}, beta, y, x); }

void sum_rows(const Tensor& x, const Tensor& y, float beta) {
  nn::check_vector("sum_rows", y, x);
  dispatch_activation("sum_rows", x, [&]<class T>() {
    dispatch_width<T>(
        [&]<int width>() {
          reduce_rows(x.rows(), x.c(), ElementTerms<T, width>{rows_of<const T>(x)}, WriteSum{y.data<float>(), beta});
        },
        x);
  });
}

}  // namespace
}  // namespace cuda

namespace nn {

NN_FILL_KERNEL(add_forward, Device::cuda, cuda::add_forward);
NN_FILL_KERNEL(accumulate, Device::cuda, cuda::accumulate);
NN_FILL_KERNEL(sum_rows, Device::cuda, cuda::sum_rows);

}  // namespace nn
