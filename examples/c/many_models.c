/* SPDX-License-Identifier: Apache-2.0 */
/* Eight models in one interpreter, through the public API alone.
 *
 * A gateway in a workshop: it reads handwritten digits (a feature extractor whose output is linked
 * to a classifier, and both once more, as clones, for a second stream) and listens to four
 * machines, with a detector for each that was trained on the sound of that machine only.
 *
 *     cc many_models.c $(pkg-config --cflags --libs plait) -lm -o many_models
 *     ./many_models ..
 *
 * Its argument is the folder with models/, digits.npy, digits_answers.npy and machines.npy. */
#include <math.h>
#include <plait/plait.h>
#include <stdio.h>
#include <stdlib.h>

enum { DIGITS = 450, SIDE = 8, PIXELS = SIDE * SIDE, CLASSES = 10, SHOWN = 8 };
enum { MACHINES = 4, SOUNDS = 10, BANDS = 640 };

struct gateway {
    struct plait_interpreter *interpreter;
    struct plait_model *features[2]; /* two streams of digits */
    struct plait_model *classifier[2];
    struct plait_model *detector[MACHINES];
};

static void stop(const char *what, const char *why)
{
    fprintf(stderr, "many_models: %s: %s\n", what, why);
    exit(1);
}

/* Every call of plait goes through here: its message says what is wrong and where. */
static void check(const struct gateway *gateway, plait_status status, const char *doing)
{
    if (status != PLAIT_OK) stop(doing, plait_last_error(gateway->interpreter));
}

/* ---- data ------------------------------------------------------------------------------------ */

/* The elements of a .npy file that must hold exactly so many bytes. */
static void *read_elements(const char *folder, const char *name, size_t bytes)
{
    char path[4096];
    unsigned char prefix[10];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    void *elements = malloc(bytes);
    if (file == NULL || elements == NULL || fread(prefix, 1, sizeof prefix, file) != sizeof prefix)
        stop(path, "cannot be read");
    if (fseek(file, prefix[8] + 256L * prefix[9], SEEK_CUR) != 0 ||
        fread(elements, 1, bytes, file) != bytes)
        stop(path, "is too short");
    fclose(file);
    return elements;
}

/* real -> int8, as the tensor's own scale and zero point say. */
static void quantize(const struct plait_tensor *tensor, const float *from, size_t count, int8_t *to)
{
    struct plait_quantization quantization;
    plait_tensor_quantization(tensor, &quantization);
    for (size_t i = 0; i < count; i++) {
        float q = roundf(from[i] / quantization.scale[0]) + (float)quantization.zero_point[0];
        to[i] = (int8_t)(q < -128 ? -128 : q > 127 ? 127 : q);
    }
}

static float dequantize(const struct plait_tensor *tensor, int8_t value)
{
    struct plait_quantization quantization;
    plait_tensor_quantization(tensor, &quantization);
    return (float)(value - quantization.zero_point[0]) * quantization.scale[0];
}

/* ---- the models ------------------------------------------------------------------------------ */

static struct plait_model *load(struct gateway *gateway, const char *folder, const char *name)
{
    char path[4096];
    struct plait_model *model = NULL;
    snprintf(path, sizeof path, "%s/models/%s.tflite", folder, name);
    check(gateway, plait_load_file(gateway->interpreter, name, path, NULL, &model), path);
    return model;
}

static void open_gateway(struct gateway *gateway, const char *folder)
{
    if (plait_open(NULL, &gateway->interpreter) != PLAIT_OK) stop("plait_open", "failed");
    gateway->features[0] = load(gateway, folder, "digits_features");
    gateway->classifier[0] = load(gateway, folder, "digits_classifier");
    check(gateway, plait_clone(gateway->features[0], "features_2", &gateway->features[1]), "clone");
    check(gateway, plait_clone(gateway->classifier[0], "classifier_2", &gateway->classifier[1]),
          "clone");
    for (int stream = 0; stream < 2; stream++)
        check(gateway,
              plait_link(gateway->interpreter, plait_model_name(gateway->features[stream]), "",
                         plait_model_name(gateway->classifier[stream]), "", NULL),
              "link");
    for (int machine = 0; machine < MACHINES; machine++) {
        char name[32];
        snprintf(name, sizeof name, "anomaly_%d", machine);
        gateway->detector[machine] = load(gateway, folder, name);
    }
    check(gateway, plait_allocate(gateway->interpreter), "allocate");
}

