/* Windows, rollups, sketches and downsampling for the vectors. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "adapter.h"

static const cJSON *at(const cJSON *args, const char *key) {
    return cJSON_GetObjectItemCaseSensitive(args, key);
}

static double number(const cJSON *args, const char *key) { return float_of(at(args, key)); }

/* The array `key` of numbers, or the second of each pair; to be freed. */
static double *floats(const cJSON *list, int of_pairs, size_t *count) {
    const cJSON *item;
    double *values = calloc((size_t)cJSON_GetArraySize(list) + 1, sizeof *values);
    if (values == NULL || !cJSON_IsArray(list)) die("is no array", "an argument");
    *count = 0;
    cJSON_ArrayForEach(item, list) values[(*count)++] = float_of(of_pairs ? cJSON_GetArrayItem(item, 1) : item);
    return values;
}

static int64_t *times(const cJSON *list, int of_pairs, size_t *count) {
    const cJSON *item;
    int64_t *times_us = calloc((size_t)cJSON_GetArraySize(list) + 1, sizeof *times_us);
    if (times_us == NULL || !cJSON_IsArray(list)) die("is no array", "an argument");
    *count = 0;
    cJSON_ArrayForEach(item, list) times_us[(*count)++] = parse_i64(of_pairs ? cJSON_GetArrayItem(item, 0) : item);
    return times_us;
}

/* As sg_downsample; the indices are to be freed. */
static size_t *drawn(const cJSON *args, size_t *count, answer *out) {
    size_t n = 0, values_n = 0, points = (size_t)u64_of(args, "points"), *indices;
    int64_t *times_us = times(at(args, "times_us"), 0, &n);
    double *values = floats(at(args, "values"), 0, &values_n);
    sg_downsample_config config;
    memset(&config, 0, sizeof config);
    config.has_gap_us = (uint8_t)has(args, "gap_us");
    if (config.has_gap_us) config.gap_us = i64_of(args, "gap_us");
    indices = calloc(n + 1, sizeof *indices);
    if (indices == NULL) die("no memory for", "indices");
    /* C has one length for both; that they differ cannot be said. */
    out->status = n != values_n ? SG_INVALID_ARGUMENT
                                : sg_downsample(times_us, values, n, points, &config, sizeof config, indices,
                                                count, NULL);
    free(times_us);
    free(values);
    return indices;
}

static void downsample(objects *all, const cJSON *args, answer *out) {
    size_t count = 0, i, *indices = drawn(args, &count, out);
    cJSON *list = cJSON_CreateArray();
    (void)all;
    for (i = 0; i < count; i++) cJSON_AddItemToArray(list, unsigned_integer(indices[i]));
    free(indices);
    out->value = cJSON_CreateObject();
    cJSON_AddItemToObject(out->value, "indices", list);
}

static void downsample_keeps(objects *all, const cJSON *args, answer *out) {
    size_t count = 0, i, *indices = drawn(args, &count, out), points = (size_t)u64_of(args, "points");
    int good = count <= points && points <= 2 * count;
    const cJSON *must;
    (void)all;
    for (i = 1; i < count; i++) good = good && indices[i - 1] < indices[i];
    cJSON_ArrayForEach(must, at(args, "must")) {
        int found = 0;
        for (i = 0; i < count; i++) found = found || indices[i] == parse_u64(must);
        good = good && found;
    }
    free(indices);
    out->value = cJSON_CreateObject();
    cJSON_AddItemToObject(out->value, "keeps", boolean(good));
}

static void free_window(void *window) { sg_window_free(window); }

static sg_window *window_of(const objects *all, const cJSON *args) {
    return get(all, "window", text_of(args, "id"));
}

static void window_new(objects *all, const cJSON *args, answer *out) {
    sg_window_config config;
    sg_window *window = NULL;
    memset(&config, 0, sizeof config);
    config.no_span = (uint8_t)cJSON_IsNull(at(args, "span_us"));
    if (has(args, "span_us")) config.span_us = i64_of(args, "span_us");
    config.max_samples = u64_or(args, "max_samples", 0);
    config.has_late_us = (uint8_t)has(args, "late_us");
    if (config.has_late_us) config.late_us = i64_of(args, "late_us");
    config.same_time = is_text(args, "same_time", "reject") ? SG_SAME_TIME_REJECT : SG_SAME_TIME_KEEP;
    out->status = sg_window_new(&config, sizeof config, &window, NULL);
    if (out->status == SG_OK) add(all, "window", text_of(args, "id"), window, free_window);
}

