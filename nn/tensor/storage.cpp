#include "nn/tensor/storage.h"

#include "nn/core/allocator.h"

namespace nn {

Storage::Storage(std::size_t bytes, Device device, Allocator& allocator)
    : bytes_(bytes), device_(device), allocator_(allocator), data_(allocator.allocate(bytes)) {
  detail::count_allocation(device, bytes);
}

Storage::~Storage() {
  allocator_.deallocate(data_, bytes_);
  detail::count_deallocation(device_, bytes_);
}

}  // namespace nn
