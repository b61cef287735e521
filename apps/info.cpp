// falx info: what a network, a file, a run or this program is.
#include "apps/info.h"

#include <CLI/CLI.hpp>
#include <memory>

#include "apps/commands.h"
#include "models/registry.h"

namespace apps {
namespace {

struct InfoOptions {
  std::string subject;
  ModelTableOptions table;
  bool table_option_given = false;  // --size and the like, which speak of a network
  std::string conv;
  CommonOptions common;
};

bool is_model(const std::string& name) {
  for (const models::ModelEntry& entry : models::all_models()) {
    if (entry.name == name) return true;
  }
  return false;
}

int run_info(InfoOptions options) {
  const bool json = options.common.json;
  use_conv(options.conv);
  if (is_model(options.subject)) {
    options.table.model = options.subject;
    try {
      print_model_table(options.table, json);
    } catch (const nn::Error& error) {  // a size that the network cannot take
      throw UsageError(error.what());
    }
    return done;
  }
  if (options.table_option_given) {
    throw UsageError("--size, --channels, --classes and --head need the name of a network");
  }
  if (options.subject.empty()) {
    print_system(json);
    return done;
  }
  NN_CHECK(std::filesystem::exists(options.subject), "'", options.subject, "' is no network (there are ",
           models::model_names(), ") and no file or directory");
  return print_file(options.subject, json);
}

}  // namespace

void add_info(CLI::App& program, Selected& selected) {
  auto options = std::make_shared<InfoOptions>();
  CLI::App* command = program.add_subcommand(
      "info", "Describe a network, a weight file, a run, an ensemble, a DICOM file or this program");
  command->footer(
      "Examples:\n"
      "  falx info                      version, CPU, devices, algorithms, networks, kernel slots\n"
      "  falx info cnn --size 128       the table of layers, with the algorithms of its convolutions\n"
      "  falx info RUN                  a directory that falx train or falx ensemble wrote\n"
      "  falx info densenet121.h5       what it holds, and of which network\n"
      "  falx info slice.dcm");
  command->add_option(
      "subject", options->subject,
      "A network (" + models::model_names() +
          "), or a weight file (.safetensors, Keras .h5), a run, an ensemble, a DICOM file, a PNG or JPEG");
  const auto note = [options](const std::string& /*value*/) { options->table_option_given = true; };
  const auto add = [&](const char* name, std::int64_t& value, const char* description, int most) {
    return command->add_option(name, value, description)->check(CLI::Range(1, most))->each(note);
  };
  add("--size", options->table.size, "Pixels a side of the network's input (default: its own)", 4096);
  add("--channels", options->table.channels, "Channels of the network's input", 256)->capture_default_str();
  add("--classes", options->table.classes, "Outputs of the network (default: 6; 1000 with the imagenet head)", 100000);
  const auto set_head = [options](const std::string& head) {
    options->table.head = head == "imagenet" ? models::Head::imagenet : models::Head::ct;
    options->table_option_given = true;
  };
  command
      ->add_option_function<std::string>("--head", set_head,
                                         "ct, or imagenet: the original's top, as in public weight files")
      ->check(CLI::IsMember({"ct", "imagenet"}));
  add_conv(*command, options->conv);
  add_threads(*command, options->common);
  add_json(*command, options->common);
  command->callback([&selected, options] { selected.run = [options] { return run_info(*options); }; });
}

}  // namespace apps
