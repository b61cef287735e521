#include "tests/support/golden.h"

#include <fstream>
#include <sstream>
#include <vector>

namespace test {

std::map<std::string, nn::Tensor> read_golden(const std::string& path) {
  std::ifstream file(path);
  NN_CHECK(file.good(), path, ": cannot be read; tests run in the project's root");
  std::map<std::string, nn::Tensor> tensors;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line.front() == '#') continue;
    std::istringstream in(line);
    std::string name;
    nn::Shape shape;
    in >> name >> shape.n >> shape.h >> shape.w >> shape.c;
    std::vector<double> values;
    for (double value; in >> value;) values.push_back(value);
    NN_CHECK(in.eof(), path, ": tensor ", name, " has something that is no number");
    tensors[name] = nn::Tensor::from<double>(shape, values);
  }
  return tensors;
}

}  // namespace test
