/* SPDX-License-Identifier: Apache-2.0 */
/* Strings in tensors: read them one by one, or gather them and write them at once. */
#ifndef TENSORFLOW_LITE_STRING_UTIL_H_
#define TENSORFLOW_LITE_STRING_UTIL_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "tensorflow/lite/c/c_api_opaque.h"
#include "tensorflow/lite/c/common.h"

namespace tflite {

/* Not terminated. */
struct StringRef {
    const char *str;
    size_t len;
};

inline int GetStringCount(const TfLiteTensor *tensor)
{
    return TfLiteOpaqueTensorGetStringCount(reinterpret_cast<const TfLiteOpaqueTensor *>(tensor));
}

inline StringRef GetString(const TfLiteTensor *tensor, int string_index)
{
    const char *text = nullptr;
    int length = 0;
    if (TfLiteOpaqueTensorGetString(reinterpret_cast<const TfLiteOpaqueTensor *>(tensor), string_index, &text,
                                    &length) != kTfLiteOk)
        return StringRef{nullptr, 0};
    return StringRef{text, static_cast<size_t>(length)};
}

class DynamicBuffer {
public:
    TfLiteStatus AddString(const StringRef &string) { return AddString(string.str, string.len); }
    TfLiteStatus AddString(const char *str, size_t len)
    {
        if (len > INT32_MAX) return kTfLiteError;
        strings_.emplace_back(str, len);
        return kTfLiteOk;
    }

    void AddJoinedString(const std::vector<StringRef> &strings, char separator)
    {
        AddJoinedString(strings, StringRef{&separator, 1});
    }
    void AddJoinedString(const std::vector<StringRef> &strings, StringRef separator)
    {
        std::string joined;
        for (size_t i = 0; i < strings.size(); i++) {
            if (i > 0) joined.append(separator.str, separator.len);
            joined.append(strings[i].str, strings[i].len);
        }
        strings_.push_back(joined);
    }

    /* A list of all strings. */
    void WriteToTensorAsVector(TfLiteTensor *tensor) { Write(tensor); }

    /* With this shape, which becomes the tensor's, or the one it has. */
    void WriteToTensor(TfLiteTensor *tensor, TfLiteIntArray *new_shape)
    {
        TfLiteIntArray *shape = new_shape != nullptr ? new_shape : TfLiteIntArrayCopy(tensor->dims);
        Write(tensor);
        TfLiteIntArrayFree(tensor->dims);
        tensor->dims = shape;
    }

private:
    void Write(TfLiteTensor *tensor) const
    {
        std::vector<const char *> texts;
        std::vector<int> lengths;
        for (const std::string &string : strings_) {
            texts.push_back(string.data());
            lengths.push_back(static_cast<int>(string.size()));
        }
        static_cast<void>(TfLiteOpaqueTensorWriteStrings(reinterpret_cast<TfLiteOpaqueTensor *>(tensor), texts.data(),
                                                         static_cast<int>(texts.size()), lengths.data()));
    }

    std::vector<std::string> strings_;
};

} // namespace tflite

#endif
