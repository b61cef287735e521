// Functors are compiled by the C++ compiler for the CPU and by nvcc for the GPU: the same formula, written once.
#pragma once

#if defined(__CUDACC__)
#define NN_HOST_DEVICE __host__ __device__
#else
#define NN_HOST_DEVICE
#endif

// Before a loop with a fixed number of turns over an array that must stay in a GPU thread's registers.
#if defined(__CUDA_ARCH__)
#define NN_UNROLL _Pragma("unroll")
#else
#define NN_UNROLL
#endif
