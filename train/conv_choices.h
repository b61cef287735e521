// conv_choices.json: by which algorithm the CPU computes which convolution of a network, for people to read and for the
// program to use again. The same file, the same bits; timing anew may choose otherwise.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "nn/cpu/choice/conv_table.h"

namespace train {

/// Choices, and how they were found; what is not known is left empty.
struct ConvChoices {
  std::string simd{};       // the instruction set in use
  int threads = 0;          // and threads
  std::int64_t images = 0;  // at once
  std::shared_ptr<const nn::cpu::ConvTable> table = std::make_shared<nn::cpu::ConvTable>();
};

/// A larger number means that an old program would misread the file; keys may be added without.
inline constexpr int conv_choices_format = 1;

/// JSON, a line for each pass of a convolution: x as [h, w, in], w as [out, kernel_h, kernel_w, in], stride as
/// [down, right], padding as [top, left, bottom, right], the algorithm, and the milliseconds of all that were tried.
std::string to_json(const ConvChoices& choices);
/// `file` names the source in messages. Throws nn::Error in one short line: no JSON, a newer format, a key that is
/// missing or of a wrong type, a number out of its range, an algorithm that cannot compute the convolution, a
/// convolution that is there twice.
ConvChoices conv_choices_from_json(const std::string& json, const std::string& file);

void write_conv_choices(const std::filesystem::path& path, const ConvChoices& choices);
ConvChoices read_conv_choices(const std::filesystem::path& path);

}  // namespace train
