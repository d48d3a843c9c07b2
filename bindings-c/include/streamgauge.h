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
 * Class: pictures.
 */
#define SG_CLASS_VIDEO 1

/**
 * Class: sound.
 */
#define SG_CLASS_AUDIO 2

/**
 * Class: anything else: captions, cues, tables.
 */
#define SG_CLASS_METADATA 3

/**
 * Joined: a view began.
 */
#define SG_JOINED_NEW 1

/**
 * Joined: a viewer who was there, or had left a moment ago, goes on with its view.
 */
#define SG_JOINED_RECONNECTED 2

/**
 * A counter of integers, exact to 2^64 - 1.
 */
#define SG_COUNTER_U64 0

/**
 * A counter of floating-point numbers, as Prometheus has them.
 */
#define SG_COUNTER_F64 1

/**
 * Hint: nothing is known of the sample, the values decide.
 */
#define SG_HINT_NONE 0

/**
 * Hint: the epoch changed since the sample before (a new SSRC, codec or process): the value counts from
 * zero even when it is larger than the one before.
 */
#define SG_HINT_BOUNDARY 1

/**
 * Step: the first sample. It adds nothing, or its value when the origin is known to be zero.
 */
#define SG_STEP_FIRST 1

/**
 * Step: the counter grew or stayed.
 */
#define SG_STEP_ADVANCE 2

/**
 * Step: the counter passed the end of its declared width and went on from zero.
 */
#define SG_STEP_WRAP 3

/**
 * Step: the counter fell: it restarted from zero, and its value counts in full.
 */
#define SG_STEP_RESET 4

/**
 * Step: the caller said that the epoch changed: the value counts in full.
 */
#define SG_STEP_BOUNDARY 5

/**
 * Step: the same time and value as the sample before: adds nothing.
 */
#define SG_STEP_REPEAT 6

/**
 * Step: not taken and counted as such (not finite, negative, wider than declared, back in time, a second
 * value for the same time, or a total that would not fit); the counter is as it was.
 */
#define SG_STEP_REJECTED 7

/**
 * Rate: from the first to the last sample inside the window, over the time between these two.
 */
#define SG_RATE_RAW 0

/**
 * Rate: as Prometheus's `rate()`: extrapolated towards the ends of the window.
 */
#define SG_RATE_PROMETHEUS 1

/**
 * Rate: from the last sample at or before the start to the last one at or before the end.
 */
#define SG_RATE_ANCHORED 2

/**
 * Rate: the counter's value at both ends of the window, interpolated.
 */
#define SG_RATE_SMOOTHED 3

/**
 * Packet flag: the marker bit.
 */
#define SG_PACKET_MARKER 1

/**
 * Packet flag: part of a key frame.
 */
#define SG_PACKET_KEYFRAME 2

/**
 * Packet flag: a retransmission on its own SSRC.
 */
#define SG_PACKET_RTX 4

/**
 * Packet flag: forward error correction.
 */
#define SG_PACKET_FEC 8

/**
 * Kind of media: audio if the clock is not 90 kHz, else video; a format that the payload type has with that
 * clock stays.
 */
#define SG_MEDIA_BY_CLOCK 0

/**
 * Kind of media: sound, a packet is no frame.
 */
#define SG_MEDIA_AUDIO 1

/**
 * Kind of media: pictures, a frame is a distinct timestamp.
 */
#define SG_MEDIA_VIDEO 2

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
 * Quantile method: as `SG_QUANTILE_NEAREST_RANK`, but the mean of two values where `q n` is whole.
 */
#define SG_QUANTILE_AVERAGED_RANK 3

/**
 * Quantile method: linear interpolation at `q (n + 1) - 1`.
 */
#define SG_QUANTILE_WEIBULL 4

/**
 * Quantile method: linear interpolation at `q (n + 1/3) - 2/3`.
 */
#define SG_QUANTILE_MEDIAN_UNBIASED 5

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
 * Same time: a second sample of one time is taken as one more.
 */
#define SG_SAME_TIME_KEEP 0

/**
 * Same time: a second sample of one time is refused, so that a series that is sent twice counts once.
 */
#define SG_SAME_TIME_REJECT 1

/**
 * Pushed: the sample is the newest.
 */
#define SG_PUSHED_IN_ORDER 1

/**
 * Pushed: the sample was sorted in behind the newest.
 */
#define SG_PUSHED_LATE 2

/**
 * Pushed: refused as too late: out of the span, further behind than allowed, or before all that a full window
 * keeps.
 */
#define SG_PUSHED_TOO_LATE 3

/**
 * Pushed: refused, since there is one of its time, and one is enough.
 */
#define SG_PUSHED_REPEATED 4

/**
 * Pushed: refused as NaN or infinite.
 */
#define SG_PUSHED_NOT_FINITE 5

/**
 * OTLP: protobuf, `application/x-protobuf`.
 */
#define SG_OTLP_PROTOBUF 0

/**
 * OTLP: JSON, `application/json`.
 */
#define SG_OTLP_JSON 1

/**
 * Level: each track makes a stat.
 */
#define SG_LEVEL_TRACK 0

/**
 * Level: all tracks of a participant in a direction and role make one.
 */
#define SG_LEVEL_PARTICIPANT 1

/**
 * Bytes: payload, as LiveKit counts: primary and retransmitted bytes without headers and padding.
 */
#define SG_BYTES_PAYLOAD 0

/**
 * Bytes: the whole UDP payload.
 */
#define SG_BYTES_WIRE 1

/**
 * Direction: from a publisher to the server. Exists only at the publisher's home node.
 */
#define SG_DIRECTION_UPSTREAM 1

/**
 * Direction: from the server to a subscriber.
 */
#define SG_DIRECTION_DOWNSTREAM 2

/**
 * Role: a client is at the other end.
 */
#define SG_ROLE_EDGE 0

/**
 * Role: another server is at the other end. Never added to edge traffic, never in the LiveKit protobuf.
 */
#define SG_ROLE_RELAY 1

/**
 * A track of sound.
 */
#define SG_TRACK_AUDIO 1

/**
 * A track of pictures.
 */
#define SG_TRACK_VIDEO 2

/**
 * A data track or channel.
 */
#define SG_TRACK_DATA 3

/**
 * The signal channel.
 */
#define SG_TRACK_SIGNAL 4

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
typedef struct Handle_Account Handle_Account;

/**
 * A value of the core, and whether a panic left it in an unknown state.
 *
 * Debug builds keep the memory of a freed handle, emptied and marked, so that using it again is an
 * error rather than undefined; release builds free it.
 */
typedef struct Handle_Buckets Handle_Buckets;

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
typedef struct Handle_Mutex_AnyCounter Handle_Mutex_AnyCounter;

/**
 * A value of the core, and whether a panic left it in an unknown state.
 *
 * Debug builds keep the memory of a freed handle, emptied and marked, so that using it again is an
 * error rather than undefined; release builds free it.
 */
typedef struct Handle_Mutex_Audience Handle_Mutex_Audience;

/**
 * A value of the core, and whether a panic left it in an unknown state.
 *
 * Debug builds keep the memory of a freed handle, emptied and marked, so that using it again is an
 * error rather than undefined; release builds free it.
 */
typedef struct Handle_Mutex_Cdn Handle_Mutex_Cdn;

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
typedef struct Handle_Mutex_Rollup Handle_Mutex_Rollup;

/**
 * A value of the core, and whether a panic left it in an unknown state.
 *
 * Debug builds keep the memory of a freed handle, emptied and marked, so that using it again is an
 * error rather than undefined; release builds free it.
 */
typedef struct Handle_Mutex_RtcpStats Handle_Mutex_RtcpStats;

/**
 * A value of the core, and whether a panic left it in an unknown state.
 *
 * Debug builds keep the memory of a freed handle, emptied and marked, so that using it again is an
 * error rather than undefined; release builds free it.
 */
typedef struct Handle_Mutex_Sketch Handle_Mutex_Sketch;

/**
 * A value of the core, and whether a panic left it in an unknown state.
 *
 * Debug builds keep the memory of a freed handle, emptied and marked, so that using it again is an
 * error rather than undefined; release builds free it.
 */
typedef struct Handle_Mutex_Stats Handle_Mutex_Stats;

/**
 * A value of the core, and whether a panic left it in an unknown state.
 *
 * Debug builds keep the memory of a freed handle, emptied and marked, so that using it again is an
 * error rather than undefined; release builds free it.
 */
typedef struct Handle_Mutex_Summary Handle_Mutex_Summary;

/**
 * A value of the core, and whether a panic left it in an unknown state.
 *
 * Debug builds keep the memory of a freed handle, emptied and marked, so that using it again is an
 * error rather than undefined; release builds free it.
 */
typedef struct Handle_Mutex_Window Handle_Mutex_Window;

/**
 * A value of the core, and whether a panic left it in an unknown state.
 *
 * Debug builds keep the memory of a freed handle, emptied and marked, so that using it again is an
 * error rather than undefined; release builds free it.
 */
typedef struct Handle_Report Handle_Report;

/**
 * A value of the core, and whether a panic left it in an unknown state.
 *
 * Debug builds keep the memory of a freed handle, emptied and marked, so that using it again is an
 * error rather than undefined; release builds free it.
 */
typedef struct Handle_Run Handle_Run;

/**
 * A value of the core, and whether a panic left it in an unknown state.
 *
 * Debug builds keep the memory of a freed handle, emptied and marked, so that using it again is an
 * error rather than undefined; release builds free it.
 */
typedef struct Handle_Streams Handle_Streams;

/**
 * A value of the core, and whether a panic left it in an unknown state.
 *
 * Debug builds keep the memory of a freed handle, emptied and marked, so that using it again is an
 * error rather than undefined; release builds free it.
 */
typedef struct Handle_Telemetry Handle_Telemetry;

/**
 * A value of the core, and whether a panic left it in an unknown state.
 *
 * Debug builds keep the memory of a freed handle, emptied and marked, so that using it again is an
 * error rather than undefined; release builds free it.
 */
typedef struct Handle_Track Handle_Track;

/**
 * A value of the core, and whether a panic left it in an unknown state.
 *
 * Debug builds keep the memory of a freed handle, emptied and marked, so that using it again is an
 * error rather than undefined; release builds free it.
 */
typedef struct Handle_Vec_StreamDelta Handle_Vec_StreamDelta;

/**
 * A value of the core, and whether a panic left it in an unknown state.
 *
 * Debug builds keep the memory of a freed handle, emptied and marked, so that using it again is an
 * error rather than undefined; release builds free it.
 */
typedef struct Handle_Vec_String Handle_Vec_String;

/**
 * Edges as they were. They never change: any number of threads may use them at once, but freeing them must wait for
 * all of those.
 */
typedef struct sg_edges sg_edges;

/**
 * An error: a status for programs and a sentence for people. One thread at a time.
 */
typedef struct sg_error sg_error;

/**
 * What became of a call: `SG_OK` or one of the other `SG_` statuses. Numbers are never reused.
 */
typedef int32_t sg_status;

/**
 * Limits of an audience. All zero is the defaults.
 */
typedef struct {
  /**
   * A viewer not heard of for so long has left, at the time of its last event; microseconds, 0 for an hour.
   */
  int64_t idle_timeout_us;
  /**
   * A viewer who comes back within this time goes on with the view it had; after it, or once the viewer is
   * forgotten, the view has ended. Microseconds; with `has_reconnect_us` only, else 30 seconds.
   */
  int64_t reconnect_us;
  /**
   * How long a viewer who left is remembered, microseconds; with `has_keep_us` only, else an hour. Its figures
   * stay in the sums.
   */
  int64_t keep_us;
  /**
   * How many viewers are remembered; 0 for 2^20. For a new one the longest gone are forgotten; where all are
   * watching it is refused and counted.
   */
  uint64_t max_viewers;
  /**
   * How many changes of concurrency are kept for intervals and charts; 0 for 1,000.
   */
  uint64_t max_changes;
  /**
   * The largest relative error of quantiles of startup times, 0.0001 to 0.5; with `has_relative_error` only,
   * else 0.01.
   */
  double relative_error;
  /**
   * Not 0 when `reconnect_us` is given.
   */
  uint8_t has_reconnect_us;
  /**
   * Not 0 when `keep_us` is given.
   */
  uint8_t has_keep_us;
  /**
   * Not 0 when `relative_error` is given.
   */
  uint8_t has_relative_error;
} sg_audience_config;

/**
 * The viewers of one stream, or of whatever shares an audience. Events may come more than once and out of order:
 * a second join of one viewer is a reconnect, an event of a viewer who is not there is counted and does nothing.
 * Any number of threads may use it, in turn.
 */
typedef Handle_Mutex_Audience sg_audience;

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
 * What is known of a viewer besides its id. Never part of a metric. Texts are UTF-8; NULL where nothing is known.
 */
typedef struct {
  /**
   * Where it is, in the caller's words.
   */
  sg_str location;
  /**
   * What it watches with.
   */
  sg_str user_agent;
} sg_viewer_info;

/**
 * What an audience was, up to a moment. Those of several nodes add up: counts and times exactly, the peak between
 * two bounds, since nodes peak at different times. Any number of threads may use it, in turn.
 */
typedef Handle_Mutex_Summary sg_audience_summary;

/**
 * One viewer up to a moment. What is absent is 0, and its `has_` is false.
 */
typedef struct {
  /**
   * When it came first, microseconds.
   */
  int64_t first_us;
  /**
   * Its last event, microseconds.
   */
  int64_t last_us;
  /**
   * Views, the current one included.
   */
  uint64_t views;
  /**
   * Time watched, the current span included, microseconds.
   */
  uint64_t watched_us;
  /**
   * From the join of the latest view to its first picture, microseconds.
   */
  uint64_t startup_us;
  /**
   * Times that playing stalled.
   */
  uint64_t rebuffers;
  /**
   * How long, a stall that goes on included, microseconds.
   */
  uint64_t rebuffer_us;
  /**
   * Switches to another bitrate.
   */
  uint64_t switches;
  /**
   * The mean bitrate weighted by time, in bits per second.
   */
  double mean_bitrate_bps;
  /**
   * Whether it is watching.
   */
  bool watching;
  /**
   * Whether the latest view showed its first picture.
   */
  bool has_startup_us;
  /**
   * Whether a bitrate was told.
   */
  bool has_mean_bitrate;
  /**
   * Whether its location was told.
   */
  bool has_location;
  /**
   * Whether it was told what it watches with.
   */
  bool has_user_agent;
} sg_viewer_stats;

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
 * How many watched in an interval.
 */
typedef struct {
  /**
   * Where the interval begins: as asked, or from where on changes are kept. In microseconds.
   */
  int64_t start_us;
  /**
   * Where it ends, microseconds.
   */
  int64_t end_us;
  /**
   * The highest level.
   */
  uint64_t peak;
  /**
   * When it was reached first, microseconds.
   */
  int64_t peak_us;
  /**
   * The sum of time over all viewers, microseconds: its lower 64 bits.
   */
  uint64_t area_us_low;
  /**
   * Its upper 64 bits.
   */
  uint64_t area_us_high;
  /**
   * The mean weighted by time.
   */
  double mean;
} sg_concurrency;

/**
 * A change of concurrency: so many watch from a time on.
 */
typedef struct {
  /**
   * From when on, microseconds.
   */
  int64_t at_us;
  /**
   * How many watch.
   */
  uint64_t viewers;
} sg_concurrency_step;

/**
 * What an audience keeps.
 */
typedef struct {
  /**
   * Viewers remembered, watching or not.
   */
  uint64_t viewers;
} sg_audience_state;

/**
 * Limits of a CDN. All zero is the defaults.
 */
typedef struct {
  /**
   * How many edges are told apart; 0 for 1,024.
   */
  uint64_t max_edges;
} sg_cdn_config;

/**
 * Requests by edge. The number of edges is bounded: those beyond are counted together. Any number of threads may
 * use it, in turn.
 */
typedef Handle_Mutex_Cdn sg_cdn;

/**
 * A request that an edge answered, 24 bytes.
 */
typedef struct {
  /**
   * When, microseconds.
   */
  int64_t at_us;
  /**
   * The bytes of the answer.
   */
  uint64_t bytes;
  /**
   * Not 0 when it came from the cache; else it went to the origin.
   */
  uint8_t hit;
  /**
   * Not read.
   */
  uint8_t reserved[7];
} sg_cdn_request;

/**
 * Requests of one edge, or of several.
 */
typedef struct {
  /**
   * Requests answered from the cache.
   */
  uint64_t hits;
  /**
   * Requests that went to the origin.
   */
  uint64_t misses;
  /**
   * Bytes of the hits.
   */
  uint64_t hit_bytes;
  /**
   * Bytes of the misses.
   */
  uint64_t miss_bytes;
  /**
   * Hits of all requests.
   */
  double hit_ratio;
  /**
   * Bytes of hits of all bytes.
   */
  double byte_hit_ratio;
  /**
   * Whether there was a request.
   */
  bool has_hit_ratio;
  /**
   * Whether there were bytes.
   */
  bool has_byte_hit_ratio;
} sg_edge_totals;

/**
 * What all edges served. What is absent is 0, and its `has_` is false.
 */
