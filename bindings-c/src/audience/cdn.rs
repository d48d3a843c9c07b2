//! What the edges of a CDN served.

use std::ffi::c_char;
use std::sync::Mutex;

use sg_core::audience::{Cdn, EdgeTotals};

use crate::buf::{output, slice, text};
use crate::guard::{Fault, guard};
use crate::handle::{self, Handle};
use crate::sized::{self, Output, Plain, fitted};
use crate::{sg_error, sg_status, sg_str};

/// Edges that are told apart where no limit is given.
const MAX_EDGES: usize = 1 << 10;

/// Requests by edge. The number of edges is bounded: those beyond are counted together. Any number of threads may
/// use it, in turn.
#[repr(transparent)]
pub struct sg_cdn(Handle<Mutex<Cdn>>);

/// Edges as they were. They never change: any number of threads may use them at once, but freeing them must wait for
/// all of those.
#[repr(transparent)]
pub struct sg_edges(Handle<Vec<(String, EdgeTotals)>>);

/// Limits of a CDN. All zero is the defaults.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct sg_cdn_config {
    /// How many edges are told apart; 0 for 1,024.
    pub max_edges: u64,
}

// SAFETY: a number.
unsafe impl Plain for sg_cdn_config {}

/// A request that an edge answered, 24 bytes.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct sg_cdn_request {
    /// When, microseconds.
    pub at_us: i64,
    /// The bytes of the answer.
    pub bytes: u64,
    /// Not 0 when it came from the cache; else it went to the origin.
    pub hit: u8,
    /// Not read.
    pub reserved: [u8; 7],
}

/// Requests of one edge, or of several.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct sg_edge_totals {
    /// Requests answered from the cache.
    pub hits: u64,
    /// Requests that went to the origin.
    pub misses: u64,
    /// Bytes of the hits.
    pub hit_bytes: u64,
    /// Bytes of the misses.
    pub miss_bytes: u64,
    /// Hits of all requests.
    pub hit_ratio: f64,
    /// Bytes of hits of all bytes.
    pub byte_hit_ratio: f64,
    /// Whether there was a request.
    pub has_hit_ratio: bool,
    /// Whether there were bytes.
    pub has_byte_hit_ratio: bool,
}

impl sg_edge_totals {
    fn of(totals: &EdgeTotals) -> sg_edge_totals {
        sg_edge_totals {
            hits: totals.hits,
            misses: totals.misses,
            hit_bytes: totals.hit_bytes,
            miss_bytes: totals.miss_bytes,
            hit_ratio: totals.hit_ratio().unwrap_or(0.0),
            byte_hit_ratio: totals.byte_hit_ratio().unwrap_or(0.0),
            has_hit_ratio: totals.hit_ratio().is_some(),
            has_byte_hit_ratio: totals.byte_hit_ratio().is_some(),
        }
    }
}

/// An edge that is told apart.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct sg_edge {
    /// Its name; lives as long as the edges.
    pub name: sg_str,
    /// Its requests.
    pub totals: sg_edge_totals,
}

/// What all edges served. What is absent is 0, and its `has_` is false.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct sg_cdn_state {
    /// All edges together.
    pub total: sg_edge_totals,
    /// Those that are not told apart.
    pub others: sg_edge_totals,
    /// How many edges are told apart.
    pub edges: u64,
    /// The first request, microseconds.
    pub start_us: i64,
    /// The last request, microseconds.
    pub end_us: i64,
    /// Bits per second from the first to the last request.
    pub bandwidth_bps: f64,
    /// Whether there was a request.
    pub has_interval: bool,
    /// Whether there is a bandwidth: not where no time passed from the first to the last request.
    pub has_bandwidth: bool,
}

impl sg_cdn_state {
    fn of(cdn: &Cdn) -> sg_cdn_state {
        sg_cdn_state {
            total: sg_edge_totals::of(cdn.total()),
            others: sg_edge_totals::of(cdn.others()),
            edges: cdn.edges().len() as u64,
            start_us: cdn.span().map_or(0, |span| span.start_us),
            end_us: cdn.span().map_or(0, |span| span.end_us),
            bandwidth_bps: cdn.bandwidth_bps().unwrap_or(0.0),
            has_interval: cdn.span().is_some(),
            has_bandwidth: cdn.bandwidth_bps().is_some(),
        }
    }
}

/// Makes a CDN that served nothing yet. `config_size` is `sizeof(sg_cdn_config)`; NULL with 0 is all zero. May be
/// called from any thread.
///
/// # Safety
/// `config` points to `config_size` bytes, `out` to a pointer, `out_err` to a pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_cdn_new(
    config: *const sg_cdn_config,
    config_size: usize,
    out: *mut *mut sg_cdn,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on; `out` was checked before it is written.
    unsafe {
        guard(out_err, || {
            let out = output(out, "out")?;
            let config = sized::input(config, config_size, "config")?;
            let cdn = Cdn::new(fitted(config.max_edges, MAX_EDGES, "max_edges")?)?;
            out.write(Box::into_raw(Box::new(sg_cdn(Handle::new(Mutex::new(cdn))))));
            Ok(())
        })
    }
}

/// Frees a CDN; edges that it gave stay good. NULL is allowed.
///
/// # Safety
/// `cdn` is NULL or a CDN that was not freed, and no other thread uses it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_cdn_free(cdn: *mut sg_cdn) {
    // SAFETY: made by `sg_cdn_new`, `sg_cdn` is a transparent handle; the rest is the caller's promise.
    unsafe { handle::free_guarded(cdn.cast::<Handle<Mutex<Cdn>>>()) }
}

