import { runInThisContext } from 'node:vm';

/** The process itself: the one that tests see under Jest is a copy that hears no events. */
export const realProcess = runInThisContext('process') as NodeJS.Process;
