//! Decimal text to the nearest float, exact and small: the tables of the standard library's way take a
//! tenth of a WebAssembly module.

use std::cmp::Ordering;

/// Digits that a number with more of them is cut to: no tie between two floats has so many, so that one
/// more digit can stand for all that is cut off.
const DIGITS_MAX: usize = 800;

/// As `str::parse` for `f64`, bit for bit: takes the same texts and gives the nearest float, ties to even.
pub(super) fn parse(text: &str) -> Option<f64> {
    let bytes = text.as_bytes();
    let (negative, unsigned) = match bytes.first()? {
        b'-' => (true, &bytes[1..]),
        b'+' => (false, &bytes[1..]),
        _ => (false, bytes),
    };
    let magnitude = Decimal::read(unsigned).map(|decimal| decimal.value()).or_else(|| named(unsigned))?;
    Some(if negative { -magnitude } else { magnitude })
}

fn named(text: &[u8]) -> Option<f64> {
    let is = |name: &str| text.eq_ignore_ascii_case(name.as_bytes());
    if is("nan") {
        Some(f64::NAN)
    } else if is("inf") || is("infinity") {
        Some(f64::INFINITY)
    } else {
        None
    }
}

/// `0.digits` times a power of ten; the first digit is not zero.
struct Decimal {
    digits: Vec<u8>,
    point: i64,
}

impl Decimal {
    fn read(text: &[u8]) -> Option<Decimal> {
        let at = text.iter().position(|byte| matches!(byte, b'e' | b'E')).unwrap_or(text.len());
        let exponent = match text.get(at + 1..) {
            Some(exponent) => exponent_of(exponent)?,
            None => 0,
        };
        let mut parts = text[..at].splitn(2, |byte| *byte == b'.');
        let (whole, fraction) = (parts.next()?, parts.next().unwrap_or_default());
        let mut all = whole.iter().chain(fraction);
        if whole.len() + fraction.len() == 0 || !all.clone().all(u8::is_ascii_digit) {
            return None;
        }
        let zeros = all.clone().take_while(|digit| **digit == b'0').count();
        let mut digits: Vec<u8> =
            all.by_ref().skip(zeros).take(DIGITS_MAX).map(|digit| digit - b'0').collect();
        if all.any(|digit| *digit != b'0') {
            digits.push(1);
        }
        while digits.last() == Some(&0) {
            digits.pop();
        }
        let point = (whole.len() as i64 - zeros as i64).saturating_add(exponent);
        Some(Decimal { digits, point })
    }

    fn value(&self) -> f64 {
        // The largest float is below 10^309, half the smallest above 10^-324.
        if self.digits.is_empty() || self.point < -323 {
            return 0.0;
        }
        if self.point > 309 {
            return f64::INFINITY;
        }
        let exponent = self.point - self.digits.len() as i64;
        if self.digits.len() <= 19 && (-19..=19).contains(&exponent) {
            return self.in_words(exponent);
        }
        let (mut over, mut under) = (Big(vec![]), Big(vec![1]));
        for digit in &self.digits {
            over.multiply_add(10, u32::from(*digit));
        }
        let scaled = if exponent < 0 { &mut under } else { &mut over };
        (0..exponent.unsigned_abs()).for_each(|_| scaled.multiply_add(10, 0));
        nearest(over, under)
    }

    /// With 128 bits for what has 64 and a power of ten that has, too.
    fn in_words(&self, exponent: i64) -> f64 {
        let digits = self.digits.iter().fold(0, |n: u64, digit| n * 10 + u64::from(*digit));
        let power = 10_u128.pow(exponent.unsigned_abs() as u32);
        if exponent >= 0 {
            return (u128::from(digits) * power) as f64;
        }
        let shift = 64 + digits.leading_zeros();
        let over = u128::from(digits) << shift;
        // The lowest bit, of more than a float has, stands for all below it.
        let quotient = (over / power) | u128::from(over % power != 0);
        quotient as f64 * f64::from_bits(u64::from(1023 - shift) << 52)
    }
}

/// Digits with a sign; past what matters it stays what it is.
fn exponent_of(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text.first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let size =
        digits.iter().fold(0_i64, |n, digit| n.saturating_mul(10).saturating_add(i64::from(digit - b'0')));
    Some(if negative { -size } else { size })
}

