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

int main(void) {
    a_track_from_open_to_close();
    return TESTS_DONE("telemetry");
}
