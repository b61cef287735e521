// Memory of a device that is not there: addresses, one segment right behind the other, never read or written.
#pragma once

#include <cstdint>
#include <map>

#include "nn/core/memory_pool.h"

namespace test {

class FakeSource final : public nn::SegmentSource {
 public:
  explicit FakeSource(std::size_t capacity = std::size_t{1} << 40U) : capacity_(capacity) {}

  void* acquire(std::size_t bytes) override {
    if (live_ + bytes > capacity_) return nullptr;
    auto* segment = reinterpret_cast<char*>(next_);
    next_ += bytes;
    live_ += bytes;
    ++acquired;
    segments_[segment] = bytes;
    return segment;
  }
  void release(void* segment, std::size_t bytes) noexcept override {
    const auto found = segments_.find(static_cast<char*>(segment));
    if (found == segments_.end() || found->second != bytes) return;  // live() then shows it
    live_ -= bytes;
    segments_.erase(found);
  }
  Room room() override { return {.free = capacity_ - live_, .total = capacity_}; }

  std::size_t live() const { return live_; }
  /// True if one segment holds all of these bytes.
  bool holds(const char* block, std::size_t bytes) const {
    const auto after = segments_.upper_bound(const_cast<char*>(block));
    if (after == segments_.begin()) return false;
    const auto& [segment, size] = *std::prev(after);
    return block + bytes <= segment + size;
  }

  int acquired = 0;  // segments so far

 private:
  std::size_t capacity_, live_ = 0;
  std::uintptr_t next_ = std::uintptr_t{1} << 40U;
  std::map<char*, std::size_t> segments_;
};

}  // namespace test
