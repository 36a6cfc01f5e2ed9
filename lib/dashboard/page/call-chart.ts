import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';

/** The colours of what is drawn, as the theme has them now. */
interface Palette {
  readonly calls: string;
  readonly callsFill: string;
  readonly failures: string;
  readonly failuresFill: string;
  readonly rejected: string;
  readonly rejectedFill: string;
  readonly slow: string;
  readonly fallbacks: string;
  readonly text: string;
  readonly grid: string;
}

let palette: Palette | undefined;

/** The theme has changed: charts that are made from now on have its colours. */
export function forgetColours(): void {
  palette = undefined;
}

/** What the charts are drawn in; the same names as in the legend. */
function colours(): Palette {
  if (palette !== undefined) return palette;
  const probe = document.createElement('span');
  document.body.append(probe);
  const read = (name: string) => {
    probe.className = `colour-${name}`;
    return getComputedStyle(probe).color;
  };
  palette = {
    calls: read('calls'),
    callsFill: read('calls-fill'),
    failures: read('failures'),
    failuresFill: read('failures-fill'),
    rejected: read('rejected'),
    rejectedFill: read('rejected-fill'),
    slow: read('slow'),
    fallbacks: read('fallbacks'),
    text: read('muted'),
    grid: read('grid'),
  };
  probe.remove();
  return palette;
}

/** A small chart without axes: all calls, those admitted, those failed, one behind the other. */
export function sparkline(
  host: HTMLElement,
  columns: uPlot.AlignedData,
): uPlot {
  const { callsFill, failures, rejectedFill } = colours();
  return new uPlot(
    {
      width: Math.max(host.clientWidth, 40),
      height: Math.max(host.clientHeight, 20),
      padding: [2, 0, 0, 0],
      legend: { show: false },
      cursor: { show: false },
      axes: [{ show: false }, { show: false }],
      scales: {
        x: { time: false },
        y: { range: (_chart, _min, max) => [0, Math.max(max, 1)] },
      },
      series: [
        {},
        steppedArea(rejectedFill),
        steppedArea(callsFill),
        steppedArea(failures),
      ],
    },
    columns,
    host,
  );
}

/**
 * A chart of each second.
 *
 * @param onPoint told which second the pointer is at, `undefined` for none
 */
export function secondsChart(
  host: HTMLElement,
  columns: uPlot.AlignedData,
  onPoint: (index: number | undefined) => void,
): uPlot {
  const {
    callsFill,
    calls,
    failuresFill,
    failures,
    rejected,
    rejectedFill,
    slow,
    fallbacks,
    text,
    grid,
  } = colours();
  const axis = {
    stroke: text,
    grid: { stroke: grid, width: 1 },
    ticks: { show: false },
    font: '12px system-ui, sans-serif',
  };
  return new uPlot(
    {
      width: Math.max(host.clientWidth, 200),
      height: 184,
      padding: [8, 28, 0, 0],
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false }, points: { size: 5 } },
      axes: [
        { ...axis, space: 70, size: 30, values: '{HH}:{mm}:{ss}' },
        { ...axis, size: 44 },
      ],
      scales: {
        y: { range: (_chart, _min, max) => [0, Math.max(max, 1) * 1.05] },
      },
      series: [
        {},
        area(rejected, rejectedFill),
        area(calls, callsFill),
        area(failures, failuresFill),
        line(slow, [2, 2]),
        line(fallbacks, [6, 3]),
      ],
      hooks: { setCursor: [chart => onPoint(chart.cursor.idx ?? undefined)] },
    },
    columns,
    host,
  );
}

const stepped = uPlot.paths.stepped?.({ align: 1 });

function line(stroke: string, dash?: number[]): uPlot.Series {
  return {
    stroke,
    width: 1.5,
    points: { show: false },
    ...(dash === undefined ? {} : { dash }),
  };
}

function area(stroke: string, fill: string): uPlot.Series {
  return { ...line(stroke), width: 1, fill };
}

function steppedArea(fill: string): uPlot.Series {
  const plain = { ...area(fill, fill), width: 0 };
  return stepped === undefined ? plain : { ...plain, paths: stepped };
}
