/* Counters, RTP and RTCP statistics: what they count, and what bad input and bad use give. */
#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

#include "check.h"

#define S 1000000

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

static sg_rtp *rtp_new(const sg_rtp_config *config) {
    sg_rtp *rtp = NULL;
    CHECK(sg_rtp_new(config, config ? sizeof *config : 0, &rtp, NULL) == SG_OK);
    return rtp;
}

static sg_counter *counter_new(int32_t kind, uint32_t width_bits) {
    sg_counter *counter = NULL;
    sg_counter_config config;
    memset(&config, 0, sizeof config);
    config.kind = kind;
    config.width_bits = width_bits;
    CHECK(sg_counter_new(&config, sizeof config, &counter, NULL) == SG_OK);
    return counter;
}

static void counters(void) {
    sg_counter *counter = counter_new(SG_COUNTER_U64, 32);
    sg_counter_state state;
    sg_step step;
    CHECK(sg_counter_record_u64(counter, 0, 4294967000u, SG_HINT_NONE, &step, sizeof step, NULL) == SG_OK);
    CHECK(step.kind == SG_STEP_FIRST && step.delta_u64 == 0 && !step.has_interval);
    CHECK(sg_counter_record_u64(counter, S, 500, SG_HINT_NONE, &step, sizeof step, NULL) == SG_OK);
    CHECK(step.kind == SG_STEP_WRAP && step.delta_u64 == 796 && step.start_us == 0 && step.end_us == S);
    CHECK(sg_counter_record_u64(counter, 2 * S, 700, SG_HINT_BOUNDARY, NULL, 0, NULL) == SG_OK);
    CHECK(sg_counter_record_u64(counter, 2 * S, 700, SG_HINT_NONE, &step, sizeof step, NULL) == SG_OK);
    CHECK(step.kind == SG_STEP_REPEAT);
    CHECK(sg_counter_record_u64(counter, 3 * S, UINT64_MAX, SG_HINT_NONE, &step, sizeof step, NULL) == SG_OK);
    CHECK(step.kind == SG_STEP_REJECTED);
    CHECK(sg_counter_snapshot(counter, &state, sizeof state, NULL) == SG_OK);
    CHECK(state.total_u64 == 1496 && state.wraps == 1 && state.boundaries == 1 && state.rejected == 1);
    CHECK(state.has_last && state.last_us == 2 * S && state.last_u64 == 700);
    CHECK(sg_counter_end(counter, NULL) == SG_OK);
    CHECK(sg_counter_record_u64(counter, 1, 9, SG_HINT_NONE, &step, sizeof step, NULL) == SG_OK);
    CHECK(step.kind == SG_STEP_FIRST);
    sg_counter_free(counter);

    counter = counter_new(SG_COUNTER_F64, 0);
    CHECK(sg_counter_record_f64(counter, 0, 1.5, SG_HINT_NONE, NULL, 0, NULL) == SG_OK);
    CHECK(sg_counter_record_f64(counter, 1, 4.0, SG_HINT_NONE, &step, sizeof step, NULL) == SG_OK);
    CHECK(step.delta_f64 == 2.5 && step.delta_u64 == 0);
    CHECK(sg_counter_record_f64(counter, 2, NAN, SG_HINT_NONE, &step, sizeof step, NULL) == SG_OK);
    CHECK(step.kind == SG_STEP_REJECTED);
    CHECK(sg_counter_record_f64(counter, INT64_MAX, 1.0, SG_HINT_NONE, &step, sizeof step, NULL) == SG_OK);
    CHECK(step.kind == SG_STEP_RESET && step.end_us == INT64_MAX);
    sg_counter_free(counter);

    /* u64 extremes are exact. */
    counter = counter_new(SG_COUNTER_U64, 0);
    CHECK(sg_counter_record_u64(counter, INT64_MIN, 0, SG_HINT_NONE, NULL, 0, NULL) == SG_OK);
    CHECK(sg_counter_record_u64(counter, 0, UINT64_MAX, SG_HINT_NONE, &step, sizeof step, NULL) == SG_OK);
    CHECK(step.delta_u64 == UINT64_MAX);
    CHECK(sg_counter_record_u64(counter, 1, 1, SG_HINT_BOUNDARY, &step, sizeof step, NULL) == SG_OK);
    CHECK(step.kind == SG_STEP_REJECTED);
    CHECK(sg_counter_snapshot(counter, &state, sizeof state, NULL) == SG_OK && state.total_u64 == UINT64_MAX);
    sg_counter_free(counter);
}

