#include "tests/models/golden_run.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <iomanip>
#include <set>
#include <sstream>

#include "nn/autograd/tape.h"
#include "nn/cpu/choice/conv_choice.h"
#include "nn/cpu/target/simd_target.h"
#include "nn/ops/cast.h"
#include "nn/ops/loss.h"
#include "nn/tensor/copy.h"
#include "tests/models/golden_formula.h"
#include "tests/support/compare.h"

namespace test {
namespace {

using nn::DType;
using nn::Shape;
using nn::Tensor;

constexpr std::int64_t labels = 6;

Tensor tensor_of(Shape shape, const std::vector<double>& values, DType dtype) {
  Tensor converted = Tensor::empty(shape, dtype);
  nn::copy_converted(Tensor::from(shape, std::span<const double>(values)), converted);
  return converted;
}

/// "features.conv0.weight 64 3 7 7\n", as a weight file would list it.
std::string line_of(const std::string& path, int rank, const Shape& shape) {
  std::ostringstream line;
  line << path << ' ' << (rank == 1 ? shape.c : shape.n);
  if (rank > 1) line << ' ' << shape.c;
  if (rank > 2) line << ' ' << shape.h << ' ' << shape.w;
  line << '\n';
  return line.str();
}

std::uint64_t fnv1a(const std::string& text) {
  std::uint64_t value = 0xcbf29ce484222325U;
  for (const char character : text) value = (value ^ static_cast<unsigned char>(character)) * 0x100000001b3U;
  return value;
}

/// Samples at even distances, the norm, the product with the formula's numbers.
std::vector<double> summary_of(const Tensor& tensor, std::uint32_t number) {
  const std::vector<double> all = values_of(tensor);
  const std::vector<double> factors = golden_values(golden_projection + number, tensor.elements());
  const auto stride = static_cast<std::size_t>((tensor.elements() + golden_samples - 1) / golden_samples);
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

/// The norm within a summary.
double norm_in(const std::vector<double>& summary) { return summary[summary.size() - 2]; }

train::OptimizerOptions optimizer_options(train::OptimizerKind kind) {
  return {.kind = kind,
          .weight_decay = kind == train::OptimizerKind::sgd ? 1e-4 : 0.1,
          .momentum = 0.9,
          .max_gradient_norm = 0};
}

double stored_rate(const io::Safetensors& file, train::OptimizerKind kind) {
  return std::stod(file.metadata.at(std::string(train::name(kind)) + "_learning_rate"));
}

std::unique_ptr<nn::Module> converted(std::unique_ptr<nn::Module> network, const train::Compute& compute) {
  network->convert(nn::full_precision(compute.dtype), compute.device);
  return network;
}

/// Whether FALX_CONV or FALX_CPU has other kernels than the usual ones.
bool kernels_are_forced() {
  return nn::cpu::conv_choice() != "auto" || nn::cpu::simd_target() != nn::cpu::simd_targets().front();
}

/// What f32 may err when kernels are forced. They round otherwise (F(4x4,3x3) most: gradients 1.3e-5), and within ten
/// steps that may turn a ReLU or a maximum over, from where on the runs part: thin-vgg-bn by F(4x4,3x3) has PyTorch's
/// losses to 4e-7 for six steps, then to 2.9e-4; answers after ten steps are up to 8.1e-3 apart (thin-densenet by
/// F(4x4)).
constexpr double forced_gradient = 5e-5;
constexpr GoldenTolerance forced_steps{.logits = 1e-5, .losses = 1e-3, .parameters = 0, .evaluation = 1e-2};

double allowed(double usual, double forced, DType dtype) {
  return dtype != DType::f64 && kernels_are_forced() ? std::max(usual, forced) : usual;
}

}  // namespace

std::string describe_tensors(nn::Module& network) {
  std::set<std::string> lines;
  for (const auto& [path, parameter] : network.parameters()) {
    lines.insert(line_of(path, parameter->options().file_rank, parameter->shape()));
  }
  for (const auto& [path, buffer] : network.buffers()) lines.insert(line_of(path, 1, buffer->shape()));
  std::string text;
  for (const std::string& line : lines) text += line;
  std::ostringstream description;
  description << lines.size() << ' ' << std::hex << std::setfill('0') << std::setw(16) << fnv1a(text);
  return description.str();
}

GoldenRun::GoldenRun(const std::string& file, const MakeNetwork& make, const train::Compute& compute,
                     train::OptimizerKind optimizer)
    : file_(io::read_safetensors("tests/golden/" + file + ".safetensors")),
      compute_(compute),
      network_(converted(make(), compute)),
      buffers_(nn::group_by_weight_decay(network_->parameters()), compute.dtype, compute.device),
      optimizer_(buffers_, optimizer_options(optimizer)),
      learning_rate_(stored_rate(file_, optimizer)) {
  set_parameters(*network_);
  Shape input{};
  std::istringstream(file_.metadata.at("input")) >> input.n >> input.h >> input.w >> input.c;
  const DType dtype = nn::full_precision(compute.dtype);
  x_ = Tensor::empty(input, compute.dtype, compute.device);
  nn::copy_converted(tensor_of(input, golden_values(golden_input, input.elements()), dtype), x_);
  std::vector<double> answers = golden_values(golden_labels, input.n * labels);
  for (double& answer : answers) answer = answer > 0 ? 1 : 0;
  targets_ = nn::to_device(tensor_of(nn::matrix_shape(input.n, labels), answers, dtype), compute.device);
  label_weights_ = nn::to_device(tensor_of(nn::vector_shape(labels), {2, 1, 1, 1, 1, 1}, dtype), compute.device);
}

void set_parameters(nn::Module& network) {
  std::uint32_t number = 0;
  for (const auto& [path, parameter] : network.parameters()) {
    const Shape& shape = parameter->shape();
    std::vector<double> values = golden_values(number++, shape.elements());
    const bool is_vector = shape.rows() == 1;
    const bool is_scale = parameter->options().initializer == nn::init::ones;
    const double bound = std::sqrt(6.0 / static_cast<double>(shape.h * shape.w * shape.c));
    for (double& value : values) value = is_vector ? 0.1 * value + (is_scale ? 1.0 : 0.0) : value * bound;
    nn::copy_into(tensor_of(shape, values, parameter->value().dtype()), parameter->value());
    parameter->update_copy();
  }
}

double GoldenRun::gradients() {
  buffers_.clear_gradients();
  nn::Tape tape;
  const nn::Variable logits =
      nn::cast_to((*network_)(nn::Variable(x_, &tape), {.training = true}), nn::full_precision(compute_.dtype));
  const nn::Variable loss = nn::sigmoid_bce(logits, targets_, {}, label_weights_);
  logits_ = nn::clone(logits.value());
  tape.backward(loss);
  return values_of(loss.value()).front();
}

void GoldenRun::step() { optimizer_.step(learning_rate_); }

Tensor GoldenRun::evaluate() { return (*network_)(nn::Variable(x_), {}).value(); }

std::vector<double> GoldenRun::expected(DType dtype, const std::string& what) const {
  const io::StoredTensor& stored = file_.at(std::string(nn::name(nn::full_precision(dtype))) + "/" + what);
  if (stored.type == io::ElementType::f64) return stored.values<double>();
  const std::vector<float> values = stored.values<float>();
  return {values.begin(), values.end()};
}

void expect_gradients_as_pytorch(const std::string& file, const MakeNetwork& make, DType dtype, double tolerance,
                                 const std::map<std::string, double>& exceptions) {
  expect_gradients_as_pytorch(file, make, train::Compute{.dtype = dtype}, tolerance, exceptions);
}

void expect_gradients_as_pytorch(const std::string& file, const MakeNetwork& make, const train::Compute& compute,
                                 double tolerance, const std::map<std::string, double>& exceptions) {
  GoldenRun run(file, make, compute, train::OptimizerKind::sgd);
  run.gradients();
  const double usual = allowed(tolerance, forced_gradient, compute.dtype);
  std::uint32_t number = 0;
  for (const auto& [path, parameter] : run.network().parameters()) {
    const std::vector<double> actual = summary_of(parameter->gradient(), number++);
    const std::vector<double> expected = run.expected(DType::f64, "gradient/" + path);
    if (norm_in(expected) < golden_zero) {
      EXPECT_LT(norm_in(actual), usual) << path << ", which is identically zero";
    } else {
      const auto exception = exceptions.find(path);
      EXPECT_LT(normalised_error(actual, expected), exception == exceptions.end() ? usual : exception->second) << path;
    }
  }
}

namespace {

/// Parameters and running statistics after the steps.
void expect_state_as_pytorch(GoldenRun& run, const std::string& optimizer, const GoldenTolerance& tolerance) {
  std::uint32_t number = 0;
  for (const auto& [path, parameter] : run.network().parameters()) {
    const std::vector<double> actual = summary_of(parameter->value(), number++);
    if (norm_in(run.expected(DType::f64, "gradient/" + path)) < golden_zero) continue;
    EXPECT_LT(normalised_error(actual, run.expected(DType::f64, nn::message(optimizer, "/parameter/", path))),
              tolerance.parameters)
        << path;
  }
  number = 0;
  for (const auto& [path, buffer] : run.network().buffers()) {
    const std::vector<double> actual = summary_of(*buffer, number++);
    EXPECT_LT(normalised_error(actual, run.expected(DType::f64, nn::message(optimizer, "/buffer/", path))),
              tolerance.running_statistics)
        << path;
  }
}

}  // namespace

void expect_ten_steps_as_pytorch(const std::string& file, const MakeNetwork& make, DType dtype,
                                 train::OptimizerKind optimizer, const GoldenTolerance& tolerance) {
  expect_ten_steps_as_pytorch(file, make, train::Compute{.dtype = dtype}, optimizer, tolerance);
}

void expect_ten_steps_as_pytorch(const std::string& file, const MakeNetwork& make, const train::Compute& compute,
                                 train::OptimizerKind optimizer, const GoldenTolerance& tolerance) {
  const DType dtype = compute.dtype;
  GoldenRun run(file, make, compute, optimizer);
  const std::string prefix = std::string(train::name(optimizer)) + "/";
  std::vector<double> losses{run.gradients()};
  EXPECT_LT(normalised_error(values_of(run.logits()), run.expected(dtype, "logits")),
            allowed(tolerance.logits, forced_steps.logits, dtype));
  for (int step = 0; step < 9; ++step) {
    run.step();
    losses.push_back(run.gradients());
  }
  run.step();
  if (dtype == DType::f64) expect_state_as_pytorch(run, std::string(train::name(optimizer)), tolerance);
  EXPECT_LT(normalised_error(values_of(run.evaluate()), run.expected(dtype, prefix + "evaluation")),
            allowed(tolerance.evaluation, forced_steps.evaluation, dtype));
  losses.push_back(run.gradients());
  EXPECT_LT(normalised_error(losses, run.expected(dtype, prefix + "losses")),
            allowed(tolerance.losses, forced_steps.losses, dtype));
}

}  // namespace test