static void window_record(objects *all, const cJSON *args, answer *out) {
    static const char *const PUSHED[] = {"", "in_order", "late", "too_late", "repeated", "not_finite"};
    int64_t at_us = i64_of(args, "at_us");
    double value = number(args, "value");
    int32_t pushed = 0;
    out->status = sg_window_record(window_of(all, args), &at_us, &value, 1, &pushed, NULL);
    out->value = cJSON_CreateObject();
    cJSON_AddStringToObject(out->value, "pushed", PUSHED[pushed]);
}

static void window_expire(objects *all, const cJSON *args, answer *out) {
    out->status = sg_window_expire(window_of(all, args), i64_of(args, "now_us"), NULL);
}

static void window_state(objects *all, const cJSON *args, answer *out) {
    sg_window_state state;
    int any;
    out->status = sg_window_snapshot(window_of(all, args), &state, sizeof state, NULL);
    if (out->status != SG_OK) return;
    any = state.samples > 0;
    out->value = cJSON_CreateObject();
    put_u64(out->value, "len", state.samples);
    put_i64_if(out->value, "first_us", any, state.first.at_us);
    put_i64_if(out->value, "last_us", any, state.last.at_us);
    put_u64(out->value, "accepted", state.accepted);
    put_u64(out->value, "late", state.late);
    put_u64(out->value, "too_late", state.too_late);
    put_u64(out->value, "repeated", state.repeated);
    put_u64(out->value, "not_finite", state.not_finite);
    put_u64(out->value, "evicted", state.evicted);
    put_float_if(out->value, "min", any, state.min);
    put_float_if(out->value, "max", any, state.max);
    put_float_if(out->value, "sum", state.has_sum, state.sum);
    put_float_if(out->value, "mean", state.has_sum, state.mean);
    put_float_if(out->value, "first", any, state.first.value);
    put_float_if(out->value, "last", any, state.last.value);
    put_float_if(out->value, "rate_per_s", state.has_rate, state.rate_per_s);
}

static void free_rollup(void *rollup) { sg_rollup_free(rollup); }

static sg_rollup *rollup_of(const objects *all, const cJSON *args, const char *key) {
    return get(all, "rollup", text_of(args, key));
}

static void rollup_new(objects *all, const cJSON *args, answer *out) {
    const cJSON *levels = at(args, "levels"), *level;
    sg_level *list = calloc((size_t)cJSON_GetArraySize(levels) + 1, sizeof *list);
    sg_rollup_config config;
    sg_rollup *rollup = NULL;
    if (list == NULL) die("no memory for", "levels");
    memset(&config, 0, sizeof config);
    cJSON_ArrayForEach(level, levels) {
        list[config.level_count].width_us = parse_i64(cJSON_GetArrayItem(level, 0));
        list[config.level_count++].keep = parse_u64(cJSON_GetArrayItem(level, 1));
    }
    config.levels = list;
    config.late_us = i64_of(args, "late_us");
    config.has_late_us = 1;
    config.has_relative_error = (uint8_t)has(args, "relative_error");
    if (config.has_relative_error) config.relative_error = number(args, "relative_error");
    out->status = sg_rollup_new(&config, sizeof config, &rollup, NULL);
    free(list);
    if (out->status == SG_OK) add(all, "rollup", text_of(args, "id"), rollup, free_rollup);
}

static void rollup_record(objects *all, const cJSON *args, answer *out) {
    size_t n = 0;
    int64_t *times_us = times(at(args, "samples"), 1, &n);
    double *values = floats(at(args, "samples"), 1, &n);
    out->status = sg_rollup_record(rollup_of(all, args, "id"), times_us, values, n, NULL, NULL);
    free(times_us);
    free(values);
}

static void rollup_merge(objects *all, const cJSON *args, answer *out) {
    out->status = sg_rollup_merge(rollup_of(all, args, "id"), rollup_of(all, args, "other"), NULL);
}

static void rollup_round_trip(objects *all, const cJSON *args, answer *out) {
    sg_buf bytes = {NULL, 0};
    sg_rollup *rollup = NULL;
    out->status = sg_rollup_encode(rollup_of(all, args, "id"), &bytes, NULL);
    if (out->status != SG_OK) return;
    out->status = sg_rollup_decode(bytes.data, bytes.len, &rollup, NULL);
    sg_buf_free(&bytes);
    if (out->status == SG_OK) add(all, "rollup", text_of(args, "into"), rollup, free_rollup);
}

