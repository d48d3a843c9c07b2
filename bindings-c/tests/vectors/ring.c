/* The chunk ring for the vectors. */
#include <string.h>

#include "adapter.h"

static void free_ring(void *ring) { sg_ring_free(ring); }
static void free_cursor(void *cursor) { sg_cursor_free(cursor); }

/* A batch, and the chunks of its last read. */
typedef struct {
    sg_batch *batch;
    sg_read read;
} held;

static void free_held(void *made) {
    sg_batch_free(((held *)made)->batch);
    free(made);
}

static sg_ring *mine(const objects *all, const cJSON *args) { return get(all, "ring", text_of(args, "id")); }

/* The batch of the name, made when it is not there. */
static held *batch(objects *all, const cJSON *args) {
    held *made = find(all, "batch", text_of(args, "batch"));
    if (made != NULL) return made;
    made = calloc(1, sizeof *made);
    if (made == NULL || sg_batch_new(&made->batch, NULL) != SG_OK) die("cannot be made", "a batch");
    add(all, "batch", text_of(args, "batch"), made, free_held);
    return made;
}

static void make(objects *all, const cJSON *args, answer *out) {
    sg_ring_config config;
    sg_ring *ring = NULL;
    memset(&config, 0, sizeof config);
    config.max_chunks = u64_of(args, "max_chunks");
    config.max_bytes = u64_of(args, "max_bytes");
    config.epoch = u64_of(args, "epoch");
    config.max_age_us = (int64_t)u64_or(args, "max_age_us", 0);
    config.max_held_bytes = u64_or(args, "max_held_bytes", 0);
    out->status = sg_ring_new(&config, sizeof config, &ring, NULL);
    if (out->status == SG_OK) add(all, "ring", text_of(args, "id"), ring, free_ring);
}

static void publish(objects *all, const cJSON *args, answer *out) {
    const char *data = text_of(args, "data");
    sg_chunk_info info;
    uint64_t sequence = SG_NO_SEQUENCE;
    memset(&info, 0, sizeof info);
    info.random_access = (uint8_t)is_true(args, "random_access");
    out->status = sg_ring_publish_with(mine(all, args), i64_of(args, "now_us"), (const uint8_t *)data,
                                       strlen(data), &info, sizeof info, &sequence, NULL);
    out->value = cJSON_CreateObject();
    put_u64_if(out->value, "sequence", sequence != SG_NO_SEQUENCE, sequence);
}

static void close_ring(objects *all, const cJSON *args, answer *out) {
    bool first = false;
    int32_t kind = is_text(args, "kind", "end")         ? SG_CLOSE_END
                   : is_text(args, "kind", "cancelled") ? SG_CLOSE_CANCELLED
                                                        : SG_CLOSE_FAILED;
    out->status = sg_ring_close(mine(all, args), kind, NULL, 0, &first, NULL);
    out->value = cJSON_CreateObject();
    cJSON_AddBoolToObject(out->value, "first", first);
}

static void expire(objects *all, const cJSON *args, answer *out) {
    out->status = sg_ring_expire(mine(all, args), i64_of(args, "now_us"), NULL);
}

static int32_t join_of(const cJSON *args, int64_t *amount) {
    static const char *const JOINS[] = {"live", "oldest", "lag_bytes", "lag_time", "random_access"};
    int32_t mode;
    *amount = has(args, "value") ? i64_of(args, "value") : 0;
    for (mode = 0; mode < 5; mode++)
        if (is_text(args, "join", JOINS[mode])) return mode;
    die("is no join", text_of(args, "join"));
    return -1;
}

static void join(objects *all, const cJSON *args, answer *out) {
    sg_position position;
    bool satisfied = false;
    int64_t amount;
    int32_t mode = join_of(args, &amount);
    out->status = sg_ring_join(mine(all, args), mode, amount, &position, &satisfied, NULL);
    if (out->status != SG_OK) return;
    out->value = cJSON_CreateObject();
    put_u64(out->value, "sequence", position.sequence);
    cJSON_AddBoolToObject(out->value, "satisfied", satisfied);
}

static cJSON *chunks(const held *from) {
    cJSON *list = cJSON_CreateArray();
    uint64_t i;
    for (i = 0; i < from->read.chunks; i++) {
        const sg_bytes *bytes = &from->read.views[i].bytes;
        sg_str text;
        cJSON *holder = cJSON_CreateObject();
        text.data = (const char *)bytes->data;
        text.len = bytes->len;
        put_text(holder, "chunk", text);
        cJSON_AddItemToArray(list, cJSON_DetachItemFromObjectCaseSensitive(holder, "chunk"));
        cJSON_Delete(holder);
    }
    return list;
}

static void put_read(const held *from, answer *out) {
    static const char *const SKIPS[] = {NULL, "evicted", "hard_limit", "awaited_random_access"};
    static const char *const CLOSES[] = {NULL, "end", "cancelled", "failed"};
    const sg_read *read = &from->read;
    if (out->status != SG_OK) return;
    out->value = cJSON_CreateObject();
    put_u64(out->value, "next", read->next.sequence);
    put_u64(out->value, "behind_chunks", read->behind.chunks);
    put_u64(out->value, "lag_chunks", read->lag.chunks);
    put_u64(out->value, "skipped_chunks", read->skipped.chunks);
    put_u64(out->value, "skipped_bytes", read->skipped.bytes);
    cJSON_AddItemToObject(out->value, "chunks", chunks(from));
    cJSON_AddItemToObject(out->value, "skipped", read->skip_reason == 0
                                                     ? cJSON_CreateNull()
                                                     : cJSON_CreateString(SKIPS[read->skip_reason]));
    cJSON_AddBoolToObject(out->value, "warning", read->warning);
    cJSON_AddItemToObject(out->value, "closed",
                          read->closed == 0 ? cJSON_CreateNull() : cJSON_CreateString(CLOSES[read->closed]));
}

