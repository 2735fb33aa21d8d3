import assert from 'node:assert/strict';
import { createHmac, randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { StartError } from '../lib/errors.ts';
import { describeDemo, describeWebhook } from './dev.ts';
import { type DevReceiver, devReceiver, type ReceivedWebhook } from './dev-receiver.ts';
import { receiverPort } from './dev-receiver-port.ts';
import { devSecrets } from './dev-secrets.ts';

describe('the secrets of outpost dev', () => {
  let directory: string;
  beforeEach(() => {
    directory = join(mkdtempSync(join(tmpdir(), 'outpost-dev-test-')), '.outpost');
  });
  afterEach(() => rmSync(join(directory, '..'), { recursive: true }));
  const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8);

  it('are made once, each of 32 random bytes, and read by nobody else', () => {
    const made = devSecrets(directory, randomBytes);
    assert.deepEqual(devSecrets(directory, randomBytes), made);
    assert.equal(new Set(Object.values(made)).size, 4);
    for (const secret of Object.values(made)) assert.match(secret, /^(whsec_)?[0-9a-f]{64}$/);
    assert.equal(modeOf(join(directory, 'secrets.json')), '600');
    assert.equal(modeOf(directory), '700');
    assert.deepEqual(readdirSync(directory), ['secrets.json']);
  });

  it('are closed again when somebody had opened them', () => {
    devSecrets(directory, randomBytes);
    chmodSync(join(directory, 'secrets.json'), 0o644);
    devSecrets(directory, randomBytes);
    assert.equal(modeOf(join(directory, 'secrets.json')), '600');
  });

  it('are those of the other one when two first starts meet', () => {
    let other = '';
    const made = devSecrets(directory, (size) => {
      // The other one finishes while this one still makes its own.
      if (other === '') {
        other = 'being made';
        other = devSecrets(directory, randomBytes).apiKey;
      }
      return randomBytes(size);
    });
    assert.equal(made.apiKey, other);
    assert.deepEqual(readdirSync(directory), ['secrets.json']);
  });

  it('are never replaced when they are damaged', () => {
    devSecrets(directory, randomBytes);
    for (const text of ['', '{', '{"api_key":"k"}']) {
      writeFileSync(join(directory, 'secrets.json'), text);
      assert.throws(() => devSecrets(directory, randomBytes), /damaged.*remove the whole folder/);
      assert.equal(readFileSync(join(directory, 'secrets.json'), 'utf8'), text);
    }
  });

  it('say what to do where nothing can be written', () => {
    writeFileSync(directory, '');
    assert.throws(() => devSecrets(directory, randomBytes), StartError);
  });
});

describe('the receiver of outpost dev', () => {
  const SECRET = 'whsec_of_the_test';
  let receiver: DevReceiver;
  let received: ReceivedWebhook[];
  beforeEach(async () => {
    received = [];
    receiver = await devReceiver(SECRET, 0, (webhook) => received.push(webhook));
  });
  afterEach(() => receiver.close());

  async function post(body: string, secret: string): Promise<number> {
    const signature = createHmac('sha256', secret).update(body).digest('hex');
    const reply = await fetch(receiver.url, {
      method: 'POST',
      body,
      headers: { 'x-outpost-signature': `v0=${signature}`, 'x-outpost-event-id': 'e', 'x-outpost-topic': 't' },
    });
    await reply.arrayBuffer();
    return reply.status;
  }

  it('takes what is signed with the secret', async () => {
    assert.equal(await post('{"a":1}', SECRET), 200);
    assert.deepEqual(received, [{ eventId: 'e', topic: 't', body: '{"a":1}', refusal: null }]);
  });

  it('refuses what is not', async () => {
    assert.equal(await post('{"a":1}', 'another secret'), 401);
    assert.match(received[0]?.refusal ?? '', /no signature/);
  });

  it('has the port that it wants, or another one if that is taken', async () => {
    const taken = await devReceiver(SECRET, receiver.port, () => {});
    assert.notEqual(taken.port, receiver.port);
    await taken.close();
    const { port } = receiver;
    await receiver.close();
    receiver = await devReceiver(SECRET, port, () => {});
    assert.equal(receiver.port, port);
  });

  it('does not take a port that something else listens on', async () => {
    const other = createServer();
    other.listen(0, '127.0.0.1');
    await once(other, 'listening');
    const address = other.address();
    assert.ok(address !== null && typeof address === 'object');
    const second = await devReceiver(SECRET, address.port, () => {});
    assert.notEqual(second.port, address.port);
    await second.close();
    other.close();
    await once(other, 'close');
  });
});

describe('the remembered port', () => {
  it('is the one written last, and 0 where there is none or nonsense', () => {
    const directory = mkdtempSync(join(tmpdir(), 'outpost-port-test-'));
    try {
      const port = receiverPort(directory);
      assert.equal(port.read(), 0);
      port.write(4_711);
      assert.equal(port.read(), 4_711);
      for (const text of ['', 'x', '-1', '65536', '1.5']) {
        writeFileSync(join(directory, 'receiver-port'), text);
        assert.equal(port.read(), 0, text);
      }
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});

describe('what outpost dev prints', () => {
  it('shortens a body and lets none of its characters move the cursor', () => {
    const text = describeWebhook({
      eventId: 'e',
      topic: 't',
      body: `a\u001b[2Jb\r\n${'x'.repeat(500)}`,
      refusal: null,
    });
    assert.match(text, /signature verified\n +a \[2Jb {2}x+…$/);
    assert.ok(text.length < 300);
  });

  it('says why a webhook was refused', () =>
    assert.match(describeWebhook({ eventId: 'e', topic: 't', body: '', refusal: 'because' }), /REFUSED: because/));

  it('claims a verified signature only if the receiver saw one', () => {
    const attempt = {
      tenantId: 'demo',
      destinationId: 'd',
      destinationType: 'webhook',
      eventId: 'e',
      topic: 't',
      number: 1,
      trigger: 'schedule',
      succeeded: true,
      code: '200',
      state: 'succeeded',
      durationMs: 1.25,
      dueMs: null,
    } as const;
    const result = { eventId: 'e', earlier: '0', attempt, isListed: true };
    assert.match(describeDemo(result, true), /delivered {2}status 200, 1\.3 ms, signature verified/);
    assert.match(describeDemo(result, false), /signature NOT verified/);
    assert.match(describeDemo({ ...result, attempt: null }, false), /not delivered yet/);
    const refused = { ...attempt, succeeded: false, code: 'timeout' };
    assert.match(describeDemo({ ...result, attempt: refused }, false), /failed {5}timeout/);
  });
});
