// A file that is not used, and why: one row of rejected.csv.
#pragma once

#include <string>

#include "nn/core/error.h"

namespace io {

struct RejectedFile {
  enum class Kind { skipped, rejected };  // not what we read (a scout, a report), or defective

  std::string file;  // below the input directory, or the path if it was read alone
  Kind kind = Kind::rejected;
  std::string code;    // a short word that scripts can match; all of them stand in io/dicom/reason.h
  std::string detail;  // one line for a person, without anything that identifies the patient
};

inline const char* name(RejectedFile::Kind kind) {
  return kind == RejectedFile::Kind::skipped ? "skipped" : "rejected";
}

/// Thrown by readers for a file that cannot be used; what() is "FILE: DETAIL (CODE)".
class FileRejected : public nn::Error {
 public:
  explicit FileRejected(RejectedFile row)
      : nn::Error(row.file + ": " + row.detail + " (" + row.code + ")"), row_(std::move(row)) {}

  const RejectedFile& row() const { return row_; }
  RejectedFile::Kind kind() const { return row_.kind; }
  const std::string& code() const { return row_.code; }
  const std::string& detail() const { return row_.detail; }

 private:
  RejectedFile row_;
};

}  // namespace io
