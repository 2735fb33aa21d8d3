import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BlockedAddressError } from './address-guard.ts';
import { transportFailure } from './transport-error.ts';

const target = { origin: 'https://r.test', hostname: 'r.test', path: '/secret' };

function coded(code: string): Error {
  return Object.assign(new Error('tls: https://r.test/x509: connection refused, i/o timeout'), { code });
}

function codeFor(error: unknown): string {
  const { code, detail } = transportFailure(error, target, false);
  assert.ok(!detail.includes('secret') && !detail.includes('x509'), detail);
  return code;
}

describe('transport failure', () => {
  it('goes by the code of the error, never by its text (spec destinations.md §7.4)', () => {
    const table: Readonly<Record<string, string>> = {
      dns_error: 'ENOTFOUND ENODATA ESERVFAIL EAI_AGAIN EAI_NONAME EAI_NODATA EAI_FAIL',
      connection_refused: 'ECONNREFUSED',
      connection_reset: 'ECONNRESET',
      network_unreachable: 'ENETUNREACH',
      timeout: 'ETIMEDOUT UND_ERR_CONNECT_TIMEOUT UND_ERR_HEADERS_TIMEOUT',
      tls_error:
        'ERR_TLS_CERT_ALTNAME_INVALID ERR_TLS_HANDSHAKE_TIMEOUT CERT_HAS_EXPIRED CERT_REVOKED DEPTH_ZERO_SELF_SIGNED_CERT ' +
        'SELF_SIGNED_CERT_IN_CHAIN UNABLE_TO_VERIFY_LEAF_SIGNATURE UNABLE_TO_GET_ISSUER_CERT_LOCALLY ' +
        'ERR_SSL_WRONG_VERSION_NUMBER ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION EPROTO',
      network_error: 'EHOSTUNREACH EPIPE UND_ERR_SOCKET UND_ERR_INVALID_ARG EADDRNOTAVAIL ANYTHING_ELSE',
    };
    for (const [name, codes] of Object.entries(table)) {
      for (const code of codes.split(' ')) assert.equal(codeFor(coded(code)), name, code);
    }
    assert.equal(codeFor(new Error('no code')), 'network_error');
    assert.equal(codeFor('no error'), 'network_error');
  });

  it('of several addresses goes by the one that got further than having no route', () => {
    const several = (...codes: string[]): AggregateError => new AggregateError(codes.map(coded));
    assert.equal(codeFor(several('ENETUNREACH', 'ECONNREFUSED')), 'connection_refused');
    assert.equal(codeFor(several('ECONNREFUSED', 'ENETUNREACH')), 'connection_refused');
    assert.equal(codeFor(several('ENETUNREACH', 'EHOSTUNREACH')), 'network_unreachable');
    assert.equal(codeFor(several()), 'network_error');
  });

  it('tells the host and the reason of a blocked address, not the address', () => {
    const { code, detail } = transportFailure(new BlockedAddressError('private network'), target, false);
    assert.equal(code, 'blocked_address');
    assert.equal(detail, 'deliveries to r.test are not allowed: private network');
  });

  it('counts a client that was closed as aborted', () => {
    for (const code of ['UND_ERR_DESTROYED', 'UND_ERR_CLOSED']) {
      assert.equal(transportFailure(coded(code), target, false).aborted, true);
    }
  });
});
