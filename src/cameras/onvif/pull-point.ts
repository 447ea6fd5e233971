import { randomUUID } from 'node:crypto';
import { CameraLostError } from '../../core/camera-source.ts';
import type { Clock } from '../../core/clock.ts';
import { serviceAtCamera } from './camera-address.ts';
import type { SoapClient } from './soap-client.ts';
import { childrenOf, elementAt, escapeXml, textAt, type XmlElement } from './xml-document.ts';

const events = 'http://www.onvif.org/ver10/events/wsdl';
const subscriptions = 'http://docs.oasis-open.org/wsn/bw-2/SubscriptionManager';

/** Asked for; cameras grant what they like. */
const wantedLifetimeMs = 120_000;
/** What the camera grants is believed within these. */
const [shortestLifetimeMs, longestLifetimeMs] = [10_000, 600_000];
/** How long the camera may keep an unanswered pull open; less where it grants a short life. */
const longestPullMs = 20_000;
/** Beyond the time of the pull itself. */
const answerMs = 8000;
const messageLimit = 64;

/**
 * One subscription to the events of one camera. Pulls wait at the camera until it has something to say; the subscription is
 * renewed between them, when half of its life is over.
 */
export class PullPoint {
  readonly #client: SoapClient;
  readonly #clock: Clock;
  readonly #url: URL;
  /** What the camera wants to see again in every request to this subscription, as XML. */
  readonly #reference: string;
  #renewAt = 0;
  #pullMs = longestPullMs;

  private constructor(client: SoapClient, clock: Clock, url: URL, reference: string, lifetimeMs: number) {
    this.#client = client;
    this.#clock = clock;
    this.#url = url;
    this.#reference = reference;
    this.#setLifetime(lifetimeMs);
  }

  static async subscribe(
    client: SoapClient,
    eventsUrl: URL,
    clock: Clock,
    signal: AbortSignal,
  ): Promise<PullPoint> {
    const action = `${events}/EventPortType/CreatePullPointSubscriptionRequest`;
    const content = await client.call(
      {
        url: eventsUrl,
        action,
        header: addressing(action, eventsUrl),
        body: `<tev:CreatePullPointSubscription><tev:InitialTerminationTime>${duration(wantedLifetimeMs)}</tev:InitialTerminationTime></tev:CreatePullPointSubscription>`,
      },
      signal,
    );
    const reference = elementAt(content, 'SubscriptionReference');
    const url = serviceAtCamera(textAt(reference, 'Address') ?? '', client.deviceUrl);
    if (url === undefined) {
      throw new CameraLostError(
        'invalid_data',
        `${client.deviceUrl.host} took the subscription to its events, but did not say where they are.`,
      );
    }
    return new PullPoint(client, clock, url, referenceHeader(reference), lifetimeOf(content));
  }

  /** What has happened since the last pull; empty when nothing has within the time of a pull. */
  async pull(signal: AbortSignal): Promise<readonly XmlElement[]> {
    if (this.#clock.monotonic() >= this.#renewAt) await this.#renew(signal);
    const content = await this.#call(
      `${events}/PullPointSubscription/PullMessagesRequest`,
      `<tev:PullMessages><tev:Timeout>${duration(this.#pullMs)}</tev:Timeout><tev:MessageLimit>${messageLimit}</tev:MessageLimit></tev:PullMessages>`,
      this.#pullMs + answerMs,
      signal,
    );
    return childrenOf(content, 'NotificationMessage');
  }

  /** So that the camera need not keep what nobody pulls: cameras allow only few subscriptions. */
  async unsubscribe(timeoutMs: number): Promise<void> {
    await this.#call(
      `${subscriptions}/UnsubscribeRequest`,
      '<wsnt:Unsubscribe/>',
      timeoutMs,
      AbortSignal.timeout(timeoutMs),
    );
  }

  /** Cameras that know no renewal prolong with every pull; one that does neither ends the subscription, which is seen then. */
  async #renew(signal: AbortSignal): Promise<void> {
    let lifetimeMs = wantedLifetimeMs;
    try {
      const content = await this.#call(
        `${subscriptions}/RenewRequest`,
        `<wsnt:Renew><wsnt:TerminationTime>${duration(wantedLifetimeMs)}</wsnt:TerminationTime></wsnt:Renew>`,
        answerMs,
        signal,
      );
      lifetimeMs = lifetimeOf(content);
    } catch (error) {
      const isFault = error instanceof CameraLostError && /^(?:not_found|unknown)$/.test(error.cameraCause);
      if (!isFault) throw error;
    }
    this.#setLifetime(lifetimeMs);
  }

  #setLifetime(ms: number): void {
    this.#renewAt = this.#clock.monotonic() + ms / 2;
    this.#pullMs = Math.min(longestPullMs, Math.floor(ms / 3));
  }

  #call(action: string, body: string, timeoutMs: number, signal: AbortSignal): Promise<XmlElement> {
    const header = `${addressing(action, this.#url)}${this.#reference}`;
    return this.#client.call({ url: this.#url, action, header, body, timeoutMs }, signal);
  }
}

function addressing(action: string, to: URL): string {
  return `<a:Action>${action}</a:Action><a:MessageID>urn:uuid:${randomUUID()}</a:MessageID><a:ReplyTo><a:Address>http://www.w3.org/2005/08/addressing/anonymous</a:Address></a:ReplyTo><a:To>${escapeXml(to.href)}</a:To>`;
}

/** Cameras that keep all subscriptions at one address tell them apart by what stands here (Axis: a number). */
function referenceHeader(reference: XmlElement | undefined): string {
  const parameters = elementAt(reference, 'ReferenceParameters')?.children ?? [];
  return parameters
    .slice(0, 8)
    .filter(({ name, namespace, text }) => name.length + namespace.length + text.length < 1000)
    .map(
      ({ name, namespace, text }) =>
        `<r:${name} xmlns:r="${escapeXml(namespace)}" a:IsReferenceParameter="true">${escapeXml(text)}</r:${name}>`,
    )
    .join('');
}

/** By the camera's clock, from its own two times. */
function lifetimeOf(content: XmlElement): number {
  const from = Date.parse(textAt(content, 'CurrentTime') ?? '');
  const until = Date.parse(textAt(content, 'TerminationTime') ?? '');
  const granted = Number.isFinite(until - from) ? until - from : wantedLifetimeMs;
  return Math.min(longestLifetimeMs, Math.max(shortestLifetimeMs, granted));
}

function duration(ms: number): string {
  return `PT${Math.max(1, Math.floor(ms / 1000))}S`;
}