/// Counts `n` requests that the edge `edge` (UTF-8) answered. May be called from many threads at once.
///
/// # Safety
/// `cdn` was not freed, `edge` points to `edge_len` bytes, `requests` to `n` requests (NULL when 0), `out_err` to a
/// pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_cdn_record(
    cdn: *const sg_cdn,
    edge: *const c_char,
    edge_len: usize,
    requests: *const sg_cdn_request,
    n: usize,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on.
    unsafe {
        guard(out_err, || {
            let edge = text(edge, edge_len, "edge")?;
            let requests = slice(requests, n, "requests")?;
            alive(cdn, "cdn")?.in_turn(|cdn| {
                requests.iter().for_each(|request| {
                    cdn.record(edge, request.at_us, request.hit != 0, request.bytes);
                });
                Ok(())
            })
        })
    }
}

/// Adds everything of the CDN `other` of another node as it is. Edges beyond the bound are counted together. May be
/// called from many threads at once.
///
/// # Safety
/// `cdn` and `other` were not freed, `out_err` points to a pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_cdn_merge(
    cdn: *const sg_cdn,
    other: *const sg_cdn,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on.
    unsafe {
        guard(out_err, || {
            let other = alive(other, "other")?.copied()?;
            alive(cdn, "cdn")?.in_turn(|cdn| {
                cdn.merge(&other);
                Ok(())
            })
        })
    }
}

/// Makes a copy of a CDN as it is. May be called from many threads at once.
///
/// # Safety
/// `cdn` was not freed, `out` points to a pointer, `out_err` to a pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_cdn_copy(
    cdn: *const sg_cdn,
    out: *mut *mut sg_cdn,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on; `out` was checked before it is written.
    unsafe {
        guard(out_err, || {
            let out = output(out, "out")?;
            let copy = alive(cdn, "cdn")?.copied()?;
            out.write(Box::into_raw(Box::new(sg_cdn(Handle::new(Mutex::new(copy))))));
            Ok(())
        })
    }
}

/// What all edges served. `out_size` is `sizeof(sg_cdn_state)`. May be called from many threads at once.
///
/// # Safety
/// `cdn` was not freed, `out` points to `out_size` bytes, `out_err` to a pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_cdn_snapshot(
    cdn: *const sg_cdn,
    out: *mut sg_cdn_state,
    out_size: usize,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on; `out` was checked before it is written.
    unsafe {
        guard(out_err, || {
            let out = Output::new(out, out_size, "out")?;
            out.write(alive(cdn, "cdn")?.in_turn(|cdn| Ok(sg_cdn_state::of(cdn)))?);
            Ok(())
        })
    }
}

/// Copies every edge that is told apart. May be called from many threads at once.
///
/// # Safety
/// `cdn` was not freed, `out` points to a pointer, `out_err` to a pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_cdn_edges(
    cdn: *const sg_cdn,
    out: *mut *mut sg_edges,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on; `out` was checked before it is written.
    unsafe {
        guard(out_err, || {
            let out = output(out, "out")?;
            let edges = alive(cdn, "cdn")?
                .in_turn(|cdn| Ok(cdn.edges().map(|(edge, totals)| (edge.to_owned(), *totals)).collect()))?;
            out.write(Box::into_raw(Box::new(sg_edges(Handle::new(edges)))));
            Ok(())
        })
    }
}

/// Copies edges from number `first` on to the array `out` of `capacity` elements of `edge_size` (`sizeof(sg_edge)`)
/// bytes. `*out_count` is how many there are in all. By name. May be called from many threads at once.
///
/// # Safety
/// `edges` was not freed, `out` points to `capacity` times `edge_size` bytes (or is NULL with capacity 0),
/// `out_count` to a number, `out_err` to a pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_edges_read(
    edges: *const sg_edges,
    first: usize,
    out: *mut sg_edge,
    edge_size: usize,
    capacity: usize,
    out_count: *mut usize,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on; each element is checked before it is written.
    unsafe {
        guard(out_err, || {
            let out_count = output(out_count, "out_count")?;
            let missing = || Fault::invalid("edges is NULL".to_string());
            let edges = edges.as_ref().ok_or_else(missing)?.0.get()?;
            let shown = edges
                .iter()
                .skip(first)
                .map(|(edge, totals)| sg_edge { name: sg_str::of(edge), totals: sg_edge_totals::of(totals) });
            sized::write_array(out, edge_size, capacity, shown)?;
            out_count.write(edges.len());
            Ok(())
        })
    }
}

/// Frees edges. NULL is allowed.
///
/// # Safety
/// `edges` is NULL or edges that were not freed, and no other thread uses them.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_edges_free(edges: *mut sg_edges) {
    // SAFETY: made by `sg_cdn_edges`, `sg_edges` is a transparent handle; the rest is the caller's promise.
    unsafe { handle::free_guarded(edges.cast::<Handle<Vec<(String, EdgeTotals)>>>()) }
}

/// # Safety
/// `cdn` is NULL or a CDN that was not freed.
unsafe fn alive<'a>(cdn: *const sg_cdn, name: &str) -> Result<&'a Handle<Mutex<Cdn>>, Fault> {
    // SAFETY: the caller's promise.
    unsafe { cdn.as_ref() }.map(|cdn| &cdn.0).ok_or_else(|| Fault::invalid(format!("{name} is NULL")))
}
