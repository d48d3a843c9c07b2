/* Audiences, their summaries, streams and CDN edges: what they count, bounds, bad input, hostile bytes, threads. */
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

static int holds(const sg_buf *buf, const char *text) {
    size_t length = strlen(text), i;
    for (i = 0; i + length <= buf->len; i++)
        if (memcmp(buf->data + i, text, length) == 0) return 1;
    return 0;
}

static sg_audience *made(const sg_audience_config *config) {
    sg_audience *audience = NULL;
    CHECK(sg_audience_new(config, config ? sizeof *config : 0, &audience, NULL) == SG_OK);
    return audience;
}

static int32_t joins(sg_audience *audience, const char *viewer, int64_t at_us) {
    int32_t joined = 0;
    CHECK(sg_audience_join(audience, viewer, strlen(viewer), at_us, NULL, 0, &joined, NULL) == SG_OK);
    return joined;
}

static sg_audience_summary *summarized(const sg_audience *audience, int64_t now_us) {
    sg_audience_summary *summary = NULL;
    CHECK(sg_audience_summarize(audience, now_us, &summary, NULL) == SG_OK);
    return summary;
}

static sg_audience_summary_state numbers_of(const sg_audience_summary *summary) {
    sg_audience_summary_state state;
    memset(&state, 0, sizeof state);
    CHECK(sg_audience_summary_snapshot(summary, &state, sizeof state, NULL) == SG_OK);
    return state;
}

