// weights/manifest.json: the public weight files that the program knows, compiled in.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "io/files/file_hash.h"

namespace train {

/// A file that somebody published. What is not known is empty.
struct KnownFile {
  std::string name;     // "Keras Applications DenseNet121"
  std::string file;     // what it is called where it comes from
  std::string model;    // a name of models/registry.h
  std::string source;   // an address
  std::string licence;  // of the weights
  std::string size;     // "33 MB"
  std::string sha256, md5;
};

/// In the order of the file. Throws nn::Error if the manifest is malformed (a test reads it).
const std::vector<KnownFile>& weight_manifest();

/// The entry with one of these hashes.
std::optional<KnownFile> find_known_file(const io::FileHash& hash);

}  // namespace train
