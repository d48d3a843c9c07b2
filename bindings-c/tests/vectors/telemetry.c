/* Telemetry for the vectors. */
#include <stdio.h>
#include <string.h>

#include "adapter.h"

static void free_telemetry(void *telemetry) { sg_telemetry_free(telemetry); }
static void free_track(void *track) { sg_track_free(track); }

static sg_telemetry *mine(const objects *all, const cJSON *args) {
    return get(all, "telemetry", text_of(args, "id"));
}

static const char *handle_name(const cJSON *args) {
    static char name[80];
    snprintf(name, sizeof name, "%s/%s", text_of(args, "id"), text_of(args, "handle"));
    return name;
}

static sg_track *track(const objects *all, const cJSON *args) { return get(all, "track", handle_name(args)); }

static sg_str str(const char *text) {
    sg_str made;
    made.data = text;
    made.len = strlen(text);
    return made;
}

static int32_t direction(const cJSON *args) {
    return is_text(args, "direction", "downstream") ? SG_DIRECTION_DOWNSTREAM : SG_DIRECTION_UPSTREAM;
}

static int32_t role(const cJSON *args) { return is_text(args, "role", "relay") ? SG_ROLE_RELAY : SG_ROLE_EDGE; }

static void make(objects *all, const cJSON *args, answer *out) {
    sg_telemetry_config config;
    sg_telemetry *telemetry = NULL;
    memset(&config, 0, sizeof config);
    config.emit_idle = (uint8_t)is_true(args, "emit_idle");
    config.level = is_text(args, "level", "participant") ? SG_LEVEL_PARTICIPANT : SG_LEVEL_TRACK;
    out->status = sg_telemetry_new(&config, sizeof config, &telemetry, NULL);
    if (out->status == SG_OK) add(all, "telemetry", text_of(args, "id"), telemetry, free_telemetry);
}

static void identify(objects *all, const cJSON *args, answer *out) {
    sg_str participant = str(text_of(args, "participant"));
    sg_str room_id = str(text_of(args, "room_id")), room_name = str(text_of(args, "room_name"));
    out->status = sg_telemetry_identify(mine(all, args), participant.data, participant.len, room_id.data,
                                        room_id.len, room_name.data, room_name.len, i64_of(args, "now_us"), NULL);
}

static void open_track(objects *all, const cJSON *args, answer *out) {
    const cJSON *fields = cJSON_GetObjectItemCaseSensitive(args, "key");
    sg_track *made = NULL;
    sg_track_key key;
    memset(&key, 0, sizeof key);
    key.participant = str(text_of(fields, "participant"));
    key.track = str(text_of(fields, "track"));
    key.source = str(text_of(fields, "source"));
    key.mime = str(text_of(fields, "mime"));
    key.country = str(text_of(fields, "country"));
    key.direction = direction(fields);
    key.role = role(fields);
    key.kind = is_text(fields, "kind", "audio")    ? SG_TRACK_AUDIO
               : is_text(fields, "kind", "data")   ? SG_TRACK_DATA
               : is_text(fields, "kind", "signal") ? SG_TRACK_SIGNAL
                                                   : SG_TRACK_VIDEO;
    out->status = sg_telemetry_open(mine(all, args), &key, sizeof key, i64_of(args, "now_us"), &made, NULL);
    if (out->status == SG_OK) add(all, "track", handle_name(args), made, free_track);
}

static void put_totals(cJSON *to, const sg_track_counts *totals) {
    put_u64(to, "primary_packets", totals->primary_packets);
    put_u64(to, "primary_bytes", totals->primary_bytes);
    put_u64(to, "retransmit_packets", totals->retransmit_packets);
    put_u64(to, "retransmit_bytes", totals->retransmit_bytes);
    put_u64(to, "padding_packets", totals->padding_packets);
    put_u64(to, "padding_bytes", totals->padding_bytes);
    put_u64(to, "packets_out_of_order", totals->packets_out_of_order);
    put_u64(to, "packets_duplicate", totals->packets_duplicate);
    put_i64(to, "packets_lost", totals->packets_lost);
    put_u64(to, "frames", totals->frames);
    put_u64(to, "nacks", totals->nacks);
    put_u64(to, "plis", totals->plis);
    put_u64(to, "firs", totals->firs);
    put_u64(to, "messages", totals->messages);
}

