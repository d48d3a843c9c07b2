/* Telemetry: tracks, reports, delivery, hostile input, many threads. */
#include <math.h>
#include <pthread.h>
#include <stdlib.h>

#include "check.h"

#define S 1000000

static sg_str str(const char *text) {
    sg_str made;
    made.data = text;
    made.len = strlen(text);
    return made;
}

static sg_track_key key_of(const char *participant, const char *track, int32_t direction, int32_t kind) {
    sg_track_key key;
    memset(&key, 0, sizeof key);
    key.participant = str(participant);
    key.track = str(track);
    key.mime = str("video/VP8");
    key.direction = direction;
    key.kind = kind;
    return key;
}

static sg_telemetry *made(const sg_telemetry_config *config) {
    sg_telemetry *telemetry = NULL;
    CHECK(sg_telemetry_new(config, config ? sizeof *config : 0, &telemetry, NULL) == SG_OK);
    return telemetry;
}

static void identify(sg_telemetry *telemetry, const char *participant) {
    CHECK(sg_telemetry_identify(telemetry, participant, strlen(participant), "RM_1", 4, "stage", 5, 0, NULL) ==
          SG_OK);
}

static sg_track *opened(sg_telemetry *telemetry, const char *participant, const char *name, int32_t kind) {
    sg_track *track = NULL;
    sg_track_key key = key_of(participant, name, SG_DIRECTION_UPSTREAM, kind);
    CHECK(sg_telemetry_open(telemetry, &key, sizeof key, 0, &track, NULL) == SG_OK);
    return track;
}

static sg_packet packet(int64_t arrival_us, uint32_t ssrc, uint16_t sequence) {
    sg_packet made;
    memset(&made, 0, sizeof made);
    made.arrival_us = arrival_us;
    made.ssrc = ssrc;
    made.sequence = sequence;
    made.rtp_timestamp = (uint32_t)sequence * 3000;
    made.wire_bytes = 1012;
    made.header_bytes = 12;
    made.payload_type = 96;
    return made;
}

/* The only stat of a report. */
static sg_stat only(const sg_report *report) {
    sg_stat stat;
    size_t count = 0;
    memset(&stat, 0, sizeof stat);
    CHECK(sg_report_stats(report, 0, &stat, sizeof stat, 1, &count, NULL) == SG_OK && count == 1);
    return stat;
}

