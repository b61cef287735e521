// Files of weights/ that CMake compiles into the program (embedded.cpp.in).
#pragma once

#include <string_view>

namespace train {

extern const std::string_view embedded_weight_manifest;   // weights/manifest.json
extern const std::string_view embedded_imagenet_classes;  // weights/imagenet_classes.txt

}  // namespace train
