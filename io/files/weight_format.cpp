#include "io/files/weight_format.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <string>
#include <string_view>

#include "nn/core/error.h"

namespace io {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view hdf5_signature = "\x89HDF\r\n\x1a\n"sv;
constexpr std::string_view how_to_convert =
    "save it in Python as safetensors: import torch, safetensors.torch; "
    "safetensors.torch.save_file(torch.load('FILE.pth', weights_only=True), 'FILE.safetensors')";

std::string bytes_at(std::ifstream& file, std::streamoff offset, std::size_t count) {
  std::string bytes(count, '\0');
  file.clear();
  file.seekg(offset);
  file.read(bytes.data(), static_cast<std::streamsize>(count));
  bytes.resize(static_cast<std::size_t>(file.gcount()));
  return bytes;
}

/// The signature stands at the start or, after a block of the user's, at 512, 1024, 2048 bytes.
bool is_hdf5(std::ifstream& file) {
  for (const std::streamoff offset : {0, 512, 1024, 2048}) {
    if (bytes_at(file, offset, hdf5_signature.size()) == hdf5_signature) return true;
  }
  return false;
}

/// Eight bytes of length, at most 100 MB, then a JSON object.
bool begins_like_safetensors(std::string_view start) {
  return start.size() > 8 && start[8] == '{' && start.substr(4, 4) == "\0\0\0\0"sv &&
         static_cast<unsigned char>(start[3]) < 6;
}

std::string lower_start(std::string_view start) {
  std::string text;
  for (const char c : start) {
    if (!text.empty() || std::isspace(static_cast<unsigned char>(c)) == 0) {
      text += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
  }
  return text;
}

/// What else it is; empty if nobody knows.
std::string other_kind(std::string_view start) {
  const std::string text = lower_start(start);
  if (start.empty()) return "is empty; fetch it again";
  if (text.starts_with("version https://git-lfs")) {
    return "is a Git LFS pointer, not the weights themselves; run 'git lfs pull' where it came from, or download the "
           "file";
  }
  if (text.starts_with("<!doctype") || text.starts_with("<html") || text.starts_with("<?xml") ||
      text.starts_with("<head")) {
    return "is a web page, not weights: the download gave a page; fetch the file itself";
  }
  if (start.starts_with("PK\x03\x04"sv)) {
    return nn::message("is a zip archive: PyTorch's .pth holds a pickle, which can run any program, and is refused (",
                       how_to_convert, "); Keras' .keras: save it with model.save('weights.h5')");
  }
  if (start.size() > 1 && start[0] == '\x80' && start[1] >= 1 && start[1] <= 5) {
    return nn::message("is a Python pickle (a PyTorch .pth), which can run any program, and is refused; ",
                       how_to_convert);
  }
  if (start.starts_with("\x1f\x8b"sv)) return "is packed with gzip; unpack it first";
  if (text.starts_with("{") || text.starts_with("[")) return "is JSON text, not weights; fetch the file itself";
  return {};
}

std::ifstream opened(const std::filesystem::path& path) {
  NN_CHECK(!std::filesystem::is_directory(path), path.string(), ": is a directory, expected a weight file");
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  NN_CHECK(file, path.string(), ": cannot read it: ", std::strerror(errno));
  return file;
}

constexpr std::size_t start_size = 256;

}  // namespace

std::optional<WeightFormat> find_weight_format(const std::filesystem::path& path) {
  std::ifstream file = opened(path);
  if (is_hdf5(file)) return WeightFormat::hdf5;
  const std::string start = bytes_at(file, 0, start_size);
  if (other_kind(start).empty() && begins_like_safetensors(start)) return WeightFormat::safetensors;
  return {};
}

std::string why_no_weights(const std::filesystem::path& path) {
  std::ifstream file = opened(path);
  return other_kind(bytes_at(file, 0, start_size));
}

WeightFormat weight_format(const std::filesystem::path& path) {
  if (const std::optional<WeightFormat> format = find_weight_format(path)) return *format;
  const std::string other = why_no_weights(path);
  NN_CHECK(!other.empty(), path.string(), ": is neither a .safetensors nor a Keras .h5 file, or a damaged one");
  throw nn::Error(nn::message(path.string(), ": ", other));
}

}  // namespace io
