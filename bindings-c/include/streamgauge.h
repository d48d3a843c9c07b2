/*
 * streamgauge: statistics core for media servers, test harnesses and browser tools.
 *
 * Generated from bindings-c/src by `cargo xtask gen`; do not edit.
 *
 * - Every call that can fail returns sg_status and takes `sg_error **out_err` last. It may be NULL;
 *   else it is set to NULL first, and on failure to an error that the caller frees (sg_error_free).
 * - Outputs are written only on SG_OK.
 * - Text and bytes are a pointer and a length, never NUL-terminated; NULL with length 0 is empty.
 * - An sg_buf belongs to the caller and is freed by sg_buf_free.
 * - Freeing NULL does nothing. A handle must not be used after it was freed.
 */

#ifndef STREAMGAUGE_H
#define STREAMGAUGE_H

#include <stddef.h>
#include <stdint.h>

/**
 * Quantile method: linear interpolation at `q (n - 1)`, as numpy and R do by default.
 */
#define SG_QUANTILE_LINEAR 0

/**
 * Quantile method: the smallest value with at least `q n` values at or below it.
 */
#define SG_QUANTILE_NEAREST_RANK 1

/**
 * Quantile method: element `min(n - 1, floor(n q))` of the sorted values, counted from 0.
 */
#define SG_QUANTILE_FLOOR_INDEX 2

/**
 * Mode: right by the definitions in the documentation.
 */
#define SG_MODE_EXACT 0

/**
 * Mode: what the plotting script `plot_fec.py` computes, its known defects included.
 */
#define SG_MODE_PLOT_FEC 1

/**
 * Version of the binary interface; raised by every change that breaks a compiled caller.
 */
#define SG_ABI_VERSION 1

/**
 * The version this header belongs to.
 */
#define SG_VERSION "0.1.0"
#define SG_VERSION_MAJOR 0
#define SG_VERSION_MINOR 1
#define SG_VERSION_PATCH 0

/**
 * A value of the core, and whether a panic left it in an unknown state.
 *
 * Debug builds keep the memory of a freed handle, emptied and marked, so that using it again is an
 * error rather than undefined; release builds free it.
 */
typedef struct Handle_Run Handle_Run;

/**
 * An error: a status for programs and a sentence for people. One thread at a time.
 */
typedef struct sg_error sg_error;

/**
 * Bytes that belong to the caller until `sg_buf_free`. Not NUL-terminated.
 */
typedef struct {
  /**
   * First byte; NULL when empty.
   */
  uint8_t *data;
  /**
   * Number of bytes.
   */
  size_t len;
} sg_buf;

/**
 * What became of a call: `SG_OK` or one of the other `SG_` statuses. Numbers are never reused.
 */
typedef int32_t sg_status;

/**
 * Text that somebody else owns: UTF-8, not NUL-terminated.
 */
typedef struct {
  /**
   * First byte; NULL when empty.
   */
  const char *data;
  /**
   * Number of bytes.
   */
  size_t len;
} sg_str;

/**
 * One run, parsed. It never changes: any number of threads may use it at once, but freeing it must
 * wait for all of them.
 */
typedef Handle_Run sg_run;

/**
 * The bytes of a run's files, as they are or gzipped. NULL is a file that does not exist, a pointer
 * with length 0 an empty file.
 */
typedef struct {
  /**
   * `frames.csv`
   */
  const uint8_t *frames;
  /**
   * Number of bytes.
   */
  size_t frames_len;
  /**
   * `prom.tsv`
   */
  const uint8_t *prom;
  /**
   * Number of bytes.
   */
  size_t prom_len;
  /**
   * `events.csv`
   */
  const uint8_t *events;
  /**
   * Number of bytes.
   */
  size_t events_len;
  /**
   * `meta.env`
   */
  const uint8_t *meta;
  /**
   * Number of bytes.
   */
  size_t meta_len;
} sg_run_files;

/**
 * The call did what it says.
 */
#define SG_OK 0

/**
 * An argument has a value or a combination that makes no sense.
 */
#define SG_INVALID_ARGUMENT 1

/**
 * A number does not fit the range of its destination.
 */
#define SG_OUT_OF_RANGE 2

/**
 * A timestamp lies before one that was already taken into account.
 */
#define SG_TIME_WENT_BACK 3

/**
 * A stated limit was reached.
 */
#define SG_CAPACITY_EXCEEDED 4

/**
 * Input bytes do not follow their format.
 */
#define SG_MALFORMED 5

/**
 * A lease is held by somebody else, or ran out.
 */
#define SG_LEASE_LOST 6

/**
 * The operation does not exist for this input or build.
 */
#define SG_UNSUPPORTED 7

/**
 * The operating system refused.
 */
#define SG_IO 8

/**
 * The object was closed.
 */
#define SG_CLOSED 9

/**
 * A cursor comes from an earlier epoch.
 */
#define SG_STALE_CURSOR 10

/**
 * A reader fell behind its limit and its policy is to disconnect.
 */
#define SG_LAGGED 11

/**
 * No such item.
 */
#define SG_NOT_FOUND 12

/**
 * The same operation is already under way.
 */
#define SG_ALREADY_PENDING 13

/**
 * There is no source left to serve from.
 */
#define SG_NO_SOURCES 14

/**
 * Somebody with a higher priority took over.
 */
#define SG_PREEMPTED 15

/**
 * The caller cancelled.
 */
#define SG_CANCELLED 16

/**
 * The time limit ran out.
 */
#define SG_TIMED_OUT 17

/**
 * The handle is in use on another thread.
 */
#define SG_BUSY 18

