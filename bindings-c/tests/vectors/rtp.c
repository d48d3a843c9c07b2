/* RTP statistics for the vectors. A reader of a vector is a name; it is kept as an object. */
#include <stdio.h>
#include <string.h>

#include "adapter.h"

static void free_rtp(void *rtp) { sg_rtp_free(rtp); }

static sg_rtp *mine(const objects *all, const cJSON *args) { return get(all, "rtp", text_of(args, "id")); }

/* Readers of two statistics may have the same name. */
static const char *reader_name(const cJSON *args) {
    static char name[80];
    snprintf(name, sizeof name, "%s/%s", text_of(args, "id"), text_of(args, "reader"));
    return name;
}

static uint32_t reader(const objects *all, const cJSON *args) {
    return *(const uint32_t *)get(all, "reader", reader_name(args));
}

static void make(objects *all, const cJSON *args, answer *out) {
    sg_payload_format formats[128];
    sg_rtp_config config;
    sg_rtp *rtp = NULL;
    const cJSON *clock;
    memset(&config, 0, sizeof config);
    config.formats = formats;
    cJSON_ArrayForEach(clock, cJSON_GetObjectItemCaseSensitive(args, "clocks")) {
        sg_payload_format *format = &formats[config.format_count++];
        format->payload_type = (uint32_t)strtoul(clock->string, NULL, 10);
        format->clock_hz = (uint32_t)parse_u64(cJSON_GetArrayItem(clock, 0));
        format->kind = strcmp(cJSON_GetArrayItem(clock, 1)->valuestring, "audio") == 0 ? SG_MEDIA_AUDIO
                                                                                       : SG_MEDIA_VIDEO;
    }
    out->status = sg_rtp_new(&config, sizeof config, &rtp, NULL);
    if (out->status == SG_OK) add(all, "rtp", text_of(args, "id"), rtp, free_rtp);
}

static void record(objects *all, const cJSON *args, answer *out) {
    size_t count = 0;
    sg_packet *packets = packets_of(args, &count);
    out->status = sg_rtp_record(mine(all, args), packets, count, NULL);
    free(packets);
}

static void put_totals(cJSON *to, const sg_stream_totals *totals) {
    put_u64(to, "packets", totals->packets);
    put_u64(to, "wire_bytes", totals->wire_bytes);
    put_u64(to, "header_bytes", totals->header_bytes);
    put_u64(to, "padding_bytes", totals->padding_bytes);
    put_u64(to, "payload_bytes", totals->payload_bytes);
    put_u64(to, "media_packets", totals->media_packets);
    put_u64(to, "media_wire_bytes", totals->media_wire_bytes);
    put_u64(to, "media_payload_bytes", totals->media_payload_bytes);
    put_u64(to, "rtx_packets", totals->rtx_packets);
    put_u64(to, "rtx_wire_bytes", totals->rtx_wire_bytes);
    put_u64(to, "fec_packets", totals->fec_packets);
    put_u64(to, "fec_wire_bytes", totals->fec_wire_bytes);
    put_u64(to, "padding_packets", totals->padding_packets);
    put_u64(to, "padding_packet_wire_bytes", totals->padding_packet_wire_bytes);
    put_i64(to, "expected", totals->expected);
    put_i64(to, "lost", totals->lost);
    put_i64(to, "lost_rfc3550", totals->lost_rfc3550);
    put_u64(to, "missing", totals->missing);
    put_u64(to, "recovered_late", totals->recovered_late);
    put_u64(to, "duplicates", totals->duplicates);
    put_u64(to, "out_of_order", totals->out_of_order);
    put_u64(to, "too_old", totals->too_old);
    put_u64(to, "implausible", totals->implausible);
    put_u64(to, "discontinuities", totals->discontinuities);
}

static void snapshot(objects *all, const cJSON *args, answer *out) {
    sg_stream_stats stats;
    out->status = sg_rtp_snapshot(mine(all, args), u32_of(args, "ssrc"), &stats, sizeof stats, NULL);
    if (out->status == SG_NOT_FOUND) out->status = SG_OK, out->value = cJSON_CreateNull();
    if (out->status != SG_OK || out->value != NULL) return;
    out->value = cJSON_CreateObject();
    put_totals(out->value, &stats.totals);
    put_u64(out->value, "ssrc", stats.ssrc);
    put_u64_if(out->value, "payload_type", stats.has_payload_type, stats.payload_type);
    put_u64_if(out->value, "clock_hz", stats.clock_hz != 0, stats.clock_hz);
    put_u64_if(out->value, "frames", stats.has_frames, stats.frames);
    put_u64_if(out->value, "extended_highest", stats.has_extended_highest, stats.extended_highest);
    put_i64_if(out->value, "extended_timestamp", stats.has_extended_timestamp, stats.extended_timestamp);
    put_i64_if(out->value, "max_delta_us", stats.has_max_delta_us, stats.max_delta_us);
    put_u64(out->value, "timestamp_discontinuities", stats.timestamp_discontinuities);
    put_u64(out->value, "arrivals_went_back", stats.arrivals_went_back);
    put_float_if(out->value, "jitter_us", stats.has_jitter_us, stats.jitter_us);
    put_float_if(out->value, "jitter_ticks", stats.has_jitter_ticks, stats.jitter_ticks);
    put_float_if(out->value, "mean_jitter_us", stats.has_mean_jitter_us, stats.mean_jitter_us);
    put_float_if(out->value, "max_jitter_us", stats.has_max_jitter_us, stats.max_jitter_us);
    put_float_if(out->value, "frame_jitter_us", stats.has_frame_jitter_us, stats.frame_jitter_us);
    put_float_if(out->value, "frame_jitter_ticks", stats.has_frame_jitter_ticks, stats.frame_jitter_ticks);
    put_float_if(out->value, "bitrate_bps", stats.has_bitrate_bps, stats.bitrate_bps);
}

