/** An answer is a few kB; an error page may be longer. */
const longestBody = 4 * 1024 * 1024;

/**
 * The platform's `fetch` for calls to providers: it follows no redirect (pictures go where the configuration says, and
 * nowhere else) and reads no more than 4 MiB.
 */
export const guardedFetch: typeof globalThis.fetch = async (input, init) => {
  const response = await globalThis.fetch(input, { ...init, redirect: 'manual' });
  if (response.body === null) return response;
  let received = 0;
  const limit = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      received += chunk.byteLength;
      if (received > longestBody)
        controller.error(new Error(`The answer is longer than ${longestBody} bytes`));
      else controller.enqueue(chunk);
    },
  });
  return new Response(response.body.pipeThrough(limit), {
    status: response.status,
    statusText: response.statusText,
    headers: response.headers,
  });
};
