// Mean and variance per channel, their gradient, and the running statistics that follow them.
#include <vector>

#include "nn/cpu/loops/channel_moments.h"
#include "nn/cpu/loops/elementwise.h"
#include "nn/cpu/loops/statistics_rows.h"
#include "nn/kernels/batch_norm.h"

namespace nn {
namespace cpu {
namespace {

void channel_statistics_forward(const Tensor& x, const Tensor& mean, const Tensor& variance) {
  check_vector("channel_statistics", mean, x);
  check_vector("channel_statistics", variance, x);
  dispatch_float("channel_statistics", x, [&]<class T>() {
    const std::int64_t grain = rows_per_chunk(x.c());
    ChannelMoments moments((x.rows() + grain - 1) / grain, x.c());
    parallel_for(0, x.rows(), grain, [&](std::int64_t begin, std::int64_t end) {
      PieceMoments<T> piece(x.c());
      piece.add(x.row<T>(begin), x.pitch(), end - begin);
      piece.store(moments, begin / grain, 0);
    });
    moments.write(mean, variance);
  });
}

void channel_statistics_backward(const Tensor& x, const Tensor& mean, const Tensor& dmean, const Tensor& dvariance,
                                 const Tensor& dx, float beta) {
  check_same("channel_statistics_backward", x, dx);
  for (const Tensor* vector : {&mean, &dmean, &dvariance}) check_vector("channel_statistics_backward", *vector, x);
  dispatch_float("channel_statistics_backward", x, [&]<class T>() {
    const std::int64_t c = x.c();
    std::vector<T> constants, slopes;
    for (std::int64_t i = 0; i < c; ++i) {
      constants.push_back(static_cast<T>(static_cast<double>(dmean.data<T>()[i]) / static_cast<double>(x.rows())));
      slopes.push_back(static_cast<T>(2 * static_cast<double>(dvariance.data<T>()[i]) / static_cast<double>(x.rows())));
    }
    parallel_for(0, x.rows(), rows_per_chunk(c), [&](std::int64_t begin, std::int64_t end) {
      statistics_rows_backward<T>({.x = x.row<T>(begin),
                                   .x_pitch = x.pitch(),
                                   .dx = dx.row<T>(begin),
                                   .dx_pitch = dx.pitch(),
                                   .rows = end - begin,
                                   .columns = c,
                                   .mean = mean.data<T>(),
                                   .constant = constants.data(),
                                   .slope = slopes.data(),
                                   .beta = static_cast<T>(beta)});
    });
  });
}

void update_running_statistics(const Tensor& mean, const Tensor& variance, std::int64_t rows, double momentum,
                               const Tensor& running_mean, const Tensor& running_variance) {
  NN_CHECK(rows > 1, "[batch_norm] needs more than one value per channel in training, got ", rows);
  for (const Tensor* vector : {&variance, &running_mean, &running_variance}) check_same("batch_norm", mean, *vector);
  dispatch_float("batch_norm", mean, [&]<class T>() {
    const double unbiased = static_cast<double>(rows) / static_cast<double>(rows - 1);
    const auto update = [&](T& running, double value) {
      running = static_cast<T>((1 - momentum) * static_cast<double>(running) + momentum * value);
    };
    for (std::int64_t i = 0; i < mean.c(); ++i) {
      update(running_mean.data<T>()[i], static_cast<double>(mean.data<T>()[i]));
      update(running_variance.data<T>()[i], static_cast<double>(variance.data<T>()[i]) * unbiased);
    }
  });
}

}  // namespace
}  // namespace cpu

NN_DEFINE_KERNEL(channel_statistics_forward, cpu::channel_statistics_forward);
NN_DEFINE_KERNEL(channel_statistics_backward, cpu::channel_statistics_backward);
NN_DEFINE_KERNEL(update_running_statistics, cpu::update_running_statistics);

}  // namespace nn
