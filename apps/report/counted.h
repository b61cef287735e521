// "1 slice", "28 slices".
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace apps {

inline std::string counted(std::size_t number, std::string_view one, std::string_view many) {
  return std::to_string(number) + " " + std::string(number == 1 ? one : many);
}

}  // namespace apps
