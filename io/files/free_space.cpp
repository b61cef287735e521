#include "io/files/free_space.h"

#include <system_error>

#include "nn/core/error.h"

namespace io {
namespace {

constexpr std::uint64_t megabyte = 1U << 20U;

}  // namespace

std::optional<std::uint64_t> free_space(const std::filesystem::path& directory) {
  std::error_code error;
  std::filesystem::path existing = std::filesystem::absolute(directory, error);
  while (!std::filesystem::exists(existing, error) && existing.has_relative_path()) existing = existing.parent_path();
  const std::filesystem::space_info space = std::filesystem::space(existing, error);
  if (error) return {};
  return space.available;
}

void check_free_space(const std::filesystem::path& directory, std::uint64_t needed, std::string_view what) {
  const std::optional<std::uint64_t> available = free_space(directory);
  NN_CHECK(!available || *available >= needed, directory.string(), ": ", what, " needs ",
           (needed + megabyte - 1) / megabyte, " MB, the disk has ", *available / megabyte, " MB");
}

}  // namespace io
