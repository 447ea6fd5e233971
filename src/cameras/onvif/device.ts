import { CameraLostError } from '../../core/camera-source.ts';
import { serviceAtCamera } from './camera-address.ts';
import type { SoapClient } from './soap-client.ts';
import { showable } from './soap-envelope.ts';
import { childrenOf, elementAt, textAt, type XmlElement } from './xml-document.ts';

const deviceNamespace = 'http://www.onvif.org/ver10/device/wsdl';

export interface DeviceInformation {
  readonly manufacturer: string;
  readonly model: string;
  readonly firmware: string;
}

/** Where the services are, each at the host by which the camera was reached. */
export interface DeviceServices {
  readonly media: URL | undefined;
  /** Media 2, which describes H.265 too. */
  readonly media2: URL | undefined;
  readonly events: URL | undefined;
}

export async function readDeviceInformation(
  client: SoapClient,
  signal: AbortSignal,
): Promise<DeviceInformation> {
  const content = await client.call(
    { action: `${deviceNamespace}/GetDeviceInformation`, body: '<tds:GetDeviceInformation/>' },
    signal,
  );
  const read = (name: string): string => showable(textAt(content, name) ?? '', 100);
  return { manufacturer: read('Manufacturer'), model: read('Model'), firmware: read('FirmwareVersion') };
}

/** By `GetServices`, and by the older `GetCapabilities` for cameras that do not have it. */
export async function readDeviceServices(client: SoapClient, signal: AbortSignal): Promise<DeviceServices> {
  try {
    const content = await client.call(
      {
        action: `${deviceNamespace}/GetServices`,
        body: '<tds:GetServices><tds:IncludeCapability>false</tds:IncludeCapability></tds:GetServices>',
      },
      signal,
    );
    const services = childrenOf(content, 'Service');
    const find = (namespace: string): URL | undefined => {
      const service = services.find((each) => textAt(each, 'Namespace') === namespace);
      return addressIn(service, client.deviceUrl);
    };
    return {
      media: find('http://www.onvif.org/ver10/media/wsdl'),
      media2: find('http://www.onvif.org/ver20/media/wsdl'),
      events: find('http://www.onvif.org/ver10/events/wsdl'),
    };
  } catch (error) {
    if (!(error instanceof CameraLostError) || !/^(?:not_found|unknown)$/.test(error.cameraCause))
      throw error;
  }
  const content = await client.call(
    {
      action: `${deviceNamespace}/GetCapabilities`,
      body: '<tds:GetCapabilities><tds:Category>All</tds:Category></tds:GetCapabilities>',
    },
    signal,
  );
  const capabilities = elementAt(content, 'Capabilities');
  return {
    media: addressIn(elementAt(capabilities, 'Media'), client.deviceUrl),
    media2: undefined,
    events: addressIn(elementAt(capabilities, 'Events'), client.deviceUrl),
  };
}

function addressIn(service: XmlElement | undefined, deviceUrl: URL): URL | undefined {
  const address = textAt(service, 'XAddr');
  return address === undefined ? undefined : serviceAtCamera(address, deviceUrl);
}
