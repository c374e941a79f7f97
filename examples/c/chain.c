/* SPDX-License-Identifier: Apache-2.0 */
/* A chain of two: features of a digit, and a classifier that reads them. Here plait's own API begins: the output of the
 * first is linked to the input of the second, and both are one buffer.
 *
 *     cc chain.c $(pkg-config --cflags --libs plait) -lm -o chain
 *     ./chain .. */
#include <plait/plait.h>

#include "data.h"

static struct plait_interpreter *interpreter;

static void check(plait_status status, const char *doing)
{
    if (status != PLAIT_OK) stop(doing, plait_last_error(interpreter));
}

static struct plait_model *load(const char *folder, const char *name)
{
    char path[4096];
    struct plait_model *model = NULL;
    snprintf(path, sizeof path, "%s/models/%s.tflite", folder, name);
    check(plait_load_file(interpreter, name, path, NULL, &model), path);
    return model;
}

int main(int argc, char **argv)
{
    const char *folder = argc > 1 ? argv[1] : "..";
    uint8_t *pixels = read_elements(folder, "digits.npy", DIGITS * PIXELS);
    uint8_t *answers = read_elements(folder, "digits_answers.npy", DIGITS);
    if (plait_open(NULL, &interpreter) != PLAIT_OK) stop("plait_open", "failed");
    struct plait_model *features = load(folder, "digits_features");
    struct plait_model *classifier = load(folder, "digits_classifier");
    check(plait_link(interpreter, "digits_features", "", "digits_classifier", "", NULL), "link");
    check(plait_allocate(interpreter), "allocate");

    struct plait_quantization quantization;
    check(plait_tensor_quantization(plait_input(features, 0), &quantization), "quantization");
    int right = 0;
    for (int digit = 0; digit < DIGITS; digit++) {
        int8_t x[PIXELS], scores[CLASSES];
        for (int i = 0; i < PIXELS; i++)
            x[i] = to_int8((float)pixels[digit * PIXELS + i] / 16, quantization.scale[0],
                           quantization.zero_point[0]);
        check(plait_tensor_write(plait_input(features, 0), x, sizeof x), "write");
        check(plait_run(classifier), "run"); /* both, sources to sinks */
        check(plait_tensor_read(plait_output(classifier, 0), scores, sizeof scores), "read");
        right += largest(scores, CLASSES) == answers[digit];
    }
    printf("%d of %d digits are right\n", right, DIGITS);
    plait_close(interpreter);
    free(pixels);
    free(answers);
    return 0;
}