static cJSON *stat_json(const sg_stat *stat) {
    cJSON *to = cJSON_CreateObject();
    put_totals(to, &stat->totals);
    put_i64(to, "start_us", stat->start_us);
    put_i64(to, "end_us", stat->end_us);
    put_u64(to, "packets_lost_to_report", stat->packets_lost_to_report);
    put_i64(to, "packets_lost_held_back", stat->packets_lost_held_back);
    put_u64_if(to, "rtt_us", stat->has_rtt_us, stat->rtt_us);
    put_u64_if(to, "jitter_us", stat->has_jitter_us, stat->jitter_us);
    put_u64(to, "merged_intervals", stat->merged_intervals);
    put_u64_if(to, "layer", stat->has_layer, stat->layer);
    put_u64_if(to, "layer_packets", stat->has_layer, stat->layer_totals.packets);
    put_u64_if(to, "layer_bytes", stat->has_layer, stat->layer_totals.bytes);
    put_u64_if(to, "layer_frames", stat->has_layer, stat->layer_totals.frames);
    cJSON_AddBoolToObject(to, "last", stat->last);
    put_text(to, "room_id", stat->room_id);
    put_text(to, "participant", stat->key.participant);
    put_text(to, "track", stat->key.track);
    put_text(to, "mime", stat->key.mime);
    cJSON_AddStringToObject(to, "direction",
                            stat->key.direction == SG_DIRECTION_UPSTREAM ? "upstream" : "downstream");
    cJSON_AddStringToObject(to, "role", stat->key.role == SG_ROLE_RELAY ? "relay" : "edge");
    return to;
}

static void put_report(sg_report *report, answer *out) {
    size_t count = 0;
    sg_stat *stats;
    size_t i;
    if (out->status != SG_OK) return;
    out->status = sg_report_stats(report, 0, NULL, sizeof *stats, 0, &count, NULL);
    stats = calloc(count + 1, sizeof *stats);
    if (stats == NULL) die("no memory for", "stats");
    out->status = sg_report_stats(report, 0, stats, sizeof *stats, count, &count, NULL);
    out->value = cJSON_CreateArray();
    for (i = 0; i < count; i++) cJSON_AddItemToArray(out->value, stat_json(&stats[i]));
    free(stats);
    sg_report_free(report);
}

static void flush(objects *all, const cJSON *args, answer *out) {
    sg_report *report = NULL;
    out->status = sg_telemetry_flush(mine(all, args), i64_of(args, "now_us"), &report, NULL);
    put_report(report, out);
}

static void take(objects *all, const cJSON *args, answer *out) {
    sg_report *report = NULL;
    out->status = sg_telemetry_take(mine(all, args), i64_of(args, "now_us"), &report, NULL);
    put_report(report, out);
}

static void ack(objects *all, const cJSON *args, answer *out) {
    bool done = false;
    out->status = sg_telemetry_ack(mine(all, args), i64_of(args, "now_us"), &done, NULL);
    out->value = boolean(done);
}

static void restore(objects *all, const cJSON *args, answer *out) {
    bool done = false;
    out->status = sg_telemetry_restore(mine(all, args), &done, NULL);
    out->value = boolean(done);
}

static void totals(objects *all, const cJSON *args, answer *out) {
    sg_track_counts counts;
    out->status =
        sg_telemetry_totals(mine(all, args), direction(args), role(args), &counts, sizeof counts, NULL);
    if (out->status != SG_OK) return;
    out->value = cJSON_CreateObject();
    put_totals(out->value, &counts);
}

