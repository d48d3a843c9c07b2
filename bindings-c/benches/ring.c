/* What a ring costs through the C library, on one thread: 64 chunks published, then read by each of the readers as
 * views, and copied out as well. Beside it a plain memcpy of the same chunks through a buffer as large as the ring,
 * so that neither is in a nearer cache. Nanoseconds a chunk, the least of several rounds. The allocator is that of
 * the C library. */
#define _POSIX_C_SOURCE 200809L
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <streamgauge.h>
#include <string.h>
#include <time.h>

enum { TURN = 64, CHUNKS = 256, ROUNDS = 7, MAX_BYTES = 65536, MAX_READERS = 64 };

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

static uint8_t chunk[MAX_BYTES], copy[MAX_BYTES], plain[(size_t)CHUNKS * MAX_BYTES];
static volatile uint8_t seen;

struct costs {
    double publish, views, copies, memcpy_in;
};

static void least(double *least, double took, double chunks, int round) {
    if (round == 0 || took / chunks < *least) *least = took / chunks;
}

static void read_all(const sg_cursor *cursor, sg_batch *batch, int copies) {
    sg_read read;
    uint64_t i, done = 0;
    while (done < TURN) {
        must(sg_cursor_read(cursor, batch, &read, sizeof read, NULL));
        for (i = 0; i < read.chunks; i++) {
            if (copies) memcpy(copy, read.views[i].bytes.data, read.views[i].bytes.len);
            seen = read.views[i].bytes.data[0];
        }
        done += read.chunks;
    }
    must(sg_batch_release(batch, NULL));
}

static struct costs measure(size_t bytes, int readers, int turns) {
    struct costs costs;
    sg_cursor *cursors[MAX_READERS];
    sg_ring_config config;
    sg_batch *batch;
    sg_ring *ring;
    int round, turn, i, mode;

    memset(&config, 0, sizeof config);
    config.max_chunks = CHUNKS;
    config.max_bytes = (uint64_t)CHUNKS * bytes;
    config.payload_hint_bytes = bytes;
    must(sg_ring_new(&config, sizeof config, &ring, NULL));
    must(sg_batch_new(&batch, NULL));
    for (i = 0; i < readers; i++) must(sg_cursor_new(ring, NULL, 0, &cursors[i], NULL));
    for (round = 0; round < ROUNDS; round++) {
        double in = 0, out[2] = {0, 0}, plainly = 0, start;
        for (turn = 0; turn < turns; turn++) {
            mode = turn % 2;
            start = now_ns();
            for (i = 0; i < TURN; i++) must(sg_ring_publish(ring, turn, chunk, bytes, NULL, NULL));
            in += now_ns() - start;
            start = now_ns();
            for (i = 0; i < readers; i++) read_all(cursors[i], batch, mode);
            out[mode] += now_ns() - start;
            start = now_ns();
            for (i = 0; i < TURN; i++) memcpy(plain + (size_t)(turn * TURN + i) % CHUNKS * bytes, chunk, bytes);
            seen = plain[(size_t)turn % CHUNKS * bytes];
            plainly += now_ns() - start;
        }
        least(&costs.publish, in, (double)turns * TURN, round);
        least(&costs.views, out[0], (double)turns / 2 * TURN * readers, round);
        least(&costs.copies, out[1], (double)turns / 2 * TURN * readers, round);
        least(&costs.memcpy_in, plainly, (double)turns * TURN, round);
    }
    for (i = 0; i < readers; i++) sg_cursor_free(cursors[i]);
    sg_batch_free(batch);
    sg_ring_free(ring);
    return costs;
}

int main(void) {
    static const size_t sizes[] = {1316, MAX_BYTES};
    static const int readers[] = {1, 8, MAX_READERS};
    size_t size, i;
    memset(chunk, 0x47, sizeof chunk);
    for (size = 0; size < 2; size++) {
        for (i = 0; i < 3; i++) {
            struct costs costs = measure(sizes[size], readers[i], (size == 0 ? 20000 : 800) / readers[i] / 2 * 2 + 2);
            printf("ring_%zu_%d_readers publish %.1f memcpy %.1f read_views %.1f read_copies %.1f\n", sizes[size],
                   readers[i], costs.publish, costs.memcpy_in, costs.views, costs.copies);
        }
    }
    return 0;
}
