// JSON on one line for standard output.
#pragma once

#include <string>

namespace apps {

/// File names and headers hold whatever bytes they hold: what is no UTF-8 is replaced by U+FFFD. `Json` is nlohmann's,
/// whose headers stay in the .cpp files.
template <class Json>
std::string json_line(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace apps
