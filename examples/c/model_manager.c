/* SPDX-License-Identifier: Apache-2.0 */
/* A model manager: models by name, each run by its name or its number on the data at hand; one is taken out and another
 * put in while the rest stays as it is. */
#include <plait/plait.h>

#include "data.h"

struct manager {
    struct plait_interpreter *interpreter;
    const char *folder;
};

static void check(const struct manager *manager, plait_status status, const char *doing)
{
    if (status != PLAIT_OK) stop(doing, plait_last_error(manager->interpreter));
}

static void add(struct manager *manager, const char *name, const char *file)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/models/%s.tflite", manager->folder, file);
    check(manager, plait_load_file(manager->interpreter, name, path, NULL, NULL), path);
    check(manager, plait_allocate(manager->interpreter), "allocate"); /* only what is new */
}

static void take_out(struct manager *manager, const char *name)
{
    check(manager, plait_unload(plait_find_model(manager->interpreter, name)), name);
}

/* Real numbers in, real numbers out. */
static void run(struct manager *manager, struct plait_model *model, const float *x, float *y)
{
    struct plait_quantization in, out;
    int8_t quantized[BANDS];
    if (model == NULL) stop("run", "there is no such model");
    check(manager, plait_tensor_quantization(plait_input(model, 0), &in), "quantization");
    check(manager, plait_tensor_quantization(plait_output(model, 0), &out), "quantization");
    for (int i = 0; i < BANDS; i++) quantized[i] = to_int8(x[i], in.scale[0], in.zero_point[0]);
    check(manager, plait_tensor_write(plait_input(model, 0), quantized, sizeof quantized), "write");
    check(manager, plait_invoke(model), plait_model_name(model));
    check(manager, plait_tensor_read(plait_output(model, 0), quantized, sizeof quantized), "read");
    for (int i = 0; i < BANDS; i++) y[i] = to_real(quantized[i], out.scale[0], out.zero_point[0]);
}

static double strangeness(struct manager *manager, struct plait_model *model, const float *sound)
{
    float drawing[BANDS];
    double sum = 0;
    run(manager, model, sound, drawing);
    for (int i = 0; i < BANDS; i++) sum += (double)(sound[i] - drawing[i]) * (sound[i] - drawing[i]);
    return sum / BANDS;
}

static void tell(struct manager *manager, const float *sounds)
{
    for (size_t i = 0; i < plait_model_count(manager->interpreter); i++) {
        struct plait_model *model = plait_model_at(manager->interpreter, i);
        printf("%-6s", plait_model_name(model));
        for (int machine = 0; machine < MACHINES; machine++)
            printf("%8.2f", strangeness(manager, model, sounds + machine * SOUNDS * BANDS));
        printf("\n");
    }
}

int main(int argc, char **argv)
{
    struct manager manager = {NULL, argc > 1 ? argv[1] : ".."};
    float *sounds = read_elements(manager.folder, "machines.npy", sizeof(float) * MACHINES * SOUNDS * BANDS);
    if (plait_open(NULL, &manager.interpreter) != PLAIT_OK) stop("plait_open", "failed");
    add(&manager, "pump", "anomaly_0");
    add(&manager, "fan", "anomaly_1");
    add(&manager, "mill", "anomaly_2");
    tell(&manager, sounds);
    take_out(&manager, "fan");
    add(&manager, "press", "anomaly_3");
    printf("the fan is gone, a press has come\n");
    tell(&manager, sounds);
    plait_close(manager.interpreter);
    free(sounds);
    return 0;
}
