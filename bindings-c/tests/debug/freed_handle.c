/* Against a debug build of the library only: using a freed handle is an error there. */
#include "check.h"

int main(void) {
    sg_run *run = NULL;
    sg_run_files files;
    sg_buf out = {NULL, 0};

    memset(&files, 0, sizeof files);
    CHECK(sg_run_from_bytes("gone", 4, &files, sizeof files, &run, NULL) == SG_OK);
    sg_run_free(run);
    CHECK(sg_run_summary_json(run, SG_MODE_EXACT, &out, NULL) == SG_INVALID_ARGUMENT);
    return TESTS_DONE("freed_handle");
}
