#include "train/data/cache_entry.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <iterator>

#include "io/files/checksum.h"

namespace train {
namespace {

constexpr char magic[9] = "FALXSLC1";

using Bytes = std::span<const std::byte>;

/// Over what follows the checksum itself.
std::uint64_t checksum_of(const CacheHeader& header, Bytes pixels) {
  constexpr std::size_t begin = offsetof(CacheHeader, checksum) + sizeof header.checksum;
  const std::array<Bytes, 2> pieces = {std::as_bytes(std::span(&header, 1)).subspan(begin), pixels};
  return io::checksum(pieces);
}

/// Whether the numbers are possible, and as many pixels follow as they say.
bool is_consistent(const CacheHeader& header, std::size_t pixel_bytes) {
  constexpr std::int64_t largest_side = 1 << 16;
  const auto possible = [](std::int64_t side) { return side >= 1 && side <= largest_side; };
  if (!possible(header.rows) || !possible(header.columns) || header.planes < 1 || header.planes > 4) return false;
  const std::int64_t pixels = std::int64_t{header.rows} * header.columns * header.planes;
  return static_cast<std::size_t>(pixels) * sizeof(std::int16_t) == pixel_bytes;
}

/// An open file. Read and not mapped: where a disk fails or somebody shortens the file, reading a map kills the
/// process.
class Descriptor {
 public:
  explicit Descriptor(const std::string& path)
      : number_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }

  /// 0 if there is no such file.
  std::size_t size() const {
    struct stat status {};
    const bool good = number_ >= 0 && ::fstat(number_, &status) == 0 && S_ISREG(status.st_mode);
    return good ? static_cast<std::size_t>(status.st_size) : 0;
  }
  /// The next bytes; false if they are not there or cannot be read.
  bool read(std::span<std::byte> bytes) const {
    while (!bytes.empty()) {
      const ssize_t count = ::read(number_, bytes.data(), bytes.size());
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) return false;
      bytes = bytes.subspan(static_cast<std::size_t>(count));
    }
    return true;
  }

 private:
  int number_;
};

}  // namespace

std::string entry_name(const io::FileIdentity& source, ImageKind kind) {
  constexpr char digits[] = "0123456789abcdef";
  std::string name;
  for (const std::uint64_t word : source.path_hash) {
    for (int shift = 60; shift >= 0; shift -= 4) name += digits[(word >> static_cast<unsigned>(shift)) & 15U];
  }
  return name.substr(0, 2) + "/" + name.substr(2) + (kind == ImageKind::dicom ? ".slice" : ".picture");
}

CacheHeader make_header(const DecodedImage& image, ImageKind kind, const io::FileIdentity& source) {
  CacheHeader header{};
  std::copy_n(magic, sizeof header.magic, header.magic);
  header.version = decoding_version;
  header.kind = static_cast<std::uint32_t>(kind);
  header.source = source;
  header.rows = static_cast<std::int32_t>(image.pixels.h());
  header.columns = static_cast<std::int32_t>(image.pixels.w());
  header.planes = static_cast<std::int32_t>(image.pixels.c());
  header.slope = image.slope;
  header.intercept = image.intercept;
  header.aspect = image.aspect;
  header.checksum = checksum_of(header, {static_cast<const std::byte*>(image.pixels.raw()), image.bytes()});
  return header;
}

ReadEntry read_entry(const std::string& path, ImageKind kind, const io::FileIdentity& source) {
  using State = ReadEntry::State;
  const Descriptor file(path);
  const std::size_t size = file.size();
  if (size == 0) return {};
  CacheHeader header{};
  if (size < sizeof header || !file.read(std::as_writable_bytes(std::span(&header, 1)))) {
    return {.state = State::damaged};
  }
  if (!std::equal(std::begin(header.magic), std::end(header.magic), magic)) return {.state = State::damaged};
  if (header.version != decoding_version || header.kind != static_cast<std::uint32_t>(kind) ||
      header.source != source) {
    return {.state = State::stale};
  }
  if (!is_consistent(header, size - sizeof header)) return {.state = State::damaged};
  ReadEntry entry{.state = State::good};
  entry.image.pixels = nn::Tensor::empty({1, header.rows, header.columns, header.planes}, nn::DType::i16);
  const std::span<std::byte> pixels(static_cast<std::byte*>(entry.image.pixels.raw()), entry.image.bytes());
  if (!file.read(pixels) || checksum_of(header, pixels) != header.checksum) return {.state = State::damaged};
  entry.image.slope = header.slope;
  entry.image.intercept = header.intercept;
  entry.image.aspect = header.aspect;
  return entry;
}

}  // namespace train
