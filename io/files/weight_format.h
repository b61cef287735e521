// What a weight file is, by its first bytes.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace io {

enum class WeightFormat { safetensors, hdf5 };

/// Throws nn::Error for every other file, in one line that says what it is (a PyTorch pickle, a Git LFS pointer, a web
/// page, an empty file, ...) and what to do instead. Reads a few hundred bytes: the rest may still be damaged.
WeightFormat weight_format(const std::filesystem::path& path);
/// The same, and nothing for every other file. Throws nn::Error for one that cannot be read.
std::optional<WeightFormat> find_weight_format(const std::filesystem::path& path);
/// What weight_format says of a file of another kind: "is empty; fetch it again". Nothing if nobody knows what it is.
std::string why_no_weights(const std::filesystem::path& path);

}  // namespace io
