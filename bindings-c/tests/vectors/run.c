/* Test runs for the vectors. */
#include <string.h>

#include "adapter.h"

static const uint8_t *file(const cJSON *files, const char *name, size_t *length) {
    const cJSON *text = cJSON_GetObjectItemCaseSensitive(files, name);
    if (!cJSON_IsString(text)) return NULL;
    *length = strlen(text->valuestring);
    return (const uint8_t *)text->valuestring;
}

static void summary(objects *all, const cJSON *args, answer *out) {
    const cJSON *given = cJSON_GetObjectItemCaseSensitive(args, "files");
    sg_run_files files;
    sg_run *run = NULL;
    sg_buf json;
    (void)all;
    memset(&files, 0, sizeof files);
    files.frames = file(given, "frames.csv", &files.frames_len);
    files.prom = file(given, "prom.tsv", &files.prom_len);
    files.events = file(given, "events.csv", &files.events_len);
    files.meta = file(given, "meta.env", &files.meta_len);
    out->status = sg_run_from_bytes("vector", 6, &files, sizeof files, &run, NULL);
    if (out->status != SG_OK) return;
    out->status = sg_run_summary_json(
        run, is_text(args, "mode", "plot_fec") ? SG_MODE_PLOT_FEC : SG_MODE_EXACT, &json, NULL);
    if (out->status == SG_OK) {
        out->value = cJSON_ParseWithLength((const char *)json.data, json.len);
        sg_buf_free(&json);
    }
    sg_run_free(run);
}

const operation RUN_OPERATIONS[] = {{"run.summary", summary}, {NULL, NULL}};
