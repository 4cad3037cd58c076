// Both entries of the package, the vectors that Rust reads too, and Web Crypto's half of the
// format.

import { readFile } from 'node:fs/promises'
import * as nodeEntry from '@humanops/crypto'
import * as browserEntry from '../index.js'

const { subtle } = globalThis.crypto
const VECTORS = new URL('../../crypto-wasm/tests/vectors/', import.meta.url)

// The browser's entry fetches its wasm; Node's fetch reads no files, so the test lends it one.
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
export const utf8 = (text) => new TextEncoder().encode(text)

export function plaintextOf(vector) {
  const { text, base64, repeat, bytes } = vector.plaintext
  if (text !== undefined) return utf8(text)
  if (base64 !== undefined) return fromBase64(base64)
  return utf8(repeat.repeat(bytes / repeat.length))
}

const CURVE = { name: 'ECDH', namedCurve: 'P-256' }

async function webKey(privateKey, theirPoint, ephemeral, agent, usage) {
  const theirs = await subtle.importKey('raw', theirPoint, CURVE, false, [])
  const z = await subtle.deriveBits({ name: 'ECDH', public: theirs }, privateKey, 256)
  const ikm = await subtle.importKey('raw', z, 'HKDF', false, ['deriveKey'])
  const salt = Buffer.concat([ephemeral, agent])
  const hkdf = { name: 'HKDF', hash: 'SHA-256', salt, info: utf8('humanops/credential/v1') }
  return subtle.deriveKey(hkdf, ikm, { name: 'AES-GCM', length: 256 }, false, [usage])
}

/** The format of contract §5, written a second time with Web Crypto alone. */
export async function webSeal(agentPoint, taskId, plaintext) {
  const pair = await subtle.generateKey(CURVE, false, ['deriveBits'])
  const point = new Uint8Array(await subtle.exportKey('raw', pair.publicKey))
  const key = await webKey(pair.privateKey, agentPoint, point, agentPoint, 'encrypt')
  const iv = crypto.getRandomValues(new Uint8Array(12))
  const gcm = { name: 'AES-GCM', iv, additionalData: utf8(taskId) }
  const ciphertext = toBase64(await subtle.encrypt(gcm, key, plaintext))
  const algorithm = 'ECDH-P256-AES-256-GCM'
  return { v: 1, algorithm, ciphertext, iv: toBase64(iv), ephemeralPublicKey: toBase64(point) }
}

export async function webOpen(pkcs8, agentPoint, taskId, envelope) {
  const secret = await subtle.importKey('pkcs8', pkcs8, CURVE, false, ['deriveBits'])
  const point = fromBase64(envelope.ephemeralPublicKey)
  const key = await webKey(secret, point, point, agentPoint, 'decrypt')
  const iv = fromBase64(envelope.iv)
  const gcm = { name: 'AES-GCM', iv, additionalData: utf8(taskId) }
  return new Uint8Array(await subtle.decrypt(gcm, key, fromBase64(envelope.ciphertext)))
}
