/* SPDX-License-Identifier: Apache-2.0 */
/* What programs use of TensorFlow Lite's helpers. */
#ifndef TENSORFLOW_LITE_UTIL_H_
#define TENSORFLOW_LITE_UTIL_H_

#include <memory>
#include <vector>

#include "tensorflow/lite/c/common.h"

namespace tflite {

/* Of memory for SetCustomAllocationForTensor(). */
constexpr int kDefaultTensorAlignment = 64;

struct TfLiteIntArrayDeleter {
    void operator()(TfLiteIntArray *array) const { TfLiteIntArrayFree(array); }
};
using IntArrayUniquePtr = std::unique_ptr<TfLiteIntArray, TfLiteIntArrayDeleter>;

inline TfLiteIntArray *ConvertArrayToTfLiteIntArray(int ndims, const int *dims)
{
    TfLiteIntArray *array = TfLiteIntArrayCreate(ndims);
    for (int i = 0; array != nullptr && i < ndims; i++) array->data[i] = dims[i];
    return array;
}

inline TfLiteIntArray *ConvertVectorToTfLiteIntArray(const std::vector<int> &input)
{
    return ConvertArrayToTfLiteIntArray(static_cast<int>(input.size()), input.data());
}

inline IntArrayUniquePtr BuildTfLiteIntArray(const std::vector<int> &data)
{
    return IntArrayUniquePtr(ConvertVectorToTfLiteIntArray(data));
}

inline bool EqualArrayAndTfLiteIntArray(const TfLiteIntArray *a, int b_size, const int *b)
{
    return TfLiteIntArrayEqualsArray(a, b_size, b) != 0;
}

} // namespace tflite

#endif
