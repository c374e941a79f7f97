/* SPDX-License-Identifier: Apache-2.0 */
/* InterpreterOptions: what an InterpreterBuilder takes beside model and resolver. */
#ifndef TENSORFLOW_LITE_INTERPRETER_OPTIONS_H_
#define TENSORFLOW_LITE_INTERPRETER_OPTIONS_H_

namespace tflite {

class InterpreterOptions {
public:
    /* Every tensor keeps its bytes after a run. */
    void SetPreserveAllTensors(bool value = true) { preserve_all_tensors_ = value; }
    bool GetPreserveAllTensors() const { return preserve_all_tensors_; }

    /* These ask TensorFlow Lite to use less memory; here nothing is to be asked. */
    void SetEnsureDynamicTensorsAreReleased(bool value = true) { ensure_dynamic_tensors_are_released_ = value; }
    bool GetEnsureDynamicTensorsAreReleased() const { return ensure_dynamic_tensors_are_released_; }
    void OptimizeMemoryForLargeTensors(int bytes) { large_tensor_bytes_ = bytes; }
    void SetDynamicAllocationForLargeTensors(int bytes) { large_tensor_bytes_ = bytes; }
    int GetDynamicAllocationForLargeTensors() const { return large_tensor_bytes_; }

private:
    bool preserve_all_tensors_ = false;
    bool ensure_dynamic_tensors_are_released_ = false;
    int large_tensor_bytes_ = 0;
};

} // namespace tflite

#endif
