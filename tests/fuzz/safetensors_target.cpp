#include "tests/fuzz/safetensors_target.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "io/files/safetensors.h"

namespace test {
namespace {

void require(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "%s\n", what);
  std::abort();
}

/// A file in memory with a path of its own.
class MemoryFile {
 public:
  explicit MemoryFile(std::string_view bytes) : descriptor_(::memfd_create("fuzz", MFD_CLOEXEC)) {
    require(descriptor_ >= 0, "no memory file");
    require(::write(descriptor_, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()), "no memory");
  }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  ~MemoryFile() { ::close(descriptor_); }

  std::filesystem::path path() const { return "/proc/self/fd/" + std::to_string(descriptor_); }

 private:
  int descriptor_;
};

bool same(const io::Safetensors& a, const io::Safetensors& b) {
  if (a.metadata != b.metadata || a.tensors.size() != b.tensors.size()) return false;
  for (const io::StoredTensor& tensor : a.tensors) {
    const io::StoredTensor* other = b.find(tensor.name);
    if (other == nullptr || other->type != tensor.type || other->shape != tensor.shape ||
        other->bytes != tensor.bytes) {
      return false;
    }
  }
  return true;
}

}  // namespace

void try_safetensors(std::string_view bytes) {
  const MemoryFile file(bytes);
  io::Safetensors contents;
  try {
    contents = io::read_safetensors(file.path());
  } catch (const nn::Error& error) {
    require(std::string_view(error.what()).find('\n') == std::string_view::npos, "an error of several lines");
    return;
  }
  const std::filesystem::path copy =
      std::filesystem::temp_directory_path() / ("falx-fuzz-" + std::to_string(::getpid()) + ".safetensors");
  io::write_safetensors(copy, contents);
  const io::Safetensors again = io::read_safetensors(copy);
  std::filesystem::remove(copy);
  require(same(contents, again), "what was written reads back otherwise");
}

}  // namespace test
