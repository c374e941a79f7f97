/* SPDX-License-Identifier: Apache-2.0 */
/* Boxes that a model finds in a picture: how they are read off its outputs, and what is cut out for another model. */
#ifndef PL_GRAPH_BOXES_H
#define PL_GRAPH_BOXES_H

#include <stdbool.h>
#include <stdint.h>

enum { PL_MAX_ANCHOR_LEVELS = 8, PL_MAX_ANCHOR_SIZES = 8, PL_MAX_BOXES = 1000, PL_MAX_MARGIN = 10 };

/* Squares around the middle of every cell of a grid that is laid over the picture, cell after cell, row after row. */
struct pl_anchor_level {
    double step; /* between two middles, in pixels of the picture */
    int32_t size_count;
    double sizes[PL_MAX_ANCHOR_SIZES]; /* in pixels, in this order at every cell */
};

struct pl_boxes {
    /* Whose outputs, by name, until they are found; tensors of its primary subgraph, or of the join that it is in. */
    const char *model;
    const char *boxes_name;
    const char *scores_name;
    int32_t boxes;  /* 4 numbers or more for each box: corners, or what is different from an anchor */
    int32_t scores; /* as many for each box as there are classes */
    int32_t class_index;
    bool sigmoid; /* a score is 1 / (1 + exp(-x)) */
    bool x_first; /* x y x y, or x y width height; else y x y x, or y x height width */
    double least;   /* score */
    double overlap; /* intersection over union of two boxes, above which the one with the lesser score goes */
    int32_t most;
    /* Of anchors: middle = anchor's + number * variances[0] * its size, and size = its size * exp(number * variances[1]), or
     * without exp() where it is linear. No levels: corners from 0 to 1. */
    int32_t level_count;
    struct pl_anchor_level levels[PL_MAX_ANCHOR_LEVELS];
    int32_t picture[2]; /* rows and columns that anchors are laid over */
    double variances[2];
    bool linear;
};

/* Of a link: its consumer runs once for every box, on that part of the picture. */
struct pl_crop {
    struct pl_boxes boxes;
    double margin; /* of the box's sides, added on each of the four */
};

/* Numbers from 0 to 1 of the picture's height and width; a box may reach beyond the picture. */
struct pl_found_box {
    double top;
    double left;
    double bottom;
    double right;
    double score;
    int32_t index; /* among all that the model gives */
};

#endif