typedef struct {
  /**
   * All edges together.
   */
  sg_edge_totals total;
  /**
   * Those that are not told apart.
   */
  sg_edge_totals others;
  /**
   * How many edges are told apart.
   */
  uint64_t edges;
  /**
   * The first request, microseconds.
   */
  int64_t start_us;
  /**
   * The last request, microseconds.
   */
  int64_t end_us;
  /**
   * Bits per second from the first to the last request.
   */
  double bandwidth_bps;
  /**
   * Whether there was a request.
   */
  bool has_interval;
  /**
   * Whether there is a bandwidth: not where no time passed from the first to the last request.
   */
  bool has_bandwidth;
} sg_cdn_state;

/**
 * An edge that is told apart.
 */
typedef struct {
  /**
   * Its name; lives as long as the edges.
   */
  sg_str name;
  /**
   * Its requests.
   */
  sg_edge_totals totals;
} sg_edge;

/**
 * Limits of streams. All zero is the defaults.
 */
typedef struct {
  /**
   * How many there may be; 0 for 65,536.
   */
  uint64_t max_streams;
  /**
   * The largest relative error of quantiles of latency, 0.0001 to 0.5; with `has_relative_error` only, else 0.01.
   */
  double relative_error;
  /**
   * Not 0 when `relative_error` is given.
   */
  uint8_t has_relative_error;
} sg_streams_config;

/**
 * What many streams carry, by id. Any number of threads may use it at once: recording locks one stream. Freeing it
 * must wait for all of them.
 */
typedef Handle_Streams sg_streams;

/**
 * One packet of a stream, 32 bytes.
 */
typedef struct {
  /**
   * When it came, microseconds.
   */
  int64_t at_us;
  /**
   * From capture to here, microseconds; with `has_latency` only. May be negative where clocks differ.
   */
  int64_t latency_us;
  /**
   * Its bytes.
   */
  uint32_t bytes;
  /**
   * How much media it holds, microseconds; one of 0 has no bitrate of its own.
   */
  uint32_t duration_us;
  /**
   * What it carries: `SG_CLASS_...`.
   */
  int32_t media;
  /**
   * Not 0 when a frame begins in it.
   */
  uint8_t frame;
  /**
   * Not 0 when that is a key frame.
   */
  uint8_t keyframe;
  /**
   * Not 0 when `latency_us` is given.
   */
  uint8_t has_latency;
  /**
   * Not read.
   */
  uint8_t reserved;
} sg_media_packet;

/**
 * Counts of one class. Only grow.
 */
typedef struct {
  /**
   * Packets.
   */
  uint64_t packets;
  /**
   * Their bytes.
   */
  uint64_t bytes;
  /**
   * Bytes of the packets that hold media of a known duration.
   */
  uint64_t timed_bytes;
  /**
   * That duration, microseconds.
   */
  uint64_t duration_us;
  /**
   * Bits for a second of media.
   */
  double media_bitrate_bps;
  /**
   * Whether any packet had a duration, and so there is a bitrate.
   */
  bool has_media_bitrate;
} sg_class_totals;

/**
 * Counts of a stream, or of many. Only grow.
 */
typedef struct {
  /**
   * Pictures.
   */
  sg_class_totals video;
  /**
   * Sound.
   */
  sg_class_totals audio;
  /**
   * Anything else.
   */
  sg_class_totals metadata;
  /**
   * Video frames begun.
   */
  uint64_t frames;
  /**
   * Of these, key frames.
   */
  uint64_t keyframes;
  /**
   * Frames that were dropped.
   */
  uint64_t frames_dropped;
  /**
   * Packets that were lost.
   */
  uint64_t packets_lost;
  /**
   * Packets lost of those sent.
   */
  double loss_ratio;
  /**
   * Frames dropped of all frames.
   */
  double drop_ratio;
  /**
   * Whether any packet was sent.
   */
  bool has_loss_ratio;
  /**
   * Whether there was any frame.
   */
  bool has_drop_ratio;
} sg_media_totals;

/**
 * A stream as it is. What is absent is 0, and its `has_` is false.
 */
typedef struct {
  /**
   * All counts.
   */
  sg_media_totals totals;
  /**
   * The first packet, microseconds.
   */
  int64_t start_us;
  /**
   * The last packet, microseconds.
   */
  int64_t end_us;
  /**
   * Bits of video per second that came, from the first to the last packet of the stream.
   */
  double video_bitrate_bps;
  /**
   * The same of audio.
   */
  double audio_bitrate_bps;
  /**
   * The same of metadata.
   */
  double metadata_bitrate_bps;
  /**
   * Video frames per second, from the first to the last.
   */
  double frame_rate;
  /**
   * The median of the latest intervals between key frames, microseconds.
   */
  double keyframe_interval_us;
  /**
   * Whether there was a packet.
   */
  bool has_interval;
  /**
   * Whether there are bitrates: not where no time passed from the first to the last packet.
   */
  bool has_bitrate;
  /**
   * Whether there is a frame rate: not where no time passed from the first to the last frame.
   */
  bool has_frame_rate;
  /**
   * Whether there were two key frames.
   */
  bool has_keyframe_interval;
} sg_media_stats;

/**
 * Quantiles of any number of values in bounded memory. A quantile is within the relative error of the value at
 * rank `floor(q (n - 1))` of the sorted values; the smallest and the largest value are exact. Merging gives the
 * same bins in any order. Any number of threads may use it, in turn.
 */
typedef Handle_Mutex_Sketch sg_sketch;

/**
 * The ids of streams as they were. They never change: any number of threads may use them at once, but freeing them
 * must wait for all of those.
 */
typedef Handle_Vec_String sg_stream_ids;

/**
 * Counts and times over all viewers that are or were there.
 */
typedef struct {
  /**
   * Viewers that were new.
   */
  uint64_t viewers;
  /**
   * Views that began: joins but for reconnects.
   */
  uint64_t views;
  /**
   * Joins of viewers who were there or had left a moment ago.
   */
  uint64_t reconnects;
  /**
   * Leaves, heartbeats and other events of viewers who were not there.
   */
  uint64_t unknown;
  /**
   * Viewers who left because nothing was heard of them.
   */
  uint64_t timed_out;
  /**
   * Joins refused for want of room.
   */
  uint64_t rejected;
  /**
   * Events before the one they follow on; they count as if at its time.
   */
  uint64_t went_back;
  /**
   * Views whose first picture was reported.
   */
  uint64_t started;
  /**
   * Views that are over for good: left, and not come back within the reconnect time.
   */
  uint64_t ended;
  /**
   * Of these, views that never started.
   */
  uint64_t ended_before_start;
  /**
   * Times that playing stalled.
   */
  uint64_t rebuffers;
  /**
   * How long it did, microseconds.
   */
  uint64_t rebuffer_us;
  /**
   * Time watched, stalls included, microseconds.
   */
  uint64_t watched_us;
  /**
   * Switches to a higher bitrate.
   */
  uint64_t switches_up;
  /**
   * Switches to a lower bitrate.
   */
  uint64_t switches_down;
  /**
   * Time of a known bitrate, microseconds.
   */
  uint64_t bitrate_us;
} sg_viewer_totals;

/**
 * The numbers of a summary. What is absent is 0, and its `has_` is false.
 */
typedef struct {
  /**
   * The first event, microseconds.
   */
  int64_t start_us;
  /**
   * Up to when it is, microseconds.
   */
  int64_t end_us;
  /**
   * Counts and times, spans that go on included.
   */
  sg_viewer_totals totals;
  /**
   * Viewers watching.
   */
  uint64_t watching;
  /**
   * The highest concurrency was not lower than this; exact for one node.
   */
  uint64_t peak_at_least;
  /**
   * Nor higher than this.
   */
  uint64_t peak_at_most;
  /**
   * When it was, microseconds.
   */
  int64_t peak_us;
  /**
   * The mean concurrency weighted by time.
   */
  double mean_concurrency;
  /**
   * Stalled time of the time watched.
   */
  double rebuffer_ratio;
  /**
   * The mean bitrate weighted by time, in bits per second.
   */
  double mean_bitrate_bps;
  /**
   * Views that ended before their first picture, of those that ended.
   */
  double exit_before_start_ratio;
  /**
   * Whether there was an event.
   */
  bool has_interval;
  /**
   * Whether it is known when the peak was: not without viewers, nor for several nodes.
   */
  bool has_peak_us;
  /**
   * Whether there is a mean concurrency: not over no time.
   */
  bool has_mean_concurrency;
  /**
   * Whether anything was watched.
   */
  bool has_rebuffer_ratio;
  /**
   * Whether a bitrate was told.
   */
  bool has_mean_bitrate;
  /**
   * Whether a view ended, and the first picture of any was reported.
   */
  bool has_exit_before_start_ratio;
} sg_audience_summary_state;

/**
 * An attribute: a name and a text, both UTF-8.
 */
typedef struct {
  /**
   * Its name.
   */
  sg_str name;
  /**
   * Its value.
   */
  sg_str value;
} sg_attribute;

/**
 * A summary and what tells it from others, such as its stream. Keep labels few: no viewer belongs there.
 */
typedef struct {
  /**
   * The summary.
   */
  const sg_audience_summary *summary;
  /**
   * Its labels or attributes; NULL when there are none.
   */
  const sg_attribute *labels;
  /**
   * How many.
   */
  size_t label_count;
} sg_labelled_summary;

/**
 * What OTLP metrics say beside the counts. All zero is the defaults.
 */
typedef struct {
  /**
   * Attributes of the resource, such as `service.name` and `service.instance.id`. OTLP wants one that tells
   * this node from others. NULL with 0 for `service.name` alone, which is then `streamgauge`.
   */
  const sg_attribute *resource;
  /**
   * How many attributes.
   */
  size_t resource_count;
  /**
   * How many tracks of each direction, role and kind have series of their own; 0 for 100.
   */
  uint64_t top_tracks;
  /**
   * `SG_OTLP_...`
   */
  int32_t format;
} sg_otlp_config;

/**
 * What a payload type stands for.
 */
typedef struct {
  /**
   * Payload type, 0 to 127.
   */
  uint32_t payload_type;
  /**
   * Ticks of the RTP timestamp per second, 1 to 10,000,000.
   */
  uint32_t clock_hz;
  /**
   * `SG_MEDIA_...`
   */
  int32_t kind;
} sg_payload_format;

/**
 * Cumulative counts of one or more streams, or what was added to them. In totals all but those from `lost`
 * to `lost_rfc3550` only grow. Bytes come in three views: wire (UDP payload), header, and payload = wire -
 * header - padding.
 */
typedef struct {
  /**
   * All arrivals: late, repeated, padding, RTX and FEC included.
   */
  uint64_t packets;
  /**
   * Wire bytes of all arrivals.
   */
  uint64_t wire_bytes;
  /**
   * Header bytes of all arrivals.
   */
  uint64_t header_bytes;
  /**
   * Padding bytes of all arrivals, of padding-only packets too.
   */
  uint64_t padding_bytes;
  /**
   * Payload bytes of all arrivals.
   */
  uint64_t payload_bytes;
  /**
   * Arrivals that are neither RTX, FEC nor padding alone.
   */
  uint64_t media_packets;
  /**
   * Their wire bytes.
   */
  uint64_t media_wire_bytes;
  /**
   * Their payload bytes.
   */
  uint64_t media_payload_bytes;
  /**
   * Arrivals of class RTX.
   */
  uint64_t rtx_packets;
  /**
   * Their wire bytes.
   */
  uint64_t rtx_wire_bytes;
  /**
   * Their header and padding bytes.
   */
  uint64_t rtx_overhead_bytes;
  /**
   * Arrivals of class FEC.
   */
  uint64_t fec_packets;
  /**
   * Their wire bytes.
   */
  uint64_t fec_wire_bytes;
  /**
   * Their header and padding bytes.
   */
  uint64_t fec_overhead_bytes;
  /**
   * Arrivals with padding and no payload, of class media.
   */
  uint64_t padding_packets;
  /**
   * Their wire bytes.
   */
  uint64_t padding_packet_wire_bytes;
  /**
   * Sequence numbers that never arrived: `missing` less `recovered_late`. Falls when one comes late, so as
   * a delta it can be negative.
   */
  int64_t lost;
  /**
   * Sequence numbers from the lowest to the highest of each segment between restarts.
   */
  int64_t expected;
  /**
   * RFC 3550's cumulative lost: expected less received, where repeated packets are received.
   */
  int64_t lost_rfc3550;
  /**
   * First arrivals: all but the repeated, too old and implausible ones.
   */
  uint64_t unique;
  /**
   * Sequence numbers that were skipped when a later one arrived. What comes late is in `recovered_late` as
   * well.
   */
  uint64_t missing;
  /**
   * Arrivals of sequence numbers that had been counted missing.
   */
  uint64_t recovered_late;
  /**
   * Arrivals of sequence numbers that had arrived before.
   */
  uint64_t duplicates;
  /**
   * First arrivals after a later sequence number.
   */
  uint64_t out_of_order;
  /**
   * Arrivals too far behind to tell late from repeated; they correct no loss.
   */
  uint64_t too_old;
  /**
   * Single arrivals too far ahead, which nothing confirmed.
   */
  uint64_t implausible;
  /**
   * Restarts: two packets in sequence far from what came before. No loss is counted for them.
   */
  uint64_t discontinuities;
  /**
   * Distinct timestamps of video.
   */
  uint64_t frames;
  /**
   * Of these, frames with a packet flagged as key frame.
   */
  uint64_t keyframes;
} sg_stream_totals;

/**
 * Everything known of one stream. What was not measured is 0, and its `has_` is false.
 */
typedef struct {
  /**
   * Cumulative counts.
   */
  sg_stream_totals totals;
  /**
   * Synchronisation source.
   */
  uint32_t ssrc;
  /**
   * Ticks per second of the timestamps; 0 while the payload type has no format.
   */
  uint32_t clock_hz;
  /**
   * Distinct timestamps, of video.
   */
  uint64_t frames;
  /**
   * Extended highest sequence number; the first cycle begins at 65,536.
   */
  uint64_t extended_highest;
  /**
   * The highest timestamp, extended to 64 bits.
   */
  int64_t extended_timestamp;
  /**
   * First arrival, microseconds.
   */
  int64_t first_arrival_us;
  /**
   * Latest arrival, microseconds.
   */
  int64_t last_arrival_us;
  /**
   * RFC 3550 A.8 over every media packet, now, in microseconds.
   */
  double jitter_us;
  /**
   * The same in ticks.
   */
  double jitter_ticks;
  /**
   * Its mean over all steps, microseconds.
   */
  double mean_jitter_us;
  /**
   * Its maximum, microseconds.
   */
  double max_jitter_us;
  /**
   * A.8 over the first packet of each timestamp, microseconds.
   */
  double frame_jitter_us;
  /**
   * The same in ticks.
   */
  double frame_jitter_ticks;
  /**
   * The longest time between two arrivals of media, microseconds.
   */
  int64_t max_delta_us;
  /**
   * Wire bits per second from the first to the latest arrival.
   */
  double bitrate_bps;
  /**
   * Runs of consecutive losses as they opened (late arrivals do not undo them): a bin each for 1 to 10,
   * one for 11 to 100, one for more.
   */
  uint32_t loss_bursts[12];
  /**
   * Timestamps that began a new timeline: more than 10 s away from what the arrivals say.
   */
  uint32_t timestamp_discontinuities;
  /**
   * Arrivals with a time before that of the one before.
   */
  uint32_t arrivals_went_back;
  /**
   * Payload type of the latest media packet (of the first RTX or FEC packet, where there is no media).
   */
  uint8_t payload_type;
  /**
   * Whether there is a payload type.
   */
  bool has_payload_type;
  /**
   * Whether there are frames: the stream is video.
   */
  bool has_frames;
  /**
   * Whether there is an extended highest sequence number.
   */
  bool has_extended_highest;
  /**
   * Whether there is a timestamp.
   */
  bool has_extended_timestamp;
  /**
   * Whether there are arrivals.
   */
  bool has_arrivals;
  /**
   * Whether jitter was measured, in microseconds.
   */
  bool has_jitter_us;
  /**
   * Whether jitter was measured, in ticks.
   */
  bool has_jitter_ticks;
  /**
   * Whether there is a mean jitter.
   */
  bool has_mean_jitter_us;
  /**
   * Whether there is a maximum jitter.
   */
  bool has_max_jitter_us;
  /**
   * Whether frame jitter was measured, in microseconds.
   */
  bool has_frame_jitter_us;
  /**
   * Whether frame jitter was measured, in ticks.
   */
  bool has_frame_jitter_ticks;
  /**
   * Whether there were two arrivals of media.
   */
  bool has_max_delta_us;
  /**
   * Whether there is a bit rate: the stream lasted.
   */
  bool has_bitrate_bps;
} sg_stream_stats;

/**
 * One RTP stream of a capture: an SSRC from one address and port to another. What RTCP did not say is 0, and
 * its `has_` is false.
 */
