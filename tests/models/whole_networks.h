// The program's networks, whole, on a device beside the CPU: the loss and the gradients of one step, and ten steps.
//
// One step is compared by numbers, ten only where the network lets them stay together: an update carries a step's
// rounding into the next, and batch norm of a few values or a ReLU near zero enlarges it. The same ten steps on the
// CPU, by its usual convolutions and by direct ones, part by 3.8 % in DenseNet121, 5.4 % in VGG16, and less than 1e-4
// in cnn.
#pragma once

#include <limits>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "nn/core/dtype.h"
#include "train/compute.h"

namespace test {

struct WholeNetwork {
  std::string model;
  nn::DType dtype;
  // How far a device may be from the CPU in f32, relative:
  double loss;          // of the first step
  double gradient;      // all gradients as one vector: |difference| / |gradient|
  double worst_tensor;  // the same of each parameter's
  double ten_losses = std::numeric_limits<double>::infinity();  // each of ten; they have to fall in any case
};
/// cnn, DenseNet121 and VGG16 in f32 and bf16, with bounds that tests/device/whole_networks_test.cpp measures.
std::vector<WholeNetwork> whole_networks();

/// On `compute.device`, whatever stands behind it.
struct FirstStep {
  double loss = 0;
  std::vector<std::pair<std::string, std::vector<double>>> gradients;  // by the parameter's path
};
FirstStep first_step(const std::string& model, const train::Compute& compute);
void expect_first_step_near(const WholeNetwork& network, const FirstStep& found, const FirstStep& expected);

/// Ten steps on one batch, so that the loss falls.
struct Training {
  std::vector<double> losses;
  std::string weights;  // their hash

  bool operator==(const Training&) const = default;
};
Training train_ten_steps(const std::string& model, const train::Compute& compute);
void expect_ten_steps_near(const WholeNetwork& network, const Training& found, const Training& expected);

/// Names them for INSTANTIATE_TEST_SUITE_P: "SlowVgg16InBf16".
std::string test_name(const WholeNetwork& network);
void PrintTo(const WholeNetwork& network, std::ostream* out);

}  // namespace test
