import type { CameraTemplate } from '../cameras/camera-templates.ts';
import type { CameraTrial } from '../api/camera-trial.ts';
import { redact } from '../core/redact.ts';
import type { Discovered } from './camera-bench.ts';

interface StreamShape {
  readonly codec: string;
  readonly width: number;
  readonly height: number;
  readonly fps: number | null;
}

/** What a test found, or what is wrong and what to do; lines with their ends. */
export function describeTrial(trial: CameraTrial): string {
  if (trial.ok) {
    return [
      `  pictures: ${describeStream(trial)}`,
      `  analysis: ${describeStream(trial.analysis)}`,
      `  first picture after ${trial.latency_ms} ms`,
      '',
    ].join('\n');
  }
  const hints = trial.hints.map(({ text, url, sub_url: subUrl }) => {
    const addresses = [url, subUrl].filter((each) => each !== null).map((each) => `      ${redact(each)}`);
    return [`    ${text}`, ...addresses].join('\n');
  });
  return [
    `  ${trial.cause}: ${trial.message}`,
    ...(hints.length === 0 ? [] : ['  Try instead:', ...hints]),
    '',
  ].join('\n');
}

export function describeDevices({ devices }: Discovered): string {
  return devices
    .map(({ address, name, manufacturer, model, template, cause, message, cameras }) => {
      const maker = `${manufacturer} ${model}`.trim();
      const shown = [name, maker === '' || maker === name ? '' : `(${maker})`].filter((text) => text !== '');
      const made = template === null ? '' : `, template ${template}`;
      return [
        `${address}  ${shown.join(' ')}${made}`,
        ...(cause === null ? [] : [`  ${cause}: ${message ?? ''}`]),
        ...cameras.flatMap(({ main, sub }) => [
          `  ${main.url}  ${describeStream(main)}`,
          ...(sub === null ? [] : [`  ${sub.url}  ${describeStream(sub)}, small`]),
        ]),
        '',
      ].join('\n');
    })
    .join('');
}

export function describeTemplate(template: CameraTemplate): string {
  const { id, title, port, switchOn, notes, unconfirmed } = template;
  const addresses = [
    ['url', 'large stream'],
    ['subUrl', 'small stream'],
    ['snapshotUrl', 'pictures'],
    ['onvifUrl', 'ONVIF'],
  ] as const;
  const lines = addresses.flatMap(([key, name]) => {
    const address = template[key];
    if (address === null) return [];
    const doubt = unconfirmed.includes(key) ? ' (not confirmed)' : '';
    return [`  ${name.padEnd(12)}  ${address.replace('{port}', String(port))}${doubt}`];
  });
  const steps = switchOn.map((step, index) => `  ${index + 1}. ${step}`);
  return [`${id}: ${title}`, ...steps, ...lines, ...notes.map((note) => `  ${note}`), ''].join('\n');
}

function describeStream({ codec, width, height, fps }: StreamShape): string {
  const size = width === 0 ? '' : ` ${width}×${height}`;
  return `${codec}${size}${fps === null ? '' : ` at ${Math.round(fps)} fps`}`.trim();
}
