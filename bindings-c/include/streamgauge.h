/*
 * streamgauge: statistics core for media servers, test harnesses and browser tools.
 *
 * Generated from bindings-c/src by `cargo xtask gen`; do not edit.
 *
 * - Every call that can fail returns sg_status and takes `sg_error **out_err` last. It may be NULL;
 *   else it is set to NULL first, and on failure to an error that the caller frees (sg_error_free).
 * - Outputs are written only on SG_OK.
 * - Text and bytes are a pointer and a length, never NUL-terminated; NULL with length 0 is empty.
 * - An sg_buf belongs to the caller and is freed by sg_buf_free.
 * - Freeing NULL does nothing. A handle must not be used after it was freed.
 */

#ifndef STREAMGAUGE_H
#define STREAMGAUGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * Quantile method: linear interpolation at `q (n - 1)`, as numpy and R do by default.
 */
#define SG_QUANTILE_LINEAR 0

/**
 * Quantile method: the smallest value with at least `q n` values at or below it.
 */
#define SG_QUANTILE_NEAREST_RANK 1

/**
 * Quantile method: element `min(n - 1, floor(n q))` of the sorted values, counted from 0.
 */
#define SG_QUANTILE_FLOOR_INDEX 2

/**
 * No chunk: where a sequence number is absent.
 */
#define SG_NO_SEQUENCE 18446744073709551615ull

/**
 * Join: with the next chunk that is published.
 */
#define SG_JOIN_LIVE 0

/**
 * Join: at the oldest chunk in the ring.
 */
#define SG_JOIN_OLDEST 1

/**
 * Join: at the newest chunk from which at least so many bytes are buffered, else at the oldest one. 0 or
 * less is `SG_JOIN_LIVE`.
 */
#define SG_JOIN_LAG_BYTES 2

/**
 * Join: at the newest chunk that is at least so many microseconds older than the newest one, else at the
 * oldest one. 0 or less is `SG_JOIN_LIVE`.
 */
#define SG_JOIN_LAG_TIME 3

/**
 * Join: at the latest random-access point; a cursor waits for the next one when there is none.
 */
#define SG_JOIN_RANDOM_ACCESS 4

/**
 * Policy for a reader that is too slow: it goes on with the next chunk that is published.
 */
#define SG_POLICY_SKIP 0

/**
 * Policy for a reader that is too slow: it goes on at a random-access point, the latest if that is within
 * its limits, else the next.
 */
#define SG_POLICY_SKIP_TO_RANDOM_ACCESS 1

/**
 * Policy for a reader that is too slow: its reads fail with `SG_LAGGED`.
 */
#define SG_POLICY_DISCONNECT 2

/**
 * Closed because the source came to its end.
 */
#define SG_CLOSE_END 1

/**
 * Closed because somebody stopped it.
 */
#define SG_CLOSE_CANCELLED 2

/**
 * Closed because the source failed; the message says how.
 */
#define SG_CLOSE_FAILED 3

/**
 * A cursor jumped because the ring had evicted its next chunk.
 */
#define SG_SKIP_EVICTED 1

/**
 * A cursor jumped because it was over its hard limit.
 */
#define SG_SKIP_HARD_LIMIT 2

/**
 * A cursor went to the random-access point that it waited for.
 */
#define SG_SKIP_AWAITED_RANDOM_ACCESS 3

/**
 * A cursor is at its end: its owner left without a word.
 */
#define SG_END_LEFT 1

/**
 * A cursor is at its end: it read everything of a closed ring.
 */
#define SG_END_DRAINED 2

/**
 * A cursor is at its end: it lagged and its policy is `SG_POLICY_DISCONNECT`.
 */
#define SG_END_LAGGED 3

/**
 * A cursor is at its end: its owner gave up on a write that took too long.
 */
#define SG_END_WRITE_TIMEOUT 4

/**
 * A cursor is at its end: its owner could not write any more.
 */
#define SG_END_WRITE_FAILED 5

/**
 * Mode: right by the definitions in the documentation.
 */
#define SG_MODE_EXACT 0

/**
 * Mode: what the plotting script `plot_fec.py` computes, its known defects included.
 */
#define SG_MODE_PLOT_FEC 1

/**
 * Version of the binary interface; raised by every change that breaks a compiled caller.
 */
#define SG_ABI_VERSION 1

/**
 * The version this header belongs to.
 */
#define SG_VERSION "0.1.0"
#define SG_VERSION_MAJOR 0
#define SG_VERSION_MINOR 1
#define SG_VERSION_PATCH 0

/**
 * A value of the core, and whether a panic left it in an unknown state.
 *
 * Debug builds keep the memory of a freed handle, emptied and marked, so that using it again is an
 * error rather than undefined; release builds free it.
 */
typedef struct Handle_Canceller Handle_Canceller;

/**
 * A value of the core, and whether a panic left it in an unknown state.
 *
 * Debug builds keep the memory of a freed handle, emptied and marked, so that using it again is an
 * error rather than undefined; release builds free it.
 */
typedef struct Handle_ChunkRing Handle_ChunkRing;

