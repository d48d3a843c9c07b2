/* One publisher, three readers on threads of their own: a fast one, a slow one that skips to the next
 * random-access point, a slow one that is disconnected. At the end each account is checked to the byte. */
#define _POSIX_C_SOURCE 199309L
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <streamgauge.h>
#include <time.h>

enum { CHUNKS = 600, CHUNK_BYTES = 1316, CHUNKS_PER_GROUP = 50 };

struct reader {
    const char *name;
    int32_t policy;
    long pause_us;
    sg_cursor *cursor;
    uint64_t bytes;
    pthread_t thread;
};

static void die(const char *what, sg_error *error) {
    sg_str message = sg_error_message(error);
    fprintf(stderr, "%s: %.*s\n", what, (int)message.len, message.data);
    exit(1);
}

static void pause_us(long us) {
    struct timespec time = {us / 1000000, us % 1000000 * 1000};
    nanosleep(&time, NULL);
}

static void *run_reader(void *argument) {
    struct reader *reader = argument;
    sg_error *error = NULL;
    sg_batch *batch = NULL;
    sg_read read;
    uint64_t i;

    if (sg_batch_new(&batch, &error) != SG_OK) die("batch", error);
    do {
        sg_status status = sg_cursor_read_wait(reader->cursor, batch, -1, &read, sizeof read, &error);
        if (status == SG_LAGGED) {
            sg_error_free(error);
            break;
        }
        if (status != SG_OK) die(reader->name, error);
        /* A server would write views[i].bytes to its client here, straight from the ring's memory, and
         * views[0].preamble before it when the read skipped. */
        for (i = 0; i < read.chunks; i++) reader->bytes += read.views[i].bytes.len;
        if (read.skip_reason != 0) printf("%s: skipped %" PRIu64 " chunks\n", reader->name, read.skipped.chunks);
        if (reader->pause_us > 0) pause_us(reader->pause_us);
    } while (read.closed == 0);
    sg_batch_free(batch);
    return NULL;
}

int main(void) {
    struct reader readers[] = {{.name = "fast", .policy = SG_POLICY_SKIP},
                               {.name = "skips", .policy = SG_POLICY_SKIP_TO_RANDOM_ACCESS, .pause_us = 60000},
                               {.name = "leaves", .policy = SG_POLICY_DISCONNECT, .pause_us = 60000}};
    const size_t count = sizeof readers / sizeof *readers;
    uint8_t chunk[CHUNK_BYTES];
    sg_ring_config config;
    sg_cursor_config cursor;
    sg_chunk_info info;
    sg_error *error = NULL;
    sg_ring *ring = NULL;
    sg_lag left;
    size_t i;
    int at, wrong = 0;

    memset(&config, 0, sizeof config);
    config.max_chunks = 100;
    config.max_bytes = 1 << 20;
    config.payload_hint_bytes = CHUNK_BYTES;
    if (sg_ring_new(&config, sizeof config, &ring, &error) != SG_OK) die("ring", error);

    for (i = 0; i < count; i++) {
        memset(&cursor, 0, sizeof cursor);
        cursor.join = SG_JOIN_LIVE;
        cursor.policy = readers[i].policy;
        cursor.hard.chunks = 80;
        cursor.max_read_chunks = 16;
        if (sg_cursor_new(ring, &cursor, sizeof cursor, &readers[i].cursor, &error) != SG_OK) die("cursor", error);
        if (pthread_create(&readers[i].thread, NULL, run_reader, &readers[i]) != 0) return 1;
    }

    memset(chunk, 0x47, sizeof chunk);
    memset(&info, 0, sizeof info);
    for (at = 0; at < CHUNKS; at++) {
        info.random_access = at % CHUNKS_PER_GROUP == 0;
        if (sg_ring_publish_with(ring, at * 1000, chunk, sizeof chunk, &info, sizeof info, NULL, &error) != SG_OK)
            die("publish", error);
        pause_us(1000);
    }
    if (sg_ring_close(ring, SG_CLOSE_END, NULL, 0, NULL, &error) != SG_OK) die("close", error);

    for (i = 0; i < count; i++) {
        sg_cursor_state state;
        pthread_join(readers[i].thread, NULL);
        if (sg_cursor_status(readers[i].cursor, &state, sizeof state, &error) != SG_OK) die("status", error);
        left = state.lag;
        printf("%s: %" PRIu64 " chunks delivered, %" PRIu64 " skipped, %" PRIu64 " left\n", readers[i].name,
               state.account.delivered.chunks, state.account.skipped.chunks, left.chunks);
        wrong += state.account.delivered.bytes != readers[i].bytes ||
                 readers[i].bytes + state.account.skipped.bytes + left.bytes != (uint64_t)CHUNKS * CHUNK_BYTES;
        sg_cursor_free(readers[i].cursor);
    }
    sg_ring_free(ring);
    puts(wrong == 0 ? "every account adds up to the byte" : "an account does not add up");
    return wrong;
}
