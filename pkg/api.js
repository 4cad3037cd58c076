// The API, given a way to load the wasm: arguments checked, errors classed, secrets wiped. There is
// no cryptography here: what bytes mean is decided in the wasm.
//
// Arguments are checked and copied before anything is awaited, so that what the caller changes
// afterwards does not matter. `index.d.ts` says what each function promises.

export class KeyError extends Error {}
export class OpenError extends Error {}

const CLASSES = { KeyError, OpenError, RangeError }
for (const name of ['KeyError', 'OpenError']) {
  Object.defineProperty(CLASSES[name].prototype, 'name', { value: name, configurable: true })
}

const MAKE = Symbol('made here')
let bytesOf

/** A checked P-256 public key. */
export class PublicKey {
  #bytes

  constructor(make, bytes) {
    if (make !== MAKE) throw new TypeError('a PublicKey is made by importPublicKey')
    this.#bytes = bytes
  }

  get base64() {
    return btoa(String.fromCharCode(...this.#bytes))
  }

  get bytes() {
    return this.#bytes.slice()
  }

  toString() {
    return this.base64
  }

  toJSON() {
    return this.base64
  }
}

/** A P-256 private key. Its bytes are in a private field, which neither console nor JSON prints. */
export class SecretKey {
  #bytes

  static {
    bytesOf = (key) => key.#bytes
  }

  constructor(make, bytes) {
    if (make !== MAKE) throw new TypeError('a SecretKey is made by importSecretKey')
    this.#bytes = bytes
  }

  toString() {
    return '[redacted]'
  }

  toJSON() {
    throw new TypeError('a SecretKey is not written by accident: use exportSecretKey')
  }
}

export function api(load) {
  let loaded
  // A failed load is forgotten, so that the next call tries again.
  const wasm = () => (loaded ??= load().catch((error) => { loaded = undefined; throw error }))

  // Each call into the wasm; what it throws carries the name of its class.
  const call = async (work) => {
    const functions = await wasm()
    try {
      return work(functions)
    } catch (error) {
      throw CLASSES[error?.name] ? new CLASSES[error.name](error.message) : error
    }
  }

  return {
    async generateKeyPair() {
      return call((wasm) => {
        const bytes = wasm.generate_secret_key()
        const publicKey = new PublicKey(MAKE, wasm.public_key_of(bytes))
        return { publicKey, secretKey: new SecretKey(MAKE, bytes) }
      })
    },

    async importPublicKey(key) {
      const [bytes, isText] = textOrBytes(key, 'key')
      return call((wasm) => new PublicKey(MAKE, wasm.read_public_key(bytes, isText)))
    },

    async importSecretKey(key) {
      const [bytes, isText] = textOrBytes(key, 'key')
      try {
        return await call((wasm) => new SecretKey(MAKE, wasm.read_secret_key(bytes, isText)))
      } finally {
        bytes.fill(0)
      }
    },

    async exportSecretKey(secretKey) {
      instance(secretKey, SecretKey, 'secretKey')
      return call((wasm) => wasm.write_secret_key(bytesOf(secretKey)))
    },

    async fingerprint(publicKey) {
      instance(publicKey, PublicKey, 'publicKey')
      return call((wasm) => wasm.fingerprint(publicKey.bytes))
    },

    async seal(options) {
      const { publicKey, taskId, plaintext } = object(options, 'options')
      instance(publicKey, PublicKey, 'publicKey')
      text(taskId, 'taskId')
      if (taskId === '') throw new TypeError('taskId must not be empty')
      const [bytes] = textOrBytes(plaintext, 'plaintext')
      try {
        const sealed = await call((wasm) => wasm.seal(publicKey.bytes, taskId, bytes))
        const [ciphertext, iv, ephemeralPublicKey] = sealed.split('.')
        const createdAt = new Date().toISOString()
        return { v: 1, algorithm: ALGORITHM, ciphertext, iv, ephemeralPublicKey, createdAt }
      } finally {
        bytes.fill(0)
      }
    },

    async open(options) {
      const { secretKey, taskId, envelope } = object(options, 'options')
      instance(secretKey, SecretKey, 'secretKey')
      text(taskId, 'taskId')
      const { v, algorithm, ciphertext, iv, ephemeralPublicKey } = object(envelope, 'envelope')
      // What a server sends is not the caller's argument: a field that is missing or of a wrong
      // type fails as every other change does. No version is 0, and no field is empty.
      const version = typeof v === 'number' && v >>> 0 === v ? v : 0
      const parts = [algorithm, ciphertext, iv, ephemeralPublicKey]
        .map((part) => (typeof part === 'string' ? part : ''))
      return call((wasm) => wasm.open(bytesOf(secretKey), taskId, version, ...parts))
    },
  }
}

const ALGORITHM = 'ECDH-P256-AES-256-GCM'

function object(value, name) {
  if (typeof value !== 'object' || value === null) throw new TypeError(`${name} must be an object`)
  return value
}

function instance(value, type, name) {
  if (!(value instanceof type)) throw new TypeError(`${name} must be a ${type.name}`)
}

// Half a surrogate pair has no UTF-8; encoders put another character in its place without a word.
function text(value, name) {
  if (typeof value !== 'string') throw new TypeError(`${name} must be a string`)
  if (/\p{Surrogate}/u.test(value)) throw new TypeError(`${name} must be well-formed Unicode`)
  return value
}

// A copy as bytes, which the caller wipes, and whether it was a text.
function textOrBytes(value, name) {
  if (value instanceof Uint8Array) return [Uint8Array.from(value), false]
  if (typeof value !== 'string') {
    throw new TypeError(`${name} must be a string or a Uint8Array`)
  }
  return [new TextEncoder().encode(text(value, name)), true]
}