static void a_track_from_open_to_close(void) {
    sg_telemetry *telemetry = made(NULL);
    sg_track *track = opened(telemetry, "PA_1", "TR_1", SG_TRACK_VIDEO);
    sg_report *report = NULL;
    sg_report_state state;
    sg_stat stat;
    sg_packet packets[10];
    sg_track_counts totals;
    sg_telemetry_state counts;
    bool first = false;
    int i;

    for (i = 0; i < 10; i++) packets[i] = packet(i * 10000, 7, (uint16_t)(i < 5 ? i : i + 1));
    CHECK(sg_track_record(track, packets, 10, NULL) == SG_OK);
    CHECK(sg_track_record(track, NULL, 0, NULL) == SG_OK);

    /* Not reported before the room is known. */
    CHECK(sg_telemetry_flush(telemetry, S, &report, NULL) == SG_OK);
    CHECK(sg_report_status(report, &state, sizeof state, NULL) == SG_OK && state.stats == 0);
    sg_report_free(report);
    identify(telemetry, "PA_1");
    CHECK(sg_telemetry_take(telemetry, 2 * S, &report, NULL) == SG_OK);
    CHECK(sg_report_status(report, &state, sizeof state, NULL) == SG_OK);
    CHECK(state.sequence == 2 && state.time_us == 2 * S && state.stats == 1);
    stat = only(report);
    CHECK(stat.totals.primary_packets == 10 && stat.totals.primary_bytes == 10000 && stat.totals.packets_lost == 1);
    CHECK(stat.totals.frames == 10 && stat.packets_lost_to_report == 1 && stat.start_us == 0 && stat.end_us == 2 * S);
    CHECK(same(stat.key.participant, "PA_1") && same(stat.key.track, "TR_1") && same(stat.room_name, "stage"));
    CHECK(same(stat.key.mime, "video/VP8") && stat.key.country.len == 0 && stat.key.kind == SG_TRACK_VIDEO);
    CHECK(!stat.has_rtt_us && !stat.has_layer && !stat.last && stat.tracks == 1 && stat.scores == 0);
    sg_report_free(report);

    report = NULL;
    CHECK(sg_telemetry_take(telemetry, 3 * S, &report, NULL) == SG_ALREADY_PENDING && report == NULL);
    CHECK(sg_telemetry_restore(telemetry, &first, NULL) == SG_OK && first);
    CHECK(sg_telemetry_restore(telemetry, &first, NULL) == SG_OK && !first);
    CHECK(sg_track_close(track, 4 * S, &first, NULL) == SG_OK && first);
    CHECK(sg_track_close(track, 5 * S, &first, NULL) == SG_OK && !first);
    CHECK(sg_track_record(track, packets, 10, NULL) == SG_OK);
    CHECK(sg_telemetry_take(telemetry, 5 * S, &report, NULL) == SG_OK);
    stat = only(report);
    CHECK(stat.totals.primary_packets == 10 && stat.last && stat.merged_intervals == 1 && stat.end_us == 4 * S);
    sg_report_free(report);
    CHECK(sg_telemetry_ack(telemetry, 5 * S, &first, NULL) == SG_OK && first);
    CHECK(sg_telemetry_ack(telemetry, 5 * S, NULL, NULL) == SG_OK);

    CHECK(sg_track_totals(track, &totals, sizeof totals, NULL) == SG_OK && totals.primary_packets == 10);
    CHECK(sg_telemetry_totals(telemetry, SG_DIRECTION_UPSTREAM, SG_ROLE_EDGE, &totals, sizeof totals, NULL) ==
          SG_OK);
    CHECK(totals.primary_packets == 10 && totals.packets_lost == 1);
    CHECK(sg_telemetry_status(telemetry, &counts, sizeof counts, NULL) == SG_OK);
    CHECK(counts.tracks == 0 && counts.participants == 1 && counts.tracks_opened == 1);
    CHECK(counts.tracks_dropped == 1 && counts.rejected_after_close == 10 && counts.intervals_merged == 1);
    sg_track_free(track);
    sg_telemetry_free(telemetry);
}

