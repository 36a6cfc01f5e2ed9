import { PluginKind, declareClassPlugin } from '@stryker-mutator/api/plugin';

/** Tells each mutant that no test finds as soon as that is known, and how far it is. */
class SurvivorsReporter {
  total = 0;
  done = 0;

  onMutationTestingPlanReady({ mutantPlans }) {
    this.total = mutantPlans.filter(({ plan }) => plan === 'Run').length;
    console.log(`${this.total} mutants to run`);
  }

  onMutantTested({ status, fileName, location, replacement, statusReason }) {
    if (status === 'Ignored') return;
    this.done++;
    if (this.done % 100 === 0) console.log(`${this.done} of ${this.total}`);
    if (status === 'Killed') return;
    const { line, column } = location.start;
    const change = replacement.replaceAll(/\s+/g, ' ');
    console.log(
      `${status}: ${fileName}:${line}:${column} ${change} ${statusReason ?? ''}`,
    );
  }
}

export const strykerPlugins = [
  declareClassPlugin(PluginKind.Reporter, 'survivors', SurvivorsReporter),
];
