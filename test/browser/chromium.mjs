// Debian's Chromium, steered by playwright-core: for the browser tests and for
// the pictures of the docs.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

/** Another one, to test with: `CHROMIUM=/opt/chromium`. */
const CHOSEN = process.env.CHROMIUM;
const CHROMIUM = CHOSEN ?? '/usr/bin/chromium';

/** Whether it is there; installed where it is missing and we may. */
export function findChromium() {
  if (existsSync(CHROMIUM)) return true;
  if (CHOSEN !== undefined) return false;
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) return false;
  console.warn('Chromium is missing: installing it with apt-get.');
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  for (const args of [
    ['update'],
    ['install', '-y', '--no-install-recommends', 'chromium'],
  ]) {
    spawnSync('apt-get', args, { env, stdio: 'ignore', timeout: 240_000 });
  }
  return existsSync(CHROMIUM);
}

/** Starts it with an empty profile, which goes when it is closed. */
export async function launchChromium(contextOptions = {}) {
  const profile = mkdtempSync(join(tmpdir(), 'circuits-chromium-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: CHROMIUM,
    headless: true,
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
    ...contextOptions,
  });
  // It may still be writing when it says that it is closed.
  const options = {
    recursive: true,
    force: true,
    maxRetries: 10,
    retryDelay: 100,
  };
  context.on('close', () => void rm(profile, options).catch(() => undefined));
  return context;
}
