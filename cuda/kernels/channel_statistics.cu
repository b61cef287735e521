#include "cuda/kernels/channel_moments.h"
#include "cuda/kernels/normalize.h"
#include "cuda/launch/channel_map.cuh"
#include "cuda/launch/row_reduction.cuh"
#include "nn/kernels/batch_norm.h"
#include "nn/kernels/check.h"

namespace cuda {
namespace {

using nn::Tensor;

template <class T, int width>
void moments(const Tensor& x, const Tensor& mean, const Tensor& variance) {
  const RowSlices slices(x.rows(), x.c(), width);
  const Workspace workspace(std::size_t{slices.slices} * 2 * static_cast<std::size_t>(x.c()) * sizeof(double));
  auto* const partial = static_cast<double*>(workspace.data());
  launch_combining(SliceMoments<T, width>{{slices, partial}, rows_of<const T>(x)}, slices.blocks());
  using Totals = TotalSums<2, WriteMoments<T>, double>;
  const WriteMoments<T> write{x.data<T>(), static_cast<double>(x.rows()), mean.data<float>(), variance.data<float>()};
  launch_combining(Totals{partial, slices.slices, slices.c, write}, Totals::blocks(slices.c));
}

void channel_statistics_forward(const Tensor& x, const Tensor& mean, const Tensor& variance) {
  nn::check_vector("channel_statistics", mean, x);
  nn::check_vector("channel_statistics", variance, x);
  dispatch_activation("channel_statistics", x, [&]<class T>() {
    dispatch_width<T>([&]<int width>() { moments<T, width>(x, mean, variance); }, x);
  });
}

void channel_statistics_backward(const Tensor& x, const Tensor& mean, const Tensor& dmean, const Tensor& dvariance,
                                 const Tensor& dx, float beta) {
  nn::check_same("channel_statistics_backward", x, dx);
  for (const Tensor* vector : {&mean, &dmean, &dvariance}) {
    nn::check_vector("channel_statistics_backward", *vector, x);
  }
  dispatch_activation("channel_statistics_backward", x, [&]<class T>() {
    const StatisticsGradient gradient{mean.data<float>(), dmean.data<float>(), dvariance.data<float>(),
                                      static_cast<float>(x.rows())};
    dispatch_width<T>([&]<int width>() { map_channels<T, width>(gradient, x, dx, beta); }, x, dx);
  });
}

void update_running_statistics(const Tensor& mean, const Tensor& variance, std::int64_t rows, double momentum,
                               const Tensor& running_mean, const Tensor& running_variance) {
  NN_CHECK(rows > 1, "[batch_norm] needs more than one value per channel in training, got ", rows);
  for (const Tensor* vector : {&variance, &running_mean, &running_variance}) {
    nn::check_same("batch_norm", mean, *vector);
  }
  const double unbiased = static_cast<double>(rows) / static_cast<double>(rows - 1);
  const UpdateRunning update{mean.data<float>(),
                             variance.data<float>(),
                             running_mean.data<float>(),
                             running_variance.data<float>(),
                             momentum,
                             unbiased,
                             static_cast<std::uint32_t>(mean.c())};
  launch(update, ceil_div(mean.c(), block_threads));
}

}  // namespace
}  // namespace cuda

namespace nn {

NN_FILL_KERNEL(channel_statistics_forward, Device::cuda, cuda::channel_statistics_forward);
NN_FILL_KERNEL(channel_statistics_backward, Device::cuda, cuda::channel_statistics_backward);
NN_FILL_KERNEL(update_running_statistics, Device::cuda, cuda::update_running_statistics);

}  // namespace nn
