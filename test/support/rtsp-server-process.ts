/**
 * The RTSP server as a program, so that it can be killed with a signal and so that its CPU time is not the tests':
 *
 *   node test/support/rtsp-server-process.ts [--port 8554] [--user name --password word [--auth basic]] /door=clip.mp4 …
 *
 * Says `{"port":…}` on stdout once it listens. With an IPC channel it also does what `rtsp-server-child.ts` asks.
 */
import { parseArgs } from 'node:util';
import { answerParent } from './asked-process.ts';
import type { RtspCommand, RtspReply } from './rtsp-server-child.ts';
import { startRtspServer, type RtspServerStats } from './rtsp-server.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    port: { type: 'string', default: '0' },
    user: { type: 'string' },
    password: { type: 'string', default: '' },
    auth: { type: 'string', default: 'digest' },
  },
});
const server = await startRtspServer({ port: Number(values.port) });
for (const positional of positionals) {
  const at = positional.indexOf('=');
  if (at < 1) throw new Error(`Received '${positional}', expected /path=clip.mp4.`);
  await server.addStream(positional.slice(0, at), {
    clipPath: positional.slice(at + 1),
    ...(values.user === undefined
      ? {}
      : { credentials: { username: values.user, password: values.password } }),
    auth: values.auth === 'basic' ? 'basic' : 'digest',
  });
}

async function obey(command: RtspCommand): Promise<RtspServerStats> {
  switch (command.call) {
    case 'addStream':
      await server.addStream(command.path, command.options);
      break;
    case 'switchClip':
      await server.switchClip(command.path, command.clipPath);
      break;
    case 'setFault':
      server.setFault(command.path, command.fault);
      break;
    case 'killConnections':
      server.killConnections(command.how);
      break;
    case 'stop':
      await server.stop(command.how);
      break;
    case 'restart':
      await server.restart();
      break;
    case 'stats':
      break;
  }
  return server.stats();
}

process.stdout.write(`${JSON.stringify({ port: server.port })}\n`);
answerParent<RtspCommand, RtspReply>({ port: server.port, stats: server.stats() }, async (command) => ({
  port: server.port,
  stats: await obey(command),
}));
