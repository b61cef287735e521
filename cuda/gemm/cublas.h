// cuBLASLt, loaded when its first function is called. Linked, it would cost every start of the program 75 ms, GPU or
// not: it is 540 MB, and the loader goes through all of its addresses.
//
// The functions that the backend calls have their usual names and are defined in cublas.cpp, which hands them on.
#pragma once

#include <cublasLt.h>

namespace cuda {

/// A function of the library. Throws nn::Error if the library cannot be loaded or lacks it.
void* cublas_symbol(const char* name);

}  // namespace cuda

/// Any other function of it, by its name: CUBLAS_FUNCTION(cublasLtMatrixLayoutGetAttribute)(layout, ...)
#define CUBLAS_FUNCTION(name) reinterpret_cast<decltype(&(name))>(::cuda::cublas_symbol(#name))