/**
 * A value of the core, and whether a panic left it in an unknown state.
 *
 * Debug builds keep the memory of a freed handle, emptied and marked, so that using it again is an
 * error rather than undefined; release builds free it.
 */
typedef struct Handle_Mutex_Held Handle_Mutex_Held;

/**
 * A value of the core, and whether a panic left it in an unknown state.
 *
 * Debug builds keep the memory of a freed handle, emptied and marked, so that using it again is an
 * error rather than undefined; release builds free it.
 */
typedef struct Handle_Mutex_Reader Handle_Mutex_Reader;

/**
 * A value of the core, and whether a panic left it in an unknown state.
 *
 * Debug builds keep the memory of a freed handle, emptied and marked, so that using it again is an
 * error rather than undefined; release builds free it.
 */
typedef struct Handle_Run Handle_Run;

/**
 * An error: a status for programs and a sentence for people. One thread at a time.
 */
typedef struct sg_error sg_error;

/**
 * Bytes that belong to the caller until `sg_buf_free`. Not NUL-terminated.
 */
typedef struct {
  /**
   * First byte; NULL when empty.
   */
  uint8_t *data;
  /**
   * Number of bytes.
   */
  size_t len;
} sg_buf;

/**
 * What became of a call: `SG_OK` or one of the other `SG_` statuses. Numbers are never reused.
 */
typedef int32_t sg_status;

/**
 * Text that somebody else owns: UTF-8, not NUL-terminated.
 */
typedef struct {
  /**
   * First byte; NULL when empty.
   */
  const char *data;
  /**
   * Number of bytes.
   */
  size_t len;
} sg_str;

/**
 * Bounds of a ring. Zero the struct, then set at least the first two.
 */
typedef struct {
  /**
   * At most so many chunks; at least 1.
   */
  uint64_t max_chunks;
  /**
   * At most so many bytes; at least 1. A single larger chunk is kept alone.
   */
  uint64_t max_bytes;
  /**
   * At most so old, microseconds; 0 for no bound.
   */
  int64_t max_age_us;
  /**
   * Reads are refused once readers hold so many distinct bytes; 0 for as many as `max_bytes`.
   */
  uint64_t max_held_bytes;
  /**
   * At most so many cursors at a time; 0 for 65,536.
   */
  uint64_t max_cursors;
  /**
   * Tells this ring's positions from those of another ring of the same stream.
   */
  uint64_t epoch;
  /**
   * Expected chunk size, bytes: buffers for up to 256 chunks and 4 MiB are made ahead of time; 0 makes
   * none.
   */
  uint64_t payload_hint_bytes;
} sg_ring_config;

/**
 * A bounded ring of chunks. Any number of threads may use it at once, but freeing it must wait for all of
 * them. Its cursors and batches may outlive it.
 */
typedef Handle_ChunkRing sg_ring;

/**
 * Bytes that somebody else owns.
 */
typedef struct {
  /**
   * First byte; NULL when empty.
   */
  const uint8_t *data;
  /**
   * Number of bytes.
   */
  size_t len;
} sg_bytes;

/**
 * What a publisher says of a chunk besides its bytes. All zero is an ordinary chunk.
 */
typedef struct {
  /**
   * What a decoder must see before the chunk (MPEG-TS: PAT and PMT); at most 64 KiB, copied, and only
   * with `random_access`.
   */
  sg_bytes preamble;
  /**
   * Not 0 when a decoder can start at the chunk.
   */
  uint8_t random_access;
} sg_chunk_info;

/**
 * A place in a ring's stream: what has gone by before it.
 */
typedef struct {
  /**
   * The epoch of the ring.
   */
  uint64_t epoch;
  /**
   * Sequence number of the next chunk, counted from 0.
   */
  uint64_t sequence;
  /**
   * Bytes published before that chunk.
   */
  uint64_t offset_bytes;
  /**
   * Publish time of the chunk before it, microseconds; 0 at the start of the ring.
   */
  int64_t time_us;
  /**
   * 0 at the start of the ring, else 1.
   */
  uint8_t has_time;
} sg_position;

/**
 * A distance between two positions, exact in each measure.
 */
typedef struct {
  /**
   * Chunks in between.
   */
  uint64_t chunks;
  /**
   * Bytes in between.
   */
  uint64_t bytes;
  /**
   * Time in between, microseconds.
   */
  int64_t time_us;
} sg_lag;

/**
 * Chunks that were read and are held: they stay valid until the batch is released, freed or used for the
 * next read. One thread at a time: others get `SG_BUSY`. May be used for any cursor and ring, and may
 * outlive them.
 */
typedef Handle_Mutex_Held sg_batch;

/**
 * A chunk that a batch holds, without a copy.
 */
typedef struct {
  /**
   * The payload; never empty.
   */
  sg_bytes bytes;
  /**
   * At a random-access point: what a decoder must see before it; else empty.
   */
  sg_bytes preamble;
  /**
   * Sequence number, counted from 0 per epoch.
   */
  uint64_t sequence;
  /**
   * When it was published, microseconds; never before the chunk before it.
   */
  int64_t time_us;
  /**
   * Whether a decoder can start here.
   */
  bool random_access;
} sg_chunk;

