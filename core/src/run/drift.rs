//! Drift of the two clocks behind a one-way delay. An offset cannot be had from one direction and
//! is not claimed.

use super::Latency;
use crate::math::{QuantileMethod, quantile};

/// How fast the receiver's clock runs ahead of the sender's, parts per million.
#[derive(Clone, Copy, Debug)]
pub(super) struct Drift {
    pub(super) ppm: f64,
    pub(super) low_ppm: f64,
    pub(super) high_ppm: f64,
}

/// Blocks the run is cut into; the least delay of each stands for the path without queues.
const BLOCKS: usize = 60;
/// With fewer there is no bound worth the name.
const BLOCKS_MIN: usize = 10;

/// The median slope between the least delays of all pairs of blocks (Theil and Sen), and the 95 %
/// interval of that median by the variance of Kendall's tau (Sen 1968).
pub(super) fn clock_drift(latency: &Latency) -> Option<Drift> {
    let (first, last) = (*latency.t_us.first()?, *latency.t_us.last()?);
    let span = i128::from(last) - i128::from(first) + 1;
    let mut least: [Option<(f64, f64)>; BLOCKS] = [None; BLOCKS];
    for (at_us, ms) in latency.t_us.iter().zip(&latency.latency_ms) {
        let elapsed = i128::from(*at_us) - i128::from(first);
        let block = &mut least[(elapsed * BLOCKS as i128 / span) as usize];
        if block.is_none_or(|(_, known)| *ms < known) {
            *block = Some((elapsed as f64 / 1e6, *ms));
        }
    }
    let points: Vec<(f64, f64)> = least.into_iter().flatten().collect();
    if points.len() < BLOCKS_MIN {
        return None;
    }
    let mut slopes = Vec::with_capacity(points.len() * (points.len() - 1) / 2);
    for (index, (t_a, ms_a)) in points.iter().enumerate() {
        for (t_b, ms_b) in &points[index + 1..] {
            if t_b > t_a {
                // Milliseconds per second are parts per thousand.
                slopes.push((ms_b - ms_a) / (t_b - t_a) * 1e3);
            }
        }
    }
    let (n, count) = (points.len() as f64, slopes.len() as f64);
    let half = 1.96 * (n * (n - 1.0) * (2.0 * n + 5.0) / 18.0).sqrt();
    let mut at = |rank: f64| quantile(&mut slopes, (rank / count).clamp(0.0, 1.0), QuantileMethod::Linear);
    Some(Drift {
        ppm: at(count / 2.0)?,
        low_ppm: at((count - half) / 2.0)?,
        high_ppm: at((count + half) / 2.0)?,
    })
}
