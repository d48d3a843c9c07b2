//! Time as an argument: microseconds since the Unix epoch, and half-open intervals of them.

/// Microseconds since the Unix epoch. Exact in a JavaScript number until the year 2255.
pub type Micros = i64;

/// One second in [`Micros`].
pub const SECOND_US: Micros = 1_000_000;

/// The half-open interval `[start_us, end_us)`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Interval {
    /// First microsecond inside.
    pub start_us: Micros,
    /// First microsecond after the end.
    pub end_us: Micros,
}

impl Interval {
    /// The interval from `start_us` up to, not including, `end_us`. An end before the start makes
    /// an empty interval.
    pub const fn new(start_us: Micros, end_us: Micros) -> Interval {
        Interval { start_us, end_us }
    }

    /// Whether `at_us` lies inside.
    pub const fn contains(&self, at_us: Micros) -> bool {
        self.start_us <= at_us && at_us < self.end_us
    }

    /// The length; 0 when empty, saturating at the ends of the range.
    pub const fn duration_us(&self) -> Micros {
        let length = self.end_us.saturating_sub(self.start_us);
        if length > 0 { length } else { 0 }
    }

    /// What both intervals cover; empty when they do not meet.
    pub fn intersection(&self, other: &Interval) -> Interval {
        Interval { start_us: self.start_us.max(other.start_us), end_us: self.end_us.min(other.end_us) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_open() {
        let second = Interval::new(0, SECOND_US);
        assert!(second.contains(0));
        assert!(!second.contains(SECOND_US));
        assert_eq!(second.duration_us(), SECOND_US);
        assert_eq!(Interval::new(5, 3).duration_us(), 0);
        assert_eq!(Interval::new(i64::MIN, i64::MAX).duration_us(), i64::MAX);
    }
}
