/* SPDX-License-Identifier: Apache-2.0 */
/* The version of TensorFlow Lite whose API this is. */
#ifndef TENSORFLOW_LITE_VERSION_H_
#define TENSORFLOW_LITE_VERSION_H_

#define TFLITE_SCHEMA_VERSION 3
#define TF_MAJOR_VERSION 2
#define TF_MINOR_VERSION 21
#define TF_PATCH_VERSION 0
#define TFLITE_VERSION_STRING "2.21.0"

#endif