/**
 * Answer to a read.
 */
typedef struct {
  /**
   * Where the reader wanted to read.
   */
  sg_position requested;
  /**
   * Where it is to read next; also its wait token.
   */
  sg_position next;
  /**
   * The chunks, `chunks` of them, oldest first: valid until the batch is released, freed or used for
   * the next read. NULL when there are none, and for `sg_cursor_read_into`.
   */
  const sg_chunk *views;
  /**
   * Chunks read.
   */
  uint64_t chunks;
  /**
   * Bytes read.
   */
  uint64_t bytes;
  /**
   * How far `requested` was behind the first chunk that could be read.
   */
  sg_lag behind;
  /**
   * How far `next` is behind the newest chunk.
   */
  sg_lag lag;
  /**
   * Sequence number of the oldest chunk in the ring, or of the next one while it is empty.
   */
  uint64_t oldest;
  /**
   * Sequence number of the newest chunk in the ring, or `SG_NO_SEQUENCE`.
   */
  uint64_t newest;
  /**
   * Chunks in the ring.
   */
  uint64_t buffered_chunks;
  /**
   * Bytes in the ring.
   */
  uint64_t buffered_bytes;
  /**
   * What the jump before this read left out, if `skip_reason` names one.
   */
  sg_lag skipped;
  /**
   * Why the cursor jumped before this read, `SG_SKIP_...`; 0 when it did not.
   */
  int32_t skip_reason;
  /**
   * Why the ring was closed, `SG_CLOSE_...`; 0 until everything was read.
   */
  int32_t closed;
  /**
   * The sentence given with it; lives as long as the handle that was read from.
   */
  sg_str close_message;
  /**
   * Whether the cursor is over its soft limit.
   */
  bool warning;
  /**
   * Only from `sg_cursor_poll_read`: there is nothing yet, and the callback will be called.
   */
  bool pending;
} sg_read;

/**
 * What a cursor did, or what all cursors of a ring did together. For one cursor: where it joined +
 * `delivered` + `skipped` + its lag is where the ring is, exactly.
 */
typedef struct {
  /**
   * Chunks, bytes and time that reads handed out.
   */
  sg_lag delivered;
  /**
   * Chunks, bytes and time that skips left out.
   */
  sg_lag skipped;
  /**
   * Skips by limit or eviction.
   */
  uint64_t skip_events;
  /**
   * How often it went over its soft limit.
   */
  uint64_t warnings;
  /**
   * The largest lag, in each measure, that a read found.
   */
  sg_lag worst_lag;
  /**
   * Reads that were refused because readers held too much.
   */
  uint64_t refused_reads;
  /**
   * Time that the owner says its writes were blocked, microseconds.
   */
  uint64_t blocked_write_us;
  /**
   * Writes that the owner says ran out of time.
   */
  uint64_t write_timeouts;
  /**
   * How many cursors are at an end, by `SG_END_...`; element 0 and those beyond are 0.
   */
  uint64_t ended[8];
} sg_account;

/**
 * One consistent look at a ring.
 */
typedef struct {
  /**
   * The position of the oldest chunk.
   */
  sg_position oldest;
  /**
   * The position of the next chunk: its sequence and offset are what was published so far.
   */
  sg_position next;
  /**
   * What is buffered, in chunks, bytes and time.
   */
  sg_lag buffered;
  /**
   * Random-access points that are buffered.
   */
  uint64_t random_access_points;
  /**
   * Sequence number of the latest of them, or `SG_NO_SEQUENCE`.
   */
  uint64_t latest_random_access;
  /**
   * Distinct chunks that readers hold, buffered or evicted.
   */
  uint64_t held_chunks;
  /**
   * Their bytes.
   */
  uint64_t held_bytes;
  /**
   * Those of them that were evicted.
   */
  uint64_t evicted_held_chunks;
  /**
   * Their bytes, which are not in `buffered`.
   */
  uint64_t evicted_held_bytes;
  /**
   * Capacity of the buffers that wait for reuse, bytes.
   */
  uint64_t pooled_bytes;
  /**
   * Publishes whose time was before the one before them, and was taken to be the same.
   */
  uint64_t times_went_back;
  /**
   * Cursors there are.
   */
  uint64_t cursors;
  /**
   * Cursors there have been, those included that left.
   */
  uint64_t cursors_opened;
  /**
   * Readers that wait for the next chunk.
   */
  uint64_t waiting;
  /**
   * What all cursors did together, those included that left.
   */
  sg_account account;
  /**
   * The sentence given when the ring was closed; lives as long as the ring's handle.
   */
  sg_str close_message;
  /**
   * Why the ring was closed, `SG_CLOSE_...`; 0 while it is open.
   */
  int32_t closed;
} sg_ring_state;

/**
 * A cursor as the ring sees it.
 */
