//! What a monitor keeps of every report, in columns that a chart takes as they are.

use crate::time::Micros;
use std::ops::{BitOr, BitOrAssign};

/// What to know of a row before its values are believed.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Flags(u16);

impl Flags {
    /// Nothing to know.
    pub const NONE: Flags = Flags(0);
    /// The first report of a stream that began before: no counter adds anything.
    pub const FIRST: Flags = Flags(1);
    /// A counter fell: what came after counts in full.
    pub const RESET: Flags = Flags(1 << 1);
    /// The stream was replaced (another SSRC), or the caller said that its counters restarted.
    pub const BOUNDARY: Flags = Flags(1 << 2);
    /// More time than usual since the report before: rates are means over all of it.
    pub const GAP: Flags = Flags(1 << 3);
    /// The clocks of the page, of the reports or of the time they were asked for moved apart.
    pub const SKEW: Flags = Flags(1 << 4);
    /// Something was cut off: objects beyond the limit, or the beginning of a dump.
    pub const TRUNCATED: Flags = Flags(1 << 5);
    /// Values of a dump that were put in their place by counting from the end.
    pub const INFERRED: Flags = Flags(1 << 6);
    /// The track is not in the report; its values are absent.
    pub const ABSENT: Flags = Flags(1 << 7);

    /// Every flag with its stable name.
    pub const ALL: [(Flags, &str); 8] = [
        (Flags::FIRST, "first"),
        (Flags::RESET, "reset"),
        (Flags::BOUNDARY, "boundary"),
        (Flags::GAP, "gap"),
        (Flags::SKEW, "skew"),
        (Flags::TRUNCATED, "truncated"),
        (Flags::INFERRED, "inferred"),
        (Flags::ABSENT, "absent"),
    ];

    /// As bits: 1 for the first of [`Flags::ALL`], 2 for the second, 4 for the third...
    pub const fn bits(self) -> u16 {
        self.0
    }

    /// Whether any of `flags` is set.
    pub const fn has(self, flags: Flags) -> bool {
        self.0 & flags.0 != 0
    }

    /// These flags where `set`, else none.
    pub(super) const fn when(self, set: bool) -> Flags {
        if set { self } else { Flags::NONE }
    }
}

impl BitOr for Flags {
    type Output = Flags;
    fn bitor(self, other: Flags) -> Flags {
        Flags(self.0 | other.0)
    }
}

impl BitOrAssign for Flags {
    fn bitor_assign(&mut self, other: Flags) {
        self.0 |= other.0;
    }
}

