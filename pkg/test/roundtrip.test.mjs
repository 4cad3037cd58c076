// Envelopes sealed by each implementation (both entry points and Web Crypto) open in every other
// one, and changed envelopes do not open.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  entries, fromBase64, plaintextOf, toBase64, utf8, vectorFile, webOpen, webSeal,
} from './common.mjs'

const own = (await vectorFile('credential_v1.json')).vectors
const lengths = [1, 15, 16, 17, 256, 4096, 65_536]

for (const [entry, api] of Object.entries(entries)) {
  const { publicKey, secretKey } = await api.generateKeyPair()
  const pkcs8 = fromBase64(await api.exportSecretKey(secretKey))
  const taskId = 'task_01J9ZK3V5D8Q2M4N6P7R9S1T3W'

  test(`what is sealed here, Web Crypto opens (${entry})`, async () => {
    for (const length of lengths) {
      const plaintext = new Uint8Array(length).map((_, place) => place)
      const envelope = await api.seal({ publicKey, taskId, plaintext })
      assert.deepEqual(await webOpen(pkcs8, publicKey.bytes, taskId, envelope), plaintext)
      assert.deepEqual(await api.open({ secretKey, taskId, envelope }), plaintext)
    }
  })

  test(`what Web Crypto seals, opens here (${entry})`, async () => {
    for (const length of lengths) {
      const plaintext = new Uint8Array(length).map((_, place) => place)
      const envelope = await webSeal(publicKey.bytes, taskId, plaintext)
      assert.deepEqual(await api.open({ secretKey, taskId, envelope }), plaintext)
    }
  })

  test(`a key of Web Crypto's is read in the forms it writes (${entry})`, async () => {
    const curve = { name: 'ECDH', namedCurve: 'P-256' }
    const pair = await crypto.subtle.generateKey(curve, true, ['deriveBits'])
    const raw = toBase64(await crypto.subtle.exportKey('raw', pair.publicKey))
    for (const form of ['raw', 'spki']) {
      const bytes = new Uint8Array(await crypto.subtle.exportKey(form, pair.publicKey))
      assert.equal((await api.importPublicKey(bytes)).base64, raw)
    }
    const jwk = await crypto.subtle.exportKey('jwk', pair.publicKey)
    assert.equal((await api.importPublicKey(JSON.stringify(jwk))).base64, raw)
    const written = toBase64(await crypto.subtle.exportKey('pkcs8', pair.privateKey))
    const secretJwk = await crypto.subtle.exportKey('jwk', pair.privateKey)
    for (const text of [written, JSON.stringify(secretJwk)]) {
      assert.equal(await api.exportSecretKey(await api.importSecretKey(text)), written)
    }
  })

  test(`the envelope is the wire's, a string is UTF-8, and time is told (${entry})`, async () => {
    const before = new Date().toISOString()
    const envelope = await api.seal({ publicKey, taskId, plaintext: 'höchst geheim 🔑' })
    const fields = ['v', 'algorithm', 'ciphertext', 'iv', 'ephemeralPublicKey', 'createdAt']
    assert.deepEqual(Object.keys(envelope), fields)
    assert.ok(envelope.createdAt >= before && envelope.createdAt <= new Date().toISOString())
    const opened = await api.open({ secretKey, taskId, envelope })
    assert.deepEqual(opened, utf8('höchst geheim 🔑'))
  })

  const title = `plaintext may be part of a larger buffer, and is neither kept nor changed`
  test(`${title} (${entry})`, async () => {
    const buffer = new Uint8Array(64).fill(7)
    const plaintext = buffer.subarray(8, 24)
    const sealing = api.seal({ publicKey, taskId, plaintext })
    buffer.fill(9)
    assert.deepEqual(await api.open({ secretKey, taskId, envelope: await sealing }),
      new Uint8Array(16).fill(7))
    assert.deepEqual(buffer, new Uint8Array(64).fill(9))
  })

  test(`any bit changed, and the same error (${entry})`, async () => {
    const [vector] = own
    const key = await api.importSecretKey(vector.agent.secret_key)
    const { envelope, task_id: task } = vector
    const opened = await api.open({ secretKey: key, taskId: task, envelope })
    assert.deepEqual(opened, plaintextOf(vector))
    const seen = new Set()
    const refused = async (changes) => {
      const changed = { secretKey: key, taskId: task, envelope, ...changes }
      await assert.rejects(api.open(changed), (error) => {
        assert.ok(error instanceof api.OpenError, error)
        seen.add(`${error.name}: ${error.message}`)
        return true
      })
    }
    for (const field of ['ciphertext', 'iv', 'ephemeralPublicKey']) {
      const bytes = fromBase64(envelope[field])
      for (let bit = 0; bit < bytes.length * 8; bit++) {
        const flipped = bytes.slice()
        flipped[bit >> 3] ^= 1 << (bit & 7)
        await refused({ envelope: { ...envelope, [field]: toBase64(flipped) } })
      }
      await refused({ envelope: { ...own[1].envelope, [field]: envelope[field] } })
    }
    await refused({ taskId: `${task}x` })
    await refused({ secretKey })
    assert.equal(seen.size, 1)
  })

  test(`many envelopes repeat neither key nor iv (${entry})`, async () => {
    const seen = new Set()
    for (let round = 0; round < 200; round++) {
      const { iv, ephemeralPublicKey } = await api.seal({ publicKey, taskId, plaintext: 'x' })
      seen.add(iv).add(ephemeralPublicKey)
    }
    assert.equal(seen.size, 400)
  })

  test(`a random source that fails is an error, and not a weak key (${entry})`, async (context) => {
    const broken = [
      () => { throw new Error('no entropy') },
      (bytes) => bytes.fill(0),
      (bytes) => bytes.fill(255),
    ]
    for (const getRandomValues of broken) {
      context.mock.method(globalThis.crypto, 'getRandomValues', getRandomValues)
      await assert.rejects(api.seal({ publicKey, taskId, plaintext: 'x' }), /random source/)
      await assert.rejects(api.generateKeyPair(), /random source/)
      context.mock.restoreAll()
    }
    await api.seal({ publicKey, taskId, plaintext: 'x' })
  })
}
