// What falx convert writes beside the tensors, so that scaling and epsilon travel with the weights.
#pragma once

#include <map>
#include <string>

#include "train/pretrained/pretrained.h"

namespace train {

/// falx_architecture, falx_scaling, falx_batch_norm_epsilon, falx_source_file, falx_source_sha256,
/// falx_source_known_as; and format = "pt", by which other programs know PyTorch's layout.
std::map<std::string, std::string> to_metadata(const Pretrained& pretrained);

/// Takes architecture, scaling and epsilon from the keys that are there. Throws nn::Error for values that cannot be.
void read_metadata(const std::map<std::string, std::string>& metadata, Pretrained& pretrained);

}  // namespace train
