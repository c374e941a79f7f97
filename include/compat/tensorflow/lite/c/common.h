/* SPDX-License-Identifier: Apache-2.0 */
/* The structures that operators written for TensorFlow Lite work on: tensors, nodes, contexts, registrations, with
 * TensorFlow Lite's names and layouts (as of its versions 2.14 to 2.20). */
#ifndef TENSORFLOW_LITE_C_COMMON_H_
#define TENSORFLOW_LITE_C_COMMON_H_

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "tensorflow/lite/c/c_api_types.h"
#include "tensorflow/lite/c/operator.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum TfLiteExternalContextType {
    kTfLiteEigenContext = 0,
    kTfLiteGemmLowpContext = 1,
    kTfLiteEdgeTpuContext = 2,
    kTfLiteCpuBackendContext = 3,
    kTfLiteMaxExternalContexts = 4
} TfLiteExternalContextType;

struct TfLiteContext;
struct TfLiteDelegate;
struct TfLiteRegistration;
struct TfLiteOpaqueDelegateBuilder;

typedef struct TfLiteExternalContext {
    TfLiteExternalContextType type;
    TfLiteStatus (*Refresh)(struct TfLiteContext *context);
} TfLiteExternalContext;

#define kTfLiteOptionalTensor (-1)

/* ---- arrays: made and freed by these functions alone. NULL equals NULL, and an empty list of the caller's. */
__extension__ typedef struct TfLiteIntArray {
    int size;
    int data[];
} TfLiteIntArray;

TFL_CAPI_EXPORT size_t TfLiteIntArrayGetSizeInBytes(int size);
TFL_CAPI_EXPORT TfLiteIntArray *TfLiteIntArrayCreate(int size);
TFL_CAPI_EXPORT int TfLiteIntArrayEqual(const TfLiteIntArray *a, const TfLiteIntArray *b);
TFL_CAPI_EXPORT int TfLiteIntArrayEqualsArray(const TfLiteIntArray *a, int b_size, const int b_data[]);
TFL_CAPI_EXPORT TfLiteIntArray *TfLiteIntArrayCopy(const TfLiteIntArray *src);
TFL_CAPI_EXPORT void TfLiteIntArrayFree(TfLiteIntArray *a);

__extension__ typedef struct TfLiteFloatArray {
    int size;
    float data[];
} TfLiteFloatArray;

TFL_CAPI_EXPORT int TfLiteFloatArrayGetSizeInBytes(int size);
TFL_CAPI_EXPORT TfLiteFloatArray *TfLiteFloatArrayCreate(int size);
TFL_CAPI_EXPORT TfLiteFloatArray *TfLiteFloatArrayCopy(const TfLiteFloatArray *src);
TFL_CAPI_EXPORT void TfLiteFloatArrayFree(TfLiteFloatArray *a);

/* ---- what operators check with: report, and return kTfLiteError from the function they are in. */
#ifndef TF_LITE_STRIP_ERROR_STRINGS
#define TF_LITE_KERNEL_LOG(context, ...)                \
    do {                                                \
        (context)->ReportError((context), __VA_ARGS__); \
    } while (false)
#define TF_LITE_MAYBE_KERNEL_LOG(context, ...)                                     \
    do {                                                                           \
        if ((context) != NULL) (context)->ReportError((context), __VA_ARGS__);     \
    } while (false)
#else
#define TF_LITE_KERNEL_LOG(context, ...) ((void)sizeof(#__VA_ARGS__))
#define TF_LITE_MAYBE_KERNEL_LOG(context, ...) ((void)sizeof(#__VA_ARGS__))
#endif

#define TF_LITE_ENSURE_MSG(context, value, ...)                      \
    do {                                                             \
        if (!(value)) {                                              \
            TF_LITE_KERNEL_LOG((context), __FILE__ " " __VA_ARGS__); \
            return kTfLiteError;                                     \
        }                                                            \
    } while (0)

