#include "nn/cpu/filters/kept_filters.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "nn/cpu/filters/fingerprint.h"
#include "nn/cpu/target/simd_target.h"

namespace nn::cpu {
namespace {

std::atomic<std::size_t> bytes_in_use = 0;

/// A part of most_kept_bytes; null if there is not so much left.
class Room {
 public:
  static std::unique_ptr<Room> take(std::size_t bytes) {
    if (bytes_in_use.fetch_add(bytes) + bytes <= most_kept_bytes) return std::unique_ptr<Room>(new Room(bytes));
    bytes_in_use -= bytes;
    return nullptr;
  }
  Room(const Room&) = delete;
  Room& operator=(const Room&) = delete;
  ~Room() { bytes_in_use -= bytes_; }

 private:
  explicit Room(std::size_t bytes) : bytes_(bytes) {}

  std::size_t bytes_;
};

/// How filters are made of weights that begin at an address, and for which SIMD target.
struct Key {
  Shape shape;
  std::type_index type;
  int variant;
  std::string target;
  bool operator==(const Key&) const = default;
};

/// Filters of the weights in one block of memory, of which a flat buffer has many.
class KeptFilters final : public Companion {
 public:
  struct Found {
    bool seen;                   // these values were there in the last call, too
    detail::AnyFilters filters;  // null: have not been kept
  };

  Found find(const void* data, std::uint64_t values, const Key& key) {
    const std::lock_guard lock(mutex_);
    Weights& weights = weights_[data];
    if (weights.values != values) {  // of those before nothing is worth keeping, however it was made
      weights.forms.clear();
      weights.values = values;
    }
    if (const Form* form = find_form(weights, key)) return {true, form->filters};
    weights.forms.emplace_back(Form{.key = key});
    return {false, nullptr};
  }

  void forget(const void* data) {
    const std::lock_guard lock(mutex_);
    weights_.erase(data);
  }

  void keep(const void* data, std::uint64_t values, const Key& key, std::size_t bytes,
            const detail::AnyFilters& filters) {
    const std::lock_guard lock(mutex_);
    Weights& weights = weights_[data];
    Form* form = weights.values == values ? find_form(weights, key) : nullptr;
    if (form == nullptr || form->filters) return;  // another thread was here
    form->room = Room::take(bytes);
    if (form->room) form->filters = filters;
  }

 private:
  struct Form {
    Key key;
    std::unique_ptr<Room> room{};
    detail::AnyFilters filters{};  // null before the second call
  };
  struct Weights {
    std::optional<std::uint64_t> values;  // their fingerprint, of which all forms are made
    std::vector<Form> forms;
  };

  static Form* find_form(Weights& weights, const Key& key) {
    const auto at =
        std::find_if(weights.forms.begin(), weights.forms.end(), [&](const Form& form) { return form.key == key; });
    return at == weights.forms.end() ? nullptr : &*at;
  }

  std::mutex mutex_;
  std::map<const void*, Weights> weights_;
};

}  // namespace

std::size_t kept_filter_bytes() { return bytes_in_use; }

void forget_filters(const Tensor& w) { w.companion<KeptFilters>().forget(w.raw()); }

detail::AnyFilters detail::kept_filters(const Tensor& w, const FilterForm& form,
                                        const std::function<AnyFilters()>& make) {
  if (!w.contiguous() || form.bytes > most_kept_bytes) return make();
  const Key key{w.shape(), form.type, form.variant, simd_target()};
  const std::uint64_t values = fingerprint(w.raw(), static_cast<std::size_t>(w.elements()) * size_of(w.dtype()));
  auto& kept = w.companion<KeptFilters>();
  const auto [seen, filters] = kept.find(w.raw(), values, key);
  if (filters) return filters;
  AnyFilters made = make();
  if (seen) kept.keep(w.raw(), values, key, form.bytes, made);
  return made;
}

}  // namespace nn::cpu
