// Why there is no GPU to compute on, as part of a sentence for people.
#pragma once

#include <string>

namespace cuda {

/// What is asked of a machine. Versions of CUDA as the runtime gives them (13000: 13.0), compute capabilities and
/// architectures as nvcc does (900: 9.0), versions of cuDNN as its headers do (91900: 9.19.0).
struct Machine {
  int status = 0;  // cudaError_t of cudaGetDeviceCount
  std::string status_text{};
  int driver = 0;  // 0: none
  int toolkit = 0;
  int devices = 0;
  std::string device_name{};
  int compute_capability = 0;
  int oldest_architecture = 0;  // that the kernels were compiled for
  int cudnn_found = 0, cudnn_built_with = 0;
};

/// This machine, as it is.
Machine this_machine();
/// Empty if its GPU can be used.
std::string why_unavailable(const Machine& machine);

/// 13020 -> "13.2"
std::string cuda_version_text(int version);
/// 91900 -> "9.19.0"
std::string cudnn_version_text(int version);

}  // namespace cuda
