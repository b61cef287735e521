// The same bits with any number of threads, through a whole network, forward and backward.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "models/registry.h"
#include "nn/autograd/tape.h"
#include "nn/core/parallel.h"
#include "nn/core/philox.h"
#include "nn/layers/parameter_buffers.h"
#include "nn/ops/loss.h"

namespace {

using nn::Tensor;

/// All gradients and running statistics after one step's backward pass.
std::vector<float> gradients_with(int threads, const std::string& name) {
  nn::set_thread_count(threads);
  const auto model = models::make_model(name, {.seed = 3});
  nn::ParameterBuffers buffers(nn::group_by_weight_decay(model->parameters()), nn::DType::f32, nn::Device::cpu);
  buffers.clear_gradients();
  const Tensor x = Tensor::empty({3, 52, 47, 3});  // more rows than one chunk of the element-wise kernels
  nn::Random random(1);
  std::generate_n(x.data<float>(), x.elements(), [&] { return random.uniform(); });
  const Tensor targets = Tensor::zeros(nn::matrix_shape(x.n(), 6));
  const Tensor weights = Tensor::from(nn::vector_shape(6), {2.0F, 1.0F, 1.0F, 1.0F, 1.0F, 1.0F});
  nn::Tape tape;
  const nn::Context context{.training = true, .random_state = Tensor::from({1, 1, 1, 4}, {1, 2, 3, 4})};
  const nn::Variable logits = (*model)(nn::Variable(x, &tape), context);
  tape.backward(nn::sigmoid_bce(logits, targets, {}, weights));
  std::vector<float> numbers = buffers.gradients().to_vector<float>();
  for (const nn::NamedBuffer& entry : model->buffers()) {
    const std::vector<float> more = entry.buffer->to_vector<float>();
    numbers.insert(numbers.end(), more.begin(), more.end());
  }
  return numbers;
}

TEST(Threads, BitsOfEveryNetworkDoNotDependOnTheirNumber) {
  const int before = nn::thread_count();
  for (const models::ModelEntry& entry : models::all_models()) {
    const std::vector<float> one = gradients_with(1, std::string(entry.name));
    const std::vector<float> several = gradients_with(5, std::string(entry.name));
    ASSERT_EQ(one.size(), several.size());
    EXPECT_EQ(std::memcmp(one.data(), several.data(), one.size() * sizeof(float)), 0) << entry.name;
    EXPECT_TRUE(std::any_of(one.begin(), one.end(), [](float x) { return x != 0; }));
  }
  nn::set_thread_count(before);
}

}  // namespace
