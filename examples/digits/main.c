/*
 * Quantizes a network that reads handwritten digits, and shows what each way of doing it costs.
 *
 *     digits [--quick] [--check] [--data FILE] [--chart FILE]
 *
 * A small network learns 1,000 of the digits in float32. Then its weights and activations are
 * quantized to 8, 6, 4, 3 and 2 bits, and the other 797 digits tell how well it still reads:
 *
 *   after training, per tensor    one range for all weights of a layer
 *   after training, per axis      one range for the weights of each output
 *   trained in the loop           from 4 bits down: the float32 network is trained further, seeing
 *                                 itself quantized; the gradient function of the library carries
 *                                 the gradient through the rounding
 *
 * Every run starts from other random weights; test images never decide anything. What is tested
 * runs on the codes that a device would store, and the table says how many bytes those are. The
 * table goes to the terminal, the chart to an SVG file.
 *
 * --quick trains once and briefly; --check fails if the numbers are not what they have to be.
 */
#include <errno.h>
#include <qdq.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "chart.h"
#include "data.h"
#include "network.h"
#include "progress.h"
#include "results.h"
#include "support.h"
#include "train.h"

/*
 * The first ones, unshuffled: neighbours in the file are often of one hand, and a network tested on
 * hands that it learned from would look several points better than it is.
 */
enum { TRAINING_IMAGES = 1000 };

static const float FIRST_RATE = 2e-3f, FURTHER_RATE = 1e-3f;

typedef struct options {
    const char *data, *chart;
    bool check;
    int runs;
    int epochs; /* in float32, and as many again for everything trained further */
} options;

static options parse_options(int argc, char **argv)
{
    options o = {.data = DIGITS_DATA, .chart = "build/digits.svg", .runs = 5, .epochs = 60};
    for (int i = 1; i < argc; i++) {
        const bool has_value = i + 1 < argc;
        if (strcmp(argv[i], "--quick") == 0)
            o.runs = 1, o.epochs = 15;
        else if (strcmp(argv[i], "--check") == 0)
            o.check = true;
        else if (strcmp(argv[i], "--data") == 0 && has_value)
            o.data = argv[++i];
        else if (strcmp(argv[i], "--chart") == 0 && has_value)
            o.chart = argv[++i];
        else
            fail("usage: digits [--quick] [--check] [--data FILE] [--chart FILE]");
    }
    return o;
}

/* Better said now than after the training. */
static void require_writable(const char *path)
{
    FILE *file = fopen(path, "a");
    if (file == NULL)
        fail("%s: %s", path, strerror(errno));
    fclose(file);
}

/* One run of the experiment: what it works on and where its numbers go. */
typedef struct run {
    digits training, test;
    const options *options;
    uint64_t seed;
    progress progress;
    results *results;
} run;

static void learn(const run *r, network *net, const quantization *quant, float learning_rate)
{
    const training how = {r->options->epochs, learning_rate, r->seed};
    progress shown = r->progress;
    const training_observer observer = {progress_epoch, &shown};
    train(net, quant, &r->training, &how, &observer);
}

static void record(const run *r, score *s, double percent)
{
    score_add(s, percent);
    progress_cell(&r->progress, percent);
}

/* A copy of the network, trained further at a lower rate; `quant` NULL: in float32 as before. */
static double accuracy_trained_further(const run *r, const network *net, const quantization *quant)
{
    network copy = network_copy(net);
    learn(r, &copy, quant, FURTHER_RATE);
    const double percent = network_accuracy(&copy, quant, &r->test);
    network_free(&copy);
    return percent;
}

static void quantize_to(const run *r, const network *net, const value_range *ranges, int width)
{
    score *scores = r->results->quantized[width];
    quantization quant = quantization_create(BITS[width], ranges);

    quant.weights = PER_TENSOR;
    score_add(&scores[AFTERWARDS_PER_TENSOR], network_accuracy(net, &quant, &r->test));
    quant.weights = PER_AXIS;
    score_add(&scores[AFTERWARDS_PER_AXIS], network_accuracy(net, &quant, &r->test));
    if (BITS[width] <= BITS_TRAINED_IN_LOOP)
        record(r, &scores[IN_THE_LOOP], accuracy_trained_further(r, net, &quant));
    quantization_free(&quant);
}

static void run_experiment(const run *r)
{
    network net = network_create();
    network_initialize(&net, r->seed);
    learn(r, &net, NULL, FIRST_RATE);
    record(r, &r->results->float32, network_accuracy(&net, NULL, &r->test));
    record(r, &r->results->float32_longer, accuracy_trained_further(r, &net, NULL));

    value_range ranges[NETWORK_LAYERS];
    network_gather_ranges(&net, &r->training, ranges);
    for (int width = 0; width < BIT_WIDTHS; width++)
        quantize_to(r, &net, ranges, width);
    network_free(&net);
}

