/* SPDX-License-Identifier: Apache-2.0 */
/* Links as the command line writes them: A.OUT=B.IN,FIELD,FIELD=VALUE... */
#ifndef CLI_LINK_TEXT_H
#define CLI_LINK_TEXT_H

#include "crop_text.h"
#include "models.h"

struct link_text {
    struct tensor_reference from;
    struct tensor_reference to;
    struct plait_link_options options;
    char *when_output; /* what options.when_output points to */
    struct crop_text crop;
};

/* link_free() in any case. */
int link_read(struct link_text *link, const struct models *models, const char *value);
void link_free(struct link_text *link);

#endif
