#include "io/files/child_process.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <exception>
#include <fstream>
#include <new>

#include "nn/core/error.h"

namespace io {
namespace {

constexpr char found = 0, failed = 1;  // the first byte in the pipe
constexpr std::size_t longest_message = 2000;

/// The reading stopped before all was there: the child ended early, or sends nonsense.
class BrokenPipe : public nn::Error {
 public:
  using nn::Error::Error;
};

void limit(int resource, rlim_t most) {
  const rlimit both = {most, most};
  ::setrlimit(static_cast<__rlimit_resource_t>(resource), &both);
}

/// Bytes of address space (proc(5), statm): what a fork begins with.
std::uint64_t address_space() {
  std::uint64_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  return pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

/// The child's whole life.
[[noreturn]] void live(int pipe, const ChildLimits& limits, const std::function<void(PipeWriter&)>& work) {
  for (const int signal : {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL, SIGXCPU}) ::signal(signal, SIG_DFL);
  ::signal(SIGPIPE, SIG_DFL);  // the parent reads no further
  limit(RLIMIT_CORE, 0);
  limit(RLIMIT_CPU, limits.cpu_seconds);
  limit(RLIMIT_AS, address_space() + limits.most_memory);
  const int nowhere = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  ::dup2(nowhere, STDERR_FILENO);
  PipeWriter writer(pipe);
  try {
    work(writer);
    ::_exit(0);
  } catch (const nn::Error& error) {
    writer.failure(error.what());
    ::_exit(0);
  } catch (const std::bad_alloc&) {
    writer.failure("unpacks to more than it may");
    ::_exit(0);
  } catch (...) {
    ::_exit(1);
  }
}

void throw_failure(PipeReader& reader) {
  char mark = found;
  reader.bytes(&mark, 1);
  if (mark == found) return;
  std::string message = reader.text();
  for (char& c : message) {
    if (static_cast<unsigned char>(c) < 0x20) c = ' ';  // one line, whatever came
  }
  throw nn::Error(message);
}

/// Closes the pipe, waits for the child and says how it ended: "" if as it should.
std::string end_of(pid_t child, int pipe) {
  ::close(pipe);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFSIGNALED(status) && (WTERMSIG(status) == SIGXCPU || WTERMSIG(status) == SIGKILL))
    return "did not come to an end";
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGPIPE) return "";  // the parent had enough
  return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? "" : "crashed";
}

}  // namespace

void PipeWriter::begin(char mark) {
  if (begun_) return;
  begun_ = true;
  bytes({&mark, 1});
}

void PipeWriter::bytes(std::string_view bytes) {
  begin(found);
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) ::_exit(1);  // nobody listens
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

void PipeWriter::number(std::uint64_t number) { bytes({reinterpret_cast<const char*>(&number), sizeof(number)}); }

void PipeWriter::text(std::string_view text) {
  number(text.size());
  bytes(text);
}

void PipeWriter::failure(std::string_view message) {
  if (begun_) ::_exit(1);
  begin(failed);
  text(message.substr(0, longest_message));
}

void PipeReader::bytes(void* to, std::uint64_t count) {
  if (count > left_) throw BrokenPipe("unpacks to more than it may");
  left_ -= count;
  char* next = static_cast<char*>(to);
  while (count > 0) {
    const ssize_t got = ::read(descriptor_, next, count);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) throw BrokenPipe("reading it ended early");
    next += got;
    count -= static_cast<std::uint64_t>(got);
  }
}

std::uint64_t PipeReader::number() {
  std::uint64_t number = 0;
  bytes(&number, sizeof(number));
  return number;
}

std::uint64_t PipeReader::length() {
  const std::uint64_t count = number();
  if (count > left_) throw BrokenPipe("unpacks to more than it may");
  return count;
}

std::string PipeReader::text() {
  std::string text(length(), '\0');
  bytes(text.data(), text.size());
  return text;
}

void in_child_process(const ChildLimits& limits, const std::function<void(PipeWriter&)>& child,
                      const std::function<void(PipeReader&)>& parent) {
  int ends[2];
  NN_CHECK(::pipe2(ends, O_CLOEXEC) == 0, "no pipe to a process: ", std::strerror(errno));
  const pid_t process = ::fork();
  if (process == 0) {
    ::close(ends[0]);
    live(ends[1], limits, child);
  }
  ::close(ends[1]);
  if (process < 0) {
    ::close(ends[0]);
    throw nn::Error(nn::message("no process: ", std::strerror(errno)));
  }
  std::exception_ptr failure;
  try {
    PipeReader reader(ends[0], limits.most_bytes);
    throw_failure(reader);
    parent(reader);
  } catch (...) {
    failure = std::current_exception();
  }
  const std::string end = end_of(process, ends[0]);
  NN_CHECK(end.empty(), "is damaged: the library that reads it ", end);
  if (failure) std::rethrow_exception(failure);
}

}  // namespace io
