#include "cuda/cudnn/cudnn_descriptor.h"

#include <array>
#include <utility>

#include "nn/core/error.h"

namespace cuda::cudnn {

void check(cudnnStatus_t status, std::string_view tried) {
  if (status == CUDNN_STATUS_SUCCESS) return;
  std::array<char, 1024> reason{};
  cudnnGetLastErrorString(reason.data(), reason.size());
  throw nn::Error(
      nn::message("[cudnn] ", tried, ": ", cudnnGetErrorString(status), reason[0] != '\0' ? ": " : "", reason.data()));
}

Descriptor::Descriptor(cudnnBackendDescriptorType_t type) {
  check(cudnnBackendCreateDescriptor(type, &raw_), "making a descriptor");
}

Descriptor::~Descriptor() {
  if (raw_ != nullptr) cudnnBackendDestroyDescriptor(raw_);
}

Descriptor::Descriptor(Descriptor&& other) noexcept : raw_(std::exchange(other.raw_, nullptr)) {}

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  std::swap(raw_, other.raw_);
  return *this;
}

Descriptor& Descriptor::set(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type, std::size_t count,
                            const void* values) {
  const cudnnStatus_t status = cudnnBackendSetAttribute(raw_, name, type, static_cast<std::int64_t>(count), values);
  if (status != CUDNN_STATUS_SUCCESS) check(status, nn::message("setting attribute ", static_cast<int>(name)));
  return *this;
}

Descriptor& Descriptor::set(cudnnBackendAttributeName_t name, std::int64_t value) {
  return set(name, CUDNN_TYPE_INT64, 1, &value);
}
Descriptor& Descriptor::set(cudnnBackendAttributeName_t name, std::int32_t value) {
  return set(name, CUDNN_TYPE_INT32, 1, &value);
}
Descriptor& Descriptor::set(cudnnBackendAttributeName_t name, bool value) {
  return set(name, CUDNN_TYPE_BOOLEAN, 1, &value);
}
Descriptor& Descriptor::set(cudnnBackendAttributeName_t name, float value) {
  return set(name, CUDNN_TYPE_FLOAT, 1, &value);
}
Descriptor& Descriptor::set(cudnnBackendAttributeName_t name, void* value) {
  return set(name, CUDNN_TYPE_VOID_PTR, 1, &value);
}
Descriptor& Descriptor::set(cudnnBackendAttributeName_t name, cudnnDataType_t value) {
  return set(name, CUDNN_TYPE_DATA_TYPE, 1, &value);
}
Descriptor& Descriptor::set(cudnnBackendAttributeName_t name, cudnnConvolutionMode_t value) {
  return set(name, CUDNN_TYPE_CONVOLUTION_MODE, 1, &value);
}
Descriptor& Descriptor::set(cudnnBackendAttributeName_t name, cudnnPointwiseMode_t value) {
  return set(name, CUDNN_TYPE_POINTWISE_MODE, 1, &value);
}
Descriptor& Descriptor::set(cudnnBackendAttributeName_t name, cudnnNanPropagation_t value) {
  return set(name, CUDNN_TYPE_NAN_PROPOGATION, 1, &value);
}
Descriptor& Descriptor::set(cudnnBackendAttributeName_t name, cudnnBackendHeurMode_t value) {
  return set(name, CUDNN_TYPE_HEUR_MODE, 1, &value);
}
Descriptor& Descriptor::set(cudnnBackendAttributeName_t name, const Descriptor& value) {
  return set(name, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &value.raw_);
}
Descriptor& Descriptor::set(cudnnBackendAttributeName_t name, std::span<const std::int64_t> values) {
  return set(name, CUDNN_TYPE_INT64, values.size(), values.data());
}
Descriptor& Descriptor::set(cudnnBackendAttributeName_t name, std::span<void* const> values) {
  return set(name, CUDNN_TYPE_VOID_PTR, values.size(), values.data());
}
Descriptor& Descriptor::set(cudnnBackendAttributeName_t name, std::span<const Descriptor> values) {
  std::vector<cudnnBackendDescriptor_t> raw;
  for (const Descriptor& value : values) raw.push_back(value.raw_);
  return set(name, CUDNN_TYPE_BACKEND_DESCRIPTOR, raw.size(), raw.data());
}
Descriptor& Descriptor::set(cudnnBackendAttributeName_t name, std::string_view text) {
  return set(name, CUDNN_TYPE_CHAR, text.size(), text.data());
}

Descriptor& Descriptor::finalize(std::string_view what) {
  check(cudnnBackendFinalize(raw_), what);
  return *this;
}

std::int64_t Descriptor::get(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type, std::size_t count,
                             void* values) const {
  std::int64_t found = 0;
  const cudnnStatus_t status =
      cudnnBackendGetAttribute(raw_, name, type, static_cast<std::int64_t>(count), &found, values);
  if (status != CUDNN_STATUS_SUCCESS) check(status, nn::message("reading attribute ", static_cast<int>(name)));
  return found;
}

std::int64_t Descriptor::number(cudnnBackendAttributeName_t name) const {
  std::int64_t value = 0;
  get(name, CUDNN_TYPE_INT64, 1, &value);
  return value;
}

std::string Descriptor::text(cudnnBackendAttributeName_t name) const {
  std::string text(static_cast<std::size_t>(get(name, CUDNN_TYPE_CHAR, 0, nullptr)), '\0');
  text.resize(static_cast<std::size_t>(get(name, CUDNN_TYPE_CHAR, text.size(), text.data())));
  while (!text.empty() && text.back() == '\0') text.pop_back();
  return text;
}

std::vector<cudnnBackendNumericalNote_t> Descriptor::numerical_notes(cudnnBackendAttributeName_t name) const {
  std::vector<cudnnBackendNumericalNote_t> notes(CUDNN_NUMERICAL_NOTE_TYPE_COUNT);
  notes.resize(static_cast<std::size_t>(get(name, CUDNN_TYPE_NUMERICAL_NOTE, notes.size(), notes.data())));
  return notes;
}

std::vector<cudnnBackendBehaviorNote_t> Descriptor::behavior_notes(cudnnBackendAttributeName_t name) const {
  std::vector<cudnnBackendBehaviorNote_t> notes(CUDNN_BEHAVIOR_NOTE_TYPE_COUNT);
  notes.resize(static_cast<std::size_t>(get(name, CUDNN_TYPE_BEHAVIOR_NOTE, notes.size(), notes.data())));
  return notes;
}

std::vector<Descriptor> Descriptor::descriptors(cudnnBackendAttributeName_t name,
                                                cudnnBackendDescriptorType_t type) const {
  // cuDNN fills descriptors that the caller has made, empty, beforehand.
  const auto count = static_cast<std::size_t>(get(name, CUDNN_TYPE_BACKEND_DESCRIPTOR, 0, nullptr));
  std::vector<Descriptor> found;
  std::vector<cudnnBackendDescriptor_t> raw;
  for (std::size_t i = 0; i < count; ++i) raw.push_back(found.emplace_back(type).raw_);
  if (count == 0) return found;
  const std::int64_t filled = get(name, CUDNN_TYPE_BACKEND_DESCRIPTOR, count, raw.data());
  while (found.size() > static_cast<std::size_t>(filled)) found.pop_back();
  return found;
}

}  // namespace cuda::cudnn
