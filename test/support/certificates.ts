/** Certificates for tests, made by the `openssl` command in a directory that is gone when this returns. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Certificate {
  readonly key: string;
  readonly cert: string;
}

export interface Certificates {
  /** A root, an intermediate signed by it, and a leaf signed by that. */
  readonly root: Certificate;
  readonly intermediate: Certificate;
  readonly leaf: Certificate;
  /** For the same names as the leaf, signed by itself. */
  readonly selfSigned: Certificate;
}

/** @param names the leaf's alternative names, such as `DNS:r.test` or `IP:127.0.0.1` */
export function certificates(names: readonly string[]): Certificates {
  const folder = mkdtempSync(join(tmpdir(), 'outpost-certificates-'));
  const openssl = (...args: string[]): void => void execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
  const make = (
    name: string,
    options: { readonly issuer: string | null; readonly extensions: string },
  ): Certificate => {
    const issuer = options.issuer === null ? [] : ['-CA', `${options.issuer}.crt`, '-CAkey', `${options.issuer}.key`];
    writeFileSync(
      join(folder, `${name}.cnf`),
      `[req]\ndistinguished_name=subject\nx509_extensions=extensions\nprompt=no\n[subject]\nCN=${name}\n[extensions]\n${options.extensions}\n`,
    );
    openssl(
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', ...issuer],
      ...['-config', `${name}.cnf`, '-keyout', `${name}.key`, '-out', `${name}.crt`],
    );
    const read = (suffix: string): string => readFileSync(join(folder, name + suffix), 'utf8');
    return { key: read('.key'), cert: read('.crt') };
  };
  const authority = 'basicConstraints=critical,CA:true\nkeyUsage=critical,keyCertSign\nsubjectKeyIdentifier=hash';
  const server = `basicConstraints=CA:false\nsubjectAltName=${names.join(',')}`;
  try {
    return {
      root: make('test-root', { issuer: null, extensions: authority }),
      intermediate: make('test-intermediate', { issuer: 'test-root', extensions: authority }),
      leaf: make('test-leaf', { issuer: 'test-intermediate', extensions: server }),
      selfSigned: make('test-self-signed', { issuer: null, extensions: server }),
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
