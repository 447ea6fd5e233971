import type { CaptureMode, StreamRequest } from '../core/camera-source.ts';

/** A playlist or a script of other addresses is no recording: only true containers are opened. */
const recordingFormats =
  'mov,matroska,webm,avi,mpegts,mpeg,mpegvideo,flv,h264,hevc,av1,obu,ivf,m4v,mjpeg,asf,ogg,gif,mxf,rm,dhav,nut,swf,wtv';

/** What segments of HLS are, and what may stand beside the video in a playlist. */
const hlsFormats = 'hls,mpegts,mov,mp4,aac,mp3,ac3,eac3,webvtt';

/** A server that sends nothing of a playlist or a segment for so long is as good as gone. */
const hlsSilenceMs = 5_000;

/** Bytes and microseconds that the analysis of a live stream may take when its description does not suffice. */
const liveAnalysis = { probesize: '2000000', analyzeduration: '2000000' };

/**
 * FFmpeg's options for an address. Every one that speaks to a network has a timeout: without it a stalled read never
 * returns; and lists of what it may open, so that no answer of a camera leads to a file or to another protocol.
 */
export function inputOptions(request: StreamRequest, ioTimeoutMs: number): Record<string, string> {
  const timeoutUs = String(ioTimeoutMs * 1000);
  const byProtocol: Record<StreamRequest['protocol'], Record<string, string>> = {
    file: { protocol_whitelist: 'file', format_whitelist: recordingFormats },
    rtsp: {
      rtsp_transport: request.transport,
      timeout: timeoutUs,
      allowed_media_types: 'video',
      // Room for a whole key frame of a large picture.
      buffer_size: '2097152',
      protocol_whitelist: 'rtsp,rtsps,tcp,tls,udp,rtp,srtp',
      format_whitelist: 'rtsp,sdp,rtp',
      ...liveAnalysis,
    },
    http_mjpeg: {
      timeout: timeoutUs,
      rw_timeout: timeoutUs,
      protocol_whitelist: 'http,https,tcp,tls',
      format_whitelist: 'mpjpeg,mjpeg',
      ...liveAnalysis,
    },
    hls: {
      rw_timeout: String(Math.min(ioTimeoutMs, hlsSilenceMs) * 1000),
      protocol_whitelist: 'http,https,tcp,tls,crypto',
      format_whitelist: hlsFormats,
      // The names of segments are anything; what they are is decided by the list of formats.
      extension_picky: '0',
      allowed_extensions: 'ALL',
      allowed_segment_extensions: 'ALL',
      // From the newest segment on: what is seen is to be seen now.
      live_start_index: '-1',
      // Of a playlist that no longer grows: each try waits for half a segment.
      max_reload: '8',
      ...liveAnalysis,
    },
    usb: usbOptions(request.capture),
    http_snapshot: {},
    synthetic: {},
  };
  return byProtocol[request.protocol];
}

/** Compressed by the camera unless something else is asked for: USB has no room for large pictures as they are. */
function usbOptions(capture: CaptureMode | undefined): Record<string, string> {
  const { size = null, framesPerSecond = null, format = null } = capture ?? {};
  return {
    ...(size === null ? {} : { video_size: `${size.width}x${size.height}` }),
    ...(framesPerSecond === null ? {} : { framerate: String(framesPerSecond) }),
    input_format: format ?? 'mjpeg',
  };
}
