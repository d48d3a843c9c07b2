/* What recording costs through the C library: nanoseconds a packet, single and in batches of 256, into statistics of
 * 1 stream and of 10,000, and into 1 track and 10,000; then a report of 10,000 tracks, nanoseconds a track. Each
 * figure is the least of several rounds. A line each: name, nanoseconds. */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <stdlib.h>
#include <streamgauge.h>
#include <string.h>
#include <time.h>

/* Packets of a round. */
#define PACKETS 1280000
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

static sg_packet packets[PACKETS];
static sg_rtp *rtp;
static sg_track *tracks[10000];

/* Packets of `streams` streams, `run` of one and then of the next; a round goes on where the one before ended. */
static void fill(uint64_t streams, uint64_t run, uint64_t round) {
    uint64_t i;
    for (i = 0; i < PACKETS; i++) {
        uint64_t at = round * PACKETS + i, number = at / (run * streams) * run + at % run;
        memset(&packets[i], 0, sizeof packets[i]);
        packets[i].arrival_us = (int64_t)number * 1000;
        packets[i].ssrc = (uint32_t)(at / run % streams) * 7919 + 1;
        packets[i].sequence = (uint16_t)number;
        packets[i].rtp_timestamp = (uint32_t)(number / 3 * 3000);
        packets[i].payload_type = 96;
        packets[i].wire_bytes = 1200;
        packets[i].header_bytes = 12;
    }
}

static void into_rtp(uint64_t streams, uint64_t n, uint64_t from) {
    uint64_t i;
    (void)streams, (void)from;
    for (i = 0; i < PACKETS; i += n) must(sg_rtp_record(rtp, packets + i, n, NULL));
}

static void into_tracks(uint64_t streams, uint64_t n, uint64_t from) {
    uint64_t i;
    for (i = 0; i < PACKETS; i += n) must(sg_track_record(tracks[(from + i) / n % streams], packets + i, n, NULL));
}

/* `n` packets a call, `run` of a stream at a time. */
static void measure(const char *name, uint64_t streams, uint64_t n, uint64_t run,
                    void (*record)(uint64_t, uint64_t, uint64_t)) {
    double least = 0;
    uint64_t round;
    for (round = 0; round < ROUNDS; round++) {
        double start, took;
        fill(streams, run, round);
        start = now_ns();
        record(streams, n, round * PACKETS);
        took = now_ns() - start;
        if (round == 0 || took < least) least = took;
    }
    printf("%s_%s_%u %.2f\n", name, n == 1 ? "single" : "batch", (unsigned)streams, least / PACKETS);
}

static void measure_rtp(uint64_t streams, uint64_t n) {
    must(sg_rtp_new(NULL, 0, &rtp, NULL));
    measure("rtp", streams, n, 1, into_rtp);
    sg_rtp_free(rtp);
}

static sg_telemetry *open_tracks(uint64_t streams) {
    sg_telemetry *telemetry = NULL;
    sg_track_key key;
    char name[32];
    uint64_t i;
    must(sg_telemetry_new(NULL, 0, &telemetry, NULL));
    must(sg_telemetry_identify(telemetry, NULL, 0, "RM_1", 4, NULL, 0, 0, NULL));
    memset(&key, 0, sizeof key);
    key.track.data = name;
    key.direction = SG_DIRECTION_UPSTREAM;
    key.kind = SG_TRACK_VIDEO;
    for (i = 0; i < streams; i++) {
        key.track.len = (size_t)sprintf(name, "TR_%u", (unsigned)i);
        must(sg_telemetry_open(telemetry, &key, sizeof key, 0, &tracks[i], NULL));
    }
    return telemetry;
}

static void close_tracks(sg_telemetry *telemetry, uint64_t streams) {
    uint64_t i;
    for (i = 0; i < streams; i++) {
        sg_track_free(tracks[i]);
        tracks[i] = NULL;
    }
    sg_telemetry_free(telemetry);
}

static void measure_tracks(uint64_t streams, uint64_t n) {
    sg_telemetry *telemetry = open_tracks(streams);
    measure("track", streams, n, n, into_tracks);
    close_tracks(telemetry, streams);
}

/* A report of all tracks, as LiveKit's protobuf: nanoseconds a track. */
static void measure_flush(uint64_t streams) {
    sg_telemetry *telemetry = open_tracks(streams);
    double least = 0;
    uint64_t round;
    for (round = 0; round < ROUNDS; round++) {
        sg_report *report = NULL;
        sg_buf protobuf = {NULL, 0};
        double start, took;
        fill(streams, 1, round);
        into_tracks(streams, 1, round * PACKETS);
        start = now_ns();
        must(sg_telemetry_take(telemetry, (int64_t)round * 5000000, &report, NULL));
        must(sg_report_livekit(report, "ND_1", 4, "ST_", 3, &protobuf, NULL));
        must(sg_telemetry_ack(telemetry, (int64_t)round * 5000000, NULL, NULL));
        sg_report_free(report);
        sg_buf_free(&protobuf);
        took = now_ns() - start;
        if (round == 0 || took < least) least = took;
    }
    printf("flush_%u %.2f\n", (unsigned)streams, least / (double)streams);
    close_tracks(telemetry, streams);
}

int main(void) {
    static const uint64_t streams[2] = {1, 10000}, batches[2] = {1, BATCH};
    int i, k;
    for (i = 0; i < 2; i++)
        for (k = 0; k < 2; k++) measure_rtp(streams[i], batches[k]);
    for (i = 0; i < 2; i++)
        for (k = 0; k < 2; k++) measure_tracks(streams[i], batches[k]);
    /* Tracks that are NULL record nothing. */
    measure("track_null", 1, 1, 1, into_tracks);
    measure_flush(10000);
    return 0;
}
