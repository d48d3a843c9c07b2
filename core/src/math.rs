//! The one door for floating-point functions, exact sums and quantiles.
//!
//! `ln`, `exp` and `pow` of the standard library differ in bits between native and WebAssembly;
//! those of the crate `libm` do not, so everything goes through here.

use crate::error::{Error, ErrorKind, Result};

/// Natural logarithm.
pub fn ln(x: f64) -> f64 {
    libm::log(x)
}

/// e to the power of `x`.
pub fn exp(x: f64) -> f64 {
    libm::exp(x)
}

/// `x` to the power of `y`.
pub fn pow(x: f64, y: f64) -> f64 {
    libm::pow(x, y)
}

/// A sum that keeps what rounding would lose (Neumaier's variant of Kahan's summation).
#[derive(Clone, Copy, Debug, Default)]
pub struct Sum {
    sum: f64,
    rest: f64,
}

impl Sum {
    /// Adds `x`.
    pub fn add(&mut self, x: f64) {
        let total = self.sum + x;
        self.rest += if self.sum.abs() >= x.abs() { (self.sum - total) + x } else { (x - total) + self.sum };
        self.sum = total;
    }

    /// Adds another sum.
    pub fn merge(&mut self, other: &Sum) {
        self.add(other.sum);
        self.rest += other.rest;
    }

    /// The sum so far.
    pub fn value(&self) -> f64 {
        self.sum + self.rest
    }

    /// The rounded sum and what it lacks; infinity and 0 for one past the range of `f64`.
    pub fn parts(&self) -> (f64, f64) {
        if self.value().is_finite() { (self.sum, self.rest) } else { (f64::INFINITY, 0.0) }
    }

    /// A sum from its [`Sum::parts`].
    pub const fn from_parts(sum: f64, rest: f64) -> Sum {
        Sum { sum, rest }
    }
}

impl FromIterator<f64> for Sum {
    fn from_iter<I: IntoIterator<Item = f64>>(values: I) -> Sum {
        let mut sum = Sum::default();
        values.into_iter().for_each(|x| sum.add(x));
        sum
    }
}

/// How a quantile is taken from `n` sorted values: on the same data each method gives another answer.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum QuantileMethod {
    /// Linear interpolation at `q (n - 1)`: Hyndman-Fan type 7, the default of numpy and R.
    #[default]
    Linear,
    /// The smallest value with at least `q n` values at or below it: Hyndman-Fan type 1.
    NearestRank,
    /// Element `min(n - 1, floor(n q))`, counted from 0: what the plotting script does.
    FloorIndex,
    /// As `NearestRank`, but the mean of two values where `q n` is whole: Hyndman-Fan type 2.
    AveragedRank,
    /// Linear interpolation at `q (n + 1) - 1`: Hyndman-Fan type 6.
    Weibull,
    /// Linear interpolation at `q (n + 1/3) - 2/3`: Hyndman-Fan type 8.
    MedianUnbiased,
}

impl QuantileMethod {
    /// Every method.
    pub const ALL: [QuantileMethod; 6] = [
        QuantileMethod::Linear,
        QuantileMethod::NearestRank,
        QuantileMethod::FloorIndex,
        QuantileMethod::AveragedRank,
        QuantileMethod::Weibull,
        QuantileMethod::MedianUnbiased,
    ];

    /// `"linear"`, `"nearest_rank"`, `"floor_index"`, `"averaged_rank"`, `"weibull"` or
    /// `"median_unbiased"`.
    pub const fn name(self) -> &'static str {
        match self {
            QuantileMethod::Linear => "linear",
            QuantileMethod::NearestRank => "nearest_rank",
            QuantileMethod::FloorIndex => "floor_index",
            QuantileMethod::AveragedRank => "averaged_rank",
            QuantileMethod::Weibull => "weibull",
            QuantileMethod::MedianUnbiased => "median_unbiased",
        }
    }
}

impl std::str::FromStr for QuantileMethod {
    type Err = Error;

    fn from_str(text: &str) -> Result<QuantileMethod> {
        QuantileMethod::ALL.into_iter().find(|m| m.name() == text).ok_or_else(|| {
            let names = QuantileMethod::ALL.map(QuantileMethod::name).join(", ");
            Error::new(ErrorKind::InvalidArgument, format!("method is {text:?}: expected one of {names}"))
        })
    }
}

/// [`quantile`] of values from outside, which stay as they are: a `q` outside 0 to 1 and a NaN among
/// the values are [`ErrorKind::InvalidArgument`].
pub fn quantile_checked(values: &[f64], q: f64, method: QuantileMethod) -> Result<Option<f64>> {
    if !(0.0..=1.0).contains(&q) {
        return Err(Error::new(ErrorKind::InvalidArgument, format!("q is {q}: expected 0 to 1")));
    }
    if let Some(at) = values.iter().position(|v| v.is_nan()) {
        return Err(Error::new(ErrorKind::InvalidArgument, format!("values[{at}] is NaN")));
    }
    Ok(quantile(&mut values.to_vec(), q, method))
}

