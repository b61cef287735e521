// The networks against PyTorch: logits, every gradient, ten steps of gradient descent, running statistics. The
// reference values come from tests/golden/make_cnn_golden.py.
#include <gtest/gtest.h>

#include <cmath>
#include <sstream>
#include <string>

#include "io/files/safetensors.h"
#include "models/registry.h"
#include "nn/autograd/tape.h"
#include "nn/kernels/fill.h"
#include "nn/layers/parameter_buffers.h"
#include "nn/ops/loss.h"
#include "nn/tensor/copy.h"
#include "tests/models/golden_formula.h"
#include "tests/support/compare.h"

namespace {

using nn::DType;
using nn::Shape;
using nn::Tensor;

Tensor tensor_of(Shape shape, const std::vector<double>& values, DType dtype) {
  const Tensor exact = Tensor::from(shape, std::span<const double>(values));
  Tensor converted = Tensor::empty(shape, dtype);
  nn::cast(exact, converted);
  return converted;
}

std::vector<double> doubles_of(const io::StoredTensor& stored) {
  if (stored.type == io::ElementType::f64) return stored.values<double>();
  const std::vector<float> values = stored.values<float>();
  return {values.begin(), values.end()};
}

/// What the script stores of a gradient: samples at even distances, the norm, the product with the formula's numbers.
std::vector<double> summary_of(const Tensor& gradient, std::uint32_t number) {
  const std::vector<double> all = test::values_of(gradient);
  const std::vector<double> factors = test::golden_values(test::golden_projection + number, gradient.elements());
  const auto stride = static_cast<std::size_t>((gradient.elements() + test::golden_samples - 1) / test::golden_samples);
  std::vector<double> summary;
  for (std::size_t i = 0; i < all.size(); i += stride) summary.push_back(all[i]);
  double squares = 0, product = 0;
  for (std::size_t i = 0; i < all.size(); ++i) {
    squares += all[i] * all[i];
    product += all[i] * factors[i];
  }
  summary.push_back(std::sqrt(squares));
  summary.push_back(product);
  return summary;
}

/// A network in the state in which the script starts, and its one batch.
class GoldenRun {
 public:
  GoldenRun(const std::string& name, DType dtype)
      : file_(io::read_safetensors("tests/golden/" + name + ".safetensors")),
        dtype_(dtype),
        model_(models::make_model(name, {.dropout = 0.0})),
        buffers_(nn::group_by_weight_decay(model_->parameters()), dtype, nn::Device::cpu) {
    model_->convert(dtype);
    set_parameters();
    Shape input{};
    std::istringstream(file_.metadata.at("input")) >> input.n >> input.h >> input.w >> input.c;
    x_ = tensor_of(input, test::golden_values(test::golden_input, input.elements()), dtype);
    std::vector<double> labels = test::golden_values(test::golden_labels, input.n * 6);
    for (double& label : labels) label = label > 0 ? 1 : 0;
    targets_ = tensor_of(nn::matrix_shape(input.n, 6), labels, dtype);
    weights_ = tensor_of(nn::vector_shape(6), {2, 1, 1, 1, 1, 1}, dtype);
    learning_rate_ = std::stod(file_.metadata.at("learning_rate"));
  }

  nn::Module& model() { return *model_; }

  /// Forward and backward; the loss.
  double gradients() {
    buffers_.clear_gradients();
    nn::Tape tape;
    const nn::Variable logits = (*model_)(nn::Variable(x_, &tape), {.training = true});
    const nn::Variable loss = nn::sigmoid_bce(logits, targets_, {}, weights_);
    logits_ = nn::clone(logits.value());
    tape.backward(loss);
    return loss.value().item();
  }
  const Tensor& logits() const { return logits_; }

  /// value -= learning_rate * gradient, over all parameters.
  void step() {
    if (dtype_ == DType::f64) {
      descend<double>();
    } else {
      descend<float>();
    }
  }

  Tensor evaluate() { return (*model_)(nn::Variable(x_), {}).value(); }

  double error(const std::vector<double>& values, const std::string& what) const {
    return test::normalised_error(values, doubles_of(file_.at(std::string(name(dtype_)) + "/" + what)));
  }

