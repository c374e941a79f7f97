/* SPDX-License-Identifier: Apache-2.0 */
/* Allocation: the bytes of a file, for FlatBufferModel::BuildFromAllocation(). */
#ifndef TENSORFLOW_LITE_ALLOCATION_H_
#define TENSORFLOW_LITE_ALLOCATION_H_

#include <cstddef>
#include <cstdio>
#include <memory>
#include <string>

#include "tensorflow/lite/core/api/error_reporter.h"

namespace tflite {

class Allocation {
public:
    enum class Type { kMMap, kFileCopy, kMemory };

    virtual ~Allocation() = default;
    virtual const void *base() const = 0;
    virtual size_t bytes() const = 0;
    virtual bool valid() const = 0;
    Type type() const { return type_; }

protected:
    Allocation(ErrorReporter *error_reporter, Type type) : error_reporter_(error_reporter), type_(type) {}
    ErrorReporter *error_reporter_;

private:
    const Type type_;
};

/* A file, read into memory. */
class FileCopyAllocation : public Allocation {
public:
    FileCopyAllocation(const char *filename, ErrorReporter *error_reporter)
        : FileCopyAllocation(filename, error_reporter, Type::kFileCopy)
    {
    }
    const void *base() const override { return content_.data(); }
    size_t bytes() const override { return content_.size(); }
    bool valid() const override { return valid_; }

protected:
    FileCopyAllocation(const char *filename, ErrorReporter *error_reporter, Type type) : Allocation(error_reporter, type)
    {
        std::unique_ptr<std::FILE, int (*)(std::FILE *)> file(filename == nullptr ? nullptr : std::fopen(filename, "rb"),
                                                              [](std::FILE *open) { return std::fclose(open); });
        if (file == nullptr) {
            if (error_reporter != nullptr)
                error_reporter->Report("cannot open '%s'", filename == nullptr ? "" : filename);
            return;
        }
        char piece[4096];
        for (size_t got = 0; (got = std::fread(piece, 1, sizeof piece, file.get())) > 0;) content_.append(piece, got);
        valid_ = std::ferror(file.get()) == 0;
    }

private:
    std::string content_;
    bool valid_ = false;
};

/* Read as well: after it is loaded nothing of a file is looked at through a mapping, so that one that is overwritten
 * changes no model. */
class MMAPAllocation : public FileCopyAllocation {
public:
    MMAPAllocation(const char *filename, ErrorReporter *error_reporter)
        : FileCopyAllocation(filename, error_reporter, Type::kMMap)
    {
    }
    static bool IsSupported() { return true; }
};

/* The caller's memory. */
class MemoryAllocation : public Allocation {
public:
    MemoryAllocation(const void *memory, size_t bytes, ErrorReporter *error_reporter)
        : Allocation(error_reporter, Type::kMemory), memory_(memory), bytes_(bytes)
    {
    }
    const void *base() const override { return memory_; }
    size_t bytes() const override { return bytes_; }
    bool valid() const override { return memory_ != nullptr; }

private:
    const void *memory_;
    size_t bytes_;
};

} // namespace tflite

#endif
