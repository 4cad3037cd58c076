// A second implementation of the format (contract §5), with Web Crypto only. The package is
// compared with it in Node and in a browser.

const { subtle } = globalThis.crypto
const CURVE = { name: 'ECDH', namedCurve: 'P-256' }

export const utf8 = (text) => new TextEncoder().encode(text)
export const fromBase64 = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0))
export const toBase64 = (bytes) =>
  btoa(Array.from(new Uint8Array(bytes), (byte) => String.fromCharCode(byte)).join(''))

/** Returns the plaintext of a vector: a text, base64, or a repeated text. */
export function plaintextOf(vector) {
  const { text, base64, repeat, bytes } = vector.plaintext
  if (text !== undefined) return utf8(text)
  if (base64 !== undefined) return fromBase64(base64)
  return utf8(repeat.repeat(bytes / repeat.length))
}

async function webKey(privateKey, theirPoint, ephemeral, agent, usage) {
  const theirs = await subtle.importKey('raw', theirPoint, CURVE, false, [])
  const z = await subtle.deriveBits({ name: 'ECDH', public: theirs }, privateKey, 256)
  const ikm = await subtle.importKey('raw', z, 'HKDF', false, ['deriveKey'])
  const salt = new Uint8Array([...ephemeral, ...agent])
  const hkdf = { name: 'HKDF', hash: 'SHA-256', salt, info: utf8('humanops/credential/v1') }
  return subtle.deriveKey(hkdf, ikm, { name: 'AES-GCM', length: 256 }, false, [usage])
}

/** Seals a plaintext with Web Crypto. */
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

/** Opens an envelope with Web Crypto. */
export async function webOpen(pkcs8, agentPoint, taskId, envelope) {
  const secret = await subtle.importKey('pkcs8', pkcs8, CURVE, false, ['deriveBits'])
  const point = fromBase64(envelope.ephemeralPublicKey)
  const key = await webKey(secret, point, point, agentPoint, 'decrypt')
  const iv = fromBase64(envelope.iv)
  const gcm = { name: 'AES-GCM', iv, additionalData: utf8(taskId) }
  return new Uint8Array(await subtle.decrypt(gcm, key, fromBase64(envelope.ciphertext)))
}
