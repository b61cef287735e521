#include "tests/support/register_op_cases.h"

#include <gtest/gtest.h>

#include <utility>

#include "nn/core/device_runtime.h"
#include "tests/support/suites.h"

namespace test {
namespace {

struct Suite {
  const char* name;
  std::string (*check)(const OpCase&);
  bool needs_gpu = false;
};

const Suite suites[] = {{"Gradient", check_gradient},
                        {"Views", check_views},
                        {"Beta", check_beta},
                        {"Precision", check_precision},
                        {"Parity", check_parity, true}};
const Suite reference_suite{"Reference", check_reference};

class SuiteTest final : public testing::Test {
 public:
  SuiteTest(std::string title, Suite suite, OpCase op) : title_(std::move(title)), suite_(suite), op_(std::move(op)) {}

 private:
  void TestBody() override {
    if (suite_.needs_gpu && !nn::has_device(nn::Device::cuda)) GTEST_SKIP() << "no CUDA device in this program";
    const std::string failure = suite_.check(op_);
    if (!failure.empty()) ADD_FAILURE() << title_ << ":\n" << failure;
  }

  std::string title_;
  Suite suite_;
  OpCase op_;
};

}  // namespace

bool register_op_cases(const char* op, const std::vector<OpCase>& cases, const char* file, int line) {
  const auto add = [&](const Suite& suite, const OpCase& op_case) {
    const std::string name = suite.name + op_case.name;
    // The factory's type is the fixture that all tests of a name share: plain testing::Test, as with TEST().
    const auto factory = [title = op + ("." + name), suite, op_case]() -> testing::Test* {
      return new SuiteTest(title, suite, op_case);
    };
    testing::RegisterTest(op, name.c_str(), nullptr, nullptr, file, line, factory);
  };
  for (const OpCase& op_case : cases) {
    for (const Suite& suite : suites) add(suite, op_case);
    if (op_case.reference) add(reference_suite, op_case);
  }
  return true;
}

}  // namespace test
