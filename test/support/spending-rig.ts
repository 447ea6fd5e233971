import SqliteDatabase from 'better-sqlite3';
import { afterEach, beforeEach } from 'vitest';
import { createId } from '../../src/core/ids.ts';
import { silentLog } from '../../src/core/log.ts';
import { openStore, type SqliteStore } from '../../src/store/open-store.ts';
import {
  unlimitedBudget,
  type Budget,
  type Reservation,
  type SpendAlert,
  type SpendRequest,
} from '../../src/store/spending.ts';
import { FakeClock } from '../fakes/fake-clock.ts';
import { exampleAttempt, exampleTime } from './store-examples.ts';
import { makeTempDir, type TempDir } from './temp-dir.ts';

export function spendRequest(estimateUsd: number | null, change: Partial<SpendRequest> = {}): SpendRequest {
  return {
    provider: 'openai',
    model: 'small-vision',
    eventId: createId(),
    cameraId: 'gate',
    estimateUsd,
    ...change,
  };
}

/** A store that keeps count of what is spent; new for every test. */
export interface SpendingRig {
  readonly clock: FakeClock;
  readonly store: SqliteStore;
  /** After the store was closed. */
  openAgain: () => Promise<void>;
  allow: (change: Partial<Budget>) => void;
  reserve: (estimateUsd: number | null, change?: Partial<SpendRequest>) => Promise<Reservation>;
  spend: (costUsd: number | null, change?: Partial<SpendRequest>) => Promise<void>;
  /** The alerts since the last call. */
  told: () => string[];
  /** Read from the file itself, past the store. */
  ledger: <T>(statement: string) => T[];
}

/** To be called once, beside the tests of a file. */
export function spendingRig(): SpendingRig {
  let dir: TempDir;
  let clock: FakeClock;
  let store: SqliteStore;
  let alerts: SpendAlert[];

  async function openAgain(): Promise<void> {
    store = await openStore({
      dataDir: dir.path,
      log: silentLog(),
      clock,
      onSpendAlert: (alert) => alerts.push(alert),
    });
  }

  beforeEach(async () => {
    dir = await makeTempDir();
    clock = new FakeClock(exampleTime);
    alerts = [];
    await openAgain();
  });

  afterEach(async () => {
    await store[Symbol.asyncDispose]();
    await dir[Symbol.asyncDispose]();
  });

  function allow(change: Partial<Budget>): void {
    store.spending.setBudget({ ...unlimitedBudget, ...change });
  }

  async function reserve(
    estimateUsd: number | null,
    change: Partial<SpendRequest> = {},
  ): Promise<Reservation> {
    return store.spending.reserve(spendRequest(estimateUsd, change));
  }

  async function spend(costUsd: number | null, change: Partial<SpendRequest> = {}): Promise<void> {
    const reservation = await reserve(costUsd, change);
    if (reservation.kind !== 'reserved') throw new Error(reservation.message);
    await store.spending.settle(reservation.id, exampleAttempt({ costUsd }));
  }

  /** The alerts since the last call. */
  function told(): string[] {
    return alerts.splice(0).map(({ name, percent }) => `${name} ${percent}`);
  }

  /** Read from the file itself, past the store. */
  function ledger<T>(statement: string): T[] {
    const database = new SqliteDatabase(dir.file('vedette.db'), { readonly: true });
    try {
      return database.prepare<[], T>(statement).all();
    } finally {
      database.close();
    }
  }

  return {
    get clock() {
      return clock;
    },
    get store() {
      return store;
    },
    openAgain,
    allow,
    reserve,
    spend,
    told,
    ledger,
  };
}
