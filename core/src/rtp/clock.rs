//! Which clock and kind of media a payload type stands for.

use crate::error::{Error, ErrorKind, Result};

/// Audio or video: frames are counted for video only.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum MediaKind {
    /// Sound: a packet is no frame.
    Audio,
    /// Pictures: a frame is a distinct timestamp.
    Video,
}

/// What a payload type stands for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct PayloadFormat {
    /// Ticks of the RTP timestamp per second, 1 to [`PayloadMap::MAX_CLOCK_HZ`].
    pub clock_hz: u32,
    /// Audio or video.
    pub kind: MediaKind,
}

/// Formats of the 128 payload types.
///
/// By default the static types of RFC 3551 have theirs; of the dynamic ones 109 and 111 (Opus, as
/// Firefox and Chromium offer it) and 63 (RED over Opus) are 48 kHz audio, the rest from 96 on
/// 90 kHz video. Types without a format have no jitter and no frames.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PayloadMap {
    formats: [Option<PayloadFormat>; 128],
}

impl PayloadMap {
    /// The fastest clock that is accepted.
    pub const MAX_CLOCK_HZ: u32 = 10_000_000;

    /// A map without any format.
    pub const fn empty() -> PayloadMap {
        PayloadMap { formats: [None; 128] }
    }

    /// Says what a payload type stands for.
    ///
    /// # Errors
    /// `InvalidArgument` for a payload type over 127, or a clock of 0 or over
    /// [`PayloadMap::MAX_CLOCK_HZ`].
    pub fn set(&mut self, payload_type: u8, format: PayloadFormat) -> Result<()> {
        if !(1..=PayloadMap::MAX_CLOCK_HZ).contains(&format.clock_hz) {
            return Err(Error::new(
                ErrorKind::InvalidArgument,
                format!("clock_hz is {}, not 1 to {}", format.clock_hz, PayloadMap::MAX_CLOCK_HZ),
            ));
        }
        let Some(slot) = self.formats.get_mut(usize::from(payload_type)) else {
            return Err(Error::new(
                ErrorKind::InvalidArgument,
                format!("payload type {payload_type}, at most 127"),
            ));
        };
        *slot = Some(format);
        Ok(())
    }

    /// Says only the clock of a payload type. Of RTP video formats the clock is 90 kHz (RFC 3551
    /// section 5): another one makes the type audio, and 90 kHz makes it video, except where that was
    /// its clock already.
    ///
    /// # Errors
    /// As [`PayloadMap::set`].
    pub fn set_clock(&mut self, payload_type: u8, clock_hz: u32) -> Result<()> {
        let known = self.get(payload_type).filter(|known| known.clock_hz == clock_hz);
        let kind = match known {
            Some(known) => known.kind,
            None if clock_hz == 90_000 => MediaKind::Video,
            None => MediaKind::Audio,
        };
        self.set(payload_type, PayloadFormat { clock_hz, kind })
    }

    /// What a payload type stands for, if known.
    pub fn get(&self, payload_type: u8) -> Option<PayloadFormat> {
        self.formats.get(usize::from(payload_type)).copied().flatten()
    }
}

impl Default for PayloadMap {
    fn default() -> PayloadMap {
        let mut map = PayloadMap::empty();
        let audio = |clock_hz| Some(PayloadFormat { clock_hz, kind: MediaKind::Audio });
        let video = Some(PayloadFormat { clock_hz: 90_000, kind: MediaKind::Video });
        // RFC 3551 tables 4 and 5.
        for payload_type in [0, 3, 4, 5, 7, 8, 9, 12, 13, 15, 18] {
            map.formats[payload_type] = audio(8_000);
        }
        map.formats[6] = audio(16_000);
        map.formats[10] = audio(44_100);
        map.formats[11] = audio(44_100);
        map.formats[14] = audio(90_000);
        map.formats[16] = audio(11_025);
        map.formats[17] = audio(22_050);
        for payload_type in [25, 26, 28, 31, 32, 33, 34] {
            map.formats[payload_type] = video;
        }
        map.formats[96..].fill(video);
        for payload_type in [63, 109, 111] {
            map.formats[payload_type] = audio(48_000);
        }
        map
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_and_limits() {
        let mut map = PayloadMap::default();
        assert_eq!(map.get(0), Some(PayloadFormat { clock_hz: 8_000, kind: MediaKind::Audio }));
        assert_eq!(map.get(72), None);
        assert_eq!(map.get(200), None);
        let opus = PayloadFormat { clock_hz: 48_000, kind: MediaKind::Audio };
        map.set(97, opus).unwrap();
        assert_eq!(map.get(97), Some(opus));
        assert!(map.set(128, opus).is_err());
        assert!(map.set(97, PayloadFormat { clock_hz: 0, ..opus }).is_err());
        assert!(map.set(97, PayloadFormat { clock_hz: 10_000_001, ..opus }).is_err());
    }

    #[test]
    fn a_clock_tells_audio_from_video() {
        let mut map = PayloadMap::default();
        for (payload_type, clock_hz, kind) in [
            (97, 48_000, MediaKind::Audio),
            (97, 90_000, MediaKind::Video),
            (72, 90_000, MediaKind::Video),
            (111, 90_000, MediaKind::Video),
            (14, 90_000, MediaKind::Audio),
            (96, 90_000, MediaKind::Video),
        ] {
            map.set_clock(payload_type, clock_hz).unwrap();
            assert_eq!(map.get(payload_type), Some(PayloadFormat { clock_hz, kind }), "{payload_type}");
        }
        assert!(map.set_clock(128, 8_000).is_err());
        assert!(map.set_clock(0, 0).is_err());
    }
}
