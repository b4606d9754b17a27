#include "results.h"

#include <math.h>
#include <stdio.h>

#include "network.h"

const int BITS[BIT_WIDTHS] = {8, 6, 4, 3, 2};

void score_add(score *s, double percent)
{
    s->lowest = s->runs == 0 ? percent : fmin(s->lowest, percent);
    s->highest = s->runs == 0 ? percent : fmax(s->highest, percent);
    s->sum += percent;
    s->runs++;
}

double score_mean(const score *s)
{
    return s->sum / s->runs;
}

enum { SCORE_WIDTH = 20, SIZE_WIDTH = 9 };

/* Right-aligned, SCORE_WIDTH wide. */
static void print_score(const score *s)
{
    if (s->runs == 0)
        printf("%*s", SCORE_WIDTH, "-");
    else if (s->runs == 1)
        printf("%*.2f", SCORE_WIDTH, score_mean(s));
    else
        printf("%*.2f (%5.2f-%5.2f)", SCORE_WIDTH - 14, score_mean(s), s->lowest, s->highest);
}

enum { FLOAT_BITS = 32 };

static size_t total(weight_bytes bytes)
{
    return bytes.codes + bytes.scales;
}

static size_t float32_bytes(void)
{
    return network_weight_bytes(FLOAT_BITS, PER_TENSOR).codes;
}

/* Of the table's METHODS columns the first `count` have something in them. */
static void print_row(const char *label, const score *scores, int count, size_t bytes)
{
    printf("  %-8s", label);
    for (int i = 0; i < count; i++)
        print_score(&scores[i]);
    printf("%*.2f\n", (METHODS - count) * SCORE_WIDTH + SIZE_WIDTH, (double)bytes / 1e3);
}

static void print_heading(const char *tensor, const char *axis, const char *loop, const char *size)
{
    printf("  %-8s%*s%*s%*s%*s\n", "", SCORE_WIDTH, tensor, SCORE_WIDTH, axis, SCORE_WIDTH, loop,
           SIZE_WIDTH, size);
}

static void explain_sizes(void)
{
    const weight_bytes tensor = network_weight_bytes(BITS[0], PER_TENSOR);
    const weight_bytes axis = network_weight_bytes(BITS[0], PER_AXIS);
    printf("\nThe last column is the size of the weights in KB (1,000 bytes): the codes, packed to so\n"
           "many bits each (%zu bytes at %d bits; the demo itself keeps a byte for each), and a\n"
           "float32 scale for each output (%zu bytes; per tensor, one for each layer, %zu bytes).\n"
           "Biases stay float32 and are left out.\n",
           axis.codes, BITS[0], axis.scales, tensor.scales);
}

void results_print(const results *all)
{
    printf("Quantized, weights and activations alike");
    if (all->float32.runs > 1)
        printf(": mean of %d runs (lowest-highest)", all->float32.runs);
    printf("\n\n");
    print_heading("after training,", "after training,", "in the loop,", "weights,");
    print_heading("per tensor", "per axis", "per axis", "KB");
    for (int i = 0; i < BIT_WIDTHS; i++) {
        char label[16];
        snprintf(label, sizeof label, "%d bits", BITS[i]);
        print_row(label, all->quantized[i], METHODS,
                  total(network_weight_bytes(BITS[i], PER_AXIS)));
    }
    print_row("float32", &all->float32, 1, float32_bytes());
    print_row("longer", &all->float32_longer, 1, float32_bytes());
    explain_sizes();
}

static bool say(bool holds, const char *claim, double left, double right)
{
    printf("  %-6s %s (%.2f, %.2f)\n", holds ? "holds" : "FAILS", claim, left, right);
    return holds;
}

bool results_check(const results *all)
{
    const score *widest = all->quantized[0], *narrowest = all->quantized[BIT_WIDTHS - 1];
    const double float32 = score_mean(&all->float32);
    const double eight = score_mean(&widest[AFTERWARDS_PER_AXIS]);
    const double two = score_mean(&narrowest[AFTERWARDS_PER_TENSOR]);
    const double looped = score_mean(&narrowest[IN_THE_LOOP]);
    bool all_hold = say(float32 > 80.0, "float32 learned the digits: over 80", float32, 80.0);
    all_hold &= say(fabs(float32 - eight) <= 1.0, "8 bits per axis within 1 of float32", eight,
                    float32);
    all_hold &= say(looped > two, "2 bits: the loop beats per tensor after training", looped, two);
    return all_hold;
}
