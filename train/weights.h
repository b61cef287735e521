// A network's tensors as PyTorch stores them: its names, OIHW filters, {out, in} matrices, vectors.
#pragma once

#include <string>
#include <vector>

#include "io/files/safetensors.h"
#include "nn/layers/module.h"

namespace train {

/// Parameters and buffers, f32, from any device. `prefix` stands before every name.
std::vector<io::StoredTensor> export_weights(nn::Module& network, const std::string& prefix = "");

/// Throws nn::Error with all that differs between the tensors below `prefix` and the network's, in one line: a tensor
/// that is missing or of another shape, and one that the network does not have. `file` names the source.
void check_weights(const io::Safetensors& source, const std::string& file, nn::Module& network,
                   const std::string& prefix = "");

/// Copies the tensors below `prefix` into the network, converted to its dtype and device, after check_weights: nothing
/// is copied if anything differs.
void import_weights(const io::Safetensors& source, const std::string& file, nn::Module& network,
                    const std::string& prefix = "");

}  // namespace train
