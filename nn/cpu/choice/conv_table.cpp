#include "nn/cpu/choice/conv_table.h"

#include <algorithm>
#include <sstream>

#include "nn/core/error.h"

namespace nn::cpu {

ConvKey conv_key(ConvPass pass, const Shape& x, const Shape& w, const ConvGeometry& geometry) {
  return {.pass = pass, .x = {1, x.h, x.w, x.c}, .w = w, .geometry = geometry};
}

std::string describe(const ConvKey& key) {
  std::ostringstream text;
  text << key.w.h << 'x' << key.w.w << ' ' << key.w.c << "->" << key.w.n << " @" << key.x.h << 'x' << key.x.w << ", "
       << name(key.pass);
  return text.str();
}

void ConvTable::add(ConvDecision decision) {
  const std::vector<ConvAlgorithm> possible = possible_algorithms(decision.key.w, decision.key.geometry, DType::f32);
  NN_CHECK(std::find(possible.begin(), possible.end(), decision.algorithm) != possible.end(), describe(decision.key),
           ": cannot be computed by ", name(decision.algorithm));
  NN_CHECK(find(decision.key) == nullptr, describe(decision.key), ": was decided before");
  decisions_.push_back(std::move(decision));
}

const ConvDecision* ConvTable::find(const ConvKey& key) const {
  const auto at = std::find_if(decisions_.begin(), decisions_.end(),
                               [&](const ConvDecision& decision) { return decision.key == key; });
  return at == decisions_.end() ? nullptr : &*at;
}

}  // namespace nn::cpu
