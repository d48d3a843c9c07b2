/* Quantiles for the vectors. */
#include "adapter.h"

static void quantile(objects *all, const cJSON *args, answer *out) {
    static const char *const METHODS[] = {"linear",        "nearest_rank", "floor_index",
                                          "averaged_rank", "weibull",      "median_unbiased"};
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(args, "values"), *item;
    size_t count = (size_t)cJSON_GetArraySize(list), n = 0;
    double *values = calloc(count + 1, sizeof *values), found = 0;
    uint32_t method;
    int there;
    (void)all;
    if (values == NULL) die("no memory for", "values");
    cJSON_ArrayForEach(item, list) values[n++] = float_of(item);
    /* A method that is none of them goes to the library as a number that is none. */
    for (method = 0; method < 6; method++)
        if (is_text(args, "method", METHODS[method])) break;
    out->status = sg_quantile(values, count, float_of(cJSON_GetObjectItemCaseSensitive(args, "q")),
                              method < 6 ? method : UINT32_MAX, &found, NULL);
    free(values);
    there = out->status == SG_OK;
    if (out->status == SG_NOT_FOUND) out->status = SG_OK;
    out->value = cJSON_CreateObject();
    put_float_if(out->value, "value", there, found);
}

const operation QUANTILE_OPERATIONS[] = {{"quantile", quantile}, {NULL, NULL}};
