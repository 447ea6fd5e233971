import { expect, test } from 'vitest';
import { DrawnPictures } from './drawn-pictures.ts';

function drawings(): {
  readonly drawn: string[];
  readonly draw: (name: string) => () => Promise<Uint8Array>;
} {
  const drawn: string[] = [];
  const draw = (name: string) => async (): Promise<Uint8Array> => {
    drawn.push(name);
    return Promise.resolve(Buffer.from(name));
  };
  return { drawn, draw };
}

function fail(): Promise<Uint8Array> {
  return Promise.reject(new Error('no file'));
}

test('a picture is drawn once, also when many ask for it at the same time', async () => {
  const pictures = new DrawnPictures(2);
  const { drawn, draw } = drawings();
  const answers = await Promise.all(['a', 'a', 'b'].map((name) => pictures.get(name, draw(name))));
  expect(answers.map(String)).toEqual(['a', 'a', 'b']);
  expect(String(await pictures.get('a', draw('a')))).toBe('a');
  expect(drawn).toEqual(['a', 'b']);
});

test('of more than it keeps, the one that nobody has asked for longest is drawn anew', async () => {
  const pictures = new DrawnPictures(2);
  const { drawn, draw } = drawings();
  for (const name of ['a', 'b', 'a', 'c', 'a', 'b']) await pictures.get(name, draw(name));
  expect(drawn).toEqual(['a', 'b', 'c', 'b']);
});

test('a picture that could not be drawn is tried again', async () => {
  const pictures = new DrawnPictures(2);
  const { draw } = drawings();
  await expect(pictures.get('a', fail)).rejects.toThrow('no file');
  expect(String(await pictures.get('a', draw('a')))).toBe('a');
});
