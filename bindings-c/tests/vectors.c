/* The vectors of tests/vectors/: operations in, results compared. Of an object only the expected keys are
 * compared; integers are decimal strings, floats are compared by their bits. */
#define _POSIX_C_SOURCE 200809L
#include <dirent.h>
#include <stdlib.h>

#include "check.h"
#include "vectors/adapter.h"

/* Fewer vectors than this cannot be all of them. */
#define LEAST_VECTORS 112

/* NULL when it is not known. */
static const operation *find_operation(const char *name) {
    const operation *const lists[] = {COUNTER_OPERATIONS,   RTP_OPERATIONS,    RTCP_OPERATIONS,
                                      TELEMETRY_OPERATIONS, RING_OPERATIONS,   RUN_OPERATIONS,
                                      QUANTILE_OPERATIONS,  SERIES_OPERATIONS, AUDIENCE_OPERATIONS};
    size_t i;
    for (i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        const operation *known;
        for (known = lists[i]; known->name != NULL; known++)
            if (strcmp(known->name, name) == 0) return known;
    }
    return NULL;
}

static char *read_file(const char *path) {
    FILE *file = fopen(path, "rb");
    char *text = NULL;
    long size;
    if (file == NULL || fseek(file, 0, SEEK_END) != 0 || (size = ftell(file)) < 0) die("cannot read", path);
    rewind(file);
    text = malloc((size_t)size + 1);
    if (text == NULL || fread(text, 1, (size_t)size, file) != (size_t)size) die("cannot read", path);
    text[size] = '\0';
    fclose(file);
    return text;
}

static cJSON *parse_file(const char *path) {
    char *text = read_file(path);
    cJSON *json = cJSON_ParseWithOpts(text, NULL, 1);
    if (json == NULL) die("is no JSON", path);
    free(text);
    return json;
}

/* An integer of a summary, which is a JSON number there, against a decimal string. */
static int same_integer(const cJSON *value, const char *expected) {
    char digits[64];
    snprintf(digits, sizeof digits, "%.0f", value->valuedouble);
    return strcmp(digits, expected) == 0;
}

static int same_json(const cJSON *value, const cJSON *expected, const char *at) {
    const cJSON *item, *other;
    int equal = 0;
    if (cJSON_IsObject(expected) && cJSON_IsObject(value)) {
        cJSON_ArrayForEach(item, expected) {
            other = cJSON_GetObjectItemCaseSensitive(value, item->string);
            if (other == NULL) {
                fprintf(stderr, "%s.%s is not there\n", at, item->string);
                return 0;
            }
            if (!same_json(other, item, item->string)) return 0;
        }
        return 1;
    }
    if (cJSON_IsArray(expected) && cJSON_IsArray(value)) {
        equal = cJSON_GetArraySize(value) == cJSON_GetArraySize(expected);
        for (item = expected->child, other = value->child; equal && item != NULL;
             item = item->next, other = other->next)
            if (!same_json(other, item, at)) return 0;
    } else if (cJSON_IsNumber(expected) && cJSON_IsNumber(value)) {
        equal = memcmp(&value->valuedouble, &expected->valuedouble, sizeof(double)) == 0;
    } else if (cJSON_IsString(expected) && cJSON_IsString(value)) {
        equal = strcmp(value->valuestring, expected->valuestring) == 0;
    } else if (cJSON_IsString(expected) && cJSON_IsNumber(value)) {
        equal = same_integer(value, expected->valuestring);
    } else {
        equal = (expected->type & 0xff) == (value->type & 0xff);
    }
    if (!equal) {
        char *is = cJSON_PrintUnformatted(value), *should = cJSON_PrintUnformatted(expected);
        fprintf(stderr, "%s is %s, expected %s\n", at, is, should);
        cJSON_free(is);
        cJSON_free(should);
    }
    return equal;
}

/* null: the operation succeeds; {"ok": v}: with v; {"err": code}: it fails so. */
static int matches(const answer *given, const cJSON *expected) {
    const cJSON *ok = cJSON_GetObjectItemCaseSensitive(expected, "ok");
    const cJSON *err = cJSON_GetObjectItemCaseSensitive(expected, "err");
    sg_str name = sg_status_name(given->status);
    if (err != NULL) {
        if (same(name, err->valuestring)) return 1;
        fprintf(stderr, "status is %.*s, expected %s\n", (int)name.len, name.data, err->valuestring);
        return 0;
    }
    if (given->status != SG_OK) {
        fprintf(stderr, "status is %.*s, expected ok\n", (int)name.len, name.data);
        return 0;
    }
    return ok == NULL || same_json(given->value, ok, "ok");
}

