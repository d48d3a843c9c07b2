/* RTCP for the vectors. */
#include <string.h>

#include "adapter.h"

static void free_rtcp(void *rtcp) { sg_rtcp_free(rtcp); }

static sg_rtcp *mine(const objects *all, const cJSON *args) { return get(all, "rtcp", text_of(args, "id")); }

static void make(objects *all, const cJSON *args, answer *out) {
    sg_rtcp *rtcp = NULL;
    out->status = sg_rtcp_new(NULL, 0, &rtcp, NULL);
    if (out->status == SG_OK) add(all, "rtcp", text_of(args, "id"), rtcp, free_rtcp);
}

static unsigned digit(char c) {
    const char *const digits = "0123456789abcdef";
    const char *found = strchr(digits, c);
    if (c == '\0' || found == NULL) die("is not lower case hex", "hex");
    return (unsigned)(found - digits);
}

static void record(objects *all, const cJSON *args, answer *out) {
    const char *hex = text_of(args, "hex");
    size_t length = strlen(hex) / 2, i;
    uint8_t *bytes = malloc(length + 1);
    if (bytes == NULL) die("no memory for", "hex");
    for (i = 0; i < length; i++) bytes[i] = (uint8_t)(digit(hex[2 * i]) << 4 | digit(hex[2 * i + 1]));
    out->status = sg_rtcp_record(mine(all, args), i64_of(args, "at_us"), bytes, length, NULL);
    free(bytes);
}

static void source(objects *all, const cJSON *args, answer *out) {
    sg_rtcp_report report;
    out->status = sg_rtcp_source(mine(all, args), u32_of(args, "ssrc"), &report, sizeof report, NULL);
    if (out->status == SG_NOT_FOUND) out->status = SG_OK, out->value = cJSON_CreateNull();
    if (out->status != SG_OK || out->value != NULL) return;
    out->value = cJSON_CreateObject();
    put_i64_if(out->value, "cumulative_lost", report.has_block, report.cumulative_lost);
    put_i64_if(out->value, "rtt_us", report.has_rtt, report.rtt_us);
    put_i64_if(out->value, "xr_rtt_us", report.has_xr_rtt, report.xr_rtt_us);
    put_u64(out->value, "rtt_measurements", report.rtt_measurements);
    put_u64_if(out->value, "sent_packets", report.has_sender, report.sent_packets);
    put_u64_if(out->value, "sent_bytes", report.has_sender, report.sent_bytes);
    put_u64(out->value, "nacks", report.nacks);
    put_u64(out->value, "nack_packets", report.nack_packets);
    put_u64(out->value, "plis", report.plis);
    put_u64(out->value, "firs", report.firs);
}

static void totals(objects *all, const cJSON *args, answer *out) {
    sg_rtcp_counts counts;
    out->status = sg_rtcp_totals(mine(all, args), &counts, sizeof counts, NULL);
    if (out->status != SG_OK) return;
    out->value = cJSON_CreateObject();
    put_u64(out->value, "compounds", counts.compounds);
    put_u64(out->value, "malformed", counts.malformed);
    put_u64(out->value, "rtt_measurements", counts.rtt_measurements);
    put_u64(out->value, "rtt_negative", counts.rtt_negative);
}

static void clamp_lost(objects *all, const cJSON *args, answer *out) {
    (void)all;
    out->value = integer(sg_clamp_lost(i64_of(args, "lost")));
}

const operation RTCP_OPERATIONS[] = {
    {"rtcp.new", make},       {"rtcp.record", record},         {"rtcp.source", source},
    {"rtcp.totals", totals}, {"rtcp.clamp_lost", clamp_lost}, {NULL, NULL},
};
