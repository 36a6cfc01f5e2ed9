import type { BrowserContext, BrowserContextOptions } from 'playwright-core';

export const CHROMIUM: string;
export function findChromium(): boolean;
export function launchChromium(
  contextOptions?: BrowserContextOptions,
): Promise<BrowserContext>;