typedef struct {
  /**
   * Everything counted of it.
   */
  sg_stream_stats stats;
  /**
   * The latest round-trip time that RTCP gave between the capturing point and its receiver, microseconds.
   */
  int64_t rtt_us;
  /**
   * Packets that its sender reported sent last.
   */
  uint64_t sender_packets;
  /**
   * Cumulative loss as its receiver reported last.
   */
  int32_t remote_packets_lost;
  /**
   * Whether there is a round-trip time.
   */
  bool has_rtt_us;
  /**
   * Whether its sender reported.
   */
  bool has_sender_packets;
  /**
   * Whether its receiver reported.
   */
  bool has_remote_packets_lost;
  /**
   * Address and port it came from, NUL-terminated.
   */
  char source[64];
  /**
   * Address and port it went to, NUL-terminated.
   */
  char destination[64];
} sg_capture_stream;

/**
 * How a counter reads its samples. All zero is an integer counter of unknown origin and no width.
 */
typedef struct {
  /**
   * `SG_COUNTER_...`
   */
  int32_t kind;
  /**
   * Width of the counter in bits, 1 to 64; 0 when not declared. Only with a width can a fall be a wrap.
   */
  uint32_t width_bits;
  /**
   * The fastest plausible growth per second: a fall is a wrap when the wrapped step is within it. 0 when
   * not known; then a step under a quarter of the width's range is plausible.
   */
  double max_per_s;
  /**
   * Not 0 when the counter is known to have started at zero within what is observed: the first sample
   * counts in full.
   */
  uint8_t origin_known;
} sg_counter_config;

/**
 * A counter. One thread at a time: others get `SG_BUSY`.
 */
typedef Handle_Mutex_AnyCounter sg_counter;

/**
 * What one sample added.
 */
typedef struct {
  /**
   * `SG_STEP_...`
   */
  int32_t kind;
  /**
   * Whether there is an interval: not for a first, a repeated and a rejected sample.
   */
  bool has_interval;
  /**
   * What was added to the total of an integer counter; 0 for the other kind.
   */
  uint64_t delta_u64;
  /**
   * What was added to the total of a floating-point counter; 0 for the other kind.
   */
  double delta_f64;
  /**
   * Time of the sample before, microseconds.
   */
  int64_t start_us;
  /**
   * Time of this sample, microseconds.
   */
  int64_t end_us;
} sg_step;

/**
 * What a counter has seen.
 */
typedef struct {
  /**
   * `SG_COUNTER_...`
   */
  int32_t kind;
  /**
   * Whether there is a last sample.
   */
  bool has_last;
  /**
   * Everything that an integer counter added; never falls. 0 for the other kind.
   */
  uint64_t total_u64;
  /**
   * Everything that a floating-point counter added; never falls. 0 for the other kind.
   */
  double total_f64;
  /**
   * Samples that restarted the counter without being announced.
   */
  uint64_t resets;
  /**
   * Samples that passed the end of the width.
   */
  uint64_t wraps;
  /**
   * Samples that began an announced epoch.
   */
  uint64_t boundaries;
  /**
   * Samples that were not taken.
   */
  uint64_t rejected;
  /**
   * Time of the last sample taken, microseconds.
   */
  int64_t last_us;
  /**
   * Its value, of an integer counter.
   */
  uint64_t last_u64;
  /**
   * Its value, of a floating-point counter.
   */
  double last_f64;
} sg_counter_state;

/**
 * A sample of a counter.
 */
typedef struct {
  /**
   * When it was read, microseconds.
   */
  int64_t at_us;
  /**
   * What it showed.
   */
  double value;
} sg_sample;

/**
 * An increase, and what it is divided by.
 */
typedef struct {
  /**
   * Increase per second.
   */
  double per_s;
  /**
   * What was added, resets accounted for.
   */
  double increase;
  /**
   * The seconds that `per_s` divides by; above 0.
   */
  double seconds;
  /**
   * Resets among the samples used.
   */
  uint64_t resets;
} sg_rate;

/**
 * One RTP packet as the statistics see it, 32 bytes. The payload is what is left of `wire_bytes` after
 * header and padding.
 */
typedef struct {
  /**
   * When it arrived (or was sent), microseconds since the Unix epoch.
   */
  int64_t arrival_us;
  /**
   * Synchronisation source.
   */
  uint32_t ssrc;
  /**
   * RTP timestamp, in ticks of the payload type's clock.
   */
  uint32_t rtp_timestamp;
  /**
   * RTP sequence number.
   */
  uint16_t sequence;
  /**
   * The whole UDP payload.
   */
  uint16_t wire_bytes;
  /**
   * Fixed header, CSRCs and extensions.
   */
  uint16_t header_bytes;
  /**
   * Payload type, 0 to 127.
   */
  uint8_t payload_type;
  /**
   * Padding at the end, its count byte included.
   */
  uint8_t padding_bytes;
  /**
   * Sum of `SG_PACKET_...`.
   */
  uint8_t flags;
  /**
   * Not read.
   */
  uint8_t reserved[7];
} sg_packet;

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
 * Limits. All zero is the defaults.
 */
typedef struct {
  /**
   * How many sources are kept; 0 for 1,024. When there are more, the one not heard of for longest goes.
   */
  uint64_t max_sources;
} sg_rtcp_config;

/**
 * RTCP of any number of sources, bounded, in both directions as it passes one point. One thread at a time:
 * others get `SG_BUSY`.
 */
typedef Handle_Mutex_RtcpStats sg_rtcp;

/**
 * What RTCP said about one source of media, or its reports. What was not said is 0, and its `has_` is false.
 */
typedef struct {
  /**
   * The source.
   */
  uint32_t ssrc;
  /**
   * Of the latest report block about it: fraction lost since the block before, in 256ths.
   */
  uint32_t fraction_lost;
  /**
   * Of that block: packets lost in all; negative when repeats outnumber losses.
   */
  int32_t cumulative_lost;
  /**
   * Of that block: extended highest sequence number, modulo 2^32.
   */
  uint32_t extended_highest;
  /**
   * Of that block: interarrival jitter in ticks.
   */
  uint32_t jitter_ticks;
  /**
   * Of its latest sender report: RTP timestamp.
   */
  uint32_t sender_rtp_timestamp;
  /**
   * Of its latest sender report: NTP time, seconds since 1900 in the high half, fraction in the low.
   */
  uint64_t sender_ntp;
  /**
   * When it was last heard of, microseconds.
   */
  int64_t heard_us;
  /**
   * The latest round-trip time by a report block about it (SR, then LSR and DLSR), microseconds.
   */
  int64_t rtt_us;
  /**
   * The largest so far, microseconds.
   */
  int64_t max_rtt_us;
  /**
   * The sum of all, microseconds.
   */
  uint64_t total_rtt_us;
  /**
   * How many were measured.
   */
  uint64_t rtt_measurements;
  /**
   * The latest round-trip time by its receiver reference time (XR: RRTR, then DLRR), microseconds.
   */
  int64_t xr_rtt_us;
  /**
   * NACK messages about it.
   */
  uint64_t nacks;
  /**
   * Packets that these asked for.
   */
  uint64_t nack_packets;
  /**
   * Picture loss indications about it.
   */
  uint64_t plis;
  /**
   * Full intra requests about it; a repeated command sequence number is the same request.
   */
  uint64_t firs;
  /**
   * Sender reports from it.
   */
  uint64_t sender_reports;
  /**
   * Packets that it says it sent, extended past 32 bits.
   */
  uint64_t sent_packets;
  /**
   * Payload bytes that it says it sent, extended past 32 bits.
   */
  uint64_t sent_bytes;
  /**
   * Whether there was a report block about it.
   */
  bool has_block;
  /**
   * Whether there was a sender report from it: `sender_...` and `sent_...` are there.
   */
  bool has_sender;
  /**
   * Whether a round-trip time was measured: `rtt_us` and `max_rtt_us` are there.
   */
  bool has_rtt;
  /**
   * Whether a round-trip time by XR was measured.
   */
  bool has_xr_rtt;
  /**
   * Whether it said goodbye.
   */
  bool left;
} sg_rtcp_report;

/**
 * What came of each kind, over all sources. Never falls.
 */
typedef struct {
  /**
   * Compound packets.
   */
  uint64_t compounds;
  /**
   * Compound packets with a malformed part.
   */
  uint64_t malformed;
  /**
   * Sender reports.
   */
  uint64_t sender_reports;
  /**
   * Report blocks in sender and receiver reports.
   */
  uint64_t report_blocks;
  /**
   * NACK messages.
   */
  uint64_t nacks;
  /**
   * Packets that NACK messages asked for.
   */
  uint64_t nack_packets;
  /**
   * Picture loss indications.
   */
  uint64_t plis;
  /**
   * Full intra requests.
   */
  uint64_t firs;
  /**
   * Round-trip times measured.
   */
  uint64_t rtt_measurements;
  /**
   * Round-trip times that came out negative, not used.
   */
  uint64_t rtt_negative;
  /**
   * Goodbyes.
   */
  uint64_t byes;
  /**
   * Sources evicted.
   */
  uint64_t evicted;
} sg_rtcp_counts;

/**
 * Limits and formats of statistics. All zero is the defaults.
 */
typedef struct {
  /**
   * What payload types stand for, beside or instead of the defaults; NULL when there are none.
   */
  const sg_payload_format *formats;
  /**
   * How many formats.
   */
  size_t format_count;
  /**
   * How many streams are kept, at most 2^24; 0 for 65,536. When there are more, one not heard of lately
   * goes; its counts stay in the totals.
   */
  uint64_t max_streams;
  /**
   * How many of these may be SSRCs that are not validated yet; 0 for 16,384. An SSRC that is not validated
   * by the time so many newer ones came goes.
   */
  uint64_t max_unvalidated;
} sg_rtp_config;

/**
 * Statistics of any number of RTP streams, bounded. One thread at a time: others get `SG_BUSY`.
 */
typedef Handle_Mutex_Stats sg_rtp;

/**
 * What statistics say of themselves.
 */
typedef struct {
  /**
   * Streams that are kept, validated or not.
   */
  uint64_t streams;
  /**
   * Validated streams that were evicted or removed.
   */
  uint64_t evictions;
  /**
   * Packets that are not in the totals: of SSRCs that are no stream (yet).
   */
  uint64_t unvalidated_packets;
  /**
   * Their wire bytes.
   */
  uint64_t unvalidated_wire_bytes;
  /**
   * Memory in use, spare capacity included.
   */
  uint64_t memory_bytes;
} sg_rtp_state;

/**
 * What a reader took, one delta a stream. It never changes: any number of threads may use it at once, but
 * freeing it must wait for all of them. It may outlive its statistics.
 */
typedef Handle_Vec_StreamDelta sg_deltas;

/**
 * What a reader took of one stream.
 */
typedef struct {
  /**
   * What was added in the interval.
   */
  sg_stream_totals totals;
  /**
   * Start of the interval: when the reader took last, microseconds.
   */
  int64_t start_us;
  /**
   * End of the interval, microseconds.
   */
  int64_t end_us;
  /**
   * The highest jitter (A.8, every packet) within the interval, microseconds.
   */
  double max_jitter_us;
  /**
   * The stream.
   */
  uint32_t ssrc;
  /**
   * False for what streams had pending when they were evicted or removed.
   */
  bool has_ssrc;
  /**
   * Whether jitter was measured.
   */
  bool has_max_jitter_us;
  /**
   * Whether this is all that will come of what it stands for.
   */
  bool last;
} sg_stream_delta;

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
 * The buckets of one level as they were. They never change: any number of threads may use them at once, but
 * freeing them must wait for all of those. They may outlive their rollup.
 */
typedef Handle_Buckets sg_buckets;

/**
 * What happened in a bucket.
 */
typedef struct {
  /**
   * Where it begins, microseconds.
   */
  int64_t start_us;
  /**
   * Samples in it; with 0 the rest is 0, too, and means nothing.
   */
  uint64_t count;
  /**
   * Their sum; infinite past the range of double.
   */
  double sum;
  /**
   * Their mean; infinite where the sum is.
   */
  double mean;
  /**
   * The smallest value.
   */
  double min;
  /**
   * The largest value.
   */
  double max;
  /**
   * When the latest sample was, microseconds.
   */
  int64_t last_us;
  /**
   * Its value; of several at that time the largest.
   */
  double last;
} sg_bucket;

/**
 * The same buckets as columns of `rows` numbers each, which live as long as the buckets; NULL without rows. The
 * columns are those of `sg_bucket`.
 */
typedef struct {
  /**
   * How many buckets.
   */
  size_t rows;
  /**
   * Where each begins, microseconds.
   */
  const int64_t *start_us;
  /**
   * Samples in each; where it is 0 the other columns are 0, too, and mean nothing.
   */
  const uint64_t *count;
  /**
   * Sums.
   */
  const double *sum;
  /**
   * Means.
   */
  const double *mean;
  /**
   * Smallest values.
   */
  const double *min;
  /**
   * Largest values.
   */
  const double *max;
  /**
   * Times of the latest samples, microseconds.
   */
  const int64_t *last_us;
  /**
   * Their values.
   */
  const double *last;
  /**
   * A column for each quantile that was asked for.
   */
  const double *const *quantiles;
  /**
   * How many of these.
   */
  size_t quantile_count;
} sg_bucket_columns;

/**
 * What is a gap. All zero is: only a value that is not finite.
 */
typedef struct {
  /**
   * Where more than this lies between two samples the series has a gap, microseconds; with `has_gap_us`
   * only.
   */
  int64_t gap_us;
  /**
   * Not 0 when `gap_us` is given.
   */
  uint8_t has_gap_us;
} sg_downsample_config;

/**
 * One resolution of a rollup.
 */
typedef struct {
  /**
   * The width of a bucket, microseconds. Buckets begin at multiples of it.
   */
  int64_t width_us;
  /**
   * How many of the latest buckets are kept, empty ones included: 1 to 2^22.
   */
  uint64_t keep;
} sg_level;

/**
 * Resolutions and bounds of a rollup. All zero is the defaults.
 */
typedef struct {
  /**
   * From the finest on; each width is a multiple of the one before. NULL for an hour of seconds, six hours of
   * 10 seconds and a day of minutes.
   */
  const sg_level *levels;
  /**
   * How many levels.
   */
  size_t level_count;
  /**
   * How far behind the newest sample one may come and still count, to within a bucket of the finest level,
   * microseconds; with `has_late_us` only, else 60 seconds.
   */
  int64_t late_us;
  /**
   * The largest relative error of the quantiles of a bucket, 0.0001 to 0.5; with `has_relative_error` only,
   * else buckets have no quantiles.
   */
  double relative_error;
  /**
   * Not 0 when `late_us` is given.
   */
  uint8_t has_late_us;
  /**
   * Not 0 when `relative_error` is given.
   */
  uint8_t has_relative_error;
} sg_rollup_config;

/**
 * Counts, sums, extremes and, where asked for, sketches of a series in buckets of several widths. Memory is
 * bounded by what the levels keep. Any number of threads may use it, in turn.
 */
typedef Handle_Mutex_Rollup sg_rollup;

/**
 * What a rollup is, and what became of all samples.
 */
typedef struct {
  /**
   * How many levels it has.
   */
  uint64_t levels;
  /**
   * How far behind the newest sample one may come, microseconds.
   */
  int64_t late_us;
  /**
   * The relative error of quantiles; 0 when it has none.
   */
  double relative_error;
  /**
   * The time of the newest sample, microseconds; 0 without.
   */
  int64_t newest_us;
  /**
   * Up to when nothing can change any more: buckets that end at or before it are final. In microseconds; 0
   * without samples.
   */
  int64_t final_until_us;
  /**
   * Samples taken. Only grows, as do the following.
   */
  uint64_t accepted;
  /**
   * Samples later than allowed.
   */
  uint64_t too_late;
  /**
   * NaN or infinite values.
   */
  uint64_t not_finite;
  /**
   * Whether there was a sample.
   */
  bool has_newest;
} sg_rollup_state;

/**
 * What a sketch promises. All zero is the defaults.
 */
typedef struct {
  /**
   * The largest relative error of a quantile, 0.0001 to 0.5; with `has_relative_error` only, else 0.01.
   */
  double relative_error;
  /**
   * Not 0 when `relative_error` is given.
   */
  uint8_t has_relative_error;
} sg_sketch_config;

/**
 * What a sketch has seen. What is absent is 0, and its `has_` is false.
 */
typedef struct {
  /**
   * Values added; without any there is no smallest and no largest.
   */
  uint64_t count;
  /**
   * Values that were zero.
   */
  uint64_t zeros;
  /**
   * Values rejected as NaN or infinite.
   */
  uint64_t rejected;
  /**
   * Memory of the sketch, bytes.
   */
  uint64_t memory_bytes;
  /**
   * The smallest value.
   */
  double min;
  /**
   * The largest value.
   */
  double max;
  /**
   * The sum of the values.
   */
  double sum;
  /**
   * Their mean.
   */
  double mean;
  /**
   * The promised relative error.
   */
  double relative_error;
  /**
   * Whether there is a sum and a mean: not without values, nor past the range of double.
   */
  bool has_sum;
  /**
   * Whether magnitudes lay so far apart that the smallest were put together: quantiles among those are too
   * large.
   */
  bool is_collapsed;
} sg_sketch_state;

