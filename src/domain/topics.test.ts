import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { checkPublishTopic, checkTopics, compileTopics, normaliseTopics } from './topics.ts';

function takes(topics: string | readonly string[], topic: string): boolean {
  return compileTopics(typeof topics === 'string' ? [topics] : topics)(topic);
}

describe('compileTopics', () => {
  it('matches the documented examples', () => {
    const examples: readonly (readonly [string, string, boolean])[] = [
      ['user.*', 'user.created', true],
      ['user.*', 'user.a.b', true],
      ['user.*', 'user.', true],
      ['user.*', 'user', false],
      ['user.*', 'User.created', false],
      ['user.*', 'xuser.created', false],
      ['*.created', 'user.created', true],
      ['*.created', '.created', true],
      ['*.created', 'created', false],
      ['*.created', 'user.created.v2', false],
      ['order.*.completed', 'order.x.y.completed', true],
      ['order.*.completed', 'order..completed', true],
      ['order.*.completed', 'order.completed', false],
      ['u*d', 'user.created', true],
      ['a**b', 'ab', true],
      ['user.?', 'user.?', true],
      ['user.?', 'user.a', false],
      ['user.created', 'User.created', false],
      ['aba*aba', 'aba', false],
      ['*a*b*', 'xbxa', false],
    ];
    for (const [pattern, topic, expected] of examples)
      assert.equal(takes(pattern, topic), expected, `${pattern} ${topic}`);
  });

  it('takes every topic for *, alone or beside others', () => {
    assert(takes(['*'], 'x') && takes(['a', '*'], 'x'));
  });

  it('takes an event without a topic, or of all topics, everywhere', () => {
    assert(takes('user.created', '') && takes('user.created', '*') && takes('a*b', '*'));
    assert(!takes('user.created', 'x') && !takes([], 'x'));
  });

  it('matches as the regular expression of the pattern does', () => {
    const over = (letters: string) => fc.string({ unit: fc.constantFrom(...letters), maxLength: 8 });
    fc.assert(
      fc.property(over('ab*.'), over('ab.'), (pattern, topic) => {
        fc.pre(topic !== '');
        const expression = new RegExp(`^${pattern.replaceAll('.', '\\.').replaceAll('*', '.*')}$`);
        assert.equal(takes(pattern, topic), expression.test(topic));
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('checkTopics', () => {
  const check = (topics: readonly string[], configured: readonly string[] = [], allowWildcards = false) =>
    checkTopics(topics, { configured, allowWildcards });

  it('needs a topic, and always allows * alone', () => {
    assert.equal(check([]), 'invalid');
    assert.equal(check(['*']), 'ok');
    assert.equal(check(['*'], ['a']), 'ok');
  });

  it('without configured topics allows any name, and patterns if they are allowed', () => {
    assert.equal(check(['a', 'b c']), 'ok');
    assert.equal(check(['a', 'user.*']), 'invalid');
    assert.equal(check(['a', '*']), 'invalid');
    assert.equal(check(['a', 'user.*'], [], true), 'ok');
    assert.equal(check(['a', '*'], [], true), 'ok');
  });

  it('with configured topics allows those, and patterns that match one of them', () => {
    const configured = ['user.created', 'user.deleted'];
    assert.equal(check(['user.created'], configured), 'ok');
    assert.equal(check(['User.created'], configured), 'invalid');
    assert.equal(check(['user.created', 'x'], configured), 'invalid');
    assert.equal(check(['user.*'], configured), 'invalid');
    assert.equal(check(['user.*'], configured, true), 'ok');
    assert.equal(check(['order.*'], configured, true), 'invalid');
    assert.equal(check(['user.created', '*'], configured, true), 'invalid');
  });
});

describe('normaliseTopics', () => {
  it('drops repetitions and what a wider pattern covers, in the order first seen', () => {
    assert.deepEqual(normaliseTopics(['b', 'a', 'b']), ['b', 'a']);
    assert.deepEqual(normaliseTopics(['user.created', 'user.*']), ['user.*']);
    assert.deepEqual(normaliseTopics(['user.*.x', 'user.*']), ['user.*']);
    assert.deepEqual(normaliseTopics(['*.created', 'user.*']), ['*.created', 'user.*']);
    assert.deepEqual(normaliseTopics(['a', '*', 'b*']), ['*']);
    assert.deepEqual(normaliseTopics(['a*', 'a**']), ['a*', 'a**']);
  });
});

describe('checkPublishTopic', () => {
  it('needs a configured topic or * where topics are configured', () => {
    const rules = { configured: ['a', 'b'] };
    assert.equal(checkPublishTopic('a', rules), 'ok');
    assert.equal(checkPublishTopic('*', rules), 'ok');
    assert.equal(checkPublishTopic('', rules), 'required');
    assert.equal(checkPublishTopic('A', rules), 'invalid');
    assert.equal(checkPublishTopic('', { configured: [] }), 'ok');
    assert.equal(checkPublishTopic('x', { configured: [] }), 'ok');
  });
});