static void every_kind_of_record(void) {
    sg_telemetry *telemetry = made(NULL);
    sg_track *video = opened(telemetry, "PA_1", "TR_1", SG_TRACK_VIDEO);
    sg_track *data = opened(telemetry, "PA_1", "TR_2", SG_TRACK_DATA);
    sg_track *signal = opened(telemetry, "PA_1", "TR_3", SG_TRACK_SIGNAL);
    static const uint8_t raw[20] = {0x80, 96, 0, 1, 0, 0, 0, 9, 0, 0, 0, 7, 1, 2, 3, 4, 5, 6, 7, 8};
    sg_rtcp_sample sample;
    sg_data_packet packets[100];
    sg_packet first;
    sg_report *report = NULL;
    sg_stat stats[4];
    size_t count = 0;
    int i;
    identify(telemetry, "PA_1");

    CHECK(sg_track_set_layer(video, 7, 1, NULL) == SG_OK);
    first = packet(0, 7, 0);
    CHECK(sg_track_record(video, &first, 1, NULL) == SG_OK);
    CHECK(sg_track_record_raw(video, 1000, raw, sizeof raw, 0, NULL) == SG_OK);
    CHECK(sg_track_record_raw(video, 1000, raw, 11, 0, NULL) == SG_MALFORMED);
    CHECK(sg_track_observe_totals(video, 8, 5, 500, NULL) == SG_OK);
    CHECK(sg_track_remove_ssrc(video, 8, NULL) == SG_OK);
    CHECK(sg_track_observe_totals(video, 8, 2, 200, NULL) == SG_OK);
    memset(&sample, 0, sizeof sample);
    sample.has_rtt_us = 1, sample.rtt_us = 25000;
    sample.lost = -2, sample.nacks = 3, sample.plis = 2, sample.firs = 1;
    CHECK(sg_track_record_rtcp(video, 2000, &sample, sizeof sample, NULL) == SG_OK);
    CHECK(sg_track_record_rtcp(video, 2000, NULL, 0, NULL) == SG_OK);
    CHECK(sg_track_record_score(video, 4.5f, NULL) == SG_OK && sg_track_record_score(video, 3.5f, NULL) == SG_OK);
    CHECK(sg_track_record_score(video, NAN, NULL) == SG_OK && sg_track_record_score(video, -1, NULL) == SG_OK);
    CHECK(sg_track_set_mime(video, "video/H264", 10, NULL) == SG_OK);

    memset(packets, 0, sizeof packets);
    for (i = 0; i < 100; i++) {
        packets[i].at_us = i * 10000;
        packets[i].bytes = i == 0 ? 100000 : 10;
        packets[i].sequence = (uint16_t)(65500 + i + (i > 50));
        packets[i].starts_frame = (uint8_t)(i % 10 == 0 ? 255 : 0);
    }
    CHECK(sg_track_record_data(data, packets, 100, NULL) == SG_OK && sg_track_record_data(data, NULL, 0, NULL) == SG_OK);
    CHECK(sg_track_close(data, S, NULL, NULL) == SG_OK);
    CHECK(sg_track_record_message(signal, 1000, 0, NULL) == SG_OK);
    CHECK(sg_track_record_message(signal, 1000, 40, NULL) == SG_OK);

    CHECK(sg_telemetry_flush(telemetry, S, &report, NULL) == SG_OK);
    CHECK(sg_report_stats(report, 0, stats, sizeof stats[0], 4, &count, NULL) == SG_OK && count == 3);
    CHECK(same(stats[0].key.track, "TR_1") && same(stats[0].key.mime, "video/H264"));
    CHECK(stats[0].totals.primary_packets == 2 + 7 && stats[0].totals.primary_bytes == 1000 + 8 + 700);
    CHECK(stats[0].has_layer && stats[0].layer == 1 && stats[0].layer_totals.packets == 2);
    CHECK(stats[0].totals.layers[1].bytes == 1008 && stats[0].totals.frames == 2);
    CHECK(stats[0].has_rtt_us && stats[0].rtt_us == 25000 && stats[0].totals.nacks == 3);
    CHECK(stats[0].totals.plis == 2 && stats[0].totals.firs == 1 && stats[0].totals.packets_lost == -2);
    CHECK(stats[0].packets_lost_to_report == 0 && stats[0].packets_lost_held_back == -2);
    CHECK(stats[0].scores == 2 && stats[0].mean_score == 4 && stats[0].min_score == 3.5f && stats[0].median_score == 4);
    CHECK(stats[1].last && stats[1].has_data && stats[1].data.packets == 100 && stats[1].data.packets_lost == 1);
    CHECK(stats[1].data.frames == 10 && stats[1].data.duration_us == 990000 && stats[1].data.has_frame_rate);
    CHECK(stats[1].totals.primary_bytes == 100990 && !stats[0].has_data);
    CHECK(stats[2].totals.messages == 2 && stats[2].totals.primary_bytes == 40 && stats[2].key.kind == SG_TRACK_SIGNAL);
    sg_report_free(report);
    sg_track_free(video);
    sg_track_free(data);
    sg_track_free(signal);
    sg_telemetry_free(telemetry);
}

static int holds(const sg_buf *buf, const char *text) {
    size_t length = strlen(text), i;
    for (i = 0; i + length <= buf->len; i++)
        if (memcmp(buf->data + i, text, length) == 0) return 1;
    return 0;
}

