/* SPDX-License-Identifier: Apache-2.0 */
/* What the server's options say of one model. */
#include <string.h>

#include "serve.h"
#include "served.h"

static void set_class(const struct serve_options *options, struct served_source *source)
{
    source->class_number = source->most_class = -1;
    for (size_t i = 0; i < options->class_count; i++)
        if (strcmp(options->classes[i].name, source->name) == 0) {
            source->class_number = options->classes[i].number;
            source->most_class = options->classes[i].most;
        }
}

/* What is said of all models first, then what is said of this one. */
static void set_batch(const struct serve_options *options, struct served_source *source)
{
    for (int of_all = 1; of_all >= 0; of_all--)
        for (size_t i = 0; i < options->batch_count; i++) {
            const struct serve_batch *batch = &options->batches[i];
            if (of_all ? batch->name != NULL : batch->name == NULL || strcmp(batch->name, source->name) != 0) continue;
            if (batch->most > 0) source->batch.most = batch->most;
            if (batch->delay >= 0) source->batch.delay = (uint64_t)batch->delay * 1000;
        }
}

void served_source_set(struct served_source *source, const struct serve_options *options)
{
    source->most_waiting = (unsigned)options->queue_limit;
    set_class(options, source);
    set_batch(options, source);
}
