/* Versions, the error table, error objects and buffers. */
#include "check.h"

static const struct {
    sg_status status;
    int number;
    const char *name;
} TABLE[] = {
    {SG_OK, 0, "ok"},
    {SG_INVALID_ARGUMENT, 1, "invalid_argument"},
    {SG_OUT_OF_RANGE, 2, "out_of_range"},
    {SG_TIME_WENT_BACK, 3, "time_went_back"},
    {SG_CAPACITY_EXCEEDED, 4, "capacity_exceeded"},
    {SG_MALFORMED, 5, "malformed"},
    {SG_LEASE_LOST, 6, "lease_lost"},
    {SG_UNSUPPORTED, 7, "unsupported"},
    {SG_IO, 8, "io"},
    {SG_CLOSED, 9, "closed"},
    {SG_STALE_CURSOR, 10, "stale_cursor"},
    {SG_LAGGED, 11, "lagged"},
    {SG_NOT_FOUND, 12, "not_found"},
    {SG_ALREADY_PENDING, 13, "already_pending"},
    {SG_NO_SOURCES, 14, "no_sources"},
    {SG_PREEMPTED, 15, "preempted"},
    {SG_CANCELLED, 16, "cancelled"},
    {SG_TIMED_OUT, 17, "timed_out"},
    {SG_BUSY, 18, "busy"},
    {SG_PANIC, 100, "panic"},
    {SG_POISONED, 101, "poisoned"},
    {SG_UNKNOWN, 102, "unknown"},
};

int main(void) {
    size_t i;
    sg_error *error = NULL;
    sg_buf empty = {NULL, 0};
    double values[] = {4, 1, 3, 2};
    double out = -1;

    CHECK(sg_abi_version() == SG_ABI_VERSION);
    CHECK(same(sg_version(), SG_VERSION));
    for (i = 0; i < sizeof TABLE / sizeof *TABLE; i++) {
        CHECK(TABLE[i].status == TABLE[i].number);
        CHECK(same(sg_status_name(TABLE[i].status), TABLE[i].name));
    }
    CHECK(same(sg_status_name(19), "unknown"));

    CHECK(sg_quantile(values, 4, 0.5, SG_QUANTILE_LINEAR, &out, &error) == SG_OK);
    CHECK(out == 2.5 && error == NULL);
    CHECK(values[0] == 4 && values[3] == 2);
    CHECK(sg_quantile(values, 4, 0.5, SG_QUANTILE_NEAREST_RANK, &out, NULL) == SG_OK && out == 2);
    CHECK(sg_quantile(values, 4, 0.5, SG_QUANTILE_FLOOR_INDEX, &out, NULL) == SG_OK && out == 3);
    CHECK(sg_quantile(values, 4, 0.75, SG_QUANTILE_AVERAGED_RANK, &out, NULL) == SG_OK && out == 3.5);
    CHECK(sg_quantile(values, 4, 0.3, SG_QUANTILE_WEIBULL, &out, NULL) == SG_OK && out == 1.5);
    CHECK(sg_quantile(values, 4, 0.5, SG_QUANTILE_MEDIAN_UNBIASED, &out, NULL) == SG_OK && out == 2.5);

    out = -1;
    CHECK(sg_quantile(values, 4, 1.5, SG_QUANTILE_LINEAR, &out, &error) == SG_INVALID_ARGUMENT);
    CHECK(out == -1);
    CHECK(sg_error_status(error) == SG_INVALID_ARGUMENT);
    CHECK(same(sg_error_message(error), "q is 1.5: expected 0 to 1"));
    CHECK(sg_error_file(error).len == 0 && sg_error_line(error) == 0);
    sg_error_free(error);

    CHECK(sg_quantile(values, 4, 0.5, 9, &out, &error) == SG_INVALID_ARGUMENT);
    sg_error_free(error);
    CHECK(sg_quantile(NULL, 0, 0.5, SG_QUANTILE_LINEAR, &out, NULL) == SG_NOT_FOUND);
    CHECK(sg_quantile(NULL, 4, 0.5, SG_QUANTILE_LINEAR, &out, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_quantile(values, (size_t)-1, 0.5, SG_QUANTILE_LINEAR, &out, NULL) == SG_INVALID_ARGUMENT);
    CHECK(sg_quantile(values, 4, 0.5, SG_QUANTILE_LINEAR, NULL, NULL) == SG_INVALID_ARGUMENT);
    CHECK(out == -1);

    /* A later success takes the error away. */
    error = (sg_error *)&values;
    CHECK(sg_quantile(values, 1, 0, SG_QUANTILE_LINEAR, &out, &error) == SG_OK && error == NULL);

    sg_error_free(NULL);
    sg_buf_free(NULL);
    sg_buf_free(&empty);
    CHECK(sg_error_status(NULL) == SG_OK && sg_error_message(NULL).len == 0);
    return TESTS_DONE("basics");
}
