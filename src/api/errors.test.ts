import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { AppError, ERROR_CODES } from '../lib/errors.ts';
import { errorReply, replyOf, STATUS } from './errors.ts';

const page = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8');
const sections = new Map(
  page
    .split(/^## /m)
    .slice(1)
    .map((section) => {
      const [code = '', ...lines] = section.split('\n');
      return [code, lines.join('\n').trim()] as const;
    }),
);

describe('docs/errors.md', () => {
  it('has one heading per code, in the order of the list', () => {
    assert.deepEqual([...sections.keys()], [...ERROR_CODES]);
  });

  it('tells the status of each code and what to do', () => {
    for (const code of ERROR_CODES) {
      const text = sections.get(code) ?? '';
      assert.match(text, new RegExp(`^Status ${STATUS[code]}\\b`), code);
      assert.ok(text.split('. ').length >= 2, code);
    }
  });
});

describe('replies to errors', () => {
  it('show status, message, data and code in this order', () => {
    const error = new AppError('invalid_request', 'validation error', { data: ['topics is required'] });
    assert.equal(
      replyOf(error).body,
      '{"status":422,"message":"validation error","data":["topics is required"],"code":"invalid_request"}',
    );
  });

  it('leave data out when there is none', () => {
    assert.equal(
      errorReply('forbidden', 'forbidden', null).body,
      '{"status":403,"message":"forbidden","code":"forbidden"}',
    );
  });

  it('keep the words that clients know, whatever the error said', () => {
    const error = new AppError('tenant_not_found', 'there is no row 17');
    assert.equal(replyOf(error).body, '{"status":404,"message":"tenant not found","code":"tenant_not_found"}');
  });

  it('name a disabled destination in data, as the original does', () => {
    assert.deepEqual(JSON.parse(replyOf(new AppError('destination_disabled', 'x')).body), {
      status: 400,
      message: 'Destination is disabled',
      data: { error: 'destination_disabled' },
      code: 'destination_disabled',
    });
  });

  it('show nothing of a bug', () => {
    const { status, body } = replyOf(new TypeError('secret of line 3'));
    assert.equal(status, 500);
    assert.equal(body, '{"status":500,"message":"internal server error","code":"internal"}');
  });

  it('ask for patience where waiting helps', () => {
    assert.equal(replyOf(new AppError('overloaded', 'too many wait')).headers['retry-after'], '1');
    assert.equal(replyOf(new AppError('forbidden', 'no')).headers['retry-after'], undefined);
  });
});