static void viewers(void) {
    sg_audience *audience = made(NULL);
    sg_audience_summary *summary;
    sg_audience_summary_state state;
    sg_audience_state kept;
    sg_viewer_info info;
    sg_viewer_stats stats;
    sg_concurrency concurrency;
    sg_concurrency_step steps[8];
    sg_buf location = {NULL, 0}, agent = {NULL, 0};
    sg_sketch *startup = NULL;
    sg_sketch_state sketch;
    bool found = false;
    int32_t joined = 0;
    size_t count = 0;

    memset(&info, 0, sizeof info);
    info.location = str("Utrecht");
    CHECK(sg_audience_join(audience, "a", 1, 0, &info, sizeof info, &joined, NULL) == SG_OK);
    CHECK(joined == SG_JOINED_NEW && joins(audience, "b", S) == SG_JOINED_NEW);
    CHECK(joins(audience, "a", S) == SG_JOINED_RECONNECTED);
    CHECK(sg_audience_started(audience, "a", 1, S / 2 * 3, &found, NULL) == SG_OK && found);
    CHECK(sg_audience_bitrate(audience, "a", 1, 2 * S, 1000000, &found, NULL) == SG_OK && found);
    CHECK(sg_audience_bitrate(audience, "a", 1, 3 * S, 3000000, NULL, NULL) == SG_OK);
    CHECK(sg_audience_rebuffer_begins(audience, "a", 1, 3 * S, &found, NULL) == SG_OK && found);
    CHECK(sg_audience_rebuffer_ends(audience, "a", 1, 4 * S, &found, NULL) == SG_OK && found);
    CHECK(sg_audience_rebuffered(audience, "b", 1, 4 * S, S / 2, &found, NULL) == SG_OK && found);
    CHECK(sg_audience_heartbeat(audience, "b", 1, 4 * S, &found, NULL) == SG_OK && found);
    CHECK(sg_audience_leave(audience, "b", 1, 4 * S, &found, NULL) == SG_OK && found);
    found = true;
    CHECK(sg_audience_leave(audience, "nobody", 6, 4 * S, &found, NULL) == SG_OK && !found);
    CHECK(sg_audience_heartbeat(audience, NULL, 0, 4 * S, &found, NULL) == SG_OK && !found);

    CHECK(sg_audience_viewer(audience, "a", 1, 5 * S, &stats, sizeof stats, &location, &agent, NULL) == SG_OK);
    CHECK(stats.watching && stats.first_us == 0 && stats.views == 1 && stats.watched_us == 5 * S);
    CHECK(stats.has_startup_us && stats.startup_us == S / 2 * 3 && stats.rebuffers == 1 && stats.rebuffer_us == S);
    CHECK(stats.has_mean_bitrate && stats.mean_bitrate_bps == (1e6 + 2 * 3e6) / 3 && stats.switches == 1);
    CHECK(stats.has_location && !stats.has_user_agent && holds(&location, "Utrecht") && location.len == 7);
    CHECK(agent.data == NULL && agent.len == 0);
    sg_buf_free(&location);
    CHECK(sg_audience_viewer(audience, "b", 1, 5 * S, &stats, sizeof stats, NULL, NULL, NULL) == SG_OK);
    CHECK(!stats.watching && !stats.has_startup_us && !stats.has_mean_bitrate && !stats.has_location);
    CHECK(sg_audience_viewer(audience, "c", 1, 5 * S, &stats, sizeof stats, NULL, NULL, NULL) == SG_NOT_FOUND);

    CHECK(sg_audience_concurrency(audience, 0, 4 * S, &concurrency, sizeof concurrency, NULL) == SG_OK);
    CHECK(concurrency.start_us == 0 && concurrency.end_us == 4 * S && concurrency.peak == 2);
    CHECK(concurrency.peak_us == S && concurrency.area_us_low == 7 * S && concurrency.area_us_high == 0);
    CHECK(concurrency.mean == 1.75);
    CHECK(sg_audience_concurrency(audience, 4 * S, 4 * S, &concurrency, sizeof concurrency, NULL) == SG_NOT_FOUND);
    CHECK(sg_audience_steps(audience, steps, 8, &count, NULL) == SG_OK && count == 3);
    CHECK(steps[1].at_us == S && steps[1].viewers == 2 && steps[2].at_us == 4 * S && steps[2].viewers == 1);
    CHECK(sg_audience_steps(audience, NULL, 0, &count, NULL) == SG_OK && count == 3);

    summary = summarized(audience, 5 * S);
    state = numbers_of(summary);
    CHECK(state.has_interval && state.start_us == 0 && state.end_us == 5 * S && state.watching == 1);
    CHECK(state.totals.viewers == 2 && state.totals.views == 2 && state.totals.reconnects == 1);
    CHECK(state.totals.unknown == 2 && state.totals.rebuffers == 2 && state.totals.rebuffer_us == S + S / 2);
    CHECK(state.totals.watched_us == 8 * S && state.totals.switches_up == 1 && state.totals.started == 1);
    CHECK(state.peak_at_least == 2 && state.peak_at_most == 2 && state.has_peak_us && state.peak_us == S);
    CHECK(state.has_mean_concurrency && state.mean_concurrency == 1.6);
    CHECK(state.has_rebuffer_ratio && state.rebuffer_ratio == 1.5 / 8 && state.has_mean_bitrate);
    CHECK(!state.has_exit_before_start_ratio);
    CHECK(sg_audience_summary_startup(summary, &startup, NULL) == SG_OK);
    CHECK(sg_sketch_snapshot(startup, &sketch, sizeof sketch, NULL) == SG_OK);
    CHECK(sketch.count == 1 && sketch.min == 1.5e6);
    sg_sketch_free(startup);
    sg_audience_summary_free(summary);

    /* Who was not heard of has left; who left long ago is forgotten, and stays in the sums. */
    CHECK(sg_audience_handle_time(audience, INT64_C(2) * 3600 * S + 10 * S, NULL) == SG_OK);
    CHECK(sg_audience_status(audience, &kept, sizeof kept, NULL) == SG_OK && kept.viewers == 0);
    summary = summarized(audience, INT64_C(3) * 3600 * S);
    state = numbers_of(summary);
    CHECK(state.watching == 0 && state.totals.timed_out == 1 && state.totals.viewers == 2 && state.totals.ended == 2);
    CHECK(state.has_exit_before_start_ratio && state.exit_before_start_ratio == 0.5);
    sg_audience_summary_free(summary);
    sg_audience_free(audience);
}

