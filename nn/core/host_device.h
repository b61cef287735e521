// Functors are compiled by the C++ compiler for the CPU and by nvcc for the GPU: the same formula, written once.
#pragma once

#if defined(__CUDACC__)
#define NN_HOST_DEVICE __host__ __device__
#else
#define NN_HOST_DEVICE
#endif
