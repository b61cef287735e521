// Where a tensor's memory lives and its kernels run.
#pragma once

#include <ostream>

namespace nn {

enum class Device { cpu, cuda };

inline constexpr int device_count = 2;

inline const char* name(Device device) { return device == Device::cpu ? "cpu" : "cuda"; }
inline std::ostream& operator<<(std::ostream& out, Device device) { return out << name(device); }

}  // namespace nn
