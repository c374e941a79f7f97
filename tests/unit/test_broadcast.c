/* SPDX-License-Identifier: Apache-2.0 */
/* The walk over broadcast inputs against index arithmetic, on random shapes and ranges. */
#include "unit.h"

#include "ops/broadcast.h"

enum { CASES = 20000, INPUTS = 3 };

static uint64_t random_state;

static int32_t draw(int32_t low, int32_t high)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return low + (int32_t)((random_state >> 33) % (uint64_t)(high - low + 1));
}

/* Where output element `element` lies in an input of this shape. */
static int64_t expected_offset(const struct pl_shape *in, const struct pl_shape *out,
                               int64_t element)
{
    int64_t offset = 0, stride = 1;
    for (int32_t axis = out->rank - 1; axis >= 0; axis--) {
        const int32_t own = axis - (out->rank - in->rank);
        const int64_t index = element % out->dims[axis];
        element /= out->dims[axis];
        if (own < 0) continue;
        if (in->dims[own] != 1) offset += index * stride;
        stride *= in->dims[own];
    }
    return offset;
}

static struct pl_shape draw_output(void)
{
    struct pl_shape out = {.rank = draw(0, PL_MAX_RANK)};
    for (int32_t i = 0; i < out.rank; i++) out.dims[i] = draw(1, out.rank > 5 ? 2 : 4);
    if (out.rank > 0 && draw(0, 29) == 0) out.dims[draw(0, out.rank - 1)] = 0;
    return out;
}

static struct pl_shape draw_input(const struct pl_shape *out)
{
    struct pl_shape in = {.rank = draw(0, out->rank)};
    for (int32_t i = 0; i < in.rank; i++)
        in.dims[i] = draw(0, 2) == 0 ? 1 : out->dims[out->rank - in.rank + i];
    return in;
}

static void walks_as_indices_say(void **state)
{
    (void)state;
    random_state = 5;
    for (int32_t number = 0; number < CASES; number++) {
        const struct pl_shape out = draw_output();
        struct pl_shape inputs[INPUTS];
        const struct pl_shape *pointers[INPUTS];
        for (int32_t i = 0; i < INPUTS; i++) {
            inputs[i] = draw_input(&out);
            pointers[i] = &inputs[i];
        }
        struct pl_broadcast broadcast;
        pl_broadcast_init(&broadcast, pointers, INPUTS, &out);
        assert_int_equal(broadcast.elements, pl_shape_count(&out));
        const int32_t from = draw(0, (int32_t)broadcast.elements);
        const int32_t to = draw(from, (int32_t)broadcast.elements);
        int64_t element = from;
        struct pl_broadcast_walk walk;
        pl_broadcast_start(&broadcast, from, to, &walk);
        while (pl_broadcast_next(&walk)) {
            assert_int_equal(walk.element, element);
            assert_true(walk.count > 0);
            for (int64_t j = 0; j < walk.count; j++, element++)
                for (int32_t i = 0; i < INPUTS; i++)
                    assert_int_equal(walk.offsets[i] + j * broadcast.steps[i],
                                     expected_offset(&inputs[i], &out, element));
        }
        assert_int_equal(element, to);
    }
}

static void equal_shapes_are_one_run(void **state)
{
    (void)state;
    const struct pl_shape shape = {4, {2, 3, 1, 5}};
    const struct pl_shape *const inputs[] = {&shape, &shape};
    struct pl_broadcast broadcast;
    pl_broadcast_init(&broadcast, inputs, 2, &shape);
    assert_int_equal(broadcast.run, 30);
    assert_int_equal(broadcast.rank, 0);
}

static void shapes_fit_or_not(void **state)
{
    (void)state;
    const struct pl_shape a = {3, {4, 1, 3}}, b = {2, {5, 3}}, c = {2, {5, 2}}, empty = {1, {0}};
    struct pl_shape out;
    assert_true(pl_broadcast_shape(&a, &b, &out));
    assert_true(pl_shape_equal(&out, &(struct pl_shape){3, {4, 5, 3}}));
    assert_false(pl_broadcast_shape(&a, &c, &out));
    assert_false(pl_broadcast_shape(&b, &empty, &out));
    assert_true(pl_broadcast_shape(&(struct pl_shape){1, {1}}, &empty, &out));
    assert_int_equal(out.dims[0], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(walks_as_indices_say),
        cmocka_unit_test(equal_shapes_are_one_run),
        cmocka_unit_test(shapes_fit_or_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