typedef struct {
  /**
   * Number of the cursor, unique in its ring.
   */
  uint64_t id;
  /**
   * Where it joined.
   */
  sg_position joined;
  /**
   * Where it is.
   */
  sg_position position;
  /**
   * How far behind.
   */
  sg_lag lag;
  /**
   * What it did.
   */
  sg_account account;
  /**
   * Whether its last read found it over its soft limit, and no read since within half of it.
   */
  bool warning;
} sg_cursor_state;

/**
 * How a cursor joins and what it puts up with. All zero is: live, skip, no limits but the ring's.
 */
typedef struct {
  /**
   * Where it starts: `SG_JOIN_...`.
   */
  int32_t join;
  /**
   * What happens when it is too slow: `SG_POLICY_...`.
   */
  int32_t policy;
  /**
   * Bytes or microseconds, for those joins that need them.
   */
  int64_t join_amount;
  /**
   * Over this it is warned, until it is within half of it again; 0 sets no limit in that measure.
   */
  sg_lag soft;
  /**
   * Over this the policy acts; 0 sets no limit in that measure. Being overtaken by the ring is always
   * over it.
   */
  sg_lag hard;
  /**
   * At most so many chunks a read; 0 for 64.
   */
  uint64_t max_read_chunks;
  /**
   * At most so many bytes a read, but always one chunk; 0 for 1 MiB.
   */
  uint64_t max_read_bytes;
} sg_cursor_config;

/**
 * A reader of a ring. One thread at a time: others get `SG_BUSY`, also while it waits. It may outlive the
 * ring's handle.
 */
typedef Handle_Mutex_Reader sg_cursor;

/**
 * Called once there is something to read, from the thread that published, closed or cancelled, without
 * any lock held. It may use the ring, must not take long, and must not unwind.
 */
typedef void (*sg_wake_fn)(void *user);

/**
 * Ends the waits of one cursor. Any number of threads may use it at once, and it may outlive the cursor.
 */
typedef Handle_Canceller sg_canceller;

/**
 * One run, parsed. It never changes: any number of threads may use it at once, but freeing it must
 * wait for all of them.
 */
typedef Handle_Run sg_run;

/**
 * The bytes of a run's files, as they are or gzipped. NULL is a file that does not exist, a pointer
 * with length 0 an empty file.
 */
typedef struct {
  /**
   * `frames.csv`
   */
  const uint8_t *frames;
  /**
   * Number of bytes.
   */
  size_t frames_len;
  /**
   * `prom.tsv`
   */
  const uint8_t *prom;
  /**
   * Number of bytes.
   */
  size_t prom_len;
  /**
   * `events.csv`
   */
  const uint8_t *events;
  /**
   * Number of bytes.
   */
  size_t events_len;
  /**
   * `meta.env`
   */
  const uint8_t *meta;
  /**
   * Number of bytes.
   */
  size_t meta_len;
} sg_run_files;

/**
 * The call did what it says.
 */
#define SG_OK 0

/**
 * An argument has a value or a combination that makes no sense.
 */
#define SG_INVALID_ARGUMENT 1

/**
 * A number does not fit the range of its destination.
 */
#define SG_OUT_OF_RANGE 2

/**
 * A timestamp lies before one that was already taken into account.
 */
#define SG_TIME_WENT_BACK 3

/**
 * A stated limit was reached.
 */
#define SG_CAPACITY_EXCEEDED 4

/**
 * Input bytes do not follow their format.
 */
#define SG_MALFORMED 5

/**
 * A lease is held by somebody else, or ran out.
 */
#define SG_LEASE_LOST 6

/**
 * The operation does not exist for this input or build.
 */
#define SG_UNSUPPORTED 7

/**
 * The operating system refused.
 */
#define SG_IO 8

/**
 * The object was closed.
 */
#define SG_CLOSED 9

/**
 * A cursor comes from an earlier epoch.
 */
#define SG_STALE_CURSOR 10

/**
 * A reader fell behind its limit and its policy is to disconnect.
 */
#define SG_LAGGED 11

/**
 * No such item.
 */
#define SG_NOT_FOUND 12

/**
 * The same operation is already under way.
 */
#define SG_ALREADY_PENDING 13

/**
 * There is no source left to serve from.
 */
#define SG_NO_SOURCES 14

/**
 * Somebody with a higher priority took over.
 */
#define SG_PREEMPTED 15

/**
 * The caller cancelled.
 */
#define SG_CANCELLED 16

/**
 * The time limit ran out.
 */
#define SG_TIMED_OUT 17

/**
 * The handle is in use on another thread.
 */
#define SG_BUSY 18

/**
 * A defect of the library was caught during this call; the handle it used is poisoned.
 */
#define SG_PANIC 100

/**
 * An earlier call on this handle ended in `SG_PANIC`; it can only be freed.
 */
#define SG_POISONED 101

/**
 * The library met an error that its status table does not have.
 */
#define SG_UNKNOWN 102

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * Frees what a call wrote into `*buf` and empties it, so that a second call does nothing. NULL and an
 * empty buffer are allowed. May be called from any thread.
 *
 * # Safety
 * `*buf` was written by this library, or is empty.
 */
void sg_buf_free(sg_buf *buf);

/**
 * The status that the failed call returned; `SG_OK` for NULL.
 *
 * # Safety
 * `error` is NULL or an error that was not freed.
 */
