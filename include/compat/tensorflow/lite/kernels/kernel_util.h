/* SPDX-License-Identifier: Apache-2.0 */
/* What operators of a program's own ask about their tensors. */
#ifndef TENSORFLOW_LITE_KERNELS_KERNEL_UTIL_H_
#define TENSORFLOW_LITE_KERNELS_KERNEL_UTIL_H_

#include <cstdint>

#include "tensorflow/lite/c/builtin_op_data.h"
#include "tensorflow/lite/c/common.h"

namespace tflite {

inline int NumInputs(const TfLiteNode *node) { return node->inputs == nullptr ? 0 : node->inputs->size; }
inline int NumOutputs(const TfLiteNode *node) { return node->outputs->size; }

inline TfLiteTensor *PlaitTensorAt(const TfLiteContext *context, const TfLiteIntArray *list, int index)
{
    if (list == nullptr || index < 0 || index >= list->size || list->data[index] == kTfLiteOptionalTensor)
        return nullptr;
    return context->GetTensor(context, list->data[index]);
}

inline TfLiteStatus PlaitSafe(const TfLiteTensor *found) { return found == nullptr ? kTfLiteError : kTfLiteOk; }

/* NULL: out of range, or left out. */
inline const TfLiteTensor *GetInput(const TfLiteContext *context, const TfLiteNode *node, int index)
{
    return PlaitTensorAt(context, node->inputs, index);
}
inline const TfLiteTensor *GetOptionalInputTensor(const TfLiteContext *context, const TfLiteNode *node, int index)
{
    return PlaitTensorAt(context, node->inputs, index);
}
inline TfLiteTensor *GetVariableInput(TfLiteContext *context, const TfLiteNode *node, int index)
{
    TfLiteTensor *found = PlaitTensorAt(context, node->inputs, index);
    return found != nullptr && found->is_variable ? found : nullptr;
}
inline TfLiteTensor *GetOutput(TfLiteContext *context, const TfLiteNode *node, int index)
{
    return PlaitTensorAt(context, node->outputs, index);
}
inline TfLiteTensor *GetTemporary(TfLiteContext *context, const TfLiteNode *node, int index)
{
    return PlaitTensorAt(context, node->temporaries, index);
}
inline const TfLiteTensor *GetIntermediates(TfLiteContext *context, const TfLiteNode *node, int index)
{
    return PlaitTensorAt(context, node->intermediates, index);
}

inline TfLiteStatus GetInputSafe(const TfLiteContext *context, const TfLiteNode *node, int index,
                                 const TfLiteTensor **tensor)
{
    *tensor = GetInput(context, node, index);
    return PlaitSafe(*tensor);
}
inline TfLiteStatus GetOutputSafe(const TfLiteContext *context, const TfLiteNode *node, int index,
                                  TfLiteTensor **tensor)
{
    *tensor = PlaitTensorAt(context, node->outputs, index);
    return PlaitSafe(*tensor);
}
inline TfLiteStatus GetTemporarySafe(const TfLiteContext *context, const TfLiteNode *node, int index,
                                     TfLiteTensor **tensor)
{
    *tensor = PlaitTensorAt(context, node->temporaries, index);
    return PlaitSafe(*tensor);
}

inline int NumDimensions(const TfLiteTensor *tensor) { return tensor->dims->size; }
inline int SizeOfDimension(const TfLiteTensor *tensor, int dim) { return tensor->dims->data[dim]; }
inline int64_t NumElements(const TfLiteIntArray *dims)
{
    int64_t count = 1;
    for (int i = 0; i < dims->size; i++) count *= dims->data[i];
    return count;
}
inline int64_t NumElements(const TfLiteTensor *tensor) { return NumElements(tensor->dims); }
inline bool HaveSameShapes(const TfLiteTensor *first, const TfLiteTensor *second)
{
    return TfLiteIntArrayEqual(first->dims, second->dims) != 0;
}

inline bool IsConstantTensor(const TfLiteTensor *tensor) { return tensor->allocation_type == kTfLiteMmapRo; }
inline bool IsConstantOrPersistentTensor(const TfLiteTensor *tensor)
{
    return IsConstantTensor(tensor) || tensor->allocation_type == kTfLitePersistentRo;
}
inline bool IsDynamicTensor(const TfLiteTensor *tensor) { return tensor->allocation_type == kTfLiteDynamic; }
inline bool IsVariableTensor(const TfLiteTensor *tensor) { return tensor->is_variable; }

/* In prepare: the output's shape depends on data; invoke resizes it. */
inline void SetTensorToDynamic(TfLiteTensor *tensor)
{
    if (tensor->allocation_type == kTfLiteDynamic) return;
    tensor->allocation_type = kTfLiteDynamic;
    tensor->data.raw = nullptr;
}

} // namespace tflite

#endif
