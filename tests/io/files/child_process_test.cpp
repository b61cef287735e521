#include "io/files/child_process.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <vector>

#include "tests/support/error_of.h"

namespace {

using testing::AnyOf;
using testing::HasSubstr;

constexpr io::ChildLimits usual{.most_bytes = 1000, .most_memory = std::uint64_t{64} << 20U, .cpu_seconds = 1};

/// What comes of a child that does this, read by a parent that does that.
std::string error_of(const std::function<void(io::PipeWriter&)>& child,
                     const std::function<void(io::PipeReader&)>& parent) {
  return test::error_of([&] { io::in_child_process(usual, child, parent); });
}

TEST(ChildProcess, HandsOverWhatItFinds) {
  std::string text;
  std::uint64_t number = 0;
  EXPECT_EQ(error_of([](io::PipeWriter& pipe) { pipe.text("weights"), pipe.number(42); },
                     [&](io::PipeReader& pipe) { text = pipe.text(), number = pipe.number(); }),
            "");
  EXPECT_EQ(text, "weights");
  EXPECT_EQ(number, 42U);
}

TEST(ChildProcess, ItsErrorIsThrownInTheParent) {
  EXPECT_EQ(error_of([](io::PipeWriter&) { throw nn::Error("no such\narray"); }, [](io::PipeReader&) { FAIL(); }),
            "no such array");
}

TEST(ChildProcess, ACrashIsAnError) {
  const auto read = [](io::PipeReader& pipe) { pipe.number(); };
  EXPECT_THAT(error_of([](io::PipeWriter&) { ::raise(SIGSEGV); }, read), HasSubstr("crashed"));
  EXPECT_THAT(error_of([](io::PipeWriter& pipe) { pipe.number(1), ::raise(SIGABRT); }, read), HasSubstr("crashed"));
}

TEST(ChildProcess, RunningForEverIsAnError) {
  const auto run_for_ever = [](io::PipeWriter&) {
    while (::getpid() > 0) {
    }
  };
  EXPECT_THAT(error_of(run_for_ever, [](io::PipeReader& pipe) { pipe.number(); }), HasSubstr("did not come to an end"));
}

TEST(ChildProcess, ItCannotTakeMoreMemoryThanItMay) {
  const auto take = [](std::uint64_t bytes) {
    return [=](io::PipeWriter& pipe) { pipe.number(std::vector<char>(bytes, 'x').size()); };
  };
  const auto read = [](io::PipeReader& pipe) { pipe.number(); };
  EXPECT_EQ(error_of(take(std::uint64_t{16} << 20U), read), "");
  // AddressSanitizer ends a process that gets no memory.
  EXPECT_THAT(error_of(take(std::uint64_t{256} << 20U), read),
              AnyOf(HasSubstr("more than it may"), HasSubstr("crashed")));
}

TEST(ChildProcess, ItCannotHandOverMoreThanItMay) {
  const auto send = [](std::uint64_t length) { return [=](io::PipeWriter& pipe) { pipe.number(length); }; };
  const auto read = [](io::PipeReader& pipe) { pipe.text(); };
  EXPECT_THAT(error_of(send(std::uint64_t{1} << 60U), read), HasSubstr("more than it may"));
  EXPECT_THAT(error_of(send(100), read), HasSubstr("ended early"));
}

}  // namespace
