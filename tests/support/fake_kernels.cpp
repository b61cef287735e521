// The kernels of the fake device, and the contract of types that every call is checked against.
#include <cstring>
#include <tuple>
#include <type_traits>
#include <vector>

#include "nn/kernels/activation.h"
#include "nn/kernels/arithmetic.h"
#include "nn/kernels/batch_norm.h"
#include "nn/kernels/conv.h"
#include "nn/kernels/conv_pool.h"
#include "nn/kernels/ct_input.h"
#include "nn/kernels/dropout.h"
#include "nn/kernels/fill.h"
#include "nn/kernels/linear.h"
#include "nn/kernels/loss.h"
#include "nn/kernels/normalize_conv.h"
#include "nn/kernels/optimizer.h"
#include "nn/kernels/pool.h"
#include "tests/support/fake_device.h"

namespace test {
namespace {

using nn::DType;
using nn::Tensor;

/// Calls visit(tensor) for the tensors of an argument, in order: itself, or those of a struct.
template <class Argument, class Visit>
void for_each_tensor(Argument& argument, const Visit& visit) {
  if constexpr (std::is_same_v<Argument, Tensor>) {
    visit(argument);
  } else if constexpr (nn::detail::HasTensors<Argument>) {
    // The struct is not const, tensors() only says so.
    std::apply([&](const auto&... tensors) { (visit(const_cast<Tensor&>(tensors)), ...); }, argument.tensors());
  }
}

/// One letter for each tensor of a call, undefined ones too:
///   a  activations and weights: f32 or bf16, all the same          v  full_precision of these
///   f  f32     d  f64     b  bf16     i  i32     s  i16            *  any
DType type_of(char role, DType activation) {
  switch (role) {
    case 'a':
      return activation;
    case 'v':
      return nn::full_precision(activation);
    case 'd':
      return DType::f64;
    case 'b':
      return DType::bf16;
    case 'i':
      return DType::i32;
    case 's':
      return DType::i16;
    default:
      return DType::f32;
  }
}

/// The device's tensors as tensors of the CPU, and back.
class Call {
 public:
  Call(const char* kernel, const char* roles) : kernel_(kernel), roles_(roles) {}

  /// Throws nn::Error if the tensors' types are against the contract.
  void check(const std::vector<Tensor>& tensors) const {
    NN_CHECK(tensors.size() == std::strlen(roles_), "[", kernel_, "] has ", tensors.size(), " tensors, roles ", roles_);
    DType activation = DType::f32;
    for (std::size_t i = tensors.size(); i-- > 0;) {
      if (roles_[i] == 'a' && tensors[i].defined()) activation = tensors[i].dtype();
    }
    for (std::size_t i = 0; i < tensors.size(); ++i) {
      if (!tensors[i].defined() || roles_[i] == '*') continue;
      const DType expected = type_of(roles_[i], activation);
      NN_CHECK(tensors[i].dtype() == expected, "[", kernel_, "] tensor ", i, " is ", tensors[i].dtype(), ", expected ",
               expected, " beside activations of ", activation);
    }
  }

  /// Replaces the next tensor by a copy on the CPU.
  void take(Tensor& tensor) {
    const char role = roles_[moves_.size()];
    Move move{.device = tensor, .host = {}};
    if (tensor.defined()) {
      move.host = Tensor::empty(tensor.shape(), tensor.dtype());
      copy_bytes(tensor, move.host);
      if (role == 'a' && tensor.dtype() == DType::bf16) {
        const Tensor wide = Tensor::empty(tensor.shape());
        nn::cast(move.host, wide);
        move.host = wide;
      }
    }
    moves_.push_back(move);
    tensor = move.host;
  }

  void give_back() const {
    for (const auto& [device, host] : moves_) {
      if (!device.defined()) continue;
      Tensor result = host;
      if (host.dtype() != device.dtype()) {
        result = Tensor::empty(host.shape(), device.dtype());
        nn::cast(host, result);
      }
      copy_bytes(result, device);
    }
  }

 private:
  struct Move {
    Tensor device, host;
  };