static void rollup_decode(objects *all, const cJSON *args, answer *out) {
    size_t length = 0;
    uint8_t *bytes = unhex(text_of(args, "hex"), &length);
    sg_rollup *rollup = NULL;
    out->status = sg_rollup_decode(bytes, length, &rollup, NULL);
    free(bytes);
    if (out->status == SG_OK) add(all, "rollup", text_of(args, "id"), rollup, free_rollup);
}

static void rollup_counts(objects *all, const cJSON *args, answer *out) {
    sg_rollup_state state;
    out->status = sg_rollup_snapshot(rollup_of(all, args, "id"), &state, sizeof state, NULL);
    if (out->status != SG_OK) return;
    out->value = cJSON_CreateObject();
    put_u64(out->value, "accepted", state.accepted);
    put_u64(out->value, "too_late", state.too_late);
    put_u64(out->value, "not_finite", state.not_finite);
}

/* What a bucket without samples lacks is null, as is what is past the range of double. */
static cJSON *column(const sg_bucket_columns *columns, const double *values, int always) {
    cJSON *list = cJSON_CreateArray();
    size_t i;
    for (i = 0; i < columns->rows; i++) {
        int there = isfinite(values[i]) && (always || columns->count[i] > 0);
        cJSON_AddItemToArray(list, there ? cJSON_CreateNumber(values[i]) : cJSON_CreateNull());
    }
    return list;
}

static void rollup_columns(objects *all, const cJSON *args, answer *out) {
    size_t q_count = 0, i;
    double *q = floats(at(args, "quantiles"), 0, &q_count);
    sg_buckets *buckets = NULL;
    sg_bucket_columns columns;
    cJSON *start_us, *count, *last_us, *quantiles;
    out->status =
        sg_rollup_buckets(rollup_of(all, args, "id"), (size_t)u64_of(args, "level"), q, q_count, &buckets, NULL);
    free(q);
    if (out->status != SG_OK) return;
    out->status = sg_buckets_columns(buckets, &columns, sizeof columns, NULL);
    out->value = cJSON_CreateObject();
    start_us = cJSON_AddArrayToObject(out->value, "start_us");
    count = cJSON_AddArrayToObject(out->value, "count");
    last_us = cJSON_AddArrayToObject(out->value, "last_us");
    quantiles = cJSON_AddArrayToObject(out->value, "quantiles");
    for (i = 0; i < columns.rows; i++) {
        cJSON_AddItemToArray(start_us, integer(columns.start_us[i]));
        cJSON_AddItemToArray(count, unsigned_integer(columns.count[i]));
        cJSON_AddItemToArray(last_us, columns.count[i] > 0 ? integer(columns.last_us[i]) : cJSON_CreateNull());
    }
    for (i = 0; i < columns.quantile_count; i++)
        cJSON_AddItemToArray(quantiles, column(&columns, columns.quantiles[i], 0));
    cJSON_AddItemToObject(out->value, "sum", column(&columns, columns.sum, 1));
    cJSON_AddItemToObject(out->value, "mean", column(&columns, columns.mean, 0));
    cJSON_AddItemToObject(out->value, "min", column(&columns, columns.min, 0));
    cJSON_AddItemToObject(out->value, "max", column(&columns, columns.max, 0));
    cJSON_AddItemToObject(out->value, "last", column(&columns, columns.last, 0));
    sg_buckets_free(buckets);
}

static void free_sketch(void *sketch) { sg_sketch_free(sketch); }

static sg_sketch *sketch_of(const objects *all, const cJSON *args, const char *key) {
    return get(all, "sketch", text_of(args, key));
}

static void sketch_new(objects *all, const cJSON *args, answer *out) {
    sg_sketch_config config;
    sg_sketch *sketch = NULL;
    memset(&config, 0, sizeof config);
    config.relative_error = number(args, "relative_error");
    config.has_relative_error = 1;
    out->status = sg_sketch_new(&config, sizeof config, &sketch, NULL);
    if (out->status == SG_OK) add(all, "sketch", text_of(args, "id"), sketch, free_sketch);
}

static void sketch_record(objects *all, const cJSON *args, answer *out) {
    size_t n = 0;
    double *values = floats(at(args, "values"), 0, &n);
    out->status = sg_sketch_record(sketch_of(all, args, "id"), values, n, NULL);
    free(values);
}

