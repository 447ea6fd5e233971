import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { startApi } from '../../../test/fakes/api-services.ts';

const files = readdirSync(new URL('../page/', import.meta.url));

test('the page and all its parts are served, and name nothing that is not there', async () => {
  await using api = await startApi();
  const page = await api.call('GET', '/');
  expect(page.status).toBe(200);
  expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
  const reached = new Set<string>();
  const open = ['/'];
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    if (reached.has(path)) continue;
    reached.add(path);
    const answer = await api.call('GET', path);
    expect(`${path} ${answer.status}`).toBe(`${path} 200`);
    for (const [, asset] of answer.text.matchAll(/"(\/assets\/[^"]+)"/g)) open.push(asset ?? '');
    for (const [, module] of answer.text.matchAll(/ from '\.\/([^']+)'/g)) open.push(`/assets/${module}`);
  }
  expect(files.length).toBeGreaterThan(5);
  expect([...reached].toSorted()).toEqual(
    files.map((file) => (file === 'page.html' ? '/' : `/assets/${file}`)).toSorted(),
  );
});

test('the page runs under a policy that lets nothing in from elsewhere, and needs no more', async () => {
  await using api = await startApi();
  const page = await api.call('GET', '/');
  const policy = page.headers.get('content-security-policy') ?? '';
  expect(policy).toContain("default-src 'self'");
  expect(policy).not.toMatch(/unsafe|https?:|\*/);
  expect(page.text).not.toMatch(/<script(?![^>]*src=)|<style|style=|onclick=|https?:\/\//);
});

test('the page puts no text in as HTML', async () => {
  await using api = await startApi();
  const scripts = files.filter((file) => file.endsWith('.js'));
  expect(scripts.length).toBeGreaterThan(5);
  for (const script of scripts) {
    const { text } = await api.call('GET', `/assets/${script}`);
    expect(text).not.toMatch(/innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function/);
  }
});

test('a browser that has the newest page is told so', async () => {
  await using api = await startApi();
  const etag = (await api.call('GET', '/assets/page.js')).headers.get('etag') ?? '';
  expect((await api.call('GET', '/assets/page.js', undefined, { 'if-none-match': etag })).status).toBe(304);
  for (const path of ['/assets/nothing.js', '/assets/..%2fserver.ts', '/assets/page.html', '/assets/']) {
    expect(`${path} ${(await api.call('GET', path)).status}`).toBe(`${path} 404`);
  }
});
