/* SPDX-License-Identifier: Apache-2.0 */
/* TensorFlow Lite's C API: delegates. XNNPACK's can be created and changes nothing, since plait's own kernels give the
 * answer in any case; others can be described, and are refused where they would be applied. */
#include "capi/tflite_internal.h"
#include "tensorflow/lite/core/async/interop/c/types.h"
#include "tensorflow/lite/delegates/nnapi/nnapi_delegate_c_api.h"

/* ---- XNNPACK --------------------------------------------------------------------------------- */

static const TfLiteXNNPackDelegateOptions default_options = {
    .flags = TFLITE_XNNPACK_DELEGATE_FLAG_QS8 | TFLITE_XNNPACK_DELEGATE_FLAG_QU8};

struct xnnpack_delegate {
    TfLiteDelegate delegate; /* first */
    TfLiteXNNPackDelegateOptions options;
};

/* What a delegate is known by. */
static TfLiteStatus prepare_xnnpack(TfLiteContext *context, TfLiteDelegate *delegate)
{
    (void)context;
    (void)delegate;
    return kTfLiteOk;
}

bool pl_tflite_delegate_has_no_effect(const TfLiteDelegate *delegate)
{
    return delegate != NULL && delegate->Prepare == prepare_xnnpack;
}

TfLiteXNNPackDelegateOptions TfLiteXNNPackDelegateOptionsDefault(void)
{
    return default_options;
}

TfLiteDelegate *TfLiteXNNPackDelegateCreate(const TfLiteXNNPackDelegateOptions *options)
{
    struct xnnpack_delegate *made = pl_tflite_allocate(sizeof *made);
    if (made == NULL) return NULL;
    made->delegate.Prepare = prepare_xnnpack;
    made->delegate.data_ = made;
    made->options = options != NULL ? *options : default_options;
    return &made->delegate;
}

TfLiteDelegate *
TfLiteXNNPackDelegateCreateWithThreadpool(const TfLiteXNNPackDelegateOptions *options,
                                          TfLiteContext *context)
{
    (void)context;
    return TfLiteXNNPackDelegateCreate(options);
}

void TfLiteXNNPackDelegateDelete(TfLiteDelegate *delegate)
{
    if (pl_tflite_delegate_has_no_effect(delegate))
        pl_tflite_free(delegate, sizeof(struct xnnpack_delegate));
}

void *TfLiteXNNPackDelegateGetThreadPool(TfLiteDelegate *delegate)
{
    (void)delegate;
    return NULL;
}

const TfLiteXNNPackDelegateOptions *TfLiteXNNPackDelegateGetOptions(TfLiteDelegate *delegate)
{
    if (!pl_tflite_delegate_has_no_effect(delegate)) return NULL;
    return &((struct xnnpack_delegate *)delegate->data_)->options;
}

int TfLiteXNNPackDelegateGetFlags(TfLiteDelegate *delegate)
{
    const TfLiteXNNPackDelegateOptions *options = TfLiteXNNPackDelegateGetOptions(delegate);
    return options == NULL ? 0 : (int)options->flags;
}

/* Packed weights are shared by all interpreters in any case: a cache is a thing without content. */
struct TfLiteXNNPackDelegateWeightsCache {
    bool final;
};

struct TfLiteXNNPackDelegateWeightsCache *TfLiteXNNPackDelegateWeightsCacheCreate(void)
{
    return pl_tflite_allocate(sizeof(struct TfLiteXNNPackDelegateWeightsCache));
}

struct TfLiteXNNPackDelegateWeightsCache *
TfLiteXNNPackDelegateWeightsCacheCreateWithSize(size_t size)
{
    (void)size;
    return TfLiteXNNPackDelegateWeightsCacheCreate();
}

static bool finalize(struct TfLiteXNNPackDelegateWeightsCache *cache)
{
    if (cache == NULL || cache->final) return false;
    cache->final = true;
    return true;
}

bool TfLiteXNNPackDelegateWeightsCacheFinalizeSoft(struct TfLiteXNNPackDelegateWeightsCache *cache)
{
    return finalize(cache);
}

bool TfLiteXNNPackDelegateWeightsCacheFinalizeHard(struct TfLiteXNNPackDelegateWeightsCache *cache)
{
    return finalize(cache);
}

void TfLiteXNNPackDelegateWeightsCacheDelete(struct TfLiteXNNPackDelegateWeightsCache *cache)
{
    if (cache != NULL) pl_tflite_free(cache, sizeof *cache);
}

/* ---- others ---------------------------------------------------------------------------------- */