static void reports_as_bytes(void) {
    sg_telemetry *telemetry = made(NULL);
    sg_track *track = opened(telemetry, "PA_1", "TR_1", SG_TRACK_VIDEO), *relay = NULL;
    sg_track_key key = key_of("NODE_2", "TR_1", SG_DIRECTION_DOWNSTREAM, SG_TRACK_VIDEO);
    sg_attribute resource[1];
    sg_otlp_config otlp;
    sg_report *report = NULL;
    sg_snapshot *snapshot = NULL;
    sg_track_state states[3];
    sg_group_state groups[16];
    sg_buf out = {NULL, 0}, again = {NULL, 0};
    size_t count = 0;
    identify(telemetry, "PA_1");
    identify(telemetry, "NODE_2");
    key.role = SG_ROLE_RELAY;
    CHECK(sg_telemetry_open(telemetry, &key, sizeof key, 0, &relay, NULL) == SG_OK);
    CHECK(sg_track_observe_totals(track, 1, 3, 300, NULL) == SG_OK);
    CHECK(sg_track_observe_totals(relay, 1, 4, 400, NULL) == SG_OK);
    CHECK(sg_telemetry_take(telemetry, S, &report, NULL) == SG_OK);

    CHECK(sg_report_livekit(report, "ND_1", 4, "ST_x_", 5, &out, NULL) == SG_OK);
    /* The first message holds the node, the id, the room, and no relay. */
    CHECK(out.len > 2 && out.data[0] == 0x0a && out.data[1] == out.len - 2);
    CHECK(holds(&out, "ND_1") && holds(&out, "ST_x_0") && holds(&out, "RM_1") && !holds(&out, "NODE_2"));
    CHECK(sg_report_livekit(report, "ND_1", 4, "ST_x_", 5, &again, NULL) == SG_OK);
    CHECK(again.len == out.len && memcmp(again.data, out.data, out.len) == 0);
    sg_buf_free(&out);
    sg_buf_free(&again);
    CHECK(sg_report_livekit(report, NULL, 0, NULL, 0, &out, NULL) == SG_OK);
    sg_buf_free(&out);
    CHECK(sg_report_livekit(report, "\xff", 1, NULL, 0, &out, NULL) == SG_INVALID_ARGUMENT && out.data == NULL);

    CHECK(sg_report_json(report, &out, NULL) == SG_OK);
    CHECK(out.data[0] == '[' && holds(&out, "\"primary_bytes\":300") && holds(&out, "\"role\":\"relay\""));
    CHECK(holds(&out, "\"rtt_us\":null"));
    sg_buf_free(&out);

    CHECK(sg_report_otlp(report, NULL, 0, &out, NULL) == SG_OK && holds(&out, "service.name"));
    sg_buf_free(&out);
    memset(&otlp, 0, sizeof otlp);
    resource[0].name = str("service.instance.id");
    resource[0].value = str("node-7");
    otlp.resource = resource;
    otlp.resource_count = 1;
    otlp.format = SG_OTLP_JSON;
    CHECK(sg_telemetry_otlp(telemetry, S, &otlp, sizeof otlp, &out, NULL) == SG_OK);
    CHECK(out.data[0] == '{' && holds(&out, "node-7"));
    sg_buf_free(&out);
    otlp.format = 2;
    CHECK(sg_telemetry_otlp(telemetry, S, &otlp, sizeof otlp, &out, NULL) == SG_INVALID_ARGUMENT);
    otlp.format = SG_OTLP_JSON, otlp.resource = NULL;
    CHECK(sg_report_otlp(report, &otlp, sizeof otlp, &out, NULL) == SG_INVALID_ARGUMENT);
    sg_report_free(report);

    CHECK(sg_telemetry_exposition(telemetry, 10, 0, &out, NULL) == SG_OK);
    CHECK(holds(&out, "# TYPE streamgauge_bytes_total counter\n") && holds(&out, "track=\"TR_1\""));
    CHECK(!holds(&out, "# EOF"));
    sg_buf_free(&out);
    CHECK(sg_telemetry_exposition(telemetry, 0, 1, &out, NULL) == SG_OK && holds(&out, "# EOF\n"));
    sg_buf_free(&out);

    CHECK(sg_telemetry_snapshot(telemetry, &snapshot, NULL) == SG_OK);
    sg_telemetry_free(telemetry);
    CHECK(sg_snapshot_tracks(snapshot, 0, states, sizeof states[0], 3, &count, NULL) == SG_OK && count == 2);
    CHECK(same(states[0].key.participant, "NODE_2") && states[0].totals.primary_bytes == 400);
    CHECK(same(states[1].key.participant, "PA_1") && states[1].key.role == SG_ROLE_EDGE);
    CHECK(sg_snapshot_groups(snapshot, groups, sizeof groups[0], 16, &count, NULL) == SG_OK && count == 2);
    CHECK(groups[0].direction == SG_DIRECTION_UPSTREAM && groups[0].totals.primary_packets == 3);
    CHECK(groups[1].role == SG_ROLE_RELAY && groups[1].kind == SG_TRACK_VIDEO);
    sg_snapshot_free(snapshot);
    /* Tracks outlive their telemetry. */
    CHECK(sg_track_observe_totals(track, 1, 4, 400, NULL) == SG_OK);
    sg_track_free(track);
    sg_track_free(relay);
}

