/** On the clock of the machine's own zone. */
export interface TimeOfDay {
  readonly hour: number;
  readonly minute: number;
}

/** @param text `HH:MM` */
export function parseTimeOfDay(text: string): TimeOfDay {
  const [hour = 0, minute = 0] = text.split(':').map(Number);
  return { hour, minute };
}

/**
 * The first moment after `after` at which the clock on the wall shows this time. Where it is left out in spring, the
 * moment that takes its place.
 *
 * @param after epoch ms
 */
export function nextTimeOfDay({ hour, minute }: TimeOfDay, after: number): number {
  const day = new Date(after);
  for (let ahead = 0; ; ahead += 1) {
    const moment = new Date(day.getFullYear(), day.getMonth(), day.getDate() + ahead, hour, minute).getTime();
    if (moment > after) return moment;
  }
}
