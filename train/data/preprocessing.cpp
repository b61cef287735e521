#include "train/data/preprocessing.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "io/files/json_text.h"
#include "io/files/printable.h"
#include "nn/core/error.h"

namespace train {
namespace {

using nlohmann::json;

constexpr int smallest_size = 8, largest_size = 4096;
constexpr const char* field_of_view = "matrix";  // the one rule there is: the whole matrix is fitted into the square
constexpr const char* spacing = "aspect";        // pixels are made square in millimetres, their size is not fixed

int planes(const Preprocessing& preprocessing) {
  return preprocessing.images == ImageKind::pictures || preprocessing.input == InputKind::slices ? 3 : 1;
}

/// The value of a key that must be one of `names`.
template <class Kind>
Kind kind_of(const json& object, const char* key, std::initializer_list<Kind> kinds) {
  const auto text = object.at(key).get<std::string>();
  for (const Kind kind : kinds) {
    if (text == name(kind)) return kind;
  }
  throw nn::Error(
      nn::message("[preprocessing] \"", key, "\" is \"", io::printable(text), "\", which this program does not know"));
}

void check_rule(const json& object, const char* key, const std::string& expected) {
  const auto text = object.at(key).get<std::string>();
  NN_CHECK(text == expected, "[preprocessing] \"", key, "\" is \"", io::printable(text), "\", this program knows \"",
           expected, "\"");
}

}  // namespace

const char* name(InputKind kind) { return kind == InputKind::windows ? "windows" : "slices"; }

Preprocessing Preprocessing::defaults(ImageKind images, InputKind input, int size) {
  Preprocessing result;
  result.images = images;
  result.input = input;
  result.size = size;
  if (input == InputKind::slices) result.windows = {subdural_window};
  if (images == ImageKind::pictures) result.windows = {picture_window};
  return result;
}

int Preprocessing::channels() const { return planes(*this) * static_cast<int>(windows.size()); }

void Preprocessing::check() const {
  NN_CHECK(size >= smallest_size && size <= largest_size, "the size must be ", smallest_size, " to ", largest_size,
           " pixels, is ", size);
  NN_CHECK(!windows.empty() && windows.size() <= most_windows, "1 to ", most_windows, " windows are possible, not ",
           windows.size());
  NN_CHECK(planes(*this) == 1 || windows.size() == 1, "slices and pictures take one window, not ", windows.size());
  NN_CHECK(images == ImageKind::dicom || input == InputKind::windows, "pictures have no neighbouring slices");
  for (const io::GreyWindow& window : windows) {
    NN_CHECK(std::isfinite(window.centre) && std::isfinite(window.width) && window.width > 0, "a window needs a width ",
             "above 0, not ", window.centre, "/", window.width);
  }
  const auto expected = mean.empty() ? 0 : static_cast<std::size_t>(channels());
  NN_CHECK(mean.size() == expected && deviation.size() == expected, "expected a mean and a deviation for each of ",
           channels(), " channels, got ", mean.size(), " and ", deviation.size());
  for (std::size_t i = 0; i < mean.size(); ++i) {
    NN_CHECK(std::isfinite(mean[i]) && std::isfinite(deviation[i]) && deviation[i] > 0, "channel ", i,
             " cannot be normalised by mean ", mean[i], " and deviation ", deviation[i]);
  }
}

std::string to_json(const Preprocessing& preprocessing) {
  json windows = json::array();
  for (const io::GreyWindow& window : preprocessing.windows) windows.push_back({window.centre, window.width});
  return json{{"images", name(preprocessing.images)},
              {"input", name(preprocessing.input)},
              {"size", preprocessing.size},
              {"channels", preprocessing.channels()},
              {"windows", windows},
              {"mean", preprocessing.mean},
              {"deviation", preprocessing.deviation},
              {"field_of_view", field_of_view},
              {"spacing", spacing}}
      .dump();
}

Preprocessing preprocessing_from_json(std::string_view text) {
  Preprocessing result;
  try {
    const json object = json::parse(io::checked_json(text));
    result.images = kind_of(object, "images", {ImageKind::dicom, ImageKind::pictures});
    result.input = kind_of(object, "input", {InputKind::windows, InputKind::slices});
    result.size = object.at("size").get<int>();
    result.windows.clear();
    for (const json& window : object.at("windows")) {
      result.windows.push_back({window.at(0).get<double>(), window.at(1).get<double>()});
    }
    result.mean = object.at("mean").get<std::vector<double>>();
    result.deviation = object.at("deviation").get<std::vector<double>>();
    check_rule(object, "field_of_view", field_of_view);
    check_rule(object, "spacing", spacing);
    result.check();
    NN_CHECK(object.at("channels").get<int>() == result.channels(), "[preprocessing] \"channels\" is ",
             object.at("channels").get<int>(), ", the settings give ", result.channels());
  } catch (const json::exception& error) {
    throw nn::Error(nn::message("[preprocessing] not what this program writes: ", io::brief_error(error)));
  }
  return result;
}

}  // namespace train
