/**
 * How a maker's camera writes the same messages: `gsoap` with the prefixes of the gSOAP toolkit, as most do; `hikvision`
 * with other ones and a declaration at each element; `axis` with subscriptions told apart by a number in the header.
 */
export type OnvifStyle = 'gsoap' | 'hikvision' | 'axis';

export interface ChannelOptions {
  /** Token of the video source. */
  readonly source: string;
  readonly profiles: readonly ProfileOptions[];
}

export interface ProfileOptions {
  readonly token: string;
  /** Path and query of its stream. */
  readonly path: string;
  readonly encoding: 'H264' | 'H265' | 'JPEG';
  readonly width: number;
  readonly height: number;
}

export interface AnswerOptions {
  readonly style?: OnvifStyle;
  readonly hasMedia2?: boolean;
  readonly knowsGetServices?: boolean;
  readonly channels?: readonly ChannelOptions[];
  readonly manufacturer?: string;
  /** Host and port that the answers name. */
  readonly here: string;
}

/** A camera with a large and a small stream. */
export const oneChannel: readonly ChannelOptions[] = [
  {
    source: 'VideoSource_1',
    profiles: [
      {
        token: 'MainStream',
        path: '/Streaming/Channels/101?transportmode=unicast&profile=Profile_1',
        encoding: 'H265',
        width: 3840,
        height: 2160,
      },
      {
        token: 'SubStream',
        path: '/Streaming/Channels/102?transportmode=unicast&profile=Profile_2',
        encoding: 'H264',
        width: 640,
        height: 360,
      },
      { token: 'Picture', path: '/Streaming/Channels/103', encoding: 'JPEG', width: 320, height: 180 },
    ],
  },
];

interface Prefixes {
  readonly envelope: string;
  readonly schema: string;
  readonly service: string;
  readonly notification: string;
  readonly addressing: string;
}

const prefixes: Readonly<Record<OnvifStyle, Prefixes>> = {
  gsoap: { envelope: 'SOAP-ENV', schema: 'tt', service: 'tds', notification: 'wsnt', addressing: 'wsa5' },
  hikvision: { envelope: 'env', schema: 'tt', service: 'ns1', notification: 'wsnt', addressing: 'wsa' },
  axis: { envelope: 'soap', schema: 'onvif', service: 'axd', notification: 'b', addressing: 'a' },
};

const services = {
  device: 'http://www.onvif.org/ver10/device/wsdl',
  media: 'http://www.onvif.org/ver10/media/wsdl',
  media2: 'http://www.onvif.org/ver20/media/wsdl',
  events: 'http://www.onvif.org/ver10/events/wsdl',
} as const;

/** The camera's clock; its local time is another one, as in the field. */
export function clockAnswer(now: number, style: OnvifStyle): string {
  const at = new Date(now);
  const { schema: tt } = prefixes[style];
  const time = `<${tt}:Time><${tt}:Hour>${at.getUTCHours()}</${tt}:Hour><${tt}:Minute>${at.getUTCMinutes()}</${tt}:Minute><${tt}:Second>${at.getUTCSeconds()}</${tt}:Second></${tt}:Time>`;
  const date = `<${tt}:Date><${tt}:Year>${at.getUTCFullYear()}</${tt}:Year><${tt}:Month>${at.getUTCMonth() + 1}</${tt}:Month><${tt}:Day>${at.getUTCDate()}</${tt}:Day></${tt}:Date>`;
  return envelope(
    style,
    services.device,
    (s) =>
      `<${s}:GetSystemDateAndTimeResponse><${s}:SystemDateAndTime><${tt}:DateTimeType>NTP</${tt}:DateTimeType><${tt}:DaylightSavings>false</${tt}:DaylightSavings><${tt}:TimeZone><${tt}:TZ>CST-8:00:00</${tt}:TZ></${tt}:TimeZone><${tt}:UTCDateTime>${time}${date}</${tt}:UTCDateTime></${s}:SystemDateAndTime></${s}:GetSystemDateAndTimeResponse>`,
  );
}

