// What `falx synth --overwrite` may delete: only what an earlier one wrote. The real challenge's folders have the same
// names.
#pragma once

#include <filesystem>

namespace io::phantom {

/// Throws nn::Error, in one line that names a file, if `out` holds anything under the names of a data set's entries
/// that truth/ of the same set does not list. `out` may hold other things, which nothing touches.
void check_replaceable(const std::filesystem::path& out);

/// Makes the folder in which a set is made, with a mark in it.
void make_unfinished(const std::filesystem::path& folder);
/// Removes what a killed program left of it. Throws nn::Error if it does not bear the mark.
void remove_unfinished(const std::filesystem::path& folder);

}  // namespace io::phantom
