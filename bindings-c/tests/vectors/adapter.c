#include "adapter.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void die(const char *why, const char *what) {
    fprintf(stderr, "%s %s\n", what, why);
    exit(2);
}

void add(objects *all, const char *kind, const char *name, void *made, void (*free_object)(void *)) {
    object *item = &all->items[all->count];
    if (all->count == sizeof all->items / sizeof all->items[0] || strlen(name) >= sizeof item->name)
        die("is an object too many", name);
    item->kind = kind;
    strcpy(item->name, name);
    item->object = made;
    item->free_object = free_object;
    all->count++;
}

/* The latest of the name: an object may be made anew. */
void *find(const objects *all, const char *kind, const char *name) {
    size_t i;
    for (i = all->count; i-- > 0;)
        if (strcmp(all->items[i].kind, kind) == 0 && strcmp(all->items[i].name, name) == 0)
            return all->items[i].object;
    return NULL;
}

void *get(const objects *all, const char *kind, const char *name) {
    void *found = find(all, kind, name);
    if (found == NULL) die("was not made", name);
    return found;
}

void free_all(objects *all) {
    while (all->count > 0) {
        object *item = &all->items[--all->count];
        item->free_object(item->object);
    }
}

static const cJSON *at(const cJSON *args, const char *key) {
    return cJSON_GetObjectItemCaseSensitive(args, key);
}

int has(const cJSON *args, const char *key) {
    const cJSON *item = at(args, key);
    return item != NULL && !cJSON_IsNull(item);
}

const char *text_of(const cJSON *args, const char *key) {
    const cJSON *item = at(args, key);
    if (!cJSON_IsString(item)) die("is no text", key);
    return item->valuestring;
}

int64_t parse_i64(const cJSON *text) {
    char *end = NULL;
    int64_t value;
    if (!cJSON_IsString(text)) die("is no integer", "an argument");
    value = strtoll(text->valuestring, &end, 10);
    if (end == text->valuestring || *end != '\0') die("is no integer", text->valuestring);
    return value;
}

uint64_t parse_u64(const cJSON *text) {
    char *end = NULL;
    uint64_t value;
    if (!cJSON_IsString(text) || text->valuestring[0] == '-') die("is no unsigned integer", "an argument");
    value = strtoull(text->valuestring, &end, 10);
    if (end == text->valuestring || *end != '\0') die("is no integer", text->valuestring);
    return value;
}

int64_t i64_of(const cJSON *args, const char *key) {
    text_of(args, key);
    return parse_i64(at(args, key));
}

uint64_t u64_of(const cJSON *args, const char *key) {
    text_of(args, key);
    return parse_u64(at(args, key));
}

uint32_t u32_of(const cJSON *args, const char *key) { return (uint32_t)u64_of(args, key); }

uint64_t u64_or(const cJSON *args, const char *key, uint64_t otherwise) {
    return has(args, key) ? u64_of(args, key) : otherwise;
}

int is_true(const cJSON *args, const char *key) { return cJSON_IsTrue(at(args, key)); }

int is_text(const cJSON *args, const char *key, const char *expected) {
    const cJSON *item = at(args, key);
    return cJSON_IsString(item) && strcmp(item->valuestring, expected) == 0;
}

double float_of(const cJSON *value) {
    if (cJSON_IsString(value)) return strtod(value->valuestring, NULL);
    if (!cJSON_IsNumber(value)) die("is no number", "an argument");
    return value->valuedouble;
}

uint8_t *unhex(const char *text, size_t *length) {
    uint8_t *bytes = malloc(strlen(text) / 2 + 1);
    if (bytes == NULL) die("no memory for", "bytes");
    for (*length = 0; text[2 * *length] != '\0'; ++*length) {
        unsigned int byte;
        if (sscanf(text + 2 * *length, "%2x", &byte) != 1) die("is no hex", text);
        bytes[*length] = (uint8_t)byte;
    }
    return bytes;
}

sg_packet *packets_of(const cJSON *args, size_t *count) {
    const cJSON *list = at(args, "packets"), *item;
    sg_packet *packets, *next;
    if (!cJSON_IsArray(list)) die("is no array", "packets");
    *count = (size_t)cJSON_GetArraySize(list);
    packets = calloc(*count + 1, sizeof *packets);
    if (packets == NULL) die("no memory for", "packets");
    next = packets;
    cJSON_ArrayForEach(item, list) {
        uint64_t fields[9];
        int i;
        if (cJSON_GetArraySize(item) != 9) die("has not 9 fields", "a packet");
        for (i = 1; i < 9; i++) fields[i] = parse_u64(cJSON_GetArrayItem(item, i));
        next->arrival_us = parse_i64(cJSON_GetArrayItem(item, 0));
        next->ssrc = (uint32_t)fields[1];
        next->rtp_timestamp = (uint32_t)fields[2];
        next->sequence = (uint16_t)fields[3];
        next->wire_bytes = (uint16_t)fields[4];
        next->header_bytes = (uint16_t)fields[5];
        next->payload_type = (uint8_t)fields[6];
        next->padding_bytes = (uint8_t)fields[7];
        next->flags = (uint8_t)fields[8];
        next++;
    }
    return packets;
}

cJSON *integer(int64_t value) {
    char digits[32];
    snprintf(digits, sizeof digits, "%" PRId64, value);
    return cJSON_CreateString(digits);
}

cJSON *unsigned_integer(uint64_t value) {
    char digits[32];
    snprintf(digits, sizeof digits, "%" PRIu64, value);
    return cJSON_CreateString(digits);
}

cJSON *boolean(int value) { return cJSON_CreateBool(value != 0); }

void put_i64(cJSON *to, const char *key, int64_t value) { cJSON_AddItemToObject(to, key, integer(value)); }

void put_u64(cJSON *to, const char *key, uint64_t value) {
    cJSON_AddItemToObject(to, key, unsigned_integer(value));
}

void put_i64_if(cJSON *to, const char *key, int there, int64_t value) {
    cJSON_AddItemToObject(to, key, there ? integer(value) : cJSON_CreateNull());
}

void put_u64_if(cJSON *to, const char *key, int there, uint64_t value) {
    cJSON_AddItemToObject(to, key, there ? unsigned_integer(value) : cJSON_CreateNull());
}

void put_float_if(cJSON *to, const char *key, int there, double value) {
    cJSON_AddItemToObject(to, key, there ? cJSON_CreateNumber(value) : cJSON_CreateNull());
}

void put_text(cJSON *to, const char *key, sg_str text) {
    char *copy = calloc(text.len + 1, 1);
    if (copy == NULL) die("no memory for", key);
    if (text.len > 0) memcpy(copy, text.data, text.len);
    cJSON_AddStringToObject(to, key, copy);
    free(copy);
}
