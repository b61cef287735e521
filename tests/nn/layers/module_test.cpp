// Names, initial values, precision and notes of modules.
#include "nn/layers/module.h"

#include <gtest/gtest.h>

#include <cmath>

#include "nn/autograd/tape.h"
#include "nn/layers/conv2d.h"
#include "nn/layers/linear.h"
#include "nn/layers/relu.h"
#include "nn/layers/sequential.h"

namespace nn {
namespace {

class Branch : public Module {
 public:
  explicit Branch(std::int64_t width)
      : conv_(add_child<Conv2d>("conv", width, 2 * width, Conv2d::Options{.kernel = 3, .padding = pad(1)})),
        scale_(add_parameter("scale", vector_shape(width), {.initializer = init::ones})) {
    add_buffer("mean", Tensor::zeros(vector_shape(width)));
  }
  const char* kind() const override { return "Branch"; }

 protected:
  Variable forward(const Variable& x, const Context& context) override { return conv_(x, context); }

 private:
  Conv2d& conv_;
  Parameter& scale_;
};

class Root : public Module {
 public:
  Root() : left_(add_child<Branch>("left", 3)), right_(add_child<Branch>("right", 6)) {}
  const char* kind() const override { return "Root"; }

 protected:
  Variable forward(const Variable& x, const Context& context) override { return right_(left_(x, context), context); }

 private:
  Branch &left_, &right_;
};

std::vector<std::string> paths(const auto& entries) {
  std::vector<std::string> list;
  for (const auto& entry : entries) list.push_back(entry.path);
  return list;
}

TEST(Module, PathsAreDottedFromTheRoot) {
  Root root;
  EXPECT_EQ(paths(root.parameters()),
            (std::vector<std::string>{"left.scale", "left.conv.weight", "left.conv.bias", "right.scale",
                                      "right.conv.weight", "right.conv.bias"}));
  EXPECT_EQ(paths(root.buffers()), (std::vector<std::string>{"left.mean", "right.mean"}));
  EXPECT_EQ(root.parameter_count(), 3 + 6 * 27 + 6 + 6 + 12 * 54 + 12);
}

TEST(Module, RefusesANameTwiceOrWithADot) {
  class Twice : public Module {
   public:
    explicit Twice(const char* second) {
      add_parameter("weight", vector_shape(1));
      add_buffer(second, Tensor::zeros(vector_shape(1)));
    }
    const char* kind() const override { return "Twice"; }

   protected:
    Variable forward(const Variable& x, const Context&) override { return x; }
  };
  EXPECT_NO_THROW(Twice("other"));
  EXPECT_THROW(Twice("weight"), Error);
  EXPECT_THROW(Twice("a.b"), Error);
  EXPECT_THROW(Twice(""), Error);
}

TEST(Module, TheObserverIsToldOfEachLeafLayer) {
  struct Notes : LayerObserver {
    std::vector<LayerNote> list;
    void note(const LayerNote& note) override { list.push_back(note); }
  } notes;
  Root root;
  root(Variable(Tensor::zeros({2, 5, 7, 3})), {.observer = &notes});
  ASSERT_EQ(notes.list.size(), 2U);
  const LayerNote& second = notes.list[1];
  EXPECT_EQ(second.path, "right.conv");
  EXPECT_STREQ(second.kind, "Conv2d");
  EXPECT_EQ(second.input, (Shape{2, 5, 7, 6}));
  EXPECT_EQ(second.output, (Shape{2, 5, 7, 12}));
  EXPECT_EQ(second.parameters, 12 * 54 + 12);
  EXPECT_EQ(second.multiply_adds, 5 * 7 * 12 * 54) << "of one image, whatever the batch";
}

TEST(Module, InitialValuesDependOnSeedAndNameAlone) {
  Root one, same, other;
  one.initialize(7);
  same.initialize(7);
  other.initialize(8);
  Branch left_alone(3);  // its paths have no "left." in front
  left_alone.initialize(7);
  const auto weight = [](Module& module, std::size_t i) { return module.parameters()[i].parameter->value(); };
  const std::vector<float> values = weight(one, 1).to_vector<float>();
  EXPECT_EQ(values, weight(same, 1).to_vector<float>());
  EXPECT_NE(values, weight(other, 1).to_vector<float>());
  EXPECT_NE(values, weight(left_alone, 1).to_vector<float>());
  EXPECT_EQ(weight(one, 0).to_vector<float>(), std::vector<float>(3, 1.0F));
  EXPECT_EQ(weight(one, 2).to_vector<float>(), std::vector<float>(6, 0.0F));
}

TEST(Module, ConvertKeepsValuesAndFrozenParametersFrozen) {
  Root root;
  root.initialize(1);
  const auto entries = root.parameters();
  const std::vector<float> before = entries[1].parameter->value().to_vector<float>();
  entries[1].parameter->set_trainable(false);
  root.convert(DType::f64);
  EXPECT_EQ(root.buffers()[0].buffer->dtype(), DType::f64);
  EXPECT_FALSE(entries[1].parameter->trainable());
  EXPECT_TRUE(entries[4].parameter->trainable());
  const std::vector<double> after = entries[1].parameter->value().to_vector<double>();
  EXPECT_EQ(std::vector<double>(before.begin(), before.end()), after);
  EXPECT_EQ(entries[4].parameter->gradient().dtype(), DType::f64);
}

TEST(Module, AFrozenParameterGetsNoGradientAndOthersDo) {
  Root root;
  root.initialize(1);
  const auto entries = root.parameters();
  entries[1].parameter->set_trainable(false);  // left.conv.weight
  Tape tape;
  const Variable y = root(Variable(Tensor::zeros({1, 4, 4, 3}), &tape), {});
  const Tensor dy = Tensor::empty(y.shape());
  for (std::int64_t i = 0; i < dy.elements(); ++i) dy.data<float>()[i] = 1;
  tape.backward_from(y, dy);
  EXPECT_THROW(entries[1].parameter->gradient(), Error);
  EXPECT_EQ(entries[5].parameter->gradient().to_vector<float>(), std::vector<float>(12, 16.0F));
}

TEST(Sequential, RunsInOrderAndNamesByPlace) {
  Sequential layers;
  layers.add<Linear>(2, 3);
  layers.add<Relu>();
  layers.add_named<Linear>("last", 3, 1);
  EXPECT_EQ(paths(layers.parameters()), (std::vector<std::string>{"0.weight", "0.bias", "last.weight", "last.bias"}));
  layers.parameters()[1].parameter->value().data<float>()[0] = -1;  // 0.bias: relu cuts the first
  layers.parameters()[1].parameter->value().data<float>()[1] = 2;
  for (int i = 0; i < 3; ++i) layers.parameters()[2].parameter->value().data<float>()[i] = 10;
  EXPECT_EQ(layers(Variable(Tensor::zeros(matrix_shape(1, 2))), {}).value().item(), 20);
}

}  // namespace
}  // namespace nn
