import type { Kysely } from 'kysely';
import { initialMigration } from './migration-0001-initial.ts';
import { describingChainMigration } from './migration-0002-describing-chain.ts';
import { cameraSettingsMigration } from './migration-0003-camera-settings.ts';
import { notificationsMigration } from './migration-0004-notifications.ts';
import { searchMigration } from './migration-0006-search.ts';
import { retentionMigration } from './migration-0007-retention.ts';
import { decodeMigration } from './migration-0008-decode.ts';
import { eventClipsMigration } from './migration-0009-event-clips.ts';
import { eventEvidenceMigration } from './migration-0010-event-evidence.ts';
import { cameraLabelsMigration } from './migration-0012-camera-labels.ts';
import { rareFiltersMigration } from './migration-0013-rare-filters.ts';
import { packedEvidenceMigration } from './migration-0014-packed-evidence.ts';

export interface DatabaseMigration {
  up(db: Kysely<unknown>): Promise<void>;
}

/** By name, in the order of their names. Each runs once, in a transaction together with its entry in the book. */
export const migrations: Readonly<Record<string, DatabaseMigration>> = {
  '0001_initial': initialMigration,
  '0002_describing_chain': describingChainMigration,
  '0003_camera_settings': cameraSettingsMigration,
  '0004_notifications': notificationsMigration,
  '0006_search': searchMigration,
  '0007_retention': retentionMigration,
  '0008_decode': decodeMigration,
  '0009_event_clips': eventClipsMigration,
  '0010_event_evidence': eventEvidenceMigration,
  '0012_camera_labels': cameraLabelsMigration,
  '0013_rare_filters': rareFiltersMigration,
  '0014_packed_evidence': packedEvidenceMigration,
};