static void rates(void) {
    const sg_sample samples[4] = {{0, 10}, {S, 20}, {2 * S, 5}, {3 * S, 25}};
    sg_rate rate;
    CHECK(sg_counter_rate(samples, 4, 0, 3 * S, SG_RATE_RAW, &rate, sizeof rate, NULL) == SG_OK);
    CHECK(rate.increase == 35 && rate.seconds == 3 && rate.resets == 1 && rate.per_s == 35.0 / 3);
    CHECK(sg_counter_rate(samples, 4, 0, 3 * S, SG_RATE_SMOOTHED, &rate, sizeof rate, NULL) == SG_OK);
    rate.increase = 7;
    CHECK(sg_counter_rate(NULL, 0, 0, S, SG_RATE_RAW, &rate, sizeof rate, NULL) == SG_NOT_FOUND);
    CHECK(sg_counter_rate(samples, 4, S, S, SG_RATE_ANCHORED, &rate, sizeof rate, NULL) == SG_NOT_FOUND);
    CHECK(sg_counter_rate(samples, 4, 0, S, 4, &rate, sizeof rate, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_counter_rate(NULL, 3, 0, S, SG_RATE_RAW, &rate, sizeof rate, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_counter_rate(samples, 4, 0, S, SG_RATE_RAW, NULL, 0, NULL) == SG_INVALID_ARGUMENT);
    CHECK(rate.increase == 7);
}

static void counters_refuse(void) {
    sg_counter *counter = NULL, *whole = counter_new(SG_COUNTER_U64, 0);
    sg_counter_config config;
    struct {
        sg_counter_config known;
        uint64_t unknown;
    } longer;
    sg_error *error = NULL;
    sg_step step;
    memset(&config, 0, sizeof config);
    config.width_bits = 65;
    CHECK(sg_counter_new(&config, sizeof config, &counter, &error) == SG_INVALID_ARGUMENT && counter == NULL);
    CHECK(same(sg_error_message(error), "width_bits is 65, not 1 to 64"));
    sg_error_free(error);
    config.width_bits = 0;
    config.max_per_s = NAN;
    CHECK(sg_counter_new(&config, sizeof config, &counter, NULL) == SG_INVALID_ARGUMENT);
    config.max_per_s = -1;
    CHECK(sg_counter_new(&config, sizeof config, &counter, NULL) == SG_INVALID_ARGUMENT);
    config.max_per_s = 0;
    config.kind = 2;
    CHECK(sg_counter_new(&config, sizeof config, &counter, NULL) == SG_INVALID_ARGUMENT);
    config.kind = 0;
    CHECK(sg_counter_new(&config, sizeof config, NULL, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_counter_new(NULL, sizeof config, &counter, NULL) == SG_INVALID_ARGUMENT);
    /* Shorter and longer structs: what is unknown must be zero. */
    CHECK(sg_counter_new(&config, 4, &counter, NULL) == SG_OK);
    sg_counter_free(counter);
    memset(&longer, 0, sizeof longer);
    CHECK(sg_counter_new(&longer.known, sizeof longer, &counter, NULL) == SG_OK);
    sg_counter_free(counter);
    counter = NULL;
    longer.unknown = 1;
    CHECK(sg_counter_new(&longer.known, sizeof longer, &counter, NULL) == SG_UNSUPPORTED && counter == NULL);

    CHECK(sg_counter_record_f64(whole, 0, 1, SG_HINT_NONE, &step, sizeof step, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_counter_record_u64(whole, 0, 1, 2, &step, sizeof step, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_counter_record_u64(NULL, 0, 1, 0, &step, sizeof step, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_counter_record_u64(whole, 0, 1, 0, NULL, sizeof step, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_counter_snapshot(whole, NULL, 0, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_counter_end(NULL, NULL) == SG_INVALID_ARGUMENT);
    sg_counter_free(whole);
    sg_counter_free(NULL);
}

static void raw_packets(void) {
    static const uint8_t good[20] = {0x80, 0xe0, 1, 2, 0, 0, 0, 9, 0xde, 0xad, 0xbe, 0xef, 1, 2, 3, 4, 5, 6, 7, 8};
    static const uint8_t hostile[16] = {0xbf, 0x60, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff};
    sg_rtp *rtp = rtp_new(NULL);
    sg_rtp_state state;
    sg_packet parsed;
    uint8_t *exact;
    size_t length;
    CHECK(sg_packet_parse(good, sizeof good, 7, SG_PACKET_KEYFRAME, &parsed, NULL) == SG_OK);
    CHECK(parsed.ssrc == 0xdeadbeef && parsed.sequence == 0x102 && parsed.rtp_timestamp == 9);
    CHECK(parsed.payload_type == 96 && parsed.wire_bytes == 20 && parsed.header_bytes == 12);
    CHECK(parsed.flags == (SG_PACKET_MARKER | SG_PACKET_KEYFRAME) && parsed.arrival_us == 7);
    /* Buffers of just the length, so that a read past the end is seen. */
    for (length = 0; length <= 12; length++) {
        exact = malloc(length > 0 ? length : 1);
        memcpy(exact, good, length);
        CHECK(sg_packet_parse(exact, length, 0, 0, &parsed, NULL) == (length < 12 ? SG_MALFORMED : SG_OK));
        CHECK(sg_rtp_record_raw(rtp, 0, exact, length, 0, NULL) == (length < 12 ? SG_MALFORMED : SG_OK));
        free(exact);
    }
    for (length = 12; length <= sizeof hostile; length++) {
        exact = malloc(length);
        memcpy(exact, hostile, length);
        CHECK(sg_packet_parse(exact, length, 0, 0, &parsed, NULL) == SG_MALFORMED);
        CHECK(!sg_is_rtcp(exact, length));
        free(exact);
    }
    CHECK(sg_packet_parse(NULL, 0, 0, 0, &parsed, NULL) == SG_MALFORMED);
    CHECK(sg_packet_parse(NULL, 20, 0, 0, &parsed, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_packet_parse(good, sizeof good, 0, 0, NULL, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_rtp_record_raw(NULL, 0, good, sizeof good, 0, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_rtp_status(rtp, &state, sizeof state, NULL) == SG_OK && state.unvalidated_packets == 1);
    sg_rtp_free(rtp);
    CHECK(sg_fraction_lost(100, 50) == 128 && sg_fraction_lost(256, 0) == 255 && sg_fraction_lost(10, 20) == 0);
    CHECK(sg_fraction_lost(INT64_MAX, INT64_MIN) == 255 && sg_fraction_lost(INT64_MIN, INT64_MAX) == 0);
    CHECK(sg_clamp_lost(INT64_MAX) == 0x7fffff && sg_clamp_lost(INT64_MIN) == -0x800000 && sg_clamp_lost(-3) == -3);
    CHECK(!sg_is_rtcp(NULL, 0) && !sg_is_rtcp(NULL, 9));
}

static void streams(void) {
    static const sg_payload_format format = {96, 48000, SG_MEDIA_AUDIO};
    sg_rtp_config config;
    sg_rtp *rtp;
    sg_packet packets[8];
    sg_stream_stats stats, all[2];
    sg_stream_totals totals;
    sg_stream_delta delta;
    sg_deltas *deltas = NULL;
    sg_rtp_state state;
    uint32_t reader = 9;
    size_t count = 0, i;
    bool removed = false;

    memset(&config, 0, sizeof config);
    config.formats = &format;
    config.format_count = 1;
    rtp = rtp_new(&config);
    CHECK(sg_rtp_reader(rtp, 0, &reader, NULL) == SG_OK && reader == 0);
    CHECK(sg_rtp_record(rtp, NULL, 0, NULL) == SG_OK);
    for (i = 0; i < 8; i++) packets[i] = packet((int64_t)i * 20000, 1, (uint16_t)(65533 + i));
    packets[7].ssrc = 2;
    CHECK(sg_rtp_record(rtp, packets, 5, NULL) == SG_OK && sg_rtp_record(rtp, packets + 6, 2, NULL) == SG_OK);
    CHECK(sg_rtp_snapshot(rtp, 1, &stats, sizeof stats, NULL) == SG_OK);
    CHECK(stats.totals.packets == 6 && stats.totals.lost == 1 && stats.totals.expected == 7);
    CHECK(stats.has_payload_type && stats.payload_type == 96 && stats.clock_hz == 48000 && !stats.has_frames);
    CHECK(stats.extended_highest == 65536 + 65539 && stats.has_jitter_us && stats.loss_bursts[0] == 1);
    CHECK(sg_rtp_snapshot(rtp, 2, &stats, sizeof stats, NULL) == SG_NOT_FOUND);

    CHECK(sg_rtp_take(rtp, reader, S, &deltas, NULL) == SG_OK);
    CHECK(sg_deltas_read(deltas, 0, &delta, sizeof delta, 1, &count, NULL) == SG_OK && count == 1);
    CHECK(delta.ssrc == 1 && delta.has_ssrc && delta.totals.packets == 6 && delta.start_us == 0 && delta.end_us == S);
    CHECK(sg_deltas_read(deltas, 5, &delta, sizeof delta, 1, &count, NULL) == SG_OK && count == 1);
    sg_deltas_free(deltas);
    deltas = NULL;
    CHECK(sg_rtp_flush(rtp, reader, S, &deltas, NULL) == SG_ALREADY_PENDING && deltas == NULL);
    CHECK(sg_rtp_restore(rtp, reader, NULL) == SG_OK && sg_rtp_restore(rtp, reader, NULL) == SG_OK);
    CHECK(sg_rtp_record(rtp, packets + 5, 1, NULL) == SG_OK);
    CHECK(sg_rtp_remove(rtp, 1, &removed, NULL) == SG_OK && removed);
    CHECK(sg_rtp_remove(rtp, 1, &removed, NULL) == SG_OK && !removed && sg_rtp_remove(rtp, 1, NULL, NULL) == SG_OK);
    CHECK(sg_rtp_flush(rtp, reader, 2 * S, &deltas, NULL) == SG_OK);
    CHECK(sg_deltas_read(deltas, 0, &delta, sizeof delta, 1, &count, NULL) == SG_OK && count == 1);
    CHECK(!delta.has_ssrc && delta.totals.packets == 7 && delta.totals.lost == 0 && delta.last);
    /* They outlive the statistics. */
    CHECK(sg_rtp_totals(rtp, &totals, sizeof totals, NULL) == SG_OK && totals.packets == 7);
    CHECK(sg_rtp_status(rtp, &state, sizeof state, NULL) == SG_OK);
    CHECK(state.streams == 1 && state.evictions == 1 && state.unvalidated_packets == 1 && state.memory_bytes > 0);
    packets[0] = packet(0, 2, 5), packets[1] = packet(0, 3, 1), packets[2] = packet(0, 3, 2);
    CHECK(sg_rtp_record(rtp, packets, 3, NULL) == SG_OK && sg_rtp_settle(rtp, NULL) == SG_OK);
    CHECK(sg_rtp_snapshots(rtp, all, sizeof all[0], 2, &count, NULL) == SG_OK && count == 2);
    CHECK(all[0].ssrc == 2 && all[1].ssrc == 3 && all[1].totals.packets == 2);
    CHECK(sg_rtp_snapshots(rtp, NULL, 0, 0, &count, NULL) == SG_OK && count == 2);
    CHECK(sg_rtp_ack(rtp, reader, NULL) == SG_OK);
    sg_rtp_free(rtp);
    CHECK(sg_deltas_read(deltas, 0, &delta, sizeof delta, 1, &count, NULL) == SG_OK);
    sg_deltas_free(deltas);
}

static void rtp_refuses(void) {
    sg_payload_format format = {128, 8000, SG_MEDIA_AUDIO};
    sg_rtp_config config;
    sg_rtp *rtp = NULL;
    sg_deltas *deltas = NULL;
    sg_stream_stats stats;
    sg_stream_totals totals;
    sg_rtp_state state;
    sg_packet one = packet(0, 1, 1);
    uint32_t reader = 0;
    size_t count = 0;
    int i;
    memset(&config, 0, sizeof config);
    config.formats = &format;
    config.format_count = 1;
    CHECK(sg_rtp_new(&config, sizeof config, &rtp, NULL) == SG_INVALID_ARGUMENT);
    format.payload_type = 300;
    CHECK(sg_rtp_new(&config, sizeof config, &rtp, NULL) == SG_INVALID_ARGUMENT);
    format.payload_type = 9, format.clock_hz = 0;
    CHECK(sg_rtp_new(&config, sizeof config, &rtp, NULL) == SG_INVALID_ARGUMENT);
    format.clock_hz = 8000, format.kind = 3;
    CHECK(sg_rtp_new(&config, sizeof config, &rtp, NULL) == SG_INVALID_ARGUMENT);
    format.kind = SG_MEDIA_BY_CLOCK;
    config.max_streams = UINT64_MAX;
    CHECK(sg_rtp_new(&config, sizeof config, &rtp, NULL) == SG_INVALID_ARGUMENT);
    config.max_streams = 0, config.formats = NULL;
    CHECK(sg_rtp_new(&config, sizeof config, &rtp, NULL) == SG_INVALID_ARGUMENT && rtp == NULL);
    rtp = rtp_new(NULL);
    CHECK(sg_rtp_record(NULL, &one, 1, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_rtp_record(rtp, NULL, 1, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_rtp_record(rtp, &one, SIZE_MAX, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_rtp_record(rtp, (const sg_packet *)(const void *)((const char *)&one + 1), 1, NULL) ==
          SG_INVALID_ARGUMENT);
    CHECK(sg_rtp_snapshot(NULL, 1, &stats, sizeof stats, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_rtp_snapshot(rtp, 1, NULL, sizeof stats, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_rtp_snapshots(rtp, &stats, sizeof stats + 1, 1, &count, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_rtp_snapshots(rtp, &stats, sizeof stats, 1, NULL, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_rtp_totals(NULL, &totals, sizeof totals, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_rtp_status(NULL, &state, sizeof state, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_rtp_flush(rtp, 0, 0, &deltas, NULL) == SG_NOT_FOUND && sg_rtp_ack(rtp, 7, NULL) == SG_NOT_FOUND);
    CHECK(sg_rtp_take(rtp, UINT32_MAX, 0, &deltas, NULL) == SG_NOT_FOUND);
    CHECK(sg_rtp_restore(rtp, 0, NULL) == SG_NOT_FOUND && deltas == NULL);
    for (i = 0; i < 16; i++) CHECK(sg_rtp_reader(rtp, 0, &reader, NULL) == SG_OK && reader == (uint32_t)i);
    CHECK(sg_rtp_reader(rtp, 0, &reader, NULL) == SG_CAPACITY_EXCEEDED && reader == 15);
    CHECK(sg_deltas_read(NULL, 0, NULL, 0, 0, &count, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_rtp_settle(NULL, NULL) == SG_INVALID_ARGUMENT);
    sg_rtp_free(rtp);
    sg_rtp_free(NULL);
    sg_deltas_free(NULL);
}

/* Times that jump to the ends of the range, every field at its end. */
static void rtp_extremes(void) {
    static const int64_t times[6] = {0, INT64_MAX, INT64_MIN, -1, INT64_MAX, 0};
    sg_rtp *rtp = rtp_new(NULL);
    sg_stream_stats stats;
    sg_stream_totals totals;
    uint32_t reader = 0;
    sg_deltas *deltas = NULL;
    int i, k;
    CHECK(sg_rtp_reader(rtp, INT64_MIN, &reader, NULL) == SG_OK);
    for (i = 0; i < 6; i++)
        for (k = 0; k < 3; k++) {
            sg_packet one;
            memset(&one, 0xff, sizeof one);
            one.arrival_us = times[i];
            one.ssrc = UINT32_MAX;
            one.header_bytes = 12;
            one.padding_bytes = 0;
            one.sequence = (uint16_t)(65530 + 3 * i + k);
            one.rtp_timestamp = k == 0 ? 0 : UINT32_MAX;
            one.payload_type = (uint8_t)(k == 1 ? 255 : 96);
            CHECK(sg_rtp_record(rtp, &one, 1, NULL) == SG_OK);
        }
    CHECK(sg_rtp_settle(rtp, NULL) == SG_OK);
    CHECK(sg_rtp_totals(rtp, &totals, sizeof totals, NULL) == SG_OK && totals.packets == 18);
    CHECK(sg_rtp_snapshot(rtp, UINT32_MAX, &stats, sizeof stats, NULL) == SG_OK);
    CHECK(stats.arrivals_went_back > 0 && isfinite(stats.jitter_us) && isfinite(stats.bitrate_bps));
    CHECK(sg_rtp_flush(rtp, reader, INT64_MAX, &deltas, NULL) == SG_OK);
    sg_deltas_free(deltas);
    CHECK(sg_rtp_flush(rtp, reader, INT64_MIN, &deltas, NULL) == SG_OK);
    sg_deltas_free(deltas);
    sg_rtp_free(rtp);
}

/* A million SSRCs do not take a million streams' memory, nor the stream that was there. */
static void a_flood_of_ssrcs(void) {
    sg_rtp_config config;
    sg_rtp *rtp;
    sg_packet batch[250];
    sg_rtp_state before, after;
    sg_stream_stats stats;
    uint32_t ssrc = 1000;
    int round, i, failed = 0;
    memset(&config, 0, sizeof config);
    config.max_streams = 1024;
    config.max_unvalidated = 256;
    rtp = rtp_new(&config);
    for (round = 0; round < 4000; round++) {
        batch[0] = packet(round, 7, (uint16_t)round);
        for (i = 1; i < 250; i++) batch[i] = packet(round, ssrc++, 1);
        failed += sg_rtp_record(rtp, batch, 250, NULL) != SG_OK;
        if (round == 100) CHECK(sg_rtp_status(rtp, &before, sizeof before, NULL) == SG_OK);
    }
    CHECK(failed == 0 && sg_rtp_record(rtp, batch, 1, NULL) == SG_OK);
    CHECK(sg_rtp_status(rtp, &after, sizeof after, NULL) == SG_OK);
    CHECK(after.streams <= 1024 && after.memory_bytes <= before.memory_bytes);
    CHECK(after.unvalidated_packets == ssrc - 1000);
    CHECK(sg_rtp_snapshot(rtp, 7, &stats, sizeof stats, NULL) == SG_OK);
    CHECK(stats.totals.packets == 4001 && stats.totals.duplicates == 1 && stats.totals.lost == 0);
    sg_rtp_free(rtp);
}

static void rtcp(void) {
    static const uint8_t report[28] = {0x80, 200, 0, 6, 0, 0, 0, 1, 0, 1, 0, 2, 0, 3, 0,
                                       4,    0,   0, 0, 9, 0, 0, 0, 5, 0, 0, 1, 0};
    static const uint8_t answer[32] = {0x81, 201, 0,    7,    0,    0, 0, 99, 0, 0, 0, 1, 3, 0xff, 0xff, 0xfd,
                                       0,    0,   0x12, 0x34, 0,    0, 0, 8,  0, 2, 0, 3, 0, 0,    0x80, 0};
    sg_rtcp *rtcp = NULL;
    sg_rtcp_report said;
    sg_rtcp_counts counts;
    int64_t rtt_us = -1;
    size_t count = 0, length;
    CHECK(sg_rtcp_new(NULL, 0, &rtcp, NULL) == SG_OK);
    CHECK(sg_is_rtcp(report, sizeof report));
    CHECK(sg_rtcp_take_max_rtt_us(rtcp, &rtt_us, NULL) == SG_NOT_FOUND && rtt_us == -1);
    CHECK(sg_rtcp_record(rtcp, S, report, sizeof report, NULL) == SG_OK);
    CHECK(sg_rtcp_record(rtcp, S + 600000, answer, sizeof answer, NULL) == SG_OK);
    CHECK(sg_rtcp_source(rtcp, 1, &said, sizeof said, NULL) == SG_OK);
    CHECK(said.has_rtt && said.rtt_us == 100000 && said.has_block && said.cumulative_lost == -3);
    CHECK(said.fraction_lost == 3 && said.extended_highest == 0x1234 && said.jitter_ticks == 8);
    CHECK(said.has_sender && said.sent_packets == 5 && said.sent_bytes == 256 && said.sender_reports == 1);
    CHECK(said.sender_ntp == 0x0001000200030004 && said.sender_rtp_timestamp == 9 && !said.has_xr_rtt && !said.left);
    CHECK(sg_rtcp_take_max_rtt_us(rtcp, &rtt_us, NULL) == SG_OK && rtt_us == 100000);
    CHECK(sg_rtcp_source(rtcp, 2, &said, sizeof said, NULL) == SG_NOT_FOUND);
    for (length = 0; length < sizeof answer; length++) {
        uint8_t *exact = malloc(length > 0 ? length : 1);
        memcpy(exact, answer, length);
        CHECK(sg_rtcp_record(rtcp, INT64_MAX, exact, length, NULL) == SG_MALFORMED);
        free(exact);
    }
    CHECK(sg_rtcp_totals(rtcp, &counts, sizeof counts, NULL) == SG_OK);
    CHECK(counts.compounds == 2 + sizeof answer && counts.malformed == sizeof answer && counts.sender_reports == 1);
    CHECK(sg_rtcp_sources(rtcp, &said, sizeof said, 1, &count, NULL) == SG_OK && count == 1 && said.ssrc == 1);
    CHECK(sg_rtcp_sources(rtcp, NULL, 0, 0, &count, NULL) == SG_OK && count == 1);

    CHECK(sg_rtcp_record(rtcp, 0, NULL, 4, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_rtcp_record(NULL, 0, report, sizeof report, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_rtcp_source(NULL, 1, &said, sizeof said, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_rtcp_totals(rtcp, NULL, 0, NULL) == SG_INVALID_ARGUMENT);
    sg_rtcp_free(rtcp);
    sg_rtcp_free(NULL);
}

/* Goodbyes of many sources: bounded. */
static void a_flood_of_sources(void) {
    sg_rtcp_config config;
    sg_rtcp *rtcp = NULL;
    sg_rtcp_counts counts;
    uint8_t bye[8] = {0x81, 203, 0, 1, 0, 0, 0, 0};
    size_t count = 0;
    int i, failed = 0;
    config.max_sources = 100;
    CHECK(sg_rtcp_new(&config, sizeof config, &rtcp, NULL) == SG_OK);
    for (i = 0; i < 10000; i++) {
        bye[6] = (uint8_t)(i >> 8), bye[7] = (uint8_t)i;
        failed += sg_rtcp_record(rtcp, i, bye, sizeof bye, NULL) != SG_OK;
    }
    CHECK(failed == 0);
    CHECK(sg_rtcp_sources(rtcp, NULL, 0, 0, &count, NULL) == SG_OK && count == 100);
    CHECK(sg_rtcp_totals(rtcp, &counts, sizeof counts, NULL) == SG_OK && counts.byes == 10000 && counts.evicted == 9900);
    sg_rtcp_free(rtcp);
}

typedef struct {
    sg_rtp *rtp;
    const sg_packet *batch;
    size_t n;
    pthread_mutex_t lock;
    int stop;
    uint64_t counted, busy, other;
} worker;

static int stopped(worker *mine) {
    int stop;
    pthread_mutex_lock(&mine->lock);
    stop = mine->stop;
    pthread_mutex_unlock(&mine->lock);
    return stop;
}

static void *record_until_stopped(void *given) {
    worker *mine = given;
    while (!stopped(mine) && mine->other == 0) {
        switch (sg_rtp_record(mine->rtp, mine->batch, mine->n, NULL)) {
        case SG_OK: mine->counted++; break;
        case SG_BUSY: mine->busy++; break;
        default: mine->other++; break;
        }
    }
    return NULL;
}

/* A handle in use says so, and what it said so to was not counted; the rest was. */
static void many_threads_on_one_handle(void) {
    enum { N = 20000, WORKERS = 3 };
    sg_rtp *rtp = rtp_new(NULL);
    sg_packet *batch = calloc(N, sizeof *batch);
    sg_stream_totals totals;
    sg_rtp_state state;
    worker workers[WORKERS];
    pthread_t threads[WORKERS];
    uint64_t counted = 0;
    sg_status status = SG_OK;
    int i, tries;
    CHECK(batch != NULL);
    for (i = 0; i < N; i++) batch[i] = packet(0, 5, (uint16_t)i);
    memset(workers, 0, sizeof workers);
    for (i = 0; i < WORKERS; i++) {
        workers[i].rtp = rtp, workers[i].batch = batch, workers[i].n = N;
        CHECK(pthread_mutex_init(&workers[i].lock, NULL) == 0);
        CHECK(pthread_create(&threads[i], NULL, record_until_stopped, &workers[i]) == 0);
    }
    /* Under valgrind one thread runs at a time, and this one would not let go. */
    for (tries = 0; tries < 10000000 && status == SG_OK; tries++) {
        status = sg_rtp_status(rtp, &state, sizeof state, NULL);
        sched_yield();
    }
    CHECK(status == SG_BUSY);
    for (i = 0; i < WORKERS; i++) {
        pthread_mutex_lock(&workers[i].lock);
        workers[i].stop = 1;
        pthread_mutex_unlock(&workers[i].lock);
        CHECK(pthread_join(threads[i], NULL) == 0);
        CHECK(pthread_mutex_destroy(&workers[i].lock) == 0);
        CHECK(workers[i].other == 0);
        counted += workers[i].counted;
    }
    CHECK(sg_rtp_totals(rtp, &totals, sizeof totals, NULL) == SG_OK);
    CHECK(sg_rtp_status(rtp, &state, sizeof state, NULL) == SG_OK);
    CHECK(counted > 0 && totals.packets + state.unvalidated_packets == counted * N);
    sg_rtp_free(rtp);
    free(batch);
}

static void captures(void) {
    static const uint8_t empty[24] = {0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0,
                                      0,    0,    0,    0,    0, 0, 1, 0, 1, 0, 0, 0};
    /* An Ethernet frame with an RTP packet over IPv4 and UDP, and the one after it. */
    static const uint8_t frame[54] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 8,   0,  0x45, 0,    0,    40,
                                      0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2,    0x10, 0,
                                      0x20, 0, 0, 20, 0, 0, 0x80, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 9};
    static const char *const start = "{\"streams\":[]";
    uint8_t file[24 + 2 * (16 + sizeof frame)];
    sg_capture_stream stream;
    size_t count = 9, i;
    sg_buf json = {NULL, 0};
    CHECK(sg_capture_json(empty, sizeof empty, NULL, 0, &json, NULL) == SG_OK);
    CHECK(json.len > strlen(start) && memcmp(json.data, start, strlen(start)) == 0);
    sg_buf_free(&json);
    CHECK(sg_capture_json(NULL, 0, NULL, 0, &json, NULL) == SG_MALFORMED && json.data == NULL);
    CHECK(sg_capture_json((const uint8_t *)"neither", 7, NULL, 0, &json, NULL) == SG_MALFORMED);
    CHECK(sg_capture_json(empty, sizeof empty, NULL, 1, &json, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_capture_json(empty, sizeof empty, NULL, 0, NULL, NULL) == SG_INVALID_ARGUMENT);

    memset(file, 0, sizeof file);
    memcpy(file, empty, sizeof empty);
    for (i = 0; i < 2; i++) {
        uint8_t *at = file + sizeof empty + i * (16 + sizeof frame);
        at[0] = (uint8_t)(i + 1), at[8] = at[12] = sizeof frame;
        memcpy(at + 16, frame, sizeof frame);
        at[16 + 45] = (uint8_t)(i + 1);
    }
    CHECK(sg_capture_streams(file, sizeof file, NULL, 0, &stream, sizeof stream, 1, &count, NULL) == SG_OK);
    CHECK(count == 1 && stream.stats.ssrc == 9 && stream.stats.totals.packets == 2);
    CHECK(strcmp(stream.source, "10.0.0.1:4096") == 0 && strcmp(stream.destination, "10.0.0.2:8192") == 0);
    CHECK(stream.stats.first_arrival_us == S && stream.stats.last_arrival_us == 2 * S && !stream.has_rtt_us);
    /* Cut anywhere, it is a shorter capture, or none. */
    for (i = 0; i < sizeof file; i++) {
        uint8_t *exact = malloc(i > 0 ? i : 1);
        sg_status status;
        memcpy(exact, file, i);
        status = sg_capture_streams(exact, i, NULL, 0, &stream, sizeof stream, 1, &count, NULL);
        CHECK(status == (i < 24 ? SG_MALFORMED : SG_OK));
        free(exact);
    }
    CHECK(sg_capture_streams(file, sizeof file, NULL, 0, NULL, 0, 0, NULL, NULL) == SG_INVALID_ARGUMENT);
}

int main(void) {
    counters();
    rates();
    counters_refuse();
    raw_packets();
    streams();
    rtp_refuses();
    rtp_extremes();
    a_flood_of_ssrcs();
    rtcp();
    a_flood_of_sources();
    many_threads_on_one_handle();
    captures();
    return TESTS_DONE("packets");
}