sg_status sg_error_status(const sg_error *error);

/**
 * The sentence, with file and line where they are known; lives as long as the error. Empty for NULL.
 *
 * # Safety
 * `error` is NULL or an error that was not freed.
 */
sg_str sg_error_message(const sg_error *error);

/**
 * The input file that the error speaks of; empty where none is known. Lives as long as the error.
 *
 * # Safety
 * `error` is NULL or an error that was not freed.
 */
sg_str sg_error_file(const sg_error *error);

/**
 * The line of that file, counted from 1; 0 where none is known.
 *
 * # Safety
 * `error` is NULL or an error that was not freed.
 */
uint64_t sg_error_line(const sg_error *error);

/**
 * Frees an error. NULL is allowed.
 *
 * # Safety
 * `error` is NULL or an error that was not freed.
 */
void sg_error_free(sg_error *error);

/**
 * Writes the `q` quantile (0 to 1) of `n` values to `*out`. No value may be NaN. `method` is one of
 * `SG_QUANTILE_...`. Without values there is no quantile: `SG_NOT_FOUND`. May be called from any thread.
 *
 * # Safety
 * `values` points to `n` values (NULL when 0), `out` to one, `out_err` to a pointer or is NULL.
 */
sg_status sg_quantile(const double *values,
                      size_t n,
                      double q,
                      uint32_t method,
                      double *out,
                      sg_error **out_err);

/**
 * Makes an empty ring. `config_size` is `sizeof(sg_ring_config)`. `SG_INVALID_ARGUMENT` for a bound below
 * 1. May be called from any thread.
 *
 * # Safety
 * `config` points to `config_size` bytes, `out` to a pointer, `out_err` to a pointer or is NULL.
 */
sg_status sg_ring_new(const sg_ring_config *config, size_t config_size, sg_ring **out, sg_error **out_err);

/**
 * Frees the handle; cursors and batches stay good. The ring is not closed by it: readers that wait go on
 * waiting. NULL is allowed.
 *
 * # Safety
 * `ring` is NULL or a ring that was not freed, and no other thread uses the handle.
 */
void sg_ring_free(sg_ring *ring);

/**
 * Copies `len` bytes into the ring as one chunk, evicts what is over the bounds and wakes who waits.
 * `*out_sequence` (may be NULL) is the number of the chunk, or `SG_NO_SEQUENCE` for no bytes, which are no
 * chunk. A time before that of the last chunk is taken to be the same, and counted. `SG_CLOSED` after
 * `sg_ring_close`. May be called from many threads at once.
 *
 * # Safety
 * `ring` is a ring that was not freed, `data` points to `len` bytes, `out_sequence` to a number or is
 * NULL, `out_err` to a pointer or is NULL.
 */
sg_status sg_ring_publish(const sg_ring *ring,
                          int64_t now_us,
                          const uint8_t *data,
                          size_t len,
                          uint64_t *out_sequence,
                          sg_error **out_err);

/**
 * As `sg_ring_publish`, and says what the chunk is. `info_size` is `sizeof(sg_chunk_info)`.
 * `SG_INVALID_ARGUMENT` for a preamble without random access, `SG_OUT_OF_RANGE` for one over 64 KiB.
 *
 * # Safety
 * As for `sg_ring_publish`; `info` points to `info_size` bytes, its preamble to as many as it says.
 */
sg_status sg_ring_publish_with(const sg_ring *ring,
                               int64_t now_us,
                               const uint8_t *data,
                               size_t len,
                               const sg_chunk_info *info,
                               size_t info_size,
                               uint64_t *out_sequence,
                               sg_error **out_err);

/**
 * Copies `count` chunks in under one lock and wakes readers once; empty ones are left out. `*out_added`
 * (may be NULL) is how many were added. Errors as for `sg_ring_publish`. May be called from many threads
 * at once.
 *
 * # Safety
 * `ring` is a ring that was not freed, `chunks` points to `count` slices of bytes that are there,
 * `out_added` to a number or is NULL, `out_err` to a pointer or is NULL.
 */
sg_status sg_ring_publish_batch(const sg_ring *ring,
                                int64_t now_us,
                                const sg_bytes *chunks,
                                size_t count,
                                uint64_t *out_added,
                                sg_error **out_err);

/**
 * Ends publishing. Readers see `kind` (`SG_CLOSE_...`) and `message` (UTF-8, may be empty) once they have
 * read what is left. Only the first call counts: `*out_first` (may be NULL) says whether this was it. May
 * be called from any thread.
 *
 * # Safety
 * `ring` is a ring that was not freed, `message` points to `message_len` bytes, `out_first` to a bool or
 * is NULL, `out_err` to a pointer or is NULL.
 */
sg_status sg_ring_close(const sg_ring *ring,
                        int32_t kind,
                        const char *message,
                        size_t message_len,
                        bool *out_first,
                        sg_error **out_err);

/**
 * Evicts what is older than `max_age_us` at `now_us`. Publishing does so too; this is for a stream that
 * has stopped. May be called from any thread.
 *
 * # Safety
 * `ring` is a ring that was not freed, `out_err` points to a pointer or is NULL.
 */