/// Declares columns: an enumeration, their names, and how many there are.
macro_rules! columns {
    ($(#[$enum_doc:meta])* $enum:ident { $($(#[doc = $doc:literal])+ $column:ident = $name:literal),* $(,)? }) => {
        $(#[$enum_doc])*
        #[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
        #[repr(u8)]
        pub enum $enum {
            $($(#[doc = $doc])+ $column,)*
        }

        impl $enum {
            /// Every column, in order.
            pub const ALL: &[$enum] = &[$($enum::$column),*];

            /// The stable name, with its unit.
            pub const fn code(self) -> &'static str {
                match self {
                    $($enum::$column => $name,)*
                }
            }

            /// What it is, in a sentence.
            pub const fn doc(self) -> &'static str {
                match self {
                    $($enum::$column => concat!($($doc),+).trim_ascii(),)*
                }
            }
        }

        impl From<$enum> for usize {
            fn from(column: $enum) -> usize {
                column as usize
            }
        }
    };
}

columns! {
    /// A column of a track: a value of one report, absent where it was not measured. Counts are those
    /// of the interval since the report before.
    TrackColumn {
        /// Seconds that the rates of the row are taken over.
        Seconds = "seconds",
        /// Payload bits per second.
        PayloadBitrate = "payload_bitrate_bps",
        /// Bits per second with RTP headers and padding.
        WireBitrate = "wire_bitrate_bps",
        /// Packets per second.
        PacketRate = "packet_rate_per_s",
        /// Packets.
        Packets = "packets",
        /// Packets lost: negative when more came late than were newly lost.
        PacketsLost = "packets_lost",
        /// Lost of the packets that should have come.
        LossRatio = "loss_ratio",
        /// Jitter: of a received track our own, of a sent one what its receiver reported.
        Jitter = "jitter_us",
        /// The latest RTCP round-trip time. Not that of STUN, which is the connection's.
        Rtt = "rtt_us",
        /// The mean of the RTCP round-trip times of the interval.
        RttMean = "rtt_mean_us",
        /// Frames decoded or encoded per second; of simulcast layers the best one's.
        FrameRate = "frame_rate_per_s",
        /// Frames decoded or encoded; of simulcast layers the best one's.
        Frames = "frames",
        /// Frames dropped.
        FramesDropped = "frames_dropped",
        /// Key frames.
        KeyFrames = "key_frames",
        /// Freezes that ended.
        Freezes = "freezes",
        /// How long they were.
        FreezeTime = "freeze_us",
        /// NACKs.
        Nacks = "nacks",
        /// Picture loss indications.
        Plis = "plis",
        /// Full intra requests.
        Firs = "firs",
        /// The mean delay of the jitter buffer.
        JitterBuffer = "jitter_buffer_us",
        /// Concealed of all audio samples.
        Concealment = "concealment_ratio",
        /// Packets sent again of all packets.
        Retransmit = "retransmit_ratio",
        /// FEC packets.
        FecPackets = "fec_packets",
        /// Packets too late or too early to be played.
        PacketsDiscarded = "packets_discarded",
        /// The mean time to decode or encode a frame.
        CodecTime = "codec_us_per_frame",
        /// The mean quantiser of a frame.
        Qp = "qp_mean",
        /// The width of the picture in pixels; of simulcast layers the largest.
        Width = "width",
        /// The height of the picture in pixels.
        Height = "height",
        /// What the encoder is to send, in bits per second.
        TargetBitrate = "target_bitrate_bps",
        /// The part of the interval in which bandwidth, processor or something else limited the
        /// quality.
        Limited = "limited_ratio",
        /// What limits it: 0 nothing, 1 bandwidth, 2 the processor, 3 something else.
        Limitation = "limitation",
    }
}

columns! {
    /// A column of a connection: a value of one report, absent where it was not measured. Counts are
    /// those of the interval since the report before.
    ConnectionColumn {
        /// Seconds that the rates of the row are taken over.
        Seconds = "seconds",
        /// Everything sent over the transport, in bits per second.
        SentBitrate = "sent_bitrate_bps",
        /// Everything received over it.
        ReceivedBitrate = "received_bitrate_bps",
        /// Payload of the tracks sent, in bits per second.
        OutboundPayloadBitrate = "outbound_payload_bitrate_bps",
        /// Payload of the tracks received.
        InboundPayloadBitrate = "inbound_payload_bitrate_bps",
        /// The bandwidth estimated for sending, in bits per second.
        AvailableOutgoing = "available_outgoing_bps",
        /// The bandwidth estimated for receiving.
        AvailableIncoming = "available_incoming_bps",
        /// The latest STUN round-trip time of the selected pair. Not that of RTCP, which is the tracks'.
        StunRtt = "stun_rtt_us",
        /// The mean of the STUN round-trip times of the interval.
        StunRttMean = "stun_rtt_mean_us",
        /// How often the selected pair changed.
        PairChanges = "pair_changes",
        /// Tracks in the report.
        Tracks = "tracks",
        /// Messages sent over data channels.
        MessagesSent = "messages_sent",
        /// Messages received over them.
        MessagesReceived = "messages_received",
        /// Their bytes.
        MessageBytesSent = "message_bytes_sent",
        /// Their bytes.
        MessageBytesReceived = "message_bytes_received",
        /// By how much the clocks moved apart since the first report.
        ClockSkew = "clock_skew_us",
    }
}

/// One row: `N` values, absent where they were not measured.
#[derive(Clone, Copy, Debug)]
pub struct Row<const N: usize> {
    /// When the report was asked for.
    pub time_us: Micros,
    /// What to know of it.
    pub flags: Flags,
    values: [f64; N],
}

/// Columns of [`TrackColumn`].
pub type TrackRow = Row<{ TrackColumn::ALL.len() }>;

/// Columns of [`ConnectionColumn`].
pub type ConnectionRow = Row<{ ConnectionColumn::ALL.len() }>;

impl<const N: usize> Row<N> {
    pub(super) fn new(time_us: Micros, flags: Flags) -> Row<N> {
        Row { time_us, flags, values: [f64::NAN; N] }
    }

    /// The value of a column, absent where it was not measured.
    pub fn get(&self, column: impl Into<usize>) -> Option<f64> {
        self.values.get(column.into()).copied().filter(|value| !value.is_nan())
    }

    /// All values in the order of the columns, NaN for absent ones.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    pub(super) fn set(&mut self, column: impl Into<usize>, value: Option<f64>) {
        self.values[column.into()] = value.filter(|value| value.is_finite()).unwrap_or(f64::NAN);
    }

    /// The larger of the value that is there and `value`.
    pub(super) fn set_max(&mut self, column: impl Into<usize> + Copy, value: Option<f64>) {
        let there = self.get(column);
        self.set(column, value.map_or(there, |value| Some(there.map_or(value, |there| there.max(value)))));
    }

    /// The sum of the value that is there and `value`.
    pub(super) fn add(&mut self, column: impl Into<usize> + Copy, value: Option<f64>) {
        let there = self.get(column);
        self.set(column, value.map_or(there, |value| Some(value + there.unwrap_or(0.0))));
    }
}

/// Rows in columns, the latest of them when a limit was set.
#[derive(Clone, Debug)]
pub struct History<const N: usize> {
    max_rows: usize,
    time_us: Vec<Micros>,
    flags: Vec<u16>,
    columns: [Vec<f64>; N],
    pushed: u64,
}

impl<const N: usize> History<N> {
    pub(super) fn new(max_rows: usize) -> History<N> {
        History {
            max_rows,
            time_us: Vec::new(),
            flags: Vec::new(),
            columns: std::array::from_fn(|_| Vec::new()),
            pushed: 0,
        }
    }

    pub(super) fn push(&mut self, row: &Row<N>) {
        if self.max_rows == 0 {
            return;
        }
        // Twice as many as promised are kept, so that dropping costs O(1) a row.
        if self.time_us.len() >= self.max_rows.saturating_mul(2) {
            let excess = self.time_us.len() - self.max_rows + 1;
            self.time_us.drain(..excess);
            self.flags.drain(..excess);
            self.columns.iter_mut().for_each(|column| drop(column.drain(..excess)));
        }
        self.pushed += 1;
        self.time_us.push(row.time_us);
        self.flags.push(row.flags.bits());
        self.columns.iter_mut().zip(row.values).for_each(|(column, value)| column.push(value));
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.time_us.len().min(self.max_rows)
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many rows were dropped for newer ones.
    pub fn dropped(&self) -> u64 {
        self.pushed - self.len() as u64
    }

    fn from(&self) -> usize {
        self.time_us.len() - self.len()
    }

    /// When each report was asked for; never falling.
    pub fn time_us(&self) -> &[Micros] {
        &self.time_us[self.from()..]
    }

    /// The bits of the flags of each row.
    pub fn flags(&self) -> &[u16] {
        &self.flags[self.from()..]
    }

    /// A column, NaN where nothing was measured.
    pub fn column(&self, column: impl Into<usize>) -> &[f64] {
        self.columns.get(column.into()).map_or(&[], |column| &column[self.from()..])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_history_keeps_the_latest_rows() {
        let mut history = History::<2>::new(3);
        for i in 0..20 {
            let mut row = Row::new(i, Flags::GAP.when(i % 2 == 1));
            row.set(1usize, Some(i as f64));
            history.push(&row);
            let len = history.len();
            assert_eq!(len, (i as usize + 1).min(3));
            assert_eq!(history.time_us()[len - 1], i);
            assert_eq!(history.column(1usize)[len - 1], i as f64);
        }
        assert_eq!((history.time_us(), history.dropped()), (&[17, 18, 19][..], 17));
        assert_eq!(history.flags(), [8, 0, 8]);
        assert!(history.column(0usize).iter().all(|value| value.is_nan()));
        assert!(history.column(9usize).is_empty());
    }

    #[test]
    fn a_row_holds_no_infinity() {
        let mut row = Row::<1>::new(0, Flags::NONE);
        row.set(0usize, Some(f64::INFINITY));
        assert_eq!(row.get(0usize), None);
        row.add(0usize, Some(2.0));
        row.add(0usize, Some(3.0));
        row.set_max(0usize, Some(4.0));
        row.set_max(0usize, None);
        assert_eq!(row.get(0usize), Some(5.0));
    }
}
