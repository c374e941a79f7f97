/* SPDX-License-Identifier: Apache-2.0 */
/* BuiltinOpResolver: all operators that plait has, and those that a program adds. */
#ifndef TENSORFLOW_LITE_KERNELS_REGISTER_H_
#define TENSORFLOW_LITE_KERNELS_REGISTER_H_

#include <cstring>

#include "tensorflow/lite/kernels/builtin_op_kernels.h"
#include "tensorflow/lite/mutable_op_resolver.h"

namespace tflite {
namespace ops {
namespace builtin {

class BuiltinOpResolver : public MutableOpResolver {
public:
    using MutableOpResolver::FindOp;

    const TfLiteRegistration *FindOp(BuiltinOperator op, int version) const override
    {
        const TfLiteRegistration *added = MutableOpResolver::FindOp(op, version);
        return added != nullptr ? added : Own(op);
    }

    const TfLiteRegistration *FindOp(const char *op, int version) const override
    {
        const TfLiteRegistration *added = MutableOpResolver::FindOp(op, version);
        return added != nullptr || !IsOwn(op) ? added : Own(BuiltinOperator_CUSTOM);
    }

private:
    static const TfLiteRegistration *Own(BuiltinOperator op)
    {
        switch (op) {
#define PLAIT_TFLITE_BUILTIN(name, schema_name, number) \
    case BuiltinOperator_##schema_name: return Register_##schema_name();
            PLAIT_TFLITE_BUILTINS(PLAIT_TFLITE_BUILTIN)
#undef PLAIT_TFLITE_BUILTIN
        }
        return nullptr;
    }

    /* Custom operators that TensorFlow Lite's resolver has. */
    static bool IsOwn(const char *op)
    {
        for (const char *name : {"TFLite_Detection_PostProcess", "Mfcc", "AudioSpectrogram"})
            if (std::strcmp(op, name) == 0) return true;
        return std::strncmp(op, "Signal", 6) == 0;
    }
};

/* Delegates are never applied: all are the same. */
using BuiltinOpResolverWithoutDefaultDelegates = BuiltinOpResolver;

class BuiltinOpResolverWithXNNPACK : public BuiltinOpResolver {
public:
    explicit BuiltinOpResolverWithXNNPACK(bool enable_xnnpack_unsigned_quantized = true)
    {
        static_cast<void>(enable_xnnpack_unsigned_quantized);
    }
};

} // namespace builtin
} // namespace ops
} // namespace tflite

#endif