/* Totals go on at another node, and nothing is reported twice. */
static void migration(void) {
    sg_telemetry *here = made(NULL), *there = made(NULL);
    sg_track *track = opened(here, "PA_1", "TR_1", SG_TRACK_AUDIO), *moved = NULL;
    sg_track_key key = key_of("PA_1", "TR_1", SG_DIRECTION_UPSTREAM, SG_TRACK_AUDIO);
    sg_track_seed seed;
    sg_track_counts totals;
    sg_report *report = NULL;
    sg_stat stat;
    identify(there, "PA_1");
    CHECK(sg_track_observe_totals(track, 1, 10, UINT64_MAX, NULL) == SG_OK);
    CHECK(sg_track_export(track, S, &seed, sizeof seed, NULL) == SG_OK);
    CHECK(seed.totals.primary_packets == 10 && seed.totals.primary_bytes == UINT64_MAX);
    seed.totals.primary_bytes = 1000;
    CHECK(sg_telemetry_open_seeded(there, &key, sizeof key, S, &seed, sizeof seed, &moved, NULL) == SG_OK);
    CHECK(sg_track_observe_totals(moved, 1, 2, 20, NULL) == SG_OK);
    CHECK(sg_track_totals(moved, &totals, sizeof totals, NULL) == SG_OK);
    CHECK(totals.primary_packets == 12 && totals.primary_bytes == 1020);
    CHECK(sg_telemetry_flush(there, 2 * S, &report, NULL) == SG_OK);
    stat = only(report);
    CHECK(stat.totals.primary_packets == 2 && stat.totals.primary_bytes == 20);
    sg_report_free(report);
    CHECK(sg_track_export(NULL, 0, &seed, sizeof seed, NULL) == SG_OK && seed.totals.primary_packets == 0);
    sg_track_free(track);
    sg_track_free(moved);
    sg_telemetry_free(here);
    sg_telemetry_free(there);
}

/* NULL records nothing, at no cost and without an error. */
static void a_recorder_of_nothing(void) {
    sg_packet one = packet(0, 1, 1);
    sg_data_packet data;
    sg_track_counts totals;
    bool first = true;
    memset(&data, 0, sizeof data);
    CHECK(sg_track_record(NULL, &one, 1, NULL) == SG_OK && sg_track_record(NULL, NULL, 0, NULL) == SG_OK);
    CHECK(sg_track_record_raw(NULL, 0, NULL, 0, 0, NULL) == SG_OK);
    CHECK(sg_track_record_message(NULL, 0, 1, NULL) == SG_OK && sg_track_record_data(NULL, &data, 1, NULL) == SG_OK);
    CHECK(sg_track_observe_totals(NULL, 1, 1, 1, NULL) == SG_OK && sg_track_remove_ssrc(NULL, 1, NULL) == SG_OK);
    CHECK(sg_track_record_rtcp(NULL, 0, NULL, 0, NULL) == SG_OK && sg_track_record_score(NULL, 1, NULL) == SG_OK);
    CHECK(sg_track_set_layer(NULL, 1, 1, NULL) == SG_OK && sg_track_set_mime(NULL, "a", 1, NULL) == SG_OK);
    CHECK(sg_track_close(NULL, 0, &first, NULL) == SG_OK && !first);
    CHECK(sg_track_totals(NULL, &totals, sizeof totals, NULL) == SG_NOT_FOUND);
    sg_track_free(NULL);
}

