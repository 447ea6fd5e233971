const weekMs = 7 * 86_400_000;

/**
 * How far a zone of time is ahead of UTC, in milliseconds. Asking `Intl` takes microseconds, too long for each of a
 * hundred thousand moments: a week that begins and ends with the same offset has it throughout.
 */
export class ZoneOffset {
  readonly #ask: (epochMs: number) => number;
  /** By the week since 1970; at its first moment. */
  readonly #known = new Map<number, number>();

  /** @param timeZone an IANA name, known to be one (`isTimeZone`) */
  constructor(timeZone: string) {
    this.#ask = createOffsetReader(timeZone);
  }

  at(epochMs: number): number {
    const week = Math.floor(epochMs / weekMs);
    const offset = this.#atWeek(week);
    return offset === this.#atWeek(week + 1) ? offset : this.#ask(epochMs);
  }

  #atWeek(week: number): number {
    let offset = this.#known.get(week);
    if (offset === undefined) {
      offset = this.#ask(week * weekMs);
      this.#known.set(week, offset);
    }
    return offset;
  }
}

/** The local time of a zone less UTC, asked of `Intl` each time; ms. */
export function createOffsetReader(timeZone: string): (at: number) => number {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    calendar: 'gregory',
    numberingSystem: 'latn',
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  return (at) => {
    const fields = new Map(format.formatToParts(at).map(({ type, value }) => [type, Number(value)]));
    const field = (type: Intl.DateTimeFormatPartTypes): number => fields.get(type) ?? 0;
    const local = Date.UTC(
      field('year'),
      field('month') - 1,
      field('day'),
      field('hour'),
      field('minute'),
      field('second'),
    );
    return local - Math.floor(at / 1000) * 1000;
  };
}
