//! Buckets that were copied out of a rollup.

use sg_core::series::RollupColumns;

use crate::buf::{output, start};
use crate::guard::{Fault, guard};
use crate::handle::{self, Handle};
use crate::sized::{self, Output};
use crate::{sg_error, sg_status};

/// The buckets of one level as they were. They never change: any number of threads may use them at once, but
/// freeing them must wait for all of those. They may outlive their rollup.
#[repr(transparent)]
pub struct sg_buckets(Handle<Buckets>);

struct Buckets {
    columns: RollupColumns,
    /// Where each column of quantiles begins.
    quantiles: Vec<Pointer>,
}

/// Points into a column of the same value, which never changes.
#[repr(transparent)]
struct Pointer(*const f64);

// SAFETY: what it points to is only read, and lives as long.
unsafe impl Send for Pointer {}
// SAFETY: as above.
unsafe impl Sync for Pointer {}

/// What happened in a bucket.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct sg_bucket {
    /// Where it begins, microseconds.
    pub start_us: i64,
    /// Samples in it; with 0 the rest is 0, too, and means nothing.
    pub count: u64,
    /// Their sum; infinite past the range of double.
    pub sum: f64,
    /// Their mean; infinite where the sum is.
    pub mean: f64,
    /// The smallest value.
    pub min: f64,
    /// The largest value.
    pub max: f64,
    /// When the latest sample was, microseconds.
    pub last_us: i64,
    /// Its value; of several at that time the largest.
    pub last: f64,
}

/// The same buckets as columns of `rows` numbers each, which live as long as the buckets; NULL without rows. The
/// columns are those of `sg_bucket`.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct sg_bucket_columns {
    /// How many buckets.
    pub rows: usize,
    /// Where each begins, microseconds.
    pub start_us: *const i64,
    /// Samples in each; where it is 0 the other columns are 0, too, and mean nothing.
    pub count: *const u64,
    /// Sums.
    pub sum: *const f64,
    /// Means.
    pub mean: *const f64,
    /// Smallest values.
    pub min: *const f64,
    /// Largest values.
    pub max: *const f64,
    /// Times of the latest samples, microseconds.
    pub last_us: *const i64,
    /// Their values.
    pub last: *const f64,
    /// A column for each quantile that was asked for.
    pub quantiles: *const *const f64,
    /// How many of these.
    pub quantile_count: usize,
}

impl sg_buckets {
    pub(super) fn boxed(columns: RollupColumns) -> *mut sg_buckets {
        let quantiles = columns.quantiles.iter().map(|column| Pointer(start(column))).collect();
        Box::into_raw(Box::new(sg_buckets(Handle::new(Buckets { columns, quantiles }))))
    }
}

/// Copies buckets from number `first` on to the array `out` of `capacity` elements of `bucket_size`
/// (`sizeof(sg_bucket)`) bytes. `*out_count` is how many there are in all. Quantiles stand in the columns only.
/// May be called from many threads at once.
///
/// # Safety
/// `buckets` was not freed, `out` points to `capacity` times `bucket_size` bytes (or is NULL with capacity 0),
/// `out_count` to a number, `out_err` to a pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_buckets_read(
    buckets: *const sg_buckets,
    first: usize,
    out: *mut sg_bucket,
    bucket_size: usize,
    capacity: usize,
    out_count: *mut usize,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on; each element is checked before it is written.
    unsafe {
        guard(out_err, || {
            let out_count = output(out_count, "out_count")?;
            let columns = &alive(buckets)?.get()?.columns;
            let bucket = |i: usize| sg_bucket {
                start_us: columns.start_us[i],
                count: columns.count[i],
                sum: columns.sum[i],
                mean: columns.mean[i],
                min: columns.min[i],
                max: columns.max[i],
                last_us: columns.last_us[i],
                last: columns.last[i],
            };
            let rows = columns.count.len();
            sized::write_array(out, bucket_size, capacity, (first..rows).map(bucket))?;
            out_count.write(rows);
            Ok(())
        })
    }
}

/// The columns, without copying them. `out_size` is `sizeof(sg_bucket_columns)`. May be called from many threads
/// at once.
///
/// # Safety
/// `buckets` was not freed, `out` points to `out_size` bytes, `out_err` to a pointer or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_buckets_columns(
    buckets: *const sg_buckets,
    out: *mut sg_bucket_columns,
    out_size: usize,
    out_err: *mut *mut sg_error,
) -> sg_status {
    // SAFETY: the caller's promises, passed on; `out` was checked before it is written.
    unsafe {
        guard(out_err, || {
            let out = Output::new(out, out_size, "out")?;
            let Buckets { columns, quantiles } = alive(buckets)?.get()?;
            out.write(sg_bucket_columns {
                rows: columns.count.len(),
                start_us: start(&columns.start_us),
                count: start(&columns.count),
                sum: start(&columns.sum),
                mean: start(&columns.mean),
                min: start(&columns.min),
                max: start(&columns.max),
                last_us: start(&columns.last_us),
                last: start(&columns.last),
                quantiles: start(quantiles).cast(),
                quantile_count: quantiles.len(),
            });
            Ok(())
        })
    }
}

/// Frees buckets. NULL is allowed.
///
/// # Safety
/// `buckets` is NULL or buckets that were not freed, and no other thread uses them.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sg_buckets_free(buckets: *mut sg_buckets) {
    // SAFETY: made by `boxed`, `sg_buckets` is a transparent handle; the rest is the caller's promise.
    unsafe { handle::free_guarded(buckets.cast::<Handle<Buckets>>()) }
}

/// # Safety
/// `buckets` is NULL or buckets that were not freed.
unsafe fn alive<'a>(buckets: *const sg_buckets) -> Result<&'a Handle<Buckets>, Fault> {
    // SAFETY: the caller's promise.
    unsafe { buckets.as_ref() }
        .map(|buckets| &buckets.0)
        .ok_or_else(|| Fault::invalid("buckets is NULL".to_string()))
}

// Many threads may read them.
const _: () = {
    const fn shared<T: Send + Sync>() {}
    shared::<Buckets>();
};
