// The usual values of options that were left open, and the check of all (declared in config.h).
#include <charconv>
#include <cmath>

#include "models/registry.h"
#include "nn/cpu/choice/conv_choice.h"
#include "train/config.h"
#include "train/optimizer.h"

namespace train {
namespace {

template <class Number>
void check_range(const char* name, Number value, Number low, Number high) {
  NN_CHECK(value >= low && value <= high, "--", name, " ", value, ": expected ", low, " to ", high);
}

void check_choice(const char* name, const std::string& value, std::initializer_list<const char*> choices) {
  std::string list;
  for (const char* choice : choices) {
    if (value == choice) return;
    list += (list.empty() ? "" : ", ") + std::string(choice);
  }
  throw nn::Error(nn::message("--", name, " ", value, ": expected one of ", list));
}

void check_ranges(const TrainConfig& c) {
  NN_CHECK(!c.images.empty(), "--images is required");
  NN_CHECK(!c.labels.empty(), "--labels is required");
  check_range("epochs", c.epochs, 1, 100000);
  check_range("batch", c.batch, 1, 4096);
  check_range("size", c.size, static_cast<int>(models::find_model(c.model).smallest_size), 1024);
  check_range("lr", c.learning_rate, 1e-9, 10.0);
  check_range("warmup", c.warmup, 0.0, 1.0);
  check_range("weight-decay", c.weight_decay, 0.0, 10.0);
  check_range("dropout", c.dropout, 0.0, 0.99);
  check_range("patience", c.patience, 0, 100000);
  check_range("checkpoint-minutes", c.checkpoint_minutes, 0.0, 1e6);
  check_choice("input", c.input, {"windows", "slices"});
  check_choice("missing-labels", c.missing_labels, {"error", "mask"});
  check(c.compute, Work::training);
}

/// What has a meaning only for a backbone that brings weights of its own.
void check_fine_tuning(const TrainConfig& c) {
  check_choice("batch-norm", c.batch_norm, {"train", "frozen"});
  if (c.weights.empty()) {
    NN_CHECK(c.weights_sha256.empty(), "--weights-sha256 needs --weights");
    NN_CHECK(c.backbone_learning_rate == 0, "--backbone-lr needs --weights: without them everything learns at --lr");
    NN_CHECK(c.freeze_epochs == 0, "--freeze-epochs needs --weights: random weights must learn");
    NN_CHECK(c.batch_norm == "train", "--batch-norm frozen needs --weights: there are no statistics to keep");
    return;
  }
  NN_CHECK(models::find_model(c.model).has_imagenet_head, "--weights: there are no pretrained weights for ", c.model,
           ", it is trained from random ones");
  const bool hexadecimal = c.weights_sha256.find_first_not_of("0123456789abcdef") == std::string::npos;
  NN_CHECK(c.weights_sha256.empty() || (c.weights_sha256.size() == 64 && hexadecimal), "--weights-sha256 ",
           c.weights_sha256, ": expected 64 digits 0 to 9, a to f");
  check_range("backbone-lr", c.backbone_learning_rate, 1e-9, 10.0);
  check_range("freeze-epochs", c.freeze_epochs, 0, 100000);
}

void check_split(const TrainConfig& c) {
  if (!c.split.empty()) {
    NN_CHECK(c.folds == 0, "--split holds the folds already: leave --folds out");
    return;
  }
  if (c.folds != 0) {
    check_range("folds", c.folds, 2, 100);
    check_range("fold", c.fold, 0, c.folds - 1);
    return;
  }
  NN_CHECK(c.fold == 0, "--fold needs --folds or --split");
  NN_CHECK(c.validation > 0 && c.validation < 1, "--validation ", c.validation, ": expected a share between 0 and 1");
}

void check_windows(const TrainConfig& c) {
  NN_CHECK(c.input != "slices" || c.windows.size() <= 1, "--input slices takes one --window, not ", c.windows.size());
  NN_CHECK(c.windows.size() <= most_windows, "--window: at most ", most_windows, " are possible, not ",
           c.windows.size());
  for (const std::string& window : c.windows) parse_window(window);
}

/// models::ModelEntry knows AdamW's, from random weights; the others' are in the ratio that served cnn. Pretrained
/// weights keep it, for head and backbone alike, and nothing is frozen: train/README.md has what was tried.
double usual_learning_rate(OptimizerKind kind, const models::ModelEntry& model) {
  switch (kind) {
    case OptimizerKind::sgd:
      return 25 * model.learning_rate;
    case OptimizerKind::adam:
      return model.learning_rate / 2;
    case OptimizerKind::adamw:
      break;
  }
  return model.learning_rate;
}

constexpr double usual_warmup = 0.1;

double usual_weight_decay(OptimizerKind kind) { return kind == OptimizerKind::adamw ? 0.1 : 1e-4; }

std::string absolute(const std::string& path) {
  return path.empty() ? path : std::filesystem::absolute(path).lexically_normal().string();
}

void fill_in_usual_values(TrainConfig& c) {
  const models::ModelEntry& model = models::find_model(c.model);
  const OptimizerKind kind = optimizer_kind(c.optimizer);
  if (c.size == 0) c.size = static_cast<int>(model.size);
  if (c.learning_rate == 0) c.learning_rate = usual_learning_rate(kind, model);
  if (!c.weights.empty() && c.backbone_learning_rate == 0) c.backbone_learning_rate = c.learning_rate;
  if (c.warmup < 0) c.warmup = usual_warmup;
  if (c.weight_decay < 0) c.weight_decay = usual_weight_decay(kind);
  if (c.dropout < 0) c.dropout = model.dropout;
  if (c.compute.conv.empty()) c.compute.conv = nn::cpu::conv_choice();  // a resumed run goes on with it
}

}  // namespace

TrainConfig resolve(TrainConfig c) {
  fill_in_usual_values(c);
  check_ranges(c);
  check_fine_tuning(c);
  check_split(c);
  check_windows(c);
  c.images = absolute(c.images);
  c.labels = absolute(c.labels);
  c.groups = absolute(c.groups);
  c.split = absolute(c.split);
  c.weights = absolute(c.weights);
  if (is_conv_file(c.compute.conv)) c.compute.conv = absolute(c.compute.conv);
  check_is_text(c);
  return c;
}

io::GreyWindow parse_window(const std::string& text) {
  const auto number = [&](std::string_view part) {
    double value = 0;
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), value);
    NN_CHECK(error == std::errc() && end == part.data() + part.size() && std::isfinite(value), "--window ", text,
             ": expected CENTRE/WIDTH in HU, as 80/200");
    return value;
  };
  const std::string_view view = text;
  const std::size_t slash = view.find('/');
  NN_CHECK(slash != std::string_view::npos, "--window ", text, ": expected CENTRE/WIDTH in HU, as 80/200");
  const io::GreyWindow window{number(view.substr(0, slash)), number(view.substr(slash + 1))};
  NN_CHECK(window.width > 0, "--window ", text, ": the width must be positive");
  return window;
}

}  // namespace train
