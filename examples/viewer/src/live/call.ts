/** A call from the page to itself. */

import type { Source } from "./media";

/** Both ends of a call: what one sends the other receives. */
export class LoopbackCall {
  readonly #source: Source;
  readonly #sending = new RTCPeerConnection();
  readonly #receiving = new RTCPeerConnection();
  readonly #received: (tracks: MediaStreamTrack[]) => void;
  #videos: RTCRtpSender[] = [];
  #audio: RTCRtpSender | undefined;
  #bitrateBps: number | null = null;
  #negotiating: Promise<void> = Promise.resolve();
  #ended = false;

  /** Connects both ends, with one video and one audio track; `received` gets what arrives. */
  static async start(
    source: Source,
    received: (tracks: MediaStreamTrack[]) => void,
  ): Promise<LoopbackCall> {
    const call = new LoopbackCall(source, received);
    try {
      call.#audio = call.#sending.addTrack(source.audio());
      await call.addVideo();
    } catch (error) {
      call.stop();
      throw error;
    }
    return call;
  }

  private constructor(source: Source, received: (tracks: MediaStreamTrack[]) => void) {
    this.#source = source;
    this.#received = received;
    relay(this.#sending, this.#receiving);
    relay(this.#receiving, this.#sending);
  }

  /** How many video tracks are sent. */
  get videos(): number {
    return this.#videos.length;
  }

  /** The reports of both ends. */
  async reports(): Promise<{ sending: RTCStatsReport; receiving: RTCStatsReport }> {
    const [sending, receiving] = await Promise.all([
      this.#sending.getStats(),
      this.#receiving.getStats(),
    ]);
    return { sending, receiving };
  }

  /** Limits each video track; `null` takes the limit away. */
  async limitVideo(bitrateBps: number | null): Promise<void> {
    this.#bitrateBps = bitrateBps;
    await Promise.all(this.#videos.map((sender) => this.#limit(sender)));
  }

  /** Sends one video track more. */
  async addVideo(): Promise<void> {
    const sender = this.#sending.addTrack(this.#source.video());
    this.#videos.push(sender);
    await this.#negotiate();
    await this.#limit(sender);
  }

  /** Stops sending the video track that was added last. */
  async removeVideo(): Promise<void> {
    const sender = this.#videos.pop();
    if (sender === undefined) return;
    sender.track?.stop();
    // Stopped for good, and gone from the reports: a sender without a track would stay in them.
    const stopped = this.#sending.getTransceivers().find((one) => one.sender === sender);
    stopped?.stop();
    await this.#negotiate();
  }

  /** Sends sound, or silence that is not sent at all. */
  async sendAudio(on: boolean): Promise<void> {
    const parameters = this.#audio?.getParameters();
    for (const encoding of parameters?.encodings ?? []) encoding.active = on;
    if (parameters !== undefined) await this.#audio?.setParameters(parameters);
  }

  /** Ends the call. */
  stop(): void {
    this.#ended = true;
    this.#sending.close();
    this.#receiving.close();
    this.#source.stop();
  }

  async #limit(sender: RTCRtpSender): Promise<void> {
    const parameters = sender.getParameters();
    for (const encoding of parameters.encodings) {
      if (this.#bitrateBps === null) delete encoding.maxBitrate;
      else encoding.maxBitrate = this.#bitrateBps;
    }
    await sender.setParameters(parameters);
  }

  /** One negotiation after another: an offer during another would be refused. */
  #negotiate(): Promise<void> {
    const next = this.#negotiating.then(async () => {
      if (this.#ended) return;
      await this.#sending.setLocalDescription();
      await this.#receiving.setRemoteDescription(described(this.#sending));
      await this.#receiving.setLocalDescription();
      await this.#sending.setRemoteDescription(described(this.#receiving));
      const live = this.#receiving
        .getTransceivers()
        .filter(({ currentDirection }) => currentDirection === "recvonly");
      this.#received(live.map(({ receiver }) => receiver.track));
    });
    this.#negotiating = next.catch(() => {});
    return next;
  }
}

function described(end: RTCPeerConnection): RTCSessionDescription {
  if (end.localDescription === null) throw new Error("the connection has no description");
  return end.localDescription;
}

/** Candidates of `from` go to `to`, once it knows whom it talks to. */
function relay(from: RTCPeerConnection, to: RTCPeerConnection): void {
  const early: RTCIceCandidate[] = [];
  const add = (candidate: RTCIceCandidate): void => {
    // A connection that was closed meanwhile needs none.
    if (to.signalingState !== "closed") to.addIceCandidate(candidate).catch(() => {});
  };
  from.addEventListener("icecandidate", ({ candidate }) => {
    if (candidate === null) return;
    if (to.remoteDescription === null) early.push(candidate);
    else add(candidate);
  });
  to.addEventListener("signalingstatechange", () => {
    if (to.remoteDescription !== null) early.splice(0).forEach(add);
  });
}
