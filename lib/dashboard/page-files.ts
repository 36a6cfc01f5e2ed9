/** One of the page's files. */
export interface PageFile {
  readonly type: string;
  readonly content: string;
}

/**
 * The page's files by name; `index.html` is the page itself. The build puts what
 * Vite makes of `page/` in the place of this module, as text: so a bundler that
 * takes an application's JavaScript alone takes the page along.
 */
export const pageFiles: Readonly<Record<string, PageFile>> = {};
