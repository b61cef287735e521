// The commands of the documents are tests: every `falx ...` of a README and of --help's examples names a command and
// options that there are, and README.md's walk from data to scores runs, with its numbers made small.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <sstream>

#include "tests/apps/run_falx.h"

namespace {

namespace fs = std::filesystem;

/// One `falx COMMAND ...` as it stands in a document.
struct Command {
  std::string text;

  std::string name() const { return word(1); }
  /// "--flag" without what may follow it.
  std::vector<std::string> flags() const {
    std::vector<std::string> list;
    const std::regex flag("--[a-z][a-z-]*");
    for (std::sregex_iterator at(text.begin(), text.end(), flag), end; at != end; ++at) list.push_back(at->str());
    return list;
  }

 private:
  std::string word(int index) const {
    std::istringstream words(text);
    std::string word;
    for (int i = 0; i <= index; ++i) words >> word;
    return word;
  }
};

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) {
    while (!line.empty() && line.back() == '\\') {  // goes on in the next line
      std::string next;
      line.pop_back();
      if (std::getline(stream, next)) line += next;
    }
    lines.push_back(line);
  }
  return lines;
}

/// The blocks between ``` fences, each as its lines.
std::vector<std::vector<std::string>> code_blocks(const std::string& markdown) {
  std::vector<std::vector<std::string>> blocks;
  bool inside = false;
  for (const std::string& line : lines_of(markdown)) {
    if (line.rfind("```", 0) == 0) {
      inside = !inside;
      if (inside) blocks.emplace_back();
    } else if (inside) {
      blocks.back().push_back(line);
    }
  }
  return blocks;
}

/// Lines that begin with `falx`, after a prompt or blanks. What stands behind # or | is not the command's.
std::vector<Command> commands_of_lines(const std::vector<std::string>& lines) {
  std::vector<Command> commands;
  const std::regex pattern("^[ $]*(falx [a-z][^#|]*)");
  for (const std::string& line : lines) {
    std::smatch match;
    if (std::regex_search(line, match, pattern)) commands.push_back({match[1]});
  }
  return commands;
}

/// Those in blocks of code, and `falx ...` in back quotes within the text.
std::vector<Command> commands_of(const std::string& markdown) {
  std::vector<Command> commands;
  for (const std::vector<std::string>& block : code_blocks(markdown)) {
    for (const Command& command : commands_of_lines(block)) commands.push_back(command);
  }
  const std::regex quoted("`(falx [a-z][^`|]*)`");
  for (std::sregex_iterator at(markdown.begin(), markdown.end(), quoted), end; at != end; ++at) {
    commands.push_back({std::regex_replace((*at)[1].str(), std::regex("\n"), " ")});
  }
  return commands;
}

std::vector<fs::path> documents() {
  std::vector<fs::path> found = {"README.md"};
  for (const char* folder : {"apps", "cuda", "io", "models", "nn", "tests", "train", "weights"}) {
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
      if (entry.path().filename() == "README.md") found.push_back(entry.path());
    }
  }
  return found;
}

/// The help of every subcommand, by name.
std::map<std::string, std::string> help_of_commands() {
  std::map<std::string, std::string> help;
  bool listed = false;
  for (const std::string& line : test::run_falx("--help").lines()) {
    if (listed && !line.empty()) {
      std::istringstream words(line);
      std::string name;
      words >> name;
      if (line.rfind("  ", 0) == 0 && line[2] != ' ') help[name] = test::run_falx(name + " --help").out;
    }
    listed = listed || line.rfind("Subcommands:", 0) == 0;
  }
  return help;
}

/// Empty if the command and all its options are there.
std::string problem_of(const Command& command, const std::map<std::string, std::string>& help) {
  const auto found = help.find(command.name());
  if (found == help.end()) return "there is no command " + command.name();
  for (const std::string& flag : command.flags()) {
    if (!std::regex_search(found->second, std::regex(flag + "($|[^a-z-])"))) return "there is no option " + flag;
  }
  return {};
}

TEST(Readme, EveryCommandInADocumentExistsWithItsOptions) {
  const std::map<std::string, std::string> help = help_of_commands();
  std::size_t checked = 0;
  for (const fs::path& document : documents()) {
    for (const Command& command : commands_of(io::read_file(document))) {
      EXPECT_EQ(problem_of(command, help), "") << document << ": " << command.text;
      ++checked;
    }
  }
  EXPECT_GT(checked, 12U);
}

