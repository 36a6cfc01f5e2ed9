/** Lines that can go without a difference that anybody sees, and why they stay. */
export const survivors: ReadonlyMap<string, string> = new Map([
  [
    'bucket = tonumber(v[9] or 0),',
    'without it the sums are added up anew at each flush, not once a bucket: the same figures, at more cost',
  ],
]);
