#include "cuda/runtime/availability.h"

#include <cuda_runtime_api.h>
#include <cudnn.h>

#include "cuda/runtime/architectures.h"
#include "nn/core/error.h"

namespace cuda {

using nn::message;

std::string cuda_version_text(int version) { return message(version / 1000, ".", version % 1000 / 10); }

std::string cudnn_version_text(int version) {
  return message(version / 10000, ".", version % 10000 / 100, ".", version % 100);
}

Machine this_machine() {
  Machine machine{.oldest_architecture = oldest_architecture(),
                  .cudnn_found = static_cast<int>(cudnnGetVersion()),
                  .cudnn_built_with = CUDNN_VERSION};
  const cudaError_t status = cudaGetDeviceCount(&machine.devices);
  machine.status = status;
  machine.status_text = cudaGetErrorString(status);
  cudaDriverGetVersion(&machine.driver);
  cudaRuntimeGetVersion(&machine.toolkit);
  if (status != cudaSuccess) {
    cudaGetLastError();  // it has been said; the next check must not find it
    return machine;
  }
  int device = 0, major = 0, minor = 0;
  cudaGetDevice(&device);
  cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, device);
  cudaDeviceGetAttribute(&minor, cudaDevAttrComputeCapabilityMinor, device);
  machine.compute_capability = 100 * major + 10 * minor;
  cudaDeviceProp properties{};
  if (cudaGetDeviceProperties(&properties, device) == cudaSuccess) machine.device_name = properties.name;
  return machine;
}

std::string why_unavailable(const Machine& m) {
  if (m.driver == 0 && m.status != cudaSuccess) return "no NVIDIA driver is installed";
  if (m.status == cudaErrorInsufficientDriver) {
    return message("the NVIDIA driver is too old: it supports CUDA ", cuda_version_text(m.driver),
                   ", this program needs ", cuda_version_text(m.toolkit));
  }
  if (m.status == cudaErrorNoDevice || (m.status == cudaSuccess && m.devices == 0)) {
    return "the NVIDIA driver finds no GPU";
  }
  if (m.status != cudaSuccess) return message("the NVIDIA driver answers \"", m.status_text, "\"");
  if (m.compute_capability < m.oldest_architecture) {
    return message("the ", m.device_name, " has compute capability ", m.compute_capability / 100, ".",
                   m.compute_capability % 100 / 10, ", this program was built for ", m.oldest_architecture / 100, ".",
                   m.oldest_architecture % 100 / 10, " and later");
  }
  if (m.cudnn_found < m.cudnn_built_with) {
    return message("cuDNN ", cudnn_version_text(m.cudnn_found), " is installed, this program was built with ",
                   cudnn_version_text(m.cudnn_built_with), " and needs at least that");
  }
  return "";
}

}  // namespace cuda
