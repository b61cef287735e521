#include <fmt/format.h>
#include <array>
#include <fstream>

#include "apps/facts.h"
#include "apps/info.h"
#include "io/dicom/dicom_reader.h"
#include "io/files/safetensors.h"
#include "io/pictures/picture_reader.h"
#include "train/config.h"
#include "train/conv_choices.h"
#include "train/data/pseudonym.h"
#include "train/ensemble/ensemble_directory.h"
#include "train/history.h"
#include "train/model_file.h"
#include "train/run_directory.h"

namespace apps {
namespace {

namespace fs = std::filesystem;

std::string window_list(const std::vector<io::GreyWindow>& windows) {
  std::vector<std::string> texts;
  texts.reserve(windows.size());
  for (const io::GreyWindow& window : windows) texts.push_back(fmt::format("{:g}/{:g}", window.centre, window.width));
  return fmt::format("{}", fmt::join(texts, ", "));
}

void add_description(Facts& facts, const train::ModelDescription& d) {
  const train::Preprocessing& p = d.preprocessing;
  facts.add("network", d.architecture);
  facts.add("images", train::name(p.images));
  facts.add("input", train::name(p.input));
  facts.add("size", std::int64_t{p.size});
  facts.add("windows", window_list(p.windows));
  facts.add("epoch", std::int64_t{d.epoch});
  facts.add("validation loss", d.validation_loss);
  facts.add("weighted log loss", d.weighted_log_loss);
  for (std::size_t i = 0; i < d.auc.size(); ++i) {
    if (d.auc[i]) facts.add("auc " + std::string(io::label_names[i]), *d.auc[i]);
  }
  facts.add("split", d.by_patient ? "by patient" : "not by patient");
  facts.add("seed", d.seed);
  facts.add("training data", d.data_hash);
  facts.add("split hash", d.split_hash);
  facts.add("weights", d.weight_hash);
  facts.add("written by", "falx " + d.program_version);
}

void add_tensors(Facts& facts, const io::Safetensors& file) {
  std::int64_t elements = 0;
  for (const io::StoredTensor& tensor : file.tensors) elements += tensor.elements();
  facts.add("tensors", static_cast<std::int64_t>(file.tensors.size()));
  facts.add("numbers", elements);
}

Facts describe_weights(const fs::path& path) {
  const io::Safetensors header = io::read_safetensors_header(path);
  Facts facts;
  if (header.metadata.contains("falx")) {
    facts.add("kind", "model of falx");
    add_description(facts, train::read_model_description(path));
  } else {
    facts.add("kind", "safetensors");
    for (const auto& [key, text] : header.metadata) facts.add("metadata " + key, text);
  }
  add_tensors(facts, header);
  return facts;
}

/// What a tuned run keeps: "winograd (direct 3.12 ms, winograd 1.04 ms)" for each pass of a convolution.
void add_conv_choices(Facts& facts, const train::ConvChoices& choices) {
  if (choices.images > 0) {
    facts.add("convolutions timed with",
              fmt::format("{}, {} threads, {} images", choices.simd, choices.threads, choices.images));
  }
  for (const nn::cpu::ConvDecision& decision : choices.table->decisions()) {
    std::vector<std::string> times;
    for (const auto& [algorithm, milliseconds] : decision.times) {
      times.push_back(fmt::format("{} {:.4g} ms", name(algorithm), milliseconds));
    }
    facts.add("convolution " + describe(decision.key),
              name(decision.algorithm) + (times.empty() ? "" : fmt::format(" ({})", fmt::join(times, ", "))));
  }
}

Facts describe_run(const train::RunDirectory& run) {
  NN_CHECK(fs::exists(run.config()) || fs::exists(run.model()), run.path.string(),
           " is no run directory: it has neither config.json nor model.safetensors");
  Facts facts;
  facts.add("kind", "run");
  if (fs::exists(run.history())) {
    const std::vector<train::HistoryRow> rows = train::read_history(run.history());
    facts.add("epochs done", static_cast<std::int64_t>(rows.size()));
    if (!rows.empty()) facts.add("class prior", rows.back().class_prior);
  }
  if (fs::exists(run.model())) add_description(facts, train::read_model_description(run.model()));
  if (fs::exists(run.config())) {
    for (const auto& [option, value] : train::option_table(train::read_train_config(run.config()))) {
      facts.add("option " + option, value);
    }
  }
  if (fs::exists(run.conv_choices())) add_conv_choices(facts, train::read_conv_choices(run.conv_choices()));
  return facts;
}

Facts describe_ensemble(const fs::path& path) {
  const train::Ensemble ensemble = train::read_ensemble(path);
  Facts facts;
  facts.add("kind", "ensemble");
  facts.add("rule", train::name(ensemble.rule));
  facts.add("test-time augmentation", train::name(ensemble.augmentation));
  facts.add("models", static_cast<std::int64_t>(ensemble.models()));
  for (std::size_t m = 0; m < ensemble.members.size(); ++m) {
    const train::Member& member = ensemble.members[m];
    std::vector<std::string> models;
    for (const train::ModelFile& model : member.models) {
      models.push_back(
          fmt::format("{} at {} px", model.description.architecture, model.description.preprocessing.size));
    }
    facts.add("member " + member.name, models);
    facts.add("weighted log loss of " + member.name, member.validation_score);
    for (std::size_t i = 0; i < io::label_count && !ensemble.weights.empty(); ++i) {
      facts.add(fmt::format("weight of {} for {}", member.name, io::label_names[i]), ensemble.weights[m][i]);
    }
  }
  return facts;
}

Facts describe_picture(const fs::path& path) {
  const io::Picture picture = io::read_picture(path.string());
  Facts facts;
  facts.add("kind", "picture");
  facts.add("rows", static_cast<std::int64_t>(picture.height));
  facts.add("columns", static_cast<std::int64_t>(picture.width));
  return facts;
}

void add_header(Facts& facts, const io::SliceHeader& header) {
  facts.add("image", header.image_id);
  facts.add("series", header.series_uid);
  facts.add("study", header.study_uid);
  facts.add("patient (hash)", header.patient_id.empty() ? "" : train::pseudonym(header.patient_id));
  facts.add("transfer syntax", header.transfer_syntax);
  facts.add("rows", std::int64_t{header.rows});
  facts.add("columns", std::int64_t{header.columns});
  if (header.pixel_spacing) {
    facts.add("pixel spacing mm",
              fmt::format("{:.6g} x {:.6g}", (*header.pixel_spacing)[0], (*header.pixel_spacing)[1]));
  }
  if (header.slice_thickness) facts.add("slice thickness mm", *header.slice_thickness);
  if (header.position) facts.add("position mm", header.position_mm);
  facts.add("windows", window_list(header.windows));
  std::vector<std::string> flags;
  for (const auto& [set, name] : {std::pair{header.contrast, "contrast"},
                                  {header.bone_kernel, "bone kernel"},
                                  {header.thin_slice, "thin slice"},
                                  {header.lossy, "lossy"}}) {
    if (set) flags.emplace_back(name);
  }
  facts.add("flags", flags);
}

Facts describe_dicom(const fs::path& path) {
  const io::CtSlice slice = io::read_slice(path.string());
  Facts facts;
  facts.add("kind", "CT slice");
  add_header(facts, slice.header);
  facts.add("HU", fmt::format("{:g} * value + {:g}", slice.slope, slice.intercept));
  for (const io::Reason& reason : slice.header.reasons) facts.add("fix " + reason.code, reason.detail);
  return facts;
}

Facts describe_rejected(const io::FileRejected& rejected) {
  Facts facts;
  facts.add("kind", "not usable");
  facts.add(io::name(rejected.kind()), rejected.code());
  facts.add("detail", rejected.detail());
  return facts;
}

/// A header length below 100 MB, then a JSON object: no DICOM file and no picture begins so.
bool looks_like_safetensors(const fs::path& path) {
  std::array<char, 9> start{};
  std::ifstream(path, std::ios::binary).read(start.data(), start.size());
  return path.extension() == ".safetensors" ||
         (start[8] == '{' && start[4] == 0 && start[5] == 0 && start[6] == 0 && start[7] == 0);
}

}  // namespace

ExitCode print_file(const fs::path& path, bool json) {
  try {
    const Facts facts = train::is_ensemble(path)        ? describe_ensemble(path)
                        : fs::is_directory(path)        ? describe_run({path})
                        : looks_like_safetensors(path)  ? describe_weights(path)
                        : io::is_picture(path.string()) ? describe_picture(path)
                                                        : describe_dicom(path);
    facts.print(json);
    return done;
  } catch (const io::FileRejected& rejected) {
    describe_rejected(rejected).print(json);
    return rejected.kind() == io::RejectedFile::Kind::rejected ? done_with_rejected : done;
  }
}

}  // namespace apps
