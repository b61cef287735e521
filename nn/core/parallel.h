// Threads: one pool behind one function. Bits never depend on how many threads there are.
#pragma once

#include <cstdint>
#include <functional>

namespace nn {

/// Calls body(first, last) for consecutive chunks of at most `grain` indices that cover [begin, end).
/// Chunks depend on `grain` alone, never on the number of threads; any thread may run any chunk, so a chunk
/// writes only what is its own, and a reduction keeps one partial result per chunk and adds them in order.
/// An exception of a chunk is rethrown here after all chunks have ended. Calls inside chunks that share the threads run
/// serially. Where the system grants fewer threads than asked for, these do the work.
void parallel_for(std::int64_t begin, std::int64_t end, std::int64_t grain,
                  const std::function<void(std::int64_t first, std::int64_t last)>& body);

/// While it lives, parallel_for runs serially on this thread: for threads that are several already, and must not take
/// the pool from whoever computes.
class SerialSection {
 public:
  SerialSection();
  ~SerialSection();
  SerialSection(const SerialSection&) = delete;
  SerialSection& operator=(const SerialSection&) = delete;

 private:
  bool before_;
};

/// Threads that parallel_for uses, the caller included; at least 1. The start value is the number of cores.
int thread_count();
void set_thread_count(int threads);

}  // namespace nn
