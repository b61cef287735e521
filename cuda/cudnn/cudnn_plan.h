// From a graph to something that runs: cuDNN's heuristics name engines with their settings, best guess first; each can
// be built into a plan, and a plan runs, or is kept as text for the next time.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "cuda/cudnn/cudnn_graph.h"

namespace cuda::cudnn {

/// What cuDNN says of an engine.
struct EngineNotes {
  bool nondeterministic = false;      // sums come in any order: bits differ from run to run
  bool tensor_cores = false;          // f32 is rounded to TF32 there
  bool rounds_inputs = false;         // to a narrower type, before multiplying
  bool rounds_sums = false;           // sums are kept in a narrower type than asked for
  bool winograd = false;              // other rounding than a plain sum of products
  bool compiled_at_run_time = false;  // needs a driver and a moment; precompiled kernels need neither to be planned

  /// "tensor cores, Winograd": for tables and messages.
  std::string text() const;
};

/// One way to compute a graph on a device: an engine and its settings.
class Candidate {
 public:
  explicit Candidate(Descriptor configuration);

  std::int64_t engine() const { return engine_; }  // cuDNN's number, of this graph
  const EngineNotes& notes() const { return notes_; }
  const Descriptor& configuration() const { return configuration_; }

 private:
  Descriptor configuration_;
  std::int64_t engine_ = 0;
  EngineNotes notes_;
};

/// How candidates are found.
enum class Heuristic {
  fast,      // cuDNN's mode A
  accurate,  // mode B: more work on the host
  fallback,  // whatever can compute it at all
};

/// Best guess first; none if the heuristic knows no way.
std::vector<Candidate> candidates(const Graph& graph, const Device& device, Heuristic heuristic);

/// Where a tensor of the graph lies: its name there, and an address on the device (on the host for a number by value).
struct Binding {
  std::int64_t name = 0;
  void* address = nullptr;
};

class Plan {
 public:
  /// Builds it; an error says why this candidate does not serve after all.
  Plan(const Candidate& candidate, const Device& device);
  /// What text() gave, for the same version of cuDNN and an equal device.
  Plan(const std::string& text, const Device& device);

  std::size_t workspace_bytes() const { return workspace_bytes_; }
  std::string text() const;  // JSON
  /// Queues it on the handle's stream.
  void execute(cudnnHandle_t handle, std::span<const Binding> tensors, void* workspace) const;

 private:
  Descriptor plan_{CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR};
  std::size_t workspace_bytes_ = 0;
};

}  // namespace cuda::cudnn