static int knows_all(const cJSON *ops) {
    const cJSON *op;
    cJSON_ArrayForEach(op, ops) if (find_operation(text_of(op, "op")) == NULL) return 0;
    return 1;
}

static int holds(const char *name, const cJSON *vector) {
    const cJSON *ops = cJSON_GetObjectItemCaseSensitive(vector, "ops");
    const cJSON *expected = cJSON_GetObjectItemCaseSensitive(vector, "expected")->child;
    const cJSON *op;
    objects all;
    int number = 0, good = 1;
    memset(&all, 0, sizeof all);
    if (cJSON_GetArraySize(ops) != cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(vector, "expected"))) {
        fprintf(stderr, "%s: not as many results as operations\n", name);
        return 0;
    }
    cJSON_ArrayForEach(op, ops) {
        answer given;
        given.status = SG_OK;
        given.value = NULL;
        find_operation(text_of(op, "op"))->run(&all, cJSON_GetObjectItemCaseSensitive(op, "args"), &given);
        if (given.value == NULL) given.value = cJSON_CreateNull();
        if (!matches(&given, expected)) {
            fprintf(stderr, "  in %s, operation %d (%s)\n", name, number, text_of(op, "op"));
            good = 0;
        }
        cJSON_Delete(given.value);
        expected = expected->next;
        number++;
    }
    free_all(&all);
    return good;
}

static int by_name(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

int main(void) {
    const char *root = getenv("STREAMGAUGE_ROOT");
    char path[4096];
    char **names = NULL;
    size_t count = 0, i;
    int ran = 0, listed = 0;
    cJSON *skips;
    const cJSON *mine;
    DIR *folder;
    struct dirent *entry;

    if (root == NULL) die("is not set", "STREAMGAUGE_ROOT");
    snprintf(path, sizeof path, "%s/tests/vectors", root);
    folder = opendir(path);
    if (folder == NULL) die("cannot be read", path);
    while ((entry = readdir(folder)) != NULL) {
        size_t length = strlen(entry->d_name);
        if (length <= 5 || strcmp(entry->d_name + length - 5, ".json") != 0) continue;
        names = realloc(names, (count + 1) * sizeof *names);
        if (names == NULL) die("no memory for", path);
        names[count] = malloc(length - 4);
        if (names[count] == NULL) die("no memory for", path);
        memcpy(names[count], entry->d_name, length - 5);
        names[count++][length - 5] = '\0';
    }
    closedir(folder);
    qsort(names, count, sizeof *names, by_name);
    snprintf(path, sizeof path, "%s/tests/skips.json", root);
    skips = parse_file(path);
    mine = cJSON_GetObjectItemCaseSensitive(skips, "c");

    for (i = 0; i < count; i++) {
        cJSON *vector;
        int known, skipped = cJSON_GetObjectItemCaseSensitive(mine, names[i]) != NULL;
        snprintf(path, sizeof path, "%s/tests/vectors/%s.json", root, names[i]);
        vector = parse_file(path);
        known = knows_all(cJSON_GetObjectItemCaseSensitive(vector, "ops"));
        listed += skipped;
        if (known == skipped) {
            fprintf(stderr, "%s: %s\n", names[i],
                    known ? "is skipped, but all its operations are known"
                          : "has an unknown operation and is not in skips.json");
            checks_failed++;
        } else if (known) {
            CHECK(strcmp(text_of(vector, "name"), names[i]) == 0);
            CHECK(holds(names[i], vector));
            ran++;
        }
        cJSON_Delete(vector);
        free(names[i]);
    }
    /* A name that is skipped and does not exist. */
    CHECK(listed == cJSON_GetArraySize(mine));
    CHECK(ran >= LEAST_VECTORS);
    printf("%d vectors of %d\n", ran, (int)count);
    free(names);
    cJSON_Delete(skips);
    return TESTS_DONE("vectors");
}