static void audiences_are_bounded(void) {
    sg_audience_config config;
    sg_audience *audience;
    sg_audience_summary *summary;
    sg_audience_summary_state state;
    sg_audience_state kept;
    sg_error *error = NULL;
    char viewer[16];
    int32_t joined = 7;
    size_t count = 0;
    int i;
    memset(&config, 0, sizeof config);
    config.max_viewers = 10;
    config.max_changes = 5;
    audience = made(&config);
    for (i = 0; i < 10; i++) {
        sprintf(viewer, "v%d", i);
        joins(audience, viewer, i);
    }
    CHECK(sg_audience_join(audience, "late", 4, 10, NULL, 0, &joined, &error) == SG_CAPACITY_EXCEEDED);
    CHECK(joined == 7 && same(sg_error_message(error), "there are 10 viewers, the limit"));
    sg_error_free(error);
    CHECK(sg_audience_leave(audience, "v3", 2, 11, NULL, NULL) == SG_OK);
    CHECK(joins(audience, "late", 12) == SG_JOINED_NEW);
    CHECK(sg_audience_status(audience, &kept, sizeof kept, NULL) == SG_OK && kept.viewers <= 10);
    CHECK(sg_audience_steps(audience, NULL, 0, &count, NULL) == SG_OK && count <= 6);
    summary = summarized(audience, 20);
    state = numbers_of(summary);
    CHECK(state.totals.rejected == 1 && state.totals.viewers == 11 && state.peak_at_least == 10 && state.watching == 10);
    sg_audience_summary_free(summary);
    sg_audience_free(audience);
}

