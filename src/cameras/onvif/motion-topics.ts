import { childrenOf, elementAt, textAt, type XmlElement } from './xml-document.ts';

/** What a camera says of one of its detectors. */
export interface MotionWord {
  /** Names the detector and what it watches: states of different ones do not mix. */
  readonly detector: string;
  /** `pulse` for detectors that tell of a moment and never say that it is over. */
  readonly state: 'moving' | 'still' | 'pulse';
  /** Tokens of the video source that it names, if it names any. */
  readonly sources: readonly string[];
}

/**
 * Topics that mean motion, without prefixes. The standard ones are of the ONVIF Analytics Service Specification (annexes A
 * and B) and the Event Service's VideoSource topics; `MyRuleDetector` is Reolink's, `People` and `TPSmartEvent` are
 * TP-Link's, as Home Assistant's ONVIF parsers list them (looked up 2026-11).
 */
const motionTopics: readonly RegExp[] = [
  /^RuleEngine\/CellMotionDetector\/(?:Motion|People|LineCross|TpSmartEvent)$/i,
  /^RuleEngine\/MotionRegionDetector\/Motion$/i,
  /^RuleEngine\/FieldDetector\/ObjectsInside$/i,
  /^RuleEngine\/MyRuleDetector\/\w+$/i,
  /^RuleEngine\/(?:People|TPSmartEvent|Vehicle|Intrusion|Person|Pet)Detector\/\w+$/i,
  /^VideoSource\/MotionAlarm$/i,
  /^VideoAnalytics\/Motion(?:Detection|Alarm)?$/i,
];

/** Topics of a moment: something crossed a line. */
const pulseTopics: readonly RegExp[] = [/^RuleEngine\/LineDetector\/Crossed$/i];

/** Names of source items that hold a token of the video source or of its configuration. */
const sourceItems = /^(?:VideoSourceConfigurationToken|VideoSourceToken|VideoSource|Source)$/i;
/** Axis leaves the video source out of some topics; a rule or an analytics module tells detectors apart too. */
const maxDetectorLength = 300;

/** @returns `undefined` for messages that tell of something else */
export function readMotionWord(notification: XmlElement): MotionWord | undefined {
  const topic = plainTopic(textAt(notification, 'Topic') ?? '');
  const isPulse = pulseTopics.some((pattern) => pattern.test(topic));
  if (!isPulse && !motionTopics.some((pattern) => pattern.test(topic))) return undefined;
  const message = elementAt(notification, 'Message', 'Message');
  const source = itemsOf(elementAt(message, 'Source'));
  const detector = [topic, ...source.map(({ name, value }) => `${name}=${value}`)].join(' ');
  const sources = source.filter(({ name }) => sourceItems.test(name)).map(({ value }) => value);
  const word = { detector: detector.slice(0, maxDetectorLength), sources };
  const operation = message?.attributes.get('PropertyOperation');
  if (operation === 'Deleted') return { ...word, state: 'still' };
  // The state at the time of subscribing tells of no crossing.
  if (isPulse) return operation === 'Initialized' ? undefined : { ...word, state: 'pulse' };
  const states = new Set(itemsOf(elementAt(message, 'Data')).map(({ value }) => truthOf(value)));
  if (states.has(true)) return { ...word, state: 'moving' };
  return states.has(false) ? { ...word, state: 'still' } : undefined;
}

/** `tns1:RuleEngine/tnsaxis:Cell//.` becomes `RuleEngine/Cell`. */
function plainTopic(topic: string): string {
  return topic
    .trim()
    .split('/')
    .map((step) => step.replace(/^[^:]*:/, ''))
    .filter((step) => step !== '' && step !== '.')
    .join('/');
}

function itemsOf(element: XmlElement | undefined): { readonly name: string; readonly value: string }[] {
  return childrenOf(element, 'SimpleItem').map(({ attributes }) => ({
    name: attributes.get('Name') ?? '',
    value: attributes.get('Value') ?? '',
  }));
}

/** Of an `xs:boolean`, and of the words that some cameras use. */
function truthOf(value: string): boolean | undefined {
  if (/^(?:true|1|active)$/i.test(value)) return true;
  return /^(?:false|0|inactive)$/i.test(value) ? false : undefined;
}
