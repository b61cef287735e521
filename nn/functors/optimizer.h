// One element of each optimizer's update, PyTorch's formulas.
#pragma once

#include <cmath>

#include "nn/core/host_device.h"
#include "nn/functors/update_step.h"

namespace nn::functors {

/// Gradient descent with momentum (Sutskever et al. 2013, in PyTorch's form, without dampening):
///   g = scale * gradient + weight_decay * value
///   velocity = momentum * velocity + g
///   value -= learning_rate * (nesterov ? g + momentum * velocity : velocity)
template <class T>
struct SgdUpdate {
  T learning_rate, gradient_scale, weight_decay, momentum;
  bool nesterov;

  NN_HOST_DEVICE static SgdUpdate of(const SgdOptions& options, const double* state) {
    return {static_cast<T>(state[step_state::learning_rate] * options.learning_rate_scale),
            static_cast<T>(state[step_state::gradient_scale]), static_cast<T>(options.weight_decay),
            static_cast<T>(options.momentum), options.nesterov};
  }

  NN_HOST_DEVICE void operator()(T& value, T gradient, T& velocity) const {
    const T g = gradient_scale * gradient + weight_decay * value;
    velocity = momentum * velocity + g;
    value -= learning_rate * (nesterov ? g + momentum * velocity : velocity);
  }
};

/// Adam (Kingma and Ba 2015) and AdamW (Loshchilov and Hutter 2019), step t from 1:
///   Adam:  g = scale * gradient + l2 * value        AdamW: g = scale * gradient, value *= keep
///   first = beta1 * first + (1 - beta1) * g
///   second = beta2 * second + (1 - beta2) * g^2
///   value -= step_size * first / (sqrt(second) * second_scale + epsilon)
/// with step_size = learning_rate / (1 - beta1^t), second_scale = 1 / sqrt(1 - beta2^t) and
/// keep = 1 - learning_rate * weight_decay. Adam has keep = 1, AdamW l2 = 0.
template <class T>
struct AdamUpdate {
  T step_size, second_scale, gradient_scale, l2, keep, epsilon;
  // 1 - beta is rounded once, from float64: in float32, 1 - 0.999 is already wrong by 5e-5.
  T beta1, one_minus_beta1, beta2, one_minus_beta2;

  /// The numbers of one step, computed in float64 whatever the parameters are.
  NN_HOST_DEVICE static AdamUpdate of(const AdamOptions& options, const double* state) {
    const double learning_rate = state[step_state::learning_rate] * options.learning_rate_scale;
    const double t = state[step_state::step];
    AdamUpdate update;
    update.step_size = static_cast<T>(learning_rate / (1 - std::pow(options.beta1, t)));
    update.second_scale = static_cast<T>(1 / std::sqrt(1 - std::pow(options.beta2, t)));
    update.gradient_scale = static_cast<T>(state[step_state::gradient_scale]);
    update.l2 = static_cast<T>(options.decoupled ? 0 : options.weight_decay);
    update.keep = static_cast<T>(options.decoupled ? 1 - learning_rate * options.weight_decay : 1);
    update.epsilon = static_cast<T>(options.epsilon);
    update.beta1 = static_cast<T>(options.beta1);
    update.one_minus_beta1 = static_cast<T>(1 - options.beta1);
    update.beta2 = static_cast<T>(options.beta2);
    update.one_minus_beta2 = static_cast<T>(1 - options.beta2);
    return update;
  }

  NN_HOST_DEVICE void operator()(T& value, T gradient, T& first, T& second) const {
    const T g = gradient_scale * gradient + l2 * value;
    first = beta1 * first + one_minus_beta1 * g;
    second = beta2 * second + one_minus_beta2 * g * g;
    value = keep * value - step_size * first / (std::sqrt(second) * second_scale + epsilon);
  }
};

}  // namespace nn::functors
