/* The chunk ring: publishing, reading, joining, policies, waits, cancelling, many threads. */
#include <pthread.h>
#include <stdlib.h>

#include "check.h"

#define US_PER_S 1000000

static sg_ring *made(uint64_t max_chunks, uint64_t max_bytes) {
    sg_ring *ring = NULL;
    sg_ring_config config;
    memset(&config, 0, sizeof config);
    config.max_chunks = max_chunks;
    config.max_bytes = max_bytes;
    config.epoch = 7;
    CHECK(sg_ring_new(&config, sizeof config, &ring, NULL) == SG_OK);
    return ring;
}

static sg_cursor *reader(sg_ring *ring, int32_t join, int32_t policy) {
    sg_cursor *cursor = NULL;
    sg_cursor_config config;
    memset(&config, 0, sizeof config);
    config.join = join;
    config.policy = policy;
    CHECK(sg_cursor_new(ring, &config, sizeof config, &cursor, NULL) == SG_OK);
    return cursor;
}

static sg_batch *batch_new(void) {
    sg_batch *batch = NULL;
    CHECK(sg_batch_new(&batch, NULL) == SG_OK);
    return batch;
}

static uint64_t publish(sg_ring *ring, int64_t now_us, const char *text) {
    uint64_t sequence = 0;
    CHECK(sg_ring_publish(ring, now_us, (const uint8_t *)text, strlen(text), &sequence, NULL) == SG_OK);
    return sequence;
}

static int is(sg_bytes bytes, const char *text) {
    return bytes.len == strlen(text) && memcmp(bytes.data, text, bytes.len) == 0;
}

