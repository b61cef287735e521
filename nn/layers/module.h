// A layer or a network: named parameters, named buffers, named children, and a forward pass.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "nn/autograd/variable.h"
#include "nn/layers/context.h"
#include "nn/layers/parameter.h"

namespace nn {

/// The dotted path of names from the root is the name in the weight file: PyTorch's names ("features.conv0.weight").
class Module {
 public:
  virtual ~Module() = default;
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;

  /// Runs forward() and tells context.observer, if there is one, of a leaf layer.
  Variable operator()(const Variable& x, const Context& context);
  /// The same, written into `y`, a variable of the output's shape: usually a channel range of a buffer. Returns y. An
  /// error if the layer has no such form.
  Variable into(const Variable& x, const Variable& y, const Context& context);

  /// "Conv2d", "BatchNorm2d": PyTorch's names of the layers.
  virtual const char* kind() const = 0;
  /// Multiply-adds of one image, for tables.
  virtual std::int64_t multiply_adds(const Shape& /*input*/, const Shape& /*output*/) const { return 0; }

  /// Tells context.observer, if there is one, that this layer has run; `with_next`: in one with the layer that tells
  /// next. operator() and into() do it for leaf layers.
  void tell_observer(const Shape& input, const Shape& output, const Context& context, bool with_next = false);

  /// Dotted name from the root; empty at the root.
  const std::string& path() const { return path_; }
  /// A stable number for the path: the module's own stream of random numbers.
  std::uint64_t name_hash() const;
  /// All parameters (learned, with gradient) of this module and its children, in order of registration.
  std::vector<NamedParameter> parameters();
  /// All buffers (running statistics: saved with the weights, not learned).
  std::vector<NamedBuffer> buffers();
  /// Learned numbers.
  std::int64_t parameter_count();

  /// Draws all parameters anew, each from its own stream (seed, path): the values depend on the seed and the name
  /// alone, not on what else the network holds.
  void initialize(std::uint64_t seed);
  /// Moves parameters and buffers to this dtype (f32, f64) and device; what is there already stays where it is. Do it
  /// before parameters are bound into flat buffers.
  void convert(DType dtype, Device device = Device::cpu);
  /// Lets every parameter compute in this dtype (Parameter::compute_in): bf16, or back. Buffers stay as they are.
  void compute_in(DType dtype);

 protected:
  Module() = default;
  /// What operator() runs. Part of a network that its network runs in another way leaves it out.
  virtual Variable forward(const Variable& x, const Context& context);
  /// What into() runs.
  virtual void forward_into(const Variable& x, const Variable& y, const Context& context);

  /// Registration, in a constructor. The module owns what it registers; references stay valid for its life. A name is
  /// given once and has no dot.
  Parameter& add_parameter(std::string name, Shape shape, ParameterOptions options = {});
  Tensor& add_buffer(std::string name, Tensor value);
  template <class Child, class... Args>
  Child& add_child(const std::string& name, Args&&... args) {
    auto child = std::make_unique<Child>(std::forward<Args>(args)...);
    Child& reference = *child;
    adopt(name, std::move(child));
    return reference;
  }
  /// The same for a child that exists already.
  void adopt(std::string name, std::unique_ptr<Module> child);

 private:
  template <class T>
  struct Named {
    std::string name;
    std::unique_ptr<T> value;
  };
  void check_new_name(const std::string& name) const;
  std::string below(const std::string& name) const { return path_.empty() ? name : path_ + "." + name; }
  void set_path(const std::string& path);

  std::string path_;
  std::vector<Named<Parameter>> parameters_;
  std::vector<Named<Tensor>> buffers_;
  std::vector<Named<Module>> children_;
};

}  // namespace nn
