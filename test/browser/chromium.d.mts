import type { BrowserContext, BrowserContextOptions } from 'playwright-core';

export function findChromium(): boolean;
export function launchChromium(
  contextOptions?: BrowserContextOptions,
): Promise<BrowserContext>;
