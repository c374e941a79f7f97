/* SPDX-License-Identifier: Apache-2.0 */
/* SplitMix64, started from the seed and the input's name. */
#include "random_input.h"

#include <stdlib.h>
#include <string.h>

#include "heap.h"
#include "pipeline_file.h"
#include "talk.h"

static uint64_t next_number(uint64_t *state)
{
    uint64_t mixed = *state += 0x9e3779b97f4a7c15u;
    mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9u;
    mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111ebu;
    return mixed ^ mixed >> 31;
}

/* FNV-1a: two inputs get different numbers from one seed. */
static uint64_t start_state(uint64_t seed, const char *name)
{
    uint64_t state = seed ^ 0xcbf29ce484222325u;
    for (; *name != '\0'; name++) state = (state ^ (unsigned char)*name) * 0x100000001b3u;
    return state;
}

/* Fills count elements; false for a type that has no random numbers. */
static bool fill(plait_type type, size_t count, uint64_t state, void *elements)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t number = next_number(&state);
        double real = (double)(number >> 40) / 8388608.0 - 1.0;
        switch (type) {
        case PLAIT_FLOAT32: ((float *)elements)[i] = (float)real; break;
        case PLAIT_FLOAT64: ((double *)elements)[i] = real; break;
        case PLAIT_INT8:
        case PLAIT_UINT8: ((uint8_t *)elements)[i] = (uint8_t)(number >> 56); break;
        case PLAIT_INT16: ((uint16_t *)elements)[i] = (uint16_t)(number >> 48); break;
        case PLAIT_BOOL: ((uint8_t *)elements)[i] = (uint8_t)(number >> 63); break;
        case PLAIT_INT32:
        case PLAIT_UINT32: ((uint32_t *)elements)[i] = (uint32_t)(number >> 63); break;
        case PLAIT_INT64:
        case PLAIT_UINT64: ((uint64_t *)elements)[i] = number >> 63; break;
        default: return false;
        }
    }
    return true;
}

bool random_elements(plait_type type, size_t count, uint64_t seed, const char *name, void *elements)
{
    return fill(type, count, start_state(seed, name), elements);
}

/* As many elements as the input has, by plait_tensor_write() or plait_push(). */
static int give(const struct models *models, const struct loaded_model *model, size_t index, uint64_t seed,
                plait_status (*to)(struct plait_tensor *, const void *, size_t))
{
    struct plait_tensor *tensor = plait_input(model->model, index);
    char *label = input_label(models, model, index);
    char *shape = tensor_shape_text(tensor, false);
    void *elements = heap_array(plait_tensor_bytes(tensor), 1);
    int code = EXIT_FINE;
    if (!fill(plait_tensor_type(tensor), tensor_elements(tensor), start_state(seed, label),
              elements)) {
        code = complain(EXIT_USAGE, "%s: --random-input has no numbers for %s", label, shape);
    } else {
        note("%s: %s random, seed %llu", label, shape, (unsigned long long)seed);
        plait_status status = to(tensor, elements, plait_tensor_bytes(tensor));
        if (status != PLAIT_OK) code = complain_status(models->interpreter, status, label);
    }
    free(elements);
    free(shape);
    free(label);
    return code;
}

int random_input_write(const struct models *models, const struct loaded_model *model, size_t index, uint64_t seed)
{
    return give(models, model, index, seed, plait_tensor_write);
}

int random_input_push(const struct models *models, const struct loaded_model *model, size_t index, uint64_t seed)
{
    return give(models, model, index, seed, plait_push);
}
