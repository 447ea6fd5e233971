/**
 * How the cameras and restreamers of common makers are reached. The one table of them: the API, the command line and
 * `docs/cameras.md` say what stands here.
 *
 * Looked up on 2026-11-24; what no source confirmed is named in `unconfirmed`. Sources:
 * - Reolink: support.reolink.com 900000630706 (RTSP), 900000617826 (which cameras), its CGI manual (snapshot); ONVIF port
 *   8000 by go2rtc's ONVIF page
 * - Hikvision: go2rtc's ISAPI page, integrators' notes of `Streaming/Channels/<channel><stream>`
 * - Dahua and Amcrest: Frigate's and camera.ui's lists of `cam/realmonitor`
 * - Axis: VAPIX video streaming API (axis.com/vapix-library, RTSP and Motion JPEG)
 * - Tapo: tapo.com FAQ 34 by go2rtc's Tapo page; ONVIF port 2020 by go2rtc's ONVIF page
 * - UniFi Protect: go2rtc issue 81 (drop `?enableSrtp`), reports of ports 7441 (TLS) and 7447 (plain)
 * - Wyze: docker-wyze-bridge, README and wiki "Camera Substreams"
 * - go2rtc, MediaMTX, Frigate: their own documentation
 */
export interface CameraTemplate {
  /** For `--template`. */
  readonly id: string;
  readonly title: string;
  /** How its cameras call their maker over ONVIF: words that stand in it, in lower case. */
  readonly makers: readonly string[];
  /**
   * Address of the large stream. `{host}`, `{port}`, `{channel}` (from 1), `{channel2}` (the same in two digits),
   * `{channel0}` (from 0), `{stream}` and `{sub_stream}` (names that the user knows) are filled in.
   */
  readonly url: string;
  /** Of the small one; `null` where there is none, or where it has no name that follows. */
  readonly subUrl: string | null;
  /** Of single pictures. */
  readonly snapshotUrl: string | null;
  /** Of the streams. */
  readonly port: number;
  /** Of the ONVIF device service; `null` where there is none. */
  readonly onvifUrl: string | null;
  /** What must be done in the camera first. */
  readonly switchOn: readonly string[];
  readonly notes: readonly string[];
  readonly unconfirmed: readonly ('url' | 'subUrl' | 'snapshotUrl' | 'onvifUrl')[];
}

const devicePath = 'onvif/device_service';

