//! Test runs: a directory or the bytes of its files in, JSON out.

use std::ffi::c_char;

use sg_core::run::{CompareOptions, Files, Mode, Options, Run, compare};
use sg_core::{Error, ErrorKind};

use crate::buf::{json, output, slice, text};
use crate::guard::{Fault, guard};
use crate::handle::{self, Handle};
use crate::sized::{self, Plain};
use crate::{sg_buf, sg_error, sg_status};

/// Mode: right by the definitions in the documentation.
pub const SG_MODE_EXACT: u32 = 0;
/// Mode: what the plotting script `plot_fec.py` computes, its known defects included.
pub const SG_MODE_PLOT_FEC: u32 = 1;

/// One run, parsed. It never changes: any number of threads may use it at once, but freeing it must
/// wait for all of them.
#[repr(transparent)]
pub struct sg_run(Handle<Run>);

/// The bytes of a run's files, as they are or gzipped. NULL is a file that does not exist, a pointer
/// with length 0 an empty file.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct sg_run_files {
    /// `frames.csv`
    pub frames: *const u8,
    /// Number of bytes.
    pub frames_len: usize,
    /// `prom.tsv`
    pub prom: *const u8,
    /// Number of bytes.
    pub prom_len: usize,
    /// `events.csv`
    pub events: *const u8,
    /// Number of bytes.
    pub events_len: usize,
    /// `meta.env`
    pub meta: *const u8,
    /// Number of bytes.
    pub meta_len: usize,
}

// SAFETY: numbers and pointers.
unsafe impl Plain for sg_run_files {}

/// Opens the run directory `path` (UTF-8). Files that are missing, and rows that cannot be used, are no
/// error but in `sg_run_problems_json`. `SG_NOT_FOUND` or `SG_IO` when there is no such directory. May be
/// called from any thread.
///
/// # Safety
/// `path` points to `path_len` bytes, `out` to a pointer, `out_err` to a pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_run_open(
    path: *const c_char,
    path_len: usize,
    out: *mut *mut sg_run,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on; `out` was checked before it is written.
    unsafe {
        guard(out_err, || {
            let out = output(out, "out")?;
            let run = Run::open(text(path, path_len, "path")?, &Options::default())?;
            out.write(boxed(run));
            Ok(())
        })
    }
}

/// Parses the files of a run that bears `name` (UTF-8). `files_size` is `sizeof(sg_run_files)`. The bytes
/// are not needed after the call. May be called from any thread.
///
/// # Safety
/// `name` points to `name_len` bytes, `files` to `files_size` bytes whose pointers are NULL or point to as
/// many bytes as their lengths say, `out` to a pointer, `out_err` to a pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_run_from_bytes(
    name: *const c_char,
    name_len: usize,
    files: *const sg_run_files,
    files_size: usize,
    out: *mut *mut sg_run,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on; `out` was checked before it is written.
    unsafe {
        guard(out_err, || {
            let out = output(out, "out")?;
            let name = text(name, name_len, "name")?;
            if files.is_null() {
                return Err(Fault::invalid("files is NULL".to_string()));
            }
            let files = sized::input(files, files_size, "files")?;
            let files = Files {
                frames: file(files.frames, files.frames_len, "frames")?,
                prom: file(files.prom, files.prom_len, "prom")?,
                events: file(files.events, files.events_len, "events")?,
                meta: file(files.meta, files.meta_len, "meta")?,
            };
            out.write(boxed(Run::from_bytes(name, &files, &Options::default())?));
            Ok(())
        })
    }
}

/// Frees a run. NULL is allowed.
///
/// # Safety
/// `run` is NULL or a run that was not freed, and no other thread uses it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_run_free(run: *mut sg_run) {
    // SAFETY: made by `boxed`, `sg_run` is a transparent handle; the rest is the caller's promise.
    unsafe { handle::free_guarded(run.cast::<Handle<Run>>()) }
}

