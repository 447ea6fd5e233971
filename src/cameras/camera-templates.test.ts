import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { cameraAdapters } from '../app/builtins.ts';
import { cameraTemplates, fillTemplate, templateOfMaker, type CameraTemplate } from './camera-templates.ts';

const page = readFileSync(new URL('../../docs/cameras.md', import.meta.url), 'utf8');
const values = { host: '192.168.1.20', stream: 'yard', subStream: 'yard_small' };

function templateOf(id: string): CameraTemplate {
  const template = cameraTemplates.find((each) => each.id === id);
  if (template === undefined) throw new Error(`There is no template ${id}.`);
  return template;
}

test('every listed maker is there once', () => {
  const ids = cameraTemplates.map(({ id }) => id);
  const listed = [
    'reolink',
    'hikvision',
    'dahua',
    'axis',
    'tapo',
    'unifi-protect',
    'ubiquiti',
    'wyze-bridge',
    'go2rtc',
    'mediamtx',
    'frigate',
  ];

  expect(ids.toSorted()).toEqual(listed.toSorted());
});

describe.each(cameraTemplates)('the template $id', (template) => {
  test('makes addresses that a camera can have', () => {
    const filled = fillTemplate(template, values);
    const addresses = [filled?.url, filled?.subUrl].filter((each) => typeof each === 'string');

    expect(addresses).toHaveLength(2);
    for (const address of addresses) {
      expect(address).not.toMatch(/[{}]/);
      const adapter = cameraAdapters.find((each) => each.accepts(address));
      expect(adapter?.url.safeParse(address).success).toBe(true);
    }
    const others = [filled?.snapshotUrl, filled?.onvifUrl].filter((each) => typeof each === 'string');
    for (const address of others) expect(new URL(address).hostname).toBe('192.168.1.20');
  });

  test('stands in docs/cameras.md with all that it says', () => {
    const { title, id, url, subUrl, snapshotUrl, onvifUrl, switchOn, notes, unconfirmed } = template;
    const start = page.indexOf(`### ${title}\n`);
    expect(start).toBeGreaterThan(0);
    const end = page.slice(start + 4).search(/\n##/);
    const section = page.slice(start, end < 0 ? undefined : start + 4 + end);
    const said = section.replaceAll(/\s+/g, ' ');

    expect(section).toContain(`--template ${id}`);
    const addresses = [url, subUrl, snapshotUrl, onvifUrl].filter((each) => each !== null);
    for (const address of addresses)
      expect(section).toContain(`\`${address.replace('{port}', String(template.port))}\``);
    for (const sentence of [...switchOn, ...notes]) expect(said).toContain(sentence);
    expect(section.includes('not confirmed')).toBe(unconfirmed.length > 0);
  });
});

test('a channel is written as the maker counts it', () => {
  const third = { host: 'h', channel: 3 };

  expect(fillTemplate(templateOf('reolink'), third)).toMatchObject({
    url: 'rtsp://h:554/Preview_03_main',
    snapshotUrl: 'http://h/cgi-bin/api.cgi?cmd=Snap&channel=2&rs=vedette',
  });
  expect(fillTemplate(templateOf('hikvision'), third)?.subUrl).toBe('rtsp://h:554/Streaming/Channels/302');
});

test('a stream whose name is not known has no address, and a small one is left out', () => {
  const go2rtc = templateOf('go2rtc');

  expect(fillTemplate(go2rtc, { host: 'h' })).toBeUndefined();
  expect(fillTemplate(go2rtc, { host: 'h', stream: 'a b/c?', port: 1 })).toMatchObject({
    url: 'rtsp://h:1/a%20b/c%3F',
    subUrl: null,
  });
});

test('an IPv6 host stands in brackets', () => {
  expect(fillTemplate(templateOf('reolink'), { host: 'fd00::1' })?.url).toContain('rtsp://[fd00::1]:554/');
});

test.each([
  ['HIKVISION', 'hikvision'],
  ['Reolink Innovation', 'reolink'],
  ['Dahua Technology', 'dahua'],
  ['tp-link', 'tapo'],
  ['AXIS', 'axis'],
  ['Praxis GmbH', undefined],
  ['', undefined],
])('the maker %j has the template %s', (maker, id) => {
  expect(templateOfMaker(maker)?.id).toBe(id);
});