  static void copy_bytes(const Tensor& from, const Tensor& to) {
    const std::size_t element = size_of(from.dtype());
    const auto row_bytes = static_cast<std::size_t>(from.c()) * element;
    const auto from_step = static_cast<std::size_t>(from.pitch()) * element;
    const auto to_step = static_cast<std::size_t>(to.pitch()) * element;
    for (std::size_t r = 0; r < static_cast<std::size_t>(from.rows()); ++r) {
      std::memcpy(static_cast<char*>(to.raw()) + r * to_step, static_cast<const char*>(from.raw()) + r * from_step,
                  row_bytes);
    }
  }

  const char* kernel_;
  const char* roles_;
  std::vector<Move> moves_;
};

FakeDevice* device_of_kernels = nullptr;

template <auto& slot, class Signature>
struct FakeKernel;

template <auto& slot, class... Args>
struct FakeKernel<slot, nn::Kernel<void(Args...)>> {
  static inline const char* roles = nullptr;

  static void run(Args... args) {
    using Values = std::tuple<std::decay_t<Args>...>;
    const Values values{args...};
    std::vector<Tensor> tensors;
    Values seen = values;
    visit_tensors(seen, [&](Tensor& tensor) { tensors.push_back(tensor); });
    Call(slot.name(), roles).check(tensors);
    device_of_kernels->queue([values] {
      Call call(slot.name(), roles);
      Values host = values;
      visit_tensors(host, [&](Tensor& tensor) { call.take(tensor); });
      std::apply([](const auto&... argument) { slot(argument...); }, host);
      call.give_back();
    });
  }

  template <class Visit>
  static void visit_tensors(std::tuple<std::decay_t<Args>...>& values, const Visit& visit) {
    std::apply([&](auto&... argument) { (for_each_tensor(argument, visit), ...); }, values);
  }
};

template <auto& slot>
void fake(const char* roles) {
  if (slot.filled(nn::Device::cuda)) return;  // tests/threads brings some of its own
  using Fake = FakeKernel<slot, std::remove_reference_t<decltype(slot)>>;
  Fake::roles = roles;
  slot.set(nn::Device::cuda, Fake::run);
}

}  // namespace

void install_fake_kernels(FakeDevice& device) {
  device_of_kernels = &device;
  fake<nn::relu_forward>("aa");
  fake<nn::relu_backward>("aaa");
  fake<nn::sigmoid_forward>("aa");
  fake<nn::sigmoid_backward>("aaa");
  fake<nn::add_forward>("aaa");
  fake<nn::accumulate>("aa");
  fake<nn::sum_rows>("av");
  fake<nn::channel_statistics_forward>("avv");
  fake<nn::channel_statistics_backward>("avvva");
  fake<nn::normalize_forward>("avvvva");
  fake<nn::fold_normalization>("ffffff");
  fake<nn::normalize_backward>("aavvvvavvvv");
  fake<nn::update_running_statistics>("ffff");
  fake<nn::conv2d_forward>("aavvavvvva");
  fake<nn::conv2d_max_pool_forward>("aaavvvva");
  fake<nn::conv2d_backward_data>("aaa");
  fake<nn::conv2d_backward_weights>("aavvv");
  fake<nn::normalize_conv2d_backward>("avvvvaaavvvvv");
  fake<nn::linear_forward>("aaaa");
  fake<nn::linear_backward_data>("aaa");
  fake<nn::linear_backward_weights>("aav");
  fake<nn::max_pool_forward>("aa*");
  fake<nn::max_pool_backward>("a*a");
  fake<nn::average_pool_forward>("aa");
  fake<nn::average_pool_backward>("aa");
  fake<nn::global_average_pool_forward>("aa");
  fake<nn::global_average_pool_backward>("aa");
  fake<nn::apply_dropout>("aia");
  fake<nn::sigmoid_bce_forward>("fffff");
  fake<nn::sigmoid_bce_backward>("ffffff");
  fake<nn::softmax_cross_entropy_forward>("fif");
  fake<nn::softmax_cross_entropy_backward>("fiff");
  fake<nn::fill>("*");
  fake<nn::cast>("**");
  fake<nn::copy_if>("dff");
  fake<nn::sum_of_squares>("fd");
  fake<nn::prepare_update>("dd");
  fake<nn::sgd_update>("fffdb");
  fake<nn::adam_update>("ffffdb");
  fake<nn::ct_input>("sddda");
}

}  // namespace test
