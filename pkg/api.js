// The API of the package, for any way to load the wasm. It checks arguments, selects error classes
// and wipes secrets. All cryptography, and the parsing of keys and envelopes, is in the wasm.
//
// Arguments are checked and copied before the first `await`, so that later changes by the caller
// have no effect. `index.d.ts` specifies each function.

export class KeyError extends Error {}
export class OpenError extends Error {}

const CLASSES = { KeyError, OpenError, RangeError }
for (const name of ['KeyError', 'OpenError']) {
  Object.defineProperty(CLASSES[name].prototype, 'name', { value: name, configurable: true })
}

const MAKE = Symbol('made here')
let bytesOf

/** A validated P-256 public key. */
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

/** A P-256 private key. Neither the console nor JSON prints the private field of its bytes. */
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
  // A failed load is not cached, so that the next call tries again.
  const wasm = () => (loaded ??= load().catch((error) => { loaded = undefined; throw error }))

  // Calls a function of the wasm. The name of the error that it throws selects the error's class.
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
      // The envelope comes from a server, not from the caller. A field that is missing or of the
      // wrong type therefore fails like any other change: the version 0 and an empty field are
      // never valid.
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

// Refuses lone surrogates. They have no UTF-8, and encoders silently replace them.
function text(value, name) {
  if (typeof value !== 'string') throw new TypeError(`${name} must be a string`)
  if (/\p{Surrogate}/u.test(value)) throw new TypeError(`${name} must be well-formed Unicode`)
  return value
}

// Returns a copy as bytes, which the caller wipes, and whether the value was a string.
function textOrBytes(value, name) {
  if (value instanceof Uint8Array) return [Uint8Array.from(value), false]
  if (typeof value !== 'string') {
    throw new TypeError(`${name} must be a string or a Uint8Array`)
  }
  return [new TextEncoder().encode(text(value, name)), true]
}
