//! Numbers from bytes: a fast path for plain digits, and Python's rules for everything else.
//!
//! The plotting script reads with `int()` and `float()`, which take surrounding white space, a
//! sign and single underscores between digits; the same texts are numbers here, in both modes.

use super::decimal;
use super::problems::Reason;

/// Why a field is no integer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum NotInt {
    /// Nothing but white space.
    Empty,
    /// Other characters than a number's.
    NotInteger,
    /// More than 64 bits.
    OutOfRange,
}

impl NotInt {
    /// The reason under which a row without a usable time is counted.
    pub(super) fn time_reason(self) -> Reason {
        match self {
            NotInt::Empty => Reason::TimeMissing,
            NotInt::NotInteger => Reason::TimeNotInteger,
            NotInt::OutOfRange => Reason::TimeOutOfRange,
        }
    }
}

/// An integer by the rules of Python's `int()`, in 64 bits.
pub(super) fn int(field: &[u8]) -> Result<i64, NotInt> {
    if !field.is_empty() && field.len() <= 18 && field.iter().all(u8::is_ascii_digit) {
        return Ok(field.iter().fold(0, |n, digit| n * 10 + i64::from(digit - b'0')));
    }
    int_general(field)
}

/// [`int`] of a text.
pub(super) fn int_from_text(text: &str) -> Option<i64> {
    int(text.as_bytes()).ok()
}

#[cold]
fn int_general(field: &[u8]) -> Result<i64, NotInt> {
    let text = trim(field);
    if text.is_empty() {
        return Err(NotInt::Empty);
    }
    let (negative, digits) = match text[0] {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    if !digits_with_underscores(digits) {
        return Err(NotInt::NotInteger);
    }
    let mut value: i64 = 0;
    for digit in digits.iter().filter(|byte| **byte != b'_') {
        let digit = i64::from(digit - b'0');
        let next = value
            .checked_mul(10)
            .and_then(|v| if negative { v.checked_sub(digit) } else { v.checked_add(digit) });
        value = next.ok_or(NotInt::OutOfRange)?;
    }
    Ok(value)
}

/// Without the ASCII white space around it, as Python has it: 9 to 13 and 28 to 32.
fn trim(field: &[u8]) -> &[u8] {
    let inner = |byte: &u8| !matches!(byte, 9..=13 | 28..=32);
    let start = field.iter().position(inner).unwrap_or(field.len());
    let end = field.iter().rposition(inner).map_or(start, |last| last + 1);
    &field[start..end]
}

/// One or more digits, with single underscores allowed between them.
fn digits_with_underscores(text: &[u8]) -> bool {
    let edges = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_digit);
    edges(text.first())
        && edges(text.last())
        && text.iter().all(|byte| byte.is_ascii_digit() || *byte == b'_')
        && !text.windows(2).any(|pair| pair == b"__")
}

/// A number by the rules of Python's `float()`; `None` where it is none.
pub(super) fn float(field: &[u8]) -> Option<f64> {
    let text = std::str::from_utf8(trim(field)).ok()?;
    if text.contains('_') {
        let whole = text.split(['.', 'e', 'E', '+', '-']).filter(|part| !part.is_empty());
        let good = whole.into_iter().all(|digits| digits_with_underscores(digits.as_bytes()));
        return good.then(|| nearest(&text.replace('_', ""))).flatten();
    }
    // Rust takes the same texts as Python: digits, `.5`, `5.`, exponents, inf, infinity, nan.
    nearest(text)
}

fn nearest(text: &str) -> Option<f64> {
    // Both give the same; the one is fast, the other small.
    if cfg!(target_family = "wasm") { decimal::parse(text) } else { text.parse().ok() }
}

const DIGIT_ZEROS: u64 = 0x3030_3030_3030_3030;

/// The value of 8 ASCII digits, the first in the lowest byte; `None` if one is none.
#[inline(always)]
pub(super) fn eight_digits(chunk: u64) -> Option<u64> {
    let bits = chunk ^ DIGIT_ZEROS;
    let over_nine = bits.wrapping_add(0x0606_0606_0606_0606) | bits;
    (over_nine & 0xf0f0_f0f0_f0f0_f0f0 == 0).then(|| combine(bits))
}

/// How many of the lowest bytes of `chunk` are ASCII digits before the first that is none, and
/// their value.
#[inline(always)]
pub(super) fn leading_digits(chunk: u64) -> (usize, u64) {
    let bits = chunk ^ DIGIT_ZEROS;
    let stops = (bits.wrapping_add(0x7676_7676_7676_7676) | bits) & 0x8080_8080_8080_8080;
    let count = (stops.trailing_zeros() / 8) as usize;
    // Zeros shifted in below stand before the digits and add nothing.
    let value = if count == 0 { 0 } else { combine(bits << (64 - 8 * count as u32)) };
    (count, value)
}

