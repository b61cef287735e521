// The six labels of a head-CT slice, in the one order used everywhere. Files are read by name, never by position.
#pragma once

#include <array>
#include <string_view>

namespace io {

inline constexpr int label_count = 6;

/// `any` is true if at least one of the five subtypes is.
inline constexpr std::array<std::string_view, label_count> label_names = {
    "any", "epidural", "intraparenchymal", "intraventricular", "subarachnoid", "subdural"};

}  // namespace io
