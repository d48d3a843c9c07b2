import { integers, sameLength, typed, whole } from "./numbers.js";

/**
 * RTP packets in order of arrival, a column a field: typed arrays of one length, or one number for
 * all packets. They are copied into the module once.
 */
export interface PacketColumns {
  /** When each arrived or was sent, microseconds since the Unix epoch; safe integers. */
  arrivalUs: Float64Array;
  /** Synchronisation source. */
  ssrc: Uint32Array | number;
  /** RTP sequence number. */
  sequence: Uint16Array;
  /** RTP timestamp, ticks of the payload type's clock; 0 without it. */
  rtpTimestamp?: Uint32Array | number;
  /** The whole UDP payload; 0 without it. */
  wireBytes?: Uint16Array | number;
  /** Fixed header, CSRCs and extensions. */
  headerBytes?: Uint16Array | number;
  /** Payload type, 0 to 127. */
  payloadType?: Uint8Array | number;
  /** Padding at the end, its count byte included. */
  paddingBytes?: Uint8Array | number;
  /** A sum of `PacketFlag`s. */
  flags?: Uint8Array | number;
}

/** What the `flags` of a packet say. */
export const PacketFlag = {
  /** The marker bit. */
  MARKER: 1,
  /** Part of a key frame. */
  KEYFRAME: 2,
  /** A retransmission on its own SSRC. */
  RTX: 4,
  /** Forward error correction. */
  FEC: 8,
} as const;

/** The arguments of a raw `record`. */
export type RawPackets = [
  number,
  Float64Array,
  Uint32Array,
  Uint32Array,
  Uint16Array,
  Uint16Array,
  Uint16Array,
  Uint8Array,
  Uint8Array,
  Uint8Array,
];

interface Column {
  readonly length: number;
}

/** Checked columns: one of a single item stands for all, an empty one for zeros. */
export function columns(packets: PacketColumns): RawPackets {
  const arrivalUs = integers(packets.arrivalUs, "arrivalUs");
  const length = arrivalUs.length;
  const column = <T extends Column>(
    given: T | number | undefined,
    type: new (of: number[]) => T,
    bits: number,
    what: string,
  ): T => {
    if (given === undefined) return new type([]);
    if (typeof given === "number") return new type([whole(given, what, 2 ** bits - 1)]);
    sameLength(length, typed(given, type, what), what);
    return given;
  };
  return [
    length,
    arrivalUs,
    column(packets.ssrc, Uint32Array, 32, "ssrc"),
    column(packets.rtpTimestamp, Uint32Array, 32, "rtpTimestamp"),
    column(typed(packets.sequence, Uint16Array, "sequence"), Uint16Array, 16, "sequence"),
    column(packets.wireBytes, Uint16Array, 16, "wireBytes"),
    column(packets.headerBytes, Uint16Array, 16, "headerBytes"),
    column(packets.payloadType, Uint8Array, 8, "payloadType"),
    column(packets.paddingBytes, Uint8Array, 8, "paddingBytes"),
    column(packets.flags, Uint8Array, 8, "flags"),
  ];
}
