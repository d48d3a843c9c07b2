/* Audiences, their summaries and CDN edges for the vectors. */
#include <string.h>

#include "adapter.h"

static void free_audience(void *audience) { sg_audience_free(audience); }

static sg_audience *audience_of(const objects *all, const cJSON *args) {
    return get(all, "audience", text_of(args, "id"));
}

static void audience_new(objects *all, const cJSON *args, answer *out) {
    sg_audience_config config;
    sg_audience *audience = NULL;
    memset(&config, 0, sizeof config);
    config.idle_timeout_us = i64_of(args, "idle_timeout_us");
    config.reconnect_us = i64_of(args, "reconnect_us");
    config.keep_us = i64_of(args, "keep_us");
    config.has_reconnect_us = config.has_keep_us = 1;
    config.max_viewers = u64_of(args, "max_viewers");
    config.max_changes = u64_of(args, "max_changes");
    out->status = sg_audience_new(&config, sizeof config, &audience, NULL);
    if (out->status == SG_OK) add(all, "audience", text_of(args, "id"), audience, free_audience);
}

typedef sg_status plain_event(const sg_audience *, const char *, size_t, int64_t, bool *, sg_error **);
typedef sg_status valued_event(const sg_audience *, const char *, size_t, int64_t, uint64_t, bool *, sg_error **);

static void audience_event(objects *all, const cJSON *args, answer *out) {
    static const struct {
        const char *name;
        plain_event *run;
    } plain[] = {{"leave", sg_audience_leave},
                 {"heartbeat", sg_audience_heartbeat},
                 {"started", sg_audience_started},
                 {"rebuffer_begins", sg_audience_rebuffer_begins},
                 {"rebuffer_ends", sg_audience_rebuffer_ends}};
    const sg_audience *audience = audience_of(all, args);
    const char *viewer = text_of(args, "viewer");
    int64_t at_us = i64_of(args, "at_us");
    int32_t joined = 0;
    bool found = false;
    size_t i;
    out->value = cJSON_CreateObject();
    if (is_text(args, "event", "join")) {
        out->status = sg_audience_join(audience, viewer, strlen(viewer), at_us, NULL, 0, &joined, NULL);
        cJSON_AddStringToObject(out->value, "answer", joined == SG_JOINED_NEW ? "new" : "reconnected");
        return;
    }
    if (is_text(args, "event", "time")) {
        out->status = sg_audience_handle_time(audience, at_us, NULL);
        found = true;
    } else if (is_text(args, "event", "rebuffered") || is_text(args, "event", "bitrate")) {
        valued_event *run = is_text(args, "event", "bitrate") ? sg_audience_bitrate : sg_audience_rebuffered;
        out->status = run(audience, viewer, strlen(viewer), at_us, u64_of(args, "value"), &found, NULL);
    } else {
        for (i = 0; i < sizeof plain / sizeof plain[0]; i++)
            if (is_text(args, "event", plain[i].name)) break;
        if (i == sizeof plain / sizeof plain[0]) die("is no event", text_of(args, "event"));
        out->status = plain[i].run(audience, viewer, strlen(viewer), at_us, &found, NULL);
    }
    cJSON_AddItemToObject(out->value, "answer", boolean(found));
}

static void free_summary(void *summary) { sg_audience_summary_free(summary); }

static sg_audience_summary *summary_of(const objects *all, const cJSON *args, const char *key) {
    return get(all, "summary", text_of(args, key));
}

static void audience_summary(objects *all, const cJSON *args, answer *out) {
    sg_audience_summary *summary = NULL;
    out->status = sg_audience_summarize(audience_of(all, args), i64_of(args, "now_us"), &summary, NULL);
    if (out->status == SG_OK) add(all, "summary", text_of(args, "into"), summary, free_summary);
}

static void summary_state(objects *all, const cJSON *args, answer *out) {
    sg_audience_summary_state state;
    const sg_viewer_totals *totals = &state.totals;
    cJSON *to = cJSON_CreateObject();
    out->value = to;
    out->status = sg_audience_summary_snapshot(summary_of(all, args, "id"), &state, sizeof state, NULL);
    if (out->status != SG_OK) return;
    put_i64_if(to, "start_us", state.has_interval, state.start_us);
    put_i64_if(to, "end_us", state.has_interval, state.end_us);
    put_u64(to, "watching", state.watching);
    put_u64(to, "peak_at_least", state.peak_at_least);
    put_u64(to, "peak_at_most", state.peak_at_most);
    put_i64_if(to, "peak_us", state.has_peak_us, state.peak_us);
    put_u64(to, "viewers", totals->viewers);
    put_u64(to, "views", totals->views);
    put_u64(to, "reconnects", totals->reconnects);
    put_u64(to, "unknown", totals->unknown);
    put_u64(to, "timed_out", totals->timed_out);
    put_u64(to, "rejected", totals->rejected);
    put_u64(to, "went_back", totals->went_back);
    put_u64(to, "started", totals->started);
    put_u64(to, "ended", totals->ended);
    put_u64(to, "ended_before_start", totals->ended_before_start);
    put_u64(to, "rebuffers", totals->rebuffers);
    put_u64(to, "rebuffer_us", totals->rebuffer_us);
    put_u64(to, "watched_us", totals->watched_us);
    put_u64(to, "switches_up", totals->switches_up);
    put_u64(to, "switches_down", totals->switches_down);
    put_u64(to, "bitrate_us", totals->bitrate_us);
    put_float_if(to, "mean_concurrency", state.has_mean_concurrency, state.mean_concurrency);
    put_float_if(to, "rebuffer_ratio", state.has_rebuffer_ratio, state.rebuffer_ratio);
    put_float_if(to, "mean_bitrate_bps", state.has_mean_bitrate, state.mean_bitrate_bps);
    put_float_if(to, "exit_before_start_ratio", state.has_exit_before_start_ratio, state.exit_before_start_ratio);
}

