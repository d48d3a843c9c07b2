/** What is sent in a call: the camera and the microphone, or a test picture and a tone. */

/** A camera, or what stands in for it. */
export interface Source {
  video(): MediaStreamTrack;
  audio(): MediaStreamTrack;
  /** What it is, in words. */
  name: string;
  stop(): void;
}

/** Camera and microphone; rejects where they are not there or not allowed. */
export async function camera(): Promise<Source> {
  const devices = navigator.mediaDevices as MediaDevices | undefined;
  if (devices === undefined) throw new Error("the page is not served securely");
  const stream = await devices.getUserMedia({ audio: true, video: { width: 640, height: 360 } });
  const given: MediaStreamTrack[] = [];
  // A track that was stopped cannot be sent again: each sender gets a copy.
  const copy = (track: MediaStreamTrack | undefined): MediaStreamTrack => {
    if (track === undefined) throw new Error("the device has no such track");
    const clone = track.clone();
    given.push(clone);
    return clone;
  };
  return {
    video: () => copy(stream.getVideoTracks()[0]),
    audio: () => copy(stream.getAudioTracks()[0]),
    name: "camera and microphone",
    stop: () => [...stream.getTracks(), ...given].forEach((track) => track.stop()),
  };
}

const WIDTH = 640;
const HEIGHT = 360;
const FRAMES_PER_S = 30;

/** A moving picture drawn on a canvas, and a quiet tone; works everywhere. */
export function testPicture(): Source {
  const canvas = document.createElement("canvas");
  canvas.width = WIDTH;
  canvas.height = HEIGHT;
  const ctx = canvas.getContext("2d", { alpha: false });
  if (ctx === null) throw new Error("the browser gives no canvas to draw on");
  const begin = performance.now();
  const draw = (): void => drawTestPicture(ctx, (performance.now() - begin) / 1000);
  draw();
  // An interval goes on in a page that is not in view, where animation frames stop.
  const timer = setInterval(draw, 1000 / FRAMES_PER_S);
  const sound = new AudioContext();
  const tone = new OscillatorNode(sound, { frequency: 220 });
  const wobble = new OscillatorNode(sound, { frequency: 0.7 });
  const depth = new GainNode(sound, { gain: 60 });
  wobble.connect(depth).connect(tone.frequency);
  const level = new GainNode(sound, { gain: 0.15 });
  tone.connect(level);
  tone.start();
  wobble.start();
  const given: MediaStreamTrack[] = [];
  const give = (track: MediaStreamTrack | undefined): MediaStreamTrack => {
    if (track === undefined) throw new Error("the browser gives no track of a canvas or a tone");
    given.push(track);
    return track;
  };
  return {
    video: () => give(canvas.captureStream(FRAMES_PER_S).getVideoTracks()[0]),
    audio: () => {
      const out = new MediaStreamAudioDestinationNode(sound);
      level.connect(out);
      return give(out.stream.getAudioTracks()[0]);
    },
    name: "test picture and tone",
    stop: () => {
      clearInterval(timer);
      given.forEach((track) => track.stop());
      void sound.close();
    },
  };
}

function drawTestPicture(ctx: CanvasRenderingContext2D, seconds: number): void {
  const sky = ctx.createLinearGradient(0, 0, WIDTH, HEIGHT);
  sky.addColorStop(0, `hsl(${(seconds * 12) % 360} 55% 30%)`);
  sky.addColorStop(1, `hsl(${(seconds * 12 + 80) % 360} 60% 18%)`);
  ctx.fillStyle = sky;
  ctx.fillRect(0, 0, WIDTH, HEIGHT);
  // Much that moves, so that the encoder has something to do.
  for (let i = 0; i < 60; i++) {
    const x = WIDTH * (0.5 + 0.46 * Math.sin(seconds * (0.5 + i / 47) + i * 1.7));
    const y = HEIGHT * (0.5 + 0.42 * Math.cos(seconds * (0.6 + i / 61) + i * 2.3));
    ctx.fillStyle = `hsl(${i * 37} 75% 60% / 0.85)`;
    ctx.beginPath();
    ctx.arc(x, y, 6 + (i % 7) * 3, 0, 2 * Math.PI);
    ctx.fill();
  }
  ctx.fillStyle = "#fff";
  ctx.font = "600 54px system-ui, sans-serif";
  ctx.textAlign = "center";
  ctx.fillText(`${seconds.toFixed(1)} s`, WIDTH / 2, HEIGHT / 2 + 18);
}