/**
 * A bin of a sketch. Zeros are a bin of their own.
 */
typedef struct {
  /**
   * Its lower end, which it has if it is positive.
   */
  double lower;
  /**
   * Its upper end, which it has if it is negative.
   */
  double upper;
  /**
   * Values in it.
   */
  uint64_t count;
} sg_bin;

/**
 * Bounds of a window. All zero is the defaults.
 */
typedef struct {
  /**
   * How far it reaches back from the newest time, microseconds: samples at or before the newest time less
   * this are gone. 0 for 300 seconds.
   */
  int64_t span_us;
  /**
   * How many samples it keeps; 0 for 1,000.
   */
  uint64_t max_samples;
  /**
   * How far behind the newest sample one may come, microseconds; with `has_late_us` only, else any.
   */
  int64_t late_us;
  /**
   * What to do with a second sample of one time: `SG_SAME_TIME_...`.
   */
  int32_t same_time;
  /**
   * Not 0 for no bound in time; `span_us` is not read then.
   */
  uint8_t no_span;
  /**
   * Not 0 when `late_us` is given.
   */
  uint8_t has_late_us;
} sg_window_config;

/**
 * The samples of the last while, bounded in time and number. In order a sample costs amortised O(1), whatever
 * is asked in between. Any number of threads may use it, in turn.
 */
typedef Handle_Mutex_Window sg_window;

/**
 * What the samples of a window amount to, and what became of all there were. What is absent is 0, and its
 * `has_` is false.
 */
typedef struct {
  /**
   * Samples in the window; without any there is nothing up to `last`.
   */
  uint64_t samples;
  /**
   * The smallest value.
   */
  double min;
  /**
   * The largest value.
   */
  double max;
  /**
   * The sum, right to within a rounding of the largest value in the window.
   */
  double sum;
  /**
   * The mean of the samples, each weighing the same.
   */
  double mean;
  /**
   * The oldest sample.
   */
  sg_sample first;
  /**
   * The newest sample.
   */
  sg_sample last;
  /**
   * From the first to the last sample, the change of value in a second.
   */
  double rate_per_s;
  /**
   * Samples taken so far. Only grows, as do the following.
   */
  uint64_t accepted;
  /**
   * Of these, sorted in behind the newest.
   */
  uint64_t late;
  /**
   * Refused as too late.
   */
  uint64_t too_late;
  /**
   * Refused as a repeat.
   */
  uint64_t repeated;
  /**
   * Refused as NaN or infinite.
   */
  uint64_t not_finite;
  /**
   * Taken and since gone from the window.
   */
  uint64_t evicted;
  /**
   * Whether there is a sum and a mean: not without samples, nor past the range of double.
   */
  bool has_sum;
  /**
   * Whether there is a rate: not where no time passed from the first to the last sample.
   */
  bool has_rate;
} sg_window_state;

/**
 * Limits and choices of telemetry. All zero is the defaults.
 */
typedef struct {
  /**
   * What payload types stand for, beside or instead of the defaults; NULL when there are none.
   */
  const sg_payload_format *formats;
  /**
   * How many formats.
   */
  size_t format_count;
  /**
   * What makes one stat: `SG_LEVEL_...`.
   */
  int32_t level;
  /**
   * Which bytes of RTP packets count: `SG_BYTES_...`.
   */
  int32_t bytes;
  /**
   * How long a participant whose last track closed is remembered, with its totals, microseconds; with
   * `has_grace_us` only, else 180 seconds.
   */
  int64_t grace_us;
  /**
   * How many tracks there may be, closed ones not yet delivered included; 0 for 2^20.
   */
  uint64_t max_tracks;
  /**
   * How many participants may be remembered; 0 for 2^20.
   */
  uint64_t max_participants;
  /**
   * How many SSRCs one track may have; 0 for 64.
   */
  uint64_t max_streams_per_track;
  /**
   * Not 0 when `grace_us` is given.
   */
  uint8_t has_grace_us;
  /**
   * Not 0 when a track without anything new gives a stat of zeros.
   */
  uint8_t emit_idle;
} sg_telemetry_config;

/**
 * Telemetry of one node. Any number of threads may use it at once, but freeing it must wait for all of them.
 * Its tracks and reports may outlive it.
 */
typedef Handle_Telemetry sg_telemetry;

/**
 * Which track of whom. Participant, track, direction and role tell tracks apart; the rest describes. Texts
 * are UTF-8 and may be empty where that says unknown.
 */
typedef struct {
  /**
   * The participant: the publisher upstream, the subscriber downstream.
   */
  sg_str participant;
  /**
   * The track: the publisher's id in both directions.
   */
  sg_str track;
  /**
   * Where it comes from: camera, microphone, screen share; may be unknown.
   */
  sg_str source;
  /**
   * Its codec or content; may be unknown.
   */
  sg_str mime;
  /**
   * The participant's country; may be unknown.
   */
  sg_str country;
  /**
   * Which way it goes: `SG_DIRECTION_...`.
   */
  int32_t direction;
  /**
   * Who is at the other end: `SG_ROLE_...`.
   */
  int32_t role;
  /**
   * What it carries: `SG_TRACK_...`.
   */
  int32_t kind;
} sg_track_key;

/**
 * A handle to a track. Any number of threads may use it at once, but freeing it must wait for all of them. It
 * may outlive its telemetry. NULL is a recorder of nothing: every call but `sg_track_totals` takes it, does
 * nothing and answers `SG_OK`. What is recorded after the close is rejected and counted, and no error.
 */
typedef Handle_Track sg_track;

/**
 * Counts of one simulcast layer.
 */
typedef struct {
  /**
   * Media packets.
   */
  uint64_t packets;
  /**
   * Their bytes.
   */
  uint64_t bytes;
  /**
   * Frames.
   */
  uint64_t frames;
} sg_layer_totals;

/**
 * Counts of one track, or of many added up. As totals all only grow but `packets_lost`.
 */
typedef struct {
  /**
   * Media packets, FEC included, retransmissions and padding apart.
   */
  uint64_t primary_packets;
  /**
   * Their bytes; of data and signal tracks all bytes.
   */
  uint64_t primary_bytes;
  /**
   * Retransmitted packets.
   */
  uint64_t retransmit_packets;
  /**
   * Their bytes.
   */
  uint64_t retransmit_bytes;
  /**
   * Packets of padding alone.
   */
  uint64_t padding_packets;
  /**
   * Padding bytes, those at the end of other packets included.
   */
  uint64_t padding_bytes;
  /**
   * Of the primary packets, those of FEC.
   */
  uint64_t fec_packets;
  /**
   * Packets out of order.
   */
  uint64_t packets_out_of_order;
  /**
   * Packets that came again.
   */
  uint64_t packets_duplicate;
  /**
   * Frames; of simulcast those of the best layer of each interval.
   */
  uint64_t frames;
  /**
   * NACKs.
   */
  uint64_t nacks;
  /**
   * Picture loss indications.
   */
  uint64_t plis;
  /**
   * Full intra requests.
   */
  uint64_t firs;
  /**
   * Messages of data and signal tracks, those of no bytes included.
   */
  uint64_t messages;
  /**
   * Sequence numbers lost. Falls when a packet comes late.
   */
  int64_t packets_lost;
  /**
   * By simulcast layer, where layers were set; the last one is that and all above.
   */
  sg_layer_totals layers[4];
} sg_track_counts;

/**
 * What a track takes to another node: its totals, which are reported already (or in its last interval here)
 * and are not reported again there.
 */
typedef struct {
  /**
   * Everything counted so far.
   */
  sg_track_counts totals;
} sg_track_seed;

/**
 * What was taken of telemetry. It never changes: any number of threads may use it at once, but freeing it must
 * wait for all of them. It may outlive its telemetry.
 */
typedef Handle_Report sg_report;

/**
 * Everything counted on this node, by track and by group. It never changes: any number of threads may use it
 * at once, but freeing it must wait for all of them. It may outlive its telemetry.
 */
typedef Handle_Account sg_snapshot;

/**
 * What telemetry keeps, and what it says of itself.
 */
typedef struct {
  /**
   * Tracks that are kept.
   */
  uint64_t tracks;
  /**
   * Participants that are kept.
   */
  uint64_t participants;
  /**
   * Tracks opened. This and the following only grow.
   */
  uint64_t tracks_opened;
  /**
   * Tracks closed and dropped.
   */
  uint64_t tracks_dropped;
  /**
   * Participants dropped after their grace period.
   */
  uint64_t participants_dropped;
  /**
   * Records that came after their track's close.
   */
  uint64_t rejected_after_close;
  /**
   * Intervals that were merged into the next one because their report failed.
   */
  uint64_t intervals_merged;
} sg_telemetry_state;

/**
 * What a report is.
 */
typedef struct {
  /**
   * Consecutive number, from 1.
   */
  uint64_t sequence;
  /**
   * When the report acknowledged before was taken; for the first, the earliest start of a stat. In
   * microseconds.
   */
  int64_t start_us;
  /**
   * When it was taken, microseconds.
   */
  int64_t time_us;
  /**
   * How many stats it has.
   */
  uint64_t stats;
} sg_report_state;

/**
 * What a data track was, at its close.
 */
typedef struct {
  /**
   * From its first to its last packet, microseconds.
   */
  int64_t duration_us;
  /**
   * Packets, repeated ones included.
   */
  uint64_t packets;
  /**
   * Sequence numbers lost.
   */
  int64_t packets_lost;
  /**
   * Packets out of order.
   */
  uint64_t packets_out_of_order;
  /**
   * Packets that came again.
   */
  uint64_t packets_duplicate;
  /**
   * Frames begun.
   */
  uint64_t frames;
  /**
   * Frames per second of its duration.
   */
  double frame_rate;
  /**
   * Whether there is a frame rate: it lasted.
   */
  bool has_frame_rate;
} sg_data_summary;

/**
 * What one track, or one participant in one direction, did in an interval. What was not measured is 0, and
 * its `has_` is false. The texts live as long as the report.
 */
typedef struct {
  /**
   * The track; without a track id, and with a source only if all tracks have it, for a participant.
   */
  sg_track_key key;
  /**
   * Id of the room.
   */
  sg_str room_id;
  /**
   * Name of the room.
   */
  sg_str room_name;
  /**
   * When it was taken, microseconds.
   */
  int64_t time_us;
  /**
   * Start of the interval: the end of the one before, or the opening, microseconds.
   */
  int64_t start_us;
  /**
   * End of the interval, microseconds.
   */
  int64_t end_us;
  /**
   * What was added. The loss is signed: negative when late packets corrected more than was lost.
   */
  sg_track_counts totals;
  /**
   * The loss for a format without signs: corrections are held back against it.
   */
  uint64_t packets_lost_to_report;
  /**
   * Corrections still held back, 0 or less.
   */
  int64_t packets_lost_held_back;
  /**
   * The largest round-trip time, microseconds.
   */
  uint32_t rtt_us;
  /**
   * The largest jitter, microseconds.
   */
  uint32_t jitter_us;
  /**
   * Mean of the quality scores.
   */
  float mean_score;
  /**
   * The lowest of them.
   */
  float min_score;
  /**
   * The middle one of them.
   */
  float median_score;
  /**
   * How many scores there were; with 0 there are no values.
   */
  uint32_t scores;
  /**
   * The highest simulcast layer that had packets.
   */
  uint32_t layer;
  /**
   * How many earlier intervals, whose report failed, are part of this one.
   */
  uint32_t merged_intervals;
  /**
   * How many tracks this is the sum of.
   */
  uint32_t tracks;
  /**
   * Whether a round-trip time was measured.
   */
  bool has_rtt_us;
  /**
   * Whether jitter was measured.
   */
  bool has_jitter_us;
  /**
   * Whether a simulcast layer had packets.
   */
  bool has_layer;
  /**
   * Whether there is a summary of a data track.
   */
  bool has_data;
  /**
   * Whether the track is closed and this is all that is left.
   */
  bool last;
  /**
   * What that layer added.
   */
  sg_layer_totals layer_totals;
  /**
   * What a data track was, at its close.
   */
  sg_data_summary data;
} sg_stat;

/**
 * A track that is kept. The texts live as long as the snapshot.
 */
typedef struct {
  /**
   * Which track of whom.
   */
  sg_track_key key;
  /**
   * When it was opened, microseconds.
   */
  int64_t start_us;
  /**
   * What was counted here since, reported or not.
   */
  sg_track_counts totals;
} sg_track_state;

/**
 * All tracks of a direction, role and kind that are or were there.
 */
typedef struct {
  /**
   * `SG_DIRECTION_...`
   */
  int32_t direction;
  /**
   * `SG_ROLE_...`
   */
  int32_t role;
  /**
   * `SG_TRACK_...`
   */
  int32_t kind;
  /**
   * When the first of them was opened, microseconds.
   */
  int64_t start_us;
  /**
   * What was counted here since, reported or not. Never falls, but for the loss.
   */
  sg_track_counts totals;
} sg_group_state;

/**
 * One packet of a data track, after marshalling; 16 bytes.
 */
typedef struct {
  /**
   * When it arrived or was sent, microseconds.
   */
  int64_t at_us;
  /**
   * Bytes on the wire.
   */
  uint32_t bytes;
  /**
   * Its sequence number.
   */
  uint16_t sequence;
  /**
   * Not 0 when it begins a frame.
   */
  uint8_t starts_frame;
  /**
   * Not read.
   */
  uint8_t reserved;
} sg_data_packet;

/**
 * What RTCP said of a track in one direction. All zero is nothing.
 */
typedef struct {
  /**
   * Packets newly lost; negative when a late packet corrects a loss.
   */
  int64_t lost;
  /**
   * Round-trip time in microseconds, with `has_rtt_us` only; a report shows the largest of its interval.
   */
  uint32_t rtt_us;
  /**
   * Jitter in microseconds, with `has_jitter_us` only; a report shows the largest of its interval.
   */
  uint32_t jitter_us;
  /**
   * NACKs.
   */
  uint32_t nacks;
  /**
   * Picture loss indications.
   */
  uint32_t plis;
  /**
   * Full intra requests.
   */
  uint32_t firs;
  /**
   * Not 0 when a round-trip time was measured.
   */
  uint8_t has_rtt_us;
  /**
   * Not 0 when jitter was measured.
   */
  uint8_t has_jitter_us;
} sg_rtcp_sample;

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
 * Makes an audience of nobody yet. `config_size` is `sizeof(sg_audience_config)`; NULL with 0 is all zero.
 * `SG_INVALID_ARGUMENT` for a negative time, or a relative error out of its range. May be called from any thread.
 *
 * # Safety
 * `config` points to `config_size` bytes, `out` to a pointer, `out_err` to a pointer or is NULL.
 */
sg_status sg_audience_new(const sg_audience_config *config,
                          size_t config_size,
                          sg_audience **out,
                          sg_error **out_err);

/**
 * Frees an audience; summaries stay good. NULL is allowed.
 *
 * # Safety
 * `audience` is NULL or an audience that was not freed, and no other thread uses it.
 */
void sg_audience_free(sg_audience *audience);

/**
 * The viewer `viewer` (UTF-8) begins to watch at `at_us`, or its connection does again. `info` replaces what was
 * told of it before, NULL with 0 leaves it; `info_size` is `sizeof(sg_viewer_info)`. `*out_joined` (may be NULL)
 * says which it was (`SG_JOINED_...`). `SG_CAPACITY_EXCEEDED` when there is no room for one more, which is
 * counted. May be called from many threads at once.
 *
 * # Safety
 * `audience` was not freed, `viewer` points to `viewer_len` bytes, `info` to `info_size` bytes, its texts to as
 * many as they say, `out_joined` to a number or is NULL, `out_err` to a pointer or is NULL.
 */
sg_status sg_audience_join(const sg_audience *audience,
                           const char *viewer,
                           size_t viewer_len,
                           int64_t at_us,
                           const sg_viewer_info *info,
                           size_t info_size,
                           int32_t *out_joined,
                           sg_error **out_err);

/**
 * A viewer stops watching. `*out_found` (may be NULL) is false when it was not there, which is counted. May be
 * called from many threads at once.
 *
 * # Safety
 * `audience` was not freed, `viewer` points to `viewer_len` bytes, `out_found` to a bool or is NULL, `out_err` to
 * a pointer or is NULL.
 */
sg_status sg_audience_leave(const sg_audience *audience,
                            const char *viewer,
                            size_t viewer_len,
                            int64_t at_us,
                            bool *out_found,
                            sg_error **out_err);

/**
 * A viewer is still there. `*out_found` as for `sg_audience_leave`.
 *
 * # Safety
 * As for `sg_audience_leave`.
 */
sg_status sg_audience_heartbeat(const sg_audience *audience,
                                const char *viewer,
                                size_t viewer_len,
                                int64_t at_us,
                                bool *out_found,
                                sg_error **out_err);

/**
 * The first picture of a view is shown; later ones change nothing. `*out_found` as for `sg_audience_leave`.
 *
 * # Safety
 * As for `sg_audience_leave`.
 */
