// Every form of a key, every invalid key, and every argument with every wrong type, at both entry
// points.

import assert from 'node:assert/strict'
import { inspect } from 'node:util'
import { test } from 'node:test'
import { entries, fromBase64, utf8, vectorFile } from './common.mjs'

const keys = await vectorFile('keys.json')
const textOf = ({ text, times = 1 }) => text.repeat(times)
const bytesOf = (text) => (/\{|-----BEGIN /.test(text) ? utf8(text) : fromBase64(text))

const WRONG = [
  undefined, null, true, 0, 1n, Symbol('x'), () => {}, 'x', {}, [], new Date(0), new ArrayBuffer(4),
  new DataView(new ArrayBuffer(4)), new Uint16Array(4), new Set(),
]

for (const [entry, api] of Object.entries(entries)) {
  const pair = await api.generateKeyPair()
  const sealing = { publicKey: pair.publicKey, taskId: 'task_1', plaintext: 'x' }
  const envelope = await api.seal(sealing)
  const opening = { secretKey: pair.secretKey, taskId: 'task_1', envelope }

  test(`a public key is the same in every form (${entry})`, async () => {
    for (const { name, text } of keys.public) {
      assert.equal((await api.importPublicKey(text)).base64, keys.raw_public_key, name)
      assert.equal((await api.importPublicKey(bytesOf(text))).base64, keys.raw_public_key, name)
    }
  })

  test(`a secret key is the same in every form and written in one (${entry})`, async () => {
    for (const { name, text } of keys.secret) {
      for (const form of [text, bytesOf(text)]) {
        const key = await api.importSecretKey(form)
        assert.equal(await api.exportSecretKey(key), keys.pkcs8_secret_key, name)
      }
    }
  })

  for (const [kind, read] of [['public', 'importPublicKey'], ['secret', 'importSecretKey']]) {
    test(`what is no ${kind} key is told what it is (${entry})`, async () => {
      for (const wrong of keys[`refused_${kind}`]) {
        await assert.rejects(api[read](textOf(wrong)), (error) => {
          assert.ok(error instanceof api.KeyError && error.name === 'KeyError', wrong.name)
          assert.ok(error.message.includes(wrong.says), `${wrong.name}: ${error.message}`)
          return true
        })
      }
      await assert.rejects(api[read](new Uint8Array(0)), api.KeyError)
    })
  }

  /**
   * Passes every wrong value as an argument. Only those for which `allowed` is true may be
   * accepted.
   */
  const refuses = (argument, give, allowed = () => false) =>
    test(`${argument} of a wrong type is a TypeError that names it (${entry})`, async () => {
      for (const value of WRONG.filter((value) => !allowed(value))) {
        await assert.rejects(async () => give(value), (error) => {
          assert.ok(error instanceof TypeError, inspect(value))
          assert.ok(error.message.includes(argument.split(' ').at(-1)), error.message)
          return true
        })
      }
    })
  const isText = (value) => typeof value === 'string'
  const isObject = (value) => typeof value === 'object' && value !== null

  refuses('importPublicKey key', api.importPublicKey, isText)
  refuses('importSecretKey key', api.importSecretKey, isText)
  refuses('exportSecretKey secretKey', api.exportSecretKey)
  refuses('fingerprint publicKey', api.fingerprint)
  refuses('seal options', api.seal, isObject)
  refuses('seal publicKey', (publicKey) => api.seal({ ...sealing, publicKey }))
  refuses('seal taskId', (taskId) => api.seal({ ...sealing, taskId }), isText)
  refuses('seal plaintext', (plaintext) => api.seal({ ...sealing, plaintext }), isText)
  refuses('open options', api.open, isObject)
  refuses('open secretKey', (secretKey) => api.open({ ...opening, secretKey }))
  refuses('open taskId', (taskId) => api.open({ ...opening, taskId }), isText)
  refuses('open envelope', (value) => api.open({ ...opening, envelope: value }), isObject)

  test(`halves of a pair do not stand for each other (${entry})`, async () => {
    const { publicKey, secretKey } = pair
    await assert.rejects(api.fingerprint(secretKey), TypeError)
    await assert.rejects(api.exportSecretKey(publicKey), TypeError)
    await assert.rejects(api.seal({ ...sealing, publicKey: secretKey }), TypeError)
    await assert.rejects(api.open({ ...opening, secretKey: publicKey }), TypeError)
    for (const Key of [api.PublicKey, api.SecretKey]) assert.throws(() => new Key(), TypeError)
  })

  test(`text that has no UTF-8 is refused, not repaired (${entry})`, async () => {
    for (const half of ['\ud800', 'a\udfffb']) {
      const sealed = api.seal({ ...sealing, plaintext: half })
      await assert.rejects(sealed, /plaintext must be well-formed/)
      await assert.rejects(api.seal({ ...sealing, taskId: half }), /taskId must be well-formed/)
      await assert.rejects(api.open({ ...opening, taskId: half }), /taskId must be well-formed/)
    }
  })

  test(`a plaintext is 1 to 65 536 bytes and has a task (${entry})`, async () => {
    const sealed = (plaintext) => api.seal({ ...sealing, plaintext })
    await assert.rejects(sealed(''), RangeError)
    await assert.rejects(sealed(new Uint8Array(0)), RangeError)
    await assert.rejects(sealed(new Uint8Array(65_537)), RangeError)
    await assert.rejects(sealed('é'.repeat(32_769)), RangeError)
    await assert.rejects(api.seal({ ...sealing, taskId: '' }), TypeError)
    assert.equal(fromBase64((await sealed(new Uint8Array(65_536))).ciphertext).length, 65_552)
  })

  test(`whatever is wrong with an envelope, opening fails with one error (${entry})`, async () => {
    const point = fromBase64(envelope.ephemeralPublicKey)
    const offCurve = point.with(64, point[64] ^ 1)
    const compressed = [2 + (point[64] & 1), ...point.subarray(1, 33)]
    const ciphertext = fromBase64(envelope.ciphertext)
    const inBase64 = (...forms) => forms.map((bytes) => Buffer.from(bytes).toString('base64'))
    const wrong = {
      v: [...WRONG, 2, -1, 1.5, NaN, Infinity, 2 ** 32 + 1, '1'],
      algorithm: [...WRONG, '', 'none', 'ECDH-P256-AES-128-GCM', '\ud800'],
      ciphertext: [...WRONG, '', 'AA', '*', `${envelope.ciphertext}=`, '\ud800',
        ...inBase64(ciphertext.subarray(0, 16), ciphertext.with(0, ciphertext[0] ^ 1),
          ciphertext.with(-1, ciphertext.at(-1) ^ 1), new Uint8Array(65_553))],
      iv: [...WRONG, '', 'AAAA', `${envelope.iv}=`, ...inBase64(new Uint8Array(12))],
      ephemeralPublicKey: [...WRONG, '', '*', ...inBase64(offCurve, compressed, [0],
        new Uint8Array(65), point.subarray(1), pair.publicKey.bytes)],
    }
    const other = await api.generateKeyPair()
    const attempts = [
      { ...opening, taskId: 'task_2' }, { ...opening, taskId: '' },
      { ...opening, secretKey: other.secretKey }, { ...opening, envelope: {} },
      { ...opening, envelope: [] },
    ]
    for (const [field, values] of Object.entries(wrong)) {
      const { [field]: _, ...dropped } = envelope
      attempts.push({ ...opening, envelope: dropped })
      for (const value of values) {
        attempts.push({ ...opening, envelope: { ...envelope, [field]: value } })
      }
    }
    const seen = new Set()
    for (const attempt of attempts) {
      await assert.rejects(api.open(attempt), (error) => {
        assert.equal(error.constructor, api.OpenError, inspect(attempt.envelope))
        seen.add(JSON.stringify([error.name, error.message, error.code, Object.keys(error)]))
        return true
      })
    }
    assert.equal(seen.size, 1)
  })

  test(`a secret key is printed nowhere (${entry})`, async () => {
    const secret = await api.exportSecretKey(pair.secretKey)
    const number = fromBase64(secret).subarray(36, 68)
    const shown = [inspect(pair.secretKey, { depth: 9, showHidden: true }), String(pair.secretKey)]
    assert.throws(() => JSON.stringify(pair), TypeError)
    assert.deepEqual(structuredClone({ ...pair.secretKey }), {})
    for (const text of shown) {
      assert.ok(!text.includes(Buffer.from(number).toString('base64').slice(0, 20)))
      assert.ok(!text.includes([...number].join(', ')))
    }
    assert.equal(JSON.stringify({ agent_public_key: pair.publicKey }),
      `{"agent_public_key":"${pair.publicKey.base64}"}`)
  })
}
