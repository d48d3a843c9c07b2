/* What series cost through the C library: nanoseconds a sample into a window of 1,024 samples (and with its state asked
 * after each), into a rollup of three levels and into a sketch, single and in batches of 256. Each figure is the least
 * of several rounds. A line each: name, nanoseconds. */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <stdlib.h>
#include <streamgauge.h>
#include <string.h>
#include <time.h>

/* Samples of a round. */
#define SAMPLES 1280000
#define BATCH 256
#define ROUNDS 5

static double now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static void must(sg_status status) {
    if (status != SG_OK) {
        fprintf(stderr, "status %d\n", status);
        exit(1);
    }
}

static int64_t times_us[SAMPLES];
static double values[SAMPLES];
static sg_window *window;
static sg_rollup *rollup;
static sg_sketch *sketch;

static void into_window(size_t i, size_t n) { must(sg_window_record(window, times_us + i, values + i, n, NULL, NULL)); }

static void into_window_and_ask(size_t i, size_t n) {
    sg_window_state state;
    into_window(i, n);
    must(sg_window_snapshot(window, &state, sizeof state, NULL));
}

static void into_rollup(size_t i, size_t n) { must(sg_rollup_record(rollup, times_us + i, values + i, n, NULL, NULL)); }

static void into_sketch(size_t i, size_t n) { must(sg_sketch_record(sketch, values + i, n, NULL)); }

/* `n` samples a call. */
static void measure(const char *name, size_t n, void (*record)(size_t, size_t)) {
    static int64_t clock_us;
    double least = 0;
    int round;
    for (round = 0; round < ROUNDS; round++) {
        double start, took;
        size_t i;
        for (i = 0; i < SAMPLES; i++) times_us[i] = clock_us += 1000;
        start = now_ns();
        for (i = 0; i < SAMPLES; i += n) record(i, n);
        took = now_ns() - start;
        if (round == 0 || took < least) least = took;
    }
    printf("%s_%s %.2f\n", name, n == 1 ? "single" : "batch", least / SAMPLES);
}

int main(void) {
    static const size_t batches[2] = {1, BATCH};
    sg_window_config config;
    uint64_t seed = 7;
    size_t i;
    for (i = 0; i < SAMPLES; i++) {
        seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        values[i] = (double)(seed >> 40) / 16 + 1;
    }
    memset(&config, 0, sizeof config);
    config.max_samples = 1024;
    must(sg_window_new(&config, sizeof config, &window, NULL));
    must(sg_rollup_new(NULL, 0, &rollup, NULL));
    must(sg_sketch_new(NULL, 0, &sketch, NULL));
    for (i = 0; i < 2; i++) measure("window", batches[i], into_window);
    measure("window_state", 1, into_window_and_ask);
    for (i = 0; i < 2; i++) measure("rollup", batches[i], into_rollup);
    for (i = 0; i < 2; i++) measure("sketch", batches[i], into_sketch);
    sg_window_free(window);
    sg_rollup_free(rollup);
    sg_sketch_free(sketch);
    return 0;
}
