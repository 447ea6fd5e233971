import type { CameraSettings } from './camera-settings.ts';

/**
 * Whether the camera's own video may be kept and shown. Clips and the live video are packed anew, not coded anew: masks
 * are burned into pictures, and would be missing there.
 */
export function mayShowVideo({ privacyMasks }: Pick<CameraSettings, 'privacyMasks'>): boolean {
  return privacyMasks.length === 0;
}

/** Why a camera can't have clips with these settings, received and expected; `undefined` when it can. */
export function clipProblem(
  settings: Pick<CameraSettings, 'privacyMasks'> & { readonly clip: { readonly isEnabled: boolean } },
): { readonly received: string; readonly expected: string } | undefined {
  if (!settings.clip.isEnabled || mayShowVideo(settings)) return undefined;
  return {
    received: 'true together with privacy.masks',
    expected: "false, or no masks: a clip is the camera's own video, which can't be masked",
  };
}
