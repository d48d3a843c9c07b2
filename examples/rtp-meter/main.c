/* An RTP meter: a UDP port or a capture file in, a table or JSON out. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <streamgauge.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MAX_STREAMS 4096
#define MAX_CLOCKS 128
/* Packets that are recorded in one call. */
#define BATCH 256

typedef struct {
    sg_payload_format formats[MAX_CLOCKS];
    size_t format_count;
    long seconds;
    int json;
    const char *input;
} options;

typedef struct {
    sg_capture_stream *streams;
    size_t count;
    uint64_t malformed, unvalidated;
} result;

static volatile sig_atomic_t stop;

static void on_signal(int number) {
    (void)number;
    stop = 1;
}

static int fail(const char *what, sg_error *error) {
    sg_str why = sg_error_message(error);
    fprintf(stderr, "rtp-meter: %s: %.*s\n", what, (int)why.len, why.data);
    sg_error_free(error);
    return 0;
}

static int fail_system(const char *what) {
    fprintf(stderr, "rtp-meter: %s: %s\n", what, strerror(errno));
    return 0;
}

static int64_t now_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* The file as a whole, to be freed. */
static uint8_t *read_file(const char *path, size_t *length) {
    FILE *file = fopen(path, "rb");
    uint8_t *bytes = NULL, *grown;
    size_t capacity = 0, got;
    *length = 0;
    if (file == NULL) return fail_system(path), NULL;
    do {
        if (*length == capacity) {
            capacity = capacity ? 2 * capacity : 1 << 20;
            grown = realloc(bytes, capacity);
            if (grown == NULL) {
                free(bytes);
                fclose(file);
                return fail_system(path), NULL;
            }
            bytes = grown;
        }
        got = fread(bytes + *length, 1, capacity - *length, file);
        *length += got;
    } while (got > 0);
    if (ferror(file)) {
        fail_system(path);
        free(bytes);
        bytes = NULL;
    }
    fclose(file);
    return bytes;
}

static int meter_file(const options *with, result *out) {
    sg_error *error = NULL;
    size_t length;
    uint8_t *bytes = read_file(with->input, &length);
    sg_status status;
    if (bytes == NULL) return 0;
    status = sg_capture_streams(bytes, length, with->formats, with->format_count, out->streams,
                                sizeof out->streams[0], MAX_STREAMS, &out->count, &error);
    free(bytes);
    return status == SG_OK || fail(with->input, error);
}

static int listen_on(const char *port) {
    struct sockaddr_in address;
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_ANY);
    address.sin_port = htons((uint16_t)strtoul(port, NULL, 10));
    if (fd < 0 || bind(fd, (const struct sockaddr *)&address, size) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &size) != 0) {
        fail_system(port);
        if (fd >= 0) close(fd);
        return -1;
    }
    fprintf(stderr, "listening on UDP port %u\n", ntohs(address.sin_port));
    return fd;
}

/* Records the datagrams that are there. */
static int receive(int fd, sg_rtp *rtp, sg_rtcp *rtcp, result *out) {
    static uint8_t datagram[65536];
    sg_packet batch[BATCH];
    size_t n;
    do {
        ssize_t length = 0;
        for (n = 0; n < BATCH;) {
            length = recv(fd, datagram, sizeof datagram, MSG_DONTWAIT);
            if (length < 0) break;
            if (sg_is_rtcp(datagram, (size_t)length))
                out->malformed += sg_rtcp_record(rtcp, now_us(), datagram, (size_t)length, NULL) != SG_OK;
            else if (sg_packet_parse(datagram, (size_t)length, now_us(), 0, &batch[n], NULL) == SG_OK)
                n++;
            else
                out->malformed++;
        }
        if (sg_rtp_record(rtp, batch, n, NULL) != SG_OK) return 0;
        if (length < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) return fail_system("recv");
    } while (n == BATCH);
    return 1;
}

/* What was said of a stream by RTCP, beside its own statistics. */
static void add_rtcp(const sg_rtcp *rtcp, sg_capture_stream *stream) {
    sg_rtcp_report said;
    if (sg_rtcp_source(rtcp, stream->stats.ssrc, &said, sizeof said, NULL) != SG_OK) return;
    stream->rtt_us = said.rtt_us, stream->has_rtt_us = said.has_rtt;
    stream->sender_packets = said.sent_packets, stream->has_sender_packets = said.has_sender;
    stream->remote_packets_lost = said.cumulative_lost, stream->has_remote_packets_lost = said.has_block;
}

