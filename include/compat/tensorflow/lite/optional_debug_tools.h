/* SPDX-License-Identifier: Apache-2.0 */
/* PrintInterpreterState(): the tensors and operators of an interpreter, on stdout. */
#ifndef TENSORFLOW_LITE_OPTIONAL_DEBUG_TOOLS_H_
#define TENSORFLOW_LITE_OPTIONAL_DEBUG_TOOLS_H_

#include <cstdint>
#include <cstdio>

#include "tensorflow/lite/interpreter.h"

namespace tflite {

namespace plait_print {

inline void Numbers(const int *numbers, int count)
{
    std::printf("[");
    for (int i = 0; i < count; i++) std::printf("%s%d", i == 0 ? "" : ",", numbers[i]);
    std::printf("]");
}

inline const char *AllocationName(TfLiteAllocationType type)
{
    static const char *const names[] = {"kTfLiteMemNone",  "kTfLiteMmapRo",        "kTfLiteArenaRw",
                                        "kTfLiteArenaRwPersistent", "kTfLiteDynamic", "kTfLitePersistentRo",
                                        "kTfLiteCustom",   "kTfLiteVariantObject", "kTfLiteNonCpu"};
    return static_cast<size_t>(type) < sizeof names / sizeof names[0] ? names[type] : "(unknown)";
}

inline void Tensor(int index, const TfLiteTensor *tensor)
{
    std::printf("Tensor %3d %-32s %-12s %-24s %9zu bytes ", index, tensor->name == nullptr ? "" : tensor->name,
                TfLiteTypeGetName(tensor->type), AllocationName(tensor->allocation_type), tensor->bytes);
    if (tensor->dims != nullptr) Numbers(tensor->dims->data, tensor->dims->size);
    std::printf("\n");
}

} // namespace plait_print

inline void PrintInterpreterState(const Interpreter *interpreter, int32_t = 0, int32_t = 0, int32_t = 0)
{
    if (interpreter == nullptr) return;
    std::printf("Interpreter has %zu subgraphs, %zu tensors and %zu nodes\n", interpreter->subgraphs_size(),
                interpreter->tensors_size(), interpreter->nodes_size());
    std::printf("Inputs: ");
    plait_print::Numbers(interpreter->inputs().data(), static_cast<int>(interpreter->inputs().size()));
    std::printf("\nOutputs: ");
    plait_print::Numbers(interpreter->outputs().data(), static_cast<int>(interpreter->outputs().size()));
    std::printf("\n\n");
    for (size_t i = 0; i < interpreter->tensors_size(); i++)
        plait_print::Tensor(static_cast<int>(i), interpreter->tensor(static_cast<int>(i)));
    std::printf("\n");
    for (size_t i = 0; i < interpreter->nodes_size(); i++) {
        TfLitePlaitNode node;
        if (TfLitePlaitInterpreterNode(interpreter->c_interpreter(), 0, static_cast<int32_t>(i), &node) != kTfLiteOk)
            continue;
        std::printf("Node %3zu Operator %s version %d inputs ", i, node.name, static_cast<int>(node.version));
        plait_print::Numbers(node.inputs, node.input_count);
        std::printf(" outputs ");
        plait_print::Numbers(node.outputs, node.output_count);
        std::printf("\n");
    }
}

} // namespace tflite

#endif
