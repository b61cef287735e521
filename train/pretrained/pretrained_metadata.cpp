#include "train/pretrained/pretrained_metadata.h"

#include <array>
#include <charconv>
#include <nlohmann/json.hpp>

namespace train {
namespace {

/// The shortest text that reads back as the same number.
std::string to_text(double number) {
  std::array<char, 32> text{};
  const auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), number);
  return {text.data(), end};
}

double to_epsilon(const std::string& text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  NN_CHECK(error == std::errc() && end == text.data() + text.size() && number > 0 && number < 1,
           "its falx_batch_norm_epsilon is no number between 0 and 1");
  return number;
}

/// Metadata are JSON, which is UTF-8; a file's name is any bytes, and what is no UTF-8 is replaced.
std::string as_utf8(const std::string& bytes) {
  using nlohmann::json;
  return json::parse(json(bytes).dump(-1, ' ', false, json::error_handler_t::replace)).get<std::string>();
}

}  // namespace

std::map<std::string, std::string> to_metadata(const Pretrained& p) {
  std::map<std::string, std::string> metadata = {{"format", "pt"},
                                                 {"falx_architecture", p.architecture},
                                                 {"falx_scaling", std::string(name(p.scaling))},
                                                 {"falx_batch_norm_epsilon", to_text(p.batch_norm_epsilon)},
                                                 {"falx_source_file", as_utf8(p.file.filename().string())},
                                                 {"falx_source_sha256", p.file_hash}};
  if (!p.known_as.empty()) metadata["falx_source_known_as"] = p.known_as;
  return metadata;
}

void read_metadata(const std::map<std::string, std::string>& metadata, Pretrained& pretrained) {
  const auto with = [&](const char* key, const auto& use) {
    const auto found = metadata.find(key);
    if (found != metadata.end()) use(found->second);
  };
  with("falx_architecture", [&](const std::string& text) { pretrained.architecture = text; });
  with("falx_scaling", [&](const std::string& text) { pretrained.scaling = picture_scaling(text); });
  with("falx_batch_norm_epsilon", [&](const std::string& text) { pretrained.batch_norm_epsilon = to_epsilon(text); });
}

}  // namespace train