static int meter_port(const options *with, result *out) {
    sg_rtp_config config;
    sg_rtp *rtp = NULL;
    sg_rtcp *rtcp = NULL;
    sg_rtp_state state;
    static sg_stream_stats all[MAX_STREAMS];
    sg_error *error = NULL;
    struct sigaction action;
    int64_t end_us = now_us() + with->seconds * (int64_t)1000000;
    size_t i;
    int good = 0, fd = listen_on(with->input);
    if (fd < 0) return 0;
    memset(&config, 0, sizeof config);
    config.formats = with->formats;
    config.format_count = with->format_count;
    config.max_streams = MAX_STREAMS;
    if (sg_rtp_new(&config, sizeof config, &rtp, &error) != SG_OK ||
        sg_rtcp_new(NULL, 0, &rtcp, &error) != SG_OK) {
        fail(with->input, error);
        goto done;
    }
    memset(&action, 0, sizeof action);
    action.sa_handler = on_signal;
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    while (!stop && (with->seconds == 0 || now_us() < end_us)) {
        struct pollfd ready;
        ready.fd = fd, ready.events = POLLIN;
        /* A signal between the test above and the wait is seen after it. */
        poll(&ready, 1, 200);
        if (!receive(fd, rtp, rtcp, out)) goto done;
    }
    if (!receive(fd, rtp, rtcp, out) || sg_rtp_settle(rtp, NULL) != SG_OK) goto done;
    if (sg_rtp_snapshots(rtp, all, sizeof all[0], MAX_STREAMS, &out->count, &error) != SG_OK ||
        sg_rtp_status(rtp, &state, sizeof state, &error) != SG_OK) {
        fail(with->input, error);
        goto done;
    }
    for (i = 0; i < out->count; i++) {
        out->streams[i].stats = all[i];
        add_rtcp(rtcp, &out->streams[i]);
    }
    out->unvalidated = state.unvalidated_packets;
    good = 1;
done:
    sg_rtp_free(rtp);
    sg_rtcp_free(rtcp);
    close(fd);
    return good;
}

static void print_number(const char *name, int there, double value) {
    if (there)
        printf(", \"%s\": %.17g", name, value);
    else
        printf(", \"%s\": null", name);
}

static void print_count(const char *name, int there, int64_t value) {
    if (there)
        printf(", \"%s\": %" PRId64, name, value);
    else
        printf(", \"%s\": null", name);
}

/* Addresses have no character that JSON escapes. */
static void print_json(const result *found) {
    size_t i;
    printf("[");
    for (i = 0; i < found->count; i++) {
        const sg_capture_stream *stream = &found->streams[i];
        const sg_stream_stats *stats = &stream->stats;
        const sg_stream_totals *totals = &stats->totals;
        printf("%s\n {\"ssrc\": %" PRIu32, i > 0 ? "," : "", stats->ssrc);
        if (stream->source[0] != '\0')
            printf(", \"source\": \"%s\", \"destination\": \"%s\"", stream->source, stream->destination);
        print_count("payload_type", stats->has_payload_type, stats->payload_type);
        print_count("clock_hz", stats->clock_hz != 0, stats->clock_hz);
        print_count("packets_received", 1, (int64_t)totals->packets);
        print_count("packets_expected", 1, totals->expected);
        print_count("packets_lost", 1, totals->lost);
        print_count("packets_lost_rfc3550", 1, totals->lost_rfc3550);
        print_count("packets_duplicate", 1, (int64_t)totals->duplicates);
        print_count("packets_out_of_order", 1, (int64_t)totals->out_of_order);
        print_count("bytes_received", 1, (int64_t)totals->wire_bytes);
        print_number("jitter_us", stats->has_jitter_us, stats->jitter_us);
        print_number("mean_jitter_us", stats->has_mean_jitter_us, stats->mean_jitter_us);
        print_number("max_jitter_us", stats->has_max_jitter_us, stats->max_jitter_us);
        print_number("frame_jitter_us", stats->has_frame_jitter_us, stats->frame_jitter_us);
        print_count("max_delta_us", stats->has_max_delta_us, stats->max_delta_us);
        print_number("bitrate_bps", stats->has_bitrate_bps, stats->bitrate_bps);
        print_count("frames", stats->has_frames, (int64_t)stats->frames);
        print_count("rtt_us", stream->has_rtt_us, stream->rtt_us);
        print_count("remote_packets_lost", stream->has_remote_packets_lost, stream->remote_packets_lost);
        print_count("sender_packets", stream->has_sender_packets, (int64_t)stream->sender_packets);
        printf("}");
    }
    printf("\n]\n");
}

