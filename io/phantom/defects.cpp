#include "io/phantom/defects.h"

#include <array>

#include "io/files/atomic_file.h"
#include "io/phantom/random_streams.h"
#include "nn/core/error.h"

namespace io::phantom {
namespace {

constexpr std::array kinds = {"truncated", "no_pixel_data", "header_cut", "empty", "not_dicom"};
constexpr std::uint64_t element_header = 12;  // tag, VR, two reserved bytes, length of 32 bits (PS3.5, 7.1.2)

void break_file(const std::filesystem::path& path, std::uint64_t pixel_bytes, std::size_t kind) {
  // Pixel data stand last in the file.
  const std::uint64_t pixels_begin = std::filesystem::file_size(path) - pixel_bytes;
  switch (kind) {
    case 0:
      return std::filesystem::resize_file(path, pixels_begin + pixel_bytes * 153710 / 524288);
    case 1:
      return std::filesystem::resize_file(path, pixels_begin - element_header);
    case 2:
      return std::filesystem::resize_file(path, pixels_begin / 2);
    case 3:
      return std::filesystem::resize_file(path, 0);
    default:
      return write_file_atomically(path, "The archive did not answer.\n");
  }
}

}  // namespace

std::vector<Defect> break_files(const std::filesystem::path& folder, std::vector<std::string> images, int size,
                                int count, std::uint64_t seed) {
  NN_CHECK(count <= static_cast<int>(images.size()), "--defects: at most the ", images.size(),
           " images of the training part can be broken, not ", count);
  nn::Random random = stream(seed, Stream::defects);
  nn::shuffle(images, random);
  const std::uint64_t pixel_bytes = 2ULL * static_cast<std::uint64_t>(size) * static_cast<std::uint64_t>(size);
  std::vector<Defect> defects;
  for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
    break_file(folder / (images[i] + ".dcm"), pixel_bytes, i % kinds.size());
    defects.push_back({images[i], kinds[i % kinds.size()]});
  }
  return defects;
}

}  // namespace io::phantom
