// Runs every test vector of the Rust tests through the wasm, and those of the format through Web
// Crypto.

import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath, pathToFileURL } from 'node:url'
import {
  entries, fromBase64, fromHex, plaintextOf, toHex, vectorFile, webOpen,
} from './common.mjs'

const own = (await vectorFile('credential_v1.json')).vectors
const published = await vectorFile('published.json')

/**
 * Loads the wasm with exported primitives, which `cargo xtask test` builds and which is never
 * published.
 */
async function primitives() {
  const built = new URL('../../target/xtask/vectors', import.meta.url)
  const folder = process.env.VECTORS_WASM ?? fileURLToPath(built)
  const wasm = await import(pathToFileURL(join(folder, 'vectors.js')))
  await wasm.default({ module_or_path: await readFile(join(folder, 'vectors_bg.wasm')) })
  return wasm
}
const wasm = await primitives()

for (const [entry, api] of Object.entries(entries)) {
  const { importSecretKey, open, importPublicKey, fingerprint } = api
  for (const vector of own.filter((vector) => vector.envelope.ciphertext)) {
    test(`a stored envelope opens for ever: ${vector.name} (${entry})`, async () => {
      const secretKey = await importSecretKey(vector.agent.secret_key)
      const opened = await open({ secretKey, taskId: vector.task_id, envelope: vector.envelope })
      assert.deepEqual(opened, plaintextOf(vector))
      const publicKey = await importPublicKey(vector.agent.public_key)
      assert.equal(await fingerprint(publicKey), vector.agent.fingerprint)
    })
  }
}

for (const vector of own) {
  test(`the wasm seals to the byte, and Web Crypto opens it: ${vector.name}`, async () => {
    const { agent, task_id: taskId } = vector
    const iv = fromBase64(vector.envelope.iv)
    const ephemeral = fromHex(vector.ephemeral_secret)
    const plaintext = plaintextOf(vector)
    const sealed = wasm.seal_fixed(ephemeral, iv, agent.public_key, taskId, plaintext)
    const [ciphertext, sealedIv, point] = sealed.split('.')
    assert.equal(sealedIv, vector.envelope.iv)
    assert.equal(point, vector.envelope.ephemeralPublicKey)
    const digest = await crypto.subtle.digest('SHA-256', fromBase64(ciphertext))
    assert.equal(toHex(digest), vector.ciphertext_sha256)
    const [pkcs8, agentPoint] = [agent.secret_key, agent.public_key].map(fromBase64)
    const opened = await webOpen(pkcs8, agentPoint, taskId, { ...vector.envelope, ciphertext })
    assert.deepEqual(opened, plaintext)
  })
}

/**
 * Compares a result with a vector: `valid` must agree, `invalid` must fail, `acceptable` may do
 * either.
 */
function judge(name, answer, expected, result) {
  const hex = answer && toHex(answer)
  if (result === 'valid') assert.equal(hex, expected, name)
  else if (result === 'invalid') assert.equal(answer, undefined, name)
  else assert.ok(hex === undefined || hex === expected, name)
}

const base64 = (hex) => Buffer.from(hex, 'hex').toString('base64')
const asItIs = (text) => text
const agreements = [
  ['wycheproof_ecdh_secp256r1_ecpoint', 355, base64],
  ['wycheproof_ecdh_secp256r1_spki', 612, base64],
  ['wycheproof_ecdh_secp256r1_pem', 612, asItIs],
  ['wycheproof_ecdh_secp256r1_webcrypto', 353, asItIs],
]
for (const [set, count, write] of agreements) {
  test(`${count} of ${set} in the wasm`, () => {
    assert.equal(published[set].length, count)
    for (const [number, point, secret, shared, result] of published[set]) {
      judge(`${set} ${number}`, wasm.ecdh(write(point), write(secret)), shared, result)
    }
  })
}

for (const [set, count] of [
  ['wycheproof_aes_gcm', 66],
  ['nist_gcm_encrypt_256', 375],
  ['nist_gcm_decrypt_256', 375],
]) {
  test(`${count} of ${set} in the wasm`, () => {
    assert.equal(published[set].length, count)
    for (const [number, key, iv, aad, plain, sealed, result] of published[set]) {
      const given = [key, iv, aad].map(fromHex)
      judge(`${set} ${number}`, wasm.gcm_open(...given, fromHex(sealed)), plain, result)
      if (result !== 'valid') continue
      judge(`${set} ${number}`, wasm.gcm_seal(...given, fromHex(plain)), sealed, result)
    }
  })
}

for (const [set, count] of [['wycheproof_hkdf_sha256', 86], ['rfc5869_sha256', 3]]) {
  test(`${count} of ${set} in the wasm`, () => {
    assert.equal(published[set].length, count)
    for (const [number, ikm, salt, info, length, okm, result] of published[set]) {
      const answer = wasm.hkdf(fromHex(salt), fromHex(ikm), fromHex(info), length)
      judge(`${set} ${number}`, answer, okm, result)
    }
  })
}
