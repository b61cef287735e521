#include "tests/benchmarks/kernel_times.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <set>
#include <sstream>
#include <tuple>
#include <utility>

#include "nn/cpu/choice/conv_choice.h"
#include "nn/kernels/activation.h"
#include "nn/kernels/arithmetic.h"
#include "nn/kernels/batch_norm.h"
#include "nn/kernels/conv.h"
#include "nn/kernels/conv_pool.h"
#include "nn/kernels/dropout.h"
#include "nn/kernels/fill.h"
#include "nn/kernels/linear.h"
#include "nn/kernels/loss.h"
#include "nn/kernels/normalize_conv.h"
#include "nn/kernels/optimizer.h"
#include "nn/kernels/pool.h"

namespace bench {
namespace {

using nn::ConvGeometry;
using nn::Tensor;
using nn::cpu::ConvAlgorithm;
using nn::cpu::ConvPass;

/// What one call has to do.
struct Work {
  std::string shape, algorithm{};
  double operations = 0, multiplied = 0;
};

/// How many times fewer multiplications an algorithm has than the definition.
double saving(ConvAlgorithm algorithm) {
  switch (algorithm) {
    case ConvAlgorithm::direct:
      return 1;
    case ConvAlgorithm::f2x2_3x3:
    case ConvAlgorithm::f3x3_2x2:
      return 2.25;
    case ConvAlgorithm::f4x4_3x3:
      return 4;
  }
  return 1;
}

/// One pass of a convolution, or two that one kernel does.
Work convolution(const Tensor& x, const Tensor& w, const ConvGeometry& geometry,
                 std::initializer_list<ConvPass> passes) {
  const nn::Shape y = nn::conv2d_output_shape(x.shape(), w.shape(), geometry);
  std::ostringstream shape;
  shape << w.h() << 'x' << w.w();
  if (geometry.stride_h > 1) shape << '/' << geometry.stride_h;
  shape << ' ' << w.c() << "->" << w.n() << " @" << y.h << 'x' << y.w;
  Work work{.shape = shape.str()};
  for (const ConvPass pass : passes) {
    const ConvAlgorithm algorithm = nn::cpu::conv_algorithm(pass, x.shape(), w.shape(), geometry, x.dtype());
    const double operations = 2.0 * static_cast<double>(y.elements() * w.h() * w.w() * w.c());
    work.operations += operations;
    work.multiplied += operations / saving(algorithm);
    if (algorithm != ConvAlgorithm::direct) work.algorithm = nn::cpu::name(algorithm);
  }
  return work;
}

Work linear(const Tensor& x, const Tensor& y) {
  std::ostringstream shape;
  shape << x.c() << "->" << y.c() << ", " << x.rows() << " rows";
  const double operations = 2.0 * static_cast<double>(x.elements() * y.c());
  return {.shape = shape.str(), .operations = operations, .multiplied = operations};
}

/// Any other kernel moves memory; its first tensor tells how much.
template <auto& slot>
struct WorkOf {
  static Work of(const auto& first, const auto&... rest) {
    if constexpr (std::is_same_v<std::decay_t<decltype(first)>, Tensor>) {
      std::ostringstream shape;
      shape << first.n() << 'x' << first.h() << 'x' << first.w() << 'x' << first.c();
      return {.shape = shape.str()};
    } else if constexpr (sizeof...(rest) > 0) {
      return of(rest...);
    } else {
      return {};
    }
  }
};
template <>
struct WorkOf<nn::conv2d_forward> {
  static Work of(const Tensor& x, const Tensor& w, const nn::ConvPrologue& /*prologue*/,
                 const nn::ConvEpilogue& /*epilogue*/, const ConvGeometry& geometry, const Tensor& /*y*/) {
    return convolution(x, w, geometry, {ConvPass::forward});
  }
};
template <>
struct WorkOf<nn::conv2d_max_pool_forward> {
  static Work of(const Tensor& x, const Tensor& w, const nn::ConvEpilogue& /*epilogue*/, const ConvGeometry& geometry,
                 const nn::PoolGeometry& /*pool*/, const Tensor& /*y*/) {
    return convolution(x, w, geometry, {ConvPass::forward});
  }
};
template <>
struct WorkOf<nn::conv2d_backward_data> {
  static Work of(const Tensor& /*dy*/, const Tensor& w, const ConvGeometry& geometry, const Tensor& dx,
                 float /*beta*/) {
    return convolution(dx, w, geometry, {ConvPass::backward_data});
  }
};
template <>
struct WorkOf<nn::conv2d_backward_weights> {
  static Work of(const Tensor& x, const Tensor& /*dy*/, const nn::ConvPrologue& /*prologue*/,
                 const ConvGeometry& geometry, const Tensor& dw, float /*beta*/) {
    return convolution(x, dw, geometry, {ConvPass::backward_weights});
  }
};
template <>
struct WorkOf<nn::normalize_conv2d_backward> {
  static Work of(const Tensor& x, const nn::NormalizeParameters& /*parameters*/, const Tensor& w, const Tensor& /*dy*/,
                 const ConvGeometry& geometry, const nn::NormalizeGradients& /*gradients*/, const Tensor& /*dw*/,
                 float /*beta*/) {
    return convolution(x, w, geometry, {ConvPass::backward_data, ConvPass::backward_weights});
  }
};
template <>
struct WorkOf<nn::linear_forward> {
  static Work of(const Tensor& x, const Tensor& /*w*/, const Tensor& /*b*/, const Tensor& y) { return linear(x, y); }
};
template <>
struct WorkOf<nn::linear_backward_data> {
  static Work of(const Tensor& dy, const Tensor& /*w*/, const Tensor& dx, float /*beta*/) { return linear(dx, dy); }
};
template <>
struct WorkOf<nn::linear_backward_weights> {
  static Work of(const Tensor& x, const Tensor& dy, const Tensor& /*dw*/, float /*beta*/) { return linear(x, dy); }
};

/// Bytes of the tensors among the arguments, and in structs of tensors.
double bytes_of(const auto& argument) {
  if constexpr (nn::detail::HasTensors<std::decay_t<decltype(argument)>>) {
    return std::apply([](const auto&... tensors) { return (bytes_of(tensors) + ... + 0.0); }, argument.tensors());
  } else if constexpr (std::is_same_v<std::decay_t<decltype(argument)>, Tensor>) {
    return argument.defined() ? static_cast<double>(argument.elements()) * nn::size_of(argument.dtype()) : 0.0;
  } else {
    return 0;
  }
}

struct Records {
  std::vector<KernelTimes> list;
  std::map<std::pair<std::string, std::string>, std::size_t> position;  // by kernel and shape
  std::size_t step = 0;                                                 // number of the present one, from 1
  bool inside = false;                                                  // a kernel
} records;

void record(const char* kernel, Work work, double bytes, double milliseconds) {
  const auto [at, is_new] = records.position.try_emplace({kernel, work.shape}, records.list.size());
  if (is_new) {
    records.list.push_back({.kernel = kernel, .shape = std::move(work.shape), .algorithm = std::move(work.algorithm)});
  }
  KernelTimes& times = records.list[at->second];
  times.milliseconds.resize(records.step);
  times.milliseconds.back() += milliseconds;
  if (records.step > 1) return;
  ++times.calls;
  times.operations += work.operations;
  times.multiplied += work.multiplied;
  times.bytes += bytes;
}

/// A slot with a function in front of its own that looks at the clock.
template <auto& slot, class Signature>
struct Timed;
template <auto& slot, class... Args>
struct Timed<slot, nn::Kernel<void(Args...)>> {
  static inline const nn::Kernel<void(Args...)> original = slot;

