import { statfs } from 'node:fs/promises';
import { z } from 'zod';
import type { Config } from '../config/config-schema.ts';
import type { RetentionPolicy } from '../store/cleanup-store.ts';
import type { SettingStore } from '../store/event-store.ts';

const defaultCapSetting = 'retention.default_max_bytes';
const capShare = 0.8;

/** The policy of the configuration; without a cap in it, a share of what was free at the first start, which is remembered. */
export async function resolveRetentionPolicy(
  { days, starredDays, maxBytes }: Config['retention'],
  { settings, dataDir }: { readonly settings: SettingStore; readonly dataDir: string },
): Promise<RetentionPolicy> {
  return {
    days,
    starredDays,
    maxBytes: maxBytes === undefined ? await defaultCap(settings, dataDir) : maxBytes,
  };
}

async function defaultCap(settings: SettingStore, dataDir: string): Promise<number> {
  const saved = z
    .number()
    .positive()
    .safeParse(await settings.get(defaultCapSetting));
  if (saved.success) return saved.data;
  const { bavail, bsize } = await statfs(dataDir);
  const cap = Math.max(1, Math.round(bavail * bsize * capShare));
  await settings.set(defaultCapSetting, cap);
  return cap;
}
