// A network trained beside PyTorch: tests/golden/golden.py says what PyTorch did and what its files hold.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "io/files/safetensors.h"
#include "nn/layers/module.h"
#include "nn/layers/parameter_buffers.h"
#include "train/compute.h"
#include "train/optimizer.h"

namespace test {

/// Makes the network of a golden file: six logits, no dropout; its parameters are then set by the formula.
using MakeNetwork = std::function<std::unique_ptr<nn::Module>()>;

/// As set_parameters of golden.py: He's uniform bound for weights, scales of batch norm near 1, biases near 0.
void set_parameters(nn::Module& network);

/// The names and shapes of parameters and buffers as a weight file has them: describe() of golden.py, "TENSORS HASH".
std::string describe_tensors(nn::Module& network);

/// A network in the state in which the script starts, and its one batch.
class GoldenRun {
 public:
  /// `file` "cnn" is tests/golden/cnn.safetensors. In bf16 the loss, and all that is learned, is f32.
  GoldenRun(const std::string& file, const MakeNetwork& make, const train::Compute& compute,
            train::OptimizerKind optimizer);

  nn::Module& network() { return *network_; }
  /// Forward and backward in training mode; the loss.
  double gradients();
  /// {n, 6}, of the last gradients().
  const nn::Tensor& logits() const { return logits_; }
  /// The optimizer's update from these gradients.
  void step();
  /// {n, 6}: logits in evaluation mode.
  nn::Tensor evaluate();

  /// What the file holds under "f64/" or "f32/" and `what`.
  std::vector<double> expected(nn::DType dtype, const std::string& what) const;

 private:
  io::Safetensors file_;
  train::Compute compute_;
  std::unique_ptr<nn::Module> network_;
  nn::ParameterBuffers buffers_;
  train::Optimizer optimizer_;
  double learning_rate_;
  nn::Tensor x_, targets_, label_weights_, logits_;
};

/// Every gradient of the first step against PyTorch's f64 ones, by normalised error. `exceptions`: tolerances by path,
/// for gradients whose terms all but cancel.
void expect_gradients_as_pytorch(const std::string& file, const MakeNetwork& make, const train::Compute& compute,
                                 double tolerance, const std::map<std::string, double>& exceptions = {});
/// On the CPU.
void expect_gradients_as_pytorch(const std::string& file, const MakeNetwork& make, nn::DType dtype, double tolerance,
                                 const std::map<std::string, double>& exceptions = {});

/// Largest normalised errors allowed.
struct GoldenTolerance {
  double logits;                      // before any step
  double losses;                      // eleven, of ten steps
  double parameters;                  // after them, where the gradient is not identically zero; f64 only
  double evaluation;                  // logits after them
  double running_statistics = 1e-12;  // after them; f64 only
};
/// Ten steps against PyTorch's of the same precision; in bf16, against its f32 ones.
void expect_ten_steps_as_pytorch(const std::string& file, const MakeNetwork& make, const train::Compute& compute,
                                 train::OptimizerKind optimizer, const GoldenTolerance& tolerance);
/// On the CPU.
void expect_ten_steps_as_pytorch(const std::string& file, const MakeNetwork& make, nn::DType dtype,
                                 train::OptimizerKind optimizer, const GoldenTolerance& tolerance);

}  // namespace test