  static void run(Args... args) {
    using Clock = std::chrono::steady_clock;
    if (records.inside || records.step == 0) return original(args...);
    records.inside = true;
    const auto start = Clock::now();
    original(args...);
    const double milliseconds = std::chrono::duration<double, std::milli>(Clock::now() - start).count();
    records.inside = false;
    record(slot.name(), WorkOf<slot>::of(args...), (bytes_of(args) + ... + 0.0), milliseconds);
  }
};

template <auto& slot>
using TimedSlot = Timed<slot, std::decay_t<decltype(slot)>>;

template <auto&... slots>
struct Slots {
  static void start() { (slots.set(nn::Device::cpu, TimedSlot<slots>::run), ...); }
  static void stop() { ((slots = TimedSlot<slots>::original), ...); }
  static std::set<std::string> names() { return {slots.name()...}; }
};

using KnownSlots =
    Slots<nn::conv2d_forward, nn::conv2d_max_pool_forward, nn::conv2d_backward_data, nn::conv2d_backward_weights,
          nn::normalize_conv2d_backward, nn::linear_forward, nn::linear_backward_data, nn::linear_backward_weights,
          nn::max_pool_forward, nn::max_pool_backward, nn::average_pool_forward, nn::average_pool_backward,
          nn::global_average_pool_forward, nn::global_average_pool_backward, nn::channel_statistics_forward,
          nn::channel_statistics_backward, nn::normalize_forward, nn::normalize_backward, nn::fold_normalization,
          nn::update_running_statistics, nn::relu_forward, nn::relu_backward, nn::sigmoid_forward, nn::sigmoid_backward,
          nn::add_forward, nn::accumulate, nn::sum_rows, nn::fill, nn::cast, nn::copy_if, nn::apply_dropout,
          nn::sigmoid_bce_forward, nn::sigmoid_bce_backward, nn::softmax_cross_entropy_forward,
          nn::softmax_cross_entropy_backward, nn::sum_of_squares, nn::prepare_update, nn::sgd_update, nn::adam_update>;

}  // namespace

KernelTimer::KernelTimer() {
  records = {};
  KnownSlots::start();
}
KernelTimer::~KernelTimer() { KnownSlots::stop(); }

void KernelTimer::begin_step() { ++records.step; }

const std::vector<KernelTimes>& KernelTimer::times() const { return records.list; }

std::vector<std::string> KernelTimer::unknown_kernels() {
  const std::set<std::string> known = KnownSlots::names();
  std::vector<std::string> unknown;
  for (const nn::KernelSlot& slot : nn::kernel_slots()) {
    std::string name = slot.name;
    name = name.substr(name.rfind(':') + 1);
    if (!known.contains(name) && name != "ct_input") unknown.push_back(name);
  }
  return unknown;
}

}  // namespace bench