/// The `q` quantile (0 to 1) of `values`, which are reordered but not fully sorted. `None` when
/// there are no values. Values must not be NaN.
pub fn quantile(values: &mut [f64], q: f64, method: QuantileMethod) -> Option<f64> {
    quantiles(values, [q], method).map(|[value]| value)
}

/// Several quantiles at once, faster than one by one where `qs` ascend.
pub fn quantiles<const N: usize>(
    values: &mut [f64],
    qs: [f64; N],
    method: QuantileMethod,
) -> Option<[f64; N]> {
    let n = values.len();
    if n == 0 {
        return None;
    }
    // Everything before `settled` is not above anything from there on.
    let mut settled = 0;
    let mut nth = |k: usize| {
        let from = if k >= settled { settled } else { 0 };
        settled = k;
        *values[from..].select_nth_unstable_by(k - from, f64::total_cmp).1
    };
    Some(qs.map(|q| {
        let q = q.clamp(0.0, 1.0);
        let mut between = |at: f64| {
            let at = at.clamp(0.0, (n - 1) as f64);
            let (low, share) = (at.floor() as usize, at - at.floor());
            let low_value = nth(low);
            if share == 0.0 { low_value } else { low_value + (nth(low + 1) - low_value) * share }
        };
        let n_q = q * n as f64;
        match method {
            QuantileMethod::Linear => between(q * (n - 1) as f64),
            QuantileMethod::Weibull => between(n_q + q - 1.0),
            QuantileMethod::MedianUnbiased => between(n_q + (1.0 / 3.0 + q / 3.0) - 1.0),
            QuantileMethod::AveragedRank if n_q == n_q.floor() => between(n_q - 0.5),
            QuantileMethod::NearestRank | QuantileMethod::AveragedRank => between(n_q.ceil() - 1.0),
            QuantileMethod::FloorIndex => between(n_q.floor()),
        }
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sum_keeps_small_terms() {
        let sum: Sum = [1e100, 1.0, -1e100].into_iter().collect();
        assert_eq!(sum.value(), 1.0);
    }

    #[test]
    fn quantile_methods_differ_as_named() {
        let hundred: Vec<f64> = (1..=100).map(f64::from).collect();
        let of = |q, method| quantile(&mut hundred.clone(), q, method).unwrap();
        assert_eq!(of(0.95, QuantileMethod::FloorIndex), 96.0);
        assert_eq!(of(0.95, QuantileMethod::NearestRank), 95.0);
        assert!((of(0.95, QuantileMethod::Linear) - 95.05).abs() < 1e-12);
        assert_eq!(of(0.0, QuantileMethod::Linear), 1.0);
        assert_eq!(of(1.0, QuantileMethod::FloorIndex), 100.0);
        assert_eq!(of(0.95, QuantileMethod::AveragedRank), 95.5);
        assert!((of(0.95, QuantileMethod::Weibull) - 95.95).abs() < 1e-12);
        assert!((of(0.95, QuantileMethod::MedianUnbiased) - 95.65).abs() < 1e-12);
        for method in QuantileMethod::ALL {
            assert_eq!((of(0.0, method), of(1.0, method)), (1.0, 100.0));
        }
        assert_eq!(quantile(&mut [], 0.5, QuantileMethod::Linear), None);
    }

    #[test]
    fn many_quantiles_at_once_are_those_one_by_one() {
        let mut state = 7_u64;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 40) as f64
        };
        for n in [1, 2, 3, 10, 1000] {
            let values: Vec<f64> = (0..n).map(|_| next()).collect();
            for method in QuantileMethod::ALL {
                for qs in [[0.0, 0.5, 0.95, 0.99, 1.0], [1.0, 0.1, 0.5, 0.5, 0.2]] {
                    let apart = qs.map(|q| quantile(&mut values.clone(), q, method).unwrap());
                    assert_eq!(quantiles(&mut values.clone(), qs, method), Some(apart));
                }
            }
        }
    }

    #[test]
    fn quantile_of_outside_values_is_checked() {
        let of = |values: &[f64], q| quantile_checked(values, q, QuantileMethod::Linear);
        assert_eq!(of(&[3.0, 1.0, 2.0], 0.5), Ok(Some(2.0)));
        assert_eq!(of(&[], 0.5), Ok(None));
        assert_eq!(of(&[1.0, f64::NAN], 0.5).unwrap_err().message(), "values[1] is NaN");
        for q in [-0.1, 1.1, f64::NAN] {
            assert_eq!(of(&[1.0], q).unwrap_err().kind(), ErrorKind::InvalidArgument);
        }
        assert_eq!("floor_index".parse(), Ok(QuantileMethod::FloorIndex));
        assert!("median".parse::<QuantileMethod>().is_err());
    }
}