sg_status sg_audience_started(const sg_audience *audience,
                              const char *viewer,
                              size_t viewer_len,
                              int64_t at_us,
                              bool *out_found,
                              sg_error **out_err);

/**
 * Playing stalls from here on; a second time before it goes on is the same stall. `*out_found` as for
 * `sg_audience_leave`.
 *
 * # Safety
 * As for `sg_audience_leave`.
 */
sg_status sg_audience_rebuffer_begins(const sg_audience *audience,
                                      const char *viewer,
                                      size_t viewer_len,
                                      int64_t at_us,
                                      bool *out_found,
                                      sg_error **out_err);

/**
 * Playing goes on. `*out_found` as for `sg_audience_leave`.
 *
 * # Safety
 * As for `sg_audience_leave`.
 */
sg_status sg_audience_rebuffer_ends(const sg_audience *audience,
                                    const char *viewer,
                                    size_t viewer_len,
                                    int64_t at_us,
                                    bool *out_found,
                                    sg_error **out_err);

/**
 * Playing stalled for `duration_us` and goes on. `*out_found` as for `sg_audience_leave`.
 *
 * # Safety
 * As for `sg_audience_leave`.
 */
sg_status sg_audience_rebuffered(const sg_audience *audience,
                                 const char *viewer,
                                 size_t viewer_len,
                                 int64_t at_us,
                                 uint64_t duration_us,
                                 bool *out_found,
                                 sg_error **out_err);

/**
 * A viewer gets `bitrate_bps` bits per second from here on. `*out_found` as for `sg_audience_leave`.
 *
 * # Safety
 * As for `sg_audience_leave`.
 */
sg_status sg_audience_bitrate(const sg_audience *audience,
                              const char *viewer,
                              size_t viewer_len,
                              int64_t at_us,
                              uint64_t bitrate_bps,
                              bool *out_found,
                              sg_error **out_err);

/**
 * Time is `now_us`: who was not heard of for too long has left, and who left long ago is forgotten. Every event
 * does the same. May be called from many threads at once.
 *
 * # Safety
 * `audience` was not freed, `out_err` points to a pointer or is NULL.
 */
sg_status sg_audience_handle_time(const sg_audience *audience,
                                  int64_t now_us,
                                  sg_error **out_err);

/**
 * Makes a summary of everything up to `now_us`, which is not before any event. May be called from many threads at
 * once.
 *
 * # Safety
 * `audience` was not freed, `out` points to a pointer, `out_err` to a pointer or is NULL.
 */
sg_status sg_audience_summarize(const sg_audience *audience,
                                int64_t now_us,
                                sg_audience_summary **out,
                                sg_error **out_err);

/**
 * One viewer up to `now_us`. `out_size` is `sizeof(sg_viewer_stats)`; what was told of it goes to `*out_location`
 * and `*out_user_agent` (may be NULL), empty where nothing was. `SG_NOT_FOUND` when it is not, or no longer, known.
 * May be called from many threads at once.
 *
 * # Safety
 * `audience` was not freed, `viewer` points to `viewer_len` bytes, `out` to `out_size` bytes, `out_location` and
 * `out_user_agent` to a buffer each or are NULL, `out_err` to a pointer or is NULL.
 */
sg_status sg_audience_viewer(const sg_audience *audience,
                             const char *viewer,
                             size_t viewer_len,
                             int64_t now_us,
                             sg_viewer_stats *out,
                             size_t out_size,
                             sg_buf *out_location,
                             sg_buf *out_user_agent,
                             sg_error **out_err);

/**
 * How many watched from `start_us` to `end_us`, as far back as changes are kept: the interval of the result says
 * how far. `out_size` is `sizeof(sg_concurrency)`. `SG_NOT_FOUND` where nothing is kept. May be called from many
 * threads at once.
 *
 * # Safety
 * `audience` was not freed, `out` points to `out_size` bytes, `out_err` to a pointer or is NULL.
 */
sg_status sg_audience_concurrency(const sg_audience *audience,
                                  int64_t start_us,
                                  int64_t end_us,
                                  sg_concurrency *out,
                                  size_t out_size,
                                  sg_error **out_err);

/**
 * Copies the changes of concurrency that are kept, by time, to the array `out` of `capacity` steps; further ones
 * are left out. `*out_count` is how many there are in all. May be called from many threads at once.
 *
 * # Safety
 * `audience` was not freed, `out` points to `capacity` steps (or is NULL with 0), `out_count` to a number,
 * `out_err` to a pointer or is NULL.
 */
sg_status sg_audience_steps(const sg_audience *audience,
                            sg_concurrency_step *out,
                            size_t capacity,
                            size_t *out_count,
                            sg_error **out_err);

/**
 * What an audience keeps. `out_size` is `sizeof(sg_audience_state)`. May be called from many threads at once.
 *
 * # Safety
 * `audience` was not freed, `out` points to `out_size` bytes, `out_err` to a pointer or is NULL.
 */
sg_status sg_audience_status(const sg_audience *audience,
                             sg_audience_state *out,
                             size_t out_size,
                             sg_error **out_err);

/**
 * Makes a CDN that served nothing yet. `config_size` is `sizeof(sg_cdn_config)`; NULL with 0 is all zero. May be
 * called from any thread.
 *
 * # Safety
 * `config` points to `config_size` bytes, `out` to a pointer, `out_err` to a pointer or is NULL.
 */
sg_status sg_cdn_new(const sg_cdn_config *config,
                     size_t config_size,
                     sg_cdn **out,
                     sg_error **out_err);

/**
 * Frees a CDN; edges that it gave stay good. NULL is allowed.
 *
 * # Safety
 * `cdn` is NULL or a CDN that was not freed, and no other thread uses it.
 */
void sg_cdn_free(sg_cdn *cdn);

/**
 * Counts `n` requests that the edge `edge` (UTF-8) answered. May be called from many threads at once.
 *
 * # Safety
 * `cdn` was not freed, `edge` points to `edge_len` bytes, `requests` to `n` requests (NULL when 0), `out_err` to a
 * pointer or is NULL.
 */
sg_status sg_cdn_record(const sg_cdn *cdn,
                        const char *edge,
                        size_t edge_len,
                        const sg_cdn_request *requests,
                        size_t n,
                        sg_error **out_err);

/**
 * Adds everything of the CDN `other` of another node as it is. Edges beyond the bound are counted together. May be
 * called from many threads at once.
 *
 * # Safety
 * `cdn` and `other` were not freed, `out_err` points to a pointer or is NULL.
 */
sg_status sg_cdn_merge(const sg_cdn *cdn,
                       const sg_cdn *other,
                       sg_error **out_err);

/**
 * Makes a copy of a CDN as it is. May be called from many threads at once.
 *
 * # Safety
 * `cdn` was not freed, `out` points to a pointer, `out_err` to a pointer or is NULL.
 */
sg_status sg_cdn_copy(const sg_cdn *cdn, sg_cdn **out, sg_error **out_err);

/**
 * What all edges served. `out_size` is `sizeof(sg_cdn_state)`. May be called from many threads at once.
 *
 * # Safety
 * `cdn` was not freed, `out` points to `out_size` bytes, `out_err` to a pointer or is NULL.
 */
sg_status sg_cdn_snapshot(const sg_cdn *cdn, sg_cdn_state *out, size_t out_size, sg_error **out_err);

/**
 * Copies every edge that is told apart. May be called from many threads at once.
 *
 * # Safety
 * `cdn` was not freed, `out` points to a pointer, `out_err` to a pointer or is NULL.
 */
sg_status sg_cdn_edges(const sg_cdn *cdn, sg_edges **out, sg_error **out_err);

/**
 * Copies edges from number `first` on to the array `out` of `capacity` elements of `edge_size` (`sizeof(sg_edge)`)
 * bytes. `*out_count` is how many there are in all. By name. May be called from many threads at once.
 *
 * # Safety
 * `edges` was not freed, `out` points to `capacity` times `edge_size` bytes (or is NULL with capacity 0),
 * `out_count` to a number, `out_err` to a pointer or is NULL.
 */
sg_status sg_edges_read(const sg_edges *edges,
                        size_t first,
                        sg_edge *out,
                        size_t edge_size,
                        size_t capacity,
                        size_t *out_count,
                        sg_error **out_err);

/**
 * Frees edges. NULL is allowed.
 *
 * # Safety
 * `edges` is NULL or edges that were not freed, and no other thread uses them.
 */
void sg_edges_free(sg_edges *edges);

/**
 * Makes streams, none yet. `config_size` is `sizeof(sg_streams_config)`; NULL with 0 is all zero.
 * `SG_INVALID_ARGUMENT` for a relative error out of its range. May be called from any thread.
 *
 * # Safety
 * `config` points to `config_size` bytes, `out` to a pointer, `out_err` to a pointer or is NULL.
 */
sg_status sg_streams_new(const sg_streams_config *config,
                         size_t config_size,
                         sg_streams **out,
                         sg_error **out_err);

/**
 * Frees streams. NULL is allowed.
 *
 * # Safety
 * `streams` is NULL or streams that were not freed, and no other thread uses them.
 */
void sg_streams_free(sg_streams *streams);

/**
 * Counts `n` packets of the stream `stream` (UTF-8), which begins with the first. `SG_CAPACITY_EXCEEDED` when there
 * is no room for one more stream, `SG_INVALID_ARGUMENT` for a class that is none; nothing is counted then. May be
 * called from many threads at once.
 *
 * # Safety
 * `streams` was not freed, `stream` points to `stream_len` bytes, `packets` to `n` packets (NULL when 0), `out_err`
 * to a pointer or is NULL.
 */
sg_status sg_streams_record(const sg_streams *streams,
                            const char *stream,
                            size_t stream_len,
                            const sg_media_packet *packets,
                            size_t n,
                            sg_error **out_err);

/**
 * Counts frames of a stream that were dropped before they were sent or shown. Errors as for `sg_streams_record`.
 * May be called from many threads at once.
 *
 * # Safety
 * `streams` was not freed, `stream` points to `stream_len` bytes, `out_err` to a pointer or is NULL.
 */
sg_status sg_streams_record_dropped_frames(const sg_streams *streams,
                                           const char *stream,
                                           size_t stream_len,
                                           uint64_t frames,
                                           sg_error **out_err);

/**
 * Counts packets of a stream that never came. Errors as for `sg_streams_record`. May be called from many threads at
 * once.
 *
 * # Safety
 * As for `sg_streams_record_dropped_frames`.
 */
sg_status sg_streams_record_lost_packets(const sg_streams *streams,
                                         const char *stream,
                                         size_t stream_len,
                                         uint64_t packets,
                                         sg_error **out_err);

/**
 * A stream as it is. `out_size` is `sizeof(sg_media_stats)`; its latencies in microseconds go to `*out_latency`, a
 * sketch of the caller's own (may be NULL). `SG_NOT_FOUND` when there is no such stream. May be called from many
 * threads at once.
 *
 * # Safety
 * `streams` was not freed, `stream` points to `stream_len` bytes, `out` to `out_size` bytes (or is NULL with 0),
 * `out_latency` to a pointer or is NULL, `out_err` to a pointer or is NULL.
 */
sg_status sg_streams_snapshot(const sg_streams *streams,
                              const char *stream,
                              size_t stream_len,
                              sg_media_stats *out,
                              size_t out_size,
                              sg_sketch **out_latency,
                              sg_error **out_err);

/**
 * Ends a stream; its counts stay in the totals. What it was is written as by `sg_streams_snapshot`.
 *
 * # Safety
 * As for `sg_streams_snapshot`.
 */
sg_status sg_streams_remove(const sg_streams *streams,
                            const char *stream,
                            size_t stream_len,
                            sg_media_stats *out,
                            size_t out_size,
                            sg_sketch **out_latency,
                            sg_error **out_err);

/**
 * All streams that are or were there. `out_size` is `sizeof(sg_media_totals)`. May be called from many threads at
 * once.
 *
 * # Safety
 * `streams` was not freed, `out` points to `out_size` bytes, `out_err` to a pointer or is NULL.
 */
sg_status sg_streams_totals(const sg_streams *streams,
                            sg_media_totals *out,
                            size_t out_size,
                            sg_error **out_err);

/**
 * Copies the ids of all streams that are there. May be called from many threads at once.
 *
 * # Safety
 * `streams` was not freed, `out` points to a pointer, `out_err` to a pointer or is NULL.
 */
sg_status sg_streams_ids(const sg_streams *streams, sg_stream_ids **out, sg_error **out_err);

/**
 * Shows ids from number `first` on in the array `out` of `capacity` texts, which live as long as the ids; further
 * ones are left out. `*out_count` is how many there are in all. In order. May be called from many threads at once.
 *
 * # Safety
 * `ids` was not freed, `out` points to `capacity` texts (or is NULL with 0), `out_count` to a number, `out_err` to a
 * pointer or is NULL.
 */
sg_status sg_stream_ids_read(const sg_stream_ids *ids,
                             size_t first,
                             sg_str *out,
                             size_t capacity,
                             size_t *out_count,
                             sg_error **out_err);

/**
 * Frees ids. NULL is allowed.
 *
 * # Safety
 * `ids` is NULL or ids that were not freed, and no other thread uses them.
 */
void sg_stream_ids_free(sg_stream_ids *ids);

/**
 * Makes a summary of bytes of `sg_audience_summary_encode`, which may come from anywhere: `SG_MALFORMED` when they
 * are not those of a summary. May be called from any thread.
 *
 * # Safety
 * `data` points to `len` bytes, `out` to a pointer, `out_err` to a pointer or is NULL.
 */
sg_status sg_audience_summary_decode(const uint8_t *data,
                                     size_t len,
                                     sg_audience_summary **out,
                                     sg_error **out_err);

/**
 * Makes a copy of a summary as it is. May be called from many threads at once.
 *
 * # Safety
 * `summary` was not freed, `out` points to a pointer, `out_err` to a pointer or is NULL.
 */
sg_status sg_audience_summary_copy(const sg_audience_summary *summary,
                                   sg_audience_summary **out,
                                   sg_error **out_err);

/**
 * Frees a summary. NULL is allowed.
 *
 * # Safety
 * `summary` is NULL or a summary that was not freed, and no other thread uses it.
 */
void sg_audience_summary_free(sg_audience_summary *summary);

/**
 * Adds the audience `other` of another node as it is. `SG_INVALID_ARGUMENT` when startup times differ in relative
 * error; nothing is added then. May be called from many threads at once.
 *
 * # Safety
 * `summary` and `other` were not freed, `out_err` points to a pointer or is NULL.
 */
sg_status sg_audience_summary_merge(const sg_audience_summary *summary,
                                    const sg_audience_summary *other,
                                    sg_error **out_err);

/**
 * The numbers of a summary. `out_size` is `sizeof(sg_audience_summary_state)`. May be called from many threads at
 * once.
 *
 * # Safety
 * `summary` was not freed, `out` points to `out_size` bytes, `out_err` to a pointer or is NULL.
 */
sg_status sg_audience_summary_snapshot(const sg_audience_summary *summary,
                                       sg_audience_summary_state *out,
                                       size_t out_size,
                                       sg_error **out_err);

/**
 * Copies the times from join to first picture, in microseconds. May be called from many threads at once.
 *
 * # Safety
 * `summary` was not freed, `out` points to a pointer, `out_err` to a pointer or is NULL.
 */
sg_status sg_audience_summary_startup(const sg_audience_summary *summary,
                                      sg_sketch **out,
                                      sg_error **out_err);

/**
 * Writes the bytes of a summary to `*out`: protobuf, the same in every language. May be called from many threads
 * at once.
 *
 * # Safety
 * `summary` was not freed, `out` points to a buffer, `out_err` to a pointer or is NULL.
 */
sg_status sg_audience_summary_encode(const sg_audience_summary *summary,
                                     sg_buf *out,
                                     sg_error **out_err);

/**
 * Writes a summary to `*out` as a JSON object; what was not measured is null. May be called from many threads at
 * once.
 *
 * # Safety
 * `summary` was not freed, `out` points to a buffer, `out_err` to a pointer or is NULL.
 */
sg_status sg_audience_summary_json(const sg_audience_summary *summary,
                                   sg_buf *out,
                                   sg_error **out_err);

/**
 * Writes `n` summaries, each with its labels, to `*out` as Prometheus text, or as OpenMetrics when `openmetrics` is
 * not 0: all of them as one text, since a family must not come twice in a scrape. May be called from many threads
 * at once.
 *
 * # Safety
 * `summaries` points to `n` elements (NULL when 0), whose summaries were not freed and whose labels are as many as
 * they say, `out` points to a buffer, `out_err` to a pointer or is NULL.
 */
sg_status sg_audience_summary_exposition(const sg_labelled_summary *summaries,
                                         size_t n,
                                         uint8_t openmetrics,
                                         sg_buf *out,
                                         sg_error **out_err);

/**
 * Writes `n` summaries, each with its attributes, to `*out` as OTLP metrics with cumulative temporality; empty when
 * there was no event. `config_size` is `sizeof(sg_otlp_config)`; NULL with 0 is all zero, and its `top_tracks` is
 * not read. May be called from many threads at once.
 *
 * # Safety
 * `summaries` points to `n` elements (NULL when 0), whose summaries were not freed and whose labels are as many as
 * they say, `config` to `config_size` bytes, its attributes to what they say, `out` to a buffer, `out_err` to a
 * pointer or is NULL.
 */
