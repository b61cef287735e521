#include "nn/cpu/filters/kept_filters.h"

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

/// Of which weights, how and for which SIMD target filters are made.
struct Key {
  const void* data;
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

  Found find(const Key& key, std::uint64_t values) {
    const std::lock_guard lock(mutex_);
    Entry& entry = entry_of(key);
    if (entry.values == values) return {true, entry.filters};
    if (!entry.values) {
      entry.values = values;
    } else {  // the weights have changed: of the old ones nothing is worth keeping, however it was made
      std::vector<Entry>& entries = entries_[key.data];
      entries.clear();
      entries.emplace_back(Entry{.key = key, .values = values});
    }
    return {false, nullptr};
  }

  void forget(const void* data) {
    const std::lock_guard lock(mutex_);
    entries_.erase(data);
  }

  void keep(const Key& key, std::uint64_t values, std::size_t bytes, const detail::AnyFilters& filters) {
    const std::lock_guard lock(mutex_);
    Entry& entry = entry_of(key);
    if (entry.values != values || entry.filters) return;  // another thread was here
    entry.room = Room::take(bytes);
    if (entry.room) entry.filters = filters;
  }

 private:
  struct Entry {
    Key key;
    std::optional<std::uint64_t> values{};  // their fingerprint; none before the first call
    std::unique_ptr<Room> room{};
    detail::AnyFilters filters{};
  };

  Entry& entry_of(const Key& key) {
    std::vector<Entry>& entries = entries_[key.data];
    for (Entry& entry : entries) {
      if (entry.key == key) return entry;
    }
    return entries.emplace_back(Entry{.key = key});
  }

  std::mutex mutex_;
  std::map<const void*, std::vector<Entry>> entries_;
};

}  // namespace

std::size_t kept_filter_bytes() { return bytes_in_use; }

void forget_filters(const Tensor& w) { w.companion<KeptFilters>().forget(w.raw()); }

detail::AnyFilters detail::kept_filters(const Tensor& w, const FilterForm& form,
                                        const std::function<AnyFilters()>& make) {
  if (!w.contiguous() || form.bytes > most_kept_bytes) return make();
  const Key key{w.raw(), w.shape(), form.type, form.variant, simd_target()};
  const std::uint64_t values = fingerprint(w.raw(), static_cast<std::size_t>(w.elements()) * size_of(w.dtype()));
  auto& kept = w.companion<KeptFilters>();
  const auto [seen, filters] = kept.find(key, values);
  if (filters) return filters;
  AnyFilters made = make();
  if (seen) kept.keep(key, values, form.bytes, made);
  return made;
}

}  // namespace nn::cpu
