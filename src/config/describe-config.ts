import type { AddressAdapter } from './camera-address.ts';
import { expectedOf, schemaTree, type SchemaNode } from './config-problems.ts';
import { createConfigSchema, type ConfigSchema } from './config-schema.ts';

/** A markdown table for each section of the configuration, from the schema that checks it. */
export function describeConfig(schema: ConfigSchema): string {
  const tree = schemaTree(schema);
  const top = Object.entries(tree.properties ?? {});
  const plain = top.filter(([, node]) => node.properties === undefined && node.items === undefined);
  const sections = top.filter(([, node]) => node.properties !== undefined || node.items !== undefined);
  return [
    table(plain, []),
    ...sections.map(([key, node]) => {
      const entry = node.items ?? node;
      const title = node.items === undefined ? `## \`${key}\`` : `## \`${key}\` (a list)`;
      return `${title}\n\n${table(Object.entries(entry.properties ?? {}), entry.required ?? [])}`;
    }),
  ].join('\n\n');
}

/** The whole of `docs/configuration.md`. */
export function configurationReference(adapters: readonly AddressAdapter[]): string {
  return `# Configuration

Generated from the schema that checks the file; a test compares them.

Vedette needs no configuration: without any camera it starts a demo camera. \`vedette serve --config vedette.yaml\` reads
a YAML file such as this one:

\`\`\`yaml
data_dir: ./data
cameras:
  - name: Front door
    url: rtsp://192.168.1.20:554/stream1
    username: vedette
    password: \${FRONT_DOOR_PASSWORD}
    motion_sensitivity: high
webhooks:
  - name: home
    url: https://home.example/hooks/vedette
    secret: \${WEBHOOK_SECRET}
\`\`\`

- Every key may be left out, except those marked as required. An unknown key is refused, with its path and the key that
  may have been meant. All problems of a file are said at once, with line and column.
- \`\${NAME}\` in a text value stands for the environment variable \`NAME\`, which must be set; \`$\${\` stands for a plain \`\${\`.
- The command line wins over the file: \`--data\`, \`--host\`, \`--port\`; \`--camera NAME=URL\` adds a camera. The environment
  variable \`EVENT_WORKER_COUNT\` wins over \`pipeline.workers\`.
- Cameras of the file are changed in the file only, not through the API.

${describeConfig(createConfigSchema(adapters))}
`;
}

function table(entries: readonly (readonly [string, SchemaNode])[], required: readonly string[]): string {
  const rows = entries.map(([key, node]) => {
    const fallback = required.includes(key) ? 'required' : showDefault(node.default);
    return `| \`${key}\` | ${expectedOf(node).replaceAll('"', '`')} | ${fallback} | ${node.description ?? ''} |`;
  });
  return ['| key | value | default | meaning |', '|---|---|---|---|', ...rows].join('\n');
}

function showDefault(value: unknown): string {
  return value === undefined ? '–' : `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``;
}