sg_status sg_ring_expire(const sg_ring *ring, int64_t now_us, sg_error **out_err);

/**
 * Where a reader that joins with `mode` (`SG_JOIN_...`) and `amount` starts, and in `*out_satisfied` (may
 * be NULL) whether the ring had what was asked for. May be called from any thread.
 *
 * # Safety
 * `ring` is a ring that was not freed, `out` points to a position, `out_satisfied` to a bool or is NULL,
 * `out_err` to a pointer or is NULL.
 */
sg_status sg_ring_join(const sg_ring *ring,
                       int32_t mode,
                       int64_t amount,
                       sg_position *out,
                       bool *out_satisfied,
                       sg_error **out_err);

/**
 * How far `position` is behind the newest chunk, exactly, evicted or not. `SG_STALE_CURSOR` for a position
 * of another epoch, or one this ring has not come to. May be called from any thread.
 *
 * # Safety
 * `ring` is a ring that was not freed, `position` points to a position, `out` to a lag, `out_err` to a
 * pointer or is NULL.
 */
sg_status sg_ring_lag(const sg_ring *ring, const sg_position *position, sg_lag *out, sg_error **out_err);

/**
 * Reads from `position` without a cursor and without waiting: up to `max_chunks` chunks and `max_bytes`
 * bytes (but at least one chunk), from the oldest one on when `position` was evicted. What `batch` held is
 * released. `read_size` is `sizeof(sg_read)`. `SG_STALE_CURSOR` for a position of another epoch, or one
 * this ring has not come to; `SG_CAPACITY_EXCEEDED` when readers hold too much; `SG_BUSY` while another
 * thread uses `batch`. May be called from many threads at once.
 *
 * # Safety
 * `ring` and `batch` were not freed, `position` points to a position, `out` to `read_size` bytes,
 * `out_err` to a pointer or is NULL.
 */
sg_status sg_ring_read(const sg_ring *ring,
                       const sg_position *position,
                       uint64_t max_chunks,
                       uint64_t max_bytes,
                       const sg_batch *batch,
                       sg_read *out,
                       size_t read_size,
                       sg_error **out_err);

/**
 * Blocks until there is something at `position` (such as `next` of a read) or the ring is closed, for at
 * most `timeout_us`; below 0 without limit. `SG_TIMED_OUT`; `SG_STALE_CURSOR` as for `sg_ring_lag`. May be
 * called from many threads at once.
 *
 * # Safety
 * `ring` is a ring that is not freed before the call returns, `position` points to a position, `out_err`
 * to a pointer or is NULL.
 */
sg_status sg_ring_wait(const sg_ring *ring,
                       const sg_position *position,
                       int64_t timeout_us,
                       sg_error **out_err);

/**
 * One consistent look at everything but the single cursors. `out_size` is `sizeof(sg_ring_state)`. May be
 * called from any thread.
 *
 * # Safety
 * `ring` is a ring that was not freed, `out` points to `out_size` bytes, `out_err` to a pointer or is
 * NULL.
 */
sg_status sg_ring_snapshot(const sg_ring *ring, sg_ring_state *out, size_t out_size, sg_error **out_err);

/**
 * Writes the state of every cursor, in the order in which they came, to the array `out` of `capacity`
 * elements of `state_size` (`sizeof(sg_cursor_state)`) bytes. `*out_count` is how many cursors there are;
 * those beyond the capacity are left out. May be called from any thread.
 *
 * # Safety
 * `ring` is a ring that was not freed, `out` points to `capacity` times `state_size` bytes (or is NULL
 * with capacity 0), `out_count` to a number, `out_err` to a pointer or is NULL.
 */
sg_status sg_ring_cursors(const sg_ring *ring,
                          sg_cursor_state *out,
                          size_t state_size,
                          size_t capacity,
                          size_t *out_count,
                          sg_error **out_err);

/**
 * Makes a batch that holds nothing yet. Make one and use it for every read of a cursor. May be called from
 * any thread.
 *
 * # Safety
 * `out` points to a pointer, `out_err` to a pointer or is NULL.
 */
sg_status sg_batch_new(sg_batch **out, sg_error **out_err);

/**
 * Lets go of all chunks. Doing it again is nothing. One thread at a time: others get `SG_BUSY`.
 *
 * # Safety
 * `batch` is a batch that was not freed, `out_err` points to a pointer or is NULL.
 */
sg_status sg_batch_release(const sg_batch *batch, sg_error **out_err);

/**
 * Releases and frees a batch. NULL is allowed.
 *
 * # Safety
 * `batch` is NULL or a batch that was not freed, and no other thread uses it.
 */
void sg_batch_free(sg_batch *batch);

/**
 * Makes a reader, also of a closed ring, which it then drains. `config_size` is
 * `sizeof(sg_cursor_config)`; NULL with 0 is a live reader that skips. `SG_CAPACITY_EXCEEDED` when the
 * ring has its `max_cursors`. May be called from any thread.
 *
 * # Safety
 * `ring` is a ring that was not freed, `config` points to `config_size` bytes, `out` to a pointer,
 * `out_err` to a pointer or is NULL.
 */
