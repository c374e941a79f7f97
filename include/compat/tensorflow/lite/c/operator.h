/* SPDX-License-Identifier: Apache-2.0 */
/* TfLiteOperator: an operator that the program brings, described by callbacks on opaque types. */
#ifndef TENSORFLOW_LITE_C_OPERATOR_H_
#define TENSORFLOW_LITE_C_OPERATOR_H_

#include <stddef.h>
#include <stdint.h>

#include "tensorflow/lite/builtin_ops.h"
#include "tensorflow/lite/c/c_api_types.h"
#include "tensorflow/lite/core/async/c/types.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct TfLiteOperator TfLiteOperator;
typedef TfLiteOperator TfLiteRegistrationExternal; /* its name before */

/* The name is not copied. The operator must live as long as interpreters that use it. NULL is allowed for
 * TfLiteOperatorDelete(), GetVersion() (-1) and GetUserData() (NULL). */
TFL_CAPI_EXPORT TfLiteOperator *TfLiteOperatorCreate(TfLiteBuiltinOperator builtin_code, const char *custom_name,
                                                     int version);
TFL_CAPI_EXPORT TfLiteOperator *TfLiteOperatorCreateWithData(TfLiteBuiltinOperator builtin_code,
                                                             const char *custom_name, int version, void *user_data);
TFL_CAPI_EXPORT void TfLiteOperatorDelete(TfLiteOperator *registration);
TFL_CAPI_EXPORT TfLiteBuiltinOperator TfLiteOperatorGetBuiltInCode(const TfLiteOperator *registration);
TFL_CAPI_EXPORT const char *TfLiteOperatorGetCustomName(const TfLiteOperator *registration);
TFL_CAPI_EXPORT int TfLiteOperatorGetVersion(const TfLiteOperator *registration);
TFL_CAPI_EXPORT void *TfLiteOperatorGetUserData(const TfLiteOperator *registration);

/* Callbacks in two forms; those WithData also get the user_data of creation, and go first. */
TFL_CAPI_EXPORT void TfLiteOperatorSetInit(TfLiteOperator *registration,
                                           void *(*init)(TfLiteOpaqueContext *context, const char *buffer,
                                                         size_t length));
TFL_CAPI_EXPORT TfLiteStatus TfLiteOperatorSetInitWithData(TfLiteOperator *registration,
                                                           void *(*init)(void *user_data,
                                                                         TfLiteOpaqueContext *context,
                                                                         const char *buffer, size_t length));
TFL_CAPI_EXPORT void TfLiteOperatorSetFree(TfLiteOperator *registration,
                                           void (*free)(TfLiteOpaqueContext *context, void *data));
TFL_CAPI_EXPORT TfLiteStatus TfLiteOperatorSetFreeWithData(TfLiteOperator *registration,
                                                           void (*free)(void *user_data,
                                                                        TfLiteOpaqueContext *context, void *data));
TFL_CAPI_EXPORT void TfLiteOperatorSetPrepare(TfLiteOperator *registration,
                                              TfLiteStatus (*prepare)(TfLiteOpaqueContext *context,
                                                                      TfLiteOpaqueNode *node));
TFL_CAPI_EXPORT TfLiteStatus TfLiteOperatorSetPrepareWithData(TfLiteOperator *registration,
                                                              TfLiteStatus (*prepare)(void *user_data,
                                                                                      TfLiteOpaqueContext *context,
                                                                                      TfLiteOpaqueNode *node));
TFL_CAPI_EXPORT void TfLiteOperatorSetInvoke(TfLiteOperator *registration,
                                             TfLiteStatus (*invoke)(TfLiteOpaqueContext *context,
                                                                    TfLiteOpaqueNode *node));
TFL_CAPI_EXPORT TfLiteStatus TfLiteOperatorSetInvokeWithData(TfLiteOperator *registration,
                                                             TfLiteStatus (*invoke)(void *user_data,
                                                                                    TfLiteOpaqueContext *context,
                                                                                    TfLiteOpaqueNode *node));

/* Kept and never called: there are no delegates. */
TFL_CAPI_EXPORT void TfLiteOperatorSetAsyncKernel(TfLiteOperator *registration,
                                                  struct TfLiteAsyncKernel *(*async_kernel)(
                                                      TfLiteOpaqueContext *context, TfLiteOpaqueNode *node));
TFL_CAPI_EXPORT TfLiteStatus TfLiteOperatorSetAsyncKernelWithData(
    TfLiteOperator *registration,
    struct TfLiteAsyncKernel *(*async_kernel)(void *user_data, TfLiteOpaqueContext *context, TfLiteOpaqueNode *node));
/* A permission that is not used: outputs never lie over inputs. */
TFL_CAPI_EXPORT void TfLiteOperatorSetInplaceOperator(TfLiteOperator *registration, uint64_t inplace_operator);

/* The same functions under the names they had before. */
TFL_CAPI_EXPORT TfLiteRegistrationExternal *TfLiteRegistrationExternalCreate(TfLiteBuiltinOperator builtin_code,
                                                                             const char *custom_name, int version);
TFL_CAPI_EXPORT TfLiteBuiltinOperator
TfLiteRegistrationExternalGetBuiltInCode(const TfLiteRegistrationExternal *registration);
TFL_CAPI_EXPORT const char *TfLiteRegistrationExternalGetCustomName(const TfLiteRegistrationExternal *registration);
TFL_CAPI_EXPORT int TfLiteRegistrationExternalGetVersion(const TfLiteRegistrationExternal *registration);
TFL_CAPI_EXPORT void TfLiteRegistrationExternalDelete(TfLiteRegistrationExternal *registration);
TFL_CAPI_EXPORT void TfLiteRegistrationExternalSetInit(TfLiteRegistrationExternal *registration,
                                                       void *(*init)(TfLiteOpaqueContext *context, const char *buffer,
                                                                     size_t length));
TFL_CAPI_EXPORT void TfLiteRegistrationExternalSetFree(TfLiteRegistrationExternal *registration,
                                                       void (*free)(TfLiteOpaqueContext *context, void *data));
TFL_CAPI_EXPORT void TfLiteRegistrationExternalSetPrepare(TfLiteRegistrationExternal *registration,
                                                          TfLiteStatus (*prepare)(TfLiteOpaqueContext *context,
                                                                                  TfLiteOpaqueNode *node));
TFL_CAPI_EXPORT void TfLiteRegistrationExternalSetInvoke(TfLiteRegistrationExternal *registration,
                                                         TfLiteStatus (*invoke)(TfLiteOpaqueContext *context,
                                                                                TfLiteOpaqueNode *node));
TFL_CAPI_EXPORT void TfLiteRegistrationExternalSetInplaceOperator(TfLiteRegistrationExternal *registration,
                                                                  uint64_t inplace_operator);

#ifdef __cplusplus
}
#endif
#endif
