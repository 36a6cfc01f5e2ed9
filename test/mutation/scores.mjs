const FOUND = ['Killed', 'Timeout'];
const LEFT = ['Survived', 'NoCoverage'];

/** For each file of a Stryker report: mutants, how many a test has found, and that in percent. */
export function scoresOf(files) {
  const rows = {};
  const all = { mutants: 0, found: 0 };
  for (const [file, { mutants }] of Object.entries(files)) {
    const found = mutants.filter(each => FOUND.includes(each.status)).length;
    const left = mutants.filter(each => LEFT.includes(each.status)).length;
    if (found + left === 0) continue;
    rows[file] = row(found + left, found);
    all.mutants += found + left;
    all.found += found;
  }
  rows['all'] = row(all.mutants, all.found);
  return rows;
}

function row(mutants, found) {
  const score = Math.floor((found / Math.max(1, mutants)) * 1000) / 10;
  return { mutants, survived: mutants - found, 'score %': score };
}