sg_status sg_audience_summary_otlp(const sg_labelled_summary *summaries,
                                   size_t n,
                                   const sg_otlp_config *config,
                                   size_t config_size,
                                   sg_buf *out,
                                   sg_error **out_err);

/**
 * Frees what a call wrote into `*buf` and empties it, so that a second call does nothing. NULL and an
 * empty buffer are allowed. May be called from any thread.
 *
 * # Safety
 * `*buf` was written by this library, or is empty.
 */
void sg_buf_free(sg_buf *buf);

/**
 * Reads the bytes `data` of a capture file, pcap or pcapng, and writes what it holds to `*out`, a JSON
 * object: `streams`, one object for each RTP stream (an SSRC from one address and port to another) with
 * values that are null where nothing was measured, `counts` of the file, and `rtcp`. `formats` say what
 * payload types stand for, beside the defaults. `SG_MALFORMED` when it is no capture file; what is malformed
 * within it is counted. May be called from any thread.
 *
 * # Safety
 * `data` points to `len` bytes, `formats` to `format_count` formats (NULL when 0), `out` to a buffer,
 * `out_err` to a pointer or is NULL.
 */
sg_status sg_capture_json(const uint8_t *data,
                          size_t len,
                          const sg_payload_format *formats,
                          size_t format_count,
                          sg_buf *out,
                          sg_error **out_err);

/**
 * Reads the bytes `data` of a capture file, pcap or pcapng, and writes its RTP streams, by SSRC, source and
 * destination, to the array `out` of `capacity` elements of `stream_size` (`sizeof(sg_capture_stream)`) bytes.
 * `*out_count` is how many there are; those beyond the capacity are left out. `formats` and errors as for
 * `sg_capture_json`. May be called from any thread.
 *
 * # Safety
 * `data` points to `len` bytes, `formats` to `format_count` formats (NULL when 0), `out` to `capacity` times
 * `stream_size` bytes (or is NULL with capacity 0), `out_count` to a number, `out_err` to a pointer or is
 * NULL.
 */
sg_status sg_capture_streams(const uint8_t *data,
                             size_t len,
                             const sg_payload_format *formats,
                             size_t format_count,
                             sg_capture_stream *out,
                             size_t stream_size,
                             size_t capacity,
                             size_t *out_count,
                             sg_error **out_err);

/**
 * Makes a counter that has seen nothing. `config_size` is `sizeof(sg_counter_config)`; NULL with 0 is all
 * zero. `SG_INVALID_ARGUMENT` for a width over 64, or a growth limit that is negative or not finite. May be
 * called from any thread.
 *
 * # Safety
 * `config` points to `config_size` bytes, `out` to a pointer, `out_err` to a pointer or is NULL.
 */
sg_status sg_counter_new(const sg_counter_config *config,
                         size_t config_size,
                         sg_counter **out,
                         sg_error **out_err);

/**
 * Frees a counter. NULL is allowed.
 *
 * # Safety
 * `counter` is NULL or a counter that was not freed, and no other thread uses it.
 */
void sg_counter_free(sg_counter *counter);

/**
 * Takes the sample `value` at `at_us` with a `hint` (`SG_HINT_...`). `step_size` is `sizeof(sg_step)`; `out`
 * may be NULL with 0. A sample that cannot be is no error but `SG_STEP_REJECTED`. `SG_INVALID_ARGUMENT`
 * for a counter of the other kind. One thread at a time: others get `SG_BUSY`.
 *
 * # Safety
 * `counter` is a counter that was not freed, `out` points to `step_size` bytes or is NULL, `out_err` to a
 * pointer or is NULL.
 */
sg_status sg_counter_record_u64(const sg_counter *counter,
                                int64_t at_us,
                                uint64_t value,
                                int32_t hint,
                                sg_step *out,
                                size_t step_size,
                                sg_error **out_err);

/**
 * As `sg_counter_record_u64` for a counter of floating-point numbers.
 *
 * # Safety
 * As for `sg_counter_record_u64`.
 */
sg_status sg_counter_record_f64(const sg_counter *counter,
                                int64_t at_us,
                                double value,
                                int32_t hint,
                                sg_step *out,
                                size_t step_size,
                                sg_error **out_err);

/**
 * Ends the series: the next sample is a first one, of unknown origin unless configured. For a field that
 * vanished. One thread at a time: others get `SG_BUSY`.
 *
 * # Safety
 * `counter` is a counter that was not freed, `out_err` points to a pointer or is NULL.
 */
sg_status sg_counter_end(const sg_counter *counter, sg_error **out_err);

/**
 * Total, last sample and what happened on the way. `out_size` is `sizeof(sg_counter_state)`. One thread at a
 * time: others get `SG_BUSY`.
 *
 * # Safety
 * `counter` is a counter that was not freed, `out` points to `out_size` bytes, `out_err` to a pointer or is
 * NULL.
 */
sg_status sg_counter_snapshot(const sg_counter *counter,
                              sg_counter_state *out,
                              size_t out_size,
                              sg_error **out_err);

/**
 * Increase of the counter with `n` samples over the window from `start_us` to `end_us`, both ends included,
 * by `mode` (`SG_RATE_...`). The samples are in order of time; those that are not finite, or do not come
 * after the one before, are skipped. `SG_NOT_FOUND` when there is nothing to measure: no time, or too few
 * samples. `rate_size` is `sizeof(sg_rate)`. May be called from any thread.
 *
 * # Safety
 * `samples` points to `n` samples (NULL when 0), `out` to `rate_size` bytes, `out_err` to a pointer or is
 * NULL.
 */
sg_status sg_counter_rate(const sg_sample *samples,
                          size_t n,
                          int64_t start_us,
                          int64_t end_us,
                          int32_t mode,
                          sg_rate *out,
                          size_t rate_size,
                          sg_error **out_err);

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
 * Reads the header of the raw packet `data` that arrived at `arrival_us`; `flags` (`SG_PACKET_...`) adds
 * what the bytes do not tell. `SG_MALFORMED` when the packet is shorter than what it announces, no RTP of
 * version 2, or longer than a datagram can be. May be called from any thread.
 *
 * # Safety
 * `data` points to `len` bytes, `out` to a packet, `out_err` to a pointer or is NULL.
 */
sg_status sg_packet_parse(const uint8_t *data,
                          size_t len,
                          int64_t arrival_us,
                          uint8_t flags,
                          sg_packet *out,
                          sg_error **out_err);

/**
 * Fraction lost as a receiver report has it, in 256ths (RFC 3550 A.3): of the packets expected in an
 * interval, those not received; 0 when more came than were expected, at most 255. May be called from any
 * thread.
 */
uint8_t sg_fraction_lost(int64_t expected, int64_t received);

/**
 * Cumulative loss as a receiver report can show it: 24 bits with sign, clamped. May be called from any
 * thread.
 */
int32_t sg_clamp_lost(int64_t lost);

/**
 * Whether a datagram is RTCP rather than RTP, when both share a port (RFC 5761 section 4). `false` for
 * NULL. May be called from any thread.
 *
 * # Safety
 * `data` points to `len` bytes or is NULL.
 */
bool sg_is_rtcp(const uint8_t *data, size_t len);

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
 * Makes statistics of nothing yet. `config_size` is `sizeof(sg_rtcp_config)`; NULL with 0 is all zero. May be
 * called from any thread.
 *
 * # Safety
 * `config` points to `config_size` bytes, `out` to a pointer, `out_err` to a pointer or is NULL.
 */
sg_status sg_rtcp_new(const sg_rtcp_config *config, size_t config_size, sg_rtcp **out, sg_error **out_err);

/**
 * Frees statistics. NULL is allowed.
 *
 * # Safety
 * `rtcp` is NULL or statistics that were not freed, and no other thread uses them.
 */
void sg_rtcp_free(sg_rtcp *rtcp);

/**
 * Takes the compound packet `data` that passed at `at_us`, sent or received. `SG_MALFORMED` for a malformed
 * part, which is counted; what stood before it counts. One thread at a time: others get `SG_BUSY`.
 *
 * # Safety
 * `rtcp` is statistics that were not freed, `data` points to `len` bytes, `out_err` to a pointer or is NULL.
 */
sg_status sg_rtcp_record(const sg_rtcp *rtcp,
                         int64_t at_us,
                         const uint8_t *data,
                         size_t len,
                         sg_error **out_err);

/**
 * What was said about one source. `SG_NOT_FOUND` when nothing was. `out_size` is `sizeof(sg_rtcp_report)`. One
 * thread at a time: others get `SG_BUSY`.
 *
 * # Safety
 * `rtcp` is statistics that were not freed, `out` points to `out_size` bytes, `out_err` to a pointer or is
 * NULL.
 */
sg_status sg_rtcp_source(const sg_rtcp *rtcp,
                         uint32_t ssrc,
                         sg_rtcp_report *out,
                         size_t out_size,
                         sg_error **out_err);

/**
 * Writes what was said about all sources, by SSRC, to the array `out` of `capacity` elements of `report_size`
 * (`sizeof(sg_rtcp_report)`) bytes. `*out_count` is how many sources there are; those beyond the capacity are
 * left out. One thread at a time: others get `SG_BUSY`.
 *
 * # Safety
 * `rtcp` is statistics that were not freed, `out` points to `capacity` times `report_size` bytes (or is NULL
 * with capacity 0), `out_count` to a number, `out_err` to a pointer or is NULL.
 */
sg_status sg_rtcp_sources(const sg_rtcp *rtcp,
                          sg_rtcp_report *out,
                          size_t report_size,
                          size_t capacity,
                          size_t *out_count,
                          sg_error **out_err);

/**
 * Counts over all sources, those evicted included. `out_size` is `sizeof(sg_rtcp_counts)`. One thread at a
 * time: others get `SG_BUSY`.
 *
 * # Safety
 * `rtcp` is statistics that were not freed, `out` points to `out_size` bytes, `out_err` to a pointer or is
 * NULL.
 */
sg_status sg_rtcp_totals(const sg_rtcp *rtcp, sg_rtcp_counts *out, size_t out_size, sg_error **out_err);

/**
 * The largest round-trip time since this was last asked, microseconds. `SG_NOT_FOUND` when none was measured.
 * One thread at a time: others get `SG_BUSY`.
 *
 * # Safety
 * `rtcp` is statistics that were not freed, `out` points to a number, `out_err` to a pointer or is NULL.
 */
sg_status sg_rtcp_take_max_rtt_us(const sg_rtcp *rtcp, int64_t *out, sg_error **out_err);

/**
 * Makes statistics of nothing yet. `config_size` is `sizeof(sg_rtp_config)`; NULL with 0 is all zero.
 * `SG_INVALID_ARGUMENT` for a limit or a format that makes no sense. May be called from any thread.
 *
 * # Safety
 * `config` points to `config_size` bytes, its `formats` to as many as it says, `out` to a pointer, `out_err`
 * to a pointer or is NULL.
 */
sg_status sg_rtp_new(const sg_rtp_config *config, size_t config_size, sg_rtp **out, sg_error **out_err);

/**
 * Frees statistics. NULL is allowed.
 *
 * # Safety
 * `rtp` is NULL or statistics that were not freed, and no other thread uses them.
 */
void sg_rtp_free(sg_rtp *rtp);

/**
 * Counts `n` packets, in the order of their arrival; they are not copied. One thread at a time: others get
 * `SG_BUSY`, and nothing is counted.
 *
 * # Safety
 * `rtp` is statistics that were not freed, `packets` points to `n` packets (NULL when 0), `out_err` to a
 * pointer or is NULL.
 */
sg_status sg_rtp_record(const sg_rtp *rtp, const sg_packet *packets, size_t n, sg_error **out_err);

/**
 * Reads and counts the raw packet `data`; `flags` (`SG_PACKET_...`) adds what the bytes do not tell. Errors
 * as for `sg_packet_parse`; then nothing is counted. One thread at a time: others get `SG_BUSY`.
 *
 * # Safety
 * `rtp` is statistics that were not freed, `data` points to `len` bytes, `out_err` to a pointer or is NULL.
 */
sg_status sg_rtp_record_raw(const sg_rtp *rtp,
                            int64_t arrival_us,
                            const uint8_t *data,
                            size_t len,
                            uint8_t flags,
                            sg_error **out_err);

/**
 * Resolves what is held as a possible restart, at the end of the input. One thread at a time: others get
 * `SG_BUSY`.
 *
 * # Safety
 * `rtp` is statistics that were not freed, `out_err` points to a pointer or is NULL.
 */
sg_status sg_rtp_settle(const sg_rtp *rtp, sg_error **out_err);

/**
 * Ends a stream: its counts stay in the totals, and what readers have pending of it comes under no SSRC.
 * `*out_removed` (may be NULL) says whether there was one. One thread at a time: others get `SG_BUSY`.
 *
 * # Safety
 * `rtp` is statistics that were not freed, `out_removed` points to a bool or is NULL, `out_err` to a pointer
 * or is NULL.
 */
sg_status sg_rtp_remove(const sg_rtp *rtp, uint32_t ssrc, bool *out_removed, sg_error **out_err);

/**
 * Everything known of one stream. `SG_NOT_FOUND` when there is no stream of that SSRC, or not yet two packets
 * in sequence of it. `out_size` is `sizeof(sg_stream_stats)`. One thread at a time: others get `SG_BUSY`.
 *
 * # Safety
 * `rtp` is statistics that were not freed, `out` points to `out_size` bytes, `out_err` to a pointer or is
 * NULL.
 */
sg_status sg_rtp_snapshot(const sg_rtp *rtp,
                          uint32_t ssrc,
                          sg_stream_stats *out,
                          size_t out_size,
                          sg_error **out_err);

/**
 * Writes everything known of all streams, by SSRC, to the array `out` of `capacity` elements of `stats_size`
 * (`sizeof(sg_stream_stats)`) bytes. `*out_count` is how many streams there are; those beyond the capacity
 * are left out. One thread at a time: others get `SG_BUSY`.
 *
 * # Safety
 * `rtp` is statistics that were not freed, `out` points to `capacity` times `stats_size` bytes (or is NULL
 * with capacity 0), `out_count` to a number, `out_err` to a pointer or is NULL.
 */
sg_status sg_rtp_snapshots(const sg_rtp *rtp,
                           sg_stream_stats *out,
                           size_t stats_size,
                           size_t capacity,
                           size_t *out_count,
                           sg_error **out_err);

/**
 * Counts of all streams that are or were there. Never falls. `out_size` is `sizeof(sg_stream_totals)`. One
 * thread at a time: others get `SG_BUSY`.
 *
 * # Safety
 * `rtp` is statistics that were not freed, `out` points to `out_size` bytes, `out_err` to a pointer or is
 * NULL.
 */
sg_status sg_rtp_totals(const sg_rtp *rtp, sg_stream_totals *out, size_t out_size, sg_error **out_err);

/**
 * How many streams there are, what is not in the totals, and the memory in use. `out_size` is
 * `sizeof(sg_rtp_state)`. One thread at a time: others get `SG_BUSY`.
 *
 * # Safety
 * `rtp` is statistics that were not freed, `out` points to `out_size` bytes, `out_err` to a pointer or is
 * NULL.
 */
sg_status sg_rtp_status(const sg_rtp *rtp, sg_rtp_state *out, size_t out_size, sg_error **out_err);

/**
 * Makes a reader of everything from now on: `*out` is its number, good for these statistics.
 * `SG_CAPACITY_EXCEEDED` when there are 16. One thread at a time: others get `SG_BUSY`.
 *
 * # Safety
 * `rtp` is statistics that were not freed, `out` points to a number, `out_err` to a pointer or is NULL.
 */
sg_status sg_rtp_reader(const sg_rtp *rtp, int64_t now_us, uint32_t *out, sg_error **out_err);

/**
 * Takes what `reader` has pending of every stream and counts it as delivered; streams without anything new
 * are left out. By SSRC, what streams that are gone had pending comes last. `SG_NOT_FOUND` for an unknown
 * reader, `SG_ALREADY_PENDING` while a `sg_rtp_take` is in flight. One thread at a time: others get
 * `SG_BUSY`.
 *
 * # Safety
 * `rtp` is statistics that were not freed, `out` points to a pointer, `out_err` to a pointer or is NULL.
 */
sg_status sg_rtp_flush(const sg_rtp *rtp,
                       uint32_t reader,
                       int64_t now_us,
                       sg_deltas **out,
                       sg_error **out_err);

/**
 * As `sg_rtp_flush`, but holds what was taken until `sg_rtp_ack` or `sg_rtp_restore`.
 *
 * # Safety
 * As for `sg_rtp_flush`.
 */
sg_status sg_rtp_take(const sg_rtp *rtp,
                      uint32_t reader,
                      int64_t now_us,
                      sg_deltas **out,
                      sg_error **out_err);

