// What a weight file is, by its first bytes.
#pragma once

#include <filesystem>

namespace io {

enum class WeightFormat { safetensors, hdf5 };

/// Throws nn::Error for every other file, in one line that says what it is (a PyTorch pickle, a Git LFS pointer, a web
/// page, an empty file, ...) and what to do instead. Reads a few hundred bytes: the rest may still be damaged.
WeightFormat weight_format(const std::filesystem::path& path);

}  // namespace io
