#!/usr/bin/env node
import { startLean } from './lean-start.ts';

// What it replaces this process with needs none of the modules below.
await startLean();
const { runCommandLine } = await import('./command-line.ts');
await runCommandLine();