 private:
  /// As set_parameters of the script: He's uniform bound for weights, scales of batch norm near 1, the rest near 0.
  void set_parameters() {
    std::uint32_t number = 0;
    for (const auto& [path, parameter] : model_->parameters()) {
      const Shape& shape = parameter->shape();
      std::vector<double> values = test::golden_values(number++, shape.elements());
      const bool is_vector = shape.rows() == 1;
      const bool is_scale = is_vector && path.find("norm") != std::string::npos && path.ends_with("weight");
      const double bound = std::sqrt(6.0 / static_cast<double>(shape.h * shape.w * shape.c));
      for (double& value : values) value = is_vector ? 0.1 * value + (is_scale ? 1.0 : 0.0) : value * bound;
      nn::copy_into(tensor_of(shape, values, dtype_), parameter->value());
    }
  }
  template <class T>
  void descend() {
    T* value = buffers_.values().data<T>();
    const T* gradient = buffers_.gradients().data<T>();
    for (std::int64_t i = 0; i < buffers_.values().elements(); ++i) {
      value[i] -= static_cast<T>(learning_rate_) * gradient[i];
    }
  }

  io::Safetensors file_;
  DType dtype_;
  std::unique_ptr<nn::Module> model_;
  nn::ParameterBuffers buffers_;
  Tensor x_, targets_, weights_, logits_;
  double learning_rate_ = 0;
};

/// Largest relative errors allowed.
struct Tolerance {
  double logits, losses, evaluation;
};

void expect_ten_steps_as_pytorch(const std::string& name, DType dtype, const Tolerance& tolerance) {
  GoldenRun run(name, dtype);
  std::vector<double> losses{run.gradients()};
  EXPECT_LT(run.error(test::values_of(run.logits()), "logits"), tolerance.logits);
  for (int step = 0; step < 9; ++step) {
    run.step();
    losses.push_back(run.gradients());
  }
  run.step();
  EXPECT_LT(run.error(test::values_of(run.evaluate()), "evaluation"), tolerance.evaluation);
  if (dtype == DType::f64) {
    for (const auto& [path, buffer] : run.model().buffers()) {
      EXPECT_LT(run.error(test::values_of(*buffer), "buffer/" + path), tolerance.evaluation) << path;
    }
  }
  losses.push_back(run.gradients());
  EXPECT_LT(run.error(losses, "losses"), tolerance.losses);
}

void expect_every_gradient_as_pytorch(const std::string& name, double tolerance) {
  GoldenRun run(name, DType::f64);
  run.gradients();
  std::uint32_t number = 0;
  for (const auto& [path, parameter] : run.model().parameters()) {
    EXPECT_LT(run.error(summary_of(parameter->gradient(), number++), "gradient/" + path), tolerance) << path;
  }
}

// Measured: at most 7.5e-15 (stage3.down.weight).
TEST(Golden, EveryGradientOfCnn2019IsPyTorchs) { expect_every_gradient_as_pytorch("cnn-2019", 3e-14); }
TEST(Golden, EveryGradientOfCnnIsPyTorchs) { expect_every_gradient_as_pytorch("cnn", 3e-14); }

// Measured: at most 2.3e-15.
constexpr Tolerance in_double{.logits = 1e-14, .losses = 1e-14, .evaluation = 1e-14};
TEST(Golden, TenStepsOfCnn2019ArePyTorchsInDouble) { expect_ten_steps_as_pytorch("cnn-2019", DType::f64, in_double); }
TEST(Golden, TenStepsOfCnnArePyTorchsInDouble) { expect_ten_steps_as_pytorch("cnn", DType::f64, in_double); }

// Measured over all SIMD targets: logits 8e-7, losses 1.6e-7, evaluation 1.2e-6. PyTorch's own f32 losses differ from
// its f64 ones by 1e-7.
constexpr Tolerance in_single{.logits = 3e-6, .losses = 6e-7, .evaluation = 4e-6};
TEST(Golden, TenStepsOfCnn2019ArePyTorchsInSingle) { expect_ten_steps_as_pytorch("cnn-2019", DType::f32, in_single); }
TEST(Golden, TenStepsOfCnnArePyTorchsInSingle) { expect_ten_steps_as_pytorch("cnn", DType::f32, in_single); }

}  // namespace