/* ---- digits ---------------------------------------------------------------------------------- */

/* Feeds one picture, runs features and classifier, and gives the digit read. */
static int read_digit(struct gateway *gateway, int stream, const unsigned char *picture)
{
    float shades[PIXELS];
    int8_t pixels[PIXELS], scores[CLASSES];
    struct plait_tensor *input = plait_input(gateway->features[stream], 0);
    for (int i = 0; i < PIXELS; i++) shades[i] = (float)picture[i] / 16.0f;
    quantize(input, shades, PIXELS, pixels);
    check(gateway, plait_tensor_write(input, pixels, sizeof pixels), "write");
    check(gateway, plait_run(gateway->features[stream]), "run");
    check(gateway,
          plait_tensor_read(plait_output(gateway->classifier[stream], 0), scores, sizeof scores),
          "read");
    int best = 0;
    for (int i = 1; i < CLASSES; i++) best = scores[i] > scores[best] ? i : best;
    return best;
}

/* Pictures side by side, two characters a pixel. */
static void show_digits(const unsigned char *pictures, const int *which, int count)
{
    static const char *const shades[] = {"  ", "░░", "▒▒", "▓▓", "██"};
    for (int row = 0; row < SIDE; row++) {
        for (int i = 0; i < count; i++) {
            const unsigned char *line = pictures + which[i] * PIXELS + row * SIDE;
            for (int column = 0; column < SIDE; column++)
                fputs(shades[(line[column] + 3) / 4 > 4 ? 4 : (line[column] + 3) / 4], stdout);
            fputs("  ", stdout);
        }
        putchar('\n');
    }
}

static void show_answers(const int *which, const int *read, const unsigned char *answers, int count)
{
    for (int i = 0; i < count; i++) {
        int right = answers[which[i]];
        char text[32];
        if (read[which[i]] == right) snprintf(text, sizeof text, "read as %d", right);
        else snprintf(text, sizeof text, "read as %d, is %d", read[which[i]], right);
        printf("%-*s", 2 * SIDE + 2, text);
    }
    putchar('\n');
}

static void run_digits(struct gateway *gateway, const char *folder)
{
    unsigned char *pictures = read_elements(folder, "digits.npy", DIGITS * PIXELS);
    unsigned char *answers = read_elements(folder, "digits_answers.npy", DIGITS);
    int read[DIGITS], first[SHOWN], wrong[DIGITS], wrong_count = 0;
    for (int i = 0; i < DIGITS; i++) {
        read[i] = read_digit(gateway, i % 2, pictures + i * PIXELS);
        if (read[i] != answers[i]) wrong[wrong_count++] = i;
        if (i < SHOWN) first[i] = i;
    }
    show_digits(pictures, first, SHOWN / 2);
    show_answers(first, read, answers, SHOWN / 2);
    show_digits(pictures, first + SHOWN / 2, SHOWN / 2);
    show_answers(first + SHOWN / 2, read, answers, SHOWN / 2);
    printf("\n%d of %d handwritten digits read right (%.2f %%), on two streams in turn; the first "
           "it misread:\n\n",
           DIGITS - wrong_count, DIGITS, 100.0 * (DIGITS - wrong_count) / DIGITS);
    int shown = wrong_count < SHOWN / 2 ? wrong_count : SHOWN / 2;
    show_digits(pictures, wrong, shown);
    show_answers(wrong, read, answers, shown);
    free(pictures);
    free(answers);
}

/* ---- machines -------------------------------------------------------------------------------- */

