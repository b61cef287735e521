#include "nn/layers/conv_chain.h"

#include "nn/core/error.h"
#include "nn/ops/conv2d.h"
#include "nn/ops/normalize_conv2d.h"

namespace nn {
namespace {

/// What follows a convolution here is a norm, which measures what has not been cut off.
void check_without_relu(const Conv2d& conv) {
  NN_CHECK(!conv.relu(), "[conv_chain] expects a convolution without ReLU");
}

MeasuredMap with_room_for_statistics(const Variable& map, const Context& context) {
  return {map, context.batch_statistics() ? room_for_statistics(map) : ChannelStatistics{}};
}

/// What is asked of the convolution that writes y: its statistics or, in inference, the norm `next` if there is one.
NormBehind behind(const MeasuredMap& y, BatchNorm2d* next, const Context& context) {
  if (next == nullptr || !only_infers(y.map, context)) return {.statistics = y.statistics};
  return {.normalization = next->normalization(y.map, {}, context)};
}

/// Where a chain's result goes: into a new map if `map` is not defined. `add`: it is added to the map (inference).
/// `skip`: this is added to it (training).
struct Target {
  MeasuredMap map{};
  bool add = false;
  Variable skip{};
};

/// One step. `norm_is_done`: x has been normalised by whoever wrote it.
MeasuredMap run_step(const NormConv& step, bool norm_is_done, const MeasuredMap& x, BatchNorm2d* next,
                     const Target& target, const Context& context) {
  auto& [norm, conv] = step;
  NN_CHECK(!conv.bias().defined(), "[conv_chain] expects a convolution without bias behind a norm");
  check_without_relu(conv);
  MeasuredMap y = target.map;
  if (norm_is_done) {
    if (!y.map.defined()) y.map = Variable::output(conv.output_shape(x.map.shape()), {&x.map});
    conv2d_into(x.map, conv.weight(), {}, y.map,
                {.geometry = conv.geometry(), .behind = behind(y, next, context), .add = target.add});
  } else {
    const Normalization before = norm.normalization(x.map, x.statistics, context);
    const auto& [statistics, gamma, beta, options] = before;
    if (!y.map.defined()) {
      const auto inputs = {&x.map, &statistics.mean, &statistics.variance, &gamma, &beta, &conv.weight()};
      y = with_room_for_statistics(Variable::output(conv.output_shape(x.map.shape()), inputs), context);
    }
    normalize_conv2d_into(x.map, before, conv.weight(), y.map, conv.geometry(), behind(y, next, context), target.skip);
  }
  const bool next_is_done = next != nullptr && only_infers(x.map, context);
  if (!norm_is_done) norm.tell_observer(x.map.shape(), x.map.shape(), context, true);
  conv.tell_observer(x.map.shape(), y.map.shape(), context, next_is_done);
  if (next_is_done) next->tell_observer(y.map.shape(), y.map.shape(), context);
  return y;
}

MeasuredMap run_steps(std::initializer_list<NormConv> steps, const MeasuredMap& x, const Target& target,
                      const Context& context) {
  MeasuredMap map = x;
  for (const NormConv* step = steps.begin(); step != steps.end(); ++step) {
    const bool first = step == steps.begin(), last = step + 1 == steps.end();
    map = run_step(*step, !first && only_infers(x.map, context), map, last ? nullptr : &step[1].norm,
                   last ? target : Target{}, context);
  }
  return map;
}

}  // namespace

bool only_infers(const Variable& x, const Context& context) {
  return x.tape() == nullptr && !context.batch_statistics();
}

MeasuredMap measured(const Variable& map, const Context& context) {
  return {map, context.batch_statistics() ? channel_statistics(map) : ChannelStatistics{}};
}

MeasuredMap run_chain(std::initializer_list<NormConv> steps, const MeasuredMap& x, const Context& context) {
  return run_steps(steps, x, {}, context);
}

MeasuredMap run_chain_into(std::initializer_list<NormConv> steps, const MeasuredMap& x, const MeasuredMap& y,
                           const Context& context) {
  return run_steps(steps, x, {.map = y}, context);
}

MeasuredMap run_residual_chain(std::initializer_list<NormConv> steps, const MeasuredMap& x, const Context& context) {
  NN_CHECK(steps.size() >= 2, "[conv_chain] expects two steps at least beside a skip connection");
  if (only_infers(x.map, context)) return run_steps(steps, x, {.map = x, .add = true}, context);
  return run_steps(steps, x, {.skip = x.map}, context);
}

MeasuredMap measured_conv(Conv2d& conv, const Variable& x, const Context& context) {
  check_without_relu(conv);
  const Variable bias = conv.bias();
  const Variable y = Variable::output(conv.output_shape(x.shape()), {&x, &conv.weight(), &bias});
  return measured_conv_into(conv, x, with_room_for_statistics(y, context), context);
}

MeasuredMap measured_conv_into(Conv2d& conv, const Variable& x, const MeasuredMap& y, const Context& context) {
  conv2d_into(x, conv.weight(), conv.bias(), y.map,
              {.geometry = conv.geometry(), .behind = {.statistics = y.statistics}});
  conv.tell_observer(x.shape(), y.map.shape(), context);
  return y;
}

Variable conv_norm(Conv2d& conv, BatchNorm2d& norm, const Variable& x, const Context& context) {
  if (!only_infers(x, context)) {
    const MeasuredMap y = measured_conv(conv, x, context);
    return norm.with_statistics(y.map, y.statistics, context);
  }
  Variable y = Variable::output(conv.output_shape(x.shape()), {&x});
  check_without_relu(conv);
  const NormBehind behind{.normalization = norm.normalization(y, {}, context)};
  conv2d_into(x, conv.weight(), conv.bias(), y, {.geometry = conv.geometry(), .behind = behind});
  conv.tell_observer(x.shape(), y.shape(), context, true);
  norm.tell_observer(y.shape(), y.shape(), context);
  return y;
}

}  // namespace nn
