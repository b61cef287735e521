// A device whose memory is the host's, for tests of what is around a device: it copies when the contract of
// nn::Transfer (nn/core/device_runtime.h) at last demands it, and sees when that contract is broken.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "nn/core/device_runtime.h"
#include "nn/kernels/ct_input.h"
#include "nn/kernels/fill.h"
#include "nn/tensor/copy.h"

namespace test {

inline void copy_rows(const nn::RowCopy& copy) {
  for (std::size_t r = 0; r < copy.rows; ++r) {
    std::memcpy(static_cast<char*>(copy.to) + r * copy.to_pitch,
                static_cast<const char*>(copy.from) + r * copy.from_pitch, copy.row_bytes);
  }
}

/// Uploads at before_next_kernels, downloads at wait.
class LazyTransfer final : public nn::Transfer {
 public:
  explicit LazyTransfer(int& uploads) : uploads_count_(uploads) {}

  void upload(const nn::RowCopy& copy) override {
    EXPECT_FALSE(in_use_) << "kernels may still read what is overwritten here";
    uploads_.push_back(copy);
    ++uploads_count_;
  }
  void before_next_kernels() override {
    for (const nn::RowCopy& copy : uploads_) copy_rows(copy);
    uploads_.clear();
    in_use_ = true;
  }
  void download(const nn::RowCopy& copy) override {
    downloads_.push_back(copy);
    read_ = true;  // wait() now waits for the kernels before this copy
  }
  void wait() override {
    for (const nn::RowCopy& copy : downloads_) copy_rows(copy);
    downloads_.clear();
    if (read_) in_use_ = read_ = false;
  }

 private:
  std::vector<nn::RowCopy> uploads_, downloads_;
  bool in_use_ = false, read_ = false;
  int& uploads_count_;
};

class StandInRuntime final : public nn::DeviceRuntime, private nn::Allocator {
 public:
  const std::string& why_unavailable() override { return nothing_; }
  std::string description() override { return "the host's memory"; }
  nn::Allocator& memory() override { return *this; }
  nn::Allocator& pinned_memory() override { return nn::allocator(nn::Device::cpu); }
  void copy(const nn::RowCopy& copy) override { copy_rows(copy); }
  void clear(void* to, std::size_t bytes) override { std::memset(to, 0, bytes); }
  void synchronize() override {}
  std::unique_ptr<nn::Transfer> make_transfer() override { return std::make_unique<LazyTransfer>(uploads); }
  std::unique_ptr<nn::StepGraph> make_step_graph() override { return nullptr; }
  void configure(const nn::DeviceOptions& /*options*/) override {}

  int uploads = 0;

 private:
  void* allocate(std::size_t bytes) override {
    void* block = std::aligned_alloc(64, (bytes + 63) / 64 * 64);
    std::memset(block, 0xff, bytes);  // NaNs, in f32
    return block;
  }
  void deallocate(void* block, std::size_t /*bytes*/) noexcept override { std::free(block); }

  const std::string nothing_;
};

inline void ct_input_on_host(const nn::Tensor& slices, const nn::Tensor& parameters, const nn::Tensor& mean,
                             const nn::Tensor& deviation, const nn::Tensor& y) {
  const auto on_host = [](const nn::Tensor& t) { return t.defined() ? nn::to_device(t, nn::Device::cpu) : t; };
  const nn::Tensor host = nn::Tensor::empty(y.shape(), y.dtype());
  nn::ct_input(on_host(slices), on_host(parameters), on_host(mean), on_host(deviation), host);
  nn::copy_into(host, y);
}

inline void cast_on_host(const nn::Tensor& x, const nn::Tensor& y) {
  const nn::Tensor host = nn::Tensor::empty(y.shape(), y.dtype());
  nn::cast(nn::to_device(x, nn::Device::cpu), host);
  nn::copy_into(host, y);
}

/// While it lives, Device::cuda is the stand-in, with the kernels that batches need. Not where there is a GPU: there
/// the GPU itself is tested.
class StandInDevice {
 public:
  StandInDevice() : before_(nn::runtime(nn::Device::cuda)), used_(!nn::has_device(nn::Device::cuda)) {
    if (!used_) return;
    nn::set_runtime(nn::Device::cuda, &runtime_);
    nn::ct_input.set(nn::Device::cuda, ct_input_on_host);
    nn::cast.set(nn::Device::cuda, cast_on_host);
  }
  ~StandInDevice() {
    if (used_) nn::set_runtime(nn::Device::cuda, before_);
  }
  StandInDevice(const StandInDevice&) = delete;
  StandInDevice& operator=(const StandInDevice&) = delete;

  bool used() const { return used_; }
  const StandInRuntime& runtime() const { return runtime_; }

 private:
  nn::DeviceRuntime* before_;
  bool used_;
  StandInRuntime runtime_;
};

}  // namespace test
