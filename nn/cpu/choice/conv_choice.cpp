#include "nn/cpu/choice/conv_choice.h"

#include <atomic>
#include <cstdlib>
#include <optional>

#include "nn/core/error.h"
#include "nn/cpu/bf16/product_precision.h"
#include "nn/cpu/choice/conv_table.h"

namespace nn::cpu {
namespace {

struct Choice {
  const char* name;
  std::optional<ConvAlgorithm> algorithm;  // empty: by the rule
};
constexpr Choice choices[] = {{"auto", std::nullopt},
                              {"winograd", ConvAlgorithm::f4x4_3x3},
                              {"winograd-2x2", ConvAlgorithm::f2x2_3x3},
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

std::shared_ptr<const ConvTable>& table_in_force() {
  static std::shared_ptr<const ConvTable> table;
  return table;
}

bool winograd_is_possible(const Shape& w, const ConvGeometry& geometry, DType dtype) {
  return dtype == DType::f32 && w.h == w.w && (w.h == 2 || w.h == 3) && geometry.stride_h == 1 &&
         geometry.stride_w == 1;
}

/// What a setting that names an algorithm for 3x3 kernels means for `w`.
ConvAlgorithm for_kernel(const Shape& w, ConvAlgorithm algorithm) {
  return w.h == 2 && algorithm != ConvAlgorithm::direct ? ConvAlgorithm::f3x3_2x2 : algorithm;
}

/// Where F(4x4,3x3) is faster than direct; F(2x2,3x3) hardly ever is the fastest of the three. Measured: direct's time
/// over that of F(4x4,3x3), processor time of one thread, AMD Zen 5 with AVX-512:
///
///   batch, pixels      channels   forward   data   weights
///   8 x 28 x 28        64 -> 64     2.6     2.4     2.1
///   8 x 14 x 14       128 -> 64     2.1     2.5     1.6
///   8 x 14 x 14      256 -> 256     1.9     1.9     2.6
///   1 x 14 x 14       64 -> 64      1.7     1.9     1.8
///   8 x 8 x 8          16 -> 16     2.4     2.6     3.4
///   8 x 7 x 7         128 -> 64     1.9     2.0     2.1      49 of 64 pixels of its tiles are used
///   8 x 5 x 5         128 -> 64     1.1     1.2     1.2      25 of 64
///   8 x 4 x 4         128 -> 64     1.9     2.2     1.9      8 tiles
///   8 x 4 x 4        256 -> 256     1.3     1.4     1.1      filters are transformed for few tiles
///   1 x 8 x 8        256 -> 256     1.0     1.0     0.8      4 tiles
///   8 x 28 x 28         8 -> 64     1.2     2.4     1.3      half of each vector is empty
///   8 x 28 x 28         3 -> 64     0.7     2.6     0.7
///
/// and of 2x2 kernels, over that of F(3x3,2x2):
///
///   8 x 27 x 27        64 -> 64     2.0     1.8     1.7
///   8 x 13 x 13      256 -> 256     1.5     1.9     1.4
///   8 x 7 x 7         128 -> 64     1.1     1.5     1.3      49 of 81 pixels
///   8 x 4 x 4         128 -> 64     0.9     1.3     1.0      16 of 36
///   8 x 7 x 7          16 -> 16     1.2     1.7     1.1
///   8 x 28 x 28         8 -> 64     0.9     1.9     0.6
///
/// AVX2 and baseline gain at least as much (1.8 to 2.9 for batch 8), so the rule is the same for every target. It takes
/// every batch for one of 8 images: what a network says of an image must not depend on the others beside it. `tiled` is
/// what the pass cuts into tiles: x's gradient in backward_data, else y or its gradient.
bool winograd_pays(ConvPass pass, const Shape& tiled, const Shape& w) {
  constexpr std::int64_t usual_batch = 8;
  const std::int64_t side = w.h == 2 ? 3 : 4;
  const std::int64_t tiles = ((tiled.h + side - 1) / side) * ((tiled.w + side - 1) / side);  // of an image
  const bool filled = 2 * tiled.h * tiled.w > tiles * side * side;
  const bool enough = usual_batch * tiles >= (w.c * w.n <= 128 * 128 ? 8 : 32);
  const std::int64_t fewest_channels = w.h == 2 ? 16 : 8;
  return w.n >= 16 && (w.c >= fewest_channels || pass == ConvPass::backward_data) && filled && enough;
}

/// With products in bf16 (product_precision.h) minimal filtering still multiplies in f32: its sums and differences need
/// the digits. Measured: its time over that of direct products by AVX512_BF16, forward, one thread, AMD Zen 5:
///
///   8 x 64 x 64      48 -> 48     0.5       8 x 28 x 28     128 -> 32     0.5
///   8 x 16 x 16    192 -> 192     0.6       8 x 7 x 7       128 -> 32     0.4
///   1 x 224 x 224    64 -> 64     0.5       4 x 14 x 14    512 -> 512     0.6
///   1 x 56 x 56    256 -> 256     0.6       2x2 kernels
///   1 x 28 x 28    512 -> 512     0.5       2 x 112 x 112    96 -> 96     0.9
///
/// so it stays. AMX multiplies bf16 some 15 times as fast as AVX-512 f32 (of which F(4x4,3x3) needs a quarter): direct.
bool bf16_pays_more(ConvPass pass, const Shape& w) {
  const Bf16Kernel* kernel = bf16_products(w.elements() / w.n);
  return pass == ConvPass::forward && kernel != nullptr && kernel->beats_winograd;
}

}  // namespace

const char* name(ConvAlgorithm algorithm) {
  switch (algorithm) {
    case ConvAlgorithm::direct:
      return "direct";
    case ConvAlgorithm::f2x2_3x3:
      return "winograd-2x2";
    case ConvAlgorithm::f4x4_3x3:
      return "winograd";
    case ConvAlgorithm::f3x3_2x2:
      return "winograd-3x3";
  }
  return "";
}

const char* name(ConvPass pass) {
  switch (pass) {
    case ConvPass::forward:
      return "forward";
    case ConvPass::backward_data:
      return "backward_data";
    case ConvPass::backward_weights:
      return "backward_weights";
  }
  return "";
}

std::vector<ConvAlgorithm> possible_algorithms(const Shape& w, const ConvGeometry& geometry, DType dtype) {
  if (!winograd_is_possible(w, geometry, dtype)) return {ConvAlgorithm::direct};
  if (w.h == 2) return {ConvAlgorithm::direct, ConvAlgorithm::f3x3_2x2};
  return {ConvAlgorithm::direct, ConvAlgorithm::f2x2_3x3, ConvAlgorithm::f4x4_3x3};
}

ConvAlgorithm conv_algorithm(ConvPass pass, const Shape& x, const Shape& w, const ConvGeometry& geometry, DType dtype) {
  if (!winograd_is_possible(w, geometry, dtype)) return ConvAlgorithm::direct;
  if (const ConvTable* table = table_in_force().get()) {
    if (const ConvDecision* decision = table->find(conv_key(pass, x, w, geometry))) return decision->algorithm;
  } else if (const auto forced = chosen().load()->algorithm) {
    return for_kernel(w, *forced);
  }
  return usual_conv_algorithm(pass, x, w, geometry, dtype);
}

ConvAlgorithm usual_conv_algorithm(ConvPass pass, const Shape& x, const Shape& w, const ConvGeometry& geometry,
                                   DType dtype) {
  if (!winograd_is_possible(w, geometry, dtype)) return ConvAlgorithm::direct;
  const Shape tiled = pass == ConvPass::backward_data ? x : conv2d_output_shape(x, w, geometry);
  const bool pays = winograd_pays(pass, tiled, w) && !bf16_pays_more(pass, w);
  return pays ? for_kernel(w, ConvAlgorithm::f4x4_3x3) : ConvAlgorithm::direct;
}

std::vector<std::string> conv_choices() {
  std::vector<std::string> names;
  for (const Choice& choice : choices) names.emplace_back(choice.name);
  return names;
}

std::string conv_choice() { return chosen().load()->name; }

void set_conv_choice(const std::string& name) {
  chosen() = &find_choice(name);
  table_in_force() = nullptr;
}

void set_conv_table(std::shared_ptr<const ConvTable> table) { table_in_force() = std::move(table); }

std::shared_ptr<const ConvTable> conv_table() { return table_in_force(); }

}  // namespace nn::cpu
