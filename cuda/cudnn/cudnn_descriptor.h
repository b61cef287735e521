// cuDNN's graph interface knows one kind of object: a descriptor is created by type, given attributes by name,
// finalised and from then on fixed. Documentation: docs.nvidia.com, "cudnn_graph library", backend descriptor types.
#pragma once

#include <cudnn_graph.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cuda::cudnn {

/// An error that says what was tried, and cuDNN's own reason, unless `status` is success.
void check(cudnnStatus_t status, std::string_view tried);

class Descriptor {
 public:
  explicit Descriptor(cudnnBackendDescriptorType_t type);
  ~Descriptor();
  Descriptor(Descriptor&& other) noexcept;
  Descriptor& operator=(Descriptor&& other) noexcept;

  // Values of an attribute. cuDNN copies them; descriptors given as values must outlive this one.
  Descriptor& set(cudnnBackendAttributeName_t name, std::int64_t value);
  Descriptor& set(cudnnBackendAttributeName_t name, std::int32_t value);
  Descriptor& set(cudnnBackendAttributeName_t name, bool value);
  Descriptor& set(cudnnBackendAttributeName_t name, float value);
  Descriptor& set(cudnnBackendAttributeName_t name, void* value);
  Descriptor& set(cudnnBackendAttributeName_t name, cudnnDataType_t value);
  Descriptor& set(cudnnBackendAttributeName_t name, cudnnConvolutionMode_t value);
  Descriptor& set(cudnnBackendAttributeName_t name, cudnnPointwiseMode_t value);
  Descriptor& set(cudnnBackendAttributeName_t name, cudnnNanPropagation_t value);
  Descriptor& set(cudnnBackendAttributeName_t name, cudnnBackendHeurMode_t value);
  Descriptor& set(cudnnBackendAttributeName_t name, const Descriptor& value);
  Descriptor& set(cudnnBackendAttributeName_t name, std::span<const std::int64_t> values);
  Descriptor& set(cudnnBackendAttributeName_t name, std::span<void* const> values);
  Descriptor& set(cudnnBackendAttributeName_t name, std::span<const Descriptor> values);
  Descriptor& set(cudnnBackendAttributeName_t name, std::string_view text);
  /// Checks the attributes against each other; for an execution plan this builds it. `what` names it in the error.
  Descriptor& finalize(std::string_view what);

  std::int64_t number(cudnnBackendAttributeName_t name) const;
  std::string text(cudnnBackendAttributeName_t name) const;
  std::vector<cudnnBackendNumericalNote_t> numerical_notes(cudnnBackendAttributeName_t name) const;
  std::vector<cudnnBackendBehaviorNote_t> behavior_notes(cudnnBackendAttributeName_t name) const;
  /// Descriptors of one type that cuDNN made, such as the results of a heuristic.
  std::vector<Descriptor> descriptors(cudnnBackendAttributeName_t name, cudnnBackendDescriptorType_t type) const;

  cudnnBackendDescriptor_t raw() const { return raw_; }

 private:
  Descriptor& set(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type, std::size_t count,
                  const void* values);
  std::int64_t get(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type, std::size_t count,
                   void* values) const;

  cudnnBackendDescriptor_t raw_ = nullptr;
};

}  // namespace cuda::cudnn
