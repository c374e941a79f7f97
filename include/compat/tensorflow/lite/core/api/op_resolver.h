/* SPDX-License-Identifier: Apache-2.0 */
/* OpResolver: finds the registration of an operator. One whose callbacks are all NULL stands for plait's own kernel. */
#ifndef TENSORFLOW_LITE_CORE_API_OP_RESOLVER_H_
#define TENSORFLOW_LITE_CORE_API_OP_RESOLVER_H_

#include "tensorflow/lite/c/common.h"
#include "tensorflow/lite/schema/schema_generated.h"

namespace tflite {

class OpResolver {
public:
    virtual ~OpResolver() = default;
    /* NULL if there is none. */
    virtual const TfLiteRegistration *FindOp(BuiltinOperator op, int version) const = 0;
    virtual const TfLiteRegistration *FindOp(const char *op, int version) const = 0;
};

} // namespace tflite

#endif
