// Devices that no test machine has: what cuDNN must know of them to make plans, from NVIDIA's published properties.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>

namespace test {

/// Hopper, 132 multiprocessors, 141 GB.
inline const std::string h200 =
    R"({"deviceName": "NVIDIA H200", "pciDeviceId": 592778462, "deviceVer": 900, "smVersion": 900, "driverVer": 13000,
        "cudaDeviceId": 0, "isTccDriver": 0, "supportCoopLaunch": 1, "warpSize": 32, "multiProcessorCount": 132,
        "maxGridSize": [2147483647, 65535, 65535], "maxBlockSize": [1024, 1024, 64], "maxThreadsPerBlock": 1024,
        "maxThreadsPerSM": 2048, "maxCtasPerSM": 32, "regsPerBlock": 65536, "maxRegistersPerSM": 65536,
        "maxSharedMemoryPerBlock": 49152, "maxSharedMemoryPerBlockOptin": 232448, "reservedSharedMemoryPerBlock": 1024,
        "smClockRateKHz": 1980000, "memClockRateKHz": 3201000, "l2CacheSize": 62914560,
        "totalGlobalMem": 150121545728})";

/// Ampere, 108 multiprocessors, 80 GB.
inline const std::string a100 =
    R"({"deviceName": "NVIDIA A100-SXM4-80GB", "pciDeviceId": 548540638, "deviceVer": 800, "smVersion": 800,
        "driverVer": 13000, "cudaDeviceId": 0, "isTccDriver": 0, "supportCoopLaunch": 1, "warpSize": 32,
        "multiProcessorCount": 108, "maxGridSize": [2147483647, 65535, 65535], "maxBlockSize": [1024, 1024, 64],
        "maxThreadsPerBlock": 1024, "maxThreadsPerSM": 2048, "maxCtasPerSM": 32, "regsPerBlock": 65536,
        "maxRegistersPerSM": 65536, "maxSharedMemoryPerBlock": 49152, "maxSharedMemoryPerBlockOptin": 166912,
        "reservedSharedMemoryPerBlock": 1024, "smClockRateKHz": 1410000, "memClockRateKHz": 1593000,
        "l2CacheSize": 41943040, "totalGlobalMem": 85899345920})";

/// Bytes of memory.
inline std::size_t memory_of(const std::string& description) {
  return nlohmann::json::parse(description).at("totalGlobalMem").get<std::size_t>();
}

}  // namespace test
