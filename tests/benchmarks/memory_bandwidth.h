// How fast memory can be copied: what memory-bound ops are compared with.
#pragma once

namespace bench {

/// Bytes read and written, GB/s of all threads together: the best of several copies of arrays far larger than any
/// cache.
double memory_bandwidth();

}  // namespace bench