export const cameraTemplates: readonly CameraTemplate[] = [
  {
    id: 'reolink',
    title: 'Reolink',
    makers: ['reolink'],
    url: 'rtsp://{host}:{port}/Preview_{channel2}_main',
    subUrl: 'rtsp://{host}:{port}/Preview_{channel2}_sub',
    snapshotUrl: 'http://{host}/cgi-bin/api.cgi?cmd=Snap&channel={channel0}&rs=vedette',
    port: 554,
    onvifUrl: `http://{host}:8000/${devicePath}`,
    switchOn: [
      'Settings → Network → Advanced → Port Settings (Server Settings): switch on RTSP and ONVIF; HTTP for single pictures.',
    ],
    notes: [
      'Older firmware wants `h264Preview_01_main` or `h265Preview_01_main` instead of `Preview_01_main`.',
      'Battery cameras have no RTSP of their own: they need a Reolink Home Hub.',
      'Single pictures want `&user=…&password=…` behind the address.',
    ],
    unconfirmed: [],
  },
  {
    id: 'hikvision',
    title: 'Hikvision',
    makers: ['hikvision', 'hik', 'annke', 'hilook'],
    url: 'rtsp://{host}:{port}/Streaming/Channels/{channel}01',
    subUrl: 'rtsp://{host}:{port}/Streaming/Channels/{channel}02',
    snapshotUrl: 'http://{host}/ISAPI/Streaming/channels/{channel}01/picture',
    port: 554,
    onvifUrl: `http://{host}/${devicePath}`,
    switchOn: [
      'Configuration → Network → Advanced Settings → Integration Protocol: enable ONVIF and add an ONVIF user, best with the name and password of the camera user.',
      'Configuration → System → Security: RTSP authentication "digest" or "digest/basic".',
    ],
    notes: [
      'Also for HiLook, Annke and other rebranded models. The address takes another spelling too: `/Streaming/channels/101`.',
    ],
    unconfirmed: ['onvifUrl'],
  },
  {
    id: 'dahua',
    title: 'Dahua, Amcrest',
    makers: ['dahua', 'amcrest', 'lorex'],
    url: 'rtsp://{host}:{port}/cam/realmonitor?channel={channel}&subtype=0',
    subUrl: 'rtsp://{host}:{port}/cam/realmonitor?channel={channel}&subtype=1',
    snapshotUrl: 'http://{host}/cgi-bin/snapshot.cgi?channel={channel}',
    port: 554,
    onvifUrl: `http://{host}/${devicePath}`,
    switchOn: [
      'Setup → Camera → Video: switch the sub stream on.',
      'Setup → Network → Platform Access → ONVIF (or Connection): switch ONVIF on; it may have users of its own under System → Account → ONVIF User.',
    ],
    notes: ['Also for Lorex, Empire Tech and other rebranded models.'],
    unconfirmed: ['snapshotUrl'],
  },
  {
    id: 'axis',
    title: 'Axis',
    makers: ['axis'],
    url: 'rtsp://{host}:{port}/axis-media/media.amp?camera={channel}&videocodec=h264',
    subUrl: 'rtsp://{host}:{port}/axis-media/media.amp?camera={channel}&videocodec=h264&resolution=640x360',
    snapshotUrl: 'http://{host}/axis-cgi/jpg/image.cgi?camera={channel}',
    port: 554,
    onvifUrl: `http://{host}/${devicePath}`,
    switchOn: [
      'System → Accounts → ONVIF accounts: add an account; the others do not count for ONVIF.',
      'System → Plain config → Network → RTSP: RTSP is on unless somebody switched it off.',
    ],
    notes: [
      'Any size that the camera knows can be asked for: list them at `http://{host}/axis-cgi/param.cgi?action=list&group=Properties.Image.Resolution`.',
      'MJPEG over HTTP: `http://{host}/axis-cgi/mjpg/video.cgi`.',
    ],
    unconfirmed: [],
  },
  {
    id: 'tapo',
    title: 'TP-Link Tapo',
    makers: ['tp-link', 'tapo'],
    url: 'rtsp://{host}:{port}/stream1',
    subUrl: 'rtsp://{host}:{port}/stream2',
    snapshotUrl: null,
    port: 554,
    onvifUrl: `http://{host}:2020/${devicePath}`,
    switchOn: [
      'Tapo app → the camera → Settings → Advanced Settings → Camera Account: create one. It is neither your TP-Link account nor its password.',
      'Newer firmware: Tapo app → Me → Tapo Lab → Third-Party Compatibility: switch it on.',
    ],
    notes: [
      'Battery models have no RTSP.',
      'A camera that already sends to an SD card and the cloud may refuse a third viewer.',
    ],
    unconfirmed: [],
  },
  {
    id: 'unifi-protect',
    title: 'UniFi Protect (RTSPS)',
    makers: [],
    url: 'rtsps://{host}:{port}/{stream}',
    subUrl: 'rtsps://{host}:{port}/{sub_stream}',
    snapshotUrl: null,
    port: 7441,
    onvifUrl: null,
    switchOn: [
      'Protect → the camera → Settings → Advanced (Share Livestream in older versions): switch on RTSPS for High and for Low.',
      'Copy both addresses. What stands between the last `/` and `?enableSrtp` is the name of the stream; leave `?enableSrtp` out.',
    ],
    notes: [
      'The host is that of the console, not of the camera; no user name and no password: the name of the stream is the secret.',
      'Without TLS: `rtsp://{host}:7447/{stream}`, the same name.',
    ],
    unconfirmed: [],
  },
  {
    id: 'ubiquiti',
    title: 'Ubiquiti (camera alone, without Protect)',
    makers: [],
    url: 'rtsp://{host}:{port}/s0',
    subUrl: 'rtsp://{host}:{port}/s2',
    snapshotUrl: 'http://{host}/snap.jpeg',
    port: 554,
    onvifUrl: null,
    switchOn: [
      "Open the camera's own page (https://{host}) and put it into standalone mode; that resets its management by Protect or UniFi Video.",
      'Settings → Services: switch on the RTSP server, and anonymous snapshots for single pictures.',
    ],
    notes: [
      '`s1` is the stream between the two. Newer cameras work with a console only: use `unifi-protect`.',
    ],
    unconfirmed: ['url', 'subUrl', 'snapshotUrl'],
  },
  {
    id: 'wyze-bridge',
    title: 'Wyze (docker-wyze-bridge)',
    makers: [],
    url: 'rtsp://{host}:{port}/{stream}',
    subUrl: 'rtsp://{host}:{port}/{stream}-sub',
    snapshotUrl: null,
    port: 8554,
    onvifUrl: null,
    switchOn: [
      'Run docker-wyze-bridge with port 8554 open. The name of the stream is that of the camera in lower case with hyphens, as its page (port 5000) shows it.',
      '`SUBSTREAM=True` switches on the small stream, where the firmware of the camera has it; without it leave the small stream out.',
    ],
    notes: ['With `WB_AUTH=True` (the default) it wants a user name and a password: its page shows them.'],
    unconfirmed: [],
  },
  {
    id: 'go2rtc',
    title: 'go2rtc',
    makers: [],
    url: 'rtsp://{host}:{port}/{stream}',
    subUrl: 'rtsp://{host}:{port}/{sub_stream}',
    snapshotUrl: 'http://{host}:1984/api/frame.jpeg?src={stream}',
    port: 8554,
    onvifUrl: null,
    switchOn: [
      '`streams:` in go2rtc.yaml names the streams; add a second one for the small stream of the camera.',
    ],
    notes: ['`rtsp: { username, password }` in go2rtc.yaml asks for credentials; not from the same machine.'],
    unconfirmed: ['snapshotUrl'],
  },
  {
    id: 'mediamtx',
    title: 'MediaMTX',
    makers: [],
    url: 'rtsp://{host}:{port}/{stream}',
    subUrl: 'rtsp://{host}:{port}/{sub_stream}',
    snapshotUrl: null,
    port: 8554,
    onvifUrl: null,
    switchOn: ['`paths:` in mediamtx.yml names the streams, each with its `source`.'],
    notes: ['`authInternalUsers` in mediamtx.yml says who may read.'],
    unconfirmed: [],
  },
  {
    id: 'frigate',
    title: 'Frigate (restream)',
    makers: [],
    url: 'rtsp://{host}:{port}/{stream}',
    subUrl: 'rtsp://{host}:{port}/{sub_stream}',
    snapshotUrl: 'http://{host}:5000/api/{stream}/latest.jpg',
    port: 8554,
    onvifUrl: null,
    switchOn: [
      "`go2rtc: streams:` in Frigate's configuration names the streams; port 8554 must be open in its container.",
    ],
    notes: [
      'The camera then has one connection for both: useful for those that allow only few viewers.',
      "For ONVIF events name the camera's own device service.",
    ],
    unconfirmed: ['snapshotUrl'],
  },
];