/**
 * A defect of the library was caught during this call; the handle it used is poisoned.
 */
#define SG_PANIC 100

/**
 * An earlier call on this handle ended in `SG_PANIC`; it can only be freed.
 */
#define SG_POISONED 101

/**
 * The library met an error that its status table does not have.
 */
#define SG_UNKNOWN 102

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * Frees what a call wrote into `*buf` and empties it, so that a second call does nothing. NULL and an
 * empty buffer are allowed. May be called from any thread.
 *
 * # Safety
 * `*buf` was written by this library, or is empty.
 */
void sg_buf_free(sg_buf *buf);

/**
 * The status that the failed call returned; `SG_OK` for NULL.
 *
 * # Safety
 * `error` is NULL or an error that was not freed.
 */
sg_status sg_error_status(const sg_error *error);

/**
 * The sentence, with file and line where they are known; lives as long as the error. Empty for NULL.
 *
 * # Safety
 * `error` is NULL or an error that was not freed.
 */
sg_str sg_error_message(const sg_error *error);

/**
 * The input file that the error speaks of; empty where none is known. Lives as long as the error.
 *
 * # Safety
 * `error` is NULL or an error that was not freed.
 */
sg_str sg_error_file(const sg_error *error);

/**
 * The line of that file, counted from 1; 0 where none is known.
 *
 * # Safety
 * `error` is NULL or an error that was not freed.
 */
uint64_t sg_error_line(const sg_error *error);

/**
 * Frees an error. NULL is allowed.
 *
 * # Safety
 * `error` is NULL or an error that was not freed.
 */
void sg_error_free(sg_error *error);

/**
 * Writes the `q` quantile (0 to 1) of `n` values to `*out`. No value may be NaN. `method` is one of
 * `SG_QUANTILE_...`. Without values there is no quantile: `SG_NOT_FOUND`. May be called from any thread.
 *
 * # Safety
 * `values` points to `n` values (NULL when 0), `out` to one, `out_err` to a pointer or is NULL.
 */
sg_status sg_quantile(const double *values,
                      size_t n,
                      double q,
                      uint32_t method,
                      double *out,
                      sg_error **out_err);

/**
 * Opens the run directory `path` (UTF-8). Files that are missing, and rows that cannot be used, are no
 * error but in `sg_run_problems_json`. `SG_NOT_FOUND` or `SG_IO` when there is no such directory. May be
 * called from any thread.
 *
 * # Safety
 * `path` points to `path_len` bytes, `out` to a pointer, `out_err` to a pointer or is NULL.
 */
sg_status sg_run_open(const char *path, size_t path_len, sg_run **out, sg_error **out_err);

/**
 * Parses the files of a run that bears `name` (UTF-8). `files_size` is `sizeof(sg_run_files)`. The bytes
 * are not needed after the call. May be called from any thread.
 *
 * # Safety
 * `name` points to `name_len` bytes, `files` to `files_size` bytes whose pointers are NULL or point to as
 * many bytes as their lengths say, `out` to a pointer, `out_err` to a pointer or is NULL.
 */
sg_status sg_run_from_bytes(const char *name,
                            size_t name_len,
                            const sg_run_files *files,
                            size_t files_size,
                            sg_run **out,
                            sg_error **out_err);

/**
 * Frees a run. NULL is allowed.
 *
 * # Safety
 * `run` is NULL or a run that was not freed, and no other thread uses it.
 */
void sg_run_free(sg_run *run);

/**
 * Writes the summary by the definitions of `mode` (`SG_MODE_...`) to `*out`, a flat JSON object whose
 * values are null where nothing was measured. May be called from many threads at once.
 *
 * # Safety
 * `run` is a run that was not freed, `out` points to a buffer, `out_err` to a pointer or is NULL.
 */
sg_status sg_run_summary_json(const sg_run *run, uint32_t mode, sg_buf *out, sg_error **out_err);

/**
 * Writes what the files held that could not be used to `*out`, a JSON object by file name: rows, dropped
 * and kept by reason, and the first hundred with their lines. May be called from many threads at once.
 *
 * # Safety
 * `run` is a run that was not freed, `out` points to a buffer, `out_err` to a pointer or is NULL.
 */
sg_status sg_run_problems_json(const sg_run *run, sg_buf *out, sg_error **out_err);

/**
 * Compares the repeats `b` with the repeats `a` (at least one run each) and writes the result to `*out`, a
 * JSON object: differences key by key, 95 % bootstrap intervals from `resamples` draws (0 makes none, else
 * 100 to 100,000; 2,000 is usual) by `seed`, and what they say. The same run may stand on both sides. May be
 * called from many threads at once.
 *
 * # Safety
 * `a` points to `a_len` and `b` to `b_len` runs that were not freed, `out` to a buffer, `out_err` to a
 * pointer or is NULL.
 */
sg_status sg_compare_json(const sg_run *const *a,
                          size_t a_len,
                          const sg_run *const *b,
                          size_t b_len,
                          uint32_t mode,
                          uint64_t seed,
                          uint32_t resamples,
                          sg_buf *out,
                          sg_error **out_err);

/**
 * The stable name of a status, for logs: `"ok"`, `"malformed"`, `"panic"`; `"unknown"` for a number
 * that is no status. Lives for ever. May be called from any thread.
 */
sg_str sg_status_name(sg_status status);

/**
 * The `SG_ABI_VERSION` of the library that was loaded. May be called from any thread.
 */
uint32_t sg_abi_version(void);

/**
 * The version of the library that was loaded, as `MAJOR.MINOR.PATCH`; lives for ever. May be called
 * from any thread.
 */
sg_str sg_version(void);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* STREAMGAUGE_H */
