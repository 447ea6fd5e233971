import type { AddressAdapter } from './camera-address.ts';
import { expectedOf, schemaNodeOf, schemaTree, type SchemaNode } from './config-problems.ts';
import { createConfigSchema, type ConfigSchema } from './config-schema.ts';
import type { ProviderSchema } from './provider-list.ts';

/** A markdown table for each section of the configuration, from the schemas that check it. */
export function describeConfig(schema: ConfigSchema, providers: readonly ProviderSchema[] = []): string {
  const tree = schemaTree(schema);
  const top = Object.entries(tree.properties ?? {});
  const plain = top.filter(([, node]) => !isSection(node));
  const sections = top.filter(([, node]) => isSection(node));
  return [
    table(plain, []),
    ...sections.flatMap(([key, node]) =>
      describeSection(key, node, '##').concat(key === 'vision' ? describeProviders(providers) : []),
    ),
  ].join('\n\n');
}

/** The section's own table, and one for each section within it. */
function describeSection(path: string, node: SchemaNode, heading: string): string[] {
  const entry = node.items ?? node;
  const title = node.items === undefined ? `${heading} \`${path}\`` : `${heading} \`${path}\` (a list)`;
  const keys = Object.entries(entry.properties ?? {});
  const within = keys.flatMap(([key, child]) => {
    const section = sectionIn(child);
    return section === undefined ? [] : [[key, section] as const];
  });
  const own = keys.filter(([, child]) => sectionIn(child) !== child);
  return [
    own.length === 0 ? title : `${title}\n\n${table(own, entry.required ?? [])}`,
    ...within.flatMap(([key, child]) => describeSection(`${path}.${key}`, child, `${heading}#`)),
  ];
}

/**
 * What has keys of its own to tell of: a section, one that may be left empty, or a list of them. The keys of providers
 * differ by their type, which is all that the schema of the file knows of them.
 */
function sectionIn(node: SchemaNode): SchemaNode | undefined {
  const keys = Object.keys(node.items?.properties ?? {});
  if (node.properties !== undefined || keys.some((key) => key !== 'type')) return node;
  return node.anyOf?.find(({ properties }) => properties !== undefined);
}

/** One table for all types: a row for each key, or several where its meaning differs. */
function describeProviders(providers: readonly ProviderSchema[]): string[] {
  if (providers.length === 0) return [];
  const types = providers.map(
    ({ type, title, keyVariable }) =>
      `- \`${type}\`: ${title}${keyVariable === null ? '' : `; its key may stand in \`${keyVariable}\``}`,
  );
  const rows = providers.flatMap(({ type, schema }) => {
    const { properties = {}, required = [] } = schemaNodeOf(schema);
    return Object.entries(properties)
      .filter(([key]) => key !== 'type')
      .map(([key, node]) => ({ type, key, cells: cellsOf(key, node, required) }));
  });
  const keys = [...new Set(rows.map(({ key }) => key))];
  const lines = keys.flatMap((key) => {
    const alike = Map.groupBy(
      rows.filter((row) => row.key === key),
      ({ cells }) => cells,
    );
    return [...alike].map(([cells, group]) => `| ${cells} | ${typesOf(group, providers.length)} |`);
  });
  return [
    `### \`vision.providers\` (a list)\n\nEach entry has a \`type\`:\n\n${types.join('\n')}`,
    ['| key | value | default | meaning | types |', '|---|---|---|---|---|', ...lines].join('\n'),
  ];
}

function typesOf(rows: readonly { readonly type: string }[], count: number): string {
  return rows.length === count ? 'all' : rows.map(({ type }) => `\`${type}\``).join(', ');
}

function isSection(node: SchemaNode): boolean {
  return node.properties !== undefined || node.items !== undefined;
}

/** The whole of `docs/configuration.md`. */
export function configurationReference(
  adapters: readonly AddressAdapter[],
  providers: readonly ProviderSchema[],
): string {
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
    vision: { prompt_addition: The blue car is ours. }
vision:
  providers:
    - { type: openai, api_key: "\${OPENAI_API_KEY}" }
    - { type: openai_compatible, name: ollama, model: "qwen3-vl:4b", base_url: "http://127.0.0.1:11434/v1" }
    - { type: local }
  budget: { daily_usd: 1, monthly_usd: 20 }
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
- Without \`vision.providers\`, each of the environment variables \`OPENAI_API_KEY\`, \`ANTHROPIC_API_KEY\`,
  \`GOOGLE_GENERATIVE_AI_API_KEY\` and \`XAI_API_KEY\` that is set puts its provider into the list, in this order, before the
  local describer: pictures of events are then sent there. \`providers: []\` keeps everything on this machine. A variable
  also gives its key to an entry without \`api_key\`.
- Passwords of cameras and keys that are entered later are stored sealed (AES-256-GCM). The key is the environment variable
  \`VEDETTE_SECRET_KEY\` (32 bytes in base64: \`openssl rand -base64 32\`), else the systemd credential
  \`vedette-secret-key\`, else the file \`secret.key\` in the data folder, which is made when it is first needed. Keep a copy
  of it apart from the database. Several keys, the newest first, may stand there: all of them open, the first one seals.
- Cameras of the file are changed in the file only, not through the API.

${describeConfig(createConfigSchema(adapters, providers), providers)}
`;
}

function table(entries: readonly (readonly [string, SchemaNode])[], required: readonly string[]): string {
  const rows = entries.map(([key, node]) => `| ${cellsOf(key, node, required)} |`);
  return ['| key | value | default | meaning |', '|---|---|---|---|', ...rows].join('\n');
}

function cellsOf(key: string, node: SchemaNode, required: readonly string[]): string {
  const fallback = required.includes(key) ? 'required' : showDefault(node.default);
  const cells = [`\`${key}\``, expectedOf(node).replaceAll('"', '`'), fallback, node.description ?? ''];
  return cells.join(' | ');
}

function showDefault(value: unknown): string {
  return value === undefined ? '–' : `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``;
}
