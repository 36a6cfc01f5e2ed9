// Builds the dashboard's page and puts it, as text, in the place of the module that stands for it in both builds.
import { existsSync, writeFileSync } from 'node:fs';
import { build } from 'vite';

const TYPES = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
};

/** @param {readonly string[]} formats the builds that get the page */
export async function buildPage(formats) {
  const files = await bundle();
  const text = JSON.stringify(files, null, 1);
  for (const format of formats) {
    const module = `dist/${format}/dashboard/page-files.js`;
    if (!existsSync(module))
      throw new Error(`${module} is to hold the page, but was not built`);
    writeFileSync(
      module,
      format === 'esm'
        ? `export const pageFiles = ${text};\n`
        : `"use strict";\nObject.defineProperty(exports, "__esModule", { value: true });\nexports.pageFiles = ${text};\n`,
    );
  }
}

async function bundle() {
  const { output } = await build({
    configFile: false,
    root: 'lib/dashboard/page',
    // Every address is relative: a proxy may put the page anywhere.
    base: './',
    logLevel: 'warn',
    build: {
      write: false,
      target: 'es2023',
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      license: true,
    },
  });
  const files = {};
  for (const file of output) {
    const type = TYPES[file.fileName.split('.').at(-1)];
    if (type === undefined) continue;
    const content =
      file.type === 'chunk'
        ? withNotice(file)
        : String(file.type === 'asset' ? textOf(file.source) : '');
    files[file.fileName] = { type, content };
  }
  return files;
}

function textOf(source) {
  return typeof source === 'string' ? source : new TextDecoder().decode(source);
}

/** uPlot's licence asks that its notice goes along. */
function withNotice(chunk) {
  return `/*! uPlot (c) Leon Sorokin, MIT licence, https://github.com/leeoniya/uPlot */\n${chunk.code}`;
}
