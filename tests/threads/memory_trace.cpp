#include "tests/threads/memory_trace.h"

#include <gtest/gtest.h>
#include <pthread.h>

extern "C" {
// The program's code and constants, from the linker.
extern const char __executable_start, end;  // NOLINT(bugprone-reserved-identifier)
}

namespace test {
namespace {

MemoryTrace* installed = nullptr;

std::uintptr_t number(const void* address) { return reinterpret_cast<std::uintptr_t>(address); }

}  // namespace

MemoryTrace::MemoryTrace() {
  pthread_attr_t attributes;
  void* stack = nullptr;
  std::size_t bytes = 0;
  pthread_getattr_np(pthread_self(), &attributes);
  pthread_attr_getstack(&attributes, &stack, &bytes);
  pthread_attr_destroy(&attributes);
  stack_begin_ = number(stack);
  stack_end_ = stack_begin_ + bytes;
}

MemoryTrace& MemoryTrace::install() {
  if (installed == nullptr) {
    installed = new MemoryTrace;  // never destroyed: kernels run until the end
    cuda::launch_observer = installed;
  }
  return *installed;
}

bool MemoryTrace::possible() { return FALX_TRACED_KERNELS; }

MemoryTrace::Count MemoryTrace::of(const void* byte) const {
  const auto line = lines_.find(number(byte) / line_bytes);
  return line == lines_.end() ? Count{} : line->second[number(byte) % line_bytes].count;
}

void MemoryTrace::forget() {
  lines_.clear();
  loaded_ = stored_ = 0;
}

void MemoryTrace::begin_launch(const char* body, const void* shared, std::size_t shared_bytes) {
  body_ = body;
  shared_begin_ = number(shared);
  shared_end_ = shared_begin_ + shared_bytes;
  now_ = {.launch = now_.launch + 1};
  reported_ = false;
}

void MemoryTrace::begin_thread(std::uint32_t block, std::uint32_t thread) {
  now_.block = block;
  now_.thread = thread;
  inside_ = true;
}

void MemoryTrace::end_thread() { inside_ = false; }
void MemoryTrace::barrier() { ++now_.phase; }

bool MemoryTrace::is_watched(std::uintptr_t address) const {
  const bool own = stack_begin_ <= address && address < stack_end_;
  const bool of_the_program = number(&__executable_start) <= address && address < number(&end);
  const bool of_the_trace = number(this) <= address && address < number(this + 1);
  return !own && !of_the_program && !of_the_trace;
}

void MemoryTrace::note(const void* address, std::size_t bytes, bool store) {
  if (!inside_ || !is_watched(number(address))) return;
  const std::uintptr_t begin = number(address);
  const bool shared = shared_begin_ <= begin && begin < shared_end_;
  if (!shared) (store ? stored_ : loaded_) += static_cast<std::int64_t>(bytes);
  for (std::uintptr_t at = begin; at < begin + bytes; ++at) {
    note_byte(lines_[at / line_bytes][at % line_bytes], shared, store);
  }
}

/// Every block has shared memory of its own, which stands in one place here.
bool MemoryTrace::conflicts(const Access& other, bool shared) const {
  if (other.launch != now_.launch) return false;
  return other.block == now_.block ? other.phase == now_.phase && other.thread != now_.thread : !shared;
}

void MemoryTrace::note_byte(Byte& byte, bool shared, bool store) {
  if (conflicts(byte.stored, shared)) report_race(byte.stored);
  if (store) {
    ++byte.count.stores;
    const bool others_loaded = (byte.by_threads && byte.loaded.same_phase(now_)) || (byte.by_blocks && !shared);
    if (conflicts(byte.loaded, shared) || (byte.loaded.launch == now_.launch && others_loaded)) {
      report_race(byte.loaded);
    }
    byte.stored = now_;
  } else {
    ++byte.count.loads;
    const bool again = byte.loaded.launch == now_.launch;
    byte.by_blocks = again && (byte.by_blocks || byte.loaded.block != now_.block);
    byte.by_threads = byte.loaded.same_phase(now_) && (byte.by_threads || byte.loaded.thread != now_.thread);
    byte.loaded = now_;
  }
}

void MemoryTrace::report_race(const Access& other) {
  if (reported_) return;
  reported_ = true;  // one of a launch is enough
  ADD_FAILURE() << body_ << ": thread " << now_.thread << " of block " << now_.block << " races with thread "
                << other.thread << " of block " << other.block;
}

}  // namespace test

#if FALX_TRACED_KERNELS

namespace test {
namespace {

void note(const void* address, std::size_t bytes, bool store) {
  if (installed != nullptr) installed->note(address, bytes, store);
}

}  // namespace
}  // namespace test

// What the compiler calls. Names are the compiler's: gcc/tsan.cc, llvm's ThreadSanitizer.cpp.
// NOLINTBEGIN(bugprone-reserved-identifier)
#define FALX_ACCESSES(bytes)                                                                    \
  void __tsan_read##bytes(const void* address) { test::note(address, bytes, false); }           \
  void __tsan_write##bytes(const void* address) { test::note(address, bytes, true); }           \
  void __tsan_unaligned_read##bytes(const void* address) { test::note(address, bytes, false); } \
  void __tsan_unaligned_write##bytes(const void* address) { test::note(address, bytes, true); }
#define FALX_ATOMICS(bits)                                                                                       \
  std::uint##bits##_t __tsan_atomic##bits##_load(const std::uint##bits##_t* from, int /*order*/) {               \
    return __atomic_load_n(from, __ATOMIC_SEQ_CST);                                                              \
  }                                                                                                              \
  void __tsan_atomic##bits##_store(std::uint##bits##_t* to, std::uint##bits##_t value, int) {                    \
    __atomic_store_n(to, value, __ATOMIC_SEQ_CST);                                                               \
  }                                                                                                              \
  std::uint##bits##_t __tsan_atomic##bits##_fetch_add(std::uint##bits##_t* to, std::uint##bits##_t value, int) { \
    return __atomic_fetch_add(to, value, __ATOMIC_SEQ_CST);                                                      \
  }
extern "C" {
FALX_ACCESSES(1)
FALX_ACCESSES(2)
FALX_ACCESSES(4)
FALX_ACCESSES(8)
FALX_ACCESSES(16)
void __tsan_read_range(const void* address, std::size_t bytes) { test::note(address, bytes, false); }
void __tsan_write_range(const void* address, std::size_t bytes) { test::note(address, bytes, true); }
void __tsan_init() {}
void __tsan_func_entry(const void* /*caller*/) {}
void __tsan_func_exit() {}
void __tsan_vptr_update(const void* /*pointer*/, const void* /*value*/) {}
void __tsan_vptr_read(const void* /*pointer*/) {}
// Counters of shared tensors, on the host.
FALX_ATOMICS(8)
FALX_ATOMICS(32)
FALX_ATOMICS(64)
}
// NOLINTEND(bugprone-reserved-identifier)

#endif