/**
 * What `reader` took has arrived; nothing when it took nothing. `SG_NOT_FOUND` for an unknown reader. One
 * thread at a time: others get `SG_BUSY`.
 *
 * # Safety
 * `rtp` is statistics that were not freed, `out_err` points to a pointer or is NULL.
 */
sg_status sg_rtp_ack(const sg_rtp *rtp, uint32_t reader, sg_error **out_err);

/**
 * What `reader` took was not delivered: it is pending again; nothing when it took nothing. `SG_NOT_FOUND` for
 * an unknown reader. One thread at a time: others get `SG_BUSY`.
 *
 * # Safety
 * `rtp` is statistics that were not freed, `out_err` points to a pointer or is NULL.
 */
sg_status sg_rtp_restore(const sg_rtp *rtp, uint32_t reader, sg_error **out_err);

/**
 * Copies deltas from number `first` on to the array `out` of `capacity` elements of `delta_size`
 * (`sizeof(sg_stream_delta)`) bytes. `*out_count` is how many there are in all. May be called from many
 * threads at once.
 *
 * # Safety
 * `deltas` was not freed, `out` points to `capacity` times `delta_size` bytes (or is NULL with capacity 0),
 * `out_count` to a number, `out_err` to a pointer or is NULL.
 */
sg_status sg_deltas_read(const sg_deltas *deltas,
                         size_t first,
                         sg_stream_delta *out,
                         size_t delta_size,
                         size_t capacity,
                         size_t *out_count,
                         sg_error **out_err);

/**
 * Frees deltas. NULL is allowed.
 *
 * # Safety
 * `deltas` is NULL or deltas that were not freed, and no other thread uses them.
 */
void sg_deltas_free(sg_deltas *deltas);

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
 * Copies buckets from number `first` on to the array `out` of `capacity` elements of `bucket_size`
 * (`sizeof(sg_bucket)`) bytes. `*out_count` is how many there are in all. Quantiles stand in the columns only.
 * May be called from many threads at once.
 *
 * # Safety
 * `buckets` was not freed, `out` points to `capacity` times `bucket_size` bytes (or is NULL with capacity 0),
 * `out_count` to a number, `out_err` to a pointer or is NULL.
 */
sg_status sg_buckets_read(const sg_buckets *buckets,
                          size_t first,
                          sg_bucket *out,
                          size_t bucket_size,
                          size_t capacity,
                          size_t *out_count,
                          sg_error **out_err);

/**
 * The columns, without copying them. `out_size` is `sizeof(sg_bucket_columns)`. May be called from many threads
 * at once.
 *
 * # Safety
 * `buckets` was not freed, `out` points to `out_size` bytes, `out_err` to a pointer or is NULL.
 */
sg_status sg_buckets_columns(const sg_buckets *buckets,
                             sg_bucket_columns *out,
                             size_t out_size,
                             sg_error **out_err);

/**
 * Frees buckets. NULL is allowed.
 *
 * # Safety
 * `buckets` is NULL or buckets that were not freed, and no other thread uses them.
 */
void sg_buckets_free(sg_buckets *buckets);

/**
 * Writes the indices of at most `points` of `n` samples to `out`, ascending, and their number to `*out_count`:
 * those to draw so that a chart looks the same (MinMaxLTTB). Times are in microseconds. First, last, smallest
 * and largest sample are among them, and both sides of gaps; a value that is not finite is a gap and never
 * drawn. `config_size` is `sizeof(sg_downsample_config)`; NULL with 0 is all zero. `SG_TIME_WENT_BACK` when
 * times fall. May be called from any thread.
 *
 * # Safety
 * `times_us` and `values` point to `n` numbers each, `config` to `config_size` bytes, `out` to as many indices
 * as the lesser of `n` and `points` (or is NULL with 0), `out_count` to a number, `out_err` to a pointer or is
 * NULL.
 */
sg_status sg_downsample(const int64_t *times_us,
                        const double *values,
                        size_t n,
                        size_t points,
                        const sg_downsample_config *config,
                        size_t config_size,
                        size_t *out,
                        size_t *out_count,
                        sg_error **out_err);

/**
 * Makes a rollup of nothing yet. `config_size` is `sizeof(sg_rollup_config)`; NULL with 0 is all zero.
 * `SG_INVALID_ARGUMENT` for levels that are empty or no multiples, and for bounds out of their ranges. May be
 * called from any thread.
 *
 * # Safety
 * `config` points to `config_size` bytes, its `levels` to as many as it says, `out` to a pointer, `out_err` to
 * a pointer or is NULL.
 */
sg_status sg_rollup_new(const sg_rollup_config *config,
                        size_t config_size,
                        sg_rollup **out,
                        sg_error **out_err);

/**
 * Makes a rollup of bytes of `sg_rollup_encode`, which may come from anywhere: `SG_MALFORMED` when they are not
 * those of a rollup. May be called from any thread.
 *
 * # Safety
 * `data` points to `len` bytes, `out` to a pointer, `out_err` to a pointer or is NULL.
 */
sg_status sg_rollup_decode(const uint8_t *data,
                           size_t len,
                           sg_rollup **out,
                           sg_error **out_err);

/**
 * Makes a copy of a rollup as it is. May be called from many threads at once.
 *
 * # Safety
 * `rollup` was not freed, `out` points to a pointer, `out_err` to a pointer or is NULL.
 */
sg_status sg_rollup_copy(const sg_rollup *rollup, sg_rollup **out, sg_error **out_err);

/**
 * Frees a rollup; buckets that it gave stay good. NULL is allowed.
 *
 * # Safety
 * `rollup` is NULL or a rollup that was not freed, and no other thread uses it.
 */
void sg_rollup_free(sg_rollup *rollup);

/**
 * Takes `n` samples: times in microseconds and, each beside its time, values. `*out_accepted` (may be NULL) is
 * how many were taken; those that are too late or not finite are no error but counted. May be called from many
 * threads at once.
 *
 * # Safety
 * `rollup` was not freed, `times_us` and `values` point to `n` numbers each, `out_accepted` to a number or is
 * NULL, `out_err` to a pointer or is NULL.
 */
sg_status sg_rollup_record(const sg_rollup *rollup,
                           const int64_t *times_us,
                           const double *values,
                           size_t n,
                           size_t *out_accepted,
                           sg_error **out_err);

/**
 * Adds everything of the rollup `other` as it is. `SG_INVALID_ARGUMENT` when levels or sketches differ; nothing
 * is added then. May be called from many threads at once.
 *
 * # Safety
 * `rollup` and `other` were not freed, `out_err` points to a pointer or is NULL.
 */
sg_status sg_rollup_merge(const sg_rollup *rollup,
                          const sg_rollup *other,
                          sg_error **out_err);

/**
 * Copies the buckets of level `level` (from 0, the finest), from the oldest kept on, empty ones included, with
 * the quantiles `q` (0 to 1) of each. `SG_OUT_OF_RANGE` when there is no such level, `SG_INVALID_ARGUMENT` for
 * a quantile out of its range, or any where the rollup has no sketches. May be called from many threads at
 * once.
 *
 * # Safety
 * `rollup` was not freed, `q` points to `q_count` numbers (NULL when 0), `out` to a pointer, `out_err` to a
 * pointer or is NULL.
 */
sg_status sg_rollup_buckets(const sg_rollup *rollup,
                            size_t level,
                            const double *q,
                            size_t q_count,
                            sg_buckets **out,
                            sg_error **out_err);

/**
 * Bounds, newest sample and what became of all there were. `out_size` is `sizeof(sg_rollup_state)`. May be
 * called from many threads at once.
 *
 * # Safety
 * `rollup` was not freed, `out` points to `out_size` bytes, `out_err` to a pointer or is NULL.
 */
sg_status sg_rollup_snapshot(const sg_rollup *rollup,
                             sg_rollup_state *out,
                             size_t out_size,
                             sg_error **out_err);

/**
 * Copies the levels, from the finest on, to the array `out` of `capacity` levels; further ones are left out.
 * `*out_count` is how many there are in all. May be called from many threads at once.
 *
 * # Safety
 * `rollup` was not freed, `out` points to `capacity` levels (or is NULL with 0), `out_count` to a number,
 * `out_err` to a pointer or is NULL.
 */
sg_status sg_rollup_levels(const sg_rollup *rollup,
                           sg_level *out,
                           size_t capacity,
                           size_t *out_count,
                           sg_error **out_err);

/**
 * Writes the bytes of a rollup to `*out`: protobuf, the same in every language. May be called from many threads
 * at once.
 *
 * # Safety
 * `rollup` was not freed, `out` points to a buffer, `out_err` to a pointer or is NULL.
 */
sg_status sg_rollup_encode(const sg_rollup *rollup,
                           sg_buf *out,
                           sg_error **out_err);

/**
 * Makes an empty sketch. `config_size` is `sizeof(sg_sketch_config)`; NULL with 0 is all zero.
 * `SG_INVALID_ARGUMENT` for a relative error that is not 0.0001 to 0.5. May be called from any thread.
 *
 * # Safety
 * `config` points to `config_size` bytes, `out` to a pointer, `out_err` to a pointer or is NULL.
 */
sg_status sg_sketch_new(const sg_sketch_config *config,
                        size_t config_size,
                        sg_sketch **out,
                        sg_error **out_err);

/**
 * Makes a sketch of bytes of `sg_sketch_encode`, which may come from anywhere: `SG_MALFORMED` when they are not
 * those of a sketch. May be called from any thread.
 *
 * # Safety
 * `data` points to `len` bytes, `out` to a pointer, `out_err` to a pointer or is NULL.
 */
sg_status sg_sketch_decode(const uint8_t *data,
                           size_t len,
                           sg_sketch **out,
                           sg_error **out_err);

/**
 * Makes a copy of a sketch as it is. May be called from many threads at once.
 *
 * # Safety
 * `sketch` was not freed, `out` points to a pointer, `out_err` to a pointer or is NULL.
 */
sg_status sg_sketch_copy(const sg_sketch *sketch, sg_sketch **out, sg_error **out_err);

/**
 * Frees a sketch. NULL is allowed.
 *
 * # Safety
 * `sketch` is NULL or a sketch that was not freed, and no other thread uses it.
 */
void sg_sketch_free(sg_sketch *sketch);

/**
 * Adds `n` values. NaN and infinities are rejected and counted. May be called from many threads at once.
 *
 * # Safety
 * `sketch` was not freed, `values` points to `n` values (NULL when 0), `out_err` to a pointer or is NULL.
 */
sg_status sg_sketch_record(const sg_sketch *sketch, const double *values, size_t n, sg_error **out_err);

/**
 * Adds one value `count` times. May be called from many threads at once.
 *
 * # Safety
 * `sketch` was not freed, `out_err` points to a pointer or is NULL.
 */
sg_status sg_sketch_record_count(const sg_sketch *sketch, double value, uint64_t count, sg_error **out_err);

/**
 * Adds everything of the sketch `other` as it is. `SG_INVALID_ARGUMENT` when the relative errors differ;
 * nothing is added then. May be called from many threads at once.
 *
 * # Safety
 * `sketch` and `other` were not freed, `out_err` points to a pointer or is NULL.
 */
sg_status sg_sketch_merge(const sg_sketch *sketch, const sg_sketch *other, sg_error **out_err);

/**
 * Forgets every value, and keeps the memory. May be called from many threads at once.
 *
 * # Safety
 * `sketch` was not freed, `out_err` points to a pointer or is NULL.
 */
sg_status sg_sketch_clear(const sg_sketch *sketch, sg_error **out_err);

/**
 * Writes the quantiles `q` (0 to 1) to the array `out`, `n` of each. `SG_NOT_FOUND` without values. May be
 * called from many threads at once.
 *
 * # Safety
 * `sketch` was not freed, `q` and `out` point to `n` numbers each (or are NULL with 0), `out_err` to a pointer
 * or is NULL.
 */
sg_status sg_sketch_quantiles(const sg_sketch *sketch,
                              const double *q,
                              size_t n,
                              double *out,
                              sg_error **out_err);

/**
 * What a sketch has seen. `out_size` is `sizeof(sg_sketch_state)`. May be called from many threads at once.
 *
 * # Safety
 * `sketch` was not freed, `out` points to `out_size` bytes, `out_err` to a pointer or is NULL.
 */
sg_status sg_sketch_snapshot(const sg_sketch *sketch,
                             sg_sketch_state *out,
                             size_t out_size,
                             sg_error **out_err);

/**
 * Copies the bins by value, empty ones left out, to the array `out` of `capacity` bins; further ones are left
 * out. `*out_count` is how many there are in all. May be called from many threads at once.
 *
 * # Safety
 * `sketch` was not freed, `out` points to `capacity` bins (or is NULL with 0), `out_count` to a number,
 * `out_err` to a pointer or is NULL.
 */
sg_status sg_sketch_bins(const sg_sketch *sketch,
                         sg_bin *out,
                         size_t capacity,
                         size_t *out_count,
                         sg_error **out_err);

/**
 * Writes the bytes of a sketch to `*out`: protobuf, the same in every language. May be called from many threads
 * at once.
 *
 * # Safety
 * `sketch` was not freed, `out` points to a buffer, `out_err` to a pointer or is NULL.
 */
sg_status sg_sketch_encode(const sg_sketch *sketch,
                           sg_buf *out,
                           sg_error **out_err);

/**
 * Makes an empty window. `config_size` is `sizeof(sg_window_config)`; NULL with 0 is all zero.
 * `SG_INVALID_ARGUMENT` for a negative bound or an unknown choice. May be called from any thread.
 *
 * # Safety
 * `config` points to `config_size` bytes, `out` to a pointer, `out_err` to a pointer or is NULL.
 */
sg_status sg_window_new(const sg_window_config *config,
                        size_t config_size,
                        sg_window **out,
                        sg_error **out_err);

/**
 * Frees a window. NULL is allowed.
 *
 * # Safety
 * `window` is NULL or a window that was not freed, and no other thread uses it.
 */
void sg_window_free(sg_window *window);

/**
 * Takes `n` samples one after the other: times in microseconds and, each beside its time, values. What became
 * of each is written to `out_pushed` (`SG_PUSHED_...`), an array of `n` or NULL; a sample that is refused is no
 * error. May be called from many threads at once.
 *
 * # Safety
 * `window` was not freed, `times_us` and `values` point to `n` numbers each, `out_pushed` to `n` numbers or is
 * NULL, `out_err` to a pointer or is NULL.
 */
sg_status sg_window_record(const sg_window *window,
                           const int64_t *times_us,
                           const double *values,
                           size_t n,
                           int32_t *out_pushed,
                           sg_error **out_err);

/**
 * Time went on to `now_us` without a sample: drops what is out of the span. May be called from many threads at
 * once.
 *
 * # Safety
 * `window` was not freed, `out_err` points to a pointer or is NULL.
 */
sg_status sg_window_expire(const sg_window *window,
                           int64_t now_us,
                           sg_error **out_err);

/**
 * What the samples amount to, and what became of all there were. `out_size` is `sizeof(sg_window_state)`. May
 * be called from many threads at once.
 *
 * # Safety
 * `window` was not freed, `out` points to `out_size` bytes, `out_err` to a pointer or is NULL.
 */
sg_status sg_window_snapshot(const sg_window *window,
                             sg_window_state *out,
                             size_t out_size,
                             sg_error **out_err);

/**
 * Copies the samples of the window by time to the array `out` of `capacity` samples; further ones are left
 * out. `*out_count` is how many there are in all. May be called from many threads at once.
 *
 * # Safety
 * `window` was not freed, `out` points to `capacity` samples (or is NULL with 0), `out_count` to a number,
 * `out_err` to a pointer or is NULL.
 */
sg_status sg_window_samples(const sg_window *window,
                            sg_sample *out,
                            size_t capacity,
                            size_t *out_count,
                            sg_error **out_err);

/**
 * The stable name of a status, for logs: `"ok"`, `"malformed"`, `"panic"`; `"unknown"` for a number
 * that is no status. Lives for ever. May be called from any thread.
 */
sg_str sg_status_name(sg_status status);

/**
 * Makes telemetry of nothing yet. `config_size` is `sizeof(sg_telemetry_config)`; NULL with 0 is all zero.
 * `SG_INVALID_ARGUMENT` for a choice or limit that makes no sense. May be called from any thread.
 *
 * # Safety
 * `config` points to `config_size` bytes, its `formats` to as many as it says, `out` to a pointer, `out_err`
 * to a pointer or is NULL.
 */
sg_status sg_telemetry_new(const sg_telemetry_config *config,
                           size_t config_size,
                           sg_telemetry **out,
                           sg_error **out_err);

/**
 * Frees the handle; tracks, reports and snapshots stay good. What was not taken is lost: take a last report
 * before. NULL is allowed.
 *
 * # Safety
 * `telemetry` is NULL or telemetry that was not freed, and no other thread uses the handle.
 */
void sg_telemetry_free(sg_telemetry *telemetry);

/**
 * Opens a track, or one more handle to a track that is open; it closes when every handle has been closed.
 * `key_size` is `sizeof(sg_track_key)`; the texts are copied. `SG_CAPACITY_EXCEEDED` past the limits,
 * `SG_ALREADY_PENDING` while a closed track of the same key has not delivered its last interval. May be
 * called from many threads at once.
 *
 * # Safety
 * `telemetry` was not freed, `key` points to `key_size` bytes, its texts to as many as they say, `out` to a
 * pointer, `out_err` to a pointer or is NULL.
 */