TEST(Readme, EveryExampleOfHelpExistsWithItsOptions) {
  const std::map<std::string, std::string> help = help_of_commands();
  EXPECT_GE(help.size(), 6U);
  for (const auto& [name, text] : help) {
    const std::vector<Command> examples = commands_of_lines(lines_of(text));
    EXPECT_FALSE(examples.empty()) << name << " shows no example";
    for (const Command& example : examples) EXPECT_EQ(problem_of(example, help), "") << example.text;
  }
}

TEST(Readme, ACommandThatDoesNotExistIsFound) {
  const std::map<std::string, std::string> help = {{"train", "  --out TEXT\n  --batch INT"}};
  const auto first_problem = [&](const std::string& text) { return problem_of(commands_of(text).at(0), help); };
  EXPECT_EQ(first_problem("```\n$ falx train --out RUN  # comment --flag\n```"), "");
  EXPECT_EQ(first_problem("```\nfalx train --out RUN \\\n  --bat 3\n```"), "there is no option --bat");
  EXPECT_EQ(first_problem("with `falx tran --out\nRUN`."), "there is no command tran");
}

/// The script's own falx: the program, with every number that costs time made small.
constexpr const char* small_falx = R"(
falx() {
  local arguments=() small=
  for argument in "$@"; do
    if [ -n "$small" ]; then argument=$small; small=; else
      case $argument in
        --patients) small=5 ;;
        --test-patients) small=2 ;;
        --slices) small=6 ;;
        --size) small=32 ;;
        --epochs) small=1 ;;
        --batch) small=8 ;;
      esac
    fi
    arguments+=("$argument")
  done
  [ "$1" != synth ] || [[ " $* " == *" --slices "* ]] || arguments+=(--slices 6)
  [ "$1" != bench ] || arguments+=(--seconds 0)
  "$FALX" "${arguments[@]}" || [ $? -eq 3 ]
}
)";

/// Runs a block of README.md in `directory`.
test::ProgramResult run_block(const std::vector<std::string>& lines, const fs::path& directory) {
  std::ofstream script(directory / "block.sh");
  script << "set -euo pipefail\nFALX=" << fs::absolute(FALX_PROGRAM) << "\ncd " << directory << '\n' << small_falx;
  for (const std::string& line : lines) script << std::regex_replace(line, std::regex("^\\$ "), "") << '\n';
  script.close();
  const std::string out = (directory / "out.txt").string(), error = (directory / "error.txt").string();
  const int status = std::system(("bash " + (directory / "block.sh").string() + " >" + out + " 2>" + error).c_str());
  return {WEXITSTATUS(status), io::read_file(out), io::read_file(error)};
}

/// Blocks that begin by making their own data: a reader can paste them as they stand.
TEST(Readme, TheWalksFromDataToScoresRun) {
  int walks = 0;
  for (const std::vector<std::string>& block : code_blocks(io::read_file("README.md"))) {
    if (block.empty() || block.front().find("falx synth") == std::string::npos) continue;
    const test::TemporaryDirectory directory;
    const test::ProgramResult result = run_block(block, directory.path());
    EXPECT_EQ(result.exit_code, 0) << block.front() << "\n" << result.error;
    EXPECT_THAT(result.out, testing::HasSubstr("class prior")) << block.front();
    ++walks;
  }
  EXPECT_GE(walks, 2) << "the first look and the results";
}

/// Blocks that speak of the reader's files: these names stand for a small synthetic set.
TEST(Readme, TheCommandsOnTheReadersOwnFilesRun) {
  const test::TemporaryDirectory directory;
  const test::ProgramResult made =
      run_block({"falx synth --out DATA --patients 5 --test-patients 2 --size 64 --quiet",
                 "ln -s DATA/stage_2_test SCANS", "ln -s DATA rsna", "ln -s DATA/stage_2_test_labels.csv LABELS.csv",
                 "cp DATA/stage_2_test_labels.csv rsna/stage_2_sample_submission.csv"},
                directory.path());
  ASSERT_EQ(made.exit_code, 0) << made.error;
  int blocks = 0;
  for (const std::vector<std::string>& block : code_blocks(io::read_file("README.md"))) {
    if (block.empty() || !std::regex_search(block.front(), std::regex("falx train +--images"))) continue;
    std::vector<std::string> lines = {"rm -rf RUN PREDICTIONS"};
    lines.insert(lines.end(), block.begin(), block.end());
    const test::ProgramResult result = run_block(lines, directory.path());
    EXPECT_EQ(result.exit_code, 0) << block.front() << "\n" << result.error;
    ++blocks;
  }
  EXPECT_GE(blocks, 1) << "the challenge's data";
}

}  // namespace
