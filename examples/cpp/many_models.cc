// SPDX-License-Identifier: Apache-2.0
// Many models in one interpreter, from C++ through plait's C API: every model of the folder under its name, one plan for
// all, and what that needs beside what separate interpreters would.
//
//     c++ -std=c++17 many_models.cc $(pkg-config --cflags --libs plait) -o many_models
//     ./many_models ..
#include <plait/plait.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

class Interpreter {
public:
    Interpreter()
    {
        plait_interpreter *opened = nullptr;
        if (plait_open(nullptr, &opened) != PLAIT_OK) std::exit(1);
        interpreter_.reset(opened);
    }

    plait_interpreter *get() const { return interpreter_.get(); }

    void Check(plait_status status, const std::string &doing) const
    {
        if (status == PLAIT_OK) return;
        std::fprintf(stderr, "%s: %s\n", doing.c_str(), plait_last_error(get()));
        std::exit(1);
    }

private:
    struct Close {
        void operator()(plait_interpreter *interpreter) const { plait_close(interpreter); }
    };
    std::unique_ptr<plait_interpreter, Close> interpreter_;
};

int main(int argc, char **argv)
{
    const std::string folder = argc > 1 ? argv[1] : "..";
    std::vector<std::string> paths;
    for (const auto &entry : std::filesystem::directory_iterator(folder + "/models")) paths.push_back(entry.path());
    std::sort(paths.begin(), paths.end());
    Interpreter interpreter;
    for (const std::string &path : paths)
        interpreter.Check(plait_load_file(interpreter.get(), nullptr, path.c_str(), nullptr, nullptr), path);
    interpreter.Check(plait_allocate(interpreter.get()), "allocate");
    for (size_t i = 0; i < plait_model_count(interpreter.get()); i++) {
        plait_model *model = plait_model_at(interpreter.get(), i);
        const std::vector<char> zeros(plait_tensor_bytes(plait_input(model, 0)));
        interpreter.Check(plait_tensor_write(plait_input(model, 0), zeros.data(), zeros.size()), "write");
        interpreter.Check(plait_invoke(model), plait_model_name(model));
    }
    plait_stats stats;
    interpreter.Check(plait_get_stats(interpreter.get(), &stats), "stats");
    std::printf("%zu models ran; arena %zu bytes instead of %zu, constants %zu instead of %zu\n", stats.models,
                stats.arena_bytes, stats.arena_sum_bytes, stats.constant_bytes, stats.constant_sum_bytes);
    return 0;
}