sg_status sg_cursor_new(const sg_ring *ring,
                        const sg_cursor_config *config,
                        size_t config_size,
                        sg_cursor **out,
                        sg_error **out_err);

/**
 * Leaves the ring (`SG_END_LEFT` unless the cursor had come to its end) and frees the cursor. NULL is
 * allowed.
 *
 * # Safety
 * `cursor` is NULL or a cursor that was not freed, and no other thread uses it.
 */
void sg_cursor_free(sg_cursor *cursor);

/**
 * Reads what is there as held views, without waiting. No chunks and `closed` 0: nothing new yet. What
 * `batch` held is released. `read_size` is `sizeof(sg_read)`. `SG_LAGGED` when the cursor is too slow and
 * its policy is to disconnect, also ever after; `SG_CAPACITY_EXCEEDED` when readers hold too much (the
 * cursor stays where it is); `SG_BUSY` while another thread uses `cursor` or `batch`.
 *
 * # Safety
 * `cursor` and `batch` were not freed, `out` points to `read_size` bytes, `out_err` to a pointer or is
 * NULL.
 */
sg_status sg_cursor_read(const sg_cursor *cursor,
                         const sg_batch *batch,
                         sg_read *out,
                         size_t read_size,
                         sg_error **out_err);

/**
 * As `sg_cursor_read`, but when there is nothing yet, blocks until there is, for at most `timeout_us`;
 * below 0 without limit. `SG_TIMED_OUT`, and `SG_CANCELLED` after the cursor's canceller was used.
 *
 * # Safety
 * As for `sg_cursor_read`; neither is freed before the call returns.
 */
sg_status sg_cursor_read_wait(const sg_cursor *cursor,
                              const sg_batch *batch,
                              int64_t timeout_us,
                              sg_read *out,
                              size_t read_size,
                              sg_error **out_err);

/**
 * As `sg_cursor_read`, for event loops: when there is nothing yet, `out->pending` is true and `on_wake`
 * will be called with `user`, at most once, when there is something, the ring is closed or the wait is
 * cancelled; then read again. A later read of the cursor may take it back. `on_release` (may be NULL) is
 * called with `user` exactly once, when neither will be called any more: possibly before this call
 * returns, at the latest when cursor and ring are freed. `SG_CANCELLED` as for `sg_cursor_read_wait`.
 *
 * # Safety
 * As for `sg_cursor_read`; `on_wake` may be called with `user` from any thread until `on_release` was.
 */
sg_status sg_cursor_poll_read(const sg_cursor *cursor,
                              const sg_batch *batch,
                              sg_wake_fn on_wake,
                              sg_wake_fn on_release,
                              void *user,
                              sg_read *out,
                              size_t read_size,
                              sg_error **out_err);

/**
 * Copies what comes next into the `capacity` bytes at `data`, across chunks; a chunk that does not fit is
 * continued by the next call. Waits for at most `timeout_us` (below 0 without limit) when there is nothing
 * yet. `*out_len` is how many bytes were copied: 0 only when the ring is closed and everything was read.
 * `*out_read` (may be NULL with size 0) is the read that brought the bytes; a jump is named once, and the
 * wait after one begins anew. Payload only: preambles are in views. Errors as for `sg_cursor_read_wait`.
 *
 * # Safety
 * `cursor` is not freed before the call returns, `data` points to `capacity` bytes that may be written,
 * `out_len` to a number, `out_read` to `read_size` bytes or is NULL, `out_err` to a pointer or is NULL.
 */
sg_status sg_cursor_read_into(const sg_cursor *cursor,
                              uint8_t *data,
                              size_t capacity,
                              int64_t timeout_us,
                              size_t *out_len,
                              sg_read *out_read,
                              size_t read_size,
                              sg_error **out_err);

/**
 * Makes a canceller: once it is used, this cursor's waits fail with `SG_CANCELLED`, now and until another
 * canceller is made, which makes this one void. `SG_BUSY` while another thread uses the cursor.
 *
 * # Safety
 * `cursor` is a cursor that was not freed, `out` points to a pointer, `out_err` to a pointer or is NULL.
 */
sg_status sg_cursor_canceller(const sg_cursor *cursor, sg_canceller **out, sg_error **out_err);

/**
 * Cancels. Does nothing when the cursor is gone or has made a newer canceller. May be called from any
 * thread.
 *
 * # Safety
 * `canceller` is a canceller that was not freed, `out_err` points to a pointer or is NULL.
 */
sg_status sg_canceller_cancel(const sg_canceller *canceller, sg_error **out_err);

/**
 * Frees a canceller, which cancels nothing. NULL is allowed.
 *
 * # Safety
 * `canceller` is NULL or a canceller that was not freed, and no other thread uses it.
 */
void sg_canceller_free(sg_canceller *canceller);

