/* SPDX-License-Identifier: Apache-2.0 */
/* What a link of the command line says of the boxes that it cuts out. */
#ifndef CLI_CROP_TEXT_H
#define CLI_CROP_TEXT_H

#include "plait/plait.h"

/* As it was read; texts are NULL where they were not there. */
struct crop_text {
    char *from;      /* DET.BOXES */
    char *scores;    /* DET.SCORES */
    char *order;     /* xy or yx */
    char *anchors;   /* ROWSxCOLUMNS:STEP/SIZE...: and so on */
    char *variances; /* A/B */
    bool more;       /* something else was given, of what is in `crop` */
    char *model;     /* what crop.boxes_model points to */
    struct plait_crop crop;
};

void crop_text_begin(struct crop_text *text);
/* Makes a crop of what was read. Returns an exit code; *cuts is NULL if the link cuts nothing out. */
int crop_text_take(struct crop_text *text, const struct plait_crop **cuts);
void crop_text_free(struct crop_text *text);

#endif
