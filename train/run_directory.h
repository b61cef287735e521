// The files of a training run.
#pragma once

#include <filesystem>

namespace train {

struct RunDirectory {
  std::filesystem::path path;

  std::filesystem::path model() const { return path / "model.safetensors"; }
  std::filesystem::path checkpoint() const { return path / "last.safetensors"; }
  std::filesystem::path config() const { return path / "config.json"; }
  /// There if --conv is tune or a file.
  std::filesystem::path conv_choices() const { return path / "conv_choices.json"; }
  std::filesystem::path history() const { return path / "history.csv"; }
  std::filesystem::path predictions() const { return path / "predictions.csv"; }
  std::filesystem::path split() const { return path / "split.csv"; }
  std::filesystem::path rejected() const { return path / "rejected.csv"; }
  std::filesystem::path report() const { return path / "report.html"; }
};

}  // namespace train
