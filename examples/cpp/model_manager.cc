// SPDX-License-Identifier: Apache-2.0
// A model manager with TensorFlow Lite's C++ API: models by name; one is taken out and another put in while the rest stays
// as it is.
#include <map>

#include "machine.h"

class Manager {
public:
    explicit Manager(std::string folder) : folder_(std::move(folder)) {}

    void Add(const std::string &name, const std::string &file)
    {
        models_[name] = std::make_unique<Loaded>(folder_ + "/models/" + file + ".tflite");
        order_.push_back(name);
    }

    void TakeOut(const std::string &name)
    {
        models_.erase(name);
        order_.erase(std::find(order_.begin(), order_.end(), name));
    }

    void Tell(const std::vector<float> &sounds)
    {
        for (const std::string &name : order_) {
            std::printf("%-6s", name.c_str());
            for (int machine = 0; machine < 4; machine++)
                std::printf("%8.2f", Strangeness(models_.at(name)->interpreter.get(), SoundOf(sounds, machine)));
            std::printf("\n");
        }
    }

private:
    std::string folder_;
    std::map<std::string, std::unique_ptr<Loaded>> models_;
    std::vector<std::string> order_;
};

int main(int argc, char **argv)
{
    const std::string folder = argc > 1 ? argv[1] : "..";
    const std::vector<float> sounds = ReadElements<float>(folder + "/machines.npy");
    Manager manager(folder);
    manager.Add("pump", "anomaly_0");
    manager.Add("fan", "anomaly_1");
    manager.Add("mill", "anomaly_2");
    manager.Tell(sounds);
    manager.TakeOut("fan");
    manager.Add("press", "anomaly_3");
    std::printf("the fan is gone, a press has come\n");
    manager.Tell(sounds);
    return 0;
}
