/* SPDX-License-Identifier: Apache-2.0 */
/* SKIP_GRAM: sequences of words of a text, in order, with words left out between them. How many
 * there are, only the text tells: they are walked once to count and once to write. */
#include "ops/check.h"
#include "ops/op.h"
#include "ops/strings.h"

struct word {
    const char *text;
    size_t length;
};

struct grams {
    int32_t size;      /* words */
    int32_t most_skip; /* words left out between two */
    bool shorter;      /* sequences of fewer words too */
    int32_t count;     /* of the sequences */
    int32_t words;     /* of the text, at most */
};

/* Memory for a walk. */
struct walk {
    struct word *words;
    int32_t word_count;
    int32_t *chosen; /* `size` indices */
};

/* What the sequences come to; the limits keep a hostile text from running for ever. */
struct total {
    int64_t count;
    size_t bytes;
    int64_t steps;
};
enum { MOST_STEPS = 1 << 28 };

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* As the original splits: a word that begins with a space, at the very beginning, is left out
 * unless it is the last. */
static int32_t split(const char *text, size_t length, struct word *words)
{
    int32_t count = 0;
    size_t begin = 0;
    for (size_t i = 1; i < length; i++) {
        if (!is_space(text[i])) continue;
        if (i > begin && !is_space(text[begin]))
            words[count++] = (struct word){text + begin, i - begin};
        begin = i + 1;
    }
    if (length > begin) words[count++] = (struct word){text + begin, length - begin};
    return count;
}

static void count_gram(const struct walk *walk, int32_t size, struct total *total)
{
    total->count++;
    for (int32_t i = 0; i < size; i++) total->bytes += walk->words[walk->chosen[i]].length + 1;
    total->bytes--; /* spaces are between words only */
}

/* The writer takes one string; its parts are put together where it will stand. */
static void write_gram(const struct walk *walk, int32_t size, struct pl_strings_writer *writer)
{
    char *to = writer->data + writer->end;
    size_t length = 0;
    for (int32_t i = 0; i < size; i++) {
        const struct word *word = &walk->words[walk->chosen[i]];
        if (i > 0) to[length++] = ' ';
        for (size_t k = 0; k < word->length; k++) to[length++] = word->text[k];
    }
    writer->end += (int32_t)length;
    pl_strings_add(writer, "", 0);
}

/* Whether place `depth` of the sequence can move to a further word. */
static bool can_advance(const struct grams *grams, const struct walk *walk, int32_t depth)
{
    if (depth >= grams->size || walk->chosen[depth] + 1 >= walk->word_count) return false;
    return depth == 0 || walk->chosen[depth] - walk->chosen[depth - 1] <= grams->most_skip;
}

/* Walks through all sequences; writer: NULL to count only. False if there is no end to it. */
static bool walk_grams(const struct grams *grams, const struct walk *walk, struct total *total,
                       struct pl_strings_writer *writer)
{
    int32_t depth = 1;
    if (grams->size < 1 || walk->word_count < grams->size) return true;
    for (int32_t i = 0; i < grams->size; i++) walk->chosen[i] = 0;
    while (depth >= 0) {
        if (total->steps++ > MOST_STEPS || total->bytes > INT32_MAX) return false;
        if (can_advance(grams, walk, depth)) {
            walk->chosen[depth]++;
            depth++;
            if (depth < grams->size) walk->chosen[depth] = walk->chosen[depth - 1];
            continue;
        }
        if (depth > 0 && (depth == grams->size || (grams->shorter && depth < grams->size))) {
            if (writer != NULL) write_gram(walk, depth, writer);
            else count_gram(walk, depth, total);
        }
        depth--;
    }
    return true;
}

static pl_status eval_grams(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct grams *grams = eval->params;
    const struct pl_strings input = pl_strings_of_eval(eval, 0);
    struct walk walk = {.words = eval->scratch[0], .chosen = eval->scratch[1]};
    struct pl_strings_writer writer;
    struct total unused = {0};
    size_t length = 0;
    (void)from;
    (void)to;
    const char *text = pl_strings_at(&input, 0, &length);
    walk.word_count = split(text, length, walk.words);
    pl_strings_begin(&writer, eval->outputs[0], grams->count);
    walk_grams(grams, &walk, &unused, &writer);
    return PL_OK;
}

/* Reads the text and counts; *bytes are those of all characters. */
static pl_status count_grams(struct pl_prepare *prepare, struct grams *grams, size_t *bytes)
{
    struct pl_strings input;
    struct walk walk = {0};
    struct total total = {0};
    size_t length = 0;
    PL_TRY(pl_strings_read(prepare, 0, &input));
    if (input.count < 1)
        return pl_check_fail(prepare, PL_MISMATCH, pl_input(0), "there is no string");
    const char *text = pl_strings_at(&input, 0, &length);
    grams->words = (int32_t)(length / 2) + 1;
    const size_t places = grams->size > 0 && grams->size <= grams->words ? (size_t)grams->size : 1;
    walk.words = pl_prepare_allocate(prepare, (size_t)grams->words * sizeof *walk.words);
    walk.chosen = pl_prepare_allocate(prepare, places * sizeof *walk.chosen);
    if (walk.words == NULL || walk.chosen == NULL) return PL_OUT_OF_MEMORY;
    walk.word_count = split(text, length, walk.words);
    if (!walk_grams(grams, &walk, &total, NULL))
        return pl_prepare_fail(prepare, PL_UNSUPPORTED, "the text has too many sequences of words");
    pl_prepare_scratch(prepare, (size_t)grams->words * sizeof *walk.words, false);
    pl_prepare_scratch(prepare, places * sizeof *walk.chosen, false);
    grams->count = (int32_t)total.count;
    *bytes = total.bytes;
    return PL_OK;
}

pl_status pl_prepare_skip_gram(struct pl_prepare *prepare)
{
    const struct pl_record *options = prepare->op->options;
    size_t bytes = 0;
    PL_TRY(pl_check_arity(prepare, 1, 1, 1));
    PL_TRY(pl_check_type(prepare, pl_input(0), PL_TYPE_BIT(PL_STRING)));
    PL_TRY(pl_check_type(prepare, pl_output(0), PL_TYPE_BIT(PL_STRING)));
    struct grams *grams = pl_prepare_allocate(prepare, sizeof *grams);
    if (grams == NULL) return PL_OUT_OF_MEMORY;
    grams->size = (int32_t)pl_record_integer(options, PL_SkipGramOptions_ngram_size);
    grams->most_skip = (int32_t)pl_record_integer(options, PL_SkipGramOptions_max_skip_size);
    grams->shorter = pl_record_integer(options, PL_SkipGramOptions_include_all_ngrams) != 0;
    PL_TRY(count_grams(prepare, grams, &bytes));
    const struct pl_shape output = {1, {grams->count}};
    PL_TRY(pl_strings_set_output(prepare, 0, &output, bytes));
    prepare->params = grams;
    pl_prepare_stage(prepare, eval_grams, 1, (int64_t)bytes);
    return PL_OK;
}
