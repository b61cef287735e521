// Mean and variance per channel: one pass over memory, numerically sound.
#include <cmath>
#include <vector>

#include "nn/cpu/elementwise.h"
#include "nn/cpu/prefetch.h"
#include "nn/cpu/row_sums.h"
#include "nn/functors/batch_norm.h"
#include "nn/kernels/batch_norm.h"

namespace nn {
namespace cpu {
namespace {

/// Mean and sum of squared deviations of a number of rows, per channel.
struct Moments {
  double count = 0;
  std::vector<double> mean, squares;
};

/// Of rows [begin, end), in two passes: the second finds the rows in the cache.
template <class T>
Moments moments_of_rows(const Tensor& x, std::int64_t begin, std::int64_t end) {
  const auto size = static_cast<std::size_t>(x.c());
  Moments m{static_cast<double>(end - begin), std::vector<double>(size), std::vector<double>(size)};
  sum_values_in_blocks<T>(
      x, begin, end, [](T value, std::int64_t) { return value; }, m.mean.data());
  std::vector<T> centre(size);
  for (std::size_t i = 0; i < size; ++i) {
    m.mean[i] /= m.count;
    centre[i] = static_cast<T>(m.mean[i]);
  }
  sum_values_in_blocks<T>(
      x, begin, end,
      [middle = centre.data()](T value, std::int64_t i) { return (value - middle[i]) * (value - middle[i]); },
      m.squares.data());
  for (std::size_t i = 0; i < size; ++i) {  // the centre is the mean rounded to T
    const double shift = m.mean[i] - static_cast<double>(centre[i]);
    m.squares[i] = std::max(m.squares[i] - m.count * shift * shift, 0.0);  // in this order, a NaN stays
  }
  return m;
}

/// Chan, Golub and LeVeque (1979): the moments of two sets of rows together.
void combine(Moments& all, const Moments& more) {
  const double count = all.count + more.count;
  for (std::size_t i = 0; i < all.mean.size(); ++i) {
    const double delta = more.mean[i] - all.mean[i];
    all.mean[i] += delta * more.count / count;
    all.squares[i] += more.squares[i] + delta * delta * all.count * more.count / count;
  }
  all.count = count;
}

void channel_statistics_forward(const Tensor& x, const Tensor& mean, const Tensor& variance) {
  check_vector("channel_statistics", mean, x);
  check_vector("channel_statistics", variance, x);
  dispatch_float("channel_statistics", x, [&]<class T>() {
    const std::int64_t grain = rows_per_chunk(x.c());
    std::vector<Moments> chunks(static_cast<std::size_t>((x.rows() + grain - 1) / grain));
    parallel_for(0, x.rows(), grain, [&](std::int64_t begin, std::int64_t end) {
      chunks[static_cast<std::size_t>(begin / grain)] = moments_of_rows<T>(x, begin, end);
    });
    Moments& all = chunks.front();
    for (std::size_t chunk = 1; chunk < chunks.size(); ++chunk) combine(all, chunks[chunk]);
    for (std::size_t i = 0; i < all.mean.size(); ++i) {
      mean.data<T>()[i] = static_cast<T>(all.mean[i]);
      variance.data<T>()[i] = static_cast<T>(all.squares[i] / all.count);
    }
  });
}

/// How many rows ahead memory is asked for: short rows of wide maps come one piece a page.
constexpr std::int64_t rows_ahead = 16;

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
    const T *middle = mean.data<T>(), *constant = constants.data(), *slope = slopes.data();
    const functors::StatisticsBackward share;
    parallel_for(0, x.rows(), rows_per_chunk(c), [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t row = begin; row < end; ++row) {
        const T* __restrict in = x.row<T>(row);
        T* __restrict out = dx.row<T>(row);
        prefetch_rows(in + rows_ahead * x.pitch(), 0, 1, c);
        prefetch_rows(out + rows_ahead * dx.pitch(), 0, 1, c);
        if (beta == 0) {
          for (std::int64_t i = 0; i < c; ++i) out[i] = share(in[i], middle[i], constant[i], slope[i]);
        } else {
          for (std::int64_t i = 0; i < c; ++i) {
            out[i] = share(in[i], middle[i], constant[i], slope[i]) + T(beta) * out[i];
          }
        }
      }
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
