#include "nn/cpu/conv_choice.h"

#include <atomic>
#include <cstdlib>
#include <optional>

#include "nn/core/error.h"

namespace nn::cpu {
namespace {

struct Choice {
  const char* name;
  std::optional<ConvAlgorithm> algorithm;  // empty: by the table
};
constexpr Choice choices[] = {{"auto", std::nullopt},
                              {"winograd", ConvAlgorithm::winograd_4x4},
                              {"winograd-2x2", ConvAlgorithm::winograd_2x2},
                              {"direct", ConvAlgorithm::direct}};

const Choice& find_choice(const std::string& wanted) {
  std::string names;
  for (const Choice& choice : choices) {
    if (choice.name == wanted) return choice;
    names += std::string(names.empty() ? "" : ", ") + choice.name;
  }
  throw Error(message("[conv] FALX_CONV is one of ", names, ", not '", wanted, "'"));
}

std::atomic<const Choice*>& chosen() {
  static std::atomic<const Choice*> choice = [] {
    const char* wanted = std::getenv("FALX_CONV");
    return &find_choice(wanted != nullptr && *wanted != '\0' ? wanted : "auto");
  }();
  return choice;
}

bool winograd_is_possible(const Shape& w, const ConvGeometry& geometry, DType dtype) {
  return dtype == DType::f32 && w.h == 3 && w.w == 3 && geometry.stride_h == 1 && geometry.stride_w == 1;
}

/// Where F(4x4,3x3) is faster than direct, and F(2x2,3x3) never is: with channels to fill vectors, with tiles that the
/// image fills, and with enough tiles to be worth the transform of the filters.
bool winograd_pays(const Shape& y, const Shape& w) {
  constexpr std::int64_t side = 4;
  const std::int64_t tiles = y.n * ((y.h + side - 1) / side) * ((y.w + side - 1) / side);
  const bool filled = y.rows() >= tiles * side * side / 2;
  return w.c >= 16 && w.n >= 16 && tiles >= 64 && filled;
}

}  // namespace

const char* name(ConvAlgorithm algorithm) {
  switch (algorithm) {
    case ConvAlgorithm::direct:
      return "direct";
    case ConvAlgorithm::winograd_2x2:
      return "winograd-2x2";
    case ConvAlgorithm::winograd_4x4:
      return "winograd";
  }
  return "";
}

ConvAlgorithm conv_algorithm(ConvPass pass, const Shape& x, const Shape& w, const ConvGeometry& geometry, DType dtype) {
  if (!winograd_is_possible(w, geometry, dtype) || pass == ConvPass::backward_weights) return ConvAlgorithm::direct;
  if (const auto forced = chosen().load()->algorithm) return *forced;
  const bool pays = winograd_pays(conv2d_output_shape(x, w, geometry), w);
  return pays ? ConvAlgorithm::winograd_4x4 : ConvAlgorithm::direct;
}

std::vector<std::string> conv_choices() {
  std::vector<std::string> names;
  for (const Choice& choice : choices) names.emplace_back(choice.name);
  return names;
}

std::string conv_choice() { return chosen().load()->name; }

void set_conv_choice(const std::string& name) { chosen() = &find_choice(name); }

}  // namespace nn::cpu