/// Eight digit values, the first in the lowest byte, to one number.
#[inline(always)]
fn combine(digits: u64) -> u64 {
    let pairs = digits.wrapping_mul(10).wrapping_add(digits >> 8) & 0x00ff_00ff_00ff_00ff;
    let fours = pairs.wrapping_mul(100).wrapping_add(pairs >> 16) & 0x0000_ffff_0000_ffff;
    fours.wrapping_mul(10_000).wrapping_add(fours >> 32) & 0xffff_ffff
}

/// Eight bytes at `at`; the caller has made sure that they are there.
#[inline(always)]
pub(super) fn load(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"))
}

/// The value of exactly 16 digits at `at`.
#[inline(always)]
pub(super) fn sixteen_digits(bytes: &[u8], at: usize) -> Option<i64> {
    RecentHigh::default().sixteen_digits(bytes, at)
}

/// The high half of the last 16-digit number: that of a time in microseconds changes every 100 s.
#[derive(Clone, Copy, Debug)]
pub(super) struct RecentHigh {
    text: u64,
    value: i64,
}

impl Default for RecentHigh {
    fn default() -> RecentHigh {
        RecentHigh { text: DIGIT_ZEROS, value: 0 }
    }
}

impl RecentHigh {
    /// The value of exactly 16 digits at `at`.
    #[inline(always)]
    pub(super) fn sixteen_digits(&mut self, bytes: &[u8], at: usize) -> Option<i64> {
        let text = load(bytes, at);
        if text != self.text {
            *self = RecentHigh { text, value: eight_digits(text)? as i64 * 100_000_000 };
        }
        Some(self.value + eight_digits(load(bytes, at + 8))? as i64)
    }
}

/// Powers of ten.
pub(super) const POWERS_OF_TEN: [u64; 18] = {
    let mut powers = [1; 18];
    let mut at = 1;
    while at < powers.len() {
        powers[at] = powers[at - 1] * 10;
        at += 1;
    }
    powers
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_as_python_takes_them() {
        for (text, value) in [
            ("0", Ok(0)),
            (" 12 ", Ok(12)),
            ("\x0b12\x1c", Ok(12)),
            ("+5", Ok(5)),
            ("-7", Ok(-7)),
            ("1_000", Ok(1000)),
            ("9223372036854775807", Ok(i64::MAX)),
            ("-9223372036854775808", Ok(i64::MIN)),
            ("9223372036854775808", Err(NotInt::OutOfRange)),
            ("", Err(NotInt::Empty)),
            (" ", Err(NotInt::Empty)),
            ("1.0", Err(NotInt::NotInteger)),
            ("1__0", Err(NotInt::NotInteger)),
            ("_1", Err(NotInt::NotInteger)),
            ("-", Err(NotInt::NotInteger)),
            ("1\x002", Err(NotInt::NotInteger)),
        ] {
            assert_eq!(int(text.as_bytes()), value, "{text:?}");
        }
    }

    #[test]
    fn floats_as_python_takes_them() {
        for (text, value) in [
            ("1e3", 1000.0),
            (" .5", 0.5),
            ("5.", 5.0),
            ("+Inf", f64::INFINITY),
            ("1_0.5", 10.5),
            ("1_0e1", 100.0),
        ] {
            assert_eq!(float(text.as_bytes()), Some(value), "{text:?}");
        }
        assert!(float(b"NaN").unwrap().is_nan());
        for text in ["", "x", "0x10", "1 2", "1_", "_1", "1__0", "1e"] {
            assert_eq!(float(text.as_bytes()), None, "{text:?}");
        }
    }

    #[test]
    fn digits_in_words() {
        assert_eq!(eight_digits(load(b"12345678", 0)), Some(12_345_678));
        for bad in [b"1234567:", b"/2345678", b"1234,678", b"\xb12345678"] {
            assert_eq!(eight_digits(load(&bad[..8], 0)), None);
        }
        assert_eq!(leading_digits(load(b"1000,178", 0)), (4, 1000));
        assert_eq!(leading_digits(load(b",1000178", 0)), (0, 0));
        assert_eq!(leading_digits(load(b"99999999", 0)).0, 8);
        assert_eq!(leading_digits(load(b"12\xff45678", 0)), (2, 12));
        assert_eq!(leading_digits(load(b"12:45678", 0)), (2, 12));
        assert_eq!(sixteen_digits(&[0; 16], 0), None);
        assert_eq!(sixteen_digits(b"0000000000025280", 0), Some(25_280));
        assert_eq!(sixteen_digits(b"1781700000025280", 0), Some(1_781_700_000_025_280));
    }
}
