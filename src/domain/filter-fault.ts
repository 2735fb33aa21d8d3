/** Why a filter is refused when it is written, and at which place in it. */

/** How much of a path is told: a key can be as long as the filter. */
const PATH_MAX = 200;

/** The only error that compiling a filter throws. */
export class FilterFault extends Error {
  /** Keys and positions in lists from the outside in, such as `data.amount.$gt`; empty for the filter as a whole. */
  readonly path: string;
  /** A sentence without the path. */
  readonly reason: string;

  constructor(path: readonly string[], reason: string) {
    const joined = path.join('.');
    const shown = joined.length > PATH_MAX ? `${joined.slice(0, PATH_MAX)}…` : joined;
    super(shown === '' ? reason : `${shown}: ${reason}`);
    this.name = 'FilterFault';
    this.path = shown;
    this.reason = reason;
  }
}