static void sketch_merge(objects *all, const cJSON *args, answer *out) {
    out->status = sg_sketch_merge(sketch_of(all, args, "id"), sketch_of(all, args, "other"), NULL);
}

static void sketch_state(objects *all, const cJSON *args, answer *out) {
    sg_sketch_state state;
    out->status = sg_sketch_snapshot(sketch_of(all, args, "id"), &state, sizeof state, NULL);
    if (out->status != SG_OK) return;
    out->value = cJSON_CreateObject();
    put_u64(out->value, "count", state.count);
    put_u64(out->value, "zeros", state.zeros);
    put_u64(out->value, "rejected", state.rejected);
    put_float_if(out->value, "min", state.count > 0, state.min);
    put_float_if(out->value, "max", state.count > 0, state.max);
    put_float_if(out->value, "sum", state.has_sum, state.sum);
    put_float_if(out->value, "mean", state.has_sum, state.mean);
    cJSON_AddItemToObject(out->value, "is_collapsed", boolean(state.is_collapsed));
}

static void sketch_quantile(objects *all, const cJSON *args, answer *out) {
    double q = number(args, "q"), found = 0;
    int there;
    out->status = sg_sketch_quantiles(sketch_of(all, args, "id"), &q, 1, &found, NULL);
    there = out->status == SG_OK;
    if (out->status == SG_NOT_FOUND) out->status = SG_OK;
    out->value = cJSON_CreateObject();
    put_float_if(out->value, "value", there, found);
}

static void sketch_within(objects *all, const cJSON *args, answer *out) {
    const sg_sketch *sketch = sketch_of(all, args, "id");
    double q = number(args, "q"), exact = number(args, "exact"), found = 0;
    sg_sketch_state state;
    out->status = sg_sketch_quantiles(sketch, &q, 1, &found, NULL);
    if (out->status != SG_OK || sg_sketch_snapshot(sketch, &state, sizeof state, NULL) != SG_OK) return;
    out->value = cJSON_CreateObject();
    cJSON_AddItemToObject(out->value, "within",
                          boolean(fabs(found - exact) <= state.relative_error * fabs(exact) * (1 + 1e-9)));
}

static void sketch_bytes(objects *all, const cJSON *args, answer *out) {
    sg_buf bytes = {NULL, 0};
    char *hex;
    size_t i;
    out->status = sg_sketch_encode(sketch_of(all, args, "id"), &bytes, NULL);
    hex = calloc(2 * bytes.len + 1, 1);
    if (hex == NULL) die("no memory for", "bytes");
    for (i = 0; i < bytes.len; i++) sprintf(hex + 2 * i, "%02x", bytes.data[i]);
    out->value = cJSON_CreateObject();
    cJSON_AddStringToObject(out->value, "hex", hex);
    free(hex);
    sg_buf_free(&bytes);
}

static void sketch_decode(objects *all, const cJSON *args, answer *out) {
    size_t length = 0;
    uint8_t *bytes = unhex(text_of(args, "hex"), &length);
    sg_sketch *sketch = NULL;
    out->status = sg_sketch_decode(bytes, length, &sketch, NULL);
    free(bytes);
    if (out->status == SG_OK) add(all, "sketch", text_of(args, "id"), sketch, free_sketch);
}

const operation SERIES_OPERATIONS[] = {{"downsample", downsample},
                                       {"downsample.keeps", downsample_keeps},
                                       {"window.new", window_new},
                                       {"window.record", window_record},
                                       {"window.expire", window_expire},
                                       {"window.state", window_state},
                                       {"rollup.new", rollup_new},
                                       {"rollup.record", rollup_record},
                                       {"rollup.merge", rollup_merge},
                                       {"rollup.columns", rollup_columns},
                                       {"rollup.counts", rollup_counts},
                                       {"rollup.round_trip", rollup_round_trip},
                                       {"rollup.decode", rollup_decode},
                                       {"sketch.new", sketch_new},
                                       {"sketch.record", sketch_record},
                                       {"sketch.merge", sketch_merge},
                                       {"sketch.state", sketch_state},
                                       {"sketch.quantile", sketch_quantile},
                                       {"sketch.within", sketch_within},
                                       {"sketch.bytes", sketch_bytes},
                                       {"sketch.decode", sketch_decode},
                                       {NULL, NULL}};
