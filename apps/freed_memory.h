// What becomes of memory that was allocated and freed.
#pragma once

namespace apps {

/// From now on it stays with the program, to be allocated again. Decoders allocate a picture of half a megabyte or more
/// anew for each file: if it came from the system each time, its page faults would cost more than reading the file.
/// Blocks of 32 MiB and more still go back at once. Of smaller ones at most 64 MiB stay behind the last block in use,
/// in each of glibc's arenas (as many as there are threads that allocate, at most eight a core).
///
/// With glibc alone, and not if the environment has settings of its own (MALLOC_MMAP_THRESHOLD_,
/// MALLOC_TRIM_THRESHOLD_, GLIBC_TUNABLES).
void keep_freed_memory();

}  // namespace apps
