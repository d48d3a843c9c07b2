/* What the adapters of the vectors share: arguments in, answers out, objects by name. */
#ifndef ADAPTER_H
#define ADAPTER_H

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <streamgauge.h>

/* What an operation answers; `value` may stay NULL. */
typedef struct {
    sg_status status;
    cJSON *value;
} answer;

/* An object of a vector, by kind and name. */
typedef struct {
    const char *kind;
    char name[80];
    void *object;
    void (*free_object)(void *);
} object;

typedef struct {
    object items[64];
    size_t count;
} objects;

/* An operation of the vectors. */
typedef struct {
    const char *name;
    void (*run)(objects *all, const cJSON *args, answer *out);
} operation;

/* Each ends with a NULL name. */
extern const operation COUNTER_OPERATIONS[], RTP_OPERATIONS[], RTCP_OPERATIONS[], TELEMETRY_OPERATIONS[],
    RING_OPERATIONS[], RUN_OPERATIONS[], QUANTILE_OPERATIONS[], SERIES_OPERATIONS[],
    AUDIENCE_OPERATIONS[];

/* Ends the program: the vectors are not what they should be. */
void die(const char *why, const char *what);

void add(objects *all, const char *kind, const char *name, void *made, void (*free_object)(void *));
/* NULL when there is none. */
void *find(const objects *all, const char *kind, const char *name);
/* Ends the program when there is none. */
void *get(const objects *all, const char *kind, const char *name);
void free_all(objects *all);

int has(const cJSON *args, const char *key);
const char *text_of(const cJSON *args, const char *key);
int64_t i64_of(const cJSON *args, const char *key);
uint64_t u64_of(const cJSON *args, const char *key);
uint32_t u32_of(const cJSON *args, const char *key);
/* `otherwise` where the key is absent or null. */
uint64_t u64_or(const cJSON *args, const char *key, uint64_t otherwise);
int is_true(const cJSON *args, const char *key);
int is_text(const cJSON *args, const char *key, const char *expected);
/* A JSON number, or one of those that JSON does not have, as text. */
double float_of(const cJSON *value);
int64_t parse_i64(const cJSON *text);
uint64_t parse_u64(const cJSON *text);
/* The bytes that a text spells in hexadecimal, to be freed. */
uint8_t *unhex(const char *text, size_t *length);
/* The array `packets`, to be freed. */
sg_packet *packets_of(const cJSON *args, size_t *count);

/* Integers are decimal strings, absent ones null. */
void put_i64(cJSON *to, const char *key, int64_t value);
void put_u64(cJSON *to, const char *key, uint64_t value);
void put_i64_if(cJSON *to, const char *key, int there, int64_t value);
void put_u64_if(cJSON *to, const char *key, int there, uint64_t value);
void put_float_if(cJSON *to, const char *key, int there, double value);
void put_text(cJSON *to, const char *key, sg_str text);
cJSON *integer(int64_t value);
cJSON *unsigned_integer(uint64_t value);
/* An answer of true or false. */
cJSON *boolean(int value);

#endif
