#include "nn/core/device_runtime.h"

#include "nn/core/error.h"

namespace nn {
namespace {

DeviceRuntime*& entry(Device device) {
  static DeviceRuntime* runtimes[device_count] = {};
  return runtimes[static_cast<int>(device)];
}

}  // namespace

void set_runtime(Device device, DeviceRuntime* runtime) { entry(device) = runtime; }

DeviceRuntime* runtime(Device device) { return entry(device); }

DeviceRuntime& require_runtime(Device device) {
  DeviceRuntime* found = runtime(device);
  NN_CHECK(found != nullptr, "device ", device, " is not available: this program was built without it; use cpu");
  const std::string& reason = found->why_unavailable();
  NN_CHECK(reason.empty(), "device ", device, " is not available: ", reason, "; use cpu");
  return *found;
}

bool has_device(Device device) {
  return device == Device::cpu || (runtime(device) != nullptr && runtime(device)->why_unavailable().empty());
}

void synchronize(Device device) {
  if (device != Device::cpu) require_runtime(device).synchronize();
}

}  // namespace nn
