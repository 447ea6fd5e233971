import { z } from 'zod';

/** Both are among them. */
export const wholeNumber = (least: number, most: number) => z.number().int().min(least).max(most);

/** Of a camera or a target. */
export const name = () => z.string().trim().min(1).max(100);