TfLiteDelegate TfLiteDelegateCreate(void)
{
    return (TfLiteDelegate){0};
}

struct opaque_delegate {
    TfLiteDelegate delegate; /* first */
    TfLiteOpaqueDelegateBuilder builder;
};

TfLiteOpaqueDelegate *
TfLiteOpaqueDelegateCreate(const TfLiteOpaqueDelegateBuilder *opaque_delegate_builder)
{
    if (opaque_delegate_builder == NULL) return NULL;
    struct opaque_delegate *made = pl_tflite_allocate(sizeof *made);
    if (made == NULL) return NULL;
    made->builder = *opaque_delegate_builder;
    made->delegate.opaque_delegate_builder = &made->builder;
    return &made->delegate;
}

void TfLiteOpaqueDelegateDelete(TfLiteOpaqueDelegate *delegate)
{
    if (delegate != NULL) pl_tflite_free(delegate, sizeof(struct opaque_delegate));
}

void *TfLiteOpaqueDelegateGetData(const TfLiteOpaqueDelegate *delegate)
{
    if (delegate == NULL) return NULL;
    return delegate->opaque_delegate_builder != NULL ? delegate->opaque_delegate_builder->data
                                                     : delegate->data_;
}

TfLiteStatus TfLiteInterpreterModifyGraphWithDelegate(const TfLiteInterpreter *interpreter,
                                                      TfLiteDelegate *delegate)
{
    if (interpreter == NULL) return kTfLiteError;
    if (pl_tflite_delegate_has_no_effect(delegate)) return kTfLiteOk;
    pl_tflite_report(&interpreter->reporter,
                     "a delegate cannot be applied: only XNNPACK's is accepted; leave it out");
    return kTfLiteDelegateError;
}

/* No tensor is in a delegate's buffer. */
TfLiteStatus TfLiteInterpreterSetBufferHandle(TfLiteInterpreter *interpreter, TfLiteTensor *tensor,
                                              TfLiteBufferHandle buffer_handle,
                                              TfLiteOpaqueDelegate *delegate)
{
    (void)interpreter;
    (void)tensor;
    (void)buffer_handle;
    (void)delegate;
    return kTfLiteError;
}

TfLiteStatus TfLiteInterpreterGetBufferHandle(TfLiteInterpreter *interpreter, int tensor_index,
                                              TfLiteBufferHandle *buffer_handle,
                                              TfLiteOpaqueDelegate **delegate)
{
    if (buffer_handle == NULL || delegate == NULL) return kTfLiteError;
    if (TfLiteInterpreterGetTensor(interpreter, tensor_index) == NULL) return kTfLiteError;
    *buffer_handle = kTfLiteNullBufferHandle;
    *delegate = NULL;
    return kTfLiteOk;
}

void TfLiteSetAllowBufferHandleOutput(const TfLiteInterpreter *interpreter,
                                      bool allow_buffer_handle_output)
{
    (void)interpreter;
    (void)allow_buffer_handle_output;
}

TfLiteNnapiDelegateOptions TfLiteNnapiDelegateOptionsDefault(void)
{
    return (TfLiteNnapiDelegateOptions){.execution_preference = -1,
                                        .disallow_nnapi_cpu = 1,
                                        .max_number_delegated_partitions = 3};
}

TfLiteDelegate *TfLiteNnapiDelegateCreate(const TfLiteNnapiDelegateOptions *options)
{
    (void)options;
    return NULL;
}

void TfLiteNnapiDelegateDelete(TfLiteDelegate *delegate)
{
    (void)delegate;
}

/* ---- boxes around what belongs to the platform ----------------------------------------------- */

#define BOX(Name)                                                                                  \
    struct Name {                                                                                  \
        void *pointer;                                                                             \
    };                                                                                             \
    Name *Name##Create(void)                                                                       \
    {                                                                                              \
        return pl_tflite_allocate(sizeof(Name));                                                   \
    }                                                                                              \
    void Name##Delete(Name *box)                                                                   \
    {                                                                                              \
        if (box != NULL) pl_tflite_free(box, sizeof *box);                                         \
    }                                                                                              \
    void Name##SetPtr(Name *box, void *ptr)                                                        \
    {                                                                                              \
        if (box != NULL) box->pointer = ptr;                                                       \
    }                                                                                              \
    void *Name##GetPtr(const Name *box)                                                            \
    {                                                                                              \
        return box == NULL ? NULL : box->pointer;                                                  \
    }
BOX(TfLiteBackendBuffer)
BOX(TfLiteSynchronization)
