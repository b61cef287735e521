#include <fmt/format.h>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <vector>

#include "apps/info.h"
#include "apps/layer_algorithms.h"
#include "models/registry.h"

namespace apps {
namespace {

struct Notes : nn::LayerObserver {
  std::vector<nn::LayerNote> list;
  void note(const nn::LayerNote& note) override { list.push_back(note); }
};

struct Totals {
  std::int64_t parameters = 0, multiply_adds = 0, output_elements = 0;
};

Totals total_of(const std::vector<nn::LayerNote>& notes) {
  Totals totals;
  for (const nn::LayerNote& note : notes) {
    totals.parameters += note.parameters;
    totals.multiply_adds += note.multiply_adds;
    totals.output_elements += note.output.elements();
  }
  return totals;
}

std::string shape_text(const nn::Shape& shape) { return fmt::format("{} x {} x {}", shape.h, shape.w, shape.c); }

/// 1234567 as "1,234,567".
std::string grouped(std::int64_t number) {
  std::string digits = std::to_string(number);
  for (auto place = static_cast<std::int64_t>(digits.size()) - 3; place > 0; place -= 3) {
    digits.insert(static_cast<std::size_t>(place), 1, ',');
  }
  return digits;
}

/// Columns as wide as their widest entry; names to the left, numbers to the right.
void print_rows(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths(rows.front().size());
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const bool names = i < 2 || i + 1 == row.size();
      line += names ? fmt::format("{:<{}}  ", row[i], widths[i]) : fmt::format("{:>{}}  ", row[i], widths[i]);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    std::printf("%s\n", line.c_str());
  }
}

void print_text(const models::ModelEntry& entry, const nn::Shape& input, const std::vector<nn::LayerNote>& notes) {
  const std::string name(entry.name), description(entry.description);
  std::printf("%s: %s\ninput %s\n\n", name.c_str(), description.c_str(), shape_text(input).c_str());
  std::vector<std::vector<std::string>> rows{{"layer", "kind", "output", "parameters", "multiply-adds", "algorithm"}};
  for (const nn::LayerNote& note : notes) {
    rows.push_back({note.path, note.kind, shape_text(note.output), grouped(note.parameters),
                    grouped(note.multiply_adds), layer_algorithms(note).text()});
  }
  const Totals totals = total_of(notes);
  rows.push_back({"total", "", "", grouped(totals.parameters), grouped(totals.multiply_adds), ""});
  print_rows(rows);
  std::printf(
      "\nalgorithm: by which the CPU computes a convolution; where its passes differ, of the forward pass, the data\n"
      "gradient and the weight gradient\n%s\n",
      fmt::format("{:.3g} million parameters, {:.3g} billion multiply-adds and {:.1f} MB of f32 feature "
                  "maps an image",
                  static_cast<double>(totals.parameters) * 1e-6, static_cast<double>(totals.multiply_adds) * 1e-9,
                  static_cast<double>(totals.output_elements) * 4e-6)
          .c_str());
}

/// Null for a layer that is no convolution.
nlohmann::ordered_json algorithms_json(const nn::LayerNote& note) {
  const LayerAlgorithms algorithms = layer_algorithms(note);
  if (algorithms.forward.empty()) return nullptr;
  return {{"forward", algorithms.forward},
          {"backward_data", algorithms.backward_data},
          {"backward_weights", algorithms.backward_weights}};
}

void print_json(const models::ModelEntry& entry, const nn::Shape& input, const std::vector<nn::LayerNote>& notes) {
  const auto extents = [](const nn::Shape& shape) { return nlohmann::ordered_json{shape.h, shape.w, shape.c}; };
  for (const nn::LayerNote& note : notes) {
    const nlohmann::ordered_json line{{"layer", note.path},
                                      {"kind", note.kind},
                                      {"input", extents(note.input)},
                                      {"output", extents(note.output)},
                                      {"parameters", note.parameters},
                                      {"multiply_adds", note.multiply_adds},
                                      {"algorithms", algorithms_json(note)}};
    std::printf("%s\n", line.dump().c_str());
  }
  const Totals totals = total_of(notes);
  const nlohmann::ordered_json line{{"model", std::string(entry.name)},
                                    {"input", extents(input)},
                                    {"parameters", totals.parameters},
                                    {"multiply_adds", totals.multiply_adds},
                                    {"feature_map_bytes", 4 * totals.output_elements}};
  std::printf("%s\n", line.dump().c_str());
}

}  // namespace

void print_model_table(const ModelTableOptions& options, bool json) {
  const models::ModelEntry& entry = models::find_model(options.model);
  const auto network = models::make_model(
      options.model,
      {.channels = options.channels, .head = options.head, .classes = options.classes, .size = options.size});
  const std::int64_t size = options.size == 0 ? entry.size : options.size;
  const nn::Shape input{1, size, size, options.channels};
  Notes notes;
  (*network)(nn::Variable(nn::Tensor::zeros(input)), {.observer = &notes});
  json ? print_json(entry, input, notes.list) : print_text(entry, input, notes.list);
}

}  // namespace apps
