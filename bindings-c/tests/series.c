/* Windows, rollups, sketches, downsampling: what they give, bounds, bad input and hostile bytes, many threads. */
#include <math.h>
#include <pthread.h>
#include <stdlib.h>

#include "check.h"

#define S 1000000

static sg_window *window_new(const sg_window_config *config) {
    sg_window *window = NULL;
    CHECK(sg_window_new(config, config ? sizeof *config : 0, &window, NULL) == SG_OK);
    return window;
}

static sg_sketch *sketch_new(double relative_error) {
    sg_sketch *sketch = NULL;
    sg_sketch_config config;
    memset(&config, 0, sizeof config);
    config.relative_error = relative_error;
    config.has_relative_error = 1;
    CHECK(sg_sketch_new(&config, sizeof config, &sketch, NULL) == SG_OK);
    return sketch;
}

/* Two levels, quantiles within 1 %. */
static sg_rollup *rollup_new(void) {
    static const sg_level levels[2] = {{10, 100}, {30, 100}};
    sg_rollup *rollup = NULL;
    sg_rollup_config config;
    memset(&config, 0, sizeof config);
    config.levels = levels;
    config.level_count = 2;
    config.relative_error = 0.01;
    config.has_relative_error = 1;
    CHECK(sg_rollup_new(&config, sizeof config, &rollup, NULL) == SG_OK);
    return rollup;
}

static sg_sketch_state seen_by(const sg_sketch *sketch) {
    sg_sketch_state state;
    memset(&state, 0, sizeof state);
    CHECK(sg_sketch_snapshot(sketch, &state, sizeof state, NULL) == SG_OK);
    return state;
}

static void a_window(void) {
    static const int64_t times[6] = {0, 8, 4, 11, 1, 11};
    static const double values[6] = {7, 1, 4, 2, 9, NAN};
    sg_window_config config;
    sg_window *window;
    sg_window_state state;
    sg_sample samples[4];
    int32_t pushed[6];
    size_t count = 9;
    memset(&config, 0, sizeof config);
    config.span_us = 10;
    window = window_new(&config);
    CHECK(sg_window_record(window, times, values, 6, pushed, NULL) == SG_OK);
    CHECK(pushed[0] == SG_PUSHED_IN_ORDER && pushed[2] == SG_PUSHED_LATE && pushed[3] == SG_PUSHED_IN_ORDER);
    CHECK(pushed[4] == SG_PUSHED_TOO_LATE && pushed[5] == SG_PUSHED_NOT_FINITE);
    CHECK(sg_window_snapshot(window, &state, sizeof state, NULL) == SG_OK);
    CHECK(state.samples == 3 && state.min == 1 && state.max == 4 && state.has_sum && state.sum == 7);
    CHECK(state.mean == 7.0 / 3 && state.first.at_us == 4 && state.last.at_us == 11 && state.last.value == 2);
    CHECK(state.has_rate && state.rate_per_s == (2.0 - 4.0) / 7 * S);
    CHECK(state.accepted == 4 && state.late == 1 && state.too_late == 1 && state.not_finite == 1);
    CHECK(state.evicted == 1 && state.repeated == 0);
    CHECK(sg_window_samples(window, NULL, 0, &count, NULL) == SG_OK && count == 3);
    samples[2].at_us = 77;
    CHECK(sg_window_samples(window, samples, 2, &count, NULL) == SG_OK && count == 3);
    CHECK(samples[0].at_us == 4 && samples[1].at_us == 8 && samples[1].value == 1 && samples[2].at_us == 77);
    CHECK(sg_window_expire(window, 18, NULL) == SG_OK);
    CHECK(sg_window_samples(window, samples, 4, &count, NULL) == SG_OK && count == 1 && samples[0].at_us == 11);
    CHECK(sg_window_expire(window, INT64_MAX, NULL) == SG_OK);
    CHECK(sg_window_snapshot(window, &state, sizeof state, NULL) == SG_OK);
    CHECK(state.samples == 0 && !state.has_sum && !state.has_rate && state.evicted == 4);
    sg_window_free(window);

    /* No more than were asked for, however many come; one of a time is enough. */
    memset(&config, 0, sizeof config);
    config.no_span = 1;
    config.max_samples = 2;
    config.same_time = SG_SAME_TIME_REJECT;
    config.has_late_us = 1;
    window = window_new(&config);
    CHECK(sg_window_record(window, times, values, 6, NULL, NULL) == SG_OK);
    CHECK(sg_window_record(window, times + 3, values, 1, pushed, NULL) == SG_OK);
    CHECK(pushed[0] == SG_PUSHED_REPEATED);
    CHECK(sg_window_snapshot(window, &state, sizeof state, NULL) == SG_OK);
    CHECK(state.samples == 2 && state.evicted == 1 && state.late == 0 && state.too_late == 2 && state.repeated == 1);
    sg_window_free(window);
}