static void what_is_refused(void) {
    sg_telemetry_config config;
    sg_telemetry *telemetry = NULL;
    sg_track_key key = key_of("PA_1", "TR_1", SG_DIRECTION_UPSTREAM, SG_TRACK_VIDEO), bad;
    sg_track *track = NULL, *second = NULL;
    sg_track_counts totals;
    sg_telemetry_state state;
    sg_report_state report_state;
    sg_report *report = NULL;
    sg_snapshot *snapshot = NULL;
    sg_buf out = {NULL, 0};
    sg_stat stat;
    sg_error *error = NULL;
    size_t count = 0;
    struct {
        sg_rtcp_sample known;
        uint64_t unknown;
    } longer;
    uint64_t storage[sizeof(sg_packet) / 8 + 1];

    memset(&config, 0, sizeof config);
    config.level = 2;
    CHECK(sg_telemetry_new(&config, sizeof config, &telemetry, NULL) == SG_INVALID_ARGUMENT);
    config.level = 0, config.bytes = -1;
    CHECK(sg_telemetry_new(&config, sizeof config, &telemetry, NULL) == SG_INVALID_ARGUMENT);
    config.bytes = 0, config.grace_us = -1, config.has_grace_us = 1;
    CHECK(sg_telemetry_new(&config, sizeof config, &telemetry, NULL) == SG_INVALID_ARGUMENT && telemetry == NULL);
    config.grace_us = 0, config.max_tracks = 1, config.max_participants = 2;
    telemetry = made(&config);

    bad = key, bad.direction = 0;
    CHECK(sg_telemetry_open(telemetry, &bad, sizeof bad, 0, &track, NULL) == SG_INVALID_ARGUMENT);
    bad = key, bad.role = 2;
    CHECK(sg_telemetry_open(telemetry, &bad, sizeof bad, 0, &track, NULL) == SG_INVALID_ARGUMENT);
    bad = key, bad.kind = INT32_MIN;
    CHECK(sg_telemetry_open(telemetry, &bad, sizeof bad, 0, &track, &error) == SG_INVALID_ARGUMENT);
    CHECK(same(sg_error_message(error), "kind is -2147483648: expected 1 to 4"));
    sg_error_free(error);
    bad = key, bad.track = str("\xc3\x28");
    CHECK(sg_telemetry_open(telemetry, &bad, sizeof bad, 0, &track, NULL) == SG_INVALID_ARGUMENT);
    bad = key, bad.mime.data = NULL;
    CHECK(sg_telemetry_open(telemetry, &bad, sizeof bad, 0, &track, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_telemetry_open(telemetry, NULL, 0, 0, &track, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_telemetry_open(telemetry, &key, 16, 0, &track, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_telemetry_open(telemetry, &key, sizeof key, 0, NULL, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_telemetry_open(NULL, &key, sizeof key, 0, &track, NULL) == SG_INVALID_ARGUMENT && track == NULL);
    CHECK(sg_telemetry_open(telemetry, &key, sizeof key, 0, &track, NULL) == SG_OK);
    bad = key, bad.track = str("TR_2");
    CHECK(sg_telemetry_open(telemetry, &bad, sizeof bad, 0, &second, NULL) == SG_CAPACITY_EXCEEDED);
    CHECK(sg_telemetry_open(telemetry, &key, sizeof key, 0, &second, NULL) == SG_OK);

    identify(telemetry, "PA_1");
    identify(telemetry, "PA_2");
    CHECK(sg_telemetry_identify(telemetry, "PA_3", 4, NULL, 0, NULL, 0, 0, NULL) == SG_CAPACITY_EXCEEDED);
    CHECK(sg_telemetry_identify(telemetry, NULL, 4, NULL, 0, NULL, 0, 0, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_telemetry_identify(NULL, "PA_1", 4, NULL, 0, NULL, 0, 0, NULL) == SG_INVALID_ARGUMENT);

    CHECK(sg_track_record(track, NULL, 1, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_track_record(track, (const sg_packet *)(const void *)((const char *)storage + 4), 1, NULL) ==
          SG_INVALID_ARGUMENT);
    CHECK(sg_track_record_raw(track, 0, NULL, 3, 0, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_track_record_data(track, NULL, 1, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_track_set_mime(track, "\xff", 1, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_track_totals(track, NULL, sizeof totals, NULL) == SG_INVALID_ARGUMENT);
    memset(&longer, 0, sizeof longer);
    CHECK(sg_track_record_rtcp(track, 0, &longer.known, sizeof longer, NULL) == SG_OK);
    longer.unknown = 1;
    CHECK(sg_track_record_rtcp(track, 0, &longer.known, sizeof longer, NULL) == SG_UNSUPPORTED);
    CHECK(sg_track_record_rtcp(track, 0, NULL, 8, NULL) == SG_INVALID_ARGUMENT);

    CHECK(sg_telemetry_totals(telemetry, 0, 0, &totals, sizeof totals, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_telemetry_totals(telemetry, 1, -1, &totals, sizeof totals, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_telemetry_participant_totals(telemetry, "PA_1", 4, 1, 0, &totals, sizeof totals, NULL) == SG_OK);
    CHECK(sg_telemetry_participant_totals(telemetry, "PA_9", 4, 1, 0, &totals, sizeof totals, NULL) == SG_NOT_FOUND);
    CHECK(sg_telemetry_status(telemetry, NULL, 0, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_telemetry_status(NULL, &state, sizeof state, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_telemetry_flush(NULL, 0, &report, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_telemetry_take(telemetry, 0, NULL, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_telemetry_ack(NULL, 0, NULL, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_telemetry_restore(NULL, NULL, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_telemetry_snapshot(NULL, &snapshot, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_telemetry_exposition(NULL, 1, 0, &out, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_report_status(NULL, &report_state, sizeof report_state, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_report_stats(NULL, 0, &stat, sizeof stat, 1, &count, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_report_json(NULL, &out, NULL) == SG_INVALID_ARGUMENT && out.data == NULL);
    CHECK(sg_snapshot_tracks(NULL, 0, NULL, 0, 0, &count, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_snapshot_groups(NULL, NULL, 0, 0, &count, NULL) == SG_INVALID_ARGUMENT);

    /* A shorter struct of an older caller: nothing is written past it. */
    CHECK(sg_track_observe_totals(track, 1, 1, 77, NULL) == SG_OK);
    CHECK(sg_telemetry_flush(telemetry, S, &report, NULL) == SG_OK);
    memset(&totals, 0xee, sizeof totals);
    CHECK(sg_track_totals(track, &totals, 16, NULL) == SG_OK);
    CHECK(totals.primary_packets == 1 && totals.primary_bytes == 77 && totals.retransmit_packets == 0xeeeeeeeeeeeeeeee);
    CHECK(sg_report_stats(report, 0, &stat, sizeof stat + 4, 1, &count, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_report_stats(report, 0, NULL, sizeof stat, 1, &count, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_report_stats(report, SIZE_MAX, &stat, sizeof stat, 1, &count, NULL) == SG_OK && count == 1);
    sg_report_free(report);
    sg_report_free(NULL);
    sg_snapshot_free(NULL);
    sg_track_free(track);
    sg_track_free(second);
    sg_telemetry_free(telemetry);
    sg_telemetry_free(NULL);
}

/* A million SSRCs on one track, and cumulative counts at the ends of their range: bounded, counted. */
static void a_flood_on_one_track(void) {
    sg_telemetry *telemetry = made(NULL);
    sg_track *track = opened(telemetry, "PA_1", "TR_1", SG_TRACK_VIDEO);
    sg_packet batch[250];
    sg_track_counts totals;
    sg_telemetry_state state;
    uint32_t ssrc = 1000;
    int round, i, failed = 0;
    batch[0] = packet(0, 7, 65534), batch[1] = packet(0, 7, 65535);
    CHECK(sg_track_record(track, batch, 2, NULL) == SG_OK);
    for (round = 0; round < 4000; round++) {
        batch[0] = packet(round, 7, (uint16_t)round);
        for (i = 1; i < 250; i++) batch[i] = packet(round, ssrc++, 1);
        failed += sg_track_record(track, batch, 250, NULL) != SG_OK;
    }
    for (i = 0; i < 100000; i++) failed += sg_track_observe_totals(track, (uint32_t)i, 1, 1, NULL) != SG_OK;
    CHECK(failed == 0);
    CHECK(sg_track_totals(track, &totals, sizeof totals, NULL) == SG_OK);
    CHECK(totals.primary_packets == 4002 + 64 && totals.packets_lost == 0);
    CHECK(sg_telemetry_status(telemetry, &state, sizeof state, NULL) == SG_OK);
    CHECK(state.rejected_after_close == 100000 - 64);
    CHECK(sg_track_observe_totals(track, 0, UINT64_MAX, UINT64_MAX, NULL) == SG_OK);
    CHECK(sg_track_observe_totals(track, 1, UINT64_MAX, UINT64_MAX, NULL) == SG_OK);
    CHECK(sg_track_record_message(track, INT64_MAX, UINT64_MAX, NULL) == SG_OK);
    CHECK(sg_track_record_message(track, INT64_MIN, UINT64_MAX, NULL) == SG_OK);
    CHECK(sg_track_totals(track, &totals, sizeof totals, NULL) == SG_OK);
    CHECK(totals.primary_packets == UINT64_MAX && totals.primary_bytes == UINT64_MAX);
    sg_track_free(track);
    sg_telemetry_free(telemetry);
}

enum { RECORDERS = 4, ROUNDS = 500, BATCH = 16 };

typedef struct {
    sg_track *track;
    uint32_t ssrc;
    int failed;
} recorder;

static void *record_rounds(void *given) {
    recorder *mine = given;
    sg_packet batch[BATCH];
    uint16_t sequence = 0;
    int round, i;
    for (round = 0; round < ROUNDS; round++) {
        for (i = 0; i < BATCH; i++) batch[i] = packet(round, mine->ssrc, sequence++);
        mine->failed += sg_track_record(mine->track, batch, BATCH, NULL) != SG_OK;
        mine->failed += sg_track_record_message(mine->track, round, 1, NULL) != SG_OK;
    }
    return NULL;
}

/* Many threads record into one track, and one flushes: the sum of what was reported is what was recorded. */
static void many_threads_on_one_track(void) {
    sg_telemetry *telemetry = made(NULL);
    sg_track *track = opened(telemetry, "PA_1", "TR_1", SG_TRACK_VIDEO);
    recorder recorders[RECORDERS];
    pthread_t threads[RECORDERS];
    uint64_t packets = 0, messages = 0;
    sg_report *report = NULL;
    sg_stat stat;
    size_t count = 0;
    int i;
    identify(telemetry, "PA_1");
    for (i = 0; i < RECORDERS; i++) {
        recorders[i].track = track;
        recorders[i].ssrc = (uint32_t)i;
        recorders[i].failed = 0;
        CHECK(pthread_create(&threads[i], NULL, record_rounds, &recorders[i]) == 0);
    }
    for (i = 0; i < 200 + RECORDERS; i++) {
        if (i >= 200) {
            CHECK(pthread_join(threads[i - 200], NULL) == 0);
            CHECK(recorders[i - 200].failed == 0);
        }
        CHECK(sg_telemetry_take(telemetry, i, &report, NULL) == SG_OK);
        CHECK(sg_report_stats(report, 0, &stat, sizeof stat, 1, &count, NULL) == SG_OK);
        if (i % 3 == 0) {
            CHECK(sg_telemetry_restore(telemetry, NULL, NULL) == SG_OK);
        } else {
            if (count == 1) packets += stat.totals.primary_packets, messages += stat.totals.messages;
            CHECK(sg_telemetry_ack(telemetry, i, NULL, NULL) == SG_OK);
        }
        sg_report_free(report);
    }
    CHECK(sg_track_record_message(track, 1000, 1, NULL) == SG_OK);
    CHECK(sg_track_close(track, 1000, NULL, NULL) == SG_OK);
    CHECK(sg_telemetry_flush(telemetry, 1000, &report, NULL) == SG_OK);
    stat = only(report);
    packets += stat.totals.primary_packets, messages += stat.totals.messages;
    CHECK(stat.last && packets == RECORDERS * ROUNDS * BATCH && messages == RECORDERS * ROUNDS + 1);
    sg_report_free(report);
    sg_track_free(track);
    sg_telemetry_free(telemetry);
}

static void idle_and_participant_level(void) {
    sg_telemetry_config config;
    sg_telemetry *telemetry;
    sg_track *one, *two;
    sg_report *report = NULL;
    sg_stat stat;
    memset(&config, 0, sizeof config);
    config.level = SG_LEVEL_PARTICIPANT;
    config.emit_idle = 1;
    telemetry = made(&config);
    one = opened(telemetry, "PA_1", "TR_1", SG_TRACK_VIDEO);
    two = opened(telemetry, "PA_1", "TR_2", SG_TRACK_AUDIO);
    identify(telemetry, "PA_1");
    CHECK(sg_telemetry_flush(telemetry, S, &report, NULL) == SG_OK);
    stat = only(report);
    CHECK(stat.tracks == 2 && stat.key.track.len == 0 && stat.totals.primary_packets == 0 && !stat.last);
    sg_report_free(report);
    sg_track_free(one);
    sg_track_free(two);
    CHECK(sg_telemetry_flush(telemetry, 2 * S, &report, NULL) == SG_OK);
    stat = only(report);
    CHECK(stat.tracks == 2 && stat.last);
    sg_report_free(report);
    sg_telemetry_free(telemetry);
}

int main(void) {
    a_track_from_open_to_close();
    every_kind_of_record();
    reports_as_bytes();
    migration();
    a_recorder_of_nothing();
    what_is_refused();
    a_flood_on_one_track();
    many_threads_on_one_track();
    idle_and_participant_level();
    return TESTS_DONE("telemetry");
}