export function onvifAnswers(options: AnswerOptions) {
  const { here, style = 'gsoap', channels = oneChannel } = options;
  const { schema: tt, notification: wsnt, addressing: wsa, envelope: env } = prefixes[style];
  const at = (path: string): string => `http://${here}/onvif/${path}`;
  const profiles = channels.flatMap(({ source, profiles }) => profiles.map((each) => ({ ...each, source })));

  function read(action: string, body: string): string | undefined {
    switch (action) {
      case 'GetDeviceInformation':
        return envelope(
          style,
          services.device,
          (s) =>
            `<${s}:GetDeviceInformationResponse><${s}:Manufacturer>${options.manufacturer ?? 'Acme &amp; Sons'}</${s}:Manufacturer><${s}:Model>IPC-4K\u00a0</${s}:Model><${s}:FirmwareVersion>V5.7.3 build 220112</${s}:FirmwareVersion><${s}:SerialNumber>1234</${s}:SerialNumber><${s}:HardwareId>88</${s}:HardwareId></${s}:GetDeviceInformationResponse>`,
        );
      case 'GetServices':
        return options.knowsGetServices === false ? undefined : servicesAnswer();
      case 'GetCapabilities':
        return envelope(
          style,
          services.device,
          (s) =>
            `<${s}:GetCapabilitiesResponse><${s}:Capabilities><${tt}:Events><${tt}:XAddr>${at('events')}</${tt}:XAddr><${tt}:WSPullPointSupport>true</${tt}:WSPullPointSupport></${tt}:Events><${tt}:Media><${tt}:XAddr>${at('media')}</${tt}:XAddr></${tt}:Media></${s}:Capabilities></${s}:GetCapabilitiesResponse>`,
        );
      case 'GetProfiles':
        return body.includes(services.media2) ? profiles2() : profiles1();
      case 'GetStreamUri':
        return streamUri(body);
      default:
        return undefined;
    }
  }

  function servicesAnswer(): string {
    const names = ['device', 'media', 'events', ...(options.hasMedia2 === false ? [] : ['media2'])] as const;
    return envelope(style, services.device, (s) => {
      const list = (names as readonly (keyof typeof services)[]).map(
        (name) =>
          `<${s}:Service><${s}:Namespace>${services[name]}</${s}:Namespace><${s}:XAddr>${at(name)}</${s}:XAddr><${s}:Version><${tt}:Major>2</${tt}:Major><${tt}:Minor>60</${tt}:Minor></${s}:Version></${s}:Service>`,
      );
      return `<${s}:GetServicesResponse>${list.join('')}</${s}:GetServicesResponse>`;
    });
  }

  /** Media 1 calls H.265 nothing at all: cameras leave such profiles out, or call them H264. */
  function profiles1(): string {
    return envelope(style, services.media, (s) => {
      const list = profiles.map(
        ({ token, source, encoding, width, height }) =>
          `<${s}:Profiles fixed="true" token="${token}"><${tt}:Name>${token}</${tt}:Name><${tt}:VideoSourceConfiguration token="${source}_conf"><${tt}:Name>source</${tt}:Name><${tt}:UseCount>3</${tt}:UseCount><${tt}:SourceToken>${source}</${tt}:SourceToken><${tt}:Bounds x="0" y="0" width="3840" height="2160"/></${tt}:VideoSourceConfiguration><${tt}:VideoEncoderConfiguration token="enc_${token}"><${tt}:Name>encoder</${tt}:Name><${tt}:Encoding>${encoding === 'H265' ? 'H264' : encoding}</${tt}:Encoding><${tt}:Resolution><${tt}:Width>${width}</${tt}:Width><${tt}:Height>${height}</${tt}:Height></${tt}:Resolution><${tt}:Quality>3.0</${tt}:Quality><${tt}:RateControl><${tt}:FrameRateLimit>25</${tt}:FrameRateLimit></${tt}:RateControl></${tt}:VideoEncoderConfiguration></${s}:Profiles>`,
      );
      return `<${s}:GetProfilesResponse>${list.join('')}<${s}:Profiles token="AudioOnly"><${tt}:Name>AudioOnly</${tt}:Name></${s}:Profiles></${s}:GetProfilesResponse>`;
    });
  }

  function profiles2(): string {
    return envelope(style, services.media2, (s) => {
      const list = profiles.map(
        ({ token, source, encoding, width, height }) =>
          `<${s}:Profiles token="${token}" fixed="true"><${s}:Name>${token}</${s}:Name><${s}:Configurations><${s}:VideoSource token="${source}_conf"><${tt}:Name>source</${tt}:Name><${tt}:SourceToken>${source}</${tt}:SourceToken></${s}:VideoSource><${s}:VideoEncoder token="enc_${token}" GovLength="50" Profile="Main"><${tt}:Name>encoder</${tt}:Name><${tt}:Encoding>${encoding}</${tt}:Encoding><${tt}:Resolution><${tt}:Width>${width}</${tt}:Width><${tt}:Height>${height}</${tt}:Height></${tt}:Resolution><${tt}:RateControl ConstantBitRate="false"><${tt}:FrameRateLimit>25.000000</${tt}:FrameRateLimit></${tt}:RateControl></${s}:VideoEncoder></${s}:Configurations></${s}:Profiles>`,
      );
      return `<${s}:GetProfilesResponse>${list.join('')}</${s}:GetProfilesResponse>`;
    });
  }

  function streamUri(body: string): string | undefined {
    const token = /ProfileToken>([^<]*)</.exec(body)?.[1];
    const profile = profiles.find((each) => each.token === token);
    if (profile === undefined) return undefined;
    const uri = `rtsp://admin:secret@${here.replace(/:.*$/, '')}:554${profile.path}`.replaceAll('&', '&amp;');
    return body.includes(services.media2)
      ? envelope(
          style,
          services.media2,
          (s) => `<${s}:GetStreamUriResponse><${s}:Uri>${uri}</${s}:Uri></${s}:GetStreamUriResponse>`,
        )
      : envelope(
          style,
          services.media,
          (s) =>
            `<${s}:GetStreamUriResponse><${s}:MediaUri><${tt}:Uri>${uri}</${tt}:Uri><${tt}:InvalidAfterConnect>false</${tt}:InvalidAfterConnect><${tt}:Timeout>PT60S</${tt}:Timeout></${s}:MediaUri></${s}:GetStreamUriResponse>`,
        );
  }

  const times = (now: number, until: number): string =>
    `<${wsnt}:CurrentTime>${new Date(now).toISOString()}</${wsnt}:CurrentTime><${wsnt}:TerminationTime>${new Date(until).toISOString()}</${wsnt}:TerminationTime>`;

  return {
    read,
    subscribed: (id: string, now: number, until: number) => {
      const address = style === 'axis' ? at('events') : at(`subscriptions/${id}`);
      const reference =
        style === 'axis'
          ? `<${wsa}:ReferenceParameters><dom0:SubscriptionId xmlns:dom0="http://www.axis.com/2009/event">${id}</dom0:SubscriptionId></${wsa}:ReferenceParameters>`
          : '';
      return envelope(
        style,
        services.events,
        (s) =>
          `<${s}:CreatePullPointSubscriptionResponse><${s}:SubscriptionReference><${wsa}:Address>${address}</${wsa}:Address>${reference}</${s}:SubscriptionReference>${times(now, until)}</${s}:CreatePullPointSubscriptionResponse>`,
      );
    },
    renewed: (now: number, until: number) =>
      envelope(
        style,
        services.events,
        () =>
          `<${wsnt}:RenewResponse><${wsnt}:TerminationTime>${new Date(until).toISOString()}</${wsnt}:TerminationTime><${wsnt}:CurrentTime>${new Date(now).toISOString()}</${wsnt}:CurrentTime></${wsnt}:RenewResponse>`,
      ),
    unsubscribed: () => envelope(style, services.events, () => `<${wsnt}:UnsubscribeResponse/>`),
    pulled: (notifications: readonly string[], now: number, until: number) =>
      envelope(
        style,
        services.events,
        (s) =>
          `<${s}:PullMessagesResponse><${s}:CurrentTime>${new Date(now).toISOString()}</${s}:CurrentTime><${s}:TerminationTime>${new Date(until).toISOString()}</${s}:TerminationTime>${notifications.join('')}</${s}:PullMessagesResponse>`,
      ),
    fault: (code: string, subcode: string, reason: string) =>
      envelope(
        style,
        services.device,
        () =>
          `<${env}:Fault><${env}:Code><${env}:Value>${env}:${code}</${env}:Value><${env}:Subcode><${env}:Value>ter:${subcode}</${env}:Value></${env}:Subcode></${env}:Code><${env}:Reason><${env}:Text xml:lang="en">${reason}</${env}:Text></${env}:Reason></${env}:Fault>`,
      ),
  };
}