static void windows_refuse(void) {
    sg_window *window = NULL;
    sg_window_config config;
    sg_window_state state;
    sg_error *error = NULL;
    double value = 1;
    int64_t at_us = 0;
    size_t count;
    memset(&config, 0, sizeof config);
    config.span_us = -1;
    CHECK(sg_window_new(&config, sizeof config, &window, &error) == SG_INVALID_ARGUMENT && window == NULL);
    CHECK(same(sg_error_message(error), "span_us is -1, at least 1"));
    sg_error_free(error);
    config.span_us = 0;
    config.same_time = 2;
    CHECK(sg_window_new(&config, sizeof config, &window, NULL) == SG_INVALID_ARGUMENT);
    config.same_time = 0;
    config.has_late_us = 1;
    config.late_us = -1;
    CHECK(sg_window_new(&config, sizeof config, &window, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_window_new(NULL, sizeof config, &window, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_window_new(NULL, 0, NULL, NULL) == SG_INVALID_ARGUMENT);
    /* A caller that knows the first field only. */
    config.span_us = 5;
    CHECK(sg_window_new(&config, sizeof config.span_us, &window, NULL) == SG_OK);
    CHECK(sg_window_record(window, &at_us, NULL, 1, NULL, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_window_record(window, NULL, &value, 1, NULL, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_window_record(window, &at_us, &value, SIZE_MAX, NULL, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_window_record(window, NULL, NULL, 0, NULL, NULL) == SG_OK);
    CHECK(sg_window_record(NULL, &at_us, &value, 1, NULL, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_window_expire(NULL, 0, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_window_snapshot(NULL, &state, sizeof state, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_window_snapshot(window, NULL, 0, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_window_samples(window, NULL, 0, NULL, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_window_record(window, &at_us, &value, 1, NULL, NULL) == SG_OK);
    CHECK(sg_window_samples(window, NULL, 1, &count, NULL) == SG_INVALID_ARGUMENT);
    state.min = 7;
    CHECK(sg_window_snapshot(window, &state, sizeof state.samples, NULL) == SG_OK);
    CHECK(state.samples == 1 && state.min == 7);
    sg_window_free(window);
    sg_window_free(NULL);
}

static void a_sketch(void) {
    sg_sketch *sketch = sketch_new(0.01), *other = sketch_new(0.01), *copy = NULL, *coarse = sketch_new(0.02);
    sg_sketch_state state;
    sg_bin bins[2000];
    sg_buf bytes = {NULL, 0}, again = {NULL, 0};
    double values[1000], odd[3] = {NAN, INFINITY, -INFINITY};
    double q[3] = {0, 0.99, 1}, found[3] = {7, 7, 7}, bad[2] = {0.5, 1.5};
    uint64_t total = 0;
    size_t count = 0, i;
    for (i = 0; i < 1000; i++) values[i] = (double)i - 99;

    CHECK(sg_sketch_quantiles(sketch, q, 3, found, NULL) == SG_NOT_FOUND && found[0] == 7);
    state = seen_by(sketch);
    CHECK(state.count == 0 && !state.has_sum && state.relative_error == 0.01 && state.memory_bytes > 0);
    CHECK(sg_sketch_record(sketch, values, 500, NULL) == SG_OK);
    CHECK(sg_sketch_record(sketch, odd, 3, NULL) == SG_OK && sg_sketch_record(sketch, NULL, 0, NULL) == SG_OK);
    CHECK(sg_sketch_record(other, values + 500, 500, NULL) == SG_OK);
    CHECK(sg_sketch_copy(other, &copy, NULL) == SG_OK);
    CHECK(sg_sketch_merge(sketch, other, NULL) == SG_OK);
    CHECK(sg_sketch_merge(sketch, coarse, NULL) == SG_INVALID_ARGUMENT);
    state = seen_by(sketch);
    CHECK(state.count == 1000 && state.zeros == 1 && state.rejected == 3 && state.min == -99 && state.max == 900);
    CHECK(state.has_sum && state.sum == 400500 && state.mean == 400.5 && !state.is_collapsed);
    CHECK(sg_sketch_quantiles(sketch, q, 3, found, NULL) == SG_OK);
    CHECK(found[0] == -99 && found[2] == 900 && fabs(found[1] - 890) <= 8.9);
    found[0] = 7;
    CHECK(sg_sketch_quantiles(sketch, bad, 2, found, NULL) == SG_INVALID_ARGUMENT && found[0] == 7);
    bad[1] = NAN;
    CHECK(sg_sketch_quantiles(sketch, bad, 2, found, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_sketch_quantiles(sketch, NULL, 2, found, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_sketch_quantiles(sketch, q, 2, NULL, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_sketch_quantiles(sketch, NULL, 0, NULL, NULL) == SG_OK);

    CHECK(sg_sketch_bins(sketch, bins, 2000, &count, NULL) == SG_OK && count > 100 && count < 2000);
    for (i = 0; i < count; i++) {
        total += bins[i].count;
        CHECK(bins[i].count > 0 && bins[i].lower <= bins[i].upper && (i == 0 || bins[i - 1].upper <= bins[i].lower));
    }
    CHECK(total == 1000 && bins[0].lower <= -99 && bins[count - 1].upper > 900);
    CHECK(sg_sketch_bins(sketch, NULL, 0, &count, NULL) == SG_OK && count > 100);
    CHECK(sg_sketch_bins(sketch, NULL, 1, &count, NULL) == SG_INVALID_ARGUMENT);

    /* Bytes are the same for the same; a sketch merges with itself; a copy is its own. */
    CHECK(sg_sketch_encode(sketch, &bytes, NULL) == SG_OK && bytes.len > 0);
    sg_sketch_free(other);
    CHECK(sg_sketch_decode(bytes.data, bytes.len, &other, NULL) == SG_OK);
    CHECK(sg_sketch_encode(other, &again, NULL) == SG_OK && again.len == bytes.len);
    CHECK(memcmp(again.data, bytes.data, bytes.len) == 0);
    CHECK(sg_sketch_merge(other, other, NULL) == SG_OK && seen_by(other).count == 2000);
    CHECK(seen_by(copy).count == 500);
    CHECK(sg_sketch_clear(copy, NULL) == SG_OK && seen_by(copy).count == 0);
    CHECK(sg_sketch_record_count(copy, 2.5, 1000000000000, NULL) == SG_OK);
    CHECK(seen_by(copy).count == 1000000000000 && seen_by(copy).sum == 2.5e12);
    CHECK(sg_sketch_record_count(copy, 2.5, 0, NULL) == SG_OK && seen_by(copy).count == 1000000000000);
    sg_buf_free(&bytes);
    sg_buf_free(&again);
    sg_sketch_free(sketch);
    sg_sketch_free(other);
    sg_sketch_free(copy);
    sg_sketch_free(coarse);
}

static void sketches_refuse(void) {
    static const double errors[4] = {0, -0.01, 0.6, NAN};
    sg_sketch *sketch = NULL, *made = NULL;
    sg_sketch_config config;
    sg_buf bytes = {NULL, 0};
    sg_error *error = NULL;
    double value = 1;
    size_t i;
    memset(&config, 0, sizeof config);
    config.has_relative_error = 1;
    for (i = 0; i < 4; i++) {
        config.relative_error = errors[i];
        CHECK(sg_sketch_new(&config, sizeof config, &sketch, NULL) == SG_INVALID_ARGUMENT && sketch == NULL);
    }
    CHECK(sg_sketch_new(NULL, 0, NULL, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_sketch_new(NULL, 0, &sketch, NULL) == SG_OK);
    CHECK(sg_sketch_record(NULL, &value, 1, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_sketch_record(sketch, NULL, 1, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_sketch_record_count(NULL, 1, 1, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_sketch_merge(sketch, NULL, &error) == SG_INVALID_ARGUMENT);
    CHECK(same(sg_error_message(error), "other is NULL"));
    sg_error_free(error);
    CHECK(sg_sketch_merge(NULL, sketch, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_sketch_copy(NULL, &made, NULL) == SG_INVALID_ARGUMENT && made == NULL);
    CHECK(sg_sketch_copy(sketch, NULL, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_sketch_clear(NULL, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_sketch_encode(NULL, &bytes, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_sketch_encode(sketch, NULL, NULL) == SG_INVALID_ARGUMENT);

    /* Bytes that were cut off or spoiled are refused, or are those of another sketch. */
    for (i = 0; i < 100; i++) CHECK(sg_sketch_record_count(sketch, (double)i * 1.5 - 40, i, NULL) == SG_OK);
    CHECK(sg_sketch_encode(sketch, &bytes, NULL) == SG_OK);
    CHECK(sg_sketch_decode(NULL, 0, &made, &error) == SG_MALFORMED && made == NULL);
    CHECK(sg_error_message(error).len > 0);
    sg_error_free(error);
    CHECK(sg_sketch_decode(NULL, 5, &made, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_sketch_decode(bytes.data, bytes.len, NULL, NULL) == SG_INVALID_ARGUMENT);
    for (i = 0; i < bytes.len; i++) {
        sg_status status;
        bytes.data[i] ^= 0x55;
        made = NULL;
        status = sg_sketch_decode(bytes.data, bytes.len, &made, NULL);
        CHECK((status == SG_OK && made != NULL) || (status == SG_MALFORMED && made == NULL));
        sg_sketch_free(made);
        bytes.data[i] ^= 0x55;
        status = sg_sketch_decode(bytes.data, i, &made, NULL);
        CHECK(status == SG_OK || status == SG_MALFORMED);
        if (status == SG_OK) sg_sketch_free(made);
    }
    sg_buf_free(&bytes);
    sg_sketch_free(sketch);
    sg_sketch_free(NULL);
}

static void a_rollup(void) {
    static const int64_t times[6] = {1, 2, 25, 31, 32, 3};
    static const double values[6] = {1, 2, 4, 8, INFINITY, 3};
    static const double q[2] = {0, 1};
    sg_rollup *rollup = rollup_new(), *other = rollup_new(), *copy = NULL;
    sg_rollup_state state;
    sg_buckets *buckets = NULL, *fine = NULL;
    sg_bucket list[4];
    sg_bucket_columns columns;
    sg_level levels[3];
    sg_buf bytes = {NULL, 0}, again = {NULL, 0};
    size_t accepted = 0, count = 0;

    CHECK(sg_rollup_snapshot(rollup, &state, sizeof state, NULL) == SG_OK);
    CHECK(state.levels == 2 && state.late_us == 60 * S && state.relative_error == 0.01 && !state.has_newest);
    CHECK(sg_rollup_buckets(rollup, 1, q, 2, &buckets, NULL) == SG_OK);
    CHECK(sg_buckets_columns(buckets, &columns, sizeof columns, NULL) == SG_OK && columns.rows == 0);
    CHECK(columns.start_us == NULL && columns.quantile_count == 2 && columns.quantiles[1] == NULL);
    sg_buckets_free(buckets);
    CHECK(sg_rollup_record(rollup, times, values, 6, &accepted, NULL) == SG_OK && accepted == 5);
    CHECK(sg_rollup_snapshot(rollup, &state, sizeof state, NULL) == SG_OK);
    CHECK(state.has_newest && state.newest_us == 31 && state.final_until_us == 31 - 60 * S);
    CHECK(state.accepted == 5 && state.not_finite == 1 && state.too_late == 0);
    CHECK(sg_rollup_levels(rollup, levels, 3, &count, NULL) == SG_OK && count == 2);
    CHECK(levels[0].width_us == 10 && levels[0].keep == 100 && levels[1].width_us == 30);

    CHECK(sg_rollup_buckets(rollup, 0, q, 2, &fine, NULL) == SG_OK);
    CHECK(sg_buckets_read(fine, 0, list, sizeof list[0], 4, &count, NULL) == SG_OK && count == 4);
    CHECK(list[0].start_us == 0 && list[0].count == 3 && list[0].sum == 6 && list[0].mean == 2);
    CHECK(list[0].min == 1 && list[0].max == 3 && list[0].last_us == 3 && list[0].last == 3);
    CHECK(list[1].start_us == 10 && list[1].count == 0 && list[1].sum == 0 && list[1].max == 0);
    CHECK(list[3].start_us == 30 && list[3].count == 1 && list[3].last == 8);
    list[1].start_us = 77;
    CHECK(sg_buckets_read(fine, 3, list, sizeof list[0], 4, &count, NULL) == SG_OK && count == 4);
    CHECK(list[0].start_us == 30 && list[1].start_us == 77);
    CHECK(sg_buckets_read(fine, SIZE_MAX, list, sizeof list[0], 4, &count, NULL) == SG_OK && count == 4);
    CHECK(sg_buckets_columns(fine, &columns, sizeof columns, NULL) == SG_OK);
    CHECK(columns.rows == 4 && columns.start_us[2] == 20 && columns.count[0] == 3 && columns.sum[0] == 6);
    CHECK(columns.mean[0] == 2 && columns.min[0] == 1 && columns.max[3] == 8 && columns.last_us[0] == 3);
    CHECK(columns.last[2] == 4 && columns.quantile_count == 2);
    CHECK(columns.quantiles[0][0] == 1 && columns.quantiles[1][0] == 3 && columns.quantiles[1][1] == 0);

    /* What another node counted adds up; buckets that were read stay as they were. */
    CHECK(sg_rollup_record(other, times + 3, values + 3, 1, NULL, NULL) == SG_OK);
    CHECK(sg_rollup_copy(rollup, &copy, NULL) == SG_OK);
    CHECK(sg_rollup_merge(rollup, other, NULL) == SG_OK);
    CHECK(sg_rollup_merge(rollup, rollup, NULL) == SG_OK);
    CHECK(sg_rollup_buckets(rollup, 1, NULL, 0, &buckets, NULL) == SG_OK);
    CHECK(sg_buckets_read(buckets, 0, list, sizeof list[0], 4, &count, NULL) == SG_OK && count == 2);
    CHECK(list[0].count == 8 && list[0].sum == 20 && list[1].count == 4 && list[1].sum == 32);
    CHECK(columns.rows == 4 && columns.count[3] == 1);
    sg_rollup_free(other);
    CHECK(sg_rollup_encode(copy, &bytes, NULL) == SG_OK);
    CHECK(sg_rollup_decode(bytes.data, bytes.len, &other, NULL) == SG_OK);
    CHECK(sg_rollup_encode(other, &again, NULL) == SG_OK && again.len == bytes.len);
    CHECK(memcmp(again.data, bytes.data, bytes.len) == 0);
    sg_rollup_free(rollup);
    sg_rollup_free(other);
    sg_rollup_free(copy);
    CHECK(columns.quantiles[1][0] == 3);
    sg_buckets_free(fine);
    sg_buckets_free(buckets);
    sg_buf_free(&bytes);
    sg_buf_free(&again);
}

static void rollups_refuse(void) {
    static const sg_level levels[2] = {{10, 5}, {25, 5}}, one[1] = {{10, 3}}, none[1] = {{10, UINT64_MAX}};
    static const double bad[1] = {1.5}, half[1] = {0.5};
    sg_rollup *rollup = NULL, *plain = NULL;
    sg_rollup_config config;
    sg_rollup_state state;
    sg_buckets *buckets = NULL;
    sg_bucket_columns columns;
    sg_bucket bucket;
    sg_buf bytes = {NULL, 0};
    sg_error *error = NULL;
    double value = 1;
    int64_t at_us;
    size_t count, i;
    memset(&config, 0, sizeof config);
    config.levels = levels;
    config.level_count = 2;
    CHECK(sg_rollup_new(&config, sizeof config, &rollup, &error) == SG_INVALID_ARGUMENT && rollup == NULL);
    CHECK(same(sg_error_message(error), "levels[1]: width_us 25 is no multiple of 10"));
    sg_error_free(error);
    config.level_count = 0; /* There, but empty: not the defaults. */
    CHECK(sg_rollup_new(&config, sizeof config, &rollup, NULL) == SG_INVALID_ARGUMENT);
    config.levels = none;
    config.level_count = 1;
    CHECK(sg_rollup_new(&config, sizeof config, &rollup, NULL) == SG_INVALID_ARGUMENT);
    config.levels = NULL;
    CHECK(sg_rollup_new(&config, sizeof config, &rollup, NULL) == SG_INVALID_ARGUMENT);
    config.level_count = 0;
    config.has_relative_error = 1;
    CHECK(sg_rollup_new(&config, sizeof config, &rollup, NULL) == SG_INVALID_ARGUMENT);
    config.has_relative_error = 0;
    config.has_late_us = 1;
    config.late_us = -1;
    CHECK(sg_rollup_new(&config, sizeof config, &rollup, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_rollup_new(NULL, 0, &plain, NULL) == SG_OK);
    CHECK(sg_rollup_levels(plain, NULL, 0, &count, NULL) == SG_OK && count == 3);

    /* The number of buckets is bounded, whatever comes; what came too late is counted. */
    config.levels = one;
    config.level_count = 1;
    config.late_us = 20;
    CHECK(sg_rollup_new(&config, sizeof config, &rollup, NULL) == SG_OK);
    for (at_us = 0; at_us < 1000; at_us += 5) CHECK(sg_rollup_record(rollup, &at_us, &value, 1, NULL, NULL) == SG_OK);
    at_us = INT64_MIN;
    count = 7;
    CHECK(sg_rollup_record(rollup, &at_us, &value, 1, &count, NULL) == SG_OK && count == 0);
    CHECK(sg_rollup_buckets(rollup, 0, NULL, 0, &buckets, NULL) == SG_OK);
    CHECK(sg_buckets_read(buckets, 0, NULL, 0, 0, &count, NULL) == SG_OK && count == 3);
    CHECK(sg_rollup_snapshot(rollup, &state, sizeof state, NULL) == SG_OK);
    CHECK(state.too_late == 1 && state.accepted == 200);
    CHECK(sg_rollup_merge(plain, rollup, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_rollup_merge(plain, NULL, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_rollup_merge(NULL, plain, NULL) == SG_INVALID_ARGUMENT);

    CHECK(sg_buckets_read(buckets, 0, NULL, sizeof bucket, 1, &count, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_buckets_read(buckets, 0, &bucket, 7, 1, &count, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_buckets_read(buckets, 0, NULL, 0, 0, NULL, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_buckets_read(NULL, 0, NULL, 0, 0, &count, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_buckets_columns(NULL, &columns, sizeof columns, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_buckets_columns(buckets, NULL, sizeof columns, NULL) == SG_INVALID_ARGUMENT);
    sg_buckets_free(buckets);
    buckets = NULL;
    CHECK(sg_rollup_buckets(rollup, 1, NULL, 0, &buckets, &error) == SG_OUT_OF_RANGE && buckets == NULL);
    CHECK(same(sg_error_message(error), "level is 1: there are 1"));
    sg_error_free(error);
    CHECK(sg_rollup_buckets(rollup, 0, half, 1, &buckets, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_rollup_buckets(rollup, 0, NULL, 1, &buckets, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_rollup_buckets(NULL, 0, NULL, 0, &buckets, NULL) == SG_INVALID_ARGUMENT && buckets == NULL);
    CHECK(sg_rollup_buckets(rollup, 0, NULL, 0, NULL, NULL) == SG_INVALID_ARGUMENT);
    sg_rollup_free(plain);
    sg_rollup_free(rollup);

    rollup = rollup_new();
    CHECK(sg_rollup_buckets(rollup, 0, bad, 1, &buckets, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_rollup_record(rollup, NULL, &value, 1, NULL, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_rollup_record(NULL, NULL, NULL, 0, NULL, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_rollup_encode(NULL, &bytes, NULL) == SG_INVALID_ARGUMENT);
    for (at_us = 0; at_us < 200; at_us += 7) CHECK(sg_rollup_record(rollup, &at_us, &value, 1, NULL, NULL) == SG_OK);
    CHECK(sg_rollup_encode(rollup, &bytes, NULL) == SG_OK);
    sg_rollup_free(rollup);
    CHECK(sg_rollup_decode(NULL, 0, &rollup, NULL) == SG_MALFORMED);
    CHECK(sg_rollup_decode(NULL, 9, &rollup, NULL) == SG_INVALID_ARGUMENT);
    for (i = 0; i < bytes.len; i++) {
        sg_status status;
        bytes.data[i] ^= 0x80;
        status = sg_rollup_decode(bytes.data, bytes.len, &rollup, NULL);
        CHECK(status == SG_OK || status == SG_MALFORMED);
        if (status == SG_OK) sg_rollup_free(rollup);
        bytes.data[i] ^= 0x80;
    }
    sg_buf_free(&bytes);
    sg_rollup_free(NULL);
    sg_buckets_free(NULL);
}

static void charts(void) {
    int64_t times[1000], back[2] = {2, 1};
    double values[1000];
    size_t drawn[50], count = 0, i, peak = 0, before_gap = 0, after_gap = 0;
    sg_downsample_config config;
    for (i = 0; i < 1000; i++) {
        times[i] = (int64_t)i + (i < 300 ? 0 : 5000);
        values[i] = (double)(i % 7);
    }
    values[700] = 90;
    values[500] = NAN;
    memset(&config, 0, sizeof config);
    config.gap_us = 1000;
    config.has_gap_us = 1;
    CHECK(sg_downsample(times, values, 1000, 50, &config, sizeof config, drawn, &count, NULL) == SG_OK);
    CHECK(count >= 25 && count <= 50 && drawn[0] == 0 && drawn[count - 1] == 999);
    for (i = 0; i < count; i++) {
        CHECK((i == 0 || drawn[i - 1] < drawn[i]) && drawn[i] != 500);
        peak += drawn[i] == 700;
        before_gap += drawn[i] == 299;
        after_gap += drawn[i] == 300;
    }
    CHECK(peak == 1 && before_gap == 1 && after_gap == 1);
    CHECK(sg_downsample(times, values, 3, SIZE_MAX, NULL, 0, drawn, &count, NULL) == SG_OK && count == 3);
    CHECK(sg_downsample(times, values, 1000, 0, NULL, 0, NULL, &count, NULL) == SG_OK && count == 0);
    CHECK(sg_downsample(NULL, NULL, 0, 10, NULL, 0, NULL, &count, NULL) == SG_OK && count == 0);
    count = 7;
    CHECK(sg_downsample(back, values, 2, 10, NULL, 0, drawn, &count, NULL) == SG_TIME_WENT_BACK);
    CHECK(sg_downsample(times, NULL, 2, 10, NULL, 0, drawn, &count, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_downsample(times, values, 2, 10, NULL, 0, NULL, &count, NULL) == SG_INVALID_ARGUMENT && count == 7);
    CHECK(sg_downsample(times, values, 2, 10, NULL, 0, drawn, NULL, NULL) == SG_INVALID_ARGUMENT);
}

#define THREADS 4
#define ROUNDS 200

typedef struct {
    sg_window *window;
    sg_rollup *rollup;
    sg_sketch *sketch, *other;
} shared;

/* Merges both ways, so that locks held two at a time would meet. */
static void *use_all(void *arg) {
    const shared *all = arg;
    sg_window_state state;
    int64_t at_us;
    double value = 1;
    for (at_us = 0; at_us < ROUNDS; at_us++) {
        int good = sg_window_record(all->window, &at_us, &value, 1, NULL, NULL) == SG_OK &&
                   sg_rollup_record(all->rollup, &at_us, &value, 1, NULL, NULL) == SG_OK &&
                   sg_sketch_record(all->sketch, &value, 1, NULL) == SG_OK &&
                   sg_window_snapshot(all->window, &state, sizeof state, NULL) == SG_OK;
        if (at_us % 100 == 0)
            good = good && sg_sketch_merge(all->other, all->sketch, NULL) == SG_OK &&
                   sg_sketch_merge(all->other, all->other, NULL) == SG_OK;
        if (!good) return arg;
    }
    return NULL;
}

static void threads_take_turns(void) {
    pthread_t threads[THREADS];
    shared all;
    sg_window_state window;
    sg_rollup_state rollup;
    void *failed = NULL;
    int i;
    all.window = window_new(NULL);
    all.rollup = rollup_new();
    all.sketch = sketch_new(0.01);
    all.other = sketch_new(0.01);
    for (i = 0; i < THREADS; i++) CHECK(pthread_create(&threads[i], NULL, use_all, &all) == 0);
    for (i = 0; i < THREADS; i++) {
        CHECK(pthread_join(threads[i], &failed) == 0);
        CHECK(failed == NULL);
    }
    CHECK(sg_window_snapshot(all.window, &window, sizeof window, NULL) == SG_OK);
    CHECK(window.accepted == THREADS * ROUNDS);
    CHECK(sg_rollup_snapshot(all.rollup, &rollup, sizeof rollup, NULL) == SG_OK);
    CHECK(rollup.accepted == THREADS * ROUNDS);
    CHECK(seen_by(all.sketch).count == THREADS * ROUNDS);
    sg_window_free(all.window);
    sg_rollup_free(all.rollup);
    sg_sketch_free(all.sketch);
    sg_sketch_free(all.other);
}

int main(void) {
    a_window();
    windows_refuse();
    a_sketch();
    sketches_refuse();
    a_rollup();
    rollups_refuse();
    charts();
    threads_take_turns();
    return TESTS_DONE("series");
}
