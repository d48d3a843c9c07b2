//! The one door for floating-point functions, exact sums and quantiles.
//!
//! `ln`, `exp` and `pow` of the standard library differ in bits between native and WebAssembly;
//! those of the crate `libm` do not, so everything goes through here.

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

    /// The sum so far.
    pub fn value(&self) -> f64 {
        self.sum + self.rest
    }
}

impl FromIterator<f64> for Sum {
    fn from_iter<I: IntoIterator<Item = f64>>(values: I) -> Sum {
        let mut sum = Sum::default();
        values.into_iter().for_each(|x| sum.add(x));
        sum
    }
}

/// How a quantile is taken from `n` sorted values; 4 methods give 4 answers on the same data.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum QuantileMethod {
    /// Linear interpolation at `q (n - 1)`: Hyndman-Fan type 7, the default of numpy and R.
    #[default]
    Linear,
    /// The smallest value with at least `q n` values at or below it: Hyndman-Fan type 1.
    NearestRank,
    /// Element `min(n - 1, floor(n q))`, counted from 0: what the plotting script does.
    FloorIndex,
}

/// The `q` quantile (0 to 1) of `values`, which are reordered but not fully sorted. `None` when
/// there are no values. Values must not be NaN.
pub fn quantile(values: &mut [f64], q: f64, method: QuantileMethod) -> Option<f64> {
    let n = values.len();
    if n == 0 {
        return None;
    }
    let q = q.clamp(0.0, 1.0);
    let mut nth = |k: usize| *values.select_nth_unstable_by(k, f64::total_cmp).1;
    Some(match method {
        QuantileMethod::Linear => {
            let at = q * (n - 1) as f64;
            let (low, share) = (at.floor() as usize, at - at.floor());
            let low_value = nth(low);
            if share == 0.0 {
                low_value
            } else {
                let high_value = nth(low + 1);
                low_value + (high_value - low_value) * share
            }
        }
        QuantileMethod::NearestRank => nth(((q * n as f64).ceil() as usize).clamp(1, n) - 1),
        QuantileMethod::FloorIndex => nth(((n as f64 * q) as usize).min(n - 1)),
    })
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
        assert_eq!(quantile(&mut [], 0.5, QuantileMethod::Linear), None);
    }
}