export interface TemplateValues {
  readonly host: string;
  /** Of the streams; the maker's usual one unless given. */
  readonly port?: number | undefined;
  /** From 1; 1 unless given. */
  readonly channel?: number | undefined;
  readonly stream?: string | undefined;
  readonly subStream?: string | undefined;
}

export interface FilledTemplate {
  readonly url: string;
  /** `null` where there is no small stream, or nobody has said its name. */
  readonly subUrl: string | null;
  readonly snapshotUrl: string | null;
  readonly onvifUrl: string | null;
}

/** @returns the name of the stream is missing where it is `undefined` */
export function fillTemplate(template: CameraTemplate, values: TemplateValues): FilledTemplate | undefined {
  const url = fill(template.url, template, values);
  if (url === undefined) return undefined;
  const optional = (pattern: string | null): string | null =>
    pattern === null ? null : (fill(pattern, template, values) ?? null);
  return {
    url,
    subUrl: optional(template.subUrl),
    snapshotUrl: optional(template.snapshotUrl),
    onvifUrl: optional(template.onvifUrl),
  };
}

/** By what a camera says of itself over ONVIF; `undefined` for a maker that is not in the table. */
export function templateOfMaker(manufacturer: string): CameraTemplate | undefined {
  const words = manufacturer.toLowerCase().split(/[\s,._/]+/);
  return cameraTemplates.find(({ makers }) => makers.some((maker) => words.includes(maker)));
}

/** True when the address can't be had without the name of a stream. */
export function wantsStreamName({ url }: CameraTemplate): boolean {
  return url.includes('{stream}');
}

function fill(pattern: string, { port }: CameraTemplate, values: TemplateValues): string | undefined {
  const { host, channel = 1 } = values;
  const known: Readonly<Record<string, string | undefined>> = {
    host: host.includes(':') && !host.startsWith('[') ? `[${host}]` : host,
    port: String(values.port ?? port),
    channel: String(channel),
    channel2: String(channel).padStart(2, '0'),
    channel0: String(channel - 1),
    stream: nameInPath(values.stream),
    sub_stream: nameInPath(values.subStream),
  };
  const names = [...pattern.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? '');
  if (names.some((name) => known[name] === undefined)) return undefined;
  return pattern.replaceAll(/\{(\w+)\}/g, (_all, name: string) => known[name] ?? '');
}

/** A name as it stands in an address; `undefined` for none. Names with slashes are paths, as MediaMTX has them. */
function nameInPath(name: string | undefined): string | undefined {
  if (name === undefined || name === '') return undefined;
  return name
    .split('/')
    .map((part) => encodeURIComponent(part))
    .join('/');
}