/// `over / under`, neither of them zero, to the nearest float.
fn nearest(mut over: Big, mut under: Big) -> f64 {
    let mut power = over.bits() - under.bits();
    if power >= 0 {
        under.shift(power as u32);
    } else {
        over.shift(power.unsigned_abs() as u32);
    }
    if over.compare(&under) == Ordering::Less {
        over.shift(1);
        power -= 1;
    }
    // Now 1 <= over / under < 2, and the value is that times 2^power.
    if power > 1023 {
        return f64::INFINITY;
    }
    let lacking = (-1022 - power).max(0);
    let mut mantissa = 0_u64;
    for _ in 0..53 - lacking {
        mantissa <<= 1;
        if over.compare(&under) != Ordering::Less {
            over.subtract(&under);
            mantissa |= 1;
        }
        over.shift(1);
    }
    let rest = if lacking > 53 { Ordering::Less } else { over.compare(&under) };
    mantissa += u64::from(rest == Ordering::Greater || (rest == Ordering::Equal && mantissa & 1 == 1));
    // What is carried out of the mantissa makes the exponent one more.
    let exponent = if lacking > 0 { 0 } else { ((power + 1022) as u64) << 52 };
    f64::from_bits(exponent + mantissa)
}

/// A whole number, the lowest 32 bits first; none of the highest is zero.
struct Big(Vec<u32>);

impl Big {
    fn bits(&self) -> i64 {
        self.0.last().map_or(0, |last| 32 * self.0.len() as i64 - i64::from(last.leading_zeros()))
    }

    fn multiply_add(&mut self, factor: u32, more: u32) {
        let mut carry = u64::from(more);
        for word in &mut self.0 {
            carry += u64::from(*word) * u64::from(factor);
            *word = carry as u32;
            carry >>= 32;
        }
        if carry > 0 {
            self.0.push(carry as u32);
        }
    }

    fn shift(&mut self, bits: u32) {
        self.multiply_add(1 << (bits % 32), 0);
        self.0.splice(..0, (0..bits / 32).map(|_| 0));
    }

    fn compare(&self, other: &Big) -> Ordering {
        let by_length = self.0.len().cmp(&other.0.len());
        by_length.then_with(|| self.0.iter().rev().cmp(other.0.iter().rev()))
    }

    /// Takes away what is not more.
    fn subtract(&mut self, other: &Big) {
        let mut borrow = 0;
        for (at, word) in self.0.iter_mut().enumerate() {
            let less = i64::from(*word) - i64::from(other.0.get(at).copied().unwrap_or(0)) + borrow;
            *word = less as u32;
            borrow = less >> 32;
        }
        while self.0.last() == Some(&0) {
            self.0.pop();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same(text: &str) {
        let (got, expected) = (parse(text), text.parse::<f64>().ok());
        assert!(got.map(f64::to_bits) == expected.map(f64::to_bits), "{text}: {got:?}, not {expected:?}");
    }

    #[test]
    fn hard_numbers_are_those_of_the_standard_library() {
        for text in [
            "0",
            "-0",
            "+0.0e9",
            "00012.500",
            "1e22",
            "1e23",
            "9007199254740993",
            "9007199254740993.0000000001",
            "8.41e+21",
            "2.2250738585072011e-308",
            "2.2250738585072014e-308",
            "4.9406564584124654e-324",
            "2.4703282292062327e-324",
            "2.4703282292062328e-324",
            "1e-323",
            "1e-324",
            "1e-400",
            "0.3e-323",
            "1.7976931348623157e308",
            "1.7976931348623158e308",
            "1.7976931348623159e308",
            "1e309",
            "1e400",
            "17976931348623157081452742373170435679807056752584499659891747680315726078002853876058955863276687817154045895351438246423432132688946418276846754670353751698604991057655128207624549009038932894407586850845513394230458323690322294816580855933212334774797926204144723168738177180919299881250404026184124858368",
            "0.000000000000000000000000000000000000000000001",
            "6929495644600919.5",
            "3.8e-18",
            "123456789012345678901234567890",
            "1e99999999999999999999",
            "1e-99999999999999999999",
            "0e99999999999999999999",
            "5.",
            ".5",
            "inf",
            "-Infinity",
            "NAN",
            "",
            ".",
            "+",
            "-",
            "e5",
            "1e",
            "1e+",
            "1.2.3",
            "1e5.0",
            "+-1",
            "infinit",
            "0x10",
            " 1",
            "1_0",
            "-.e1",
        ] {
            same(text);
        }
        // A tie but for the last of very many digits.
        for last in ["", "1"] {
            same(&format!("9007199254740993.{}{last}", "0".repeat(900)));
            same(&format!("0.{}4940656458412465441765687928682213723651{last}", "0".repeat(323)));
        }
    }

    #[test]
    fn any_numbers_are_those_of_the_standard_library() {
        let mut seed = 1_u64;
        let mut random = || {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            seed ^ (seed >> 31)
        };
        for _ in 0..2_000 {
            let any = f64::from_bits(random());
            same(&format!("{any:e}"));
            same(&format!("{any}"));
            // Half-way to the next float, and close to it.
            let digits = format!("{:.*e}", (random() % 25) as usize, any);
            same(&digits);
            same(&format!("{}.{}e{}", random() % 100_000, random(), (random() % 60) as i64 - 30));
            same(&format!("{}e{}", random(), (random() % 700) as i64 - 350));
        }
    }
}
