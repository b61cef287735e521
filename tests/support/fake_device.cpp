#include "tests/support/fake_device.h"

#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <utility>

#include "nn/core/error.h"

namespace test {
namespace {

using nn::RowCopy;

/// Blocks by address; new ones are full of NaN. Any thread may ask for page-locked memory.
class FakeMemory final : public nn::Allocator {
 public:
  explicit FakeMemory(const FakeDevice* device = nullptr) : device_(device) {}

  void* allocate(std::size_t bytes) override {
    const std::size_t size = (bytes + 63) / 64 * 64 + 64;
    void* block = std::aligned_alloc(64, size);
    NN_CHECK(block != nullptr, "[fake device] no memory");
    std::memset(block, 0xFF, size);
    const std::lock_guard lock(mutex_);
    blocks_[block] = {size, device_ != nullptr && device_->recording()};
    return block;
  }

  /// What a recorded step has made stays, for the step is run again on it.
  void deallocate(void* block, std::size_t /*bytes*/) noexcept override {
    const std::lock_guard lock(mutex_);
    const auto found = blocks_.find(block);
    if (found->second.of_a_graph) return;
    blocks_.erase(found);
    std::free(block);
  }

  bool holds(const void* address) const {
    const std::lock_guard lock(mutex_);
    auto next = blocks_.upper_bound(const_cast<void*>(address));
    if (next == blocks_.begin()) return false;
    const auto& [start, block] = *--next;
    return static_cast<const char*>(address) < static_cast<const char*>(start) + block.size;
  }

 private:
  struct Block {
    std::size_t size = 0;
    bool of_a_graph = false;
  };
  const FakeDevice* device_;  // of its own memory; null for the host's
  mutable std::mutex mutex_;
  std::map<void*, Block> blocks_;
};

void copy_rows(const RowCopy& copy) {
  for (std::size_t r = 0; r < copy.rows; ++r) {
    std::memcpy(static_cast<char*>(copy.to) + r * copy.to_pitch,
                static_cast<const char*>(copy.from) + r * copy.from_pitch, copy.row_bytes);
  }
}

class FakeTransfer final : public nn::Transfer {
 public:
  explicit FakeTransfer(FakeDevice& device) : device_(device) {}

  void upload(const RowCopy& copy) override {
    check();
    ++device_.counts.uploads;
    copy_rows(copy);
  }
  void before_next_kernels() override { check(); }
  void download(const RowCopy& copy) override {
    check();
    ++device_.counts.downloads;
    downloads_.push_back(copy);
  }
  void wait() override {
    check();
    for (const RowCopy& copy : std::exchange(downloads_, {})) copy_rows(copy);
  }

 private:
  void check() const { NN_CHECK(!device_.recording(), "[fake device] a recorded step cannot transfer"); }

  FakeDevice& device_;
  std::vector<RowCopy> downloads_;
};

class FakeStepGraph final : public nn::StepGraph {
 public:
  explicit FakeStepGraph(FakeDevice& device) : device_(device) {}

  void capture(const std::function<void()>& step) override {
    commands_ = device_.record(step);
    ++device_.counts.graphs;
  }
  bool captured() const override { return !commands_.empty(); }
  void replay() override {
    NN_CHECK(captured() && !device_.recording(), "[fake device] there is no step to replay");
    for (const auto& command : commands_) command();
    ++device_.counts.replays;
  }

 private:
  FakeDevice& device_;
  std::vector<std::function<void()>> commands_;
};

class FakeRuntime final : public nn::DeviceRuntime {
 public:
  explicit FakeRuntime(FakeDevice& device) : device_(device), memory_(&device) {}

  const std::string& why_unavailable() override { return nothing_; }
  std::string description() override { return "a device of the tests"; }
  nn::Allocator& memory() override { return memory_; }
  nn::Allocator& pinned_memory() override { return pinned_; }

  void copy(const RowCopy& copy) override {
    NN_CHECK(on_the_right_side(copy.to, copy.to_device) && on_the_right_side(copy.from, copy.from_device),
             "[fake device] a copy of memory that is not where it claims to be");
    NN_CHECK(!device_.recording() || (!ordinary(copy.to, copy.to_device) && !ordinary(copy.from, copy.from_device)),
             "[fake device] a recorded step cannot copy ordinary memory of the host");
    device_.queue([copy] { copy_rows(copy); });
  }
  void clear(void* to, std::size_t bytes) override {
    device_.queue([to, bytes] { std::memset(to, 0, bytes); });
  }
  void synchronize() override { NN_CHECK(!device_.recording(), "[fake device] a recorded step cannot wait"); }

  std::unique_ptr<nn::Transfer> make_transfer() override { return std::make_unique<FakeTransfer>(device_); }
  std::unique_ptr<nn::StepGraph> make_step_graph() override { return std::make_unique<FakeStepGraph>(device_); }
  void configure(const nn::DeviceOptions& options) override { device_.options = options; }

 private:
  bool on_the_right_side(const void* address, nn::Device where) const {
    return memory_.holds(address) == (where != nn::Device::cpu);
  }
  bool ordinary(const void* address, nn::Device where) const {
    return where == nn::Device::cpu && !pinned_.holds(address);
  }

  FakeDevice& device_;
  FakeMemory memory_, pinned_;
  const std::string nothing_;
};

}  // namespace

FakeDevice& FakeDevice::install() {
  static FakeDevice* device = nullptr;  // never destroyed: static tensors may outlive it
  if (device == nullptr) {
    device = new FakeDevice;
    nn::set_runtime(nn::Device::cuda, new FakeRuntime(*device));
    install_fake_kernels(*device);
  }
  return *device;
}

void FakeDevice::queue(std::function<void()> command) {
  if (recording()) {
    ++counts.recorded;
    recording_->push_back(std::move(command));
  } else {
    ++counts.kernels;
    command();
  }
}

std::vector<std::function<void()>> FakeDevice::record(const std::function<void()>& step) {
  NN_CHECK(!recording(), "[fake device] a step is being recorded already");
  std::vector<std::function<void()>> commands;
  recording_ = &commands;
  try {
    step();
  } catch (...) {
    recording_ = nullptr;
    throw;
  }
  recording_ = nullptr;
  return commands;
}

}  // namespace test