#define TF_LITE_ENSURE(context, a)                                                                 \
    do {                                                                                           \
        if (!(a)) {                                                                                \
            TF_LITE_KERNEL_LOG((context), "%s:%d %s was not true.", __FILE__, __LINE__, #a);       \
            return kTfLiteError;                                                                   \
        }                                                                                          \
    } while (0)

#define TF_LITE_ENSURE_STATUS(a)                       \
    do {                                               \
        const TfLiteStatus ensure_status_ = (a);       \
        if (ensure_status_ != kTfLiteOk) return ensure_status_; \
    } while (0)

#define TF_LITE_ENSURE_EQ(context, a, b)                                                           \
    do {                                                                                           \
        if ((a) != (b)) {                                                                          \
            TF_LITE_KERNEL_LOG((context), "%s:%d %s != %s (%d != %d)", __FILE__, __LINE__, #a, #b, \
                               (int)(a), (int)(b));                                                \
            return kTfLiteError;                                                                   \
        }                                                                                          \
    } while (0)

#define TF_LITE_ENSURE_TYPES_EQ(context, a, b)                                                     \
    do {                                                                                           \
        if ((a) != (b)) {                                                                          \
            TF_LITE_KERNEL_LOG((context), "%s:%d %s != %s (%s != %s)", __FILE__, __LINE__, #a, #b, \
                               TfLiteTypeGetName(a), TfLiteTypeGetName(b));                        \
            return kTfLiteError;                                                                   \
        }                                                                                          \
    } while (0)

#define TF_LITE_ENSURE_NEAR(context, a, b, epsilon)                                                \
    do {                                                                                           \
        const double ensure_delta_ = (double)(a) > (double)(b) ? (double)(a) - (double)(b)         \
                                                               : (double)(b) - (double)(a);        \
        if (ensure_delta_ > (double)(epsilon)) {                                                   \
            TF_LITE_KERNEL_LOG((context), "%s:%d %s not near %s (%f != %f)", __FILE__, __LINE__,   \
                               #a, #b, (double)(a), (double)(b));                                  \
            return kTfLiteError;                                                                   \
        }                                                                                          \
    } while (0)

/* A message with its arguments may follow the status. */
#define TF_LITE_ENSURE_OK(context, ...) PLAIT_TFLITE_ENSURE_OK_(context, __VA_ARGS__, "", )
#define PLAIT_TFLITE_ENSURE_OK_(context, status, message, ...)                                     \
    do {                                                                                           \
        const TfLiteStatus ensure_status_ = (status);                                              \
        if (ensure_status_ != kTfLiteOk) {                                                         \
            if (sizeof(message) > sizeof(""))                                                      \
                TF_LITE_MAYBE_KERNEL_LOG((context), "%s:%d: %s", __FILE__, __LINE__, message);     \
            return ensure_status_;                                                                 \
        }                                                                                          \
    } while (0)

#if defined(__GNUC__)
#define TFL_UNREACHABLE() (__builtin_unreachable())
#else
#define TFL_UNREACHABLE() ((void)0)
#endif

/* ---- types */
typedef struct TfLiteComplex64 {
    float re, im;
} TfLiteComplex64;

typedef struct TfLiteComplex128 {
    double re, im;
} TfLiteComplex128;

typedef struct TfLiteFloat16 {
    uint16_t data;
} TfLiteFloat16;

typedef struct TfLiteBFloat16 {
    uint16_t data;
} TfLiteBFloat16;

/* "FLOAT32", ... */
TFL_CAPI_EXPORT const char *TfLiteTypeGetName(TfLiteType type);

typedef enum TfLiteQuantizationType {
    kTfLiteNoQuantization = 0,
    kTfLiteAffineQuantization = 1,
    kTfLiteBlockwiseQuantization = 2
} TfLiteQuantizationType;

/* params is a struct of the type's name. */
typedef struct TfLiteQuantization {
    TfLiteQuantizationType type;
    void *params;
} TfLiteQuantization;

typedef struct TfLiteAffineQuantization {
    TfLiteFloatArray *scale;
    TfLiteIntArray *zero_point;
    int32_t quantized_dimension;
} TfLiteAffineQuantization;

/* Numbers of the tensors that hold scales and zero points. */
typedef struct TfLiteBlockwiseQuantization {
    int32_t scale;
    int32_t zero_point;
    int32_t blocksize;
    int32_t quantized_dimension;
} TfLiteBlockwiseQuantization;

typedef union TfLitePtrUnion {
    int32_t *i32;
    uint32_t *u32;
    int64_t *i64;
    uint64_t *u64;
    float *f;
    TfLiteFloat16 *f16;
    TfLiteBFloat16 *bf16;
    double *f64;
    char *raw;
    const char *raw_const;
    uint8_t *uint8;
    bool *b;
    int16_t *i16;
    uint16_t *ui16;
    TfLiteComplex64 *c64;
    TfLiteComplex128 *c128;
    int8_t *int8;
    void *data;
} TfLitePtrUnion;

typedef enum TfLiteAllocationType {
    kTfLiteMemNone = 0,
    kTfLiteMmapRo,            /* a constant */
    kTfLiteArenaRw,           /* shape known at allocate */
    kTfLiteArenaRwPersistent, /* a variable */
    kTfLiteDynamic,           /* shape known while running; strings */
    kTfLitePersistentRo,
    kTfLiteCustom, /* memory of the caller's */
    kTfLiteVariantObject,
    kTfLiteNonCpu
} TfLiteAllocationType;

typedef enum TfLiteAllocationStrategy {
    kTfLiteAllocationStrategyUnknown,
    kTfLiteAllocationStrategyNone,
    kTfLiteAllocationStrategyMMap,
    kTfLiteAllocationStrategyArena,
    kTfLiteAllocationStrategyMalloc,
    kTfLiteAllocationStrategyNew
} TfLiteAllocationStrategy;

typedef enum TfLiteRunStability {
    kTfLiteRunStabilityUnknown,
    kTfLiteRunStabilityUnstable,
    kTfLiteRunStabilitySingleRun,
    kTfLiteRunStabilityAcrossRuns
} TfLiteRunStability;

typedef enum TfLiteRunStep {
    kTfLiteRunStepUnknown,
    kTfLiteRunStepInit,
    kTfLiteRunStepPrepare,
    kTfLiteRunStepEval
} TfLiteRunStep;

typedef int TfLiteBufferHandle;
enum { kTfLiteNullBufferHandle = -1 };

typedef struct TfLiteDimensionMetadata {
    TfLiteDimensionType format;
    int dense_size;
    TfLiteIntArray *array_segments;
    TfLiteIntArray *array_indices;
} TfLiteDimensionMetadata;

typedef struct TfLiteSparsity {
    TfLiteIntArray *traversal_order;
    TfLiteIntArray *block_map;
    TfLiteDimensionMetadata *dim_metadata;
    int dim_metadata_size;
} TfLiteSparsity;

typedef struct TfLiteCustomAllocation {
    void *data;
    size_t bytes;
} TfLiteCustomAllocation;

typedef enum TfLiteCustomAllocationFlags {
    kTfLiteCustomAllocationFlagsNone = 0,
    kTfLiteCustomAllocationFlagsSkipAlignCheck = 1
} TfLiteCustomAllocationFlags;

#define kTfLiteNoBufferIdentifier SIZE_MAX

/* ---- tensors and nodes */
typedef struct TfLiteTensor {
    TfLiteType type;
    TfLitePtrUnion data; /* NULL before allocate, and for tensors between operators while nothing runs */
    TfLiteIntArray *dims;
    TfLiteQuantizationParams params;
    TfLiteAllocationType allocation_type;
    size_t bytes;
    const void *allocation;
    const char *name;
    struct TfLiteDelegate *delegate;
    TfLiteBufferHandle buffer_handle;
    bool data_is_stale;
    bool is_variable;
    TfLiteQuantization quantization;
    TfLiteSparsity *sparsity;             /* NULL: dense */
    const TfLiteIntArray *dims_signature; /* -1 where the file leaves a dimension open; may be empty or NULL */
} TfLiteTensor;

typedef struct TfLiteNode {
    TfLiteIntArray *inputs;
    TfLiteIntArray *outputs;
    TfLiteIntArray *intermediates;
    TfLiteIntArray *temporaries;
    void *user_data; /* what init gave */
    void *builtin_data;
    const void *custom_initial_data;
    int custom_initial_data_size;
    struct TfLiteDelegate *delegate;
    bool might_have_side_effect;
} TfLiteNode;

typedef struct TfLiteEvalTensor {
    TfLitePtrUnion data;
    TfLiteIntArray *dims;
    TfLiteType type;
} TfLiteEvalTensor;

TFL_CAPI_EXPORT void TfLiteTensorDataFree(TfLiteTensor *t);
TFL_CAPI_EXPORT void TfLiteQuantizationFree(TfLiteQuantization *quantization);
TFL_CAPI_EXPORT void TfLiteSparsityFree(TfLiteSparsity *sparsity);
TFL_CAPI_EXPORT void TfLiteTensorFree(TfLiteTensor *t);
TFL_CAPI_EXPORT void TfLiteTensorReset(TfLiteType type, const char *name, TfLiteIntArray *dims,
                                       TfLiteQuantizationParams quantization, char *buffer, size_t size,
                                       TfLiteAllocationType allocation_type, const void *allocation, bool is_variable,
                                       TfLiteTensor *tensor);
/* Bytes and shape; the sizes must be equal. NULL: nothing to do. */
TFL_CAPI_EXPORT TfLiteStatus TfLiteTensorCopy(const TfLiteTensor *src, TfLiteTensor *dst);
/* Memory of dynamic tensors; of others nothing happens. */
TFL_CAPI_EXPORT TfLiteStatus TfLiteTensorResizeMaybeCopy(size_t num_bytes, TfLiteTensor *tensor, bool preserve_data);
TFL_CAPI_EXPORT TfLiteStatus TfLiteTensorRealloc(size_t num_bytes, TfLiteTensor *tensor);
TFL_CAPI_EXPORT const TfLiteIntArray *TfLiteTensorGetDimsSignature(const TfLiteTensor *t);
TFL_CAPI_EXPORT TfLiteAllocationStrategy TfLiteTensorGetAllocationStrategy(const TfLiteTensor *t);
TFL_CAPI_EXPORT TfLiteRunStability TfLiteTensorGetBufferAddressStability(const TfLiteTensor *t);
TFL_CAPI_EXPORT TfLiteRunStability TfLiteTensorGetDataStability(const TfLiteTensor *t);
TFL_CAPI_EXPORT TfLiteRunStep TfLiteTensorGetDataKnownStep(const TfLiteTensor *t);
TFL_CAPI_EXPORT TfLiteRunStep TfLiteTensorGetShapeKnownStep(const TfLiteTensor *t);

/* ---- contexts */
typedef struct TfLiteDelegateParams {
    struct TfLiteDelegate *delegate;
    TfLiteIntArray *nodes_to_replace;
    TfLiteIntArray *input_tensors;
    TfLiteIntArray *output_tensors;
} TfLiteDelegateParams;

typedef struct TfLiteOpaqueDelegateParams {
    TfLiteOpaqueDelegate *delegate;
    void *delegate_data;
    TfLiteIntArray *nodes_to_replace;
    TfLiteIntArray *input_tensors;
    TfLiteIntArray *output_tensors;
} TfLiteOpaqueDelegateParams;

/* Of one subgraph of an interpreter. Functions for delegates refuse; those that TensorFlow Lite leaves NULL are NULL. */
typedef struct TfLiteContext {
    size_t tensors_size;
    TfLiteStatus (*GetExecutionPlan)(struct TfLiteContext *context, TfLiteIntArray **execution_plan);
    TfLiteTensor *tensors;
    void *impl_;
    TfLiteStatus (*ResizeTensor)(struct TfLiteContext *, TfLiteTensor *tensor, TfLiteIntArray *new_size);
    void (*ReportError)(struct TfLiteContext *, const char *msg, ...);
    TfLiteStatus (*AddTensors)(struct TfLiteContext *, int tensors_to_add, int *first_new_tensor_index);
    TfLiteStatus (*GetNodeAndRegistration)(struct TfLiteContext *, int node_index, TfLiteNode **node,
                                           struct TfLiteRegistration **registration);
    TfLiteStatus (*ReplaceNodeSubsetsWithDelegateKernels)(struct TfLiteContext *,
                                                          struct TfLiteRegistration registration,
                                                          const TfLiteIntArray *nodes_to_replace,
                                                          struct TfLiteDelegate *delegate);
    int recommended_num_threads;
    TfLiteExternalContext *(*GetExternalContext)(struct TfLiteContext *, TfLiteExternalContextType);
    void (*SetExternalContext)(struct TfLiteContext *, TfLiteExternalContextType, TfLiteExternalContext *);
    bool allow_fp32_relax_to_fp16;
    void *profiler;
    void *(*AllocatePersistentBuffer)(struct TfLiteContext *ctx, size_t bytes);
    TfLiteStatus (*AllocateBufferForEval)(struct TfLiteContext *ctx, size_t bytes, void **ptr);
    TfLiteStatus (*RequestScratchBufferInArena)(struct TfLiteContext *ctx, size_t bytes, int *buffer_idx);
    void *(*GetScratchBuffer)(struct TfLiteContext *ctx, int buffer_idx);
    TfLiteStatus (*ResizeTensorExplicit)(struct TfLiteContext *ctx, TfLiteTensor *tensor, int dims, const int *shape);
    TfLiteStatus (*PreviewDelegatePartitioning)(struct TfLiteContext *context, const TfLiteIntArray *nodes_to_replace,
                                                TfLiteDelegateParams **partition_params_array, int *num_partitions);
    TfLiteTensor *(*GetTensor)(const struct TfLiteContext *context, int tensor_idx);
    TfLiteEvalTensor *(*GetEvalTensor)(const struct TfLiteContext *context, int tensor_idx);
    TfLiteStatus (*GetModelMetadata)(const struct TfLiteContext *context, const char *name, const char **ptr,
                                     size_t *bytes);
    TfLiteStatus (*AcquireSubgraphContext)(struct TfLiteContext *context, int subgraph_index,
                                           struct TfLiteContext **acquired_context);
    TfLiteStatus (*ReleaseSubgraphContext)(struct TfLiteContext *context, int subgraph_index);
} TfLiteContext;

/* ---- registrations */
typedef enum {
    kTfLiteInplaceOpNone = 0,
    kTfLiteInplaceOpDataUnmodified = 1,
    kTfLiteInplaceInputCanBeSharedWithCorrespondingOutput = 2,
    kTfLiteInplaceOpInput0Shared = 4,
    kTfLiteInplaceOpInput1Shared = 8,
    kTfLiteInplaceOpInput2Shared = 16
} TfLiteInPlaceOp;
#define kTfLiteInplaceOpMaxValue UINT64_MAX
#define kTfLiteMaxSharableOpInputs 3

typedef struct TfLiteRegistration {
    void *(*init)(TfLiteContext *context, const char *buffer, size_t length);
    void (*free)(TfLiteContext *context, void *buffer);
    TfLiteStatus (*prepare)(TfLiteContext *context, TfLiteNode *node);
    TfLiteStatus (*invoke)(TfLiteContext *context, TfLiteNode *node);
    const char *(*profiling_string)(const TfLiteContext *context, const TfLiteNode *node);
    int32_t builtin_code;
    const char *custom_name;
    int version;
    TfLiteOperator *registration_external; /* if set: its callbacks are used */
    struct TfLiteAsyncKernel *(*async_kernel)(TfLiteContext *context, TfLiteNode *node);
    uint64_t inplace_operator;
} TfLiteRegistration;

/* What TfLiteRegistration was before: each is a beginning of it. */
typedef struct TfLiteRegistration_V3 {
    void *(*init)(TfLiteContext *context, const char *buffer, size_t length);
    void (*free)(TfLiteContext *context, void *buffer);
    TfLiteStatus (*prepare)(TfLiteContext *context, TfLiteNode *node);
    TfLiteStatus (*invoke)(TfLiteContext *context, TfLiteNode *node);
    const char *(*profiling_string)(const TfLiteContext *context, const TfLiteNode *node);
    int32_t builtin_code;
    const char *custom_name;
    int version;
    TfLiteOperator *registration_external;
    struct TfLiteAsyncKernel *(*async_kernel)(TfLiteContext *context, TfLiteNode *node);
} TfLiteRegistration_V3;

typedef struct TfLiteRegistration_V2 {
    void *(*init)(TfLiteContext *context, const char *buffer, size_t length);
    void (*free)(TfLiteContext *context, void *buffer);
    TfLiteStatus (*prepare)(TfLiteContext *context, TfLiteNode *node);
    TfLiteStatus (*invoke)(TfLiteContext *context, TfLiteNode *node);
    const char *(*profiling_string)(const TfLiteContext *context, const TfLiteNode *node);
    int32_t builtin_code;
    const char *custom_name;
    int version;
    TfLiteOperator *registration_external;
} TfLiteRegistration_V2;

typedef struct TfLiteRegistration_V1 {
    void *(*init)(TfLiteContext *context, const char *buffer, size_t length);
    void (*free)(TfLiteContext *context, void *buffer);
    TfLiteStatus (*prepare)(TfLiteContext *context, TfLiteNode *node);
    TfLiteStatus (*invoke)(TfLiteContext *context, TfLiteNode *node);
    const char *(*profiling_string)(const TfLiteContext *context, const TfLiteNode *node);
    int32_t builtin_code;
    const char *custom_name;
    int version;
} TfLiteRegistration_V1;

/* ---- delegates: they can be described, and are refused where they would be applied (see xnnpack_delegate.h). */
typedef enum TfLiteDelegateFlags {
    kTfLiteDelegateFlagsNone = 0,
    kTfLiteDelegateFlagsAllowDynamicTensors = 1,
    kTfLiteDelegateFlagsRequirePropagatedShapes = 2,
    kTfLiteDelegateFlagsPerOperatorProfiling = 4
} TfLiteDelegateFlags;

struct TfLiteDelegate {
    void *data_;
    TfLiteStatus (*Prepare)(TfLiteContext *context, struct TfLiteDelegate *delegate);
    TfLiteStatus (*CopyFromBufferHandle)(TfLiteContext *context, struct TfLiteDelegate *delegate,
                                         TfLiteBufferHandle buffer_handle, TfLiteTensor *tensor);
    TfLiteStatus (*CopyToBufferHandle)(TfLiteContext *context, struct TfLiteDelegate *delegate,
                                       TfLiteBufferHandle buffer_handle, TfLiteTensor *tensor);
    void (*FreeBufferHandle)(TfLiteContext *context, struct TfLiteDelegate *delegate, TfLiteBufferHandle *handle);
    int64_t flags;
    struct TfLiteOpaqueDelegateBuilder *opaque_delegate_builder;
};

TFL_CAPI_EXPORT TfLiteDelegate TfLiteDelegateCreate(void);

typedef struct TfLiteOpaqueDelegateBuilder {
    void *data;
    TfLiteStatus (*Prepare)(TfLiteOpaqueContext *context, TfLiteOpaqueDelegate *delegate, void *data);
    TfLiteStatus (*CopyFromBufferHandle)(TfLiteOpaqueContext *context, TfLiteOpaqueDelegate *delegate, void *data,
                                         TfLiteBufferHandle buffer_handle, TfLiteOpaqueTensor *tensor);
    TfLiteStatus (*CopyToBufferHandle)(TfLiteOpaqueContext *context, TfLiteOpaqueDelegate *delegate, void *data,
                                       TfLiteBufferHandle buffer_handle, TfLiteOpaqueTensor *tensor);
    void (*FreeBufferHandle)(TfLiteOpaqueContext *context, TfLiteOpaqueDelegate *delegate, void *data,
                             TfLiteBufferHandle *handle);
    int64_t flags;
} TfLiteOpaqueDelegateBuilder;

TFL_CAPI_EXPORT TfLiteOpaqueDelegate *TfLiteOpaqueDelegateCreate(
    const TfLiteOpaqueDelegateBuilder *opaque_delegate_builder);
TFL_CAPI_EXPORT void TfLiteOpaqueDelegateDelete(TfLiteOpaqueDelegate *delegate);
TFL_CAPI_EXPORT void *TfLiteOpaqueDelegateGetData(const TfLiteOpaqueDelegate *delegate);

#ifdef __cplusplus
}
#endif
#endif