export interface NotificationOptions {
  readonly topic?: string;
  readonly operation?: 'Initialized' | 'Changed' | 'Deleted';
  readonly source?: Readonly<Record<string, string>>;
  readonly data?: Readonly<Record<string, string>>;
}

/** One message of a PullMessages answer. */
export function notification({
  topic = 'tns1:RuleEngine/CellMotionDetector/Motion',
  operation = 'Changed',
  source = { VideoSourceConfigurationToken: 'VideoSource_1_conf', Rule: 'MyMotionDetectorRule' },
  data = { IsMotion: 'true' },
}: NotificationOptions): string {
  return `<wsnt:NotificationMessage xmlns:wsnt="http://docs.oasis-open.org/wsn/b-2" xmlns:tns1="http://www.onvif.org/ver10/topics"><wsnt:Topic Dialect="http://www.onvif.org/ver10/tev/topicExpression/ConcreteSet">${topic}</wsnt:Topic><wsnt:Message><tt:Message xmlns:tt="http://www.onvif.org/ver10/schema" UtcTime="2026-11-24T08:00:00Z" PropertyOperation="${operation}"><tt:Source>${items(source)}</tt:Source><tt:Data>${items(data)}</tt:Data></tt:Message></wsnt:Message></wsnt:NotificationMessage>`;
}

function items(all: Readonly<Record<string, string>>): string {
  return Object.entries(all)
    .map(([name, value]) => `<tt:SimpleItem Name="${name}" Value="${value}"/>`)
    .join('');
}

function envelope(style: OnvifStyle, service: string, body: (prefix: string) => string): string {
  const { envelope: env, schema, service: s, notification: wsnt, addressing } = prefixes[style];
  const declared = [
    `xmlns:${env}="http://www.w3.org/2003/05/soap-envelope"`,
    `xmlns:${schema}="http://www.onvif.org/ver10/schema"`,
    `xmlns:${s}="${service}"`,
    `xmlns:${wsnt}="http://docs.oasis-open.org/wsn/b-2"`,
    `xmlns:${addressing}="http://www.w3.org/2005/08/addressing"`,
    'xmlns:ter="http://www.onvif.org/ver10/error"',
  ];
  return `<?xml version="1.0" encoding="UTF-8"?>\n<${env}:Envelope ${declared.join(' ')}>\n  <${env}:Header/>\n  <${env}:Body>${body(s)}</${env}:Body>\n</${env}:Envelope>\n`;
}
