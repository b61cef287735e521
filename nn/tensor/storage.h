// A block of device memory, freed when the last tensor that refers to it goes.
#pragma once

#include <cstddef>

#include "nn/core/allocator.h"
#include "nn/core/device.h"

namespace nn {

class Storage {
 public:
  Storage(std::size_t bytes, Device device) : Storage(bytes, device, allocator(device)) {}
  /// The allocator must outlive the block.
  Storage(std::size_t bytes, Device device, Allocator& allocator);
  ~Storage();
  Storage(const Storage&) = delete;
  Storage& operator=(const Storage&) = delete;

  void* data() const { return data_; }
  std::size_t bytes() const { return bytes_; }
  Device device() const { return device_; }

 private:
  std::size_t bytes_;
  Device device_;
  Allocator& allocator_;
  void* data_;
};

}  // namespace nn
