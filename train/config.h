// Every option of a training run: what config.json holds, under the names of the command line.
#pragma once

#include <cstdint>
#include <filesystem>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "train/compute.h"
#include "train/data/preprocessing.h"

namespace train {

/// "Usual" values are filled in by resolve(), from the model, the optimizer and whether there are --weights.
struct TrainConfig {
  std::string images, labels, groups;  // paths
  std::string model = "cnn";
  std::string weights;         // a file of pretrained weights; empty: random ones
  std::string weights_sha256;  // of that file; empty: any
  int epochs = 12;
  int batch = 32;
  int size = 0;                      // pixels a side; 0: the usual ones
  std::string input = "windows";     // windows, slices
  std::vector<std::string> windows;  // "80/200": centre/width in HU
  std::string optimizer = "adamw";
  double learning_rate = 0;           // the highest; 0: the usual one
  double backbone_learning_rate = 0;  // with weights, of all but the head; 0: the usual one
  double warmup = -1;                 // share of the steps; negative: the usual one
  double weight_decay = -1;           // negative: the usual one
  double dropout = -1;                // of the head; negative: the usual one
  int freeze_epochs = 0;              // with weights, epochs at the beginning in which only the head learns
  std::string batch_norm = "train";   // train; with weights also frozen
  bool recompute = true;              // DenseNet: batch norms again in the backward pass instead of storing them
  bool augment = true;
  int patience = 0;         // epochs without improvement before training ends; 0: never
  double validation = 0.2;  // share of the images
  int folds = 0, fold = 0;  // folds > 0: fold `fold` is for validation
  std::string split;        // a split.csv; fold `fold` is for validation
  std::uint64_t split_seed = 0;
  bool soft_labels = false;
  std::string missing_labels = "error";  // error, mask
  double checkpoint_minutes = 10;
  std::uint64_t seed = 0;
  ComputeOptions compute;
  int threads = 0;  // 0: all cores
};

/// Fills in what was left open and makes paths absolute. Throws nn::Error naming the option for a value that cannot be.
TrainConfig resolve(TrainConfig config);

/// "80/200" as centre and width. Throws nn::Error for anything else.
io::GreyWindow parse_window(const std::string& text);

/// Throws nn::Error naming the option for text that JSON cannot hold: file names are bytes, JSON is UTF-8.
void check_is_text(const TrainConfig& config);

/// JSON with one key an option: "lr", "split-seed", ... as on the command line, two spaces of indentation.
std::string to_json(const TrainConfig& config);
/// Keys that are not there keep their defaults. Throws nn::Error naming `file` and the key for one that does not exist
/// or stands twice, and for a value of another type or out of the type's range (2.9 and true are no whole numbers).
TrainConfig train_config_from_json(const std::string& json, const std::string& file);
TrainConfig read_train_config(const std::filesystem::path& path);

/// `base` with the options of `changes` whose names are in `names`.
TrainConfig merge(const TrainConfig& base, const TrainConfig& changes, const std::set<std::string>& names);

/// The options for going on with a run: `run` is what its config.json holds, `given` what the user typed now, `names`
/// which options that were. Only threads, device and more epochs may differ. Throws nn::Error naming the difference.
TrainConfig resumed(const TrainConfig& run, const TrainConfig& given, const std::set<std::string>& names);

/// Every option with its value as text, for tables.
std::vector<std::pair<std::string, std::string>> option_table(const TrainConfig& config);

}  // namespace train
