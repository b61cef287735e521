#include "nn/ops/loss.h"

#include <gtest/gtest.h>

#include <cmath>

#include "nn/autograd/tape.h"
#include "nn/kernels/fill.h"
#include "tests/support/compare.h"
#include "tests/support/golden.h"
#include "tests/support/register_op_cases.h"

namespace {

using nn::Tensor;
using nn::Variable;
using test::Input;
using test::Role;
using test::Variables;

// Inputs: logits, targets, mask, weights. Only logits have a gradient.
Variables bce(const Variables& in) { return {nn::sigmoid_bce(in[0], in[1].value(), in[2].value(), in[3].value())}; }
Variables bce_without_mask(const Variables& in) {
  return {nn::sigmoid_bce(in[0], in[1].value(), Tensor(), in[2].value())};
}

Input data(nn::Shape shape, test::Values values) {
  return {.shape = shape, .values = values, .gradient = false, .role = Role::vector};
}

const nn::Shape six_labels{5, 1, 1, 6};
const Input challenge_weights = data({1, 1, 1, 6}, test::listed({2, 1, 1, 1, 1, 1}));

const bool registered_bce = test::register_op_cases(
    "SigmoidBce", {{.name = "OfChallengeLabels",
                    .inputs = {{.shape = six_labels, .role = Role::vector},
                               data(six_labels, test::zeros_and_ones()),
                               challenge_weights},
                    .function = bce_without_mask},
                   {.name = "WithMaskAndSoftTargets",
                    .inputs = {{.shape = six_labels, .role = Role::vector},
                               data(six_labels, test::uniform(0, 1)),
                               data(six_labels, test::zeros_and_ones(0.6)),
                               challenge_weights},
                    .function = bce},
                   {.name = "WithLargeLogits",
                    .inputs = {{.shape = six_labels, .values = test::normal(0, 12), .role = Role::vector},
                               data(six_labels, test::zeros_and_ones()),
                               challenge_weights},
                    .function = bce_without_mask},
                   {.name = "OfOneImage",
                    .inputs = {{.shape = {1, 1, 1, 13}, .role = Role::vector},
                               data({1, 1, 1, 13}, test::zeros_and_ones()),
                               data({1, 1, 1, 13}, test::uniform(0.5, 2))},
                    .function = bce_without_mask}});

// Inputs: logits, classes.
Variables cross_entropy(const Variables& in) { return {nn::softmax_cross_entropy(in[0], in[1].value())}; }
Input classes(std::int64_t n, int count) {
  return {
      .shape = {n, 1, 1, 1}, .values = test::whole_numbers_below(count), .gradient = false, .dtype = nn::DType::i32};
}

const bool registered_cross_entropy = test::register_op_cases(
    "SoftmaxCrossEntropy",
    {{.name = "OfSevenClasses",
      .inputs = {{.shape = {5, 1, 1, 7}, .role = Role::vector}, classes(5, 7)},
      .function = cross_entropy},
     {.name = "WithLargeLogits",
      .inputs = {{.shape = {3, 1, 1, 13}, .values = test::normal(0, 50), .role = Role::vector}, classes(3, 13)},
      .function = cross_entropy},
     {.name = "OfOneImage",
      .inputs = {{.shape = {1, 1, 1, 3}, .role = Role::vector}, classes(1, 3)},
      .function = cross_entropy}});

TEST(SigmoidBce, EqualsPyTorch) {
  const auto golden = test::read_golden("tests/nn/ops/golden/loss.txt");
  nn::Tape tape;
  const Variable z = Variable::leaf(golden.at("z"), &tape);
  const Variable loss = nn::sigmoid_bce(z, golden.at("targets"), Tensor(), golden.at("weights"));
  EXPECT_NEAR(loss.value().item(), golden.at("bce").item(), 1e-14);
  tape.backward(loss);
  EXPECT_EQ(test::difference("dz", z.gradient(), golden.at("dbce"), 1e-14), "");
}

TEST(SoftmaxCrossEntropy, EqualsPyTorch) {
  const auto golden = test::read_golden("tests/nn/ops/golden/loss.txt");
  const Tensor numbers = Tensor::empty({5, 1, 1, 1}, nn::DType::i32);
  nn::cast(golden.at("classes"), numbers);
  nn::Tape tape;
  const Variable z = Variable::leaf(golden.at("class_logits"), &tape);
  const Variable loss = nn::softmax_cross_entropy(z, numbers);
  EXPECT_NEAR(loss.value().item(), golden.at("cross_entropy").item(), 1e-14);
  tape.backward(loss);
  EXPECT_EQ(test::difference("dz", z.gradient(), golden.at("dclass"), 1e-14), "");
}

/// The loss of two images and three labels, weights 2, 1, 1.
double loss_of(std::initializer_list<double> logits, std::initializer_list<double> targets,
               std::initializer_list<double> mask) {
  const nn::Shape shape{2, 1, 1, 3};
  return nn::sigmoid_bce(Variable(Tensor::from<double>(shape, logits)), Tensor::from<double>(shape, targets),
                         Tensor::from<double>(shape, mask), Tensor::from<double>({1, 1, 1, 3}, {2, 1, 1}))
      .value()
      .item();
}

TEST(SigmoidBce, OfNoOpinionIsLogTwoWhateverIsKnown) {
  EXPECT_NEAR(loss_of({0, 0, 0, 0, 0, 0}, {0, 1, 0, 1, 1, 0}, {1, 1, 1, 1, 1, 1}), std::log(2), 1e-15);
  EXPECT_NEAR(loss_of({0, 0, 0, 0, 0, 0}, {0, 1, 0, 1, 1, 0}, {1, 0, 1, 0, 0, 1}), std::log(2), 1e-15);
}

TEST(SigmoidBce, AveragesEachLabelOverItsKnownEntries) {
  // Label 0 is known once, label 1 never, label 2 twice: (2 b_00 + (b_02 + b_12) / 2) / (2 + 1).
  const auto b = [](double z) { return std::log1p(std::exp(-z)); };  // target 1
  EXPECT_NEAR(loss_of({0.5, 9, 1, 9, 9, -2}, {1, 1, 1, 1, 1, 1}, {1, 0, 1, 0, 0, 1}),
              (2 * b(0.5) + (b(1) + b(-2)) / 2) / 3, 1e-15);
}

TEST(SigmoidBce, OfNothingKnownIsZeroWithAZeroGradient) {
  const nn::Shape shape{2, 1, 1, 3};
  nn::Tape tape;
  const Variable z = Variable::leaf(Tensor::from<double>(shape, {1, 2, 3, 4, 5, 6}), &tape);
  const Variable loss =
      nn::sigmoid_bce(z, Tensor::from<double>(shape, {NAN, 0, 0, 0, 0, 0}), Tensor::zeros(shape, nn::DType::f64),
                      Tensor::from<double>({1, 1, 1, 3}, {2, 1, 1}));
  EXPECT_EQ(loss.value().item(), 0);
  tape.backward(loss);
  EXPECT_EQ(z.gradient().to_vector<double>(), std::vector<double>(6, 0.0));
}

TEST(SigmoidBce, KeepsWhatIsSmallAndDoesNotOverflow) {
  const nn::Shape one{1, 1, 1, 1};
  const auto loss = [&](float z, float target) {
    return nn::sigmoid_bce(Variable(Tensor::from<float>(one, {z})), Tensor::from<float>(one, {target}), Tensor(),
                           Tensor::from<float>(one, {1}))
        .value()
        .item();
  };
  EXPECT_FLOAT_EQ(static_cast<float>(loss(40, 1)), std::exp(-40.0F));
  EXPECT_EQ(loss(1000, 0), 1000);
  EXPECT_EQ(loss(-1000, 0), 0);
}

TEST(SigmoidBce, RefusesWeightsThatAreNoVectorOfTheLabels) {
  const Variable z(Tensor::zeros({2, 1, 1, 3}));
  EXPECT_THROW(nn::sigmoid_bce(z, z.value(), Tensor(), Tensor::zeros({3, 1, 1, 1})), nn::Error);
  EXPECT_THROW(nn::sigmoid_bce(z, z.value(), Tensor(), Tensor::zeros({1, 1, 1, 2})), nn::Error);
}

TEST(SoftmaxCrossEntropy, RefusesAClassThatDoesNotExist) {
  const Variable z(Tensor::zeros({2, 1, 1, 3}));
  EXPECT_THROW(nn::softmax_cross_entropy(z, Tensor::from<std::int32_t>({2, 1, 1, 1}, {0, 3})), nn::Error);
  EXPECT_THROW(nn::softmax_cross_entropy(z, Tensor::from<std::int32_t>({2, 1, 1, 1}, {-1, 0})), nn::Error);
}

}  // namespace