/* How badly a detector rebuilds a sound: small for what it was trained on. */
static float surprise(struct gateway *gateway, int detector, const float *sound)
{
    int8_t heard[BANDS], rebuilt[BANDS];
    struct plait_tensor *input = plait_input(gateway->detector[detector], 0);
    struct plait_tensor *output = plait_output(gateway->detector[detector], 0);
    quantize(input, sound, BANDS, heard);
    check(gateway, plait_tensor_write(input, heard, sizeof heard), "write");
    check(gateway, plait_invoke(gateway->detector[detector]), "invoke");
    check(gateway, plait_tensor_read(output, rebuilt, sizeof rebuilt), "read");
    float sum = 0;
    for (int i = 0; i < BANDS; i++) {
        float difference = dequantize(output, rebuilt[i]) - sound[i];
        sum += difference * difference;
    }
    return sum / BANDS;
}

/* Every detector hears every sound of every machine: its own should be the least surprising. */
static void run_machines(struct gateway *gateway, const char *folder)
{
    float *sounds =
        read_elements(folder, "machines.npy", sizeof(float) * MACHINES * SOUNDS * BANDS);
    float mean[MACHINES][MACHINES] = {{0}};
    int right = 0;
    for (int machine = 0; machine < MACHINES; machine++) {
        for (int sound = 0; sound < SOUNDS; sound++) {
            float least = INFINITY;
            int guess = 0;
            for (int detector = 0; detector < MACHINES; detector++) {
                float error =
                    surprise(gateway, detector, sounds + (machine * SOUNDS + sound) * BANDS);
                mean[detector][machine] += error / SOUNDS;
                guess = error < least ? detector : guess;
                least = error < least ? error : least;
            }
            right += guess == machine;
        }
    }
    printf("how much each detector is surprised by the sound of\n\n            ");
    for (int machine = 0; machine < MACHINES; machine++) printf("  machine %d", machine);
    putchar('\n');
    for (int detector = 0; detector < MACHINES; detector++) {
        printf("  anomaly_%d ", detector);
        for (int machine = 0; machine < MACHINES; machine++)
            printf("  %8.2f%s", (double)mean[detector][machine], detector == machine ? "*" : " ");
        putchar('\n');
    }
    printf("\n%d of %d sounds are recognized by the detector of the machine they are from\n", right,
           MACHINES * SOUNDS);
    free(sounds);
}

/* ---- memory ---------------------------------------------------------------------------------- */

/* What these models take in interpreters of their own, one after another. */
static size_t memory_apart(const char *folder)
{
    static const char *const names[] = {"digits_features",   "digits_classifier", "digits_features",
                                        "digits_classifier", "anomaly_0",         "anomaly_1",
                                        "anomaly_2",         "anomaly_3"};
    size_t sum = 0;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct gateway single = {0};
        struct plait_stats stats;
        if (plait_open(NULL, &single.interpreter) != PLAIT_OK) stop("plait_open", "failed");
        load(&single, folder, names[i]);
        check(&single, plait_allocate(single.interpreter), "allocate");
        check(&single, plait_get_stats(single.interpreter, &stats), "stats");
        sum += stats.memory_bytes;
        plait_close(single.interpreter);
    }
    return sum;
}

static void show_memory(const struct gateway *gateway, const char *folder)
{
    struct plait_stats stats;
    size_t apart = memory_apart(folder);
    check(gateway, plait_get_stats(gateway->interpreter, &stats), "stats");
    printf(
        "memory of all %zu models: %zu bytes in this interpreter, of which %zu are constants and "
        "%zu the arena;\nan interpreter for each would take %zu (%.1f %% more)\n",
        stats.models, stats.memory_bytes, stats.constant_bytes, stats.arena_bytes, apart,
        100.0 * ((double)apart / (double)stats.memory_bytes - 1.0));
}

int main(int count, char **arguments)
{
    struct gateway gateway;
    const char *folder = count > 1 ? arguments[1] : ".";
    open_gateway(&gateway, folder);
    run_digits(&gateway, folder);
    putchar('\n');
    run_machines(&gateway, folder);
    putchar('\n');
    show_memory(&gateway, folder);
    plait_close(gateway.interpreter);
    return 0;
}
