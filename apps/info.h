// What falx info can tell, on standard output.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "apps/command.h"
#include "models/registry.h"

namespace apps {

/// Version, CPU, devices, algorithms, networks, kernel slots.
void print_system(bool json);

struct ModelTableOptions {
  std::string model;
  std::int64_t size = 0;  // pixels a side; 0: the model's own
  std::int64_t channels = 3;
  models::Head head = models::Head::ct;
  std::int64_t classes = 0;  // 0: the usual number for the head
};
/// A network's layers with shapes, parameters, multiply-adds, and by which algorithm the CPU computes them. Throws
/// nn::Error for options that the model refuses.
void print_model_table(const ModelTableOptions& options, bool json);

/// What a weight file, a run directory, a DICOM file or a picture is. Of a DICOM file or picture that training would
/// not use it says why, which is done_with_rejected for a defective one. Throws nn::Error for everything else, whatever
/// it is called, for a directory that is no run and for a damaged weight file.
ExitCode print_file(const std::filesystem::path& path, bool json);

}  // namespace apps
