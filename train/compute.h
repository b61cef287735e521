// Where a network computes, and in which type: the options, and what they come to on this machine.
#pragma once

#include <string>

#include "nn/core/device.h"
#include "nn/core/dtype.h"

namespace train {

/// What is computed: training, or answers alone.
enum class Work { training, inference };

/// As on the command line. train/README.md says what deterministic and precision cost.
struct ComputeOptions {
  std::string device = "auto";    // cpu, cuda; auto: the GPU if there is one
  std::string precision = "f32";  // on a GPU also tf32 and bf16; on the CPU bf16 for inference
  bool deterministic = true;      // on a GPU: the same bits in every run
  bool autotune = false;          // on a GPU: time the ways to compute a convolution at its first use
  /// On the CPU, by which algorithm convolutions run: one of nn::cpu::conv_choices(), "tune", or a file of choices
  /// (conv_choices.h). Empty: what FALX_CONV names, else auto.
  std::string conv{};
};

struct Compute {
  nn::Device device = nn::Device::cpu;
  /// Of activations and of the weights they meet. Values of parameters, their gradients and statistics are f32 in any
  /// case. On the CPU bf16 is a precision of products alone (nn/cpu/bf16/product_precision.h), and this f32.
  nn::DType dtype = nn::DType::f32;
  /// On a GPU, a step that repeats is recorded and replayed (batch_runner.h). The bits are the same either way.
  bool graph = true;
};

/// Throws nn::Error naming the option if there is no such device, precision or algorithm, whatever this machine
/// has.
void check(const ComputeOptions& options, Work work);
/// The same for --conv alone.
void check_conv(const std::string& conv);
/// Whether --conv is a file: what has a dot or a slash in it.
bool is_conv_file(const std::string& conv);
inline constexpr const char* tune_conv = "tune";
/// What --conv tune comes to there.
inline constexpr const char* tune_conv_on_gpu =
    "--conv tune is for the CPU; a GPU's convolutions run by cuDNN's plans, which --autotune times";
/// And where a run that began there goes on on the CPU.
inline constexpr const char* untuned_conv =
    "--conv tune found nothing to time where the run began, on a GPU; on the CPU its convolutions run by auto";

/// Chooses the device and configures it, and the CPU's products and convolutions: these by auto where the choices are
/// still to be made (--conv tune) or read (a file), which is left to who knows the run. Throws nn::Error in one line
/// for a device that is not there, and for a precision that it does not have.
Compute set_up(const ComputeOptions& options, Work work = Work::inference);

}  // namespace train
