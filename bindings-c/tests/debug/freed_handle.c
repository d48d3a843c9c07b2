/* Against a debug build of the library only: using a freed handle is an error there. */
#include "check.h"

int main(void) {
    sg_run *run = NULL;
    sg_run_files files;
    sg_buf out = {NULL, 0};
    sg_telemetry *telemetry = NULL;
    sg_track *track = NULL;
    sg_track_key key;

    memset(&files, 0, sizeof files);
    CHECK(sg_run_from_bytes("gone", 4, &files, sizeof files, &run, NULL) == SG_OK);
    sg_run_free(run);
    CHECK(sg_run_summary_json(run, SG_MODE_EXACT, &out, NULL) == SG_INVALID_ARGUMENT);

    CHECK(sg_telemetry_new(NULL, 0, &telemetry, NULL) == SG_OK);
    memset(&key, 0, sizeof key);
    key.direction = SG_DIRECTION_UPSTREAM;
    key.kind = SG_TRACK_AUDIO;
    CHECK(sg_telemetry_open(telemetry, &key, sizeof key, 0, &track, NULL) == SG_OK);
    sg_telemetry_free(telemetry);
    CHECK(sg_telemetry_restore(telemetry, NULL, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_track_record_message(track, 0, 1, NULL) == SG_OK);
    sg_track_free(track);
    CHECK(sg_track_record_message(track, 0, 1, NULL) == SG_INVALID_ARGUMENT);
    return TESTS_DONE("freed_handle");
}