static void print_cell(int there, double value) {
    if (there)
        printf(" %10.3f", value);
    else
        printf(" %10s", "-");
}

static void print_table(const result *found) {
    size_t i;
    printf("%-10s %3s %10s %8s %6s %6s %10s %10s %10s  %s\n", "ssrc", "pt", "received", "lost", "dup", "late",
           "jitter ms", "max ms", "kbit/s", "from - to");
    for (i = 0; i < found->count; i++) {
        const sg_capture_stream *stream = &found->streams[i];
        const sg_stream_stats *stats = &stream->stats;
        const sg_stream_totals *totals = &stats->totals;
        printf("0x%08" PRIx32 " %3u %10" PRIu64 " %8" PRId64 " %6" PRIu64 " %6" PRIu64, stats->ssrc,
               stats->payload_type, totals->packets, totals->lost, totals->duplicates, totals->out_of_order);
        print_cell(stats->has_jitter_us, stats->jitter_us / 1e3);
        print_cell(stats->has_max_jitter_us, stats->max_jitter_us / 1e3);
        print_cell(stats->has_bitrate_bps, stats->bitrate_bps / 1e3);
        if (stream->source[0] != '\0') printf("  %s - %s", stream->source, stream->destination);
        printf("\n");
    }
}

static int is_port(const char *text) {
    char *end;
    return text[0] != '\0' && strtoul(text, &end, 10) <= 65535 && *end == '\0' && text[0] != '-';
}

static int usage(void) {
    fprintf(stderr, "usage: rtp-meter [--json] [--seconds N] [--clock PT=HZ]... PORT | FILE\n");
    return 0;
}

static int parse(int argc, char **argv, options *out) {
    int i;
    memset(out, 0, sizeof *out);
    for (i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--json") == 0) {
            out->json = 1;
        } else if (strcmp(argv[i], "--seconds") == 0 && i + 1 < argc) {
            char *end;
            out->seconds = strtol(argv[++i], &end, 10);
            if (*end != '\0' || out->seconds < 1 || out->seconds > 1000000) return usage();
        } else if (strcmp(argv[i], "--clock") == 0 && i + 1 < argc && out->format_count < MAX_CLOCKS) {
            sg_payload_format *format = &out->formats[out->format_count++];
            char *end;
            format->payload_type = (uint32_t)strtoul(argv[++i], &end, 10);
            if (*end != '=') return usage();
            format->clock_hz = (uint32_t)strtoul(end + 1, &end, 10);
            format->kind = SG_MEDIA_BY_CLOCK;
            if (*end != '\0') return usage();
        } else if (argv[i][0] != '-' && out->input == NULL) {
            out->input = argv[i];
        } else {
            return usage();
        }
    }
    return out->input != NULL || usage();
}

int main(int argc, char **argv) {
    options with;
    result found;
    int good;
    if (!parse(argc, argv, &with)) return 2;
    memset(&found, 0, sizeof found);
    found.streams = calloc(MAX_STREAMS, sizeof *found.streams);
    if (found.streams == NULL) return 1;
    good = is_port(with.input) ? meter_port(&with, &found) : meter_file(&with, &found);
    if (good) {
        if (found.count > MAX_STREAMS) {
            fprintf(stderr, "%zu streams, the first %d are shown\n", found.count, MAX_STREAMS);
            found.count = MAX_STREAMS;
        }
        if (with.json)
            print_json(&found);
        else
            print_table(&found);
        if (found.malformed + found.unvalidated > 0)
            fprintf(stderr, "%" PRIu64 " malformed datagrams, %" PRIu64 " packets of no stream\n", found.malformed,
                    found.unvalidated);
    }
    free(found.streams);
    return good ? 0 : 1;
}
