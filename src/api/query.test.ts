import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseQuery } from './query.ts';

describe('a query string', () => {
  it('takes the first occurrence of a scalar, and an empty one for none', () => {
    assert.equal(parseQuery('dir=asc&dir=desc').scalar('dir'), 'asc');
    assert.equal(parseQuery('dir=').scalar('dir'), null);
    assert.equal(parseQuery('dir=&dir=asc').scalar('dir'), null);
    assert.equal(parseQuery('').scalar('dir'), null);
  });

  it('reads lists in three spellings, indexed before empty brackets before repetition', () => {
    assert.deepEqual(parseQuery('id=a&id=b').list('id'), ['a', 'b']);
    assert.deepEqual(parseQuery('id[]=a&id=x&id[]=b').list('id'), ['a', 'b']);
    assert.deepEqual(parseQuery('id[2]=c&id[]=x&id[0]=a&id=y').list('id'), ['a', 'c']);
  });

  it('orders indexes as numbers, skips what is no index and takes the first value of each', () => {
    assert.deepEqual(parseQuery('id[10]=c&id[9]=b&id[x]=z&id[9]=late').list('id'), ['b', 'c']);
    assert.deepEqual(parseQuery('id[x]=z&id=a').list('id'), ['a']);
  });

  it('does not separate at commas', () => {
    assert.deepEqual(parseQuery('topic=a,b').list('topic'), ['a,b']);
  });

  it('counts a value that is given empty', () => {
    assert.deepEqual(parseQuery('tenant_id=').list('tenant_id'), ['']);
    assert.equal(parseQuery('other=1').list('tenant_id'), null);
  });

  it('decodes names and values, brackets in either spelling', () => {
    assert.deepEqual(parseQuery('id%5B%5D=a+b&id[]=%C3%A9').list('id'), ['a b', 'é']);
    assert.equal(parseQuery('time%5Bgte%5D=2024-01-15').scalar('time[gte]'), '2024-01-15');
  });

  it('drops pairs that do not decode or hold a semicolon', () => {
    assert.deepEqual(parseQuery('id=%zz&id=a;b&id=%ff&id=c').list('id'), ['c']);
  });

  it('tells names apart by case and knows a name without a value', () => {
    assert.equal(parseQuery('Dir=asc').scalar('dir'), null);
    assert.equal(parseQuery('time[any]').has('time[any]'), true);
  });
});