/**
 * Where the cursor is, how far behind, and what it did. `out_size` is `sizeof(sg_cursor_state)`.
 * `SG_BUSY` while another thread uses the cursor: `sg_ring_cursors` then tells the same.
 *
 * # Safety
 * `cursor` is a cursor that was not freed, `out` points to `out_size` bytes, `out_err` to a pointer or is
 * NULL.
 */
sg_status sg_cursor_status(const sg_cursor *cursor,
                           sg_cursor_state *out,
                           size_t out_size,
                           sg_error **out_err);

/**
 * Puts a write that was blocked for `blocked_us` into the account, and whether (not 0) it ran out of time.
 * `SG_BUSY` while another thread uses the cursor.
 *
 * # Safety
 * `cursor` is a cursor that was not freed, `out_err` points to a pointer or is NULL.
 */
sg_status sg_cursor_record_blocked_write(const sg_cursor *cursor,
                                         uint64_t blocked_us,
                                         uint8_t timed_out,
                                         sg_error **out_err);

/**
 * Leaves the ring and gives the final account. `reason` (`SG_END_...`) counts unless the cursor had come
 * to its end already (drained or lagged). Later calls on the cursor, which is still to be freed, give
 * `SG_CLOSED`. `out_size` is `sizeof(sg_account)`; `out` may be NULL with 0. `SG_BUSY` while another
 * thread uses the cursor.
 *
 * # Safety
 * `cursor` is a cursor that was not freed, `out` points to `out_size` bytes or is NULL, `out_err` to a
 * pointer or is NULL.
 */
sg_status sg_cursor_finish(const sg_cursor *cursor,
                           int32_t reason,
                           sg_account *out,
                           size_t out_size,
                           sg_error **out_err);

/**
 * Opens the run directory `path` (UTF-8). Files that are missing, and rows that cannot be used, are no
 * error but in `sg_run_problems_json`. `SG_NOT_FOUND` or `SG_IO` when there is no such directory. May be
 * called from any thread.
 *
 * # Safety
 * `path` points to `path_len` bytes, `out` to a pointer, `out_err` to a pointer or is NULL.
 */
sg_status sg_run_open(const char *path, size_t path_len, sg_run **out, sg_error **out_err);

/**
 * Parses the files of a run that bears `name` (UTF-8). `files_size` is `sizeof(sg_run_files)`. The bytes
 * are not needed after the call. May be called from any thread.
 *
 * # Safety
 * `name` points to `name_len` bytes, `files` to `files_size` bytes whose pointers are NULL or point to as
 * many bytes as their lengths say, `out` to a pointer, `out_err` to a pointer or is NULL.
 */
sg_status sg_run_from_bytes(const char *name,
                            size_t name_len,
                            const sg_run_files *files,
                            size_t files_size,
                            sg_run **out,
                            sg_error **out_err);

/**
 * Frees a run. NULL is allowed.
 *
 * # Safety
 * `run` is NULL or a run that was not freed, and no other thread uses it.
 */
void sg_run_free(sg_run *run);

/**
 * Writes the summary by the definitions of `mode` (`SG_MODE_...`) to `*out`, a flat JSON object whose
 * values are null where nothing was measured. May be called from many threads at once.
 *
 * # Safety
 * `run` is a run that was not freed, `out` points to a buffer, `out_err` to a pointer or is NULL.
 */
sg_status sg_run_summary_json(const sg_run *run, uint32_t mode, sg_buf *out, sg_error **out_err);

/**
 * Writes what the files held that could not be used to `*out`, a JSON object by file name: rows, dropped
 * and kept by reason, and the first hundred with their lines. May be called from many threads at once.
 *
 * # Safety
 * `run` is a run that was not freed, `out` points to a buffer, `out_err` to a pointer or is NULL.
 */
sg_status sg_run_problems_json(const sg_run *run, sg_buf *out, sg_error **out_err);

/**
 * Compares the repeats `b` with the repeats `a` (at least one run each) and writes the result to `*out`, a
 * JSON object: differences key by key, 95 % bootstrap intervals from `resamples` draws (0 makes none, else
 * 100 to 100,000; 2,000 is usual) by `seed`, and what they say. The same run may stand on both sides. May be
 * called from many threads at once.
 *
 * # Safety
 * `a` points to `a_len` and `b` to `b_len` runs that were not freed, `out` to a buffer, `out_err` to a
 * pointer or is NULL.
 */
sg_status sg_compare_json(const sg_run *const *a,
                          size_t a_len,
                          const sg_run *const *b,
                          size_t b_len,
                          uint32_t mode,
                          uint64_t seed,
                          uint32_t resamples,
                          sg_buf *out,
                          sg_error **out_err);

/**
 * The stable name of a status, for logs: `"ok"`, `"malformed"`, `"panic"`; `"unknown"` for a number
 * that is no status. Lives for ever. May be called from any thread.
 */
sg_str sg_status_name(sg_status status);

/**
 * The `SG_ABI_VERSION` of the library that was loaded. May be called from any thread.
 */
uint32_t sg_abi_version(void);

/**
 * The version of the library that was loaded, as `MAJOR.MINOR.PATCH`; lives for ever. May be called
 * from any thread.
 */
sg_str sg_version(void);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* STREAMGAUGE_H */
