#include "train/conv_choices.h"

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "io/files/atomic_file.h"
#include "io/files/json_text.h"
#include "io/files/printable.h"
#include "nn/core/error.h"

namespace train {
namespace {

using nlohmann::ordered_json;
using nn::cpu::ConvAlgorithm;
using nn::cpu::ConvDecision;
using nn::cpu::ConvKey;
using nn::cpu::ConvPass;

double rounded(double milliseconds) { return std::round(milliseconds * 1e4) / 1e4; }

ordered_json json_of(const ConvDecision& decision) {
  const auto& [pass, x, w, geometry] = decision.key;
  const nn::Padding& padding = geometry.padding;
  ordered_json line = {{"pass", name(pass)},
                       {"x", {x.h, x.w, x.c}},
                       {"w", {w.n, w.h, w.w, w.c}},
                       {"stride", {geometry.stride_h, geometry.stride_w}},
                       {"padding", {padding.top, padding.left, padding.bottom, padding.right}},
                       {"algorithm", name(decision.algorithm)}};
  for (const auto& [algorithm, milliseconds] : decision.times) {
    line["milliseconds"][name(algorithm)] = rounded(milliseconds);
  }
  return line;
}

ConvPass pass_of(const std::string& wanted) {
  for (const ConvPass pass : {ConvPass::forward, ConvPass::backward_data, ConvPass::backward_weights}) {
    if (wanted == name(pass)) return pass;
  }
  throw nn::Error(
      nn::message("\"pass\" is one of forward, backward_data, backward_weights, not '", io::printable(wanted), "'"));
}

ConvAlgorithm algorithm_of(const std::string& wanted, const ConvKey& key) {
  std::string names;
  for (const ConvAlgorithm algorithm : nn::cpu::possible_algorithms(key.w, key.geometry, nn::DType::f32)) {
    if (wanted == name(algorithm)) return algorithm;
    names += (names.empty() ? "" : ", ") + std::string(name(algorithm));
  }
  throw nn::Error(nn::message(describe(key), ": can be computed by ", names, ", not by '", io::printable(wanted), "'"));
}

/// A value in a message: what is no number may be of any length and depth.
std::string brief(const ordered_json& value) {
  if (value.is_number()) return value.dump();
  return value.is_array() ? nn::message("array of ", value.size()) : value.type_name();
}

bool is_within(const ordered_json& value, std::int64_t least, std::int64_t most) {
  if (!value.is_number_integer()) return false;
  if (value.is_number_unsigned() && value.get<std::uint64_t>() > static_cast<std::uint64_t>(most)) return false;
  return value.get<std::int64_t>() >= least && value.get<std::int64_t>() <= most;
}

constexpr std::int64_t usual_most = std::int64_t{1} << 20U;

std::int64_t whole_number(const ordered_json& value, const char* key, std::int64_t least, std::int64_t most) {
  NN_CHECK(is_within(value, least, most), "\"", key, "\": expected a whole number from ", least, " to ", most, ", got ",
           brief(value));
  return value.get<std::int64_t>();
}

/// 0 if there is none.
std::int64_t count_of(const ordered_json& object, const char* key) {
  return object.contains(key) ? whole_number(object.at(key), key, 1, usual_most) : 0;
}

/// `length` whole numbers, none below `least`.
std::vector<std::int64_t> numbers(const ordered_json& object, const char* key, std::size_t length, std::int64_t least) {
  const ordered_json& values = object.at(key);
  NN_CHECK(values.is_array() && values.size() == length, "\"", key, "\": expected an array of ", length, ", got ",
           brief(values));
  std::vector<std::int64_t> all;
  for (const ordered_json& value : values) all.push_back(whole_number(value, key, least, usual_most));
  return all;
}

ConvDecision decision_of(const ordered_json& line) {
  const auto x = numbers(line, "x", 3, 1), w = numbers(line, "w", 4, 1), stride = numbers(line, "stride", 2, 1),
             padding = numbers(line, "padding", 4, 0);
  ConvDecision decision{
      .key = nn::cpu::conv_key(
          pass_of(line.at("pass").get<std::string>()), {1, x[0], x[1], x[2]}, {w[0], w[1], w[2], w[3]},
          {.stride_h = stride[0], .stride_w = stride[1], .padding = {padding[0], padding[1], padding[2], padding[3]}}),
      .algorithm = ConvAlgorithm::direct};
  const ConvKey& key = decision.key;
  conv2d_output_shape(key.x, key.w, key.geometry);  // throws if these are no convolution
  decision.algorithm = algorithm_of(line.at("algorithm").get<std::string>(), key);
  if (!line.contains("milliseconds")) return decision;
  for (const auto& [algorithm, milliseconds] : line.at("milliseconds").items()) {
    decision.times.push_back({algorithm_of(algorithm, key), milliseconds.get<double>()});
  }
  return decision;
}

ConvChoices choices_of(const ordered_json& object) {
  const std::int64_t format =
      whole_number(object.at("format_version"), "format_version", 1, std::numeric_limits<std::int64_t>::max());
  NN_CHECK(format <= conv_choices_format, "was written by a newer falx (format ", format, "; this one reads up to ",
           conv_choices_format, "): use that version");
  ConvChoices choices;
  choices.simd = object.value("simd", "");
  choices.threads = static_cast<int>(count_of(object, "threads"));
  choices.images = count_of(object, "images");
  const auto table = std::make_shared<nn::cpu::ConvTable>();
  const ordered_json& lines = object.at("convolutions");
  NN_CHECK(lines.is_array(), "\"convolutions\" is no list");
  for (std::size_t i = 0; i < lines.size(); ++i) {
    try {
      table->add(decision_of(lines[i]));
    } catch (const ordered_json::exception& error) {
      throw nn::Error(nn::message("convolution ", i + 1, ": ", io::brief_error(error)));
    } catch (const nn::Error& error) {
      throw nn::Error(nn::message("convolution ", i + 1, ": ", error.what()));
    }
  }
  choices.table = table;
  return choices;
}

}  // namespace

std::string to_json(const ConvChoices& choices) {
  ordered_json head = {{"format_version", conv_choices_format}};
  if (!choices.simd.empty()) head["simd"] = choices.simd;
  if (choices.threads > 0) head["threads"] = choices.threads;
  if (choices.images > 0) head["images"] = choices.images;
  std::string text = head.dump();
  text.pop_back();  // a line a convolution is easier to read than what dump() makes of nested lists
  text += ",\n\"convolutions\": [";
  const char* separator = "\n";
  for (const ConvDecision& decision : choices.table->decisions()) {
    text += separator + json_of(decision).dump();
    separator = ",\n";
  }
  return text + "\n]}\n";
}

ConvChoices conv_choices_from_json(const std::string& json, const std::string& file) {
  try {
    return choices_of(ordered_json::parse(io::checked_json(json)));
  } catch (const ordered_json::exception& error) {
    throw nn::Error(nn::message(file, ": holds no choices of convolutions: ", io::brief_error(error)));
  } catch (const nn::Error& error) {
    throw nn::Error(nn::message(file, ": ", error.what()));
  }
}

void write_conv_choices(const std::filesystem::path& path, const ConvChoices& choices) {
  io::write_file_atomically(path, to_json(choices));
}

ConvChoices read_conv_choices(const std::filesystem::path& path) {
  return conv_choices_from_json(io::read_json_text(path), path.string());
}

}  // namespace train
