import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { requestTarget, requestTargets } from './request-target.ts';

function pathOf(url: string): string | undefined {
  return requestTarget(url)?.path;
}

describe('request target', () => {
  it('keeps path and query as they were written', () => {
    const kept = [
      '/a%2Fb',
      '/%7Eu',
      '/a//b',
      '//a',
      '/a;b=1',
      '/a/../b/./c',
      '/%2e%2e/',
      '/?',
      '/a?',
      '/a?x=1?y=2',
      '/a?b=%2F&c=+%20',
      '/{a}"b"<c>^`|',
      '/?{a}\'"|`^',
      '/a\\b',
      '/?a=b\\c',
      '/%',
      '/%zz',
      `/${'x'.repeat(4_000)}?${'y'.repeat(4_000)}`,
    ];
    for (const path of kept) assert.equal(pathOf(`http://h${path}`), path);
  });

  it('gives the empty path a slash, and leaves out fragment and userinfo', () => {
    assert.equal(pathOf('http://h'), '/');
    assert.equal(pathOf('http://h?x'), '/?x');
    assert.equal(pathOf('http://h#/x?y'), '/');
    assert.equal(pathOf('http://h/a?b#c?d'), '/a?b');
    assert.equal(pathOf('http://u%40:p/x'), undefined);
    assert.deepEqual(requestTarget('http://us%40er:p%3Ass@h:81/a@b?c@d'), {
      origin: 'http://h:81',
      hostname: 'h',
      path: '/a@b?c@d',
    });
    assert.deepEqual(requestTarget('http://a@b@h/x'), { origin: 'http://h', hostname: 'h', path: '/x' });
  });

  it('encodes only what cannot stand in a request line', () => {
    assert.equal(pathOf('http://h/a b?c d'), '/a%20b?c%20d');
    assert.equal(pathOf('http://h/ü/\u{1f600}?é=\u0001\u007f'), '/%C3%BC/%F0%9F%98%80?%C3%A9=%01%7F');
    assert.equal(pathOf('http://h/\ud800'), '/%EF%BF%BD');
    assert.equal(pathOf('  http://h/a\n\tb  '), '/ab');
  });

  it('takes host and port from the parser, whatever the spelling', () => {
    const origins: Readonly<Record<string, string>> = {
      'HTTPS://EXAMPLE.com/': 'https://example.com',
      'http://h:80/': 'http://h',
      'http://h:443/': 'http://h:443',
      'http:h/x': 'http://h',
      'http:\\\\h\\x': 'http://h',
      'http:////h/x': 'http://h',
      'http://my_host:8080/': 'http://my_host:8080',
      'http://münchen.example/': 'http://xn--mnchen-3ya.example',
      'http://[2001:DB8::1]:8080/': 'http://[2001:db8::1]:8080',
      'http://2130706433/': 'http://127.0.0.1',
    };
    for (const [text, origin] of Object.entries(origins)) assert.equal(requestTarget(text)?.origin, origin);
  });

  it('refuses what is not an HTTP URL', () => {
    for (const text of [
      '',
      'h',
      '/x',
      '//h/x',
      'ftp://h/',
      'file:///etc/passwd',
      'http://',
      'http://h:99999/',
      'http://a b/',
    ]) {
      assert.equal(requestTarget(text), null, text);
    }
  });

  it('agrees with the parser about where the authority ends, and never leaves the visible ASCII', () => {
    const piece = fc.constantFrom(
      '/',
      '\\',
      '?',
      '#',
      '@',
      ':',
      '//',
      '.',
      '..',
      '%2F',
      '%',
      'a',
      'h',
      '8',
      ' ',
      '\t',
      'ü',
      '[',
      '&',
    );
    fc.assert(
      fc.property(
        fc.constantFrom('http:', 'https:', 'HTTP:', ' http:'),
        fc.array(piece, { maxLength: 12 }),
        (scheme, pieces) => {
          const text = `${scheme}//h${pieces.join('')}`;
          const target = requestTarget(text);
          if (target === null) return;
          assert.match(target.path, /^\/[\u0021-\u007e]*$/);
          const whole = new URL(target.origin + target.path);
          const original = new URL(text);
          assert.deepEqual(
            [whole.origin, whole.pathname, whole.search],
            [original.origin, original.pathname, original.search],
          );
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it('parses a URL once', () => {
    const targetOf = requestTargets();
    assert.equal(targetOf('http://h/x'), targetOf('http://h/x'));
    assert.equal(targetOf('nonsense'), null);
  });
});
