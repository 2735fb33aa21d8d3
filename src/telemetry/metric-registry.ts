/**
 * Counters, gauges and histograms, and their text for Prometheus (exposition format 0.0.4).
 *
 * A metric's label values come from closed lists of ours and never from ids, topics or anything else that a caller
 * chooses; `SERIES_MAX` is the net below that rule.
 */

/** Series of one metric; what would be one more is not counted. */
const SERIES_MAX = 200;
const NAME = /^[a-z][a-z0-9_]*$/;

export type MetricKind = 'counter' | 'gauge' | 'histogram';
export type Labels = Readonly<Record<string, string>>;

export interface MetricFacts {
  readonly name: string;
  readonly kind: MetricKind;
  readonly labels: readonly string[];
  readonly help: string;
}

export interface Counter {
  add(value?: number, labels?: Labels): void;
}
export interface Histogram {
  observe(value: number): void;
}

export interface MetricRegistry {
  counter(facts: Omit<MetricFacts, 'kind'>): Counter;
  /** A counter or gauge whose value is kept elsewhere; null leaves it out of this rendering. */
  read(facts: Omit<MetricFacts, 'labels'>, value: () => number | null): void;
  /** @param bounds upper bounds, ascending, without infinity */
  histogram(facts: Omit<MetricFacts, 'kind' | 'labels'>, bounds: readonly number[]): Histogram;
  render(): string;
  /** In the order of declaration. */
  readonly facts: readonly MetricFacts[];
}

interface Metric {
  readonly facts: MetricFacts;
  /** Lines without the name's head. */
  lines(): readonly string[];
}

export function metricRegistry(): MetricRegistry {
  const metrics: Metric[] = [];
  function add(metric: Metric): void {
    const { name } = metric.facts;
    if (!NAME.test(name)) throw new Error(`${name} is no name of a metric`);
    if (metrics.some((other) => other.facts.name === name)) throw new Error(`${name} is declared twice`);
    metrics.push(metric);
  }
  return {
    counter(facts) {
      const counted = series({ ...facts, kind: 'counter' });
      add(counted);
      return { add: (value = 1, labels = {}) => counted.add(labels, value) };
    },
    read(facts, value) {
      const lines = (): readonly string[] => {
        const now = value();
        return now === null ? [] : [`${facts.name} ${format(now)}`];
      };
      add({ facts: { ...facts, labels: [] }, lines });
    },
    histogram(facts, bounds) {
      const observed = buckets(facts, bounds);
      add(observed);
      return { observe: (value) => observed.observe(value) };
    },
    render: () => metrics.map(renderMetric).join(''),
    get facts() {
      return metrics.map((metric) => metric.facts);
    },
  };
}

function renderMetric({ facts, lines }: Metric): string {
  const found = lines();
  if (found.length === 0) return '';
  const help = facts.help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
  return [`# HELP ${facts.name} ${help}`, `# TYPE ${facts.name} ${facts.kind}`, ...found, ''].join('\n');
}

function series(facts: MetricFacts): Metric & { add(labels: Labels, value: number): void } {
  const values = new Map<string, number>();
  // A counter without labels is shown from the start, so that its first increase is seen as one.
  if (facts.labels.length === 0) values.set('', 0);
  return {
    facts,
    add(labels, value) {
      const key = facts.labels.map((name) => `${name}="${escape(labels[name] ?? '')}"`).join(',');
      const known = values.get(key);
      if (known === undefined && values.size >= SERIES_MAX) return;
      values.set(key, (known ?? 0) + value);
    },
    lines: () => [...values].map(([key, value]) => `${facts.name}${key === '' ? '' : `{${key}}`} ${format(value)}`),
  };
}

function buckets(
  facts: Omit<MetricFacts, 'kind' | 'labels'>,
  bounds: readonly number[],
): Metric & { observe(value: number): void } {
  /** Per bound those that fit into it and not into the one before; at last those above all. */
  const counts = new Array<number>(bounds.length + 1).fill(0);
  let sum = 0;
  return {
    facts: { ...facts, kind: 'histogram', labels: [] },
    observe(value) {
      const found = bounds.findIndex((bound) => value <= bound);
      const at = found < 0 ? bounds.length : found;
      counts[at] = (counts[at] ?? 0) + 1;
      sum += value;
    },
    lines() {
      let below = 0;
      const lines = [...bounds.map(String), '+Inf'].map((bound, n) => {
        below += counts[n] ?? 0;
        return `${facts.name}_bucket{le="${bound}"} ${below}`;
      });
      return [...lines, `${facts.name}_sum ${format(sum)}`, `${facts.name}_count ${below}`];
    },
  };
}

const escape = (value: string): string => value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');

/** Rounded to a nanosecond's worth of digits, so that sums of fractions stay readable. */
function format(value: number): string {
  if (Number.isFinite(value)) return String(Number(value.toFixed(9)));
  return value === Number.POSITIVE_INFINITY ? '+Inf' : value === Number.NEGATIVE_INFINITY ? '-Inf' : 'NaN';
}
