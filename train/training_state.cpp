#include "train/training_state.h"

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "io/files/json_text.h"
#include "nn/core/error.h"

namespace train {
namespace {

using nlohmann::json;

// JSON has no NaN: what does not exist is null.
json number(double value) { return std::isfinite(value) ? json(value) : json(); }
json number(const std::optional<double>& value) { return value ? json(*value) : json(); }

double number_from(const json& value) {
  return value.is_null() ? std::numeric_limits<double>::quiet_NaN() : value.get<double>();
}
std::optional<double> optional_from(const json& value) {
  return value.is_null() ? std::optional<double>() : value.get<double>();
}

json history_row(const HistoryRow& row) {
  json auc = json::array();
  for (const std::optional<double>& value : row.auc) auc.push_back(number(value));
  return {{"epoch", row.epoch},
          {"train_loss", number(row.train_loss)},
          {"validation_loss", number(row.validation_loss)},
          {"weighted_log_loss", number(row.weighted_log_loss)},
          {"class_prior", number(row.class_prior)},
          {"auc", auc},
          {"learning_rate", row.learning_rate},
          {"images_per_second", row.images_per_second},
          {"seconds", row.seconds}};
}

HistoryRow history_row_from(const json& object) {
  HistoryRow row{.epoch = object.at("epoch").get<int>(),
                 .train_loss = number_from(object.at("train_loss")),
                 .validation_loss = number_from(object.at("validation_loss")),
                 .weighted_log_loss = number_from(object.at("weighted_log_loss")),
                 .class_prior = number_from(object.at("class_prior")),
                 .auc = {},
                 .learning_rate = object.at("learning_rate").get<double>(),
                 .images_per_second = object.at("images_per_second").get<double>(),
                 .seconds = object.at("seconds").get<double>()};
  for (std::size_t i = 0; i < row.auc.size(); ++i) row.auc[i] = optional_from(object.at("auc").at(i));
  return row;
}

}  // namespace

std::string to_json(const TrainingState& state) {
  json history = json::array();
  for (const HistoryRow& row : state.history) history.push_back(history_row(row));
  return json{{"epoch", state.epoch},
              {"step", state.step},
              {"loss_sum", state.loss_sum},
              {"images", state.images},
              {"seconds", state.seconds},
              {"best_epoch", state.best_epoch},
              {"best_loss", number(state.best_loss)},
              {"history", history}}
      .dump();
}

TrainingState training_state_from_json(const std::string& text) {
  try {
    const json object = json::parse(io::checked_json(text));
    TrainingState state{.epoch = object.at("epoch").get<int>(),
                        .step = object.at("step").get<std::int64_t>(),
                        .loss_sum = object.at("loss_sum").get<double>(),
                        .images = object.at("images").get<std::int64_t>(),
                        .seconds = object.at("seconds").get<double>(),
                        .best_epoch = object.at("best_epoch").get<int>(),
                        .best_loss = optional_from(object.at("best_loss"))};
    for (const json& row : object.at("history")) state.history.push_back(history_row_from(row));
    return state;
  } catch (const json::exception& error) {
    throw nn::Error(nn::message("the training state is damaged: ", io::brief_error(error)));
  }
}

}  // namespace train
