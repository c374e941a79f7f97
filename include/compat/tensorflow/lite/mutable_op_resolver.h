/* SPDX-License-Identifier: Apache-2.0 */
/* MutableOpResolver: operators that a program adds, by version. Registrations are copied; what is added last goes first. */
#ifndef TENSORFLOW_LITE_MUTABLE_OP_RESOLVER_H_
#define TENSORFLOW_LITE_MUTABLE_OP_RESOLVER_H_

#include <map>
#include <string>
#include <utility>

#include "tensorflow/lite/core/api/op_resolver.h"

namespace tflite {

class MutableOpResolver : public OpResolver {
public:
    const TfLiteRegistration *FindOp(BuiltinOperator op, int version) const override
    {
        return Find(builtins_, std::make_pair(op, version));
    }

    const TfLiteRegistration *FindOp(const char *op, int version) const override
    {
        return Find(customs_, std::make_pair(std::string(op), version));
    }

    void AddBuiltin(BuiltinOperator op, const TfLiteRegistration *registration, int version = 1)
    {
        AddBuiltin(op, registration, version, version);
    }

    void AddBuiltin(BuiltinOperator op, const TfLiteRegistration *registration, int min_version, int max_version)
    {
        if (registration == nullptr) return;
        for (int version = min_version; version <= max_version; version++) {
            TfLiteRegistration added = *registration;
            added.custom_name = nullptr;
            added.builtin_code = op;
            added.version = version;
            builtins_[std::make_pair(op, version)] = added;
        }
    }

    void AddCustom(const char *name, const TfLiteRegistration *registration, int version = 1)
    {
        AddCustom(name, registration, version, version);
    }

    void AddCustom(const char *name, const TfLiteRegistration *registration, int min_version, int max_version)
    {
        if (name == nullptr || registration == nullptr) return;
        for (int version = min_version; version <= max_version; version++) {
            const auto at = customs_.insert_or_assign(std::make_pair(std::string(name), version), *registration).first;
            at->second.builtin_code = BuiltinOperator_CUSTOM;
            at->second.custom_name = at->first.first.c_str();
            at->second.version = version;
        }
    }

    void AddAll(const MutableOpResolver &other)
    {
        for (const auto &op : other.builtins_) builtins_[op.first] = op.second;
        for (const auto &op : other.customs_) AddCustom(op.first.first.c_str(), &op.second, op.first.second);
    }

    MutableOpResolver() = default;
    MutableOpResolver(const MutableOpResolver &other) : OpResolver(other) { AddAll(other); }
    MutableOpResolver &operator=(const MutableOpResolver &other)
    {
        if (this == &other) return *this;
        builtins_.clear();
        customs_.clear();
        AddAll(other);
        return *this;
    }

private:
    template <typename Map, typename Key>
    static const TfLiteRegistration *Find(const Map &map, const Key &key)
    {
        const auto found = map.find(key);
        return found == map.end() ? nullptr : &found->second;
    }

    std::map<std::pair<BuiltinOperator, int>, TfLiteRegistration> builtins_;
    std::map<std::pair<std::string, int>, TfLiteRegistration> customs_;
};

} // namespace tflite

#endif
