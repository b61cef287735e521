#include "cuda/cudnn/cudnn_plan.h"

#include <utility>

#include "nn/core/error.h"

namespace cuda::cudnn {
namespace {

cudnnBackendHeurMode_t mode(Heuristic heuristic) {
  switch (heuristic) {
    case Heuristic::fast:
      return CUDNN_HEUR_MODE_A;
    case Heuristic::accurate:
      return CUDNN_HEUR_MODE_B;
    case Heuristic::fallback:
      return CUDNN_HEUR_MODE_FALLBACK;
  }
  return CUDNN_HEUR_MODE_FALLBACK;
}

void add_note(cudnnBackendNumericalNote_t note, EngineNotes& notes) {
  switch (note) {
    case CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC:
      notes.nondeterministic = true;
      break;
    case CUDNN_NUMERICAL_NOTE_TENSOR_CORE:
      notes.tensor_cores = true;
      break;
    case CUDNN_NUMERICAL_NOTE_DOWN_CONVERT_INPUTS:
      notes.rounds_inputs = true;
      break;
    case CUDNN_NUMERICAL_NOTE_REDUCED_PRECISION_REDUCTION:
      notes.rounds_sums = true;
      break;
    case CUDNN_NUMERICAL_NOTE_WINOGRAD:
    case CUDNN_NUMERICAL_NOTE_WINOGRAD_TILE_4x4:
    case CUDNN_NUMERICAL_NOTE_WINOGRAD_TILE_6x6:
    case CUDNN_NUMERICAL_NOTE_WINOGRAD_TILE_13x13:
      notes.winograd = true;
      break;
    default:
      break;
  }
}

EngineNotes notes_of(const Descriptor& engine) {
  EngineNotes notes;
  for (const auto note : engine.numerical_notes(CUDNN_ATTR_ENGINE_NUMERICAL_NOTE)) add_note(note, notes);
  for (const auto note : engine.behavior_notes(CUDNN_ATTR_ENGINE_BEHAVIOR_NOTE)) {
    notes.compiled_at_run_time |= note == CUDNN_BEHAVIOR_NOTE_RUNTIME_COMPILATION;
  }
  return notes;
}

}  // namespace

std::string EngineNotes::text() const {
  std::string text;
  const auto add = [&](bool holds, const char* note) {
    if (holds) text.append(text.empty() ? "" : ", ").append(note);
  };
  add(tensor_cores, "tensor cores");
  add(winograd, "Winograd");
  add(nondeterministic, "nondeterministic");
  add(rounds_inputs, "rounds inputs");
  add(rounds_sums, "rounds sums");
  add(compiled_at_run_time, "compiled at run time");
  return text;
}

Candidate::Candidate(Descriptor configuration) : configuration_(std::move(configuration)) {
  const std::vector<Descriptor> engines =
      configuration_.descriptors(CUDNN_ATTR_ENGINECFG_ENGINE, CUDNN_BACKEND_ENGINE_DESCRIPTOR);
  NN_CHECK(engines.size() == 1, "[cudnn] a configuration names ", engines.size(), " engines, expected one");
  engine_ = engines[0].number(CUDNN_ATTR_ENGINE_GLOBAL_INDEX);
  notes_ = notes_of(engines[0]);
}

std::vector<Candidate> candidates(const Graph& graph, const Device& device, Heuristic heuristic) {
  Descriptor question(CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR);
  question.set(CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH, graph.descriptor())
      .set(CUDNN_ATTR_ENGINEHEUR_MODE, mode(heuristic))
      .set(CUDNN_ATTR_ENGINEHEUR_DEVICEPROP, device.descriptor())
      .finalize("asking for engines");
  std::vector<Candidate> found;
  for (Descriptor& configuration :
       question.descriptors(CUDNN_ATTR_ENGINEHEUR_RESULTS, CUDNN_BACKEND_ENGINECFG_DESCRIPTOR)) {
    found.emplace_back(std::move(configuration));
  }
  return found;
}

Plan::Plan(const Candidate& candidate, const Device& device) {
  plan_.set(CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG, candidate.configuration())
      .set(CUDNN_ATTR_EXECUTION_PLAN_DEVICEPROP, device.descriptor())
      .finalize(nn::message("planning with engine ", candidate.engine()));
  workspace_bytes_ = static_cast<std::size_t>(plan_.number(CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE));
}

Plan::Plan(const std::string& text, const Device& device) {
  plan_.set(CUDNN_ATTR_EXECUTION_PLAN_DEVICEPROP, device.descriptor())
      .set(CUDNN_ATTR_EXECUTION_PLAN_JSON_REPRESENTATION, text)
      .finalize("reading a plan");
  workspace_bytes_ = static_cast<std::size_t>(plan_.number(CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE));
}

std::string Plan::text() const { return plan_.text(CUDNN_ATTR_EXECUTION_PLAN_JSON_REPRESENTATION); }

void Plan::execute(cudnnHandle_t handle, std::span<const Binding> tensors, void* workspace) const {
  std::vector<std::int64_t> names;
  std::vector<void*> addresses;
  for (const Binding& tensor : tensors) {
    names.push_back(tensor.name);
    addresses.push_back(tensor.address);
  }
  Descriptor pack(CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR);
  pack.set(CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, names)
      .set(CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS, addresses)
      .set(CUDNN_ATTR_VARIANT_PACK_WORKSPACE, workspace)
      .finalize("binding a plan's tensors");
  check(cudnnBackendExecute(handle, plan_.raw(), pack.raw()), "running a plan");
}

}  // namespace cuda::cudnn
