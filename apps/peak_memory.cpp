#include "apps/peak_memory.h"

#include <sys/resource.h>
#include <fstream>
#include <string>

namespace apps {

std::int64_t peak_memory() {
  // getrusage() counts what the parent had when it started the program: that survives fork and exec. Linux alone says
  // it of the program itself (proc_pid_status(5)).
  constexpr int unit = 1024;
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    std::int64_t kibibytes = 0;
    if (word == "VmHWM:" && status >> kibibytes) return kibibytes * unit;
  }
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<std::int64_t>(usage.ru_maxrss) * unit;
}

}  // namespace apps
