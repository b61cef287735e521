#include "nn/layers/module.h"

#include <algorithm>

namespace nn {
namespace {

/// Sets the streams of initial weights apart from those of other users of the seed.
constexpr std::uint32_t initial_weights = 0x57656967U;  // "Weig"

/// FNV-1a: a stable number for a name.
std::uint64_t hash(const std::string& text) {
  std::uint64_t value = 0xcbf29ce484222325U;
  for (const char character : text) value = (value ^ static_cast<unsigned char>(character)) * 0x100000001b3U;
  return value;
}

}  // namespace

Variable Module::operator()(const Variable& x, const Context& context) {
  Variable y = forward(x, context);
  if (children_.empty()) tell_observer(x.shape(), y.shape(), context);
  return y;
}

Variable Module::into(const Variable& x, const Variable& y, const Context& context) {
  forward_into(x, y, context);
  if (children_.empty()) tell_observer(x.shape(), y.shape(), context);
  return y;
}

Variable Module::forward(const Variable& /*x*/, const Context& /*context*/) {
  throw Error(message("[", path_, "] a ", kind(), " is not run alone, but by its network"));
}

void Module::forward_into(const Variable& /*x*/, const Variable& /*y*/, const Context& /*context*/) {
  throw Error(message("[", path_, "] a ", kind(), " cannot write into a given output"));
}

void Module::tell_observer(const Shape& input, const Shape& output, const Context& context, bool with_next) {
  if (context.observer == nullptr) return;
  context.observer->note({.path = path_,
                          .kind = kind(),
                          .input = input,
                          .output = output,
                          .parameters = parameter_count(),
                          .multiply_adds = multiply_adds(input, output),
                          .layer = this,
                          .with_next = with_next});
}

std::uint64_t Module::name_hash() const { return hash(path_); }

std::vector<NamedParameter> Module::parameters() {
  std::vector<NamedParameter> all;
  for (const auto& [name, parameter] : parameters_) all.push_back({below(name), parameter.get()});
  for (const auto& [name, child] : children_) {
    const std::vector<NamedParameter> more = child->parameters();
    all.insert(all.end(), more.begin(), more.end());
  }
  return all;
}

std::vector<NamedBuffer> Module::buffers() {
  std::vector<NamedBuffer> all;
  for (const auto& [name, buffer] : buffers_) all.push_back({below(name), buffer.get()});
  for (const auto& [name, child] : children_) {
    const std::vector<NamedBuffer> more = child->buffers();
    all.insert(all.end(), more.begin(), more.end());
  }
  return all;
}

std::int64_t Module::parameter_count() {
  std::int64_t count = 0;
  for (const NamedParameter& entry : parameters()) count += entry.parameter->shape().elements();
  return count;
}

void Module::initialize(std::uint64_t seed) {
  for (const auto& [path, parameter] : parameters()) {
    Random random(seed, initial_weights, hash(path));
    parameter->initialize(random);
  }
}

void Module::convert(DType dtype, Device device) {
  for (const auto& [path, parameter] : parameters()) parameter->convert(dtype, device);
  for (const auto& [path, buffer] : buffers()) {
    if (buffer->dtype() == dtype && buffer->device() == device) continue;
    const Tensor converted = Tensor::empty(buffer->shape(), dtype, device);
    copy_converted(*buffer, converted);
    *buffer = converted;
  }
}

void Module::compute_in(DType dtype) {
  for (const auto& [path, parameter] : parameters()) parameter->compute_in(dtype);
}

Parameter& Module::add_parameter(std::string name, Shape shape, ParameterOptions options) {
  check_new_name(name);
  parameters_.push_back({std::move(name), std::make_unique<Parameter>(shape, options)});
  return *parameters_.back().value;
}

Tensor& Module::add_buffer(std::string name, Tensor value) {
  check_new_name(name);
  buffers_.push_back({std::move(name), std::make_unique<Tensor>(std::move(value))});
  return *buffers_.back().value;
}

void Module::adopt(std::string name, std::unique_ptr<Module> child) {
  check_new_name(name);
  child->set_path(below(name));
  children_.push_back({std::move(name), std::move(child)});
}

void Module::check_new_name(const std::string& name) const {
  NN_CHECK(!name.empty() && name.find('.') == std::string::npos, "[module] '", name, "' is no name: empty or dotted");
  const auto taken = [&](const auto& list) {
    return std::any_of(list.begin(), list.end(), [&](const auto& entry) { return entry.name == name; });
  };
  NN_CHECK(!taken(parameters_) && !taken(buffers_) && !taken(children_), "[module] '", name, "' is registered twice");
}

void Module::set_path(const std::string& path) {
  path_ = path;
  for (const auto& [name, child] : children_) child->set_path(below(name));
}

}  // namespace nn
