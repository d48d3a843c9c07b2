//! What the edges of a CDN served.

use super::Summary;
use crate::error::{Error, ErrorKind, Result};
use crate::ledger::{Totals, totals};
use crate::time::{Interval, Micros, SECOND_US};
use std::collections::BTreeMap;

/// Requests of one edge, or of several.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct EdgeTotals {
    /// Requests answered from the cache.
    pub hits: u64,
    /// Requests that went to the origin.
    pub misses: u64,
    /// Bytes of the hits.
    pub hit_bytes: u64,
    /// Bytes of the misses.
    pub miss_bytes: u64,
}

totals!(EdgeTotals { counters: hits, misses, hit_bytes, miss_bytes; signed: });

impl EdgeTotals {
    /// Hits of all requests; absent without requests.
    pub fn hit_ratio(&self) -> Option<f64> {
        let requests = self.hits.saturating_add(self.misses);
        (requests > 0).then(|| self.hits as f64 / requests as f64)
    }

    /// Bytes of hits of all bytes; absent without bytes.
    pub fn byte_hit_ratio(&self) -> Option<f64> {
        (self.bytes() > 0).then(|| self.hit_bytes as f64 / self.bytes() as f64)
    }

    /// All bytes.
    pub const fn bytes(&self) -> u64 {
        self.hit_bytes.saturating_add(self.miss_bytes)
    }
}

/// Requests by edge. The number of edges is bounded: those beyond are counted together.
#[derive(Clone, Debug)]
pub struct Cdn {
    max_edges: usize,
    edges: BTreeMap<String, EdgeTotals>,
    others: EdgeTotals,
    total: EdgeTotals,
    span: Option<Interval>,
}

impl Cdn {
    /// Nothing yet; `max_edges` are told apart.
    ///
    /// # Errors
    /// `InvalidArgument` when `max_edges` is 0.
    pub fn new(max_edges: usize) -> Result<Cdn> {
        if max_edges == 0 {
            return Err(Error::new(ErrorKind::InvalidArgument, "max_edges is 0, at least 1"));
        }
        let (others, total) = Default::default();
        Ok(Cdn { max_edges, edges: BTreeMap::new(), others, total, span: None })
    }

    /// A request of `bytes` that an edge answered.
    pub fn record(&mut self, edge: &str, at_us: Micros, hit: bool, bytes: u64) {
        let request = match hit {
            true => EdgeTotals { hits: 1, hit_bytes: bytes, ..EdgeTotals::default() },
            false => EdgeTotals { misses: 1, miss_bytes: bytes, ..EdgeTotals::default() },
        };
        self.add(edge, &request);
        let span = self.span.get_or_insert(Interval::new(at_us, at_us));
        *span = Interval::new(span.start_us.min(at_us), span.end_us.max(at_us));
    }

    fn add(&mut self, edge: &str, requests: &EdgeTotals) {
        self.total.add(requests);
        let full = self.edges.len() >= self.max_edges;
        match self.edges.get_mut(edge) {
            Some(totals) => totals.add(requests),
            None if full => self.others.add(requests),
            None => {
                self.edges.insert(edge.to_owned(), *requests);
            }
        }
    }

    /// Adds everything of another node. Edges beyond the bound are counted together.
    pub fn merge(&mut self, other: &Cdn) {
        other.edges.iter().for_each(|(edge, totals)| self.add(edge, totals));
        self.others.add(&other.others);
        self.total.add(&other.others);
        self.span = Summary::spans(self.span, other.span);
    }

    /// Every edge that is told apart.
    pub fn edges(&self) -> impl ExactSizeIterator<Item = (&str, &EdgeTotals)> {
        self.edges.iter().map(|(edge, totals)| (edge.as_str(), totals))
    }

    /// All others together.
    pub fn others(&self) -> &EdgeTotals {
        &self.others
    }

    /// All edges together.
    pub fn total(&self) -> &EdgeTotals {
        &self.total
    }

    /// Bits per second from the first to the last request; absent where no time passed between.
    pub fn bandwidth_bps(&self) -> Option<f64> {
        let duration_us = self.span?.duration_us();
        (duration_us > 0).then(|| self.total.bytes() as f64 * 8.0 * (SECOND_US as f64 / duration_us as f64))
    }

    /// From the first to the last request.
    pub fn span(&self) -> Option<Interval> {
        self.span
    }
}
