import { z } from 'zod';
import { templateOfMaker, type CameraTemplate } from '../cameras/camera-templates.ts';
import type { DiscoveredDevice } from '../cameras/onvif/discover-cameras.ts';
import type { SourceStreams } from '../cameras/onvif/media-profiles.ts';
import { cameraCauses } from '../core/camera.ts';

export const cameraTemplateSchema = z
  .object({
    id: z.string(),
    title: z.string(),
    url: z.string().meta({
      description:
        'With {host}, {port}, {channel} from 1, {channel2} the same in two digits, {channel0} from 0, {stream} and {sub_stream} to be filled in',
    }),
    sub_url: z.string().nullable(),
    snapshot_url: z.string().nullable(),
    port: z.int(),
    onvif_url: z.string().nullable(),
    switch_on: z.array(z.string()).meta({ description: 'What must be done in the camera first' }),
    notes: z.array(z.string()),
    unconfirmed: z
      .array(z.enum(['url', 'sub_url', 'snapshot_url', 'onvif_url']))
      .meta({ description: 'Addresses that no source confirmed' }),
  })
  .meta({ id: 'CameraTemplate' });

const hostPattern = /^(?:https?:\/\/\S+|\[[0-9a-f:.]+\]|[\p{L}\p{N}._-]+)$/iu;

export const discoverBodySchema = z
  .strictObject({
    timeout_ms: z
      .int()
      .min(500)
      .max(20_000)
      .default(3000)
      .meta({ description: 'How long answers of the network are waited for' }),
    host: z
      .string()
      .max(500)
      .regex(hostPattern, 'a name, an IP address or the address of a device service')
      .refine(
        (host) => !/^https?:/i.test(host) || (URL.canParse(host) && new URL(host).username === ''),
        'an address that can be read, without a user name in it',
      )
      .optional()
      .meta({ description: 'Asked instead of the whole network, e.g. where multicast does not get through' }),
    username: z.string().min(1).max(256).optional().meta({
      description: 'Of the ONVIF users of the cameras; with it each is asked for its streams',
    }),
    password: z.string().max(256).optional().meta({ description: 'Used now; neither stored nor shown' }),
  })
  .meta({ id: 'DiscoverBody' });

const streamSchema = z.object({
  url: z.string(),
  codec: z.string(),
  width: z.int(),
  height: z.int(),
  fps: z.number().nullable(),
});

export const discoveredSchema = z
  .object({
    devices: z.array(
      z.object({
        name: z.string(),
        manufacturer: z.string(),
        model: z.string(),
        firmware: z.string(),
        address: z.string(),
        onvif_url: z.string(),
        template: z
          .string()
          .nullable()
          .meta({ description: 'The template of its maker, where there is one' }),
        cause: z.enum(cameraCauses).nullable().meta({ description: 'Why it did not say everything' }),
        message: z.string().nullable(),
        cameras: z
          .array(
            z.object({
              name: z.string(),
              url: z.string(),
              sub_url: z.string().nullable(),
              onvif: z.object({ url: z.string() }),
              main: streamSchema,
              sub: streamSchema.nullable(),
            }),
          )
          .meta({
            description:
              'One for each picture of the device. name, url, sub_url and onvif, with username and password beside them, are a body for POST /cameras',
          }),
      }),
    ),
    total_count: z.int(),
  })
  .meta({ id: 'DiscoveredDevices' });

const wireNames = {
  url: 'url',
  subUrl: 'sub_url',
  snapshotUrl: 'snapshot_url',
  onvifUrl: 'onvif_url',
} as const;

export function toTemplateWire(template: CameraTemplate): z.output<typeof cameraTemplateSchema> {
  return {
    id: template.id,
    title: template.title,
    url: template.url,
    sub_url: template.subUrl,
    snapshot_url: template.snapshotUrl,
    port: template.port,
    onvif_url: template.onvifUrl,
    switch_on: [...template.switchOn],
    notes: [...template.notes],
    unconfirmed: template.unconfirmed.map((name) => wireNames[name]),
  };
}

export function toDiscoveredWire(devices: readonly DiscoveredDevice[]): z.output<typeof discoveredSchema> {
  return { devices: devices.map(toDeviceWire), total_count: devices.length };
}

function toDeviceWire(device: DiscoveredDevice): z.output<typeof discoveredSchema>['devices'][number] {
  const { name, manufacturer, model, firmware, address, deviceUrl, sources, cause, message } = device;
  const shown = name === '' ? address : name;
  return {
    name,
    manufacturer,
    model,
    firmware,
    address,
    onvif_url: deviceUrl,
    template: templateOfMaker(manufacturer)?.id ?? null,
    cause,
    message,
    cameras: sources.map(({ main, sub }, index) => ({
      name: sources.length === 1 ? shown : `${shown} ${index + 1}`,
      url: main.url,
      sub_url: sub?.url ?? null,
      onvif: { url: deviceUrl },
      main: toStreamWire(main),
      sub: sub === null ? null : toStreamWire(sub),
    })),
  };
}

function toStreamWire(stream: SourceStreams['main']): z.output<typeof streamSchema> {
  const { url, encoding, width, height, framesPerSecond } = stream;
  return { url, codec: encoding.toLowerCase(), width, height, fps: framesPerSecond };
}
