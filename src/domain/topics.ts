/**
 * Topics: what a destination subscribes to, and what may be published (spec api-v1.md §8.1).
 *
 * In a pattern `*` stands for any run of characters, dots and the empty run included; everything else is literal.
 * Patterns are matched piece by piece and not by a regular expression, so that no pattern is slow.
 */

export interface TopicRules {
  /** The operator's `TOPICS`; empty: any topic. */
  readonly configured: readonly string[];
  /** `TOPICS_ALLOW_WILDCARDS`: whether patterns other than `*` alone are accepted. */
  readonly allowWildcards: boolean;
}

const ANY = '*';

/** Compiles a destination's topics. An event whose topic is empty or `*` goes to every destination. */
export function compileTopics(topics: readonly string[]): (topic: string) => boolean {
  if (topics.includes(ANY)) return () => true;
  const exact = new Set(topics.filter((topic) => !topic.includes(ANY)));
  const patterns = topics.filter((topic) => topic.includes(ANY)).map(compilePattern);
  return (topic) =>
    topic === '' || topic === ANY || exact.has(topic) || patterns.some((takesTopic) => takesTopic(topic));
}

/** Whether a destination may have these topics. */
export function checkTopics(topics: readonly string[], rules: TopicRules): 'ok' | 'invalid' {
  if (topics.length === 0) return 'invalid';
  if (topics.length === 1 && topics[0] === ANY) return 'ok';
  return topics.every((topic) => isAllowed(topic, rules)) ? 'ok' : 'invalid';
}

/** Drops repetitions, and what a strictly wider pattern among them covers; the rest keeps its order. */
export function normaliseTopics(topics: readonly string[]): readonly string[] {
  const distinct = [...new Set(topics)];
  const patterns = distinct.filter((topic) => topic.includes(ANY));
  return distinct.filter((topic) => !patterns.some((pattern) => isWider(pattern, topic)));
}

/** Whether an event may be published under this topic; empty when it has none. */
export function checkPublishTopic(topic: string, rules: Pick<TopicRules, 'configured'>): 'ok' | 'required' | 'invalid' {
  if (rules.configured.length === 0 || topic === ANY) return 'ok';
  if (topic === '') return 'required';
  return rules.configured.includes(topic) ? 'ok' : 'invalid';
}

function isAllowed(topic: string, { configured, allowWildcards }: TopicRules): boolean {
  const isPattern = topic.includes(ANY);
  if (isPattern && !allowWildcards) return false;
  if (configured.length === 0) return true;
  if (!isPattern) return configured.includes(topic);
  return topic !== ANY && configured.some(compilePattern(topic));
}

/**
 * A pattern covers another exactly if it matches its text: no literal is a `*`, so each `*` of the text has to fall
 * into one of the pattern's. Two that cover one another, such as `a*` and `a**`, are equally wide.
 */
function isWider(pattern: string, topic: string): boolean {
  return compilePattern(pattern)(topic) && !compilePattern(topic)(pattern);
}

function compilePattern(pattern: string): (text: string) => boolean {
  const pieces = pattern.split(ANY);
  if (pieces.length === 1) return (text) => text === pattern;
  const head = pieces[0] ?? '';
  const tail = pieces.at(-1) ?? '';
  const between = pieces.slice(1, -1).filter((piece) => piece !== '');
  return (text) => {
    const end = text.length - tail.length;
    if (end < head.length || !text.startsWith(head) || !text.endsWith(tail)) return false;
    // Taking each piece where it first occurs leaves the most room for the next.
    let at = head.length;
    for (const piece of between) {
      const found = text.indexOf(piece, at);
      if (found < 0) return false;
      at = found + piece.length;
    }
    return at <= end;
  };
}
