/* A test program in C: CHECK counts, TESTS_DONE prints the closing line and gives the exit code. */
#ifndef CHECK_H
#define CHECK_H

#include <stdio.h>
#include <string.h>
#include <streamgauge.h>

static int checks_passed, checks_failed;

#define CHECK(condition)                                                           \
    do {                                                                           \
        if (condition) {                                                           \
            checks_passed++;                                                       \
        } else {                                                                   \
            checks_failed++;                                                       \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);        \
        }                                                                          \
    } while (0)

#define TESTS_DONE(name)                                                           \
    (printf("c: %d passed, %d failed (%s)\n", checks_passed, checks_failed, name), \
     checks_failed == 0 ? 0 : 1)

static inline int same(sg_str text, const char *expected) {
    return text.len == strlen(expected) && (text.len == 0 || memcmp(text.data, expected, text.len) == 0);
}

#endif
