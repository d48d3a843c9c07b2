/* Runs: a directory, bytes, bad input, many threads on one run. */
#include <pthread.h>
#include <stdlib.h>

#include "check.h"

static const char FRAMES[] =
    "recv_wall_us,frame_id,user_timestamp_us,width,height\n"
    "1000000,1,970000,640,480\n1020000,2,990000,640,480\nno,row\n1060000,4,1030000,640,480\n";

static int holds(const sg_buf *buf, const char *part) {
    size_t at, len = strlen(part);
    for (at = 0; at + len <= buf->len; at++) {
        if (memcmp(buf->data + at, part, len) == 0) return 1;
    }
    return 0;
}

static void *summarise(void *run) {
    sg_buf out = {NULL, 0};
    sg_status status = sg_run_summary_json(run, SG_MODE_EXACT, &out, NULL);
    sg_buf_free(&out);
    return status == SG_OK ? run : NULL;
}

static void directory(void) {
    const char *root = getenv("STREAMGAUGE_ROOT");
    char path[4096];
    sg_run *run = NULL, *other = NULL;
    const sg_run *sides[2];
    sg_error *error = NULL;
    sg_buf out = {NULL, 0};
    int length = snprintf(path, sizeof path, "%s/tests/data/runs_real/baseline-1", root ? root : ".");

    CHECK(sg_run_open(path, (size_t)length, &run, &error) == SG_OK);
    if (run == NULL) return;
    /* What the script itself said, see expected_plot_fec.json there. */
    CHECK(sg_run_summary_json(run, SG_MODE_PLOT_FEC, &out, &error) == SG_OK);
    CHECK(holds(&out, "\"frames_received\":1280,"));
    CHECK(holds(&out, "\"frames_lost\":213,"));
    sg_buf_free(&out);

    length = snprintf(path, sizeof path, "%s/tests/data/runs_real/fec-1", root ? root : ".");
    CHECK(sg_run_open(path, (size_t)length, &other, &error) == SG_OK);
    sides[0] = run;
    sides[1] = other;
    CHECK(sg_compare_json(sides, 1, sides + 1, 1, SG_MODE_EXACT, 1, 100, &out, &error) == SG_OK);
    CHECK(holds(&out, "\"latency_p95_ms\""));
    sg_buf_free(&out);
    CHECK(sg_compare_json(sides, 0, sides, 2, SG_MODE_EXACT, 1, 100, &out, &error) == SG_INVALID_ARGUMENT);
    CHECK(out.data == NULL);
    sg_error_free(error);
    CHECK(sg_compare_json(sides, 1, sides, 1, SG_MODE_EXACT, 1, 7, &out, NULL) == SG_INVALID_ARGUMENT);
    sides[1] = NULL;
    CHECK(sg_compare_json(sides, 1, sides, 2, SG_MODE_EXACT, 1, 100, &out, NULL) == SG_INVALID_ARGUMENT);
    sg_run_free(other);
    sg_run_free(run);

    run = NULL;
    CHECK(sg_run_open("/no/such/run", 12, &run, &error) == SG_NOT_FOUND);
    CHECK(run == NULL && sg_error_message(error).len > 0);
    sg_error_free(error);
    CHECK(sg_run_open("\xff", 1, &run, NULL) == SG_INVALID_ARGUMENT);
}

static void bytes(void) {
    sg_run *run = NULL;
    sg_error *error = NULL;
    sg_buf out = {NULL, 0};
    sg_run_files files;
    struct {
        sg_run_files files;
        size_t newer;
    } longer;
    pthread_t threads[4];
    size_t i;

    memset(&files, 0, sizeof files);
    files.frames = (const uint8_t *)FRAMES;
    files.frames_len = sizeof FRAMES - 1;
    CHECK(sg_run_from_bytes("made", 4, &files, sizeof files, &run, &error) == SG_OK);
    if (run == NULL) return;

    CHECK(sg_run_summary_json(run, SG_MODE_EXACT, &out, &error) == SG_OK);
    CHECK(holds(&out, "\"frames_received\":3,") && holds(&out, "\"frames_lost\":1,"));
    CHECK(holds(&out, "\"nack_total\":null"));
    sg_buf_free(&out);
    CHECK(sg_run_problems_json(run, &out, NULL) == SG_OK);
    CHECK(holds(&out, "\"frames.csv\"") && holds(&out, "\"line\":4"));
    sg_buf_free(&out);

    CHECK(sg_run_summary_json(run, 7, &out, &error) == SG_INVALID_ARGUMENT);
    CHECK(out.data == NULL);
    sg_error_free(error);
    CHECK(sg_run_summary_json(NULL, SG_MODE_EXACT, &out, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_run_summary_json(run, SG_MODE_EXACT, NULL, NULL) == SG_INVALID_ARGUMENT);

    for (i = 0; i < 4; i++) CHECK(pthread_create(&threads[i], NULL, summarise, run) == 0);
    for (i = 0; i < 4; i++) {
        void *result = NULL;
        CHECK(pthread_join(threads[i], &result) == 0 && result == run);
    }
    sg_run_free(run);

    /* A caller built with an older header, and one with a newer: zeros are fine, values are not. */
    run = NULL;
    CHECK(sg_run_from_bytes("old", 3, &files, 2 * sizeof(size_t), &run, NULL) == SG_OK);
    sg_run_free(run);
    memset(&longer, 0, sizeof longer);
    run = NULL;
    CHECK(sg_run_from_bytes("new", 3, &longer.files, sizeof longer, &run, NULL) == SG_OK);
    sg_run_free(run);
    longer.newer = 1;
    run = NULL;
    CHECK(sg_run_from_bytes("new", 3, &longer.files, sizeof longer, &run, NULL) == SG_UNSUPPORTED);
    CHECK(run == NULL);

    files.prom_len = 1;
    CHECK(sg_run_from_bytes("bad", 3, &files, sizeof files, &run, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_run_from_bytes("bad", 3, NULL, sizeof files, &run, NULL) == SG_INVALID_ARGUMENT);
    sg_run_free(NULL);
}

int main(void) {
    directory();
    bytes();
    return TESTS_DONE("run");
}
