// A block of device memory, freed when the last tensor that refers to it goes.
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>

#include "nn/core/allocator.h"
#include "nn/core/device.h"

namespace nn {

/// What a backend keeps beside a block of memory for as long as that lives: something made of its values.
class Companion {
 public:
  virtual ~Companion() = default;
};

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
  /// The block's one companion, made at the first call. Any thread may call; which type it is, the backend of the
  /// block's device says.
  template <class T>
  T& companion() {
    std::call_once(companion_made_, [this] { companion_ = std::make_unique<T>(); });
    return dynamic_cast<T&>(*companion_);
  }

 private:
  std::size_t bytes_;
  Device device_;
  Allocator& allocator_;
  void* data_;
  std::once_flag companion_made_;
  std::unique_ptr<Companion> companion_;
};

}  // namespace nn
