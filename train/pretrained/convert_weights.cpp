#include "train/pretrained/convert_weights.h"

#include <algorithm>

#include "models/registry.h"
#include "train/pretrained/pretrained_metadata.h"

namespace train {
namespace {

bool has_classifier(const io::Safetensors& weights) {
  return std::any_of(weights.tensors.begin(), weights.tensors.end(),
                     [](const io::StoredTensor& tensor) { return tensor.name.starts_with("classifier."); });
}

}  // namespace

ConvertedWeights convert_weights(const std::filesystem::path& file, std::string_view model,
                                 const ImportOptions& options) {
  ConvertedWeights converted{.pretrained = read_pretrained(file, model), .report = {}, .absent = {}};
  const models::Head head = has_classifier(converted.pretrained.weights) ? models::Head::imagenet : models::Head::ct;
  const auto network =
      models::make_model(model, {.head = head, .batch_norm_epsilon = converted.pretrained.batch_norm_epsilon});
  converted.report = import_pretrained(converted.pretrained, *network, options);
  for (const std::string& name : converted.report.fresh) {
    if (!name.starts_with("head.")) converted.absent.push_back(name);
  }
  if (head == models::Head::ct) converted.absent.emplace_back("classifier");
  return converted;
}

void write_converted(const std::filesystem::path& out, const ConvertedWeights& converted) {
  io::Safetensors contents = converted.pretrained.weights;
  contents.metadata = to_metadata(converted.pretrained);
  io::write_safetensors(out, contents);
}

}  // namespace train