static void read_ring(objects *all, const cJSON *args, answer *out) {
    held *into = batch(all, args);
    sg_position position;
    memset(&position, 0, sizeof position);
    position.epoch = u64_of(args, "epoch");
    position.sequence = u64_of(args, "sequence");
    position.offset_bytes = u64_of(args, "offset_bytes");
    position.has_time = (uint8_t)has(args, "time_us");
    if (position.has_time) position.time_us = i64_of(args, "time_us");
    out->status = sg_ring_read(mine(all, args), &position, u64_of(args, "max_chunks"),
                               u64_of(args, "max_bytes"), into->batch, &into->read, sizeof into->read, NULL);
    put_read(into, out);
}

static void snapshot(objects *all, const cJSON *args, answer *out) {
    sg_ring_state state;
    out->status = sg_ring_snapshot(mine(all, args), &state, sizeof state, NULL);
    if (out->status != SG_OK) return;
    out->value = cJSON_CreateObject();
    put_u64(out->value, "oldest", state.oldest.sequence);
    put_u64(out->value, "next", state.next.sequence);
    put_u64(out->value, "buffered_bytes", state.buffered.bytes);
    put_i64(out->value, "buffered_us", state.buffered.time_us);
    put_u64(out->value, "times_went_back", state.times_went_back);
    put_u64(out->value, "held_chunks", state.held_chunks);
    put_u64(out->value, "held_bytes", state.held_bytes);
    put_u64(out->value, "evicted_held_chunks", state.evicted_held_chunks);
    put_u64(out->value, "evicted_held_bytes", state.evicted_held_bytes);
}

static void make_cursor(objects *all, const cJSON *args, answer *out) {
    sg_cursor_config config;
    sg_cursor *cursor = NULL;
    memset(&config, 0, sizeof config);
    config.join = join_of(args, &config.join_amount);
    config.policy = is_text(args, "policy", "skip")                    ? SG_POLICY_SKIP
                    : is_text(args, "policy", "skip_to_random_access") ? SG_POLICY_SKIP_TO_RANDOM_ACCESS
                                                                       : SG_POLICY_DISCONNECT;
    config.soft.chunks = u64_or(args, "soft_chunks", 0);
    config.hard.chunks = u64_or(args, "hard_chunks", 0);
    config.max_read_chunks = u64_or(args, "max_read_chunks", 0);
    out->status = sg_cursor_new(get(all, "ring", text_of(args, "ring")), &config, sizeof config, &cursor, NULL);
    if (out->status == SG_OK) add(all, "cursor", text_of(args, "id"), cursor, free_cursor);
}

static void read_cursor(objects *all, const cJSON *args, answer *out) {
    held *into = batch(all, args);
    sg_cursor *cursor = get(all, "cursor", text_of(args, "id"));
    out->status = sg_cursor_read(cursor, into->batch, &into->read, sizeof into->read, NULL);
    put_read(into, out);
}

static void status(objects *all, const cJSON *args, answer *out) {
    static const char *const ENDS[] = {NULL, "left", "drained", "lagged", "write_timeout", "write_failed"};
    sg_cursor_state state;
    const sg_account *account = &state.account;
    int i;
    out->status = sg_cursor_status(get(all, "cursor", text_of(args, "id")), &state, sizeof state, NULL);
    if (out->status != SG_OK) return;
    out->value = cJSON_CreateObject();
    put_u64(out->value, "lag_chunks", state.lag.chunks);
    put_u64(out->value, "lag_bytes", state.lag.bytes);
    put_i64(out->value, "lag_us", state.lag.time_us);
    put_u64(out->value, "delivered_chunks", account->delivered.chunks);
    put_u64(out->value, "delivered_bytes", account->delivered.bytes);
    put_i64(out->value, "delivered_us", account->delivered.time_us);
    put_u64(out->value, "skipped_chunks", account->skipped.chunks);
    put_u64(out->value, "skipped_bytes", account->skipped.bytes);
    put_i64(out->value, "skipped_us", account->skipped.time_us);
    put_u64(out->value, "skip_events", account->skip_events);
    put_u64(out->value, "warnings", account->warnings);
    put_u64(out->value, "worst_chunks", account->worst_lag.chunks);
    put_u64(out->value, "worst_bytes", account->worst_lag.bytes);
    put_i64(out->value, "worst_us", account->worst_lag.time_us);
    put_u64(out->value, "refused_reads", account->refused_reads);
    for (i = 1; i < 6; i++)
        if (account->ended[i] > 0) break;
    cJSON_AddItemToObject(out->value, "end", i < 6 ? cJSON_CreateString(ENDS[i]) : cJSON_CreateNull());
}

static void batch_chunks(objects *all, const cJSON *args, answer *out) {
    out->value = cJSON_CreateObject();
    cJSON_AddItemToObject(out->value, "chunks", chunks(get(all, "batch", text_of(args, "batch"))));
}

static void release(objects *all, const cJSON *args, answer *out) {
    held *from = get(all, "batch", text_of(args, "batch"));
    out->status = sg_batch_release(from->batch, NULL);
    from->read.chunks = 0;
    batch_chunks(all, args, out);
}

const operation RING_OPERATIONS[] = {
    {"ring.new", make},
    {"ring.publish", publish},
    {"ring.close", close_ring},
    {"ring.expire", expire},
    {"ring.join", join},
    {"ring.read", read_ring},
    {"ring.snapshot", snapshot},
    {"cursor.new", make_cursor},
    {"cursor.read", read_cursor},
    {"cursor.status", status},
    {"batch.chunks", batch_chunks},
    {"batch.release", release},
    {NULL, NULL},
};
