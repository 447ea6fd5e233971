import { expect, test } from 'vitest';
import { notification, type NotificationOptions } from '../../../test/support/onvif-messages.ts';
import { MotionMemory, longestBeliefMs, pulseMs } from './motion-memory.ts';
import { readMotionWord, type MotionWord } from './motion-topics.ts';
import { parseXml } from './xml-document.ts';

function wordOf(options: NotificationOptions): ReturnType<typeof readMotionWord> {
  return readMotionWord(parseXml(notification(options)));
}

test.each<[string, NotificationOptions]>([
  ['Hikvision', { topic: 'tns1:RuleEngine/CellMotionDetector/Motion', data: { IsMotion: 'true' } }],
  ['Dahua', { topic: 'tns1:VideoSource/MotionAlarm', source: { Source: 'v1' }, data: { State: 'true' } }],
  ['Reolink', { topic: 'tns1:RuleEngine/MyRuleDetector/PeopleDetect', data: { State: 'true' } }],
  ['Axis', { topic: 'tns1:VideoSource/tns1:MotionAlarm', data: { State: '1' } }],
  ['TP-Link', { topic: 'tns1:RuleEngine/TPSmartEventDetector/TPSmartEvent', data: { IsVehicle: 'true' } }],
  ['a region', { topic: 'ns9:RuleEngine/MotionRegionDetector/Motion//.', data: { State: '1' } }],
  ['a field', { topic: 'tns1:RuleEngine/FieldDetector/ObjectsInside', data: { IsInside: 'true' } }],
  ['the state at the start', { operation: 'Initialized', data: { IsMotion: 'true' } }],
])('%s says that something moves', (_who, options) => {
  expect(wordOf(options)?.state).toBe('moving');
  const stopped = Object.fromEntries(Object.keys(options.data ?? {}).map((name) => [name, 'false']));
  expect(wordOf({ ...options, data: stopped })?.state).toBe('still');
});

test.each<[string, NotificationOptions]>([
  ['a relay', { topic: 'tns1:Device/Trigger/Relay', data: { LogicalState: 'active' } }],
  [
    'a lens that is covered',
    { topic: 'tns1:VideoSource/GlobalSceneChange/ImagingService', data: { State: 'true' } },
  ],
  ['a sound', { topic: 'tns1:AudioAnalytics/Audio/DetectedSound', data: { IsSoundDetected: 'true' } }],
  ['motion without a state', { data: { Window: '3' } }],
  ['motion without data', { data: {} }],
])('%s is no word of motion', (_what, options) => {
  expect(wordOf(options)).toBeUndefined();
});

test('a detector that is taken away sees nothing more', () => {
  expect(wordOf({ operation: 'Deleted' })?.state).toBe('still');
});

test('a crossed line is a moment, and none when it is only remembered', () => {
  const crossed = { topic: 'tns1:RuleEngine/LineDetector/Crossed', data: { ObjectId: '7' } };

  expect(wordOf(crossed)?.state).toBe('pulse');
  expect(wordOf({ ...crossed, operation: 'Initialized' })).toBeUndefined();
});

test('the sources that a message names are known', () => {
  expect(wordOf({ source: { VideoSourceConfigurationToken: 'a', Rule: 'b' } })?.sources).toEqual(['a']);
  expect(wordOf({ source: {} })?.sources).toEqual([]);
});

function word(detector: string, state: MotionWord['state']): MotionWord {
  return { detector, state, sources: [] };
}

test('motion is over when every detector that saw it says so', () => {
  const memory = new MotionMemory();
  memory.note(word('people', 'moving'), 0);
  memory.note(word('cells', 'moving'), 0);
  memory.note(word('cells', 'still'), 1000);

  expect(memory.isMoving(1000)).toBe(true);
  memory.note(word('people', 'still'), 2000);
  expect(memory.isMoving(2000)).toBe(false);
});

test('motion that is never taken back is believed for a while, and longer when it is said again', () => {
  const memory = new MotionMemory();
  memory.note(word('cells', 'moving'), 0);
  memory.note(word('cells', 'moving'), 30_000);

  expect(memory.isMoving(30_000 + longestBeliefMs - 1)).toBe(true);
  expect(memory.isMoving(30_000 + longestBeliefMs)).toBe(false);
});

test('a moment lasts some seconds', () => {
  const memory = new MotionMemory();
  memory.note(word('line', 'pulse'), 0);

  expect(memory.isMoving(pulseMs - 1)).toBe(true);
  expect(memory.isMoving(pulseMs)).toBe(false);
});

test('a camera that invents detectors without end fills no memory', () => {
  const memory = new MotionMemory();
  for (let i = 0; i < 10_000; i += 1) memory.note(word(`${i}`, 'moving'), i);
  for (let i = 9_936; i < 10_000; i += 1) memory.note(word(`${i}`, 'still'), i);

  expect(memory.isMoving(10_000)).toBe(false);
});
