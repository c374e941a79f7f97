/* SPDX-License-Identifier: Apache-2.0 */
/* The data and the shape of a tensor, for operators of a program's own. */
#ifndef TENSORFLOW_LITE_KERNELS_INTERNAL_TENSOR_CTYPES_H_
#define TENSORFLOW_LITE_KERNELS_INTERNAL_TENSOR_CTYPES_H_

#include <cstdint>
#include <vector>

#include "tensorflow/lite/c/common.h"

namespace tflite {

template <typename T> inline T *GetTensorData(TfLiteTensor *tensor)
{
    return tensor != nullptr ? static_cast<T *>(tensor->data.data) : nullptr;
}

template <typename T> inline const T *GetTensorData(const TfLiteTensor *tensor)
{
    return tensor != nullptr ? static_cast<const T *>(tensor->data.data) : nullptr;
}

class RuntimeShape {
public:
    RuntimeShape() = default;
    RuntimeShape(int dimensions_count, const int32_t *dims) : dims_(dims, dims + dimensions_count) {}
    int32_t DimensionsCount() const { return static_cast<int32_t>(dims_.size()); }
    int32_t Dims(int i) const { return dims_[static_cast<size_t>(i)]; }
    const int32_t *DimsData() const { return dims_.data(); }
    int FlatSize() const
    {
        int size = 1;
        for (int32_t dim : dims_) size *= dim;
        return size;
    }
    bool operator==(const RuntimeShape &other) const { return dims_ == other.dims_; }
    bool operator!=(const RuntimeShape &other) const { return dims_ != other.dims_; }

private:
    std::vector<int32_t> dims_;
};

inline RuntimeShape GetTensorShape(const TfLiteTensor *tensor)
{
    if (tensor == nullptr || tensor->dims == nullptr) return RuntimeShape();
    return RuntimeShape(tensor->dims->size, tensor->dims->data);
}

} // namespace tflite

#endif
