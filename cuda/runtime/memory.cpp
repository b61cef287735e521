#include "cuda/runtime/memory.h"

#include <unistd.h>

#include <cstdlib>

#include "cuda/runtime/check.h"
#include "cuda/runtime/context.h"

namespace cuda {
namespace {

/// While a step is recorded, its thread may not allocate, because that would not be part of the graph. Here it may: the
/// graph's arena keeps the memory as long as the graph lives.
class AllowAllocation {
 public:
  AllowAllocation() { cudaThreadExchangeStreamCaptureMode(&mode_); }
  ~AllowAllocation() { cudaThreadExchangeStreamCaptureMode(&mode_); }
  AllowAllocation(const AllowAllocation&) = delete;
  AllowAllocation& operator=(const AllowAllocation&) = delete;

 private:
  cudaStreamCaptureMode mode_ = cudaStreamCaptureModeRelaxed;
};

/// Null if there is no memory; other errors are thrown.
void* memory_or_null(void* memory, cudaError_t status, const char* call) {
  if (status == cudaErrorMemoryAllocation) {
    cudaGetLastError();  // or the next check of a kernel launch would find it
    return nullptr;
  }
  check(status, call);
  return memory;
}

class DeviceSource final : public SegmentSource {
 public:
  void* acquire(std::size_t bytes) override {
    context();  // makes the device ready
    const AllowAllocation allowed;
    void* memory = nullptr;
    const cudaError_t status = cudaMalloc(&memory, bytes);
    return memory_or_null(memory, status, "cudaMalloc");
  }
  void release(void* segment, std::size_t /*bytes*/) noexcept override {
    const AllowAllocation allowed;
    cudaFree(segment);  // waits for the kernels that use it
  }
  Room room() override {
    Room room;
    const AllowAllocation allowed;
    CUDA_CHECK(cudaMemGetInfo(&room.free, &room.total));
    return room;
  }
};

class PinnedSource final : public SegmentSource {
 public:
  void* acquire(std::size_t bytes) override {
    context();
    const AllowAllocation allowed;
    void* memory = nullptr;
    const cudaError_t status = cudaHostAlloc(&memory, bytes, cudaHostAllocDefault);
    return memory_or_null(memory, status, "cudaHostAlloc");
  }
  void release(void* segment, std::size_t /*bytes*/) noexcept override {
    const AllowAllocation allowed;
    cudaFreeHost(segment);
  }
  Room room() override {
    const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    return {.free = static_cast<std::size_t>(::sysconf(_SC_AVPHYS_PAGES)) * page,
            .total = static_cast<std::size_t>(::sysconf(_SC_PHYS_PAGES)) * page};
  }
};

}  // namespace

// Never destroyed: tensors of static objects may outlive them.
CachingAllocator& device_memory() {
  // For compute-sanitizer, which knows what cudaMalloc gave, not which parts of it are in use.
  const bool alone = std::getenv("FALX_GPU_BLOCKS_ALONE") != nullptr;
  static auto* allocator = new CachingAllocator(*new DeviceSource, "on the GPU",
                                                alone ? MemoryPool::Freed::given_back : MemoryPool::Freed::kept);
  return *allocator;
}

CachingAllocator& pinned_memory() {
  static auto* allocator = new CachingAllocator(*new PinnedSource, "in page-locked memory");
  return *allocator;
}

}  // namespace cuda