static void summary_merge(objects *all, const cJSON *args, answer *out) {
    out->status = sg_audience_summary_merge(summary_of(all, args, "id"), summary_of(all, args, "other"), NULL);
}

static void summary_round_trip(objects *all, const cJSON *args, answer *out) {
    sg_buf bytes = {NULL, 0};
    sg_audience_summary *summary = NULL;
    out->status = sg_audience_summary_encode(summary_of(all, args, "id"), &bytes, NULL);
    if (out->status != SG_OK) return;
    out->status = sg_audience_summary_decode(bytes.data, bytes.len, &summary, NULL);
    sg_buf_free(&bytes);
    if (out->status == SG_OK) add(all, "summary", text_of(args, "into"), summary, free_summary);
}

static void summary_decode(objects *all, const cJSON *args, answer *out) {
    size_t length = 0;
    uint8_t *bytes = unhex(text_of(args, "hex"), &length);
    sg_audience_summary *summary = NULL;
    out->status = sg_audience_summary_decode(bytes, length, &summary, NULL);
    free(bytes);
    if (out->status == SG_OK) add(all, "summary", text_of(args, "id"), summary, free_summary);
}

static void free_cdn(void *cdn) { sg_cdn_free(cdn); }

static sg_cdn *cdn_of(const objects *all, const cJSON *args, const char *key) {
    return get(all, "cdn", text_of(args, key));
}

static void cdn_new(objects *all, const cJSON *args, answer *out) {
    sg_cdn_config config;
    sg_cdn *cdn = NULL;
    config.max_edges = u64_of(args, "max_edges");
    out->status = sg_cdn_new(&config, sizeof config, &cdn, NULL);
    if (out->status == SG_OK) add(all, "cdn", text_of(args, "id"), cdn, free_cdn);
}

static void cdn_record(objects *all, const cJSON *args, answer *out) {
    const char *edge = text_of(args, "edge");
    sg_cdn_request request;
    memset(&request, 0, sizeof request);
    request.at_us = i64_of(args, "at_us");
    request.bytes = u64_of(args, "bytes");
    request.hit = (uint8_t)is_true(args, "hit");
    out->status = sg_cdn_record(cdn_of(all, args, "id"), edge, strlen(edge), &request, 1, NULL);
}

static void cdn_merge(objects *all, const cJSON *args, answer *out) {
    out->status = sg_cdn_merge(cdn_of(all, args, "id"), cdn_of(all, args, "other"), NULL);
}

static void requests(cJSON *to, const sg_edge_totals *totals) {
    put_u64(to, "hits", totals->hits);
    put_u64(to, "misses", totals->misses);
    put_u64(to, "hit_bytes", totals->hit_bytes);
    put_u64(to, "miss_bytes", totals->miss_bytes);
    put_float_if(to, "hit_ratio", totals->has_hit_ratio, totals->hit_ratio);
    put_float_if(to, "byte_hit_ratio", totals->has_byte_hit_ratio, totals->byte_hit_ratio);
}

static void cdn_state(objects *all, const cJSON *args, answer *out) {
    sg_cdn_state state;
    sg_edges *edges = NULL;
    sg_edge edge;
    size_t count = 0, i;
    cJSON *named;
    out->status = sg_cdn_snapshot(cdn_of(all, args, "id"), &state, sizeof state, NULL);
    if (out->status == SG_OK) out->status = sg_cdn_edges(cdn_of(all, args, "id"), &edges, NULL);
    if (out->status != SG_OK) return;
    out->value = cJSON_CreateObject();
    requests(out->value, &state.total);
    requests(cJSON_AddObjectToObject(out->value, "others"), &state.others);
    put_float_if(out->value, "bandwidth_bps", state.has_bandwidth, state.bandwidth_bps);
    named = cJSON_AddObjectToObject(out->value, "edges");
    for (i = 0; sg_edges_read(edges, i, &edge, sizeof edge, 1, &count, NULL) == SG_OK && i < count; i++) {
        char name[80];
        if (edge.name.len >= sizeof name) die("is too long", "an edge");
        memcpy(name, edge.name.data, edge.name.len);
        name[edge.name.len] = '\0';
        requests(cJSON_AddObjectToObject(named, name), &edge.totals);
    }
    sg_edges_free(edges);
}

const operation AUDIENCE_OPERATIONS[] = {{"audience.new", audience_new},
                                         {"audience.event", audience_event},
                                         {"audience.summary", audience_summary},
                                         {"summary.state", summary_state},
                                         {"summary.merge", summary_merge},
                                         {"summary.round_trip", summary_round_trip},
                                         {"summary.decode", summary_decode},
                                         {"cdn.new", cdn_new},
                                         {"cdn.record", cdn_record},
                                         {"cdn.merge", cdn_merge},
                                         {"cdn.state", cdn_state},
                                         {NULL, NULL}};