static results run_all(const options *o, const digits *all)
{
    results found = {0};
    const progress shown = progress_create();
    for (int i = 0; i < o->runs; i++) {
        char name[32];
        const run r = {
            .training = digits_slice(all, 0, TRAINING_IMAGES),
            .test = digits_slice(all, TRAINING_IMAGES, all->count - TRAINING_IMAGES),
            .options = o,
            .seed = (uint64_t)i + 1,
            .progress = shown,
            .results = &found,
        };
        snprintf(name, sizeof name, "run %d of %d", i + 1, o->runs);
        progress_row(&shown, name);
        run_experiment(&r);
        putchar('\n');
    }
    return found;
}

static int collect_points(const results *found, method m, chart_point points[BIT_WIDTHS])
{
    int count = 0;
    for (int width = 0; width < BIT_WIDTHS; width++) {
        const score *s = &found->quantized[width][m];
        if (s->runs > 0)
            points[count++] = (chart_point){BITS[width], score_mean(s), s->lowest, s->highest};
    }
    return count;
}

/* The subtitle says how sure the points are. */
static void write_subtitle(char *text, size_t room, const results *found, size_t test_images)
{
    const int runs = found->float32.runs;
    int length = snprintf(text, room, "%zu test images, weights and activations quantized; ",
                          test_images);
    if (runs == 1)
        snprintf(text + length, room - (size_t)length, "one run");
    else
        snprintf(text + length, room - (size_t)length,
                 "mean of %d runs, bars from lowest to highest", runs);
}

static void draw(const results *found, size_t test_images, const char *path)
{
    char subtitle[160];
    chart_point points[METHODS][BIT_WIDTHS];
    /* Okabe and Ito's colours, told apart with any kind of colour vision. */
    chart_series series[METHODS] = {
        [AFTERWARDS_PER_TENSOR] = {.name = "quantized after training, per tensor",
                                   .short_name = "per tensor",
                                   .colour = "#d55e00",
                                   .marker = CHART_SQUARE},
        [AFTERWARDS_PER_AXIS] = {.name = "quantized after training, per axis",
                                 .short_name = "per axis",
                                 .colour = "#0072b2",
                                 .marker = CHART_DIAMOND},
        [IN_THE_LOOP] = {.name = "trained further with quantization in the loop, per axis",
                         .short_name = "in the loop",
                         .colour = "#009e73",
                         .marker = CHART_CIRCLE},
    };
    for (int m = 0; m < METHODS; m++) {
        series[m].points = points[m];
        series[m].count = collect_points(found, (method)m, points[m]);
    }
    write_subtitle(subtitle, sizeof subtitle, found, test_images);
    const chart c = {
        .title = "Reading handwritten digits with ever fewer bits",
        .subtitle = subtitle,
        .x_title = "bits of every weight and activation",
        .y_title = "test images read correctly, %",
        .unit = " %",
        .x_ticks = BITS,
        .x_tick_count = BIT_WIDTHS,
        .y_from = 0.0,
        .y_to = 100.0,
        .y_step = 20.0,
        .baseline_name = "float32",
        .baseline = score_mean(&found->float32),
        .series = series,
        .series_count = METHODS,
    };
    chart_write(&c, path);
}

int main(int argc, char **argv)
{
    const options o = parse_options(argc, argv);
    digits all = digits_load(o.data);
    if (all.count <= TRAINING_IMAGES)
        fail("%s: %zu digits, and %d are for training alone", o.data, all.count, TRAINING_IMAGES);
    require_writable(o.chart);
    const size_t test_images = all.count - TRAINING_IMAGES;
    printf("libqdq %s (%s): %zu handwritten digits, %d to train on, %zu to test on\n\n",
           qdq_version(), qdq_isa(), all.count, TRAINING_IMAGES, test_images);

    printf("Accuracy on the test images, in percent. Each run trains in float32, and from\n"
           "there as long again: in float32, and with quantization in the loop.\n\n");
    printf("  %-10s%8s%8s%8s%8s%8s\n", "", "float32", "longer", "4 bits", "3 bits", "2 bits");
    const clock_t start = clock();
    const results found = run_all(&o, &all);
    printf("\n  %.1f seconds\n\n", (double)(clock() - start) / CLOCKS_PER_SEC);
    digits_free(&all);

    results_print(&found);
    draw(&found, test_images, o.chart);
    printf("\nThe chart: %s\n", o.chart);
    if (!o.check)
        return EXIT_SUCCESS;
    putchar('\n');
    return results_check(&found) ? EXIT_SUCCESS : EXIT_FAILURE;
}