sg_status sg_telemetry_open(const sg_telemetry *telemetry,
                            const sg_track_key *key,
                            size_t key_size,
                            int64_t now_us,
                            sg_track **out,
                            sg_error **out_err);

/**
 * As `sg_telemetry_open` for a track that comes from another node: its totals go on from `seed`, which
 * `sg_track_export` gave there, and which is not reported again here. `seed_size` is `sizeof(sg_track_seed)`;
 * NULL with 0 starts from nothing. A seed for a track that is open is ignored.
 *
 * # Safety
 * As for `sg_telemetry_open`; `seed` points to `seed_size` bytes.
 */
sg_status sg_telemetry_open_seeded(const sg_telemetry *telemetry,
                                   const sg_track_key *key,
                                   size_t key_size,
                                   int64_t now_us,
                                   const sg_track_seed *seed,
                                   size_t seed_size,
                                   sg_track **out,
                                   sg_error **out_err);

/**
 * Says in which room a participant is (UTF-8); may come before its first track or after its bytes began.
 * Until then its tracks record and are not reported. `SG_CAPACITY_EXCEEDED` past the limit of participants.
 * May be called from many threads at once.
 *
 * # Safety
 * `telemetry` was not freed, each text points to as many bytes as its length says, `out_err` to a pointer or
 * is NULL.
 */
sg_status sg_telemetry_identify(const sg_telemetry *telemetry,
                                const char *participant,
                                size_t participant_len,
                                const char *room_id,
                                size_t room_id_len,
                                const char *room_name,
                                size_t room_name_len,
                                int64_t now_us,
                                sg_error **out_err);

/**
 * Takes what is pending of all tracks and counts it as delivered; each track is one consistent cut. Threads
 * may record meanwhile. `SG_ALREADY_PENDING` while a report of `sg_telemetry_take` is in flight. May be
 * called from any thread.
 *
 * # Safety
 * `telemetry` was not freed, `out` points to a pointer, `out_err` to a pointer or is NULL.
 */
sg_status sg_telemetry_flush(const sg_telemetry *telemetry,
                             int64_t now_us,
                             sg_report **out,
                             sg_error **out_err);

/**
 * As `sg_telemetry_flush`, but holds what was taken until `sg_telemetry_ack` or `sg_telemetry_restore`.
 *
 * # Safety
 * As for `sg_telemetry_flush`.
 */
sg_status sg_telemetry_take(const sg_telemetry *telemetry,
                            int64_t now_us,
                            sg_report **out,
                            sg_error **out_err);

/**
 * The report in flight has arrived: tracks that are closed and delivered are dropped, and participants whose
 * grace period is over. `*out_acked` (may be NULL) is false when there was none. May be called from any
 * thread.
 *
 * # Safety
 * `telemetry` was not freed, `out_acked` points to a bool or is NULL, `out_err` to a pointer or is NULL.
 */
sg_status sg_telemetry_ack(const sg_telemetry *telemetry,
                           int64_t now_us,
                           bool *out_acked,
                           sg_error **out_err);

/**
 * The report in flight was not delivered: all of it is pending again, and comes merged with the next
 * interval. `*out_restored` (may be NULL) is false when there was none. May be called from any thread.
 *
 * # Safety
 * `telemetry` was not freed, `out_restored` points to a bool or is NULL, `out_err` to a pointer or is NULL.
 */
sg_status sg_telemetry_restore(const sg_telemetry *telemetry, bool *out_restored, sg_error **out_err);

/**
 * Totals over all tracks of a direction (`SG_DIRECTION_...`) and role (`SG_ROLE_...`) that are or were there,
 * reported or not. Never falls, but for the loss. `out_size` is `sizeof(sg_track_counts)`. May be called from
 * many threads at once.
 *
 * # Safety
 * `telemetry` was not freed, `out` points to `out_size` bytes, `out_err` to a pointer or is NULL.
 */
sg_status sg_telemetry_totals(const sg_telemetry *telemetry,
                              int32_t direction,
                              int32_t role,
                              sg_track_counts *out,
                              size_t out_size,
                              sg_error **out_err);

/**
 * The same for one participant (UTF-8). `SG_NOT_FOUND` when it is not, or no longer, known.
 *
 * # Safety
 * As for `sg_telemetry_totals`; `participant` points to `participant_len` bytes.
 */
sg_status sg_telemetry_participant_totals(const sg_telemetry *telemetry,
                                          const char *participant,
                                          size_t participant_len,
                                          int32_t direction,
                                          int32_t role,
                                          sg_track_counts *out,
                                          size_t out_size,
                                          sg_error **out_err);

/**
 * Copies everything counted on this node, by track and by group, less what tracks brought from other nodes,
 * where that is counted. May be called from many threads at once.
 *
 * # Safety
 * `telemetry` was not freed, `out` points to a pointer, `out_err` to a pointer or is NULL.
 */
sg_status sg_telemetry_snapshot(const sg_telemetry *telemetry, sg_snapshot **out, sg_error **out_err);

/**
 * Writes the same to `*out` as Prometheus text, or as OpenMetrics when `openmetrics` is not 0: every
 * direction, role and kind (`streamgauge_bytes_total` and so on), which never fall, and the `top` tracks with
 * the most bytes in each (`streamgauge_track_bytes_total` and so on). May be called from many threads at once.
 *
 * # Safety
 * `telemetry` was not freed, `out` points to a buffer, `out_err` to a pointer or is NULL.
 */
sg_status sg_telemetry_exposition(const sg_telemetry *telemetry,
                                  size_t top,
                                  uint8_t openmetrics,
                                  sg_buf *out,
                                  sg_error **out_err);

/**
 * Writes the same to `*out` as OTLP metrics with cumulative temporality; empty when there is nothing to say.
 * `config_size` is `sizeof(sg_otlp_config)`; NULL with 0 is all zero. May be called from many threads at once.
 *
 * # Safety
 * `telemetry` was not freed, `config` points to `config_size` bytes, its attributes to what they say, `out` to
 * a buffer, `out_err` to a pointer or is NULL.
 */
sg_status sg_telemetry_otlp(const sg_telemetry *telemetry,
                            int64_t now_us,
                            const sg_otlp_config *config,
                            size_t config_size,
                            sg_buf *out,
                            sg_error **out_err);

/**
 * How many tracks and participants are kept, and what telemetry says of itself. `out_size` is
 * `sizeof(sg_telemetry_state)`. May be called from many threads at once.
 *
 * # Safety
 * `telemetry` was not freed, `out` points to `out_size` bytes, `out_err` to a pointer or is NULL.
 */
sg_status sg_telemetry_status(const sg_telemetry *telemetry,
                              sg_telemetry_state *out,
                              size_t out_size,
                              sg_error **out_err);

/**
 * Number, time and size of a report. `out_size` is `sizeof(sg_report_state)`. May be called from many threads
 * at once.
 *
 * # Safety
 * `report` was not freed, `out` points to `out_size` bytes, `out_err` to a pointer or is NULL.
 */
sg_status sg_report_status(const sg_report *report,
                           sg_report_state *out,
                           size_t out_size,
                           sg_error **out_err);

/**
 * Copies stats from number `first` on to the array `out` of `capacity` elements of `stat_size`
 * (`sizeof(sg_stat)`) bytes. `*out_count` is how many there are in all. By key. May be called from many
 * threads at once.
 *
 * # Safety
 * `report` was not freed, `out` points to `capacity` times `stat_size` bytes (or is NULL with capacity 0),
 * `out_count` to a number, `out_err` to a pointer or is NULL.
 */
sg_status sg_report_stats(const sg_report *report,
                          size_t first,
                          sg_stat *out,
                          size_t stat_size,
                          size_t capacity,
                          size_t *out_count,
                          sg_error **out_err);

/**
 * Writes the stats to `*out` as `livekit.AnalyticsStats`, protobuf that LiveKit's services take. `node` names
 * this node. Each message has the id `id_prefix` and a number, counted from 0 in each report: with a prefix
 * that is unique to the report the ids are unique. Relay stats have no place there and are left out. May be
 * called from many threads at once.
 *
 * # Safety
 * `report` was not freed, `node` points to `node_len` and `id_prefix` to `id_prefix_len` bytes, `out` to a
 * buffer, `out_err` to a pointer or is NULL.
 */
sg_status sg_report_livekit(const sg_report *report,
                            const char *node,
                            size_t node_len,
                            const char *id_prefix,
                            size_t id_prefix_len,
                            sg_buf *out,
                            sg_error **out_err);

/**
 * Writes the stats to `*out` as a JSON array, relay stats included. May be called from many threads at once.
 *
 * # Safety
 * `report` was not freed, `out` points to a buffer, `out_err` to a pointer or is NULL.
 */
sg_status sg_report_json(const sg_report *report, sg_buf *out, sg_error **out_err);

/**
 * Writes what a report adds to `*out` as OTLP metrics with delta temporality; empty when there is nothing to
 * say. `config_size` is `sizeof(sg_otlp_config)`; NULL with 0 is all zero. May be called from many threads at
 * once.
 *
 * # Safety
 * `report` was not freed, `config` points to `config_size` bytes, its attributes to what they say, `out` to a
 * buffer, `out_err` to a pointer or is NULL.
 */
sg_status sg_report_otlp(const sg_report *report,
                         const sg_otlp_config *config,
                         size_t config_size,
                         sg_buf *out,
                         sg_error **out_err);

/**
 * Frees a report; it stays in flight if it was taken. NULL is allowed.
 *
 * # Safety
 * `report` is NULL or a report that was not freed, and no other thread uses it.
 */
void sg_report_free(sg_report *report);

/**
 * Copies tracks from number `first` on to the array `out` of `capacity` elements of `track_size`
 * (`sizeof(sg_track_state)`) bytes. `*out_count` is how many there are in all. May be called from many threads
 * at once.
 *
 * # Safety
 * `snapshot` was not freed, `out` points to `capacity` times `track_size` bytes (or is NULL with capacity 0),
 * `out_count` to a number, `out_err` to a pointer or is NULL.
 */
sg_status sg_snapshot_tracks(const sg_snapshot *snapshot,
                             size_t first,
                             sg_track_state *out,
                             size_t track_size,
                             size_t capacity,
                             size_t *out_count,
                             sg_error **out_err);

/**
 * Copies groups to the array `out` of `capacity` elements of `group_size` (`sizeof(sg_group_state)`) bytes.
 * `*out_count` is how many there are in all, 16 at most. May be called from many threads at once.
 *
 * # Safety
 * `snapshot` was not freed, `out` points to `capacity` times `group_size` bytes (or is NULL with capacity 0),
 * `out_count` to a number, `out_err` to a pointer or is NULL.
 */
sg_status sg_snapshot_groups(const sg_snapshot *snapshot,
                             sg_group_state *out,
                             size_t group_size,
                             size_t capacity,
                             size_t *out_count,
                             sg_error **out_err);

/**
 * Frees a snapshot. NULL is allowed.
 *
 * # Safety
 * `snapshot` is NULL or a snapshot that was not freed, and no other thread uses it.
 */
void sg_snapshot_free(sg_snapshot *snapshot);

/**
 * Counts `n` RTP packets, in the order of their arrival; they are not copied. May be called from many threads
 * at once.
 *
 * # Safety
 * `track` is NULL or was not freed, `packets` points to `n` packets (NULL when 0), `out_err` to a pointer
 * or is NULL.
 */
sg_status sg_track_record(const sg_track *track, const sg_packet *packets, size_t n, sg_error **out_err);

/**
 * Reads and counts the raw packet `data`; `flags` (`SG_PACKET_...`) adds what the bytes do not tell. Errors as
 * for `sg_packet_parse`; then nothing is counted. May be called from many threads at once.
 *
 * # Safety
 * `track` is NULL or was not freed, `data` points to `len` bytes, `out_err` to a pointer or is NULL.
 */
sg_status sg_track_record_raw(const sg_track *track,
                              int64_t arrival_us,
                              const uint8_t *data,
                              size_t len,
                              uint8_t flags,
                              sg_error **out_err);

/**
 * Counts a message of a data or signal channel, after marshalling; one of no bytes is one. May be called from
 * many threads at once.
 *
 * # Safety
 * `track` is NULL or was not freed, `out_err` points to a pointer or is NULL.
 */
sg_status sg_track_record_message(const sg_track *track, int64_t at_us, uint64_t bytes, sg_error **out_err);

/**
 * Counts `n` packets of a data track, in the order of their arrival. May be called from many threads at once;
 * then the packets of two calls may mix.
 *
 * # Safety
 * `track` is NULL or was not freed, `packets` points to `n` packets (NULL when 0), `out_err` to a pointer
 * or is NULL.
 */
sg_status sg_track_record_data(const sg_track *track,
                               const sg_data_packet *packets,
                               size_t n,
                               sg_error **out_err);

/**
 * Takes an SFU's own cumulative counters of an SSRC, which began at 0 when the SSRC was added. A count that
 * falls restarted from 0. Past the limit of streams the SSRC is rejected and counted. May be called from many
 * threads at once.
 *
 * # Safety
 * `track` is NULL or was not freed, `out_err` points to a pointer or is NULL.
 */
sg_status sg_track_observe_totals(const sg_track *track,
                                  uint32_t ssrc,
                                  uint64_t packets,
                                  uint64_t bytes,
                                  sg_error **out_err);

/**
 * The SSRC went away: what it counted stays, and should it come back it starts from 0. May be called from many
 * threads at once.
 *
 * # Safety
 * `track` is NULL or was not freed, `out_err` points to a pointer or is NULL.
 */
sg_status sg_track_remove_ssrc(const sg_track *track,
                               uint32_t ssrc,
                               sg_error **out_err);

/**
 * Counts what RTCP said. Of a track that is received, `sg_track_record` counts loss and jitter: who gives the loss
 * here as well counts it twice. `sample_size` is `sizeof(sg_rtcp_sample)`. May be
 * called from many threads at once.
 *
 * # Safety
 * `track` is NULL or was not freed, `sample` points to `sample_size` bytes, `out_err` to a pointer or is NULL.
 */
sg_status sg_track_record_rtcp(const sg_track *track,
                               int64_t at_us,
                               const sg_rtcp_sample *sample,
                               size_t sample_size,
                               sg_error **out_err);

/**
 * Notes a quality score. One that is not above 0, or not finite, is no score. May be called from many threads
 * at once.
 *
 * # Safety
 * `track` is NULL or was not freed, `out_err` points to a pointer or is NULL.
 */
sg_status sg_track_record_score(const sg_track *track, float score, sg_error **out_err);

/**
 * Says which simulcast layer an SSRC is, 0 the lowest; 3 and above are one. What the SSRC has counted so far
 * belongs to no layer. May be called from many threads at once.
 *
 * # Safety
 * `track` is NULL or was not freed, `out_err` points to a pointer or is NULL.
 */
sg_status sg_track_set_layer(const sg_track *track, uint32_t ssrc, uint32_t layer, sg_error **out_err);

/**
 * The codec or content (UTF-8) changed; a report shows the latest. May be called from many threads at once.
 *
 * # Safety
 * `track` is NULL or was not freed, `mime` points to `mime_len` bytes, `out_err` to a pointer or is NULL.
 */
sg_status sg_track_set_mime(const sg_track *track, const char *mime, size_t mime_len, sg_error **out_err);

/**
 * Everything counted, whether reported or not. `SG_NOT_FOUND` for NULL, a recorder of nothing. `out_size` is
 * `sizeof(sg_track_counts)`. May be called from many threads at once.
 *
 * # Safety
 * `track` is NULL or was not freed, `out` points to `out_size` bytes, `out_err` to a pointer or is NULL.
 */
sg_status sg_track_totals(const sg_track *track, sg_track_counts *out, size_t out_size, sg_error **out_err);

/**
 * Closes this handle, and with the last one the track: what is left comes in one last stat. `*out_first` (may
 * be NULL) is false when the handle was closed already, or is NULL. May be called from many threads at once.
 *
 * # Safety
 * `track` is NULL or was not freed, `out_first` points to a bool or is NULL, `out_err` to a pointer or is
 * NULL.
 */
sg_status sg_track_close(const sg_track *track, int64_t now_us, bool *out_first, sg_error **out_err);

/**
 * Closes this handle and gives what another node needs to go on, see `sg_telemetry_open_seeded`; zeros for
 * NULL. `out_size` is `sizeof(sg_track_seed)`. May be called from many threads at once.
 *
 * # Safety
 * `track` is NULL or was not freed, `out` points to `out_size` bytes, `out_err` to a pointer or is NULL.
 */
sg_status sg_track_export(const sg_track *track,
                          int64_t now_us,
                          sg_track_seed *out,
                          size_t out_size,
                          sg_error **out_err);

/**
 * Frees a handle; one that is not closed closes at the time of the last record. NULL is allowed.
 *
 * # Safety
 * `track` is NULL or was not freed, and no other thread uses it.
 */
void sg_track_free(sg_track *track);

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
