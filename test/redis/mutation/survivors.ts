/** Lines that can go without a difference that anybody sees, and why they stay: none now. */
export const survivors: ReadonlyMap<string, string> = new Map();
