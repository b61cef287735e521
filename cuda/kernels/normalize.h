// What one thread of batch normalisation does. Vectors are f32; so is all arithmetic on elements.
#pragma once

#include <cmath>
#include <cstdint>

#include "cuda/launch/channel_map.h"
#include "nn/functors/activation.h"
#include "nn/functors/batch_norm.h"

namespace cuda {

/// y = relu?(gamma (x - mean) / sqrt(variance + epsilon) + shift)
struct Normalization {
  const float *mean, *variance, *gamma, *shift;
  float epsilon;
  bool relu;

  /// Of a thread's channels.
  template <int width>
  struct Channels {
    Floats<width> mean, scale, shift;
    bool relu;

    NN_HOST_DEVICE float operator()(int i, float x) const {
      const float z = nn::functors::Normalize{}(x, mean.v[i], scale.v[i], shift.v[i]);
      return relu ? nn::functors::Relu{}(z) : z;
    }
  };
  template <int width>
  NN_HOST_DEVICE Channels<width> of_channels(std::uint32_t column, int count) const {
    Channels<width> channels{load_channels<width>(mean, column, count), load_channels<width>(gamma, column, count),
                             load_channels<width>(shift, column, count), relu};
    const Floats<width> variances = load_channels<width>(variance, column, count);
    NN_UNROLL for (int i = 0; i < width; ++i) channels.scale.v[i] /= std::sqrt(variances.v[i] + epsilon);
    return channels;
  }
};

/// scale = gamma / sqrt(variance + epsilon), folded_shift = shift - mean scale: a thread for each channel.
struct FoldNormalization {
  Normalization normalization;
  float *scale, *folded_shift;
  std::uint32_t c;

  NN_HOST_DEVICE void operator()(std::uint32_t block, std::uint32_t thread) const {
    const std::uint32_t i = block * block_threads + thread;
    if (i >= c) return;
    const Normalization::Channels<1> channel = normalization.of_channels<1>(i, 1);
    scale[i] = channel.scale.v[0];
    folded_shift[i] = static_cast<float>(static_cast<double>(channel.shift.v[0]) -
                                         static_cast<double>(channel.mean.v[0]) * static_cast<double>(scale[i]));
  }
};

/// The terms of sum dz and of sum dz (x - mean); writes dx = scale dz + beta dx on the way, if dx.data is not null.
template <class T, int vector_width>
struct NormalizeBackwardTerms {
  static constexpr int width = vector_width, sums = 2;

  Normalization normalization;
  Rows<const T> x, dy;
  Rows<T> dx;
  float beta;

  struct OfChannels {
    const NormalizeBackwardTerms& all;
    Normalization::Channels<width> channels;

    struct Loaded {
      Floats<width> x, dy;
    };
    NN_HOST_DEVICE Loaded load(std::int64_t row, std::uint32_t column, int count) const {
      return {cuda::load<width>(all.x.at(row, column), count), cuda::load<width>(all.dy.at(row, column), count)};
    }

    NN_HOST_DEVICE void add(const Loaded& loaded, std::int64_t row, std::uint32_t column, int count,
                            Floats<width> (&sum)[sums]) const {
      Floats<width> gradient;
      NN_UNROLL for (int i = 0; i < width; ++i) {
        const float value = loaded.x.v[i], above = loaded.dy.v[i];
        const float dz = channels.relu ? nn::functors::ReluBackward{}(normalized(i, value), above) : above;
        sum[0].v[i] += dz;
        sum[1].v[i] += dz * (value - channels.mean.v[i]);
        gradient.v[i] = dz * channels.scale.v[i];
      }
      if (all.dx.data != nullptr) cuda::store<width>(all.dx.at(row, column), gradient, count, all.beta);
    }
    NN_HOST_DEVICE void add(std::int64_t row, std::uint32_t column, int count, Floats<width> (&sum)[sums]) const {
      add(load(row, column, count), row, column, count, sum);
    }

   private:
    NN_HOST_DEVICE float normalized(int i, float value) const {
      return nn::functors::Normalize{}(value, channels.mean.v[i], channels.scale.v[i], channels.shift.v[i]);
    }
  };
  NN_HOST_DEVICE OfChannels of_channels(std::uint32_t column, int count) const {
    return {*this, normalization.of_channels<width>(column, count)};
  }
};

/// gradient = value + beta * gradient; nothing if it is null.
struct VectorTarget {
  float* gradient = nullptr;
  float beta = 0;

  NN_HOST_DEVICE void write(std::uint32_t channel, double value) const {
    if (gradient == nullptr) return;
    if (beta != 0) value += static_cast<double>(beta) * static_cast<double>(gradient[channel]);
    gradient[channel] = static_cast<float>(value);
  }
};

/// The gradients of the vectors from the two sums: formulas in nn/kernels/batch_norm.h.
struct WriteVectorGradients {
  const float *variance, *gamma;
  double epsilon;
  VectorTarget dmean, dvariance, dgamma, dshift;

  NN_HOST_DEVICE void operator()(std::uint32_t channel, const double* totals) const {
    const double inverse = 1 / std::sqrt(static_cast<double>(variance[channel]) + epsilon);
    const double scale = static_cast<double>(gamma[channel]) * inverse;
    const double shift_gradient = totals[0], gamma_gradient = totals[1] * inverse;
    dmean.write(channel, -scale * shift_gradient);
    dvariance.write(channel, -0.5 * scale * inverse * gamma_gradient);
    dgamma.write(channel, gamma_gradient);
    dshift.write(channel, shift_gradient);
  }
};

/// The gradient of x by way of its mean and variance, which channel_statistics hands on.
struct StatisticsGradient {
  const float *mean, *dmean, *dvariance;
  float rows;

  template <int width>
  struct Channels {
    Floats<width> mean, constant, slope;

    NN_HOST_DEVICE float operator()(int i, float x) const {
      return nn::functors::StatisticsBackward{}(x, mean.v[i], constant.v[i], slope.v[i]);
    }
  };
  template <int width>
  NN_HOST_DEVICE Channels<width> of_channels(std::uint32_t column, int count) const {
    Channels<width> channels{load_channels<width>(mean, column, count), load_channels<width>(dmean, column, count),
                             load_channels<width>(dvariance, column, count)};
    NN_UNROLL for (int i = 0; i < width; ++i) {
      channels.constant.v[i] /= rows;
      channels.slope.v[i] = 2 * channels.slope.v[i] / rows;
    }
    return channels;
  }
};

/// running = (1 - momentum) running + momentum statistic, the variance made unbiased: a thread for each channel.
struct UpdateRunning {
  const float *mean, *variance;
  float *running_mean, *running_variance;
  double momentum, unbiased;  // rows / (rows - 1)
  std::uint32_t c;

  NN_HOST_DEVICE void operator()(std::uint32_t block, std::uint32_t thread) const {
    const std::uint32_t i = block * block_threads + thread;
    if (i >= c) return;
    running_mean[i] = updated(running_mean[i], static_cast<double>(mean[i]));
    running_variance[i] = updated(running_variance[i], static_cast<double>(variance[i]) * unbiased);
  }

 private:
  NN_HOST_DEVICE float updated(float running, double value) const {
    return static_cast<float>((1 - momentum) * static_cast<double>(running) + momentum * value);
  }
};

}  // namespace cuda
