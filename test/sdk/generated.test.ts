/** The client's types are those of the server of this checkout. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { GENERATED_FILE, generatedSource, readTypeSources } from '../../scripts/sdk-types.ts';

describe('the generated types of the client', () => {
  it('are what the server says today', async () => {
    const expected = await generatedSource(await readTypeSources());
    assert.equal(
      readFileSync(GENERATED_FILE, 'utf8'),
      expected,
      'run `node scripts/sdk-types.ts` and look at the change',
    );
  });
});
