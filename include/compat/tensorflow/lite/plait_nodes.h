/* SPDX-License-Identifier: Apache-2.0 */
/* The operators of a model as TensorFlow Lite's structs, for programs that look at them. */
#ifndef TENSORFLOW_LITE_PLAIT_NODES_H_
#define TENSORFLOW_LITE_PLAIT_NODES_H_

#include <map>
#include <utility>

#include "tensorflow/lite/c/c_api_plait.h"
#include "tensorflow/lite/c/common.h"
#include "tensorflow/lite/util.h"

namespace tflite {

/* Made when they are asked for, and kept. */
class PlaitNodes {
public:
    /* NULL if there is no such node. */
    const std::pair<TfLiteNode, TfLiteRegistration> *At(const TfLiteInterpreter *interpreter, int index)
    {
        const auto found = nodes_.find(index);
        if (found != nodes_.end()) return &found->second.pair;
        TfLitePlaitNode facts;
        if (TfLitePlaitInterpreterNode(interpreter, 0, index, &facts) != kTfLiteOk) return nullptr;
        Node &node = nodes_[index];
        node.inputs.reset(ConvertArrayToTfLiteIntArray(facts.input_count, facts.inputs));
        node.outputs.reset(ConvertArrayToTfLiteIntArray(facts.output_count, facts.outputs));
        node.pair.first.inputs = node.inputs.get();
        node.pair.first.outputs = node.outputs.get();
        node.pair.second.builtin_code = facts.builtin_code;
        node.pair.second.custom_name = facts.is_custom ? facts.name : nullptr;
        node.pair.second.version = facts.version;
        return &node.pair;
    }

private:
    struct Node {
        std::pair<TfLiteNode, TfLiteRegistration> pair{};
        IntArrayUniquePtr inputs;
        IntArrayUniquePtr outputs;
    };
    std::map<int, Node> nodes_;
};

} // namespace tflite

#endif
