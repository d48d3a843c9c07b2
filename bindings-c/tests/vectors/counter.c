/* Counters and rates for the vectors. */
#include <string.h>

#include "adapter.h"

static void free_counter(void *counter) { sg_counter_free(counter); }

static const char *const STEPS[] = {"", "first", "advance", "wrap", "reset", "boundary", "repeat", "rejected"};

static sg_counter *mine(const objects *all, const cJSON *args) {
    return get(all, "counter", text_of(args, "id"));
}

static int is_integer(const sg_counter *counter) {
    sg_counter_state state;
    return sg_counter_snapshot(counter, &state, sizeof state, NULL) == SG_OK && state.kind == SG_COUNTER_U64;
}

static void make(objects *all, const cJSON *args, answer *out) {
    sg_counter_config config;
    sg_counter *counter = NULL;
    memset(&config, 0, sizeof config);
    config.kind = is_text(args, "kind", "u64") ? SG_COUNTER_U64 : SG_COUNTER_F64;
    config.width_bits = (uint32_t)u64_or(args, "width_bits", 0);
    if (has(args, "max_per_s"))
        config.max_per_s = float_of(cJSON_GetObjectItemCaseSensitive(args, "max_per_s"));
    config.origin_known = (uint8_t)is_true(args, "origin_known");
    out->status = sg_counter_new(&config, sizeof config, &counter, NULL);
    if (out->status == SG_OK) add(all, "counter", text_of(args, "id"), counter, free_counter);
}

static void record(objects *all, const cJSON *args, answer *out) {
    const sg_counter *counter = mine(all, args);
    sg_step step;
    int64_t at_us = i64_of(args, "at_us");
    int32_t hint = is_text(args, "hint", "boundary") ? SG_HINT_BOUNDARY : SG_HINT_NONE;
    int whole = is_integer(counter);
    if (whole)
        out->status =
            sg_counter_record_u64(counter, at_us, u64_of(args, "value"), hint, &step, sizeof step, NULL);
    else
        out->status = sg_counter_record_f64(counter, at_us,
                                            float_of(cJSON_GetObjectItemCaseSensitive(args, "value")), hint,
                                            &step, sizeof step, NULL);
    if (out->status != SG_OK) return;
    out->value = cJSON_CreateObject();
    cJSON_AddStringToObject(out->value, "kind", STEPS[step.kind]);
    if (whole)
        put_u64(out->value, "delta", step.delta_u64);
    else
        put_float_if(out->value, "delta", 1, step.delta_f64);
}

static void end(objects *all, const cJSON *args, answer *out) {
    out->status = sg_counter_end(mine(all, args), NULL);
}

static void totals(objects *all, const cJSON *args, answer *out) {
    sg_counter_state state;
    out->status = sg_counter_snapshot(mine(all, args), &state, sizeof state, NULL);
    if (out->status != SG_OK) return;
    out->value = cJSON_CreateObject();
    put_u64(out->value, "resets", state.resets);
    put_u64(out->value, "wraps", state.wraps);
    put_u64(out->value, "boundaries", state.boundaries);
    put_u64(out->value, "rejected", state.rejected);
    if (state.kind == SG_COUNTER_U64)
        put_u64(out->value, "total", state.total_u64);
    else
        put_float_if(out->value, "total", 1, state.total_f64);
}

static void rate(objects *all, const cJSON *args, answer *out) {
    static const char *const MODES[] = {"raw", "prometheus", "anchored", "smoothed"};
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(args, "samples"), *item;
    size_t count = (size_t)cJSON_GetArraySize(list), n = 0;
    sg_sample *samples = calloc(count + 1, sizeof *samples);
    sg_rate found;
    int32_t mode;
    int measured;
    (void)all;
    if (samples == NULL) die("no memory for", "samples");
    cJSON_ArrayForEach(item, list) {
        samples[n].at_us = parse_i64(cJSON_GetArrayItem(item, 0));
        samples[n++].value = float_of(cJSON_GetArrayItem(item, 1));
    }
    for (mode = 0; mode < 3; mode++)
        if (is_text(args, "mode", MODES[mode])) break;
    memset(&found, 0, sizeof found);
    out->status = sg_counter_rate(samples, count, i64_of(args, "start_us"), i64_of(args, "end_us"), mode,
                                  &found, sizeof found, NULL);
    free(samples);
    measured = out->status == SG_OK;
    if (out->status == SG_NOT_FOUND) out->status = SG_OK;
    out->value = cJSON_CreateObject();
    put_float_if(out->value, "rate", measured, found.per_s);
    put_float_if(out->value, "increase", measured, found.increase);
}

const operation COUNTER_OPERATIONS[] = {
    {"counter.new", make},       {"counter.record", record}, {"counter.end", end},
    {"counter.totals", totals}, {"counter.rate", rate},     {NULL, NULL},
};
