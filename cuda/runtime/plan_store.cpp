#include "cuda/runtime/plan_store.h"

#include <fcntl.h>
#include <unistd.h>
#include <charconv>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "nn/core/error.h"

namespace cuda {
namespace {

// A file is lines, then cuDNN's text:
//   falx plan 1                    the format; another number is another format
//   cuDNN 91900, {"deviceName":    what it was made for
//   forward f32 x ...              the key
//   measured 62 89ab...            how it was chosen, engine, hash of both and of what follows
constexpr std::string_view format = "falx plan 1";

/// FNV-1a, 64 bits: names files and finds damage. (std::hash may differ from one program to the next.)
std::uint64_t hash(std::string_view text) {
  std::uint64_t value = 0xcbf29ce484222325U;
  for (const char c : text) value = (value ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  return value;
}

std::string hexadecimal(std::uint64_t value) {
  std::string text(16, '0');
  for (auto digit = text.rbegin(); digit != text.rend(); ++digit, value >>= 4) *digit = "0123456789abcdef"[value & 15U];
  return text;
}

std::string summary(const StoredPlan& plan) {
  const std::string choice = nn::message(plan.measured ? "measured " : "guessed ", plan.engine, " ");
  return choice + hexadecimal(hash(choice + plan.plan)) + "\n";
}

/// Writes beside `path`, then renames over it.
bool write_atomically(const std::filesystem::path& path, std::string_view bytes) {
  std::string temporary = path.string() + ".XXXXXX";
  const int descriptor = mkstemp(temporary.data());
  if (descriptor < 0) return false;
  bool written = true;
  while (written && !bytes.empty()) {
    const ssize_t count = write(descriptor, bytes.data(), bytes.size());
    written = count > 0;
    if (written) bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  written = fsync(descriptor) == 0 && written;
  written = close(descriptor) == 0 && written;
  written = written && std::rename(temporary.c_str(), path.c_str()) == 0;
  if (!written) unlink(temporary.c_str());
  return written;
}

}  // namespace

std::filesystem::path cache_folder() {
  if (const char* cache = std::getenv("FALX_CACHE")) return cache;
  if (const char* caches = std::getenv("XDG_CACHE_HOME"); caches != nullptr && *caches == '/') {
    return std::filesystem::path(caches) / "falx";
  }
  const char* home = std::getenv("HOME");
  if (home == nullptr || *home == '\0') return {};
  return std::filesystem::path(home) / ".cache" / "falx";
}

PlanStore::PlanStore(const std::filesystem::path& folder, std::size_t cudnn_version, std::string_view device)
    : made_for_(nn::message("cuDNN ", cudnn_version, ", ", device)) {
  if (!folder.empty()) folder_ = folder / nn::message("cudnn-", cudnn_version, "-", hexadecimal(hash(device)));
}

std::filesystem::path PlanStore::file(std::string_view key) const {
  return folder_ / (hexadecimal(hash(key)) + ".plan");
}

std::string PlanStore::header(std::string_view key) const {
  return nn::message(format, "\n", made_for_, "\n", key, "\n");
}

std::optional<StoredPlan> PlanStore::load(std::string_view key) const {
  if (folder_.empty()) return std::nullopt;
  std::ifstream in(file(key), std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  const std::string expected = header(key);
  if (!text.starts_with(expected)) return std::nullopt;
  const std::size_t end = text.find('\n', expected.size());
  if (end == std::string::npos) return std::nullopt;

  const std::string_view line(text.data() + expected.size(), end + 1 - expected.size());
  StoredPlan stored{.measured = line.starts_with("measured "), .engine = 0, .plan = text.substr(end + 1)};
  const std::size_t space = line.find(' ');
  if (space == std::string_view::npos) return std::nullopt;
  std::from_chars(line.data() + space + 1, line.data() + line.size(), stored.engine);
  if (line != summary(stored)) return std::nullopt;  // cut off or changed
  return stored;
}

void PlanStore::save(std::string_view key, const StoredPlan& plan) const {
  if (folder_.empty()) return;
  std::error_code failed;
  std::filesystem::create_directories(folder_, failed);
  if (!failed) write_atomically(file(key), header(key) + summary(plan) + plan.plan);
}

}  // namespace cuda