static void totals(objects *all, const cJSON *args, answer *out) {
    sg_stream_totals counts;
    out->status = sg_rtp_totals(mine(all, args), &counts, sizeof counts, NULL);
    if (out->status != SG_OK) return;
    out->value = cJSON_CreateObject();
    put_totals(out->value, &counts);
}

static void unvalidated(objects *all, const cJSON *args, answer *out) {
    sg_rtp_state state;
    out->status = sg_rtp_status(mine(all, args), &state, sizeof state, NULL);
    if (out->status != SG_OK) return;
    out->value = cJSON_CreateObject();
    put_u64(out->value, "packets", state.unvalidated_packets);
    put_u64(out->value, "wire_bytes", state.unvalidated_wire_bytes);
}

static void remove_stream(objects *all, const cJSON *args, answer *out) {
    bool removed = false;
    out->status = sg_rtp_remove(mine(all, args), u32_of(args, "ssrc"), &removed, NULL);
    out->value = boolean(removed);
}

static void make_reader(objects *all, const cJSON *args, answer *out) {
    uint32_t *number = malloc(sizeof *number);
    if (number == NULL) die("no memory for", "a reader");
    out->status = sg_rtp_reader(mine(all, args), i64_of(args, "now_us"), number, NULL);
    add(all, "reader", reader_name(args), number, free);
}

static void put_deltas(sg_deltas *deltas, answer *out) {
    size_t count = 0, i;
    sg_stream_delta delta;
    if (out->status != SG_OK) return;
    out->value = cJSON_CreateArray();
    sg_deltas_read(deltas, 0, NULL, sizeof delta, 0, &count, NULL);
    for (i = 0; i < count; i++) {
        cJSON *item = cJSON_CreateObject();
        out->status = sg_deltas_read(deltas, i, &delta, sizeof delta, 1, &count, NULL);
        put_totals(item, &delta.totals);
        put_u64_if(item, "ssrc", delta.has_ssrc, delta.ssrc);
        cJSON_AddItemToArray(out->value, item);
    }
    sg_deltas_free(deltas);
}

static void flush(objects *all, const cJSON *args, answer *out) {
    sg_deltas *deltas = NULL;
    out->status = sg_rtp_flush(mine(all, args), reader(all, args), i64_of(args, "now_us"), &deltas, NULL);
    put_deltas(deltas, out);
}

static void take(objects *all, const cJSON *args, answer *out) {
    sg_deltas *deltas = NULL;
    out->status = sg_rtp_take(mine(all, args), reader(all, args), i64_of(args, "now_us"), &deltas, NULL);
    put_deltas(deltas, out);
}

static void ack(objects *all, const cJSON *args, answer *out) {
    out->status = sg_rtp_ack(mine(all, args), reader(all, args), NULL);
}

static void restore(objects *all, const cJSON *args, answer *out) {
    out->status = sg_rtp_restore(mine(all, args), reader(all, args), NULL);
}

static void settle(objects *all, const cJSON *args, answer *out) {
    out->status = sg_rtp_settle(mine(all, args), NULL);
}

static void fraction_lost(objects *all, const cJSON *args, answer *out) {
    (void)all;
    out->value = unsigned_integer(sg_fraction_lost(i64_of(args, "expected"), i64_of(args, "received")));
}

const operation RTP_OPERATIONS[] = {
    {"rtp.new", make},
    {"rtp.record", record},
    {"rtp.snapshot", snapshot},
    {"rtp.totals", totals},
    {"rtp.unvalidated", unvalidated},
    {"rtp.remove", remove_stream},
    {"rtp.reader", make_reader},
    {"rtp.flush", flush},
    {"rtp.take", take},
    {"rtp.ack", ack},
    {"rtp.restore", restore},
    {"rtp.settle", settle},
    {"rtp.fraction_lost", fraction_lost},
    {NULL, NULL},
};