static void audiences_refuse(void) {
    sg_audience *audience = NULL;
    sg_audience_config config;
    sg_audience_summary *summary = NULL;
    sg_viewer_info info;
    sg_viewer_stats stats;
    sg_concurrency concurrency;
    sg_audience_state kept;
    sg_error *error = NULL;
    bool found = true;
    size_t count;
    memset(&config, 0, sizeof config);
    config.idle_timeout_us = -1;
    CHECK(sg_audience_new(&config, sizeof config, &audience, &error) == SG_INVALID_ARGUMENT && audience == NULL);
    CHECK(same(sg_error_message(error), "idle_timeout_us is -1, at least 1"));
    sg_error_free(error);
    config.idle_timeout_us = 0;
    config.reconnect_us = config.keep_us = -1; /* Not given, so not read. */
    CHECK(sg_audience_new(&config, sizeof config, &audience, NULL) == SG_OK);
    sg_audience_free(audience);
    config.has_keep_us = 1;
    CHECK(sg_audience_new(&config, sizeof config, &audience, NULL) == SG_INVALID_ARGUMENT);
    config.has_keep_us = 0;
    config.has_relative_error = 1;
    CHECK(sg_audience_new(&config, sizeof config, &audience, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_audience_new(NULL, 0, NULL, NULL) == SG_INVALID_ARGUMENT);
    audience = made(NULL);
    memset(&info, 0, sizeof info);
    info.location = str("\xff");
    CHECK(sg_audience_join(audience, "a", 1, 0, &info, sizeof info, NULL, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_audience_join(audience, NULL, 1, 0, NULL, 0, NULL, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_audience_join(audience, "\xff", 1, 0, NULL, 0, NULL, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_audience_join(NULL, "a", 1, 0, NULL, 0, NULL, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_audience_leave(NULL, "a", 1, 0, &found, NULL) == SG_INVALID_ARGUMENT && found);
    CHECK(sg_audience_leave(audience, "\xff", 1, 0, &found, NULL) == SG_INVALID_ARGUMENT && found);
    CHECK(sg_audience_handle_time(NULL, 0, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_audience_summarize(NULL, 0, &summary, NULL) == SG_INVALID_ARGUMENT && summary == NULL);
    CHECK(sg_audience_summarize(audience, 0, NULL, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_audience_viewer(audience, "a", 1, 0, NULL, 0, NULL, NULL, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_audience_viewer(NULL, "a", 1, 0, &stats, sizeof stats, NULL, NULL, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_audience_concurrency(audience, 9, 5, &concurrency, sizeof concurrency, NULL) == SG_NOT_FOUND);
    CHECK(sg_audience_concurrency(NULL, 0, 5, &concurrency, sizeof concurrency, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_audience_steps(audience, NULL, 0, NULL, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_audience_steps(NULL, NULL, 0, &count, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_audience_status(NULL, &kept, sizeof kept, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_audience_status(audience, &kept, sizeof kept, NULL) == SG_OK && kept.viewers == 0);
    sg_audience_free(audience);
    sg_audience_free(NULL);
}

static void summaries(void) {
    sg_audience *audience = made(NULL), *other;
    sg_audience_config config;
    sg_audience_summary *one, *two, *read = NULL, *copy = NULL, *coarse;
    sg_audience_summary_state state;
    sg_labelled_summary list[2];
    sg_attribute labels[1];
    sg_otlp_config otlp;
    sg_buf bytes = {NULL, 0}, again = {NULL, 0}, text = {NULL, 0};
    size_t i;
    joins(audience, "somebody", 0);
    CHECK(sg_audience_started(audience, "somebody", 8, S / 2, NULL, NULL) == SG_OK);
    one = summarized(audience, 2 * S);
    joins(audience, "somebody else", 2 * S);
    two = summarized(audience, 4 * S);

    CHECK(sg_audience_summary_copy(one, &copy, NULL) == SG_OK);
    CHECK(sg_audience_summary_merge(copy, two, NULL) == SG_OK);
    state = numbers_of(copy);
    CHECK(state.totals.views == 3 && state.peak_at_least == 2 && state.peak_at_most == 3 && !state.has_peak_us);
    CHECK(sg_audience_summary_merge(copy, copy, NULL) == SG_OK && numbers_of(copy).totals.views == 6);
    CHECK(numbers_of(one).totals.views == 1);
    memset(&config, 0, sizeof config);
    config.has_relative_error = 1;
    config.relative_error = 0.02;
    other = made(&config);
    coarse = summarized(other, 0);
    state = numbers_of(coarse);
    CHECK(!state.has_interval && !state.has_mean_concurrency && !state.has_rebuffer_ratio && !state.has_mean_bitrate);
    CHECK(sg_audience_summary_merge(one, coarse, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_audience_summary_merge(one, NULL, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_audience_summary_merge(NULL, one, NULL) == SG_INVALID_ARGUMENT);

    CHECK(sg_audience_summary_encode(two, &bytes, NULL) == SG_OK && bytes.len > 0);
    CHECK(sg_audience_summary_decode(bytes.data, bytes.len, &read, NULL) == SG_OK);
    CHECK(sg_audience_summary_encode(read, &again, NULL) == SG_OK && again.len == bytes.len);
    CHECK(memcmp(again.data, bytes.data, bytes.len) == 0);
    sg_audience_summary_free(read);
    for (i = 0; i < bytes.len; i++) {
        sg_status status;
        bytes.data[i] ^= 0x55;
        read = NULL;
        status = sg_audience_summary_decode(bytes.data, bytes.len, &read, NULL);
        CHECK((status == SG_OK && read != NULL) || (status == SG_MALFORMED && read == NULL));
        sg_audience_summary_free(read);
        bytes.data[i] ^= 0x55;
    }
    CHECK(sg_audience_summary_decode(NULL, 0, &read, NULL) == SG_MALFORMED);
    CHECK(sg_audience_summary_decode(NULL, 1, &read, NULL) == SG_INVALID_ARGUMENT);

    CHECK(sg_audience_summary_json(two, &text, NULL) == SG_OK);
    CHECK(holds(&text, "\"views\":2") && holds(&text, "\"mean_bitrate_bps\":null") && !holds(&text, "somebody"));
    sg_buf_free(&text);
    labels[0].name = str("stream");
    labels[0].value = str("a\"b");
    memset(list, 0, sizeof list);
    list[0].summary = one;
    list[0].labels = labels;
    list[0].label_count = 1;
    list[1].summary = two;
    CHECK(sg_audience_summary_exposition(list, 2, 0, &text, NULL) == SG_OK);
    CHECK(holds(&text, "streamgauge_audience_views_total{stream=\"a\\\"b\"} 1\n"));
    CHECK(holds(&text, "streamgauge_audience_views_total 2\n") && !holds(&text, "somebody") && !holds(&text, "# EOF"));
    sg_buf_free(&text);
    CHECK(sg_audience_summary_exposition(NULL, 0, 1, &text, NULL) == SG_OK && holds(&text, "# EOF\n"));
    sg_buf_free(&text);
    memset(&otlp, 0, sizeof otlp);
    otlp.format = SG_OTLP_JSON;
    CHECK(sg_audience_summary_otlp(list, 2, &otlp, sizeof otlp, &text, NULL) == SG_OK);
    CHECK(holds(&text, "streamgauge.audience.views") && holds(&text, "\"stream\"") && holds(&text, "streamgauge"));
    sg_buf_free(&text);
    CHECK(sg_audience_summary_otlp(list, 2, NULL, 0, &text, NULL) == SG_OK && text.len > 0);
    sg_buf_free(&text);
    list[0].summary = coarse;
    CHECK(sg_audience_summary_otlp(list, 1, NULL, 0, &text, NULL) == SG_OK && text.len == 0);
    otlp.format = 2;
    CHECK(sg_audience_summary_otlp(list, 1, &otlp, sizeof otlp, &text, NULL) == SG_INVALID_ARGUMENT);
    list[0].summary = NULL;
    CHECK(sg_audience_summary_exposition(list, 1, 0, &text, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_audience_summary_exposition(NULL, 1, 0, &text, NULL) == SG_INVALID_ARGUMENT);
    list[0].summary = one;
    labels[0].name = str("\xff");
    CHECK(sg_audience_summary_exposition(list, 1, 0, &text, NULL) == SG_INVALID_ARGUMENT && text.data == NULL);
    list[0].labels = NULL;
    CHECK(sg_audience_summary_exposition(list, 1, 0, &text, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_audience_summary_json(NULL, &text, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_audience_summary_encode(one, NULL, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_audience_summary_startup(NULL, NULL, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_audience_summary_snapshot(one, NULL, 8, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_audience_summary_copy(NULL, &copy, NULL) == SG_INVALID_ARGUMENT);

    sg_buf_free(&bytes);
    sg_buf_free(&again);
    sg_audience_free(audience);
    sg_audience_free(other);
    CHECK(numbers_of(two).watching == 2); /* It outlives its audience. */
    sg_audience_summary_free(one);
    sg_audience_summary_free(two);
    sg_audience_summary_free(copy);
    sg_audience_summary_free(coarse);
    sg_audience_summary_free(NULL);
}

static sg_media_packet packet(int64_t at_us, int32_t media, uint32_t bytes) {
    sg_media_packet made;
    memset(&made, 0, sizeof made);
    made.at_us = at_us;
    made.media = media;
    made.bytes = bytes;
    return made;
}

static void streams_of_media(void) {
    sg_streams *streams = NULL;
    sg_streams_config config;
    sg_media_packet packets[102];
    sg_media_stats stats;
    sg_media_totals totals;
    sg_sketch *latency = NULL;
    sg_sketch_state sketch;
    sg_stream_ids *ids = NULL;
    sg_str names[3];
    sg_error *error = NULL;
    size_t count = 0;
    int i;
    memset(&config, 0, sizeof config);
    config.max_streams = 2;
    CHECK(sg_streams_new(&config, sizeof config, &streams, NULL) == SG_OK);
    for (i = 0; i <= 50; i++) {
        packets[2 * i] = packet(i * 40000, SG_CLASS_VIDEO, 5000);
        packets[2 * i].frame = 1;
        packets[2 * i].keyframe = (uint8_t)(i % 25 == 0);
        packets[2 * i].has_latency = 1;
        packets[2 * i].latency_us = i * 1000 - 10000;
        packets[2 * i + 1] = packet(i * 40000, SG_CLASS_AUDIO, 500);
        packets[2 * i + 1].duration_us = 20000;
    }
    CHECK(sg_streams_record(streams, "one", 3, packets, 102, NULL) == SG_OK);
    CHECK(sg_streams_record_lost_packets(streams, "one", 3, 102, NULL) == SG_OK);
    CHECK(sg_streams_record_dropped_frames(streams, "one", 3, 51, NULL) == SG_OK);
    CHECK(sg_streams_snapshot(streams, "one", 3, &stats, sizeof stats, &latency, NULL) == SG_OK);
    CHECK(stats.has_interval && stats.start_us == 0 && stats.end_us == 2 * S && stats.has_frame_rate);
    CHECK(stats.frame_rate == 25 && stats.has_keyframe_interval && stats.keyframe_interval_us == 1e6);
    CHECK(stats.has_bitrate && stats.video_bitrate_bps == 51 * 5000 * 8 / 2.0 && stats.metadata_bitrate_bps == 0);
    CHECK(stats.audio_bitrate_bps == 51 * 500 * 8 / 2.0 && stats.totals.audio.media_bitrate_bps == 200000);
    CHECK(stats.totals.audio.has_media_bitrate && !stats.totals.video.has_media_bitrate);
    CHECK(stats.totals.video.packets == 51 && stats.totals.frames == 51 && stats.totals.keyframes == 3);
    CHECK(stats.totals.has_loss_ratio && stats.totals.loss_ratio == 0.5 && stats.totals.drop_ratio == 0.5);
    CHECK(sg_sketch_snapshot(latency, &sketch, sizeof sketch, NULL) == SG_OK);
    CHECK(sketch.count == 51 && sketch.min == -10000);
    sg_sketch_free(latency);

    /* No more streams than were allowed; one that goes makes room, and stays in the totals. */
    CHECK(sg_streams_record(streams, "", 0, NULL, 0, NULL) == SG_OK);
    CHECK(sg_streams_snapshot(streams, NULL, 0, &stats, sizeof stats, NULL, NULL) == SG_OK);
    CHECK(!stats.has_interval && !stats.has_bitrate && !stats.has_frame_rate && !stats.totals.has_loss_ratio);
    CHECK(sg_streams_record(streams, "three", 5, packets, 1, &error) == SG_CAPACITY_EXCEEDED);
    CHECK(same(sg_error_message(error), "there are 2 streams, the limit"));
    sg_error_free(error);
    CHECK(sg_streams_ids(streams, &ids, NULL) == SG_OK);
    CHECK(sg_stream_ids_read(ids, 0, names, 3, &count, NULL) == SG_OK && count == 2);
    CHECK(same(names[0], "") && names[0].data == NULL && same(names[1], "one"));
    CHECK(sg_stream_ids_read(ids, 1, names, 3, &count, NULL) == SG_OK && same(names[0], "one"));
    CHECK(sg_streams_remove(streams, "one", 3, NULL, 0, NULL, NULL) == SG_OK);
    CHECK(same(names[0], "one"));
    sg_stream_ids_free(ids);
    latency = NULL;
    CHECK(sg_streams_remove(streams, "one", 3, &stats, sizeof stats, &latency, NULL) == SG_NOT_FOUND);
    CHECK(latency == NULL);
    CHECK(sg_streams_snapshot(streams, "one", 3, &stats, sizeof stats, NULL, NULL) == SG_NOT_FOUND);
    packets[1].media = 4; /* Nothing of a batch with a class that is none. */
    CHECK(sg_streams_record(streams, "two", 3, packets, 2, &error) == SG_INVALID_ARGUMENT);
    CHECK(same(sg_error_message(error), "media is 4: expected 1 to 3"));
    sg_error_free(error);
    CHECK(sg_streams_totals(streams, &totals, sizeof totals, NULL) == SG_OK);
    CHECK(totals.video.packets == 51 && totals.packets_lost == 102 && totals.frames_dropped == 51);

    CHECK(sg_streams_record(streams, "two", 3, NULL, 2, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_streams_record(streams, "\xff", 1, packets, 1, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_streams_record(NULL, "two", 3, packets, 1, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_streams_record_lost_packets(NULL, "two", 3, 1, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_streams_record_dropped_frames(NULL, "two", 3, 1, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_streams_snapshot(NULL, "two", 3, &stats, sizeof stats, NULL, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_streams_totals(NULL, &totals, sizeof totals, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_streams_ids(NULL, &ids, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_stream_ids_read(NULL, 0, names, 3, &count, NULL) == SG_INVALID_ARGUMENT);
    sg_streams_free(streams);
    config.has_relative_error = 1;
    CHECK(sg_streams_new(&config, sizeof config, &streams, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_streams_new(NULL, 0, NULL, NULL) == SG_INVALID_ARGUMENT);
    sg_streams_free(NULL);
    sg_stream_ids_free(NULL);
}

static void edges_of_a_cdn(void) {
    sg_cdn *cdn = NULL, *other = NULL;
    sg_cdn_config config;
    sg_cdn_request requests[3];
    sg_cdn_state state;
    sg_edges *edges = NULL;
    sg_edge list[4];
    char name[16];
    size_t count = 0;
    int i;
    memset(&config, 0, sizeof config);
    config.max_edges = 2;
    CHECK(sg_cdn_new(&config, sizeof config, &cdn, NULL) == SG_OK);
    CHECK(sg_cdn_snapshot(cdn, &state, sizeof state, NULL) == SG_OK);
    CHECK(!state.has_interval && !state.has_bandwidth && !state.total.has_hit_ratio && state.edges == 0);
    memset(requests, 0, sizeof requests);
    for (i = 0; i < 3; i++) {
        requests[i].at_us = i * S;
        requests[i].bytes = 1000;
        requests[i].hit = (uint8_t)(i < 2);
    }
    CHECK(sg_cdn_record(cdn, "ams", 3, requests, 3, NULL) == SG_OK);
    CHECK(sg_cdn_copy(cdn, &other, NULL) == SG_OK);
    for (i = 0; i < 100; i++) {
        sprintf(name, "edge%d", i);
        CHECK(sg_cdn_record(cdn, name, strlen(name), requests, 1, NULL) == SG_OK);
    }
    CHECK(sg_cdn_merge(cdn, other, NULL) == SG_OK && sg_cdn_merge(other, other, NULL) == SG_OK);
    CHECK(sg_cdn_snapshot(cdn, &state, sizeof state, NULL) == SG_OK);
    CHECK(state.edges == 2 && state.total.hits == 104 && state.total.misses == 2 && state.others.hits == 99);
    CHECK(state.has_interval && state.start_us == 0 && state.end_us == 2 * S);
    CHECK(state.has_bandwidth && state.bandwidth_bps == 106000 * 8 / 2.0);
    CHECK(state.total.has_hit_ratio && state.total.hit_ratio == 104 / 106.0 && state.total.has_byte_hit_ratio);
    CHECK(sg_cdn_edges(cdn, &edges, NULL) == SG_OK);
    CHECK(sg_edges_read(edges, 0, list, sizeof list[0], 4, &count, NULL) == SG_OK && count == 2);
    CHECK(same(list[0].name, "ams") && list[0].totals.hits == 4 && list[0].totals.miss_bytes == 2000);
    CHECK(same(list[1].name, "edge0") && list[1].totals.byte_hit_ratio == 1);
    sg_cdn_free(cdn);
    CHECK(same(list[0].name, "ams"));
    CHECK(sg_edges_read(edges, 1, list, sizeof list[0], 4, &count, NULL) == SG_OK && same(list[0].name, "edge0"));
    CHECK(sg_edges_read(edges, 0, list, 3, 1, &count, NULL) == SG_INVALID_ARGUMENT);
    sg_edges_free(edges);

    CHECK(sg_cdn_snapshot(other, &state, sizeof state, NULL) == SG_OK && state.total.hits == 4);
    CHECK(sg_cdn_record(other, "\xff", 1, requests, 1, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_cdn_record(other, "a", 1, NULL, 1, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_cdn_record(NULL, "a", 1, requests, 1, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_cdn_merge(other, NULL, NULL) == SG_INVALID_ARGUMENT && sg_cdn_merge(NULL, other, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_cdn_copy(NULL, &cdn, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_cdn_snapshot(NULL, &state, sizeof state, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_cdn_edges(NULL, &edges, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_edges_read(NULL, 0, list, sizeof list[0], 4, &count, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_cdn_new(NULL, 0, NULL, NULL) == SG_INVALID_ARGUMENT);
    sg_cdn_free(other);
    sg_cdn_free(NULL);
    sg_edges_free(NULL);
}

#define THREADS 4
#define ROUNDS 200

typedef struct {
    sg_audience *audience;
    sg_streams *streams;
    sg_cdn *cdn;
    sg_audience_summary *sums[2];
    int number;
} shared;

/* Each thread has a viewer of its own; streams come and go, and summaries merge both ways. */
static void *use_all(void *arg) {
    shared *all = arg;
    char viewer[16];
    sg_media_packet media = packet(0, SG_CLASS_AUDIO, 10);
    sg_cdn_request request;
    int i;
    size_t length = (size_t)sprintf(viewer, "viewer %d", all->number);
    memset(&request, 0, sizeof request);
    for (i = 0; i < ROUNDS; i++) {
        sg_audience_summary *summary = NULL;
        int good = sg_audience_join(all->audience, viewer, length, i, NULL, 0, NULL, NULL) == SG_OK &&
                   sg_streams_record(all->streams, i % 2 ? "a" : "b", 1, &media, 1, NULL) == SG_OK &&
                   sg_cdn_record(all->cdn, "edge", 4, &request, 1, NULL) == SG_OK &&
                   sg_audience_summarize(all->audience, ROUNDS, &summary, NULL) == SG_OK;
        if (i % 20 == 0) sg_streams_remove(all->streams, "a", 1, NULL, 0, NULL, NULL);
        if (i % 50 == 0)
            good = good && sg_audience_summary_merge(all->sums[i / 50 % 2], all->sums[(i / 50 + 1) % 2], NULL) == SG_OK;
        sg_audience_summary_free(summary);
        if (!good) return arg;
    }
    return NULL;
}

static void many_threads(void) {
    pthread_t threads[THREADS];
    shared all[THREADS];
    sg_media_totals totals;
    sg_cdn_state cdn;
    sg_audience_summary *summary;
    sg_audience_summary_state state;
    void *failed = NULL;
    int i;
    memset(all, 0, sizeof all);
    all[0].audience = made(NULL);
    CHECK(sg_streams_new(NULL, 0, &all[0].streams, NULL) == SG_OK);
    CHECK(sg_cdn_new(NULL, 0, &all[0].cdn, NULL) == SG_OK);
    for (i = 0; i < 2; i++) all[0].sums[i] = summarized(all[0].audience, 0);
    for (i = 1; i < THREADS; i++) {
        all[i] = all[0];
        all[i].number = i;
    }
    for (i = 0; i < THREADS; i++) CHECK(pthread_create(&threads[i], NULL, use_all, &all[i]) == 0);
    for (i = 0; i < THREADS; i++) {
        CHECK(pthread_join(threads[i], &failed) == 0);
        CHECK(failed == NULL);
    }
    CHECK(sg_streams_totals(all[0].streams, &totals, sizeof totals, NULL) == SG_OK);
    CHECK(totals.audio.packets == THREADS * ROUNDS);
    CHECK(sg_cdn_snapshot(all[0].cdn, &cdn, sizeof cdn, NULL) == SG_OK && cdn.total.misses == THREADS * ROUNDS);
    summary = summarized(all[0].audience, ROUNDS);
    state = numbers_of(summary);
    CHECK(state.totals.views == THREADS && state.totals.reconnects == THREADS * (ROUNDS - 1));
    sg_audience_summary_free(summary);
    for (i = 0; i < 2; i++) sg_audience_summary_free(all[0].sums[i]);
    sg_audience_free(all[0].audience);
    sg_streams_free(all[0].streams);
    sg_cdn_free(all[0].cdn);
}

int main(void) {
    viewers();
    audiences_are_bounded();
    audiences_refuse();
    summaries();
    streams_of_media();
    edges_of_a_cdn();
    many_threads();
    return TESTS_DONE("audience");
}
