// A public weight file as one .safetensors in torchvision's names: checked against the network that it is for.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "train/pretrained/pretrained.h"

namespace train {

struct ConvertedWeights {
  Pretrained pretrained;
  ImportReport report;
  std::vector<std::string> absent;  // of the network and not in the file: the classifier of a file without top
};

/// Reads `file` and puts it into the network `model`, with its ImageNet head if the file has one, to see that it fits.
/// Throws nn::Error as read_pretrained and import_pretrained do.
ConvertedWeights convert_weights(const std::filesystem::path& file, std::string_view model,
                                 const ImportOptions& options = {});

/// Writes atomically; the metadata are those of train/pretrained/pretrained_metadata.h.
void write_converted(const std::filesystem::path& out, const ConvertedWeights& converted);

}  // namespace train