static void counts(objects *all, const cJSON *args, answer *out) {
    sg_telemetry_state state;
    out->status = sg_telemetry_status(mine(all, args), &state, sizeof state, NULL);
    if (out->status != SG_OK) return;
    out->value = cJSON_CreateObject();
    put_u64(out->value, "tracks_opened", state.tracks_opened);
    put_u64(out->value, "tracks_dropped", state.tracks_dropped);
    put_u64(out->value, "rejected_after_close", state.rejected_after_close);
    put_u64(out->value, "intervals_merged", state.intervals_merged);
}

static void record(objects *all, const cJSON *args, answer *out) {
    size_t count = 0;
    sg_packet *packets = packets_of(args, &count);
    out->status = sg_track_record(track(all, args), packets, count, NULL);
    free(packets);
}

static void message(objects *all, const cJSON *args, answer *out) {
    out->status = sg_track_record_message(track(all, args), i64_of(args, "at_us"), u64_of(args, "bytes"), NULL);
}

static void rtcp(objects *all, const cJSON *args, answer *out) {
    const cJSON *fields = cJSON_GetObjectItemCaseSensitive(args, "sample");
    sg_rtcp_sample sample;
    memset(&sample, 0, sizeof sample);
    sample.has_rtt_us = (uint8_t)has(fields, "rtt_us");
    sample.has_jitter_us = (uint8_t)has(fields, "jitter_us");
    sample.rtt_us = (uint32_t)u64_or(fields, "rtt_us", 0);
    sample.jitter_us = (uint32_t)u64_or(fields, "jitter_us", 0);
    if (has(fields, "lost")) sample.lost = i64_of(fields, "lost");
    sample.nacks = (uint32_t)u64_or(fields, "nacks", 0);
    sample.plis = (uint32_t)u64_or(fields, "plis", 0);
    sample.firs = (uint32_t)u64_or(fields, "firs", 0);
    out->status =
        sg_track_record_rtcp(track(all, args), i64_of(args, "at_us"), &sample, sizeof sample, NULL);
}

static void set_layer(objects *all, const cJSON *args, answer *out) {
    out->status = sg_track_set_layer(track(all, args), u32_of(args, "ssrc"), u32_of(args, "layer"), NULL);
}

static void set_mime(objects *all, const cJSON *args, answer *out) {
    const char *mime = text_of(args, "mime");
    out->status = sg_track_set_mime(track(all, args), mime, strlen(mime), NULL);
}

static void observe_totals(objects *all, const cJSON *args, answer *out) {
    out->status = sg_track_observe_totals(track(all, args), u32_of(args, "ssrc"), u64_of(args, "packets"),
                                          u64_of(args, "bytes"), NULL);
}

static void remove_ssrc(objects *all, const cJSON *args, answer *out) {
    out->status = sg_track_remove_ssrc(track(all, args), u32_of(args, "ssrc"), NULL);
}

static void close_track(objects *all, const cJSON *args, answer *out) {
    bool first = false;
    out->status = sg_track_close(track(all, args), i64_of(args, "now_us"), &first, NULL);
    out->value = boolean(first);
}

const operation TELEMETRY_OPERATIONS[] = {
    {"telemetry.new", make},
    {"telemetry.identify", identify},
    {"telemetry.open", open_track},
    {"telemetry.flush", flush},
    {"telemetry.take", take},
    {"telemetry.ack", ack},
    {"telemetry.restore", restore},
    {"telemetry.totals", totals},
    {"telemetry.counts", counts},
    {"track.record", record},
    {"track.message", message},
    {"track.rtcp", rtcp},
    {"track.set_layer", set_layer},
    {"track.set_mime", set_mime},
    {"track.observe_totals", observe_totals},
    {"track.remove_ssrc", remove_ssrc},
    {"track.close", close_track},
    {NULL, NULL},
};
