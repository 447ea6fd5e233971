import type { StreamRequest } from './camera-source.ts';
import type { CameraCause } from './camera.ts';

/** What was asked for, as far as the words depend on it. */
type Asked = Pick<StreamRequest, 'protocol' | 'url' | 'username' | 'transport'>;

type Protocol = StreamRequest['protocol'];

/** Types of cameras, which are named by what they speak. */
const protocols: readonly Protocol[] = [
  'rtsp',
  'http_mjpeg',
  'http_snapshot',
  'hls',
  'usb',
  'synthetic',
  'file',
];

/** As `explainCause`, of a camera as it is stored. */
export function explainCameraCause(
  cause: CameraCause,
  { type, url, username }: { readonly type: string; readonly url: string; readonly username: string | null },
): string {
  const protocol = protocols.find((each) => each === type) ?? 'rtsp';
  const device = url.replace(/^usb:(\d+)/, '/dev/video$1').replace(/\?.*$/, '');
  return explainCause(cause, {
    protocol,
    url: protocol === 'usb' ? device : url,
    username,
    transport: protocol === 'rtsp' && url.endsWith('#transport=udp') ? 'udp' : 'tcp',
  });
}

/** What the cause means and what to do: the one text for state, log and notification. Without secrets. */
export function explainCause(cause: CameraCause, asked: Asked): string {
  const { protocol, url } = asked;
  if (protocol === 'file') return explainRecording(cause, url);
  if (protocol === 'usb') return explainDevice(cause, url);
  if (protocol === 'synthetic') return 'The painted scene ended; it begins anew.';
  return explainLive(cause, asked);
}

function explainRecording(cause: CameraCause, path: string): string {
  const known: Partial<Record<CameraCause, string>> = {
    not_found: `There is no file ${path}. Check the path; a relative one starts at the working directory.`,
    unauthorized: `The file ${path} may not be read. Give the user that runs Vedette the right to read it.`,
    invalid_data: `${path} can't be read as a video. Expected a recording such as MP4, Matroska, AVI or a transport stream; check that it is complete.`,
    corrupt: `${path} is damaged: what stands in it can't be decoded. Check that it was copied whole.`,
    unsupported_codec: `${path} holds no video that can be decoded. Record or convert it as H.264 or H.265.`,
    reset: `The file ${path} was changed or taken away while it was read.`,
  };
  return known[cause] ?? `${path} could not be read to its end.`;
}

function explainDevice(cause: CameraCause, path: string): string {
  const known: Partial<Record<CameraCause, string>> = {
    refused: `The camera at ${path} is in use: one program at a time can have it. End the other one.`,
    not_found: `There is no camera at ${path}. Check that it is plugged in; \`ls /dev/video*\` shows what there is.`,
    unauthorized: `${path} may not be read. Add the user that runs Vedette to the group video.`,
    invalid_data: `${path} is no camera that can be read, or it does not know the size, rate or format that is asked for.`,
    unsupported_codec: `${path} sends a format that can't be decoded. Ask for another one: ?format=mjpeg or ?format=yuyv422.`,
    no_frames: `The camera at ${path} sent no picture any more. Plug it in anew if that happens often.`,
    frozen: `The camera at ${path} shows the same picture all the time: it hangs. It is opened anew; plug it in anew if that does not help.`,
    reset: `The camera at ${path} was unplugged, or failed.`,
  };
  return known[cause] ?? `The camera at ${path} could not be read.`;
}

/** Where the words for a stream would mislead. */
const ownWords: Partial<Record<Protocol, Partial<Record<CameraCause, (host: string) => string>>>> = {
  hls: {
    not_found: (host) =>
      `${host} has no playlist, or no segment, at this path. Look up the address that ends in .m3u8.`,
    no_frames: (host) =>
      `${host} answers, but nothing new is in its playlist. Check that whatever makes the stream is running.`,
  },
  http_snapshot: {
    not_found: (host) =>
      `${host} has no picture at this path. Look up the address of the snapshot in the camera's manual.`,
    unsupported_codec: (host) =>
      `${host} answers with a picture that can't be decoded. Set the camera's snapshots to JPEG.`,
    no_frames: (host) =>
      `${host} gave no picture any more. Open the address in a browser; if none comes there either, restart the camera.`,
    ended: (host) => `${host} gives no more pictures.`,
  },
};

function explainLive(cause: CameraCause, { url, protocol, username, transport }: Asked): string {
  const host = hostOf(url);
  const isUdp = transport === 'udp';
  const own = ownWords[protocol]?.[cause];
  if (own !== undefined) return own(host);
  const explained: Record<CameraCause, string> = {
    refused: `${host} refused the connection. Check the port, and that the camera's ${protocol === 'rtsp' ? 'RTSP' : 'HTTP'} service is switched on.`,
    no_such_host: `The name of ${host} can't be resolved. Check its spelling, or use the camera's IP address.`,
    unreachable: `There is no way to ${host} from this machine. Check the network and that the camera has power.`,
    timeout: `${host} did not answer in time. Check that the camera is on and the address is right.`,
    unauthorized:
      username === null
        ? `${host} asks for a user name and a password. Set both for this camera.`
        : `${host} did not accept the user name and password. Correct them; many cameras lock an account after several tries.`,
    not_found: `${host} has no stream at this path. Look up the path of the video stream in the camera's manual.`,
    unsupported_codec: `${host} sends a video format that can't be decoded. Set the camera to H.264, H.265 or MJPEG.`,
    invalid_data: `What ${host} sends can't be read as video. Check the address${isUdp ? '; over UDP, packets may get lost: try TCP' : ''}.`,
    corrupt: `${host} sends damaged video of which no picture can be made any more. ${isUdp ? 'Over UDP, packets get lost: try TCP' : 'Check its network, and restart it if this happens often'}.`,
    reset: `${host} closed the connection. It may have restarted or allow only few viewers at once.`,
    no_frames: `${host} is connected but sent no picture any more. Check the camera's video settings${isUdp ? ', and that UDP packets come through (a firewall may stop them): try TCP' : ''}.`,
    frozen: `${host} shows the same picture all the time: the camera hangs. It is connected to anew, which often helps; if it does not, restart the camera.`,
    ended: `${host} ended the stream.`,
    decoder_crashed: `The decoder of ${host} crashed or hung; it is started anew.`,
    unknown: `The stream of ${host} could not be read.`,
  };
  return explained[cause];
}

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : 'The camera';
}