/// Writes the summary by the definitions of `mode` (`SG_MODE_...`) to `*out`, a flat JSON object whose
/// values are null where nothing was measured. May be called from many threads at once.
///
/// # Safety
/// `run` is a run that was not freed, `out` points to a buffer, `out_err` to a pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_run_summary_json(
    run: *const sg_run,
    mode: u32,
    out: *mut sg_buf,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on; `out` was checked before it is written.
    unsafe {
        guard(out_err, || {
            let out = output(out, "out")?;
            let mode = mode_of(mode)?;
            out.write(alive(run)?.call(|run| json(&run.summary(mode)))?);
            Ok(())
        })
    }
}

/// Writes what the files held that could not be used to `*out`, a JSON object by file name: rows, dropped
/// and kept by reason, and the first hundred with their lines. May be called from many threads at once.
///
/// # Safety
/// `run` is a run that was not freed, `out` points to a buffer, `out_err` to a pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_run_problems_json(
    run: *const sg_run,
    out: *mut sg_buf,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on; `out` was checked before it is written.
    unsafe {
        guard(out_err, || {
            let out = output(out, "out")?;
            out.write(alive(run)?.call(|run| json(&run.problems))?);
            Ok(())
        })
    }
}

/// Compares the repeats `b` with the repeats `a` (at least one run each) and writes the result to `*out`, a
/// JSON object: differences key by key, 95 % bootstrap intervals from `resamples` draws (0 makes none, else
/// 100 to 100,000; 2,000 is usual) by `seed`, and what they say. The same run may stand on both sides. May be
/// called from many threads at once.
///
/// # Safety
/// `a` points to `a_len` and `b` to `b_len` runs that were not freed, `out` to a buffer, `out_err` to a
/// pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_compare_json(
    a: *const *const sg_run,
    a_len: usize,
    b: *const *const sg_run,
    b_len: usize,
    mode: u32,
    seed: u64,
    resamples: u32,
    out: *mut sg_buf,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on; `out` was checked before it is written.
    unsafe {
        guard(out_err, || {
            let out = output(out, "out")?;
            let options = CompareOptions { mode: mode_of(mode)?, seed, resamples };
            let (a, b) = (runs(a, a_len, "a")?, runs(b, b_len, "b")?);
            out.write(json(&compare(&a, &b, &options)?)?);
            Ok(())
        })
    }
}

/// The runs of one side.
///
/// # Safety
/// `runs` is NULL or points to `len` pointers, each NULL or a run that was not freed.
unsafe fn runs<'a>(runs: *const *const sg_run, len: usize, name: &str) -> Result<Vec<&'a Run>, Fault> {
    // SAFETY: the caller's promise.
    let runs = unsafe { slice(runs, len, name) }?;
    // SAFETY: the caller's promise.
    runs.iter().map(|run| unsafe { alive(*run) }?.get()).collect()
}

fn boxed(run: Run) -> *mut sg_run {
    Box::into_raw(Box::new(sg_run(Handle::new(run))))
}

/// # Safety
/// `run` is NULL or a run that was not freed.
unsafe fn alive<'a>(run: *const sg_run) -> Result<&'a Handle<Run>, Fault> {
    // SAFETY: the caller's promise.
    unsafe { run.as_ref() }.map(|run| &run.0).ok_or_else(|| Fault::invalid("run is NULL".to_string()))
}

/// # Safety
/// `data` is NULL or points to `len` bytes.
unsafe fn file<'a>(data: *const u8, len: usize, name: &str) -> Result<Option<&'a [u8]>, Fault> {
    if data.is_null() && len == 0 {
        return Ok(None);
    }
    // SAFETY: the caller's promise.
    unsafe { slice(data, len, name) }.map(Some)
}

fn mode_of(mode: u32) -> Result<Mode, Error> {
    match mode {
        SG_MODE_EXACT => Ok(Mode::Exact),
        SG_MODE_PLOT_FEC => Ok(Mode::PlotFec),
        other => Err(Error::new(ErrorKind::InvalidArgument, format!("mode is {other}: expected 0 or 1"))),
    }
}

// Many threads may call into one run.
const _: () = {
    const fn shared<T: Send + Sync>() {}
    shared::<Run>();
};
