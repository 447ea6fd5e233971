import { parentPort, workerData } from 'node:worker_threads';
import { paintDemoFrames } from './demo-frames.ts';

// Every message asks for one picture; `null` says that there are no more.
const frames = paintDemoFrames(Number(workerData));
parentPort?.on('message', () => {
  const next = frames.next();
  if (next.done === true) parentPort?.postMessage(null, []);
  else parentPort?.postMessage(next.value, [next.value.buffer]);
});