static void publish_and_read(void) {
    sg_ring *ring = made(4, 100);
    sg_cursor *cursor = reader(ring, SG_JOIN_LIVE, SG_POLICY_SKIP);
    sg_batch *batch = batch_new();
    sg_read read;
    sg_bytes chunks[3] = {{(const uint8_t *)"two", 3}, {NULL, 0}, {(const uint8_t *)"three", 5}};
    sg_chunk_info info;
    uint64_t added = 0;
    bool first = false;

    CHECK(sg_cursor_read(cursor, batch, &read, sizeof read, NULL) == SG_OK);
    CHECK(read.chunks == 0 && read.views == NULL && read.closed == 0 && read.newest == SG_NO_SEQUENCE);

    CHECK(publish(ring, US_PER_S, "one") == 0);
    CHECK(publish(ring, US_PER_S, "") == SG_NO_SEQUENCE);
    CHECK(sg_ring_publish_batch(ring, US_PER_S + 5, chunks, 3, &added, NULL) == SG_OK && added == 2);
    memset(&info, 0, sizeof info);
    info.random_access = 1;
    info.preamble.data = (const uint8_t *)"PAT";
    info.preamble.len = 3;
    CHECK(sg_ring_publish_with(ring, 2 * US_PER_S, (const uint8_t *)"four", 4, &info, sizeof info, NULL, NULL) ==
          SG_OK);
    info.random_access = 0;
    CHECK(sg_ring_publish_with(ring, 2 * US_PER_S, (const uint8_t *)"no", 2, &info, sizeof info, NULL, NULL) ==
          SG_INVALID_ARGUMENT);

    CHECK(sg_cursor_read(cursor, batch, &read, sizeof read, NULL) == SG_OK);
    CHECK(read.chunks == 4 && read.bytes == 15 && read.requested.sequence == 0 && read.next.sequence == 4);
    CHECK(read.next.epoch == 7 && read.next.offset_bytes == 15 && read.next.time_us == 2 * US_PER_S);
    CHECK(read.requested.has_time == 0 && read.next.has_time == 1);
    CHECK(read.oldest == 0 && read.newest == 3 && read.buffered_chunks == 4 && read.buffered_bytes == 15);
    CHECK(read.behind.chunks == 0 && read.lag.chunks == 0 && read.skip_reason == 0 && !read.warning);
    CHECK(is(read.views[0].bytes, "one") && is(read.views[1].bytes, "two") && is(read.views[2].bytes, "three"));
    CHECK(read.views[2].sequence == 2 && read.views[2].time_us == US_PER_S + 5 && !read.views[2].random_access);
    CHECK(read.views[3].random_access && is(read.views[3].preamble, "PAT"));
    CHECK(read.views[2].preamble.len == 0);

    /* What is held stays, whatever is published. */
    CHECK(publish(ring, 3 * US_PER_S, "five") == 4 && publish(ring, 3 * US_PER_S, "six") == 5);
    CHECK(is(read.views[0].bytes, "one"));
    CHECK(sg_batch_release(batch, NULL) == SG_OK && sg_batch_release(batch, NULL) == SG_OK);

    CHECK(sg_ring_close(ring, SG_CLOSE_FAILED, "cable cut", 9, &first, NULL) == SG_OK && first);
    CHECK(sg_ring_close(ring, SG_CLOSE_END, NULL, 0, &first, NULL) == SG_OK && !first);
    CHECK(sg_ring_close(ring, 9, NULL, 0, NULL, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_ring_publish(ring, 0, (const uint8_t *)"x", 1, NULL, NULL) == SG_CLOSED);

    /* Cursor and batch outlive the ring's handle; the reason comes once all is read. */
    sg_ring_free(ring);
    CHECK(sg_cursor_read(cursor, batch, &read, sizeof read, NULL) == SG_OK);
    CHECK(read.chunks == 2 && read.closed == SG_CLOSE_FAILED && same(read.close_message, "cable cut"));
    sg_cursor_free(cursor);
    CHECK(is(read.views[1].bytes, "six"));
    sg_batch_free(batch);
}

static void sized_structs(void) {
    sg_ring *ring = NULL;
    sg_error *error = NULL;
    sg_ring_config config;
    sg_cursor *cursor = NULL;
    struct {
        sg_ring_state state;
        uint64_t newer;
    } longer;
    struct {
        sg_ring_config config;
        uint64_t newer;
    } newer;

    memset(&config, 0, sizeof config);
    CHECK(sg_ring_new(&config, sizeof config, &ring, &error) == SG_INVALID_ARGUMENT && ring == NULL);
    CHECK(same(sg_error_message(error), "max_chunks is below 1, the least possible"));
    sg_error_free(error);
    config.max_chunks = 2;
    config.max_bytes = 50;
    /* A caller that knows only two fields, and one that knows more. */
    CHECK(sg_ring_new(&config, 2 * sizeof(uint64_t), &ring, NULL) == SG_OK);
    longer.newer = 5;
    CHECK(sg_ring_snapshot(ring, &longer.state, sizeof longer, NULL) == SG_OK && longer.newer == 0);
    longer.newer = 5;
    CHECK(sg_ring_snapshot(ring, &longer.state, sizeof longer.state, NULL) == SG_OK && longer.newer == 5);
    CHECK(longer.state.latest_random_access == SG_NO_SEQUENCE && longer.state.closed == 0);
    CHECK(sg_ring_snapshot(ring, NULL, sizeof longer.state, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_cursor_new(ring, NULL, 0, &cursor, NULL) == SG_OK);
    sg_cursor_free(cursor);
    sg_ring_free(ring);

    ring = NULL;
    newer.config = config;
    newer.newer = 1;
    CHECK(sg_ring_new(&newer.config, sizeof newer, &ring, NULL) == SG_UNSUPPORTED && ring == NULL);
    config.max_age_us = -1;
    CHECK(sg_ring_new(&config, sizeof config, &ring, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_ring_new(NULL, 0, &ring, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_ring_publish(NULL, 0, NULL, 0, NULL, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_cursor_read(NULL, NULL, NULL, 0, NULL) == SG_INVALID_ARGUMENT);
    sg_ring_free(NULL);
    sg_cursor_free(NULL);
    sg_batch_free(NULL);
    sg_canceller_free(NULL);
}

static void joins_and_positions(void) {
    sg_ring *ring = made(8, 1000);
    sg_batch *batch = batch_new();
    sg_position position, stale;
    sg_chunk_info info;
    sg_read read;
    sg_lag lag;
    bool satisfied = true;
    int i;

    memset(&info, 0, sizeof info);
    CHECK(sg_ring_join(ring, SG_JOIN_RANDOM_ACCESS, 0, &position, &satisfied, NULL) == SG_OK && !satisfied);
    for (i = 0; i < 10; i++) {
        info.random_access = i == 6;
        CHECK(sg_ring_publish_with(ring, i * 100, (const uint8_t *)"0123456789", 10, &info, sizeof info, NULL,
                                   NULL) == SG_OK);
    }
    CHECK(sg_ring_join(ring, SG_JOIN_LIVE, 0, &position, NULL, NULL) == SG_OK && position.sequence == 10);
    CHECK(sg_ring_join(ring, SG_JOIN_OLDEST, 0, &position, NULL, NULL) == SG_OK && position.sequence == 2);
    CHECK(sg_ring_join(ring, SG_JOIN_LAG_BYTES, 25, &position, &satisfied, NULL) == SG_OK);
    CHECK(position.sequence == 7 && satisfied);
    CHECK(sg_ring_join(ring, SG_JOIN_LAG_BYTES, 500, &position, &satisfied, NULL) == SG_OK);
    CHECK(position.sequence == 2 && !satisfied);
    CHECK(sg_ring_join(ring, SG_JOIN_LAG_TIME, 250, &position, &satisfied, NULL) == SG_OK);
    CHECK(position.sequence == 6 && satisfied);
    CHECK(sg_ring_join(ring, SG_JOIN_RANDOM_ACCESS, 0, &position, NULL, NULL) == SG_OK && position.sequence == 6);
    CHECK(sg_ring_join(ring, 5, 0, &position, NULL, NULL) == SG_INVALID_ARGUMENT);

    CHECK(sg_ring_lag(ring, &position, &lag, NULL) == SG_OK);
    CHECK(lag.chunks == 4 && lag.bytes == 40 && lag.time_us == 400);
    CHECK(sg_ring_read(ring, &position, 2, 1000, batch, &read, sizeof read, NULL) == SG_OK);
    CHECK(read.chunks == 2 && read.views[0].random_access && read.lag.chunks == 2);
    stale = position;
    stale.epoch = 6;
    CHECK(sg_ring_lag(ring, &stale, &lag, NULL) == SG_STALE_CURSOR);
    CHECK(sg_ring_read(ring, &stale, 2, 1000, batch, &read, sizeof read, NULL) == SG_STALE_CURSOR);
    CHECK(sg_ring_wait(ring, &stale, 0, NULL) == SG_STALE_CURSOR);
    stale.epoch = 7;
    stale.sequence = 11;
    CHECK(sg_ring_lag(ring, &stale, &lag, NULL) == SG_STALE_CURSOR);
    CHECK(sg_ring_read(ring, &position, 0, 1000, batch, &read, sizeof read, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_ring_wait(ring, &position, -1, NULL) == SG_OK);
    CHECK(sg_ring_join(ring, SG_JOIN_LIVE, 0, &position, NULL, NULL) == SG_OK);
    CHECK(sg_ring_wait(ring, &position, 1000, NULL) == SG_TIMED_OUT);
    sg_batch_free(batch);
    sg_ring_free(ring);
}

static void policies_and_accounts(void) {
    sg_ring *ring = made(4, 1000);
    sg_cursor *skips = reader(ring, SG_JOIN_OLDEST, SG_POLICY_SKIP);
    sg_cursor *leaves = reader(ring, SG_JOIN_OLDEST, SG_POLICY_DISCONNECT);
    sg_batch *batch = batch_new();
    sg_cursor_state state, states[4];
    sg_ring_state whole;
    sg_account account;
    sg_read read;
    size_t count = 0;
    int i;

    for (i = 0; i < 6; i++) publish(ring, i, "0123456789");
    CHECK(sg_cursor_read(skips, batch, &read, sizeof read, NULL) == SG_OK);
    CHECK(read.skip_reason == SG_SKIP_EVICTED && read.skipped.chunks == 6 && read.skipped.bytes == 60);
    CHECK(sg_cursor_read(leaves, batch, &read, sizeof read, NULL) == SG_LAGGED);
    CHECK(sg_cursor_read(leaves, batch, &read, sizeof read, NULL) == SG_LAGGED);
    CHECK(sg_cursor_record_blocked_write(skips, 40, 1, NULL) == SG_OK);
    publish(ring, 9, "more");
    CHECK(sg_cursor_status(skips, &state, sizeof state, NULL) == SG_OK);
    CHECK(state.account.skip_events == 1 && state.account.skipped.chunks == 6 && state.lag.chunks == 1);
    CHECK(state.account.blocked_write_us == 40 && state.account.write_timeouts == 1);

    CHECK(sg_ring_cursors(ring, states, sizeof *states, 4, &count, NULL) == SG_OK && count == 2);
    CHECK(states[0].id == 0 && states[1].id == 1 && states[1].account.ended[SG_END_LAGGED] == 1);
    CHECK(sg_ring_cursors(ring, NULL, 0, 0, &count, NULL) == SG_OK && count == 2);
    CHECK(sg_cursor_finish(skips, SG_END_WRITE_FAILED, &account, sizeof account, NULL) == SG_OK);
    CHECK(account.ended[SG_END_WRITE_FAILED] == 1 && account.skipped.chunks == 6);
    CHECK(sg_cursor_finish(skips, SG_END_LEFT, NULL, 0, NULL) == SG_CLOSED);
    CHECK(sg_cursor_finish(leaves, 0, NULL, 0, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_cursor_read(skips, batch, &read, sizeof read, NULL) == SG_CLOSED);
    sg_cursor_free(leaves);
    CHECK(sg_ring_snapshot(ring, &whole, sizeof whole, NULL) == SG_OK);
    CHECK(whole.cursors == 0 && whole.cursors_opened == 2 && whole.account.skipped.chunks == 6);
    CHECK(whole.account.ended[SG_END_LAGGED] == 1 && whole.account.write_timeouts == 1);
    CHECK(whole.buffered.chunks == 4 && whole.next.sequence == 7 && whole.held_chunks == 0);
    sg_cursor_free(skips);
    sg_batch_free(batch);
    sg_ring_free(ring);
}

static void held_bytes_are_bounded(void) {
    sg_ring *ring = NULL;
    sg_ring_config config;
    sg_batch *one = batch_new(), *two = batch_new();
    sg_cursor *cursor;
    sg_read read;

    memset(&config, 0, sizeof config);
    config.max_chunks = 8;
    config.max_bytes = 100;
    config.max_held_bytes = 10;
    CHECK(sg_ring_new(&config, sizeof config, &ring, NULL) == SG_OK);
    cursor = reader(ring, SG_JOIN_LIVE, SG_POLICY_SKIP);
    publish(ring, 0, "0123456789");
    CHECK(sg_cursor_read(cursor, one, &read, sizeof read, NULL) == SG_OK && read.chunks == 1);
    publish(ring, 1, "abcdefghij");
    CHECK(sg_cursor_read(cursor, two, &read, sizeof read, NULL) == SG_CAPACITY_EXCEEDED);
    CHECK(sg_batch_release(one, NULL) == SG_OK);
    CHECK(sg_cursor_read(cursor, two, &read, sizeof read, NULL) == SG_OK && is(read.views[0].bytes, "abcdefghij"));
    sg_batch_free(one);
    sg_batch_free(two);
    sg_cursor_free(cursor);
    sg_ring_free(ring);
}

static void into_a_buffer(void) {
    sg_ring *ring = made(8, 1000);
    sg_cursor *cursor = reader(ring, SG_JOIN_LIVE, SG_POLICY_SKIP);
    sg_batch *batch = batch_new();
    uint8_t bytes[8];
    size_t len = 99;
    sg_read read;
    int i;

    CHECK(sg_cursor_read_into(cursor, bytes, sizeof bytes, 0, &len, NULL, 0, NULL) == SG_TIMED_OUT && len == 99);
    publish(ring, 0, "hello ");
    publish(ring, 0, "wide world");
    CHECK(sg_cursor_read_into(cursor, bytes, sizeof bytes, -1, &len, &read, sizeof read, NULL) == SG_OK);
    CHECK(len == 8 && memcmp(bytes, "hello wi", 8) == 0 && read.chunks == 2 && read.views == NULL);
    CHECK(sg_cursor_read(cursor, batch, &read, sizeof read, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_cursor_read_into(cursor, bytes, sizeof bytes, 0, &len, NULL, 0, NULL) == SG_OK && len == 8);
    CHECK(memcmp(bytes, "de world", 8) == 0);
    CHECK(sg_cursor_read_into(cursor, bytes, 0, 0, &len, NULL, 0, NULL) == SG_INVALID_ARGUMENT);
    /* A jump to where nothing has come yet is told with the bytes that come next. */
    for (i = 0; i < 9; i++) publish(ring, 0, "gone");
    CHECK(sg_cursor_read_into(cursor, bytes, sizeof bytes, 0, &len, NULL, 0, NULL) == SG_TIMED_OUT);
    publish(ring, 0, "next");
    CHECK(sg_cursor_read_into(cursor, bytes, sizeof bytes, 0, &len, &read, sizeof read, NULL) == SG_OK && len == 4);
    CHECK(memcmp(bytes, "next", 4) == 0 && read.skip_reason == SG_SKIP_EVICTED && read.skipped.chunks == 9);
    CHECK(sg_ring_close(ring, SG_CLOSE_END, NULL, 0, NULL, NULL) == SG_OK);
    CHECK(sg_cursor_read_into(cursor, bytes, sizeof bytes, -1, &len, &read, sizeof read, NULL) == SG_OK);
    CHECK(len == 0 && read.closed == SG_CLOSE_END);
    sg_batch_free(batch);
    sg_cursor_free(cursor);
    sg_ring_free(ring);
}

struct calls {
    int woken, released;
};

static void on_wake(void *user) { ((struct calls *)user)->woken++; }
static void on_release(void *user) { ((struct calls *)user)->released++; }

static void callbacks(void) {
    sg_ring *ring = made(8, 1000);
    sg_cursor *cursor = reader(ring, SG_JOIN_LIVE, SG_POLICY_SKIP);
    sg_batch *batch = batch_new();
    struct calls first = {0, 0}, second = {0, 0}, third = {0, 0}, refused = {0, 0};
    sg_read read;

    CHECK(sg_cursor_poll_read(cursor, batch, on_wake, on_release, &first, &read, sizeof read, NULL) == SG_OK);
    CHECK(read.pending && read.chunks == 0 && first.woken == 0 && first.released == 0);
    publish(ring, 0, "x");
    CHECK(first.woken == 1 && first.released == 1);
    publish(ring, 0, "y");
    CHECK(first.woken == 1);
    CHECK(sg_cursor_poll_read(cursor, batch, on_wake, on_release, &second, &read, sizeof read, NULL) == SG_OK);
    CHECK(!read.pending && read.chunks == 2 && second.woken == 0 && second.released == 1);
    CHECK(sg_cursor_poll_read(cursor, batch, on_wake, on_release, &third, &read, sizeof read, NULL) == SG_OK);
    CHECK(read.pending && third.released == 0);
    CHECK(sg_cursor_poll_read(cursor, batch, NULL, on_release, &refused, &read, sizeof read, NULL) ==
          SG_INVALID_ARGUMENT);
    CHECK(refused.released == 1);
    sg_cursor_free(cursor);
    CHECK(third.woken == 0 && third.released == 1);
    sg_batch_free(batch);
    sg_ring_free(ring);
}

struct waiter {
    sg_cursor *cursor;
    sg_status status;
};

static void *wait_for_ever(void *argument) {
    struct waiter *waiter = argument;
    sg_batch *batch = NULL;
    sg_read read;
    if (sg_batch_new(&batch, NULL) != SG_OK) return NULL;
    waiter->status = sg_cursor_read_wait(waiter->cursor, batch, -1, &read, sizeof read, NULL);
    sg_batch_free(batch);
    return NULL;
}

static void cancelling_from_another_thread(void) {
    sg_ring *ring = made(8, 1000);
    sg_cursor *cursor = reader(ring, SG_JOIN_LIVE, SG_POLICY_SKIP);
    sg_canceller *canceller = NULL, *next = NULL;
    sg_batch *batch = batch_new();
    struct waiter waiter = {cursor, -1};
    sg_ring_state state;
    sg_cursor_state status;
    sg_read read;
    pthread_t thread;

    CHECK(sg_cursor_canceller(cursor, &canceller, NULL) == SG_OK);
    CHECK(pthread_create(&thread, NULL, wait_for_ever, &waiter) == 0);
    do {
        if (sg_ring_snapshot(ring, &state, sizeof state, NULL) != SG_OK) break;
    } while (state.waiting == 0);
    CHECK(state.waiting == 1);
    CHECK(sg_cursor_status(cursor, &status, sizeof status, NULL) == SG_BUSY);
    CHECK(sg_cursor_read(cursor, batch, &read, sizeof read, NULL) == SG_BUSY);
    CHECK(sg_canceller_cancel(canceller, NULL) == SG_OK);
    CHECK(pthread_join(thread, NULL) == 0 && waiter.status == SG_CANCELLED);
    CHECK(sg_cursor_read_wait(cursor, batch, -1, &read, sizeof read, NULL) == SG_CANCELLED);
    CHECK(sg_cursor_canceller(cursor, &next, NULL) == SG_OK);
    CHECK(sg_canceller_cancel(canceller, NULL) == SG_OK);
    CHECK(sg_cursor_read_wait(cursor, batch, 100, &read, sizeof read, NULL) == SG_TIMED_OUT);
    sg_cursor_free(cursor);
    CHECK(sg_canceller_cancel(next, NULL) == SG_OK);
    sg_canceller_free(canceller);
    sg_canceller_free(next);
    sg_batch_free(batch);
    sg_ring_free(ring);
}

enum { PUBLISHERS = 3, READERS = 4, PUBLISHED = 2000 };

static void *publish_many(void *ring) {
    int i;
    uint8_t payload[64];
    memset(payload, 0x47, sizeof payload);
    for (i = 0; i < PUBLISHED; i++) {
        if (sg_ring_publish(ring, i, payload, 1 + (size_t)i % sizeof payload, NULL, NULL) != SG_OK) return NULL;
    }
    return ring;
}

struct tally {
    sg_cursor *cursor;
    uint64_t chunks, bytes, skipped, wrong;
};

static void *read_to_the_end(void *argument) {
    struct tally *tally = argument;
    sg_batch *batch = NULL;
    sg_read read;
    if (sg_batch_new(&batch, NULL) != SG_OK) return NULL;
    memset(&read, 0, sizeof read);
    while (read.closed == 0 &&
           sg_cursor_read_wait(tally->cursor, batch, -1, &read, sizeof read, NULL) == SG_OK) {
        uint64_t i;
        for (i = 0; i < read.chunks; i++) {
            tally->bytes += read.views[i].bytes.len;
            tally->wrong += read.views[i].bytes.data[read.views[i].bytes.len - 1] != 0x47;
        }
        tally->chunks += read.chunks;
        tally->skipped += read.skip_reason == 0 ? 0 : read.skipped.chunks;
    }
    sg_batch_free(batch);
    return read.closed == SG_CLOSE_END ? argument : NULL;
}

static void many_threads(void) {
    sg_ring *ring = made(64, 4000);
    pthread_t publishers[PUBLISHERS], readers[READERS];
    struct tally tallies[READERS];
    void *result;
    int i;

    memset(tallies, 0, sizeof tallies);
    for (i = 0; i < READERS; i++) {
        tallies[i].cursor = reader(ring, SG_JOIN_LIVE, SG_POLICY_SKIP);
        CHECK(pthread_create(&readers[i], NULL, read_to_the_end, &tallies[i]) == 0);
    }
    for (i = 0; i < PUBLISHERS; i++) CHECK(pthread_create(&publishers[i], NULL, publish_many, ring) == 0);
    for (i = 0; i < PUBLISHERS; i++) CHECK(pthread_join(publishers[i], &result) == 0 && result == ring);
    CHECK(sg_ring_close(ring, SG_CLOSE_END, NULL, 0, NULL, NULL) == SG_OK);
    for (i = 0; i < READERS; i++) {
        sg_account account;
        CHECK(pthread_join(readers[i], &result) == 0 && result == &tallies[i]);
        CHECK(sg_cursor_finish(tallies[i].cursor, SG_END_LEFT, &account, sizeof account, NULL) == SG_OK);
        sg_cursor_free(tallies[i].cursor);
        CHECK(tallies[i].wrong == 0 && account.ended[SG_END_DRAINED] == 1);
        CHECK(tallies[i].chunks + tallies[i].skipped == PUBLISHERS * PUBLISHED);
        CHECK(account.delivered.chunks == tallies[i].chunks && account.delivered.bytes == tallies[i].bytes);
    }
    sg_ring_free(ring);
}

int main(void) {
    publish_and_read();
    sized_structs();
    joins_and_positions();
    policies_and_accounts();
    held_bytes_are_bounded();
    into_a_buffer();
    callbacks();
    cancelling_from_another_thread();
    many_threads();
    return TESTS_DONE("ring");
}
