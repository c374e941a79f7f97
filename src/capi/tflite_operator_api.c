/* SPDX-License-Identifier: Apache-2.0 */
/* TensorFlow Lite's C API: TfLiteOperator, under its name and the one it had before. */
#include "capi/tflite_internal.h"

TfLiteOperator *TfLiteOperatorCreateWithData(TfLiteBuiltinOperator builtin_code,
                                             const char *custom_name, int version, void *user_data)
{
    struct TfLiteOperator *made = pl_tflite_allocate(sizeof *made);
    if (made == NULL) return NULL;
    made->builtin_code = builtin_code;
    made->custom_name = custom_name;
    made->version = version;
    made->user_data = user_data;
    return made;
}

TfLiteOperator *TfLiteOperatorCreate(TfLiteBuiltinOperator builtin_code, const char *custom_name,
                                     int version)
{
    return TfLiteOperatorCreateWithData(builtin_code, custom_name, version, NULL);
}

void TfLiteOperatorDelete(TfLiteOperator *registration)
{
    if (registration != NULL) pl_tflite_free(registration, sizeof *registration);
}

TfLiteBuiltinOperator TfLiteOperatorGetBuiltInCode(const TfLiteOperator *registration)
{
    return registration == NULL ? kTfLiteBuiltinCustom : registration->builtin_code;
}

const char *TfLiteOperatorGetCustomName(const TfLiteOperator *registration)
{
    return registration == NULL ? NULL : registration->custom_name;
}

int TfLiteOperatorGetVersion(const TfLiteOperator *registration)
{
    return registration == NULL ? -1 : registration->version;
}

void *TfLiteOperatorGetUserData(const TfLiteOperator *registration)
{
    return registration == NULL ? NULL : registration->user_data;
}

/* SET(what it sets, result, parameters of the callback): without and with the user's data. */
#define SET(Name, name, result, ...)                                                               \
    void TfLiteOperatorSet##Name(TfLiteOperator *registration, result (*name)(__VA_ARGS__))        \
    {                                                                                              \
        if (registration != NULL) registration->name = name;                                       \
    }                                                                                              \
    TfLiteStatus TfLiteOperatorSet##Name##WithData(TfLiteOperator *registration,                   \
                                                   result (*name)(void *user_data, __VA_ARGS__))   \
    {                                                                                              \
        if (registration == NULL) return kTfLiteError;                                             \
        registration->name##_with_data = name;                                                     \
        return kTfLiteOk;                                                                          \
    }
SET(Init, init, void *, TfLiteOpaqueContext *context, const char *buffer, size_t length)
SET(Free, free, void, TfLiteOpaqueContext *context, void *data)
SET(Prepare, prepare, TfLiteStatus, TfLiteOpaqueContext *context, TfLiteOpaqueNode *node)
SET(Invoke, invoke, TfLiteStatus, TfLiteOpaqueContext *context, TfLiteOpaqueNode *node)
SET(AsyncKernel, async_kernel, struct TfLiteAsyncKernel *, TfLiteOpaqueContext *context,
    TfLiteOpaqueNode *node)

void TfLiteOperatorSetInplaceOperator(TfLiteOperator *registration, uint64_t inplace_operator)
{
    if (registration != NULL) registration->inplace_operator = inplace_operator;
}

/* ---- the name before ------------------------------------------------------------------------- */

TfLiteRegistrationExternal *TfLiteRegistrationExternalCreate(TfLiteBuiltinOperator builtin_code,
                                                             const char *custom_name, int version)
{
    return TfLiteOperatorCreate(builtin_code, custom_name, version);
}

void TfLiteRegistrationExternalDelete(TfLiteRegistrationExternal *registration)
{
    TfLiteOperatorDelete(registration);
}

TfLiteBuiltinOperator
TfLiteRegistrationExternalGetBuiltInCode(const TfLiteRegistrationExternal *registration)
{
    return TfLiteOperatorGetBuiltInCode(registration);
}

const char *
TfLiteRegistrationExternalGetCustomName(const TfLiteRegistrationExternal *registration)
{
    return TfLiteOperatorGetCustomName(registration);
}

int TfLiteRegistrationExternalGetVersion(const TfLiteRegistrationExternal *registration)
{
    return TfLiteOperatorGetVersion(registration);
}

#define SET_BEFORE(Name, result, ...)                                                              \
    void TfLiteRegistrationExternalSet##Name(TfLiteRegistrationExternal *registration,             \
                                             result (*callback)(__VA_ARGS__))                      \
    {                                                                                              \
        TfLiteOperatorSet##Name(registration, callback);                                           \
    }
SET_BEFORE(Init, void *, TfLiteOpaqueContext *context, const char *buffer, size_t length)
SET_BEFORE(Free, void, TfLiteOpaqueContext *context, void *data)
SET_BEFORE(Prepare, TfLiteStatus, TfLiteOpaqueContext *context, TfLiteOpaqueNode *node)
SET_BEFORE(Invoke, TfLiteStatus, TfLiteOpaqueContext *context, TfLiteOpaqueNode *node)

void TfLiteRegistrationExternalSetInplaceOperator(TfLiteRegistrationExternal *registration,
                                                  uint64_t inplace_operator)
{
    TfLiteOperatorSetInplaceOperator(registration, inplace_operator);
}
