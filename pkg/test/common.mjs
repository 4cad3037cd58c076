// Both entry points of the package, and the test vectors, which the Rust tests read too. The same
// format in Web Crypto is in webcrypto.mjs.

import { readFile } from 'node:fs/promises'
import * as nodeEntry from '@humanops/crypto'
import * as browserEntry from '../index.js'

const VECTORS = new URL('../../crypto-wasm/tests/vectors/', import.meta.url)

// The entry point for browsers fetches its wasm. Node's fetch cannot read files, so this one does.
globalThis.fetch = async (url) => {
  const headers = { 'content-type': 'application/wasm' }
  return new Response(await readFile(new URL(url)), { headers })
}

export const entries = { node: nodeEntry, browser: browserEntry }

export async function vectorFile(name) {
  return JSON.parse(await readFile(new URL(name, VECTORS), 'utf8'))
}

export const fromBase64 = (text) => new Uint8Array(Buffer.from(text, 'base64'))
export const toBase64 = (bytes) => Buffer.from(bytes).toString('base64')
export const fromHex = (text) => new Uint8Array(Buffer.from(text, 'hex'))
export const toHex = (bytes) => Buffer.from(bytes).toString('hex')

export { plaintextOf, utf8, webOpen, webSeal } from './webcrypto.mjs'
